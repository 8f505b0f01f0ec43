/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_wait - wait queues, polling and virtual time in simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "sim_search.h"

static struct {
	TP_ATOMIC(uint32_t) x, y;
	TP_ATOMIC(uint32_t) many[32];
	struct tp_wait_queue queue;
	struct tp_sim_lock lock;
	unsigned order[4], nr;
} w;

static void begin(void)
{
	memset(&w, 0, sizeof(w));
}

static struct tp_scenario scenario_of(void (*start)(void *state), unsigned timers)
{
	return (struct tp_scenario){
		.name = "test", .start = start, .timers = timers, .max_steps = 500
	};
}

static void expect_held_of(void (*start)(void *state), unsigned timers)
{
	struct tp_scenario scenario = scenario_of(start, timers);

	expect_held(&scenario);
}

static void expect_finding_of(void (*start)(void *state), unsigned timers, const char *words)
{
	struct tp_scenario scenario = scenario_of(start, timers);

	expect_finding(&scenario, words);
}

static void store_x(void *arg)
{
	(void)arg;
	tp_atomic_store(&w.x, 1, TP_RELAXED);
}

/* ---- wait queues ----------------------------------------------------------------------------- */

static void store_x_and_wake(void *arg)
{
	store_x(arg);
	tp_wake_all(&w.queue);
}

static void wait_for_x(void *arg)
{
	(void)arg;
	for (;;) {
		uint32_t ticket = tp_wait_prepare(&w.queue);

		if (tp_atomic_load(&w.x, TP_RELAXED))
			return;
		TP_EXPECT(tp_wait_commit(&w.queue, ticket, TP_WAIT_FOREVER));
	}
}

static void start_waiter(void *state)
{
	begin();
	tp_sim_start("wait", wait_for_x, state);
	tp_sim_start("wake", store_x_and_wake, state);
}

static void no_wake_is_lost_between_ticket_and_commit(void **state)
{
	(void)state;
	expect_held_of(start_waiter, 0);
}

static void wait_for_x_wrongly(void *arg)
{
	(void)arg;
	if (!tp_atomic_load(&w.x, TP_RELAXED))
		tp_wait_commit(&w.queue, tp_wait_prepare(&w.queue), TP_WAIT_FOREVER);
}

static void start_wrong_waiter(void *state)
{
	begin();
	tp_sim_start("wait", wait_for_x_wrongly, state);
	tp_sim_start("wake", store_x_and_wake, state);
}

static void ticket_after_the_look_loses_a_wake(void **state)
{
	(void)state;
	expect_finding_of(start_wrong_waiter, 0, "deadlock: wait waits in wait of &w.queue");
}

static void start_waiting_outside(void *state)
{
	begin();
	wait_for_x(state);
}

static void waiting_outside_tasks_is_a_finding(void **state)
{
	(void)state;
	expect_finding_of(start_waiting_outside, 0, "waiting outside tasks");
}

/* ---- virtual time ---------------------------------------------------------------------------- */

static void wait_in_vain(void *arg)
{
	(void)arg;
	TP_EXPECT(!tp_wait_commit(&w.queue, tp_wait_prepare(&w.queue), 100));
	TP_EXPECT(tp_sim_now() == 100);
}

static void start_waiting_in_vain(void *state)
{
	begin();
	tp_sim_start("wait", wait_in_vain, state);
	tp_sim_start("store", store_x, state);
}

static void wait_ends_at_its_deadline(void **state)
{
	(void)state;
	expect_held_of(start_waiting_in_vain, 0);
	expect_held_of(start_waiting_in_vain, 1);
}

static void sleep_and_note(void *arg)
{
	unsigned number = tp_sim_self();
	uint64_t ns = *(const uint64_t *)arg;

	tp_sim_sleep(ns);
	TP_EXPECT(tp_sim_now() == ns);
	w.order[w.nr++] = number;
}

static void start_sleepers(void *state)
{
	static uint64_t ns[] = { 30, 10, 20 };

	begin();
	for (unsigned i = 0; i < 3; i++)
		tp_sim_start("sleep", sleep_and_note, &ns[i]);
	(void)state;
}

static void check_sleepers(void *state)
{
	(void)state;
	TP_EXPECT(w.order[0] == 1 && w.order[1] == 2 && w.order[2] == 0);
}

