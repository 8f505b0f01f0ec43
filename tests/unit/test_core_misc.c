/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_core_misc - heap, clock, random numbers, lists, panics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/list.h"
#include "core/rng.h"
#include "core/stream.h"
#include "panic.h"

/* ---- runs of words --------------------------------------------------------------------------- */

enum { RUN = 1024, EDGE = 3 };

static tp_atomic_u64 words[EDGE + RUN + EDGE];

static void expect_run(unsigned at, size_t n, uint64_t first, uint64_t step, uint64_t bits)
{
	for (size_t i = 0; i < TP_ARRAY_SIZE(words); i++) {
		const uint64_t word = tp_atomic_load(&words[i], TP_RELAXED);

		if (i >= at && i < at + n)
			assert_int_equal(word, (first + (i - at) * step) | bits);
		else
			assert_int_equal(word, UINT64_MAX);
		tp_atomic_store(&words[i], UINT64_MAX, TP_RELAXED);
	}
}

/* Short ones and long ones, from and to wherever they lie, and nothing beside them. */
static void runs_of_words_are_written_whole(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 7, 383, 384, 385, 386, 504, 512, RUN };
	static unsigned char from[8 + RUN * 8];
	const uint64_t first = UINT64_C(0x1234567890), step = 4096, bits = 0x71;

	(void)state;
	memset(words, 0xff, sizeof(words));
	for (unsigned at = 0; at <= EDGE; at++) {
		for (size_t i = 0; i < TP_ARRAY_SIZE(lengths); i++) {
			const size_t n = lengths[i];

			tp_stream_fill(&words[at], first, step, bits, n);
			expect_run(at, n, first, step, bits);
			for (size_t k = 0; k < n; k++)
				memcpy(from + at + k * 8, &(uint64_t){ k * step + at }, 8);
			tp_stream_copy(&words[at], from + at, n);
			expect_run(at, n, at, step, 0);
		}
	}
}

/* ---- heap ------------------------------------------------------------------------------------ */

static bool all_zero(const void *p, size_t size)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static void memory_is_zeroed(void **state)
{
	unsigned char *p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		p = tp_zalloc(300);
		assert_true(all_zero(p, 300));
		memset(p, 0xff, 300);
		tp_free(p);
	}
}

static void aligned_memory_is_aligned_and_zeroed(void **state)
{
	static const size_t aligns[] = { 1, 2, 64, 4096 };
	void *p;

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(aligns); i++) {
		p = tp_zalloc_aligned(aligns[i], 100);
		assert_int_equal((uintptr_t)p % aligns[i], 0);
		assert_true(all_zero(p, 100));
		memset(p, 0xff, 100);
		tp_free(p);
	}
}

static void nothing_can_be_allocated(void **state)
{
	void *p = tp_zalloc(0), *q = tp_zalloc_aligned(64, 0);

	(void)state;
	assert_non_null(p);
	assert_non_null(q);
	tp_free(p);
	tp_free(q);
	tp_free(NULL);
}

static void array_size_that_overflows_is_refused(void **state)
{
	(void)state;
	assert_null(tp_zalloc_array(SIZE_MAX / 2, 3));
	assert_int_equal(tp_last_error()->err, -ENOMEM);
}

static void strdup_copies(void **state)
{
	char name[] = "node0";
	char *copy = tp_strdup(name);

	(void)state;
	name[0] = 'N';
	assert_string_equal(copy, "node0");
	tp_free(copy);
}

static void every_allocating_call_can_fail(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("core/alloc", 1, UINT64_MAX), 0);
	assert_null(tp_zalloc(1));
	assert_null(tp_zalloc_array(1, 1));
	assert_null(tp_zalloc_aligned(64, 1));
	assert_null(tp_strdup("x"));
	assert_int_equal(tp_last_error()->err, -ENOMEM);
	tp_fault_reset();
}

/* ---- clock ----------------------------------------------------------------------------------- */

static void clock_does_not_go_back(void **state)
{
	uint64_t last = tp_clock_now();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t now = tp_clock_now();

		assert_true(now >= last);
		last = now;
	}
}

static void never_stays_never(void **state)
{
	(void)state;
	assert_true(tp_clock_after(UINT64_MAX) == UINT64_MAX);
	assert_true(tp_clock_after(UINT64_MAX - 1) == UINT64_MAX);
}

static void after_is_later(void **state)
{
	uint64_t now = tp_clock_now();

	(void)state;
	assert_true(tp_clock_after(1000) >= now + 1000);
}

/* ---- random numbers -------------------------------------------------------------------------- */

static void same_seed_same_numbers(void **state)
{
	struct tp_rng a, b;

	(void)state;
	tp_rng_init(&a, 42);
	tp_rng_init(&b, 42);
	for (int i = 0; i < 100; i++)
		assert_true(tp_rng_next(&a) == tp_rng_next(&b));
}

/* The published first numbers of splitmix64 for seed 1234567. */
static void numbers_are_those_of_splitmix64(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 1234567);
	assert_true(tp_rng_next(&rng) == UINT64_C(6457827717110365317));
	assert_true(tp_rng_next(&rng) == UINT64_C(3203168211198807973));
}

