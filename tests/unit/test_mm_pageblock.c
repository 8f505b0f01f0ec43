/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_pageblock - the bit tricks against a model that looks at every page by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/rng.h"
#include "mm/pageblock.h"
#include "panic.h"

enum { PAGES = TP_PAGEBLOCK_PAGES, ROUNDS = 400 };

static bool model_free(const struct tp_pb_bitmap *bitmap, unsigned index, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++)
		if (!(bitmap->word[(index + i) / 64] >> ((index + i) % 64) & 1))
			return false;
	return true;
}

static int model_find(const struct tp_pb_bitmap *bitmap, unsigned order)
{
	for (unsigned i = 0; i < PAGES; i += 1u << order)
		if (model_free(bitmap, i, order))
			return (int)i;
	return -1;
}

static int model_max_order(const struct tp_pb_bitmap *bitmap)
{
	int order = TP_PAGEBLOCK_ORDER;

	while (order >= 0 && model_find(bitmap, (unsigned)order) < 0)
		order--;
	return order;
}

static unsigned model_run_order(const struct tp_pb_bitmap *bitmap, unsigned index)
{
	unsigned order = 0;

	while (order < TP_PAGEBLOCK_ORDER &&
	       model_free(bitmap, index & ~((2u << order) - 1), order + 1))
		order++;
	return order;
}

static void flip_run(struct tp_pb_bitmap *bitmap, unsigned index, unsigned order, bool free)
{
	for (unsigned i = index; i < index + (1u << order); i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);

		bitmap->word[i / 64] =
			free ? bitmap->word[i / 64] | bit : bitmap->word[i / 64] & ~bit;
	}
}

/* Runs of all orders set and cleared on top of each other; some end up full, some empty. */
static void random_bitmap(struct tp_pb_bitmap *bitmap, struct tp_rng *rng)
{
	unsigned runs = (unsigned)tp_rng_below(rng, 24);
	uint64_t taken_percent = tp_rng_below(rng, 101);

	*bitmap = (struct tp_pb_bitmap){ { 0 } };
	if (tp_rng_below(rng, 2))
		flip_run(bitmap, 0, TP_PAGEBLOCK_ORDER, true);
	while (runs--) {
		unsigned order = (unsigned)tp_rng_below(rng, TP_PAGEBLOCK_ORDER + 1);
		unsigned slots = PAGES >> order;

		flip_run(bitmap, (unsigned)tp_rng_below(rng, slots) << order, order,
			 tp_rng_below(rng, 100) >= taken_percent);
	}
}

static void for_random_bitmaps(void (*check)(struct tp_pb_bitmap *bitmap))
{
	struct tp_pb_bitmap bitmap;
	struct tp_rng rng;

	tp_rng_init(&rng, 1);
	for (int i = 0; i < ROUNDS; i++) {
		random_bitmap(&bitmap, &rng);
		check(&bitmap);
	}
}

static void check_find(struct tp_pb_bitmap *bitmap)
{
	for (unsigned order = 0; order <= TP_PAGEBLOCK_ORDER; order++)
		assert_int_equal(tp_pb_find(bitmap, order), model_find(bitmap, order));
}

static void find_gives_the_lowest_run_of_every_order(void **state)
{
	(void)state;
	for_random_bitmaps(check_find);
}

static void check_max_order(struct tp_pb_bitmap *bitmap)
{
	assert_int_equal(tp_pb_max_order(bitmap), model_max_order(bitmap));
}

static void max_order_is_that_of_the_largest_run(void **state)
{
	(void)state;
	for_random_bitmaps(check_max_order);
}

static void check_run_order(struct tp_pb_bitmap *bitmap)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (model_free(bitmap, i, 0))
			assert_int_equal(tp_pb_run_order(bitmap, i), model_run_order(bitmap, i));
}

static void run_order_is_that_of_the_run_around_a_page(void **state)
{
	(void)state;
	for_random_bitmaps(check_run_order);
}

static void check_count_runs(struct tp_pb_bitmap *bitmap)
{
	uint64_t counts[TP_NR_ORDERS], expected[TP_NR_ORDERS];

	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		counts[o] = expected[o] = 7 * o;
	for (unsigned i = 0; i < PAGES;) {
		unsigned order = model_free(bitmap, i, 0) ? model_run_order(bitmap, i) : 0;

		expected[order] += model_free(bitmap, i, 0);
		i += 1u << order;
	}
	tp_pb_count_runs(bitmap, counts);
	assert_memory_equal(counts, expected, sizeof(counts));
}

