/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault - make any internal step fail on demand.
 *
 * Every step that can fail carries a named site.  A plan says which hit of which site fails; the
 * plan is process-wide.  All functions are safe to call from any thread.
 */
#ifndef TIDEPOOL_FAULT_H
#define TIDEPOOL_FAULT_H

#include <tidepool/types.h>

struct tp_fault_info {
	const char *name; /* "room/step", unique */
	const char *file;
	int line;
	uint64_t hits;	   /* times reached since the last tp_fault_reset() */
	uint64_t injected; /* times it was made to fail since then */
};

/*
 * Fail hit number @nth (from 1) of site @name, counted from now; @times further hits in a row fail
 * with it (1: just that one, UINT64_MAX: all from there on).
 * -ENOENT: no such site.  -EINVAL: @nth or @times is 0.
 */
TP_API int tp_fault_arm(const char *name, uint64_t nth, uint64_t times);

/* Forget all plans and set every counter to 0. */
TP_API void tp_fault_reset(void);

/* Copy up to @max sites, sorted by name, into @info; returns how many there are in all. */
TP_API size_t tp_fault_list(struct tp_fault_info *info, size_t max);

#endif
