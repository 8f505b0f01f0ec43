/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explore - what searching, shrinking and replaying share. */
#ifndef TP_SIM_EXPLORE_H
#define TP_SIM_EXPLORE_H

#include "sim/run.h"
#include "sim/token.h"

/* What a run may do: the scenario's own limits, or the options'.  -EINVAL. */
int tp_limits_of(const struct tp_scenario *scenario, const struct tp_explore_options *options,
		 struct tp_limits *limits);
/*
 * Drop every deviation that @list's finding does not need; @list becomes the shortest found.  The
 * last run done is that of the result.  False: it does not bring the finding back.
 */
bool tp_shrink(struct tp_deviations *list, const char *finding);

/* A token says with "c11/" and "tN/" how it must be followed. */
bool tp_token_write(const struct tp_limits *limits, const struct tp_deviations *list, char *text,
		    size_t size);
/* Sets the limits it names.  -EINVAL: malformed. */
int tp_token_read(const char *text, struct tp_limits *limits, struct tp_deviations *list);

#endif