static void time_passes_in_order_of_deadlines(void **state)
{
	struct tp_scenario scenario = scenario_of(start_sleepers, 0);

	(void)state;
	scenario.check = check_sleepers;
	expect_held(&scenario);
}

static void wait_for_x_until_100(void *arg)
{
	uint32_t ticket = tp_wait_prepare(&w.queue);

	(void)arg;
	if (!tp_atomic_load(&w.x, TP_RELAXED))
		TP_EXPECT(tp_wait_commit(&w.queue, ticket, 100));
}

static void start_impatient(void *state)
{
	begin();
	tp_sim_start("wait", wait_for_x_until_100, state);
	tp_sim_start("wake", store_x_and_wake, state);
}

static void time_passes_only_when_nobody_can_go_on(void **state)
{
	(void)state;
	expect_held_of(start_impatient, 0);
}

static void timer_may_fire_early_if_it_is_allowed(void **state)
{
	(void)state;
	expect_finding_of(start_impatient, 1, "tp_wait_commit(&w.queue, ticket, 100)");
}

static void sleep_twice(void *arg)
{
	(void)arg;
	tp_sim_sleep(100);
	tp_sim_sleep(100);
	tp_atomic_store(&w.y, 1, TP_RELAXED);
}

static void expect_no_y(void *arg)
{
	(void)arg;
	TP_EXPECT(!tp_atomic_load(&w.y, TP_RELAXED));
}

static void start_sleeping_twice(void *state)
{
	begin();
	tp_sim_start("sleep", sleep_twice, state);
	tp_sim_start("expect", expect_no_y, state);
}

static void no_more_timers_fire_early_than_allowed(void **state)
{
	(void)state;
	expect_held_of(start_sleeping_twice, 1);
	expect_finding_of(start_sleeping_twice, 2, "!tp_atomic_load(&w.y, TP_RELAXED)");
}

static void note_and_sleep(void *arg)
{
	tp_atomic_store(&w.x, 1, TP_RELAXED);
	tp_sim_sleep(50);
	w.order[w.nr++] = 0;
	(void)arg;
}

static void sleep_30(void *arg)
{
	(void)arg;
	tp_sim_sleep(30);
}

static void sleep_60(void *arg)
{
	(void)arg;
	tp_sim_sleep(60);
	w.order[w.nr++] = 2;
}

/* The first comes after the third only if it began to sleep after the second's timer had fired. */
static void start_race_with_time(void *state)
{
	begin();
	tp_sim_start("50", note_and_sleep, state);
	tp_sim_start("30", sleep_30, state);
	tp_sim_start("60", sleep_60, state);
}

static void check_race_with_time(void *state)
{
	(void)state;
	TP_EXPECT(w.order[0] == 0);
}

static void when_a_sleep_begins_matters(void **state)
{
	struct tp_scenario scenario = scenario_of(start_race_with_time, 1);

	(void)state;
	scenario.check = check_race_with_time;
	expect_finding(&scenario, "w.order[0] == 0");
	scenario.timers = 0;
	expect_held(&scenario);
}

/* ---- polling --------------------------------------------------------------------------------- */

static void spin_for_x(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&w.x, TP_RELAXED))
		tp_sim_relax();
}

static void store_y_often(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < 5; i++)
		tp_atomic_store(&w.y, i, TP_RELAXED);
	tp_atomic_store(&w.x, 1, TP_RELAXED);
}

static void start_spinner(void *state)
{
	begin();
	tp_sim_start("spin", spin_for_x, state);
	tp_sim_start("store", store_y_often, state);
}

static void spinner_waits_for_what_it_looked_at(void **state)
{
	struct tp_scenario scenario = scenario_of(start_spinner, 0);
	struct tp_explore_report report = search(&scenario, TP_STRATEGY_DFS);

	(void)state;
	assert_int_equal(report.failed, 0);
	assert_true(report.complete);
	/* Six stores, and at most load, relax, load. */
	assert_int_equal(report.max_steps, 9);
}

/* It may read the old value after the store: then it need not wait for another one. */
static void spinner_that_read_an_old_value_looks_again(void **state)
{
	struct tp_scenario scenario = scenario_of(start_spinner, 0);

	(void)state;
	scenario.memory = TP_MEMORY_C11;
	expect_held(&scenario);
}

