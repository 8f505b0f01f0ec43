/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_dpor - what searches with wit leave out, and what they once left out wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim_search.h"

static struct {
	TP_ATOMIC(uint32_t) x, y, z;
	struct tp_sim_lock first, second;
	unsigned number[3];
} w;

static void begin(void)
{
	memset(&w, 0, sizeof(w));
}

/* Ways for a run to end. */
static unsigned met[16], nr_met;

static void store_own(void *arg)
{
	TP_ATOMIC(uint32_t) *own = arg;

	tp_atomic_store(own, 1, TP_RELAXED);
	tp_atomic_store(own, 2, TP_RELAXED);
}

static void start_independent(void *state)
{
	(void)state;
	begin();
	tp_sim_start("x", store_own, &w.x);
	tp_sim_start("y", store_own, &w.y);
	tp_sim_start("z", store_own, &w.z);
}

static const struct tp_scenario independent = { .name = "independent", .start = start_independent };

static void what_does_not_conflict_is_run_once(void **state)
{
	(void)state;
	assert_int_equal(search(&independent, TP_STRATEGY_DFS).runs, 90);
	assert_int_equal(search(&independent, TP_STRATEGY_SLEEP).runs, 1);
	assert_int_equal(search(&independent, TP_STRATEGY_DPOR).runs, 1);
	assert_int_equal(search(&independent, TP_STRATEGY_DPOR).pruned, 0);
}

static void count_x(void *arg)
{
	(void)arg;
	tp_atomic_count(&w.x, 1);
	tp_atomic_count(&w.x, 1);
}

static void start_counters(void *state)
{
	begin();
	tp_sim_start("a", count_x, state);
	tp_sim_start("b", count_x, state);
}

static void expect_four(void *state)
{
	(void)state;
	TP_EXPECT(w.x.v == 4);
}

static void counts_commute(void **state)
{
	const struct tp_scenario scenario = { .name = "counts",
					      .start = start_counters,
					      .check = expect_four };
	struct tp_explore_report report = search(&scenario, TP_STRATEGY_DPOR);

	(void)state;
	assert_int_equal(report.failed, 0);
	assert_int_equal(report.runs, 1);
}

static void look_and_fail(void *arg)
{
	(void)tp_atomic_load(&w.x, TP_RELAXED);
	tp_sim_fail(NULL, "it was %s", (const char *)arg);
}

static void look_twice_and_fail(void *arg)
{
	(void)tp_atomic_load(&w.x, TP_RELAXED);
	look_and_fail(arg);
}

static void start_two_failing(void *state)
{
	(void)state;
	begin();
	tp_sim_start("a", look_and_fail, "a");
	tp_sim_start("b", look_twice_and_fail, "b");
}

static void one_finding_does_not_hide_another_from_dpor(void **state)
{
	const struct tp_scenario scenario = { .name = "two", .start = start_two_failing };
	struct tp_explore_report report = search(&scenario, TP_STRATEGY_DPOR);

	(void)state;
	assert_true(report.complete);
	assert_int_equal(report.failed, 2);
}

static void lock_both_after_a_load(void *arg)
{
	(void)arg;
	(void)tp_atomic_load(&w.z, TP_RELAXED);
	tp_sim_lock(&w.first);
	tp_sim_lock(&w.second);
	w.number[1] = tp_atomic_add(&w.x, 100, TP_RELAXED);
	tp_sim_unlock(&w.second);
	tp_sim_unlock(&w.first);
}

static void lock_both_crossed(void *arg)
{
	(void)arg;
	tp_sim_lock(&w.second);
	tp_sim_lock(&w.first);
	w.number[2] = tp_atomic_add(&w.x, 100, TP_RELAXED);
	tp_sim_unlock(&w.first);
	tp_sim_unlock(&w.second);
}

static void store_x(void *arg)
{
	(void)arg;
	tp_atomic_store(&w.x, 1, TP_RELAXED);
}

static void start_crossed(void *state)
{
	begin();
	tp_sim_start("store", store_x, state);
	tp_sim_start("lock", lock_both_after_a_load, state);
	tp_sim_start("crossed", lock_both_crossed, state);
}

static void note_numbers(void *state)
{
	unsigned order = (w.number[1] >= 100) + 2 * (w.number[2] >= 100) + 4 * (w.number[1] % 100) +
			 8 * (w.number[2] % 100);

	(void)state;
	nr_met += !met[order];
	met[order] = 1;
}

static void blocked_in_front_of_sleepers_has_races_too(void **state)
{
	const struct tp_scenario scenario = { .name = "crossed",
					      .start = start_crossed,
					      .check = note_numbers };
	unsigned nr;

	(void)state;
	nr_met = 0;
	memset(met, 0, sizeof(met));
	search(&scenario, TP_STRATEGY_DFS);
	nr = nr_met;
	nr_met = 0;
	memset(met, 0, sizeof(met));
	search(&scenario, TP_STRATEGY_DPOR);
	assert_int_equal(nr_met, nr);
}

static void note_own_number(void *arg)
{
	unsigned *number = arg;

	*number = tp_sim_self();
}

static void start_noter(void *arg)
{
	TP_ATOMIC(uint32_t) *own = arg;

	tp_atomic_store(own, 1, TP_RELAXED);
	tp_sim_start("child", note_own_number, &w.number[(void *)own == &w.x]);
}

static void start_starters(void *state)
{
	(void)state;
	begin();
	tp_sim_start("a", start_noter, &w.x);
	tp_sim_start("b", start_noter, &w.y);
}

static void expect_rising_numbers(void *state)
{
	(void)state;
	TP_EXPECT(w.number[1] < w.number[0]);
}

static void who_starts_a_task_first_matters(void **state)
{
	const struct tp_scenario scenario = { .name = "numbers",
					      .start = start_starters,
					      .check = expect_rising_numbers };

	(void)state;
	expect_finding(&scenario, "w.number[1] < w.number[0]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_conflict_is_run_once),
		cmocka_unit_test(counts_commute),
		cmocka_unit_test(one_finding_does_not_hide_another_from_dpor),
		cmocka_unit_test(blocked_in_front_of_sleepers_has_races_too),
		cmocka_unit_test(who_starts_a_task_first_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
