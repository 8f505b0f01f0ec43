/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * merge_reports - one report from those of the parts of a search.
 *
 * Counts add up, per fault site too.  The whole is complete if every part is.  It took as long as
 * its slowest part.  Its finding is that of the run with the lowest number for random and pct,
 * whose runs are numbered over all parts, and that of the first part that has one for the others.
 */
#ifndef TP_CLI_MERGE_REPORTS_H
#define TP_CLI_MERGE_REPORTS_H

#include <tidepool/explore.h>

/* Run k is a function of the seed and k alone, whoever does it. */
static inline bool tp_strategy_counts_runs(enum tp_strategy strategy)
{
	return strategy == TP_STRATEGY_RANDOM || strategy == TP_STRATEGY_PCT;
}

/* NULL, or what the two differ in, so that they are no parts of one search. */
const char *tp_reports_differ(const struct tp_explore_report *a, const struct tp_explore_report *b);

/*
 * Add a later part.  True: its finding is now that of the whole.  Which part of what the whole is
 * remains for the caller to say.
 */
bool tp_report_merge(struct tp_explore_report *whole, const struct tp_explore_report *part);

#endif