static void start_lonely_spinner(void *state)
{
	begin();
	tp_sim_start("spin", spin_for_x, state);
	tp_sim_start("other", wait_in_vain, state);
}

static void spinner_that_nobody_ends_is_a_deadlock(void **state)
{
	(void)state;
	expect_finding_of(start_lonely_spinner, 0, "deadlock: spin waits in relax");
}

static void spin_for_either(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&w.x, TP_RELAXED) && !tp_atomic_load(&w.y, TP_RELAXED))
		tp_sim_relax();
}

static void store_y(void *arg)
{
	(void)arg;
	tp_atomic_store(&w.y, 1, TP_RELAXED);
}

static void start_spinner_on_two(void *state)
{
	begin();
	tp_sim_start("spin", spin_for_either, state);
	tp_sim_start("store", store_y, state);
}

static void spinner_looks_at_several(void **state)
{
	(void)state;
	expect_held_of(start_spinner_on_two, 0);
}

static void relax_having_seen_nothing(void *arg)
{
	(void)arg;
	tp_sim_relax();
	tp_sim_relax();
}

static void start_relaxed(void *state)
{
	begin();
	tp_sim_relax();
	tp_sim_start("relax", relax_having_seen_nothing, state);
}

static void who_has_seen_nothing_does_not_wait(void **state)
{
	(void)state;
	expect_held_of(start_relaxed, 0);
}

static void poll_clock(void *arg)
{
	uint64_t until = tp_sim_now() + 5000000;

	(void)arg;
	while (tp_sim_now() < until)
		tp_sim_relax();
	w.nr++;
}

static void start_clock_poller(void *state)
{
	begin();
	tp_sim_start("clock", poll_clock, state);
	tp_sim_start("store", store_x, state);
}

static void loop_that_polls_the_clock_ends(void **state)
{
	(void)state;
	expect_held_of(start_clock_poller, 0);
	expect_held_of(start_clock_poller, 2);
}

static void poll_clock_for_x(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&w.x, TP_RELAXED) && tp_sim_now() < 3000000)
		tp_sim_relax();
	TP_EXPECT(tp_atomic_load(&w.x, TP_RELAXED));
}

static void start_two_pollers(void *state)
{
	begin();
	tp_sim_start("poll", poll_clock_for_x, state);
	tp_sim_start("clock", poll_clock, state);
	tp_sim_start("store", store_x, state);
}

static void pollers_time_out_before_the_store_only_if_timers_fire_early(void **state)
{
	(void)state;
	expect_held_of(start_two_pollers, 0);
	expect_finding_of(start_two_pollers, 3, "tp_atomic_load(&w.x, TP_RELAXED)");
}

/* What it changed itself is no reason to look again; what another did is, even before that. */
static void count_and_spin(void *arg)
{
	(void)arg;
	while (tp_atomic_load(&w.x, TP_RELAXED) < 1000) {
		if (!w.nr++)
			tp_atomic_count(&w.x, 1);
		tp_sim_relax();
	}
}

static void count_1000(void *arg)
{
	(void)arg;
	tp_atomic_count(&w.x, 1000);
}

static void start_counting(void *state)
{
	begin();
	tp_sim_start("spin", count_and_spin, state);
	tp_sim_start("count", count_1000, state);
}

static void count_of_another_is_seen_through_the_own(void **state)
{
	struct tp_scenario scenario = scenario_of(start_counting, 0);

	(void)state;
	expect_held(&scenario);
	/* DPOR need not try both orders of the counts. */
	assert_int_equal(search(&scenario, TP_STRATEGY_DFS).failed, 0);
}

/* Where counts are as good as stores, and the look may have seen less than there was. */
static void count_of_another_is_seen_also_where_loads_may_lag(void **state)
{
	struct tp_scenario scenario = scenario_of(start_counting, 0);

	(void)state;
	scenario.memory = TP_MEMORY_C11;
	expect_held(&scenario);
}

static void look_store_and_relax(void *arg)
{
	(void)arg;
	if (tp_atomic_load(&w.x, TP_RELAXED))
		return;
	tp_atomic_store(&w.x, 2, TP_RELAXED);
	tp_sim_relax();
}

static void start_storing(void *state)
{
	begin();
	tp_sim_start("relax", look_store_and_relax, state);
	tp_sim_start("store", store_x, state);
}

