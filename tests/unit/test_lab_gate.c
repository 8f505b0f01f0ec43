/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_gate - many inside, or a closed door; never both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/types.h>

#include "core/compiler.h"
#include "lab/gate.h"

static struct tp_gate gate;

static int set_up(tp_unused void **state)
{
	tp_gate_init(&gate);
	return 0;
}

static void many_may_be_inside_and_none_while_it_is_closed(tp_unused void **state)
{
	tp_gate_enter(&gate);
	tp_gate_enter(&gate);
	assert_false(tp_gate_try_close(&gate));
	tp_gate_leave(&gate);
	assert_false(tp_gate_try_close(&gate));
	tp_gate_leave(&gate);
	assert_true(tp_gate_try_close(&gate));
	tp_gate_open(&gate);
}

static void only_one_closes_it(tp_unused void **state)
{
	assert_true(tp_gate_try_close(&gate));
	assert_false(tp_gate_try_close(&gate));
	tp_gate_open(&gate);
	assert_true(tp_gate_try_close(&gate));
	tp_gate_open(&gate);
}

static void a_refused_close_closes_nothing(tp_unused void **state)
{
	tp_gate_enter(&gate);
	assert_false(tp_gate_try_close(&gate));
	tp_gate_enter(&gate); /* would wait for ever if it had */
	tp_gate_leave(&gate);
	tp_gate_leave(&gate);
}

/* ---- with threads ---------------------------------------------------------------------------- */

static struct {
	tp_atomic_u32 entered;
	tp_atomic_u32 over;
	tp_atomic_u32 inside, closed, clashes, closings;
} seen;

static void visit(tp_unused void *arg)
{
	tp_gate_enter(&gate);
	tp_atomic_add(&seen.entered, 1, TP_RELEASE);
	tp_gate_leave(&gate);
}

static void who_comes_while_it_is_closed_waits_until_it_opens(tp_unused void **state)
{
	struct tp_thread visitors[3];

	tp_atomic_store(&seen.entered, 0, TP_RELEASE);
	assert_true(tp_gate_try_close(&gate));
	for (size_t i = 0; i < TP_ARRAY_SIZE(visitors); i++)
		assert_int_equal(tp_thread_start(&visitors[i], "visitor", visit, NULL), 0);
	tp_sleep_ns(TP_MILLISECONDS(20));
	assert_int_equal(tp_atomic_load(&seen.entered, TP_ACQUIRE), 0);
	tp_gate_open(&gate);
	for (size_t i = 0; i < TP_ARRAY_SIZE(visitors); i++)
		tp_thread_join(&visitors[i]);
	assert_int_equal(tp_atomic_load(&seen.entered, TP_ACQUIRE), 3);
	assert_true(tp_gate_try_close(&gate));
}

static void come_and_go(tp_unused void *arg)
{
	while (!tp_atomic_load(&seen.over, TP_ACQUIRE)) {
		tp_gate_enter(&gate);
		tp_atomic_add(&seen.inside, 1, TP_SEQ_CST);
		if (tp_atomic_load(&seen.closed, TP_SEQ_CST))
			tp_atomic_add(&seen.clashes, 1, TP_RELAXED);
		tp_atomic_sub(&seen.inside, 1, TP_SEQ_CST);
		tp_gate_leave(&gate);
		tp_yield();
	}
}

static void close_and_look(void)
{
	if (!tp_gate_try_close(&gate))
		return;
	tp_atomic_store(&seen.closed, 1, TP_SEQ_CST);
	if (tp_atomic_load(&seen.inside, TP_SEQ_CST))
		tp_atomic_add(&seen.clashes, 1, TP_RELAXED);
	tp_atomic_add(&seen.closings, 1, TP_RELAXED);
	tp_atomic_store(&seen.closed, 0, TP_SEQ_CST);
	tp_gate_open(&gate);
}

static void never_both(tp_unused void **state)
{
	struct tp_thread visitors[2];

	for (size_t i = 0; i < TP_ARRAY_SIZE(visitors); i++)
		assert_int_equal(tp_thread_start(&visitors[i], "visitor", come_and_go, NULL), 0);
	while (tp_atomic_load(&seen.closings, TP_RELAXED) < 1000)
		close_and_look();
	tp_atomic_store(&seen.over, 1, TP_RELEASE);
	for (size_t i = 0; i < TP_ARRAY_SIZE(visitors); i++)
		tp_thread_join(&visitors[i]);
	assert_int_equal(tp_atomic_load(&seen.clashes, TP_RELAXED), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(many_may_be_inside_and_none_while_it_is_closed, set_up),
		cmocka_unit_test_setup(only_one_closes_it, set_up),
		cmocka_unit_test_setup(a_refused_close_closes_nothing, set_up),
		cmocka_unit_test_setup(who_comes_while_it_is_closed_waits_until_it_opens, set_up),
		cmocka_unit_test_setup(never_both, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
