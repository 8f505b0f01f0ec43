/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * token - a run as the list of its deviations from the default.
 *
 *	0.4>1		task 0, before its own step 4, gives way to task 1 ("." before the first)
 *	!3		the fault hit numbered 3 (from 0) fails
 *	=5:1		load or store number 5 takes way 1 instead of the newest
 *	?0:2		choice number 0 is 2
 *
 * joined by commas; "-" is the run without any.
 */
#ifndef TP_SIM_TOKEN_H
#define TP_SIM_TOKEN_H

#include "core/compiler.h"

enum tp_deviation_kind {
	TP_DEVIATE_TASK,
	TP_DEVIATE_FAULT,
	TP_DEVIATE_VALUE,
	TP_DEVIATE_CHOICE,
};

enum { TP_NO_TASK = 255 };

struct tp_deviation {
	enum tp_deviation_kind kind;
	uint32_t from; /* TASK: who gives way, or TP_NO_TASK */
	uint32_t at;   /* its step; or the number of the fault hit, value or choice */
	uint32_t to;   /* task, way or alternative */
};

struct tp_deviations {
	struct tp_deviation *items;
	size_t nr, room;
};

void tp_deviations_add(struct tp_deviations *list, struct tp_deviation deviation);
/* Where the run deviates at that point; NULL: it does not. */
const struct tp_deviation *tp_deviations_find(const struct tp_deviations *list,
					      enum tp_deviation_kind kind, uint32_t from,
					      uint32_t at);
void tp_deviations_copy(struct tp_deviations *to, const struct tp_deviations *from);
void tp_deviations_free(struct tp_deviations *list);

/* False: it did not fit into @size bytes. */
bool tp_token_print(const struct tp_deviations *list, char *text, size_t size);
/* -EINVAL: malformed. */
int tp_token_parse(const char *text, struct tp_deviations *list);

#endif
