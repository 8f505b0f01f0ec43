/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_text - a text grows, remembers that it could not, and writes sets as Linux does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <tidepool/tidepool.h>

#include "view/text.h"

static struct tp_text text;

static int tear_down(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_text_fini(&text);
	return 0;
}

static void expect_list(uint64_t set, const char *list)
{
	tp_text_clear(&text);
	tp_text_add(&text, "|");
	tp_text_add_list(&text, set);
	assert_string_equal(text.bytes + 1, list);
}

static void expect_map(uint64_t set, unsigned bits, const char *map)
{
	tp_text_clear(&text);
	tp_text_add_map(&text, set, bits);
	assert_string_equal(text.bytes, map);
}

/* ---- growing --------------------------------------------------------------------------------- */

static void what_is_added_follows_what_was(void **state)
{
	(void)state;
	tp_text_add(&text, "%s-%d", "a", 1);
	tp_text_add(&text, "%c", 'b');
	assert_string_equal(text.bytes, "a-1b");
	assert_int_equal(text.length, 4);
}

static void a_text_grows_to_any_length_and_keeps_its_content(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		tp_text_add(&text, "%04u", i);
	assert_int_equal(text.length, 40000);
	assert_int_equal(strlen(text.bytes), 40000);
	assert_memory_equal(text.bytes + 4 * 1234, "12341235", 8);
}

static void one_piece_may_be_longer_than_all_before(void **state)
{
	static char piece[5000];

	(void)state;
	memset(piece, 'x', sizeof(piece) - 1);
	tp_text_add(&text, "a");
	tp_text_add(&text, "%s", piece);
	assert_int_equal(text.length, sizeof(piece));
	assert_int_equal(text.bytes[sizeof(piece) - 1], 'x');
}

static void a_cleared_text_is_empty_and_usable(void **state)
{
	(void)state;
	tp_text_add(&text, "old");
	tp_text_clear(&text);
	assert_int_equal(text.length, 0);
	tp_text_add(&text, "new");
	assert_string_equal(text.bytes, "new");
}

static void a_lack_of_memory_is_remembered_until_cleared(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("core/alloc", 1, 1), 0);
	tp_text_add(&text, "lost");
	tp_text_add(&text, "kept");
	assert_true(text.failed);
	tp_text_clear(&text);
	assert_false(text.failed);
}

static void a_lack_of_memory_while_growing_loses_nothing_before(void **state)
{
	char piece[600];

	(void)state;
	memset(piece, 'x', sizeof(piece) - 1);
	piece[sizeof(piece) - 1] = '\0';
	tp_text_add(&text, "before");
	assert_int_equal(tp_fault_arm("core/alloc", 1, 1), 0);
	tp_text_add(&text, "%s", piece);
	assert_true(text.failed);
	assert_int_equal(text.length, 6);
	assert_memory_equal(text.bytes, "before", 6);
}

/* ---- sets ------------------------------------------------------------------------------------ */

static void sets_are_written_as_ranges(void **state)
{
	(void)state;
	expect_list(0, "");
	expect_list(1, "0");
	expect_list(0x7, "0-2");
	expect_list(0x25, "0,2,5");
	expect_list(0x27, "0-2,5");
	expect_list(0x3, "0-1");
}

static void sets_reach_to_the_last_bit(void **state)
{
	(void)state;
	expect_list(UINT64_C(1) << 63, "63");
	expect_list(UINT64_C(3) << 62, "62-63");
	expect_list(UINT64_MAX, "0-63");
	expect_list(UINT64_MAX << 1, "1-63");
	expect_list(UINT64_C(0x8000000000000001), "0,63");
}

static void maps_are_as_wide_as_their_bits(void **state)
{
	(void)state;
	expect_map(1, 1, "1");
	expect_map(1, 4, "1");
	expect_map(1, 5, "01");
	expect_map(0xf, 8, "0f");
	expect_map(0x80000000, 32, "80000000");
}

static void maps_of_over_32_bits_have_two_words(void **state)
{
	(void)state;
	expect_map(UINT64_C(1) << 32, 33, "1,00000000");
	expect_map(UINT64_C(0x1f00000001), 40, "1f,00000001");
	expect_map(UINT64_MAX, 64, "ffffffff,ffffffff");
}

#define TEXT_TEST(test) cmocka_unit_test_teardown(test, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEXT_TEST(what_is_added_follows_what_was),
		TEXT_TEST(a_text_grows_to_any_length_and_keeps_its_content),
		TEXT_TEST(one_piece_may_be_longer_than_all_before),
		TEXT_TEST(a_cleared_text_is_empty_and_usable),
		TEXT_TEST(a_lack_of_memory_is_remembered_until_cleared),
		TEXT_TEST(a_lack_of_memory_while_growing_loses_nothing_before),
		TEXT_TEST(sets_are_written_as_ranges),
		TEXT_TEST(sets_reach_to_the_last_bit),
		TEXT_TEST(maps_are_as_wide_as_their_bits),
		TEXT_TEST(maps_of_over_32_bits_have_two_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
