/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_run - how a run goes and in which ways it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/error.h"
#include "core/invariant.h"
#include "panic.h"
#include "sim_search.h"

/* Every run's, made anew by start(). */
static struct {
	TP_ATOMIC(uint32_t) x, y;
	struct tp_sim_lock first, second;
	unsigned checks, ended, number[TP_SIM_MAX_TASKS];
} w;

static void begin(void)
{
	unsigned checks = w.checks;

	memset(&w, 0, sizeof(w));
	w.checks = checks;
}

static void check(void *state)
{
	(void)state;
	w.checks++;
}

static struct tp_scenario scenario_of(void (*start)(void *state))
{
	return (struct tp_scenario){ .name = "test", .start = start, .check = check };
}

static void expect_finding_of(void (*start)(void *state), const char *words)
{
	struct tp_scenario scenario = scenario_of(start);

	expect_finding(&scenario, words);
}

static void expect_held_of(void (*start)(void *state))
{
	struct tp_scenario scenario = scenario_of(start);

	w.checks = 0;
	expect_held(&scenario);
	assert_int_not_equal(w.checks, 0);
}

/* ---- deadlock and livelock ------------------------------------------------------------------- */

static void first_then_second(void *arg)
{
	(void)arg;
	tp_sim_lock(&w.first);
	tp_sim_lock(&w.second);
	tp_sim_unlock(&w.second);
	tp_sim_unlock(&w.first);
}

static void second_then_first(void *arg)
{
	(void)arg;
	tp_sim_lock(&w.second);
	tp_sim_lock(&w.first);
	tp_sim_unlock(&w.first);
	tp_sim_unlock(&w.second);
}

static void start_crossed(void *state)
{
	begin();
	tp_sim_start("a", first_then_second, state);
	tp_sim_start("b", second_then_first, state);
}

static void deadlock_says_who_waits_where(void **state)
{
	(void)state;
	expect_finding_of(start_crossed, "deadlock: a waits in lock of &w.second (");
	expect_finding_of(start_crossed, "test_sim_run.c:");
	expect_finding_of(start_crossed, "; b waits in lock of &w.first (");
}

static void store_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		tp_atomic_store(&w.x, 1, TP_RELAXED);
}

static void start_endless(void *state)
{
	begin();
	tp_sim_start("endless", store_for_ever, state);
}

static void run_without_end_is_a_livelock(void **state)
{
	struct tp_scenario scenario = scenario_of(start_endless);

	(void)state;
	scenario.max_steps = 50;
	expect_finding(&scenario, "livelock: no end after 50 steps, the last by endless");
}

/* ---- where findings come from ---------------------------------------------------------------- */

static void store_x(void *arg)
{
	(void)arg;
	tp_atomic_store(&w.x, 1, TP_RELAXED);
}

static void expect_no_x(void *arg)
{
	(void)arg;
	TP_EXPECT(!tp_atomic_load(&w.x, TP_RELAXED));
}

static void start_expectation(void *state)
{
	begin();
	tp_sim_start("store", store_x, state);
	tp_sim_start("expect", expect_no_x, state);
}

static void expectation_in_a_task_is_a_finding_with_its_place(void **state)
{
	(void)state;
	expect_finding_of(start_expectation, "test_sim_run.c:");
	expect_finding_of(start_expectation, ": !tp_atomic_load(&w.x, TP_RELAXED)");
}

static void break_invariant(void *arg)
{
	(void)arg;
	TP_INVARIANT(!tp_atomic_load(&w.x, TP_RELAXED));
}

static void start_invariant(void *state)
{
	begin();
	tp_sim_start("store", store_x, state);
	tp_sim_start("invariant", break_invariant, state);
}

static void broken_invariant_is_a_finding(void **state)
{
	(void)state;
	expect_finding_of(start_invariant, "invariant broken: !tp_atomic_load(&w.x, TP_RELAXED)");
}