static void count_runs_adds_maximal_runs_only(void **state)
{
	(void)state;
	for_random_bitmaps(check_count_runs);
}

static void check_take_bulk(struct tp_pb_bitmap *bitmap)
{
	uint32_t out[PAGES];
	unsigned want = PAGES / 3;

	for (;;) {
		struct tp_pb_bitmap before = *bitmap;
		unsigned got = tp_pb_take_bulk(bitmap, out, 1000, want);

		for (unsigned i = 0; i < got; i++) {
			assert_int_equal(out[i], 1000 + model_find(&before, 0));
			flip_run(&before, out[i] - 1000, 0, false);
		}
		assert_memory_equal(&before, bitmap, sizeof(before));
		if (got < want)
			break;
	}
	assert_int_equal(model_find(bitmap, 0), -1);
}

static void take_bulk_takes_the_lowest_pages_until_none_is_left(void **state)
{
	(void)state;
	for_random_bitmaps(check_take_bulk);
}

static void take_bulk_of_nothing_takes_nothing(void **state)
{
	struct tp_pb_bitmap bitmap = { { 5 } };
	uint32_t out;

	(void)state;
	assert_int_equal(tp_pb_take_bulk(&bitmap, &out, 0, 0), 0);
	assert_int_equal(bitmap.word[0], 5);
}

static void set_and_clear_touch_exactly_their_run(void **state)
{
	struct tp_pb_bitmap bitmap = { { 0 } }, expected = { { 0 } };

	(void)state;
	for (unsigned order = 0; order <= TP_PAGEBLOCK_ORDER; order++)
		for (unsigned i = 0; i < PAGES; i += 1u << order) {
			tp_pb_set_run(&bitmap, i, order);
			flip_run(&expected, i, order, true);
			assert_memory_equal(&bitmap, &expected, sizeof(bitmap));
			tp_pb_clear_run(&bitmap, i, order);
			flip_run(&expected, i, order, false);
			assert_memory_equal(&bitmap, &expected, sizeof(bitmap));
		}
}

static void test_bit_sees_each_page(void **state)
{
	struct tp_pb_bitmap bitmap = { { 0 } };

	(void)state;
	flip_run(&bitmap, PAGES - 1, 0, true);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(tp_pb_test(&bitmap, i), i == PAGES - 1);
}

static void set_a_run_with_one_page_free(void *arg)
{
	struct tp_pb_bitmap bitmap = { { 0 } };

	(void)arg;
	flip_run(&bitmap, PAGES - 1, 0, true);
	tp_pb_set_run(&bitmap, 0, TP_PAGEBLOCK_ORDER);
}

static void a_free_page_cannot_be_freed(void **state)
{
	(void)state;
	expect_panic(set_a_run_with_one_page_free, NULL, "invariant broken");
}

static void clear_a_run_with_one_page_used(void *arg)
{
	struct tp_pb_bitmap bitmap = { { 0 } };

	(void)arg;
	flip_run(&bitmap, 0, TP_PAGEBLOCK_ORDER, true);
	flip_run(&bitmap, PAGES - 1, 0, false);
	tp_pb_clear_run(&bitmap, 0, TP_PAGEBLOCK_ORDER);
}

static void a_used_page_cannot_be_taken(void **state)
{
	(void)state;
	expect_panic(clear_a_run_with_one_page_used, NULL, "invariant broken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(find_gives_the_lowest_run_of_every_order),
		cmocka_unit_test(max_order_is_that_of_the_largest_run),
		cmocka_unit_test(run_order_is_that_of_the_run_around_a_page),
		cmocka_unit_test(count_runs_adds_maximal_runs_only),
		cmocka_unit_test(take_bulk_takes_the_lowest_pages_until_none_is_left),
		cmocka_unit_test(take_bulk_of_nothing_takes_nothing),
		cmocka_unit_test(set_and_clear_touch_exactly_their_run),
		cmocka_unit_test(test_bit_sees_each_page),
		cmocka_unit_test(a_free_page_cannot_be_freed),
		cmocka_unit_test(a_used_page_cannot_be_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
