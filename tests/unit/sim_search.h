/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sim_search - search a test's little scenario and say what is expected.  After <cmocka.h>. */
#ifndef TESTS_UNIT_SIM_SEARCH_H
#define TESTS_UNIT_SIM_SEARCH_H

#include <string.h>

#include <tidepool/explore.h>
#include <tidepool/sim.h>

static inline struct tp_explore_report search_with(const struct tp_scenario *scenario,
						   const struct tp_explore_options *options)
{
	struct tp_explore_report report;

	assert_int_equal(tp_explore(scenario, options, &report), 0);
	return report;
}

/* To its end. */
static inline struct tp_explore_report search(const struct tp_scenario *scenario,
					      enum tp_strategy strategy)
{
	const struct tp_explore_options options = { .strategy = strategy, .keep_going = true };

	return search_with(scenario, &options);
}

/* Every order of @scenario holds. */
static inline void expect_held(const struct tp_scenario *scenario)
{
	struct tp_explore_report report = search(scenario, TP_STRATEGY_DPOR);

	assert_string_equal(report.finding, "");
	assert_int_equal(report.failed, 0);
	assert_true(report.complete);
}

/* Some order does not, for a reason with these @words in it. */
static inline void expect_finding(const struct tp_scenario *scenario, const char *words)
{
	struct tp_explore_report report = search(scenario, TP_STRATEGY_DPOR);

	assert_int_not_equal(report.failed, 0);
	if (!strstr(report.finding, words))
		fail_msg("expected \"%s\" in \"%s\"", words, report.finding);
}

#endif
