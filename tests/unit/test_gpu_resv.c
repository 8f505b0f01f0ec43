/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_resv - users, holders and the work that keeps an object busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/clock.h"
#include "gpu/resv.h"
#include "gpu_timeline.h"
#include "panic.h"

static struct tp_resv resv;
static struct test_timeline rcs, bcs;

static int begin(void **state)
{
	(void)state;
	begin_timeline(&rcs, "rcs0", 0);
	begin_timeline(&bcs, "bcs0", 0);
	tp_resv_init(&resv);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_timeline_force(&rcs.timeline, tp_atomic_load(&rcs.timeline.last, TP_RELAXED));
	tp_timeline_force(&bcs.timeline, tp_atomic_load(&bcs.timeline.last, TP_RELAXED));
	tp_resv_fini(&resv);
	return 0;
}

/* ---- R1 -------------------------------------------------------------------------------------- */

static void many_use_it_and_nobody_holds_it_then(void **state)
{
	(void)state;
	assert_true(tp_resv_try_use(&resv));
	assert_true(tp_resv_try_use(&resv));
	assert_false(tp_resv_try_hold(&resv));
	tp_resv_unuse(&resv);
	assert_false(tp_resv_try_hold(&resv));
	tp_resv_unuse(&resv);
	assert_true(tp_resv_try_hold(&resv));
	tp_resv_unhold(&resv);
}

static void one_holds_it_and_nobody_else_has_it_then(void **state)
{
	(void)state;
	assert_true(tp_resv_try_hold(&resv));
	assert_false(tp_resv_try_hold(&resv));
	assert_false(tp_resv_try_use(&resv));
	assert_int_equal(tp_resv_hold(&resv, 0), -ETIME);
	tp_resv_unhold(&resv);
	assert_true(tp_resv_try_use(&resv));
	tp_resv_unuse(&resv);
	must(tp_resv_hold(&resv, 0));
	tp_resv_unhold(&resv);
}

static void a_hold_gives_up_in_time(void **state)
{
	uint64_t until = tp_clock_after(TP_MILLISECONDS(2));

	(void)state;
	assert_true(tp_resv_try_use(&resv));
	assert_int_equal(tp_resv_hold(&resv, until), -ETIME);
	assert_true(tp_clock_now() >= until);
	/* R4: who gave up is in nobody's way. */
	assert_true(tp_resv_try_use(&resv));
	tp_resv_unuse(&resv);
	tp_resv_unuse(&resv);
}

static void unhold_unheld(void *arg)
{
	tp_resv_unhold(arg);
}

static void unuse_unused(void *arg)
{
	tp_resv_unuse(arg);
}

static void add_unused(void *arg)
{
	struct tp_fence *fence = request(&rcs);

	tp_resv_add(arg, fence, false);
}

static void what_was_not_had_cannot_be_given_up(void **state)
{
	(void)state;
	expect_panic(unhold_unheld, &resv, "held");
	expect_panic(unuse_unused, &resv, "users");
	expect_panic(add_unused, &resv, "users");
}

/* ---- R3 -------------------------------------------------------------------------------------- */

/* A request that is in the reservation; the reference is the reservation's. */
static struct tp_fence *work(struct test_timeline *t, bool write)
{
	struct tp_fence *fence = request(t);

	assert_true(tp_resv_try_use(&resv));
	tp_resv_add(&resv, fence, write);
	tp_resv_unuse(&resv);
	tp_fence_put(fence);
	return fence;
}

static void work_keeps_it_busy_until_its_end(void **state)
{
	struct tp_fence *copy, *draw;

	(void)state;
	assert_true(tp_resv_is_idle(&resv));
	copy = work(&bcs, false);
	draw = work(&rcs, true);
	assert_true(tp_resv_try_hold(&resv)); /* it outlives its user */
	assert_false(tp_resv_is_idle(&resv));
	assert_int_equal(tp_resv_wait_idle(&resv, 0), -ETIME);
	finish(draw);
	assert_string_equal(tp_resv_busy_with(&resv), "bcs0");
	assert_int_equal(tp_resv_wait_idle(&resv, 0), -ETIME);
	finish(copy);
	assert_null(tp_resv_busy_with(&resv));
	must(tp_resv_wait_idle(&resv, 0));
	tp_resv_unhold(&resv);
}

