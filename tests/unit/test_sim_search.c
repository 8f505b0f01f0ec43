/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_search - what a search does and what its report says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "core/compiler.h"
#include "sim_letters.h"
#include "sim_search.h"

static struct {
	TP_ATOMIC(uint32_t) y;
} w;

static void begin(void)
{
	memset(&w, 0, sizeof(w));
}

/* ---- whole trees ----------------------------------------------------------------------------- */

static void dfs_does_every_order_once(void **state)
{
	struct tp_explore_report report;

	(void)state;
	letters_forget();
	report = search(&letters, TP_STRATEGY_DFS);
	assert_true(report.complete);
	/* Three of six places. */
	assert_int_equal(report.runs, 20);
	for (unsigned i = 0; i < 20; i++)
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(letters_of_run(letters_seen.text, i),
						letters_of_run(letters_seen.text, k), 7);
}

static void bound_limits_preemptions(void **state)
{
	static const unsigned runs[] = { 2, 6, 14, 18, 20 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(runs); i++) {
		const struct tp_explore_options options = { .strategy = TP_STRATEGY_BOUND,
							    .bound = i };
		struct tp_explore_report report = search_with(&letters, &options);

		assert_true(report.complete);
		assert_int_equal(report.bound, i);
		assert_int_equal(report.runs, runs[i]);
	}
}

static void limit_of_runs_caps_a_search(void **state)
{
	struct tp_explore_options options = { .strategy = TP_STRATEGY_DFS, .runs = 19 };
	struct tp_explore_report report = search_with(&letters, &options);

	(void)state;
	assert_false(report.complete);
	assert_int_equal(report.runs, 19);
	options.runs = 20;
	report = search_with(&letters, &options);
	assert_true(report.complete);
}

/* ---- findings -------------------------------------------------------------------------------- */

static void fail_at_y(void *arg)
{
	(void)arg;
	if (tp_atomic_load(&w.y, TP_RELAXED))
		tp_sim_fail(NULL, "y was there");
}

static void store_y(void *arg)
{
	(void)arg;
	tp_atomic_store(&w.y, 1, TP_RELAXED);
}

static void start_one_of_two(void *state)
{
	begin();
	tp_sim_start("fail", fail_at_y, state);
	tp_sim_start("store", store_y, state);
}

static const struct tp_scenario one_of_two = { .name = "one-of-two", .start = start_one_of_two };

static void first_finding_ends_a_search(void **state)
{
	const struct tp_explore_options options = { .strategy = TP_STRATEGY_DFS };
	struct tp_explore_report report = search_with(&one_of_two, &options);

	(void)state;
	assert_int_equal(report.failed, 1);
	assert_int_equal(report.runs, 2);
	assert_int_equal(report.first_failed, 2);
	assert_string_equal(report.finding, "y was there");
	assert_string_equal(report.token, ".>1");
}

static void findings_are_counted_if_it_goes_on(void **state)
{
	const struct tp_explore_options options = {
		.strategy = TP_STRATEGY_RANDOM, .runs = 1000, .seed = 1, .keep_going = true
	};
	struct tp_explore_report report = search_with(&one_of_two, &options);

	(void)state;
	assert_int_equal(report.runs, 1000);
	assert_in_range(report.failed, 400, 600);
	assert_in_range(report.first_failed, 1, 10);
	assert_string_equal(report.token, ".>1");
}

/* ---- options --------------------------------------------------------------------------------- */

static void options_out_of_range_are_refused(void **state)
{
	struct tp_explore_report report;
	struct tp_explore_options options = { .strategy = TP_NR_STRATEGIES };

	(void)state;
	assert_int_equal(tp_explore(&letters, &options, &report), -EINVAL);
	options = (struct tp_explore_options){ .shard = 3, .nr_shards = 3 };
	assert_int_equal(tp_explore(&letters, &options, &report), -EINVAL);
	options = (struct tp_explore_options){ .memory_given = true, .memory = 2 };
	assert_int_equal(tp_explore(&letters, &options, &report), -EINVAL);
}

