/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_core_error - what failed is remembered per thread and told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/sync.h"
#include "panic.h"

static const char *last_text(void)
{
	static char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	return text;
}

static void set_returns_the_errno(void **state)
{
	(void)state;
	assert_int_equal(TP_ERR(-EBUSY, "block"), -EBUSY);
	assert_int_equal(tp_last_error()->err, -EBUSY);
}

static void no_arguments_are_fine(void **state)
{
	(void)state;
	TP_ERR(-EBUSY, "plain words");
	assert_string_equal(last_text(), "plain words: Device or resource busy");
}

static void integers_of_any_type_are_arguments(void **state)
{
	unsigned char byte = 7;
	int64_t negative = -5;
	int node = -1;

	(void)state;
	TP_ERR(-EINVAL, "%u %d %d %x", byte, negative, node, UINT64_MAX);
	assert_string_equal(last_text(), "7 -5 -1 0xffffffffffffffff: Invalid argument");
}

static void largest_decimal_fits(void **state)
{
	(void)state;
	TP_ERR(-EINVAL, "%u %d", UINT64_MAX, INT64_MIN);
	assert_string_equal(last_text(),
			    "18446744073709551615 -9223372036854775808: Invalid argument");
}

static void text_stands_between_arguments(void **state)
{
	(void)state;
	TP_ERR_TEXT(-ENODEV, "dimm0", "block %u of %s at %x", 3, 0x1000);
	assert_string_equal(last_text(), "block 3 of dimm0 at 0x1000: No such device");
}

static void long_text_is_cut(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	TP_ERR_TEXT(-ENODEV, name, "%s");
	assert_int_equal(strlen(tp_last_error()->text), TP_ERROR_TEXT - 1);
}

static void text_is_a_copy(void **state)
{
	char name[] = "before";

	(void)state;
	TP_ERR_TEXT(-ENODEV, name, "%s");
	name[0] = 'B';
	assert_string_equal(tp_last_error()->text, "before");
}

static void old_arguments_do_not_shine_through(void **state)
{
	(void)state;
	TP_ERR_TEXT(-EINVAL, "old", "%u %u %s", 1, 2);
	TP_ERR(-EINVAL, "%u %u[%s]", 9);
	assert_string_equal(last_text(), "9 0[]: Invalid argument");
}

static void unknown_conversions_stay_as_they_are(void **state)
{
	(void)state;
	TP_ERR(-EINVAL, "50%% %q %u %", 1);
	assert_string_equal(last_text(), "50%% %q 1 %: Invalid argument");
}

static void more_conversions_than_arguments_read_zero(void **state)
{
	(void)state;
	TP_ERR(-EINVAL, "%u %u %u %u %u", 1, 2, 3, 4);
	assert_string_equal(last_text(), "1 2 3 4 0: Invalid argument");
}

static void unknown_errno_is_a_number(void **state)
{
	(void)state;
	TP_ERR(-4000, "odd");
	assert_string_equal(last_text(), "odd: error -4000");
}

static void site_is_file_and_line(void **state)
{
	(void)state;
	TP_ERR(-EINVAL, "here");
	assert_non_null(strstr(tp_last_error()->site, "test_core_error.c:"));
}

static void short_buffer_gets_the_beginning(void **state)
{
	char small[6];
	size_t length;

	(void)state;
	TP_ERR(-EBUSY, "plain words");
	length = tp_error_format(tp_last_error(), small, sizeof(small));
	assert_string_equal(small, "plain");
	assert_int_equal(length, strlen("plain words: Device or resource busy"));
}

static void exact_buffer_is_enough(void **state)
{
	const char *whole = "w: Device or resource busy";
	char exact[27];

	(void)state;
	TP_ERR(-EBUSY, "w");
	assert_int_equal(tp_error_format(tp_last_error(), exact, sizeof(exact)), sizeof(exact) - 1);
	assert_string_equal(exact, whole);
}

static void no_buffer_tells_the_length(void **state)
{
	(void)state;
	TP_ERR(-EBUSY, "w");
	assert_int_equal(tp_error_format(tp_last_error(), NULL, 0), 26);
}

static void fail_in_thread(void *arg)
{
	*(int *)arg = tp_last_error()->err;
	TP_ERR(-EPERM, "in the other thread");
}

static void threads_have_errors_of_their_own(void **state)
{
	struct tp_thread thread;
	int before = -1;

	(void)state;
	TP_ERR(-EBUSY, "in this thread");
	assert_int_equal(tp_thread_start(&thread, "failing", fail_in_thread, &before), 0);
	tp_thread_join(&thread);
	assert_int_equal(before, 0);
	assert_int_equal(tp_last_error()->err, -EBUSY);
}

static void no_failure_yet_says_so(void **state)
{
	const struct tp_error none = { 0 };
	char text[16];

	(void)state;
	tp_error_format(&none, text, sizeof(text));
	assert_string_equal(text, "no error");
}

static void set_positive(void *arg)
{
	(void)arg;
	TP_ERR(EBUSY, "sign forgotten");
}

static void positive_errno_panics(void **state)
{
	(void)state;
	expect_panic(set_positive, NULL, "err < 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_the_errno),
		cmocka_unit_test(no_arguments_are_fine),
		cmocka_unit_test(integers_of_any_type_are_arguments),
		cmocka_unit_test(largest_decimal_fits),
		cmocka_unit_test(text_stands_between_arguments),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(text_is_a_copy),
		cmocka_unit_test(old_arguments_do_not_shine_through),
		cmocka_unit_test(unknown_conversions_stay_as_they_are),
		cmocka_unit_test(more_conversions_than_arguments_read_zero),
		cmocka_unit_test(unknown_errno_is_a_number),
		cmocka_unit_test(site_is_file_and_line),
		cmocka_unit_test(short_buffer_gets_the_beginning),
		cmocka_unit_test(exact_buffer_is_enough),
		cmocka_unit_test(no_buffer_tells_the_length),
		cmocka_unit_test(threads_have_errors_of_their_own),
		cmocka_unit_test(no_failure_yet_says_so),
		cmocka_unit_test(positive_errno_panics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
