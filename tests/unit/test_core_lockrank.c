/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_core_lockrank - inversions, double locking and sleeping under a spinlock are convicted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/sync.h"
#include "panic.h"

static struct tp_mutex hotplug = TP_MUTEX_INIT(TP_RANK_HOTPLUG, 0);
static struct tp_spinlock zone1 = TP_SPINLOCK_INIT(TP_RANK_ZONE, 1);
static struct tp_spinlock zone2 = TP_SPINLOCK_INIT(TP_RANK_ZONE, 2);
static struct tp_spinlock pcp = TP_SPINLOCK_INIT(TP_RANK_PCP, 3);

static void rising_order_is_accepted(void **state)
{
	(void)state;
	tp_mutex_lock(&hotplug);
	tp_spin_lock(&zone1);
	tp_spin_lock(&zone2);
	tp_spin_lock(&pcp);
	assert_int_equal(tp_lockrank_depth(), 4);
	tp_spin_unlock(&pcp);
	tp_spin_unlock(&zone2);
	tp_spin_unlock(&zone1);
	tp_mutex_unlock(&hotplug);
	assert_int_equal(tp_lockrank_depth(), 0);
}

static void unlock_order_is_free(void **state)
{
	(void)state;
	tp_spin_lock(&zone1);
	tp_spin_lock(&pcp);
	tp_spin_unlock(&zone1);
	assert_false(tp_lockrank_held(&zone1));
	assert_true(tp_lockrank_held(&pcp));
	tp_spin_unlock(&pcp);
	assert_int_equal(tp_lockrank_depth(), 0);
}

static void take_zone_under_pcp(void *arg)
{
	(void)arg;
	tp_spin_lock(&pcp);
	tp_spin_lock(&zone1);
}

static void lower_rank_panics_with_both_ranks(void **state)
{
	(void)state;
	expect_panic(take_zone_under_pcp, NULL,
		     "taking ZONE (rank 80.1) while holding PCP (rank 90.3)");
}

static void take_zone1_under_zone2(void *arg)
{
	(void)arg;
	tp_spin_lock(&zone2);
	tp_spin_lock(&zone1);
}

static void lower_subrank_panics(void **state)
{
	(void)state;
	expect_panic(take_zone1_under_zone2, NULL, "while holding ZONE (rank 80.2)");
}

static void take_twice(void *arg)
{
	(void)arg;
	tp_mutex_lock(&hotplug);
	tp_mutex_lock(&hotplug);
}

static void same_lock_twice_panics_instead_of_hanging(void **state)
{
	(void)state;
	expect_panic(take_twice, NULL, "taking HOTPLUG (rank 20.0) while holding HOTPLUG");
}

static void trylock_may_go_against_the_order(void **state)
{
	(void)state;
	tp_spin_lock(&pcp);
	assert_true(tp_spin_trylock(&zone1));
	assert_true(tp_lockrank_held(&zone1));
	tp_spin_unlock(&zone1);
	tp_spin_unlock(&pcp);
}

/* The newest lock is zone1, but pcp still stands above zone2. */
static void take_below_older_lock(void *arg)
{
	(void)arg;
	tp_spin_lock(&pcp);
	tp_spin_trylock(&zone1);
	tp_spin_lock(&zone2);
}

static void every_held_lock_counts_not_the_newest(void **state)
{
	(void)state;
	expect_panic(take_below_older_lock, NULL, "while holding PCP");
}

static void take_after_trylock(void *arg)
{
	(void)arg;
	tp_spin_trylock(&zone2);
	tp_spin_lock(&zone1);
}

static void trylocked_lock_is_recorded(void **state)
{
	(void)state;
	expect_panic(take_after_trylock, NULL, "while holding ZONE (rank 80.2)");
}

static void failed_trylock_is_not_recorded(void **state)
{
	(void)state;
	tp_spin_lock(&zone1);
	assert_false(tp_spin_trylock(&zone1));
	assert_int_equal(tp_lockrank_depth(), 1);
	tp_spin_unlock(&zone1);
}

static void unlock_free_lock(void *arg)
{
	(void)arg;
	tp_spin_unlock(&zone1);
}