static void below_stays_below_and_reaches_all(void **state)
{
	struct tp_rng rng;
	unsigned count[7] = { 0 };

	(void)state;
	tp_rng_init(&rng, 1);
	for (int i = 0; i < 7000; i++)
		count[tp_rng_below(&rng, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(count[i], 800, 1200);
}

/*
 * Scaled down plainly, four numbers would share three results and every third come up twice as
 * often.
 */
static void below_is_even_for_large_bounds(void **state)
{
	struct tp_rng rng;
	unsigned count[3] = { 0 };

	(void)state;
	tp_rng_init(&rng, 1);
	for (int i = 0; i < 3000; i++)
		count[tp_rng_below(&rng, UINT64_C(3) << 62) % 3]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(count[i], 850, 1150);
}

static void below_one_is_zero(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 1);
	assert_int_equal(tp_rng_below(&rng, 1), 0);
}

static void draw_below_zero(void *arg)
{
	struct tp_rng rng = { 0 };

	(void)arg;
	tp_rng_below(&rng, 0);
}

static void below_zero_panics(void **state)
{
	(void)state;
	expect_panic(draw_below_zero, NULL, "bound > 0");
}

/* Streams next to each other, in seed or number, must share no number early on. */
static void forked_streams_differ(void **state)
{
	uint64_t drawn[16 * 8];
	size_t n = 0;

	(void)state;
	for (uint64_t i = 0; i < 16; i++) {
		struct tp_rng rng;

		tp_rng_fork(&rng, i / 4, i % 4);
		for (int k = 0; k < 8; k++)
			drawn[n++] = tp_rng_next(&rng);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++)
			assert_true(drawn[i] != drawn[j]);
	}
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct item {
	struct tp_list link;
	char c;
};

static struct tp_list head;
static struct item items[3] = { { .c = 'a' }, { .c = 'b' }, { .c = 'c' } };

static int fill_list(void **state)
{
	(void)state;
	tp_list_init(&head);
	for (int i = 0; i < 3; i++)
		tp_list_add_before(&head, &items[i].link);
	return 0;
}

static unsigned draws;

static unsigned draw(unsigned value)
{
	draws++;
	return value;
}

/* A clock that is asked twice has moved in between: an offline once slept for centuries. */
static void min_and_max_evaluate_each_argument_once(void **state)
{
	(void)state;
	draws = 0;
	assert_int_equal(TP_MIN(draw(3), draw(5)), 3);
	assert_int_equal(TP_MAX(draw(3), draw(5)), 5);
	assert_int_equal(TP_MIN(draw(7), TP_MAX(draw(1), draw(2))), 2);
	assert_int_equal(draws, 7);
}

static void list_keeps_order_both_ways(void **state)
{
	char text[8] = "";
	size_t n = 0;

	(void)state;
	tp_list_for_each(item, &head, struct item, link)
		text[n++] = item->c;
	tp_list_for_each_reverse(item, &head, struct item, link)
		text[n++] = item->c;
	assert_string_equal(text, "abccba");
}

/* T27 */
static void removing_twice_is_harmless(void **state)
{
	(void)state;
	tp_list_remove(&items[1].link);
	tp_list_remove(&items[1].link);
	assert_ptr_equal(items[0].link.next, &items[2].link);
	assert_ptr_equal(items[2].link.prev, &items[0].link);
}

static void list_can_be_emptied_while_walking(void **state)
{
	(void)state;
	tp_list_for_each_safe(item, &head, struct item, link)
		tp_list_remove(&item->link);
	assert_true(tp_list_empty(&head));
}

/* ---- panic ----------------------------------------------------------------------------------- */

static void break_invariant(void *arg)
{
	TP_INVARIANT(arg != NULL);
}

static void broken_invariant_tells_where_and_what(void **state)
{
	(void)state;
	expect_panic(break_invariant, NULL, "tidepool: ");
	expect_panic(break_invariant, NULL, "test_core_misc.c:");
	expect_panic(break_invariant, NULL, "invariant broken: arg != NULL");
}

static void panic_with_arguments(void *arg)
{
	(void)arg;
	TP_PANIC("node %d", 7);
}

static void panic_formats_its_message(void **state)
{
	(void)state;
	expect_panic(panic_with_arguments, NULL, ": node 7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_words_are_written_whole),
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(aligned_memory_is_aligned_and_zeroed),
		cmocka_unit_test(nothing_can_be_allocated),
		cmocka_unit_test(array_size_that_overflows_is_refused),
		cmocka_unit_test(strdup_copies),
		cmocka_unit_test(every_allocating_call_can_fail),
		cmocka_unit_test(clock_does_not_go_back),
		cmocka_unit_test(never_stays_never),
		cmocka_unit_test(after_is_later),
		cmocka_unit_test(same_seed_same_numbers),
		cmocka_unit_test(numbers_are_those_of_splitmix64),
		cmocka_unit_test(below_stays_below_and_reaches_all),
		cmocka_unit_test(below_is_even_for_large_bounds),
		cmocka_unit_test(below_one_is_zero),
		cmocka_unit_test(below_zero_panics),
		cmocka_unit_test(forked_streams_differ),
		cmocka_unit_test(min_and_max_evaluate_each_argument_once),
		cmocka_unit_test_setup(list_keeps_order_both_ways, fill_list),
		cmocka_unit_test_setup(removing_twice_is_harmless, fill_list),
		cmocka_unit_test_setup(list_can_be_emptied_while_walking, fill_list),
		cmocka_unit_test(broken_invariant_tells_where_and_what),
		cmocka_unit_test(panic_formats_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
