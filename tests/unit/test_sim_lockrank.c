/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_lockrank - the library's ranked locks in simulation: each task is checked for itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/sync.h"
#include "sim_search.h"

static struct {
	struct tp_mutex hotplug;
	struct tp_spinlock zone, pcp;
	struct tp_wait_queue queue;
	tp_atomic_u32 x;
} w;

static void begin(void)
{
	memset(&w, 0, sizeof(w));
	tp_mutex_init(&w.hotplug, TP_RANK_HOTPLUG, 0);
	tp_spinlock_init(&w.zone, TP_RANK_ZONE, 1);
	tp_spinlock_init(&w.pcp, TP_RANK_PCP, 3);
	tp_wait_queue_init(&w.queue);
}

static void (*bodies[2])(void *arg);

static void start_both(void *state)
{
	begin();
	for (unsigned i = 0; i < 2; i++)
		if (bodies[i])
			tp_sim_start(i ? "b" : "a", bodies[i], state);
}

static const struct tp_scenario scenario = { .name = "ranks", .start = start_both };

static void expect_finding_of(void (*a)(void *), void (*b)(void *), const char *words)
{
	bodies[0] = a;
	bodies[1] = b;
	expect_finding(&scenario, words);
}

static void expect_held_of(void (*a)(void *), void (*b)(void *))
{
	bodies[0] = a;
	bodies[1] = b;
	expect_held(&scenario);
}

static void lock_in_order(void *arg)
{
	(void)arg;
	tp_mutex_lock(&w.hotplug);
	tp_spin_lock(&w.zone);
	tp_spin_lock(&w.pcp);
	tp_mutex_assert_held(&w.hotplug);
	tp_spin_assert_held(&w.pcp);
	tp_spin_unlock(&w.pcp);
	tp_spin_unlock(&w.zone);
	tp_mutex_unlock(&w.hotplug);
}

static void tasks_do_not_hold_each_others_locks(void **state)
{
	(void)state;
	expect_held_of(lock_in_order, lock_in_order);
}

static void lock_against_the_order(void *arg)
{
	(void)arg;
	tp_spin_lock(&w.pcp);
	tp_spin_lock(&w.zone);
}

static void inversion_is_a_finding_also_where_nobody_deadlocks(void **state)
{
	(void)state;
	expect_finding_of(lock_against_the_order, NULL,
			  "taking ZONE (rank 80.1) while holding PCP (rank 90.3)");
}

static void sleep_under_spinlock(void *arg)
{
	(void)arg;
	tp_spin_lock(&w.zone);
	tp_sleep_ns(1);
}

static void wait_under_spinlock(void *arg)
{
	(void)arg;
	tp_spin_lock(&w.zone);
	tp_wait_commit(&w.queue, tp_wait_prepare(&w.queue), tp_clock_after(10));
}

static void mutex_under_spinlock(void *arg)
{
	(void)arg;
	tp_spin_lock(&w.zone);
	tp_mutex_lock(&w.hotplug);
}

static void sleeping_under_a_spinlock_is_a_finding(void **state)
{
	static const char words[] = "about to sleep while holding spinlock ZONE (rank 80.1)";

	(void)state;
	expect_finding_of(sleep_under_spinlock, NULL, words);
	expect_finding_of(wait_under_spinlock, NULL, words);
	expect_finding_of(mutex_under_spinlock, NULL, words);
}

static void keep_mutex(void *arg)
{
	(void)arg;
	tp_mutex_lock(&w.hotplug);
}

static void task_that_ends_holding_a_lock_is_a_finding(void **state)
{
	(void)state;
	expect_finding_of(keep_mutex, NULL, "a ended holding a lock");
}

static void unlock_mutex(void *arg)
{
	(void)arg;
	tp_mutex_unlock(&w.hotplug);
}

static void unlocking_anothers_lock_is_a_finding(void **state)
{
	(void)state;
	expect_finding_of(unlock_mutex, NULL, "does not hold");
}

static void try_against_the_order(void *arg)
{
	(void)arg;
	tp_spin_lock(&w.pcp);
	if (tp_spin_trylock(&w.zone))
		tp_spin_unlock(&w.zone);
	tp_spin_unlock(&w.pcp);
}

static void trylock_may_go_against_the_order(void **state)
{
	(void)state;
	expect_held_of(try_against_the_order, lock_in_order);
}

static void assert_mutex_held(void *arg)
{
	(void)arg;
	tp_mutex_assert_held(&w.hotplug);
}

static void what_another_task_holds_is_not_held_here(void **state)
{
	(void)state;
	expect_finding_of(lock_in_order, assert_mutex_held, "invariant broken");
}

static void start_in_start(void *state)
{
	begin();
	tp_mutex_lock(&w.hotplug);
	tp_mutex_assert_held(&w.hotplug);
	tp_mutex_unlock(&w.hotplug);
	lock_against_the_order(state);
}

static void ranks_are_checked_outside_tasks_too(void **state)
{
	const struct tp_scenario outside = { .name = "outside", .start = start_in_start };

	(void)state;
	expect_finding(&outside, "taking ZONE (rank 80.1) while holding PCP");
	/* What a run left held is not held in the next. */
	expect_held_of(lock_in_order, lock_in_order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_do_not_hold_each_others_locks),
		cmocka_unit_test(inversion_is_a_finding_also_where_nobody_deadlocks),
		cmocka_unit_test(sleeping_under_a_spinlock_is_a_finding),
		cmocka_unit_test(task_that_ends_holding_a_lock_is_a_finding),
		cmocka_unit_test(unlocking_anothers_lock_is_a_finding),
		cmocka_unit_test(trylock_may_go_against_the_order),
		cmocka_unit_test(what_another_task_holds_is_not_held_here),
		cmocka_unit_test(ranks_are_checked_outside_tasks_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