static void start_failing(void *state)
{
	(void)state;
	tp_sim_fail("here", "start gave up after %d", 3);
}

static void finding_in_start(void **state)
{
	(void)state;
	expect_finding_of(start_failing, "here: start gave up after 3");
}

static void check_failing(void *state)
{
	(void)state;
	tp_sim_fail(NULL, "x is %u", tp_atomic_load(&w.x, TP_RELAXED));
}

static void start_store(void *state)
{
	begin();
	tp_sim_start("store", store_x, state);
}

static void finding_in_check(void **state)
{
	struct tp_scenario scenario = scenario_of(start_store);

	(void)state;
	scenario.check = check_failing;
	expect_finding(&scenario, "x is 1");
}

static void fail_at_once(void *arg)
{
	(void)arg;
	tp_sim_fail(NULL, "no operation was needed");
}

static void start_failing_task(void *state)
{
	begin();
	tp_sim_start("store", store_x, state);
	tp_sim_start("fail", fail_at_once, state);
	tp_sim_fail(NULL, "start went on");
}

static void finding_before_a_tasks_first_operation(void **state)
{
	(void)state;
	expect_finding_of(start_failing_task, "no operation was needed");
}

static void start_one_that_fails(void *arg)
{
	store_x(arg);
	tp_sim_start("fail", fail_at_once, arg);
	tp_sim_fail(NULL, "the starter went on");
}

static void start_starter_of_failing(void *state)
{
	begin();
	tp_sim_start("starter", start_one_that_fails, state);
	tp_sim_start("store", store_x, state);
}

static void finding_in_a_task_that_a_task_starts(void **state)
{
	(void)state;
	expect_finding_of(start_starter_of_failing, "no operation was needed");
}

static void *prepare_failing(void)
{
	tp_sim_fail("there", "cannot prepare");
}

static void search_failing_prepare(void *arg)
{
	struct tp_scenario scenario = scenario_of(start_store);

	(void)arg;
	scenario.prepare = prepare_failing;
	expect_held(&scenario);
}

static void finding_in_prepare_stops_the_program(void **state)
{
	(void)state;
	expect_panic(search_failing_prepare, NULL, "cannot prepare (there, before any run)");
}

static void idle(void *arg)
{
	(void)arg;
}

static void *start_in_prepare(void)
{
	tp_sim_start("early", idle, NULL);
	return NULL;
}

static void search_early_task(void *arg)
{
	struct tp_scenario scenario = scenario_of(start_store);

	(void)arg;
	scenario.prepare = start_in_prepare;
	expect_held(&scenario);
}

