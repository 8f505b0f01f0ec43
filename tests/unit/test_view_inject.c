/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_inject - errors set from outside make callbacks refuse, and nothing is left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_snapshot.h"
#include "view_machine.h"

#define INJECT		 "sys/kernel/debug/notifier-error-inject/"
#define ON_MEMORY(event) INJECT "memory/actions/MEM_" event "/error"
#define ON_NODE(event)	 INJECT "node/actions/NODE_" event "/error"

static const struct {
	const char *file;
	bool offline; /* it refuses going, not coming */
} points[] = {
	{ ON_MEMORY("PREPARE_ONLINE"), false },	  { ON_MEMORY("GOING_ONLINE"), false },
	{ ON_NODE("BECOMING_MEM_AWARE"), false }, { ON_MEMORY("GOING_OFFLINE"), true },
	{ ON_NODE("BECOMING_MEMORYLESS"), true },
};

static unsigned block; /* the one block of node 1 */

static int setup_block(void **state)
{
	setup_view(state);
	block = first_block(plug(*state, 1, 1, TP_ONLINE_NONE));
	return 0;
}

#define INJECT_TEST(test) cmocka_unit_test_setup_teardown(test, setup_block, teardown_view)

static const char *verb_of(unsigned point)
{
	return points[point].offline ? "offline" : "online_movable";
}

static const char *opposite_of(unsigned point)
{
	return points[point].offline ? "online_movable" : "offline";
}

/* ---- refusing -------------------------------------------------------------------------------- */

static void every_point_refuses_with_its_error_and_leaves_no_trace(void **state)
{
	static struct snapshot before;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(points); i++) {
		if (points[i].offline)
			expect_store(of_block(block, "state"), "online_movable", 0);
		take_snapshot(*state, &before);
		expect_store(points[i].file, "-28", 0);
		expect_store(of_block(block, "state"), verb_of(i), -ENOSPC);
		expect_same(*state, &before);
		expect_store(points[i].file, "0", 0);
		expect_store(of_block(block, "state"), verb_of(i), 0);
		if (!points[i].offline)
			expect_store(of_block(block, "state"), opposite_of(i), 0);
		else
			assert_int_equal(block_state(*state, block), TP_BLOCK_OFFLINE);
	}
}

static void a_refusal_is_no_matter_of_the_other_direction(void **state)
{
	(void)state;
	expect_store(ON_MEMORY("GOING_OFFLINE"), "-16", 0);
	expect_store(ON_NODE("BECOMING_MEMORYLESS"), "-16", 0);
	expect_store(of_block(block, "state"), "online_movable", 0);
	expect_store(ON_MEMORY("GOING_OFFLINE"), "0", 0);
	expect_store(ON_NODE("BECOMING_MEMORYLESS"), "0", 0);
	expect_store(ON_MEMORY("GOING_ONLINE"), "-16", 0);
	expect_store(ON_MEMORY("PREPARE_ONLINE"), "-16", 0);
	expect_store(ON_NODE("BECOMING_MEM_AWARE"), "-16", 0);
	expect_store(of_block(block, "state"), "offline", 0);
}

static void who_refused_is_in_the_report(void **state)
{
	(void)state;
	expect_store(of_block(block, "state"), "online_movable", 0);
	expect_store(ON_MEMORY("GOING_OFFLINE"), "-16", 0);
	expect_store(of_block(block, "state"), "offline", -EBUSY);
	assert_non_null(strstr(shown("tidepool/last_offline"), "notifier-error-inject"));
}

static void a_device_cannot_be_plugged_online_meanwhile(void **state)
{
	const struct tp_device_config config = blocks_on(2, 1, TP_ONLINE_MOVABLE);
	static struct snapshot before;
	struct tp_device *d;

	take_snapshot(*state, &before);
	expect_store(ON_NODE("BECOMING_MEM_AWARE"), "-5", 0);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EIO);
	expect_same(*state, &before);
}

static void online_gives_the_error_on_as_state_does(void **state)
{
	(void)state;
	expect_store(ON_MEMORY("GOING_ONLINE"), "-22", 0);
	expect_store(of_block(block, "online"), "1", -EINVAL);
	expect_shown(of_block(block, "online"), "0\n");
}