static void the_last_of_each_timeline_stands_for_all(void **state)
{
	struct tp_fence *first, *last;

	(void)state;
	first = tp_fence_get(work(&rcs, true));
	last = tp_fence_get(work(&rcs, false));
	finish(first);
	assert_false(tp_resv_is_idle(&resv));
	finish(last);
	assert_true(tp_resv_is_idle(&resv));
	tp_fence_put(first);
	tp_fence_put(last);
}

/* Two threads take numbers in one order and tell the reservation in another. */
static void an_earlier_one_does_not_hide_a_later_one(void **state)
{
	struct tp_fence *first = request(&rcs), *last = request(&rcs);

	(void)state;
	assert_true(tp_resv_try_hold(&resv));
	tp_resv_add(&resv, last, true);
	tp_resv_add(&resv, first, true);
	finish(first);
	assert_false(tp_resv_is_idle(&resv));
	finish(last);
	assert_true(tp_resv_is_idle(&resv));
	tp_resv_unhold(&resv);
	tp_fence_put(first);
	tp_fence_put(last);
}

static void readers_wait_for_writers_and_writers_for_all(void **state)
{
	struct tp_fence *writer, *reader, *fences[TP_RESV_TIMELINES];

	(void)state;
	writer = work(&rcs, true);
	reader = work(&bcs, false);
	assert_true(tp_resv_try_use(&resv));
	assert_int_equal(tp_resv_depends(&resv, false, fences, TP_RESV_TIMELINES), 1);
	assert_ptr_equal(fences[0], writer);
	tp_fence_put(fences[0]);
	assert_int_equal(tp_resv_depends(&resv, true, fences, TP_RESV_TIMELINES), 2);
	tp_fence_put(fences[0]);
	tp_fence_put(fences[1]);
	/* There are more than there is room for. */
	assert_int_equal(tp_resv_depends(&resv, true, fences, 1), 2);
	tp_fence_put(fences[0]);
	finish(writer);
	assert_int_equal(tp_resv_depends(&resv, false, fences, TP_RESV_TIMELINES), 0);
	assert_int_equal(tp_resv_depends(&resv, true, fences, TP_RESV_TIMELINES), 1);
	assert_ptr_equal(fences[0], reader);
	tp_fence_put(fences[0]);
	tp_resv_unuse(&resv);
}

/* The writer of a slot that changes hands is through, and waited for by nobody. */
static void timelines_take_turns(void **state)
{
	struct test_timeline many[3 * TP_RESV_TIMELINES];
	struct tp_fence *fences[1];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(many); i++) {
		begin_timeline(&many[i], "many", i);
		finish(work(&many[i], i % 2));
	}
	assert_true(tp_resv_try_use(&resv));
	assert_int_equal(tp_resv_depends(&resv, true, fences, 1), 0);
	tp_resv_unuse(&resv);
	for (unsigned i = 0; i < TP_RESV_TIMELINES; i++)
		work(&many[i], true);
	assert_true(tp_resv_try_use(&resv));
	assert_int_equal(tp_resv_depends(&resv, false, fences, 0), TP_RESV_TIMELINES);
	tp_resv_unuse(&resv);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(many); i++)
		tp_timeline_force(&many[i].timeline, i + 2);
	/* Their timelines go before the reservation does: nothing of theirs may be looked at. */
	tp_resv_fini(&resv);
	tp_resv_init(&resv);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { USERS = 3, HOLDERS = 2, ROUNDS = 2000 };

static tp_atomic_u32 inside;
static uint64_t changed; /* by holders alone */