/* It would be forgotten when the run begins. */
static void task_in_prepare_stops_the_program(void **state)
{
	(void)state;
	expect_panic(search_early_task, NULL, "tasks are for start()");
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void note_number(void *arg)
{
	unsigned *number = arg;

	*number = tp_sim_self();
	w.ended++;
}

/* Starts another before its own first operation. */
static void start_at_once(void *arg)
{
	w.number[2] = tp_sim_start("inner", note_number, &w.number[3]);
	w.number[0] = tp_sim_self();
	tp_sim_join(w.number[2]);
	w.ended++;
	(void)arg;
}

static void start_nested(void *state)
{
	begin();
	tp_sim_start("outer", start_at_once, state);
	w.number[1] = tp_sim_start("last", note_number, &w.number[4]);
}

static void check_nested(void *state)
{
	check(state);
	TP_EXPECT(w.ended == 3);
	TP_EXPECT(w.number[0] == 0 && w.number[1] == 1 && w.number[2] == 2);
	TP_EXPECT(w.number[3] == 2 && w.number[4] == 1);
}

static void task_started_at_once_by_a_task(void **state)
{
	struct tp_scenario scenario = scenario_of(start_nested);

	(void)state;
	scenario.check = check_nested;
	w.checks = 0;
	expect_held(&scenario);
	assert_int_not_equal(w.checks, 0);
}

static void start_sixteen(void *state)
{
	begin();
	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		TP_EXPECT(tp_sim_start("task", note_number, &w.number[i]) == i);
	(void)state;
}

static void start_seventeen(void *state)
{
	start_sixteen(state);
	tp_sim_start("one more", store_x, state);
}

static void sixteen_tasks_but_no_more(void **state)
{
	(void)state;
	expect_held_of(start_sixteen);
	expect_finding_of(start_seventeen, "more than 16 tasks");
}

static void start_asking(void *state)
{
	(void)state;
	TP_EXPECT(tp_sim_self() == TP_SIM_MAX_TASKS);
}

static void outside_tasks_there_is_no_number(void **state)
{
	(void)state;
	expect_held_of(start_asking);
}

static void join_storer(void *arg)
{
	(void)arg;
	tp_sim_join(0);
	TP_EXPECT(w.x.v == 1);
	TP_EXPECT(tp_atomic_load(&w.x, TP_RELAXED) == 1);
}

static void start_joiner(void *state)
{
	begin();
	tp_sim_start("store", store_x, state);
	tp_sim_start("join", join_storer, state);
}

static void join_waits_for_the_end(void **state)
{
	struct tp_scenario scenario = scenario_of(start_joiner);
	struct tp_explore_report report;

	(void)state;
	expect_held(&scenario);
	/* The store comes before the load in every order, so there is nothing to turn round. */
	report = search(&scenario, TP_STRATEGY_DPOR);
	assert_int_equal(report.runs, 1);
}

static void join_second(void *arg)
{
	store_x(arg);
	tp_sim_join(1);
}

static void join_first(void *arg)
{
	(void)arg;
	tp_sim_join(0);
}

static void start_circle(void *state)
{
	begin();
	tp_sim_start("a", join_second, state);
	tp_sim_start("b", join_first, state);
}

static void joining_in_a_circle_is_a_deadlock(void **state)
{
	(void)state;
	expect_finding_of(start_circle, "deadlock: a waits in join of task");
}

static void start_and_join_outside(void *state)
{
	begin();
	tp_sim_join(tp_sim_start("store", store_x, state));
}

static void start_and_join_what_ended(void *state)
{
	begin();
	tp_sim_join(tp_sim_start("number", note_number, &w.number[0]));
	(void)state;
}

static void outside_tasks_only_what_ended_is_joined(void **state)
{
	(void)state;
	expect_finding_of(start_and_join_outside, "joining store outside tasks, before it ended");
	expect_held_of(start_and_join_what_ended);
}

static void start_join_of_nobody(void *state)
{
	begin();
	tp_sim_join(3);
	(void)state;
}

static void joining_who_was_never_started_is_a_finding(void **state)
{
	(void)state;
	expect_finding_of(start_join_of_nobody, "number < tp_run.nr_tasks");
}

static void fail_and_look(void *arg)
{
	uint64_t mine = *(unsigned *)arg;

	TP_ERR(-5, "number %u", mine);
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	TP_EXPECT(tp_last_error()->args[0] == mine);
}

static void start_errors(void *state)
{
	begin();
	for (unsigned i = 0; i < 2; i++) {
		w.number[i] = i + 1;
		tp_sim_start("error", fail_and_look, &w.number[i]);
	}
	(void)state;
}

static void every_task_has_its_own_last_error(void **state)
{
	(void)state;
	expect_held_of(start_errors);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static void unlock_first(void *arg)
{
	(void)arg;
	tp_sim_unlock(&w.first);
}

static void start_unlock(void *state)
{
	begin();
	tp_sim_start("unlock", unlock_first, state);
}

static void lock_first(void *arg)
{
	(void)arg;
	tp_sim_lock(&w.first);
}

static void start_foreign_unlock(void *state)
{
	begin();
	tp_sim_start("lock", lock_first, state);
	tp_sim_start("unlock", unlock_first, state);
}

static void unlocking_what_is_not_held_is_a_finding(void **state)
{
	(void)state;
	expect_finding_of(start_unlock, "unlock of a lock that is not held by this task");
	expect_finding_of(start_foreign_unlock, "unlock of a lock that is not held by this task");
}

static void lock_twice(void *arg)
{
	(void)arg;
	tp_sim_lock(&w.first);
	TP_EXPECT(!tp_sim_trylock(&w.first));
	tp_sim_lock(&w.first);
}

static void start_locking_twice(void *state)
{
	begin();
	tp_sim_start("twice", lock_twice, state);
}

static void locking_twice_is_a_deadlock(void **state)
{
	(void)state;
	expect_finding_of(start_locking_twice, "deadlock: twice waits in lock of &w.first");
}

static void start_locking_outside(void *state)
{
	begin();
	tp_sim_lock(&w.first);
	TP_EXPECT(!tp_sim_trylock(&w.first));
	tp_sim_unlock(&w.first);
	TP_EXPECT(tp_sim_trylock(&w.first));
	tp_sim_unlock(&w.first);
	tp_sim_start("crossed", first_then_second, state);
}

static void locks_work_outside_tasks(void **state)
{
	(void)state;
	expect_held_of(start_locking_outside);
}

static void start_locking_twice_outside(void *state)
{
	(void)state;
	begin();
	tp_sim_lock(&w.first);
	tp_sim_lock(&w.first);
}

static void check_locks(void *state)
{
	(void)state;
	tp_sim_lock(&w.first);
}

static void start_keeping(void *state)
{
	begin();
	tp_sim_start("keeper", lock_first, state);
}

static void waiting_for_a_lock_outside_tasks_is_a_finding(void **state)
{
	struct tp_scenario scenario = scenario_of(start_keeping);

	(void)state;
	expect_finding_of(start_locking_twice_outside, "held by itself");
	scenario.check = check_locks;
	expect_finding(&scenario, "held by keeper");
}

static void start_holding_outside(void *state)
{
	begin();
	tp_sim_lock(&w.first);
	tp_sim_start("a", first_then_second, state);
}

static void lock_that_start_keeps_is_never_free(void **state)
{
	(void)state;
	expect_finding_of(start_holding_outside, "deadlock: a waits in lock of &w.first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deadlock_says_who_waits_where),
		cmocka_unit_test(run_without_end_is_a_livelock),
		cmocka_unit_test(expectation_in_a_task_is_a_finding_with_its_place),
		cmocka_unit_test(broken_invariant_is_a_finding),
		cmocka_unit_test(finding_in_start),
		cmocka_unit_test(finding_in_check),
		cmocka_unit_test(finding_before_a_tasks_first_operation),
		cmocka_unit_test(finding_in_a_task_that_a_task_starts),
		cmocka_unit_test(finding_in_prepare_stops_the_program),
		cmocka_unit_test(task_in_prepare_stops_the_program),
		cmocka_unit_test(task_started_at_once_by_a_task),
		cmocka_unit_test(sixteen_tasks_but_no_more),
		cmocka_unit_test(outside_tasks_there_is_no_number),
		cmocka_unit_test(join_waits_for_the_end),
		cmocka_unit_test(joining_in_a_circle_is_a_deadlock),
		cmocka_unit_test(outside_tasks_only_what_ended_is_joined),
		cmocka_unit_test(joining_who_was_never_started_is_a_finding),
		cmocka_unit_test(every_task_has_its_own_last_error),
		cmocka_unit_test(unlocking_what_is_not_held_is_a_finding),
		cmocka_unit_test(locking_twice_is_a_deadlock),
		cmocka_unit_test(locks_work_outside_tasks),
		cmocka_unit_test(waiting_for_a_lock_outside_tasks_is_a_finding),
		cmocka_unit_test(lock_that_start_keeps_is_never_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
