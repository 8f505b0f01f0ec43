/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_fence - points on timelines: in order, once, with errors, and who waits for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include <tidepool/fault.h>

#include "core/clock.h"
#include "gpu_timeline.h"
#include "panic.h"

static struct test_timeline rcs;

static int begin(void **state)
{
	(void)state;
	begin_timeline(&rcs, "rcs0", 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	return 0;
}

static void requests_of_a_ring_end_in_order(void **state)
{
	struct tp_fence *first = request(&rcs), *second = request(&rcs);

	(void)state;
	assert_int_equal(first->seqno, 1);
	assert_int_equal(second->seqno, 2);
	assert_false(tp_fence_is_signaled(first));
	finish(first);
	assert_true(tp_fence_is_signaled(first));
	assert_false(tp_fence_is_signaled(second));
	finish(second);
	assert_true(tp_fence_is_signaled(second));
	tp_fence_put(first);
	tp_fence_put(second);
}

/* One slot write stands for all before it. */
static void a_later_number_signals_the_earlier(void **state)
{
	struct tp_fence *first = request(&rcs), *second = request(&rcs);

	(void)state;
	finish(second);
	assert_true(tp_fence_is_signaled(first));
	tp_fence_put(first);
	tp_fence_put(second);
}

/* The numbers go round 2^32 (T3 in small). */
static void numbers_wrap(void **state)
{
	struct tp_fence *fences[4];

	(void)state;
	begin_timeline(&rcs, "rcs0", UINT32_MAX - 1);
	for (unsigned i = 0; i < 4; i++)
		fences[i] = request(&rcs);
	assert_int_equal(fences[3]->seqno, 2);
	for (unsigned i = 0; i < 4; i++) {
		assert_false(tp_fence_is_signaled(fences[i]));
		finish(fences[i]);
		for (unsigned k = 0; k < 4; k++)
			assert_int_equal(tp_fence_is_signaled(fences[k]), k <= i);
	}
	for (unsigned i = 0; i < 4; i++)
		tp_fence_put(fences[i]);
}

/* E1: a reset that gives up on old requests does not take back newer ones. */
static void force_moves_forward_only(void **state)
{
	struct tp_fence *first = request(&rcs), *second = request(&rcs);

	(void)state;
	tp_timeline_force(&rcs.timeline, second->seqno);
	tp_timeline_force(&rcs.timeline, first->seqno);
	assert_true(tp_fence_is_signaled(first));
	assert_true(tp_fence_is_signaled(second));
	tp_fence_put(first);
	tp_fence_put(second);
}

static void an_error_is_said_before_the_end(void **state)
{
	struct tp_fence *good = request(&rcs), *bad = request(&rcs);

	(void)state;
	tp_fence_fail(bad, -ECANCELED);
	finish(bad);
	assert_int_equal(tp_fence_wait(bad, TP_WAIT_FOREVER), 0);
	assert_int_equal(tp_fence_error(bad), -ECANCELED);
	assert_int_equal(tp_fence_error(good), 0);
	tp_fence_put(good);
	tp_fence_put(bad);
}

static void fail_late(void *arg)
{
	tp_fence_fail(arg, -EIO);
}

static void an_error_after_the_end_stops_the_program(void **state)
{
	struct tp_fence *fence = request(&rcs);

	(void)state;
	finish(fence);
	expect_panic(fail_late, fence, "invariant broken");
	tp_fence_put(fence);
}

static void a_wait_ends_in_time(void **state)
{
	struct tp_fence *fence = request(&rcs);
	uint64_t until = tp_clock_after(TP_MILLISECONDS(2));

	(void)state;
	assert_int_equal(tp_fence_wait(fence, until), -ETIME);
	assert_true(tp_clock_now() >= until);
	assert_int_equal(tp_fence_wait(fence, 0), -ETIME);
	finish(fence);
	assert_int_equal(tp_fence_wait(fence, 0), 0);
	tp_fence_put(fence);
}

static void no_memory_gives_no_fence(void **state)
{
	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_null(tp_fence_create());
	tp_fence_put(NULL);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { WAITERS = 3, ROUNDS = 200 };

static struct tp_fence *rounds[ROUNDS];

static void wait_for_all(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++)
		TP_INVARIANT(!tp_fence_wait(rounds[i], TP_WAIT_FOREVER));
}

/* E3 */
static void everybody_who_waits_is_woken(void **state)
{
	struct tp_thread threads[WAITERS];

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++)
		rounds[i] = request(&rcs);
	for (unsigned i = 0; i < WAITERS; i++)
		must(tp_thread_start(&threads[i], "waiter", wait_for_all, NULL));
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 3)
			finish(rounds[i]);
		else
			tp_timeline_force(&rcs.timeline, rounds[i]->seqno);
		tp_yield();
	}
	for (unsigned i = 0; i < WAITERS; i++)
		tp_thread_join(&threads[i]);
	for (unsigned i = 0; i < ROUNDS; i++)
		tp_fence_put(rounds[i]);
}

#define FENCE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FENCE_TEST(requests_of_a_ring_end_in_order),
		FENCE_TEST(a_later_number_signals_the_earlier),
		FENCE_TEST(numbers_wrap),
		FENCE_TEST(force_moves_forward_only),
		FENCE_TEST(an_error_is_said_before_the_end),
		FENCE_TEST(an_error_after_the_end_stops_the_program),
		FENCE_TEST(a_wait_ends_in_time),
		FENCE_TEST(no_memory_gives_no_fence),
		FENCE_TEST(everybody_who_waits_is_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