/* Linux hands on what the callback said; EINTR is for who was interrupted. */
static void an_injected_cancel_is_no_interrupt(void **state)
{
	(void)state;
	expect_store(ON_MEMORY("GOING_ONLINE"), "-125", 0);
	expect_store(of_block(block, "state"), "online", -ECANCELED);
}

static void an_error_without_a_name_is_handed_on(void **state)
{
	(void)state;
	expect_store(ON_MEMORY("GOING_ONLINE"), "-4095", 0);
	expect_store(of_block(block, "state"), "online", -4095);
}

/* ---- the files ------------------------------------------------------------------------------- */

static void expect_kept(const char *written, const char *shows)
{
	expect_store(ON_MEMORY("GOING_OFFLINE"), written, 0);
	expect_shown(ON_MEMORY("GOING_OFFLINE"), shows);
}

static void values_are_clamped_to_what_an_errno_can_be(void **state)
{
	(void)state;
	expect_kept("-16", "-16\n");
	expect_kept("3", "0\n");
	expect_kept("-99999", "-4095\n");
	expect_kept("-4095\n", "-4095\n");
	expect_kept("-4096", "-4095\n");
	expect_kept("-9223372036854775808", "-4095\n");
	expect_kept("9223372036854775807", "0\n");
	expect_kept("-0x10", "-16\n");
	expect_kept("-010", "-8\n");
	expect_kept("-0", "0\n");
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const junk[] = { "",	   "\n",   "-",	  "--5", "- 5",	    "EBUSY", " -5",
					    "-5 ", "\t-5", "-5x", "0x",	 "-16 -12", "-5\n\n" };

	(void)state;
	expect_kept("-16", "-16\n");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(junk); i++) {
		if (store(ON_MEMORY("GOING_OFFLINE"), junk[i]) != -EINVAL)
			fail_msg("'%s' was accepted", junk[i]);
	}
	expect_shown(ON_MEMORY("GOING_OFFLINE"), "-16\n");
}

static void what_is_too_large_a_number_is_out_of_range(void **state)
{
	(void)state;
	expect_store(ON_MEMORY("GOING_OFFLINE"), "-9223372036854775809", -ERANGE);
	expect_store(ON_MEMORY("GOING_OFFLINE"), "9223372036854775808", -ERANGE);
	expect_shown(ON_MEMORY("GOING_OFFLINE"), "0\n");
}

static void every_point_has_a_value_of_its_own(void **state)
{
	char value[16];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(points); i++) {
		snprintf(value, sizeof(value), "-%u", i + 1);
		expect_store(points[i].file, value, 0);
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(points); i++) {
		snprintf(value, sizeof(value), "-%u\n", i + 1);
		expect_shown(points[i].file, value);
	}
}

static void a_view_that_goes_takes_its_errors_along(void **state)
{
	expect_store(ON_MEMORY("GOING_ONLINE"), "-16", 0);
	tp_view_destroy(view);
	must(tp_blocks_online(*state, block, 1, TP_ONLINE_MOVABLE));
	must(tp_view_create(&(struct tp_view_config){ .machine = *state }, &view));
	expect_shown(ON_MEMORY("GOING_ONLINE"), "0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INJECT_TEST(every_point_refuses_with_its_error_and_leaves_no_trace),
		INJECT_TEST(a_refusal_is_no_matter_of_the_other_direction),
		INJECT_TEST(who_refused_is_in_the_report),
		INJECT_TEST(a_device_cannot_be_plugged_online_meanwhile),
		INJECT_TEST(online_gives_the_error_on_as_state_does),
		INJECT_TEST(an_injected_cancel_is_no_interrupt),
		INJECT_TEST(an_error_without_a_name_is_handed_on),
		INJECT_TEST(values_are_clamped_to_what_an_errno_can_be),
		INJECT_TEST(what_is_no_number_is_refused),
		INJECT_TEST(what_is_too_large_a_number_is_out_of_range),
		INJECT_TEST(every_point_has_a_value_of_its_own),
		INJECT_TEST(a_view_that_goes_takes_its_errors_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
