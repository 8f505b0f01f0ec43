/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_fault - faults and choices: which are met, and how many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "sim_search.h"

static struct {
	TP_ATOMIC(uint32_t) x;
	unsigned faults[4];
} w;

static void begin(void)
{
	memset(&w, 0, sizeof(w));
}

/* In how many runs of the search each thing happened. */
static unsigned met[16];

static void meet_faults(void *arg)
{
	(void)arg;
	w.faults[0] = tp_sim_fault("test/first");
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	w.faults[1] = tp_sim_fault("test/second");
	w.faults[2] = tp_sim_fault("test/second");
}

static void start_faulty(void *state)
{
	begin();
	w.faults[3] = tp_sim_fault("test/outside");
	tp_sim_start("faults", meet_faults, state);
}

static void note_faults(void *state)
{
	(void)state;
	met[w.faults[0] + 2 * w.faults[1] + 4 * w.faults[2] + 8 * w.faults[3]]++;
}

static struct tp_explore_report search_faulty(enum tp_strategy strategy, unsigned faults)
{
	const struct tp_scenario scenario = {
		.name = "faulty", .start = start_faulty, .check = note_faults, .faults = faults
	};
	const struct tp_explore_options options = { .strategy = strategy, .runs = 500, .seed = 3 };

	memset(met, 0, sizeof(met));
	return search_with(&scenario, &options);
}

static void singles_and_pairs_of_faults_are_all_met(void **state)
{
	static const unsigned expected[][8] = {
		{ 1, 0, 0, 0, 0, 0, 0, 0 },
		{ 1, 1, 1, 0, 1, 0, 0, 0 },
		{ 1, 1, 1, 1, 1, 1, 1, 0 },
		{ 1, 1, 1, 1, 1, 1, 1, 1 },
	};

	(void)state;
	for (unsigned faults = 0; faults < TP_ARRAY_SIZE(expected); faults++) {
		assert_true(search_faulty(TP_STRATEGY_DFS, faults).complete);
		assert_memory_equal(met, expected[faults], sizeof(expected[faults]));
		assert_true(search_faulty(TP_STRATEGY_DPOR, faults).complete);
		assert_memory_equal(met, expected[faults], sizeof(expected[faults]));
	}
}

static void random_walks_have_no_more_faults_than_allowed(void **state)
{
	(void)state;
	for (unsigned pct = 0; pct < 2; pct++) {
		search_faulty(pct ? TP_STRATEGY_PCT : TP_STRATEGY_RANDOM, 1);
		assert_int_equal(met[3] + met[5] + met[6] + met[7], 0);
		assert_true(met[0] && met[1] && met[2] && met[4]);
		search_faulty(pct ? TP_STRATEGY_PCT : TP_STRATEGY_RANDOM, 2);
		assert_int_equal(met[7], 0);
		assert_true(met[3] && met[5] && met[6]);
	}
}

static void outside_tasks_nothing_fails(void **state)
{
	(void)state;
	search_faulty(TP_STRATEGY_DFS, 3);
	for (unsigned i = 8; i < 16; i++)
		assert_int_equal(met[i], 0);
}

static void sites_are_counted_by_name(void **state)
{
	struct tp_explore_report report = search_faulty(TP_STRATEGY_DFS, 1);

	(void)state;
	/* Four runs: none, and each of three hits. */
	assert_int_equal(report.runs, 4);
	assert_int_equal(report.nr_sites, 2);
	assert_string_equal(report.sites[0].name, "test/first");
	assert_int_equal(report.sites[0].hits, 4);
	assert_int_equal(report.sites[0].injected, 1);
	assert_string_equal(report.sites[1].name, "test/second");
	assert_int_equal(report.sites[1].hits, 8);
	assert_int_equal(report.sites[1].injected, 2);
}

/* ---- choices --------------------------------------------------------------------------------- */

static void choose(void *arg)
{
	unsigned way = tp_sim_choose("way", 3);

	(void)arg;
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	met[way + 3 * tp_sim_choose("other way", 2)]++;
	TP_EXPECT(tp_sim_choose("no choice", 1) == 0);
}

static void start_choosing(void *state)
{
	begin();
	TP_EXPECT(tp_sim_choose("outside", 4) == 0);
	tp_sim_start("choose", choose, state);
}

static void every_way_is_chosen_once(void **state)
{
	const struct tp_scenario scenario = { .name = "choices", .start = start_choosing };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		memset(met, 0, sizeof(met));
		search(&scenario, i ? TP_STRATEGY_DPOR : TP_STRATEGY_DFS);
		for (unsigned way = 0; way < 6; way++)
			assert_int_equal(met[way], 1);
	}
}

static void start_choosing_of_none(void *state)
{
	(void)state;
	tp_sim_choose("none", 0);
}

static void choosing_of_nothing_is_a_finding(void **state)
{
	const struct tp_scenario scenario = { .name = "none", .start = start_choosing_of_none };

	(void)state;
	expect_finding(&scenario, "n > 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(singles_and_pairs_of_faults_are_all_met),
		cmocka_unit_test(random_walks_have_no_more_faults_than_allowed),
		cmocka_unit_test(outside_tasks_nothing_fails),
		cmocka_unit_test(sites_are_counted_by_name),
		cmocka_unit_test(every_way_is_chosen_once),
		cmocka_unit_test(choosing_of_nothing_is_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