static void unlocking_what_is_not_held_panics(void **state)
{
	(void)state;
	expect_panic(unlock_free_lock, NULL, "does not hold");
}

static void lock_zeroed(void *arg)
{
	struct tp_mutex zeroed = { 0 };

	(void)arg;
	tp_mutex_lock(&zeroed);
}

static void lock_without_rank_panics(void **state)
{
	(void)state;
	expect_panic(lock_zeroed, NULL, "TP_RANK_NONE");
}

static void take_seventeen(void *arg)
{
	struct tp_spinlock locks[17];

	(void)arg;
	for (uint32_t i = 0; i < 17; i++) {
		tp_spinlock_init(&locks[i], TP_RANK_ZONE, i);
		tp_spin_lock(&locks[i]);
	}
}

static void too_many_locks_panic(void **state)
{
	(void)state;
	expect_panic(take_seventeen, NULL, "HELD_MAX");
}

static void sleep_under_spinlock(void *arg)
{
	(void)arg;
	tp_spin_lock(&pcp);
	tp_sleep_ns(0);
}

static void sleeping_under_a_spinlock_panics(void **state)
{
	(void)state;
	expect_panic(sleep_under_spinlock, NULL, "sleep while holding spinlock PCP (rank 90.3)");
}

static void sleeping_under_a_mutex_is_allowed(void **state)
{
	(void)state;
	tp_mutex_lock(&hotplug);
	tp_spin_lock(&pcp);
	tp_spin_unlock(&pcp);
	tp_lockrank_may_sleep();
	tp_mutex_unlock(&hotplug);
}

static void lock_mutex_under_spinlock(void *arg)
{
	struct tp_mutex core = TP_MUTEX_INIT(TP_RANK_CORE, 0);

	(void)arg;
	tp_spin_lock(&pcp);
	tp_mutex_lock(&core);
}

static void free_mutex_under_a_spinlock_panics_too(void **state)
{
	(void)state;
	expect_panic(lock_mutex_under_spinlock, NULL, "sleep while holding spinlock PCP");
}

static void take_hotplug(void *arg)
{
	(void)arg;
	tp_mutex_lock(&hotplug);
}

static void expect_lock_of_other_thread(void *arg)
{
	struct tp_thread thread;

	(void)arg;
	tp_thread_start(&thread, "taker", take_hotplug, NULL);
	tp_thread_join(&thread);
	tp_mutex_assert_held(&hotplug);
}

static void lock_of_another_thread_is_not_held_here(void **state)
{
	(void)state;
	expect_panic(expect_lock_of_other_thread, NULL, "invariant broken");
}

static void assert_held_accepts_the_holder(void **state)
{
	(void)state;
	tp_mutex_lock(&hotplug);
	tp_spin_lock(&zone1);
	tp_mutex_assert_held(&hotplug);
	tp_spin_assert_held(&zone1);
	tp_spin_unlock(&zone1);
	tp_mutex_unlock(&hotplug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rising_order_is_accepted),
		cmocka_unit_test(unlock_order_is_free),
		cmocka_unit_test(lower_rank_panics_with_both_ranks),
		cmocka_unit_test(lower_subrank_panics),
		cmocka_unit_test(same_lock_twice_panics_instead_of_hanging),
		cmocka_unit_test(trylock_may_go_against_the_order),
		cmocka_unit_test(every_held_lock_counts_not_the_newest),
		cmocka_unit_test(trylocked_lock_is_recorded),
		cmocka_unit_test(failed_trylock_is_not_recorded),
		cmocka_unit_test(unlocking_what_is_not_held_panics),
		cmocka_unit_test(lock_without_rank_panics),
		cmocka_unit_test(too_many_locks_panic),
		cmocka_unit_test(sleeping_under_a_spinlock_panics),
		cmocka_unit_test(sleeping_under_a_mutex_is_allowed),
		cmocka_unit_test(free_mutex_under_a_spinlock_panics_too),
		cmocka_unit_test(lock_of_another_thread_is_not_held_here),
		cmocka_unit_test(assert_held_accepts_the_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