static void store_of_another_is_news_though_overwritten(void **state)
{
	(void)state;
	expect_held_of(start_storing, 0);
}

static void start_counting_alone(void *state)
{
	begin();
	tp_sim_start("spin", count_and_spin, state);
}

static void own_count_is_no_news(void **state)
{
	(void)state;
	expect_finding_of(start_counting_alone, 0, "deadlock: spin waits in relax");
}

static void test_and_set(void *arg)
{
	(void)arg;
	while (tp_atomic_exchange(&w.x, 1, TP_RELAXED))
		tp_sim_relax();
	tp_atomic_count(&w.y, 1);
	tp_atomic_store(&w.x, 0, TP_RELAXED);
}

static void start_test_and_set(void *state)
{
	begin();
	for (unsigned i = 0; i < 3; i++)
		tp_sim_start("lock", test_and_set, state);
}

static void spinners_do_not_keep_each_other_awake(void **state)
{
	(void)state;
	expect_held_of(start_test_and_set, 0);
}

/* ---- more than can be remembered ------------------------------------------------------------- */

static void look_at_many_then_spin(void *arg)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(w.many); i++)
		(void)tp_atomic_load(&w.many[i], TP_RELAXED);
	spin_for_x(arg);
}

static void start_after_much(void *state)
{
	begin();
	tp_sim_start("spin", look_at_many_then_spin, state);
	tp_sim_start("store", store_x, state);
}

static void what_was_seen_before_polling_does_not_matter(void **state)
{
	(void)state;
	expect_held_of(start_after_much, 0);
}

static void spin_on_many(void *arg)
{
	uint32_t sum;

	(void)arg;
	for (;;) {
		sum = 0;
		for (unsigned i = 0; i < TP_ARRAY_SIZE(w.many); i++)
			sum += tp_atomic_load(&w.many[i], TP_RELAXED);
		if (sum)
			return;
		tp_sim_relax();
	}
}

static void store_last(void *arg)
{
	(void)arg;
	tp_atomic_store(&w.many[TP_ARRAY_SIZE(w.many) - 1], 1, TP_RELAXED);
}

static void start_spinner_on_many(void *state)
{
	begin();
	tp_sim_start("spin", spin_on_many, state);
	tp_sim_start("store", store_last, state);
}

static void loop_that_looks_at_too_much_is_never_complete(void **state)
{
	struct tp_scenario scenario = scenario_of(start_spinner_on_many, 0);
	struct tp_explore_report report = search(&scenario, TP_STRATEGY_DPOR);

	(void)state;
	assert_string_equal(report.finding, "");
	assert_false(report.complete);
	/* Which says nothing about the next search. */
	expect_held_of(start_spinner, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wake_is_lost_between_ticket_and_commit),
		cmocka_unit_test(ticket_after_the_look_loses_a_wake),
		cmocka_unit_test(waiting_outside_tasks_is_a_finding),
		cmocka_unit_test(wait_ends_at_its_deadline),
		cmocka_unit_test(time_passes_in_order_of_deadlines),
		cmocka_unit_test(time_passes_only_when_nobody_can_go_on),
		cmocka_unit_test(timer_may_fire_early_if_it_is_allowed),
		cmocka_unit_test(no_more_timers_fire_early_than_allowed),
		cmocka_unit_test(when_a_sleep_begins_matters),
		cmocka_unit_test(spinner_waits_for_what_it_looked_at),
		cmocka_unit_test(spinner_that_read_an_old_value_looks_again),
		cmocka_unit_test(spinner_that_nobody_ends_is_a_deadlock),
		cmocka_unit_test(spinner_looks_at_several),
		cmocka_unit_test(who_has_seen_nothing_does_not_wait),
		cmocka_unit_test(loop_that_polls_the_clock_ends),
		cmocka_unit_test(pollers_time_out_before_the_store_only_if_timers_fire_early),
		cmocka_unit_test(count_of_another_is_seen_through_the_own),
		cmocka_unit_test(count_of_another_is_seen_also_where_loads_may_lag),
		cmocka_unit_test(store_of_another_is_news_though_overwritten),
		cmocka_unit_test(own_count_is_no_news),
		cmocka_unit_test(spinners_do_not_keep_each_other_awake),
		cmocka_unit_test(what_was_seen_before_polling_does_not_matter),
		cmocka_unit_test(loop_that_looks_at_too_much_is_never_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
