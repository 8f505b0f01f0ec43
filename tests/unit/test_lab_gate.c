/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_gate - many may be inside, or it is closed; never both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/types.h>

#include "core/clock.h"
#include "core/compiler.h"
#include "lab/gate.h"

static struct tp_gate gate;

static int set_up(void **state)
{
	(void)state;
	gate = (struct tp_gate){ .inside = 0 };
	tp_gate_init(&gate);
	return 0;
}

#define GATE_TEST(test) cmocka_unit_test_setup(test, set_up)

static void any_number_may_be_inside(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		tp_gate_enter(&gate);
	for (unsigned i = 0; i < 100; i++) {
		assert_false(tp_gate_try_close(&gate));
		tp_gate_leave(&gate);
	}
	assert_true(tp_gate_try_close(&gate));
}

static void a_closed_gate_is_not_closed_again(void **state)
{
	(void)state;
	assert_true(tp_gate_try_close(&gate));
	assert_false(tp_gate_try_close(&gate));
	tp_gate_open(&gate);
	assert_true(tp_gate_try_close(&gate));
}

static void a_close_that_failed_keeps_nobody_out(void **state)
{
	(void)state;
	tp_gate_enter(&gate);
	assert_false(tp_gate_try_close(&gate));
	tp_gate_enter(&gate);
	tp_gate_leave(&gate);
	tp_gate_leave(&gate);
	assert_true(tp_gate_try_close(&gate));
}

/* ---- threads --------------------------------------------------------------------------------- */

struct visitor {
	struct tp_thread thread;
	tp_atomic_u32 inside;
};

static void visit(void *arg)
{
	struct visitor *v = arg;

	tp_gate_enter(&gate);
	tp_atomic_store(&v->inside, 1, TP_RELEASE);
	tp_gate_leave(&gate);
}

static void who_comes_to_a_closed_gate_waits_until_it_opens(void **state)
{
	struct visitor visitors[8];

	(void)state;
	assert_true(tp_gate_try_close(&gate));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(visitors); i++) {
		visitors[i] = (struct visitor){ .inside = { 0 } };
		assert_int_equal(
			tp_thread_start(&visitors[i].thread, "visitor", visit, &visitors[i]), 0);
	}
	tp_sleep_ns(TP_MILLISECONDS(50));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(visitors); i++)
		assert_int_equal(tp_atomic_load(&visitors[i].inside, TP_ACQUIRE), 0);
	tp_gate_open(&gate);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(visitors); i++) {
		tp_thread_join(&visitors[i].thread);
		assert_int_equal(tp_atomic_load(&visitors[i].inside, TP_ACQUIRE), 1);
	}
	assert_true(tp_gate_try_close(&gate));
}

enum { WORKERS = 4, VISITS = 20000, CLOSED = 10 };

static tp_atomic_u32 working, together, closed, stop;

/* For as long as it takes until the gate was closed some times meanwhile. */
static void work(tp_unused void *arg)
{
	for (unsigned i = 0; i < VISITS || tp_atomic_load(&closed, TP_RELAXED) < CLOSED; i++) {
		tp_gate_enter(&gate);
		tp_atomic_add(&working, 1, TP_RELAXED);
		tp_atomic_sub(&working, 1, TP_RELAXED);
		tp_gate_leave(&gate);
	}
}

/* Closed: nobody is inside, and nobody comes in meanwhile. */
static void check(tp_unused void *arg)
{
	while (!tp_atomic_load(&stop, TP_ACQUIRE)) {
		if (!tp_gate_try_close(&gate))
			continue;
		for (unsigned i = 0; i < 100; i++)
			tp_atomic_add(&together, tp_atomic_load(&working, TP_RELAXED), TP_RELAXED);
		tp_atomic_add(&closed, 1, TP_RELAXED);
		tp_gate_open(&gate);
	}
}

static void work_and_checks_never_meet(void **state)
{
	struct tp_thread workers[WORKERS], checkers[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tp_thread_start(&checkers[i], "check", check, NULL), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(tp_thread_start(&workers[i], "work", work, NULL), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		tp_thread_join(&workers[i]);
	tp_atomic_store(&stop, 1, TP_RELEASE);
	for (unsigned i = 0; i < 2; i++)
		tp_thread_join(&checkers[i]);
	assert_int_equal(tp_atomic_load(&together, TP_RELAXED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_TEST(any_number_may_be_inside),
		GATE_TEST(a_closed_gate_is_not_closed_again),
		GATE_TEST(a_close_that_failed_keeps_nobody_out),
		GATE_TEST(who_comes_to_a_closed_gate_waits_until_it_opens),
		GATE_TEST(work_and_checks_never_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