static void options_go_before_what_the_scenario_says(void **state)
{
	struct tp_scenario scenario = letters;
	struct tp_explore_options options = { .strategy = TP_STRATEGY_DPOR };
	struct tp_explore_report report;

	(void)state;
	scenario.faults = 5;
	scenario.timers = 6;
	scenario.memory = TP_MEMORY_C11;
	report = search_with(&scenario, &options);
	assert_int_equal(report.faults, 5);
	assert_int_equal(report.timers, 6);
	assert_int_equal(report.memory, TP_MEMORY_C11);
	options.faults_given = options.timers_given = options.memory_given = true;
	report = search_with(&scenario, &options);
	assert_int_equal(report.faults, 0);
	assert_int_equal(report.timers, 0);
	assert_int_equal(report.memory, TP_MEMORY_SC);
}

static int search_within(enum tp_strategy strategy)
{
	const struct tp_explore_options options = { .strategy = strategy, .runs = 1 };
	struct tp_explore_report report;

	return tp_explore(&letters, &options, &report);
}

static bool stop_at_once(const struct tp_explore_report *report, void *arg)
{
	int *err = arg;

	*err = search_within(TP_STRATEGY_RANDOM);
	return report->runs > 0;
}

static void progress_may_end_a_search_but_not_begin_one(void **state)
{
	int err = 0;
	const struct tp_explore_options options = { .strategy = TP_STRATEGY_RANDOM,
						    .progress = stop_at_once,
						    .progress_arg = &err };
	struct tp_explore_report report = search_with(&letters, &options);

	(void)state;
	assert_int_equal(err, -EBUSY);
	assert_in_range(report.runs, 1, 1000000);
	assert_false(report.complete);
	assert_int_equal(search_within(TP_STRATEGY_RANDOM), 0);
}

static void time_limit_ends_a_search(void **state)
{
	const struct tp_explore_options options = { .strategy = TP_STRATEGY_RANDOM,
						    .time_ns = 20000000 };
	struct tp_explore_report report = search_with(&letters, &options);

	(void)state;
	assert_in_range(report.elapsed_ns, 20000000, UINT64_C(20000000000));
}

static void strategies_are_known_by_name(void **state)
{
	enum tp_strategy strategy;

	(void)state;
	for (unsigned i = 0; i < TP_NR_STRATEGIES; i++) {
		assert_int_equal(tp_strategy_parse(tp_strategy_name(i), &strategy), 0);
		assert_int_equal(strategy, i);
	}
	assert_int_equal(tp_strategy_parse("depth-first", &strategy), -EINVAL);
	assert_string_equal(tp_strategy_name(TP_NR_STRATEGIES), "unknown");
}

static void scenarios_are_known_by_name(void **state)
{
	const struct tp_scenario *scenario = NULL, *before = NULL;
	unsigned nr = 0;

	(void)state;
	tp_scenario_register(&letters);
	tp_scenario_register(&one_of_two);
	assert_ptr_equal(tp_scenario_find("letters"), &letters);
	assert_null(tp_scenario_find("nothing of that name"));
	while ((scenario = tp_scenario_next(scenario))) {
		assert_true(!before || strcmp(before->name, scenario->name) <= 0);
		before = scenario;
		nr++;
	}
	assert_in_range(nr, 2, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dfs_does_every_order_once),
		cmocka_unit_test(bound_limits_preemptions),
		cmocka_unit_test(limit_of_runs_caps_a_search),
		cmocka_unit_test(first_finding_ends_a_search),
		cmocka_unit_test(findings_are_counted_if_it_goes_on),
		cmocka_unit_test(options_out_of_range_are_refused),
		cmocka_unit_test(options_go_before_what_the_scenario_says),
		cmocka_unit_test(progress_may_end_a_search_but_not_begin_one),
		cmocka_unit_test(time_limit_ends_a_search),
		cmocka_unit_test(strategies_are_known_by_name),
		cmocka_unit_test(scenarios_are_known_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