/* R2: lets go and waits for whoever holds it. */
static void use_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t seen;

		while (!tp_resv_try_use(&resv))
			tp_resv_wait_unheld(&resv);
		tp_atomic_add(&inside, 1, TP_ACQ_REL);
		seen = changed;
		TP_INVARIANT(seen == changed);
		tp_atomic_sub(&inside, 1, TP_ACQ_REL);
		tp_resv_unuse(&resv);
	}
}

static void hold_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS / 10; i++) {
		TP_INVARIANT(!tp_resv_hold(&resv, TP_WAIT_FOREVER));
		TP_INVARIANT(!tp_atomic_load(&inside, TP_ACQUIRE));
		changed++;
		tp_resv_unhold(&resv);
	}
}

/* R1 and R4: nobody starves, nobody meets another's change. */
static void threads_use_and_hold(void **state)
{
	struct tp_thread threads[USERS + HOLDERS];

	(void)state;
	changed = 0;
	for (unsigned i = 0; i < USERS + HOLDERS; i++)
		must(tp_thread_start(&threads[i], "worker", i < USERS ? use_often : hold_often,
				     NULL));
	for (unsigned i = 0; i < USERS + HOLDERS; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(changed, HOLDERS * (ROUNDS / 10));
}

static tp_atomic_u32 got_it;

static void hold_once(void *arg)
{
	TP_INVARIANT(!tp_resv_hold(arg, TP_WAIT_FOREVER));
	tp_atomic_store(&got_it, 1, TP_RELEASE);
	tp_resv_unhold(arg);
}

/* R4: users that come later wait. */
static void who_waits_to_hold_goes_first(void **state)
{
	struct tp_thread thread;

	(void)state;
	tp_atomic_store(&got_it, 0, TP_RELAXED);
	assert_true(tp_resv_try_use(&resv));
	must(tp_thread_start(&thread, "holder", hold_once, &resv));
	while (tp_resv_try_use(&resv)) { /* until he waits */
		tp_resv_unuse(&resv);
		tp_yield();
	}
	assert_int_equal(tp_atomic_load(&got_it, TP_ACQUIRE), 0);
	tp_resv_unuse(&resv);
	tp_resv_wait_unheld(&resv);
	assert_int_equal(tp_atomic_load(&got_it, TP_ACQUIRE), 1);
	tp_thread_join(&thread);
}

struct short_life {
	struct tp_resv resv;
	tp_atomic_u32 *held; /* of somebody who stays */
};

static void hold_and_leave(void *arg)
{
	struct short_life *life = arg;

	TP_INVARIANT(tp_resv_try_hold(&life->resv));
	tp_atomic_store(life->held, 1, TP_RELEASE);
	tp_yield();
	tp_resv_unhold(&life->resv);
}

/* R5: whoever has it last frees it, while the one before is perhaps still waking him. */
static void the_last_holder_may_free_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct short_life *life = test_malloc(sizeof(*life));
		struct tp_thread thread;
		tp_atomic_u32 held = { 0 };

		tp_resv_init(&life->resv);
		life->held = &held;
		must(tp_thread_start(&thread, "holder", hold_and_leave, life));
		while (!tp_atomic_load(&held, TP_ACQUIRE))
			tp_yield();
		must(tp_resv_hold(&life->resv, TP_WAIT_FOREVER));
		tp_resv_fini(&life->resv);
		test_free(life);
		tp_thread_join(&thread);
	}
}

#define RESV_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESV_TEST(many_use_it_and_nobody_holds_it_then),
		RESV_TEST(one_holds_it_and_nobody_else_has_it_then),
		RESV_TEST(a_hold_gives_up_in_time),
		RESV_TEST(what_was_not_had_cannot_be_given_up),
		RESV_TEST(work_keeps_it_busy_until_its_end),
		RESV_TEST(the_last_of_each_timeline_stands_for_all),
		RESV_TEST(an_earlier_one_does_not_hide_a_later_one),
		RESV_TEST(readers_wait_for_writers_and_writers_for_all),
		RESV_TEST(timelines_take_turns),
		RESV_TEST(threads_use_and_hold),
		RESV_TEST(who_waits_to_hold_goes_first),
		RESV_TEST(the_last_holder_may_free_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
