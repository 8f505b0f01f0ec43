/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_core_trace_slot - a writer that stalls for a whole turn of the ring.
 *
 * No test can make a thread stall at the right place from outside, so this one takes the steps of
 * a writer apart.  The file under test is included, not linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/trace.c"

static struct slot slot;
static struct tp_trace_event event;

static const uint64_t old = 7, new = 7 + TP_TRACE_EVENTS, newest = 7 + 2 * TP_TRACE_EVENTS;

static int clear(void **state)
{
	(void)state;
	slot = (struct slot){ 0 };
	return 0;
}

static void unfinished_event_is_waited_for(void **state)
{
	(void)state;
	assert_int_equal(read_slot(&slot, old, &event), NOT_YET);
	assert_true(claim(&slot, old));
	assert_int_equal(read_slot(&slot, old, &event), NOT_YET);
	publish(&slot);
	assert_int_equal(read_slot(&slot, old, &event), COPIED);
}

/* Q1 */
static void newer_event_gives_up_while_the_older_is_written(void **state)
{
	(void)state;
	assert_true(claim(&slot, old));
	assert_false(claim(&slot, new));
	assert_int_equal(read_slot(&slot, old, &event), GONE);
	assert_int_equal(read_slot(&slot, new, &event), GONE);
}

/* Q1 */
static void slot_stays_closed_until_the_stalled_writer_left(void **state)
{
	(void)state;
	assert_true(claim(&slot, old));
	assert_false(claim(&slot, new));
	assert_false(claim(&slot, newest));
	publish(&slot);
	assert_int_equal(read_slot(&slot, newest, &event), GONE);
}

static void slot_is_used_again_after_a_stall(void **state)
{
	(void)state;
	assert_true(claim(&slot, old));
	assert_false(claim(&slot, new));
	publish(&slot);
	assert_true(claim(&slot, newest));
	publish(&slot);
	assert_int_equal(read_slot(&slot, newest, &event), COPIED);
}

/* Q2 */
static void late_writer_does_not_overwrite_a_newer_event(void **state)
{
	(void)state;
	assert_true(claim(&slot, new));
	publish(&slot);
	assert_false(claim(&slot, old));
	assert_int_equal(read_slot(&slot, new, &event), COPIED);
	assert_int_equal(read_slot(&slot, old, &event), GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unfinished_event_is_waited_for, clear),
		cmocka_unit_test_setup(newer_event_gives_up_while_the_older_is_written, clear),
		cmocka_unit_test_setup(slot_stays_closed_until_the_stalled_writer_left, clear),
		cmocka_unit_test_setup(slot_is_used_again_after_a_stall, clear),
		cmocka_unit_test_setup(late_writer_does_not_overwrite_a_newer_event, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
