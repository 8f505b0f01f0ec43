/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_arena - the heap of simulated code, and how it is put back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/alloc.h"
#include "core/compiler.h"
#include "sim/arena.h"
#include "sim/run.h"
#include "sim_search.h"

static int make_arena(void **state)
{
	(void)state;
	return tp_run_init();
}

static int empty_arena(void **state)
{
	(void)state;
	tp_arena_reset();
	return 0;
}

static bool is_all(const void *memory, unsigned char byte, size_t size)
{
	const unsigned char *p = memory;

	while (size && *p == byte)
		p++, size--;
	return !size;
}

static void memory_is_zeroed_also_when_it_is_used_again(void **state)
{
	void *one = tp_arena_alloc(0, 100), *two;

	(void)state;
	assert_true(is_all(one, 0, 100));
	memset(one, 0x55, 100);
	tp_arena_free(one);
	two = tp_arena_alloc(0, 97);
	assert_ptr_equal(two, one);
	assert_true(is_all(two, 0, 97));
}

static void freed_memory_is_overwritten(void **state)
{
	void *memory = tp_arena_alloc(0, 64);

	(void)state;
	tp_arena_free(memory);
	assert_true(is_all(memory, 0xdd, 64));
	tp_arena_free(NULL);
}

static void memory_is_aligned(void **state)
{
	(void)state;
	for (size_t align = 16; align <= 4096; align *= 2) {
		for (size_t size = 1; size < 300; size += 37) {
			void *memory = tp_arena_alloc(align, size);

			assert_int_equal((uintptr_t)memory % align, 0);
			assert_true(tp_arena_has(memory));
			assert_true(is_all(memory, 0, size));
			memset(memory, 0xff, size);
			if (size % 2)
				tp_arena_free(memory);
		}
	}
	assert_int_equal((uintptr_t)tp_arena_alloc(0, 1) % 16, 0);
	assert_int_equal((uintptr_t)tp_arena_alloc(8, 1) % 16, 0);
}

static void blocks_do_not_overlap(void **state)
{
	unsigned char *blocks[200];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(blocks); i++) {
		blocks[i] = tp_arena_alloc(i % 3 ? 0 : 64, i + 1);
		memset(blocks[i], (int)i, i + 1);
		if (i % 7 == 6) {
			tp_arena_free(blocks[i - 3]);
			blocks[i - 3] = tp_arena_alloc(0, i - 2);
			memset(blocks[i - 3], (int)i - 3, i - 2);
		}
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(blocks); i++)
		assert_true(is_all(blocks[i], (unsigned char)i, i + 1));
}

static void no_memory_of_the_process_is_in_it(void **state)
{
	(void)state;
	assert_false(tp_arena_has(state));
	assert_false(tp_arena_has(&make_arena));
	assert_false(tp_arena_has(NULL));
}

static void full_arena_gives_nothing(void **state)
{
	const size_t mib = 1 << 20;
	unsigned blocks = 0;

	(void)state;
	assert_null(tp_arena_alloc(0, SIZE_MAX));
	assert_null(tp_arena_alloc(0, SIZE_MAX - 14));
	assert_null(tp_arena_alloc(4096, SIZE_MAX / 2));
	while (blocks < 1000 && tp_arena_alloc(0, 64 * mib))
		blocks++;
	assert_int_equal(blocks, 3);
	while (blocks < 1000 && tp_arena_alloc(0, mib))
		blocks++;
	assert_in_range(blocks, 4, 200);
	assert_null(tp_arena_alloc(0, mib));
	assert_null(tp_zalloc_array(SIZE_MAX / 2, 4));
	assert_non_null(tp_arena_alloc(0, 16));
}

static void snapshot_brings_contents_and_free_lists_back(void **state)
{
	char *kept = tp_arena_alloc(0, 32), *freed = tp_arena_alloc(0, 48), *later;

	(void)state;
	strcpy(kept, "before");
	tp_arena_free(freed);
	tp_arena_snapshot();
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(kept, "before");
		strcpy(kept, "after");
		assert_ptr_equal(tp_arena_alloc(0, 48), freed);
		later = tp_arena_alloc(0, 500);
		memset(later, 0x77, 500);
		tp_arena_free(kept);
		tp_arena_restore();
		assert_ptr_equal(tp_arena_alloc(0, 500), later);
		assert_true(is_all(later, 0, 500));
		tp_arena_restore();
	}
}

/* ---- through the library's own heap ---------------------------------------------------------- */

struct cell {
	TP_ATOMIC(uint32_t) x;
	struct cell *other;
};

static void *prepare_cells(void)
{
	struct cell *cell = tp_zalloc(sizeof(*cell));

	cell->other = tp_zalloc_aligned(64, sizeof(*cell));
	cell->x.v = 5;
	return cell;
}

static void change_cells(void *arg)
{
	struct cell *cell = arg;

	TP_EXPECT(tp_atomic_add(&cell->x, 1, TP_RELAXED) < 7);
	TP_EXPECT(tp_atomic_add(&cell->other->x, 1, TP_RELAXED) < 2);
	tp_sim_free(tp_sim_alloc(100));
}

static void start_changing(void *state)
{
	struct cell *cell = state;

	TP_EXPECT(cell->x.v == 5 && cell->other->x.v == 0);
	tp_sim_start("a", change_cells, state);
	tp_sim_start("b", change_cells, state);
}

static void check_cells(void *state)
{
	struct cell *cell = state;

	TP_EXPECT(cell->x.v == 7);
	tp_free(cell->other);
	tp_free(cell);
}

static void every_run_begins_with_what_prepare_made(void **state)
{
	const struct tp_scenario scenario = { .name = "cells",
					      .prepare = prepare_cells,
					      .start = start_changing,
					      .check = check_cells };

	(void)state;
	expect_held(&scenario);
	assert_in_range(search(&scenario, TP_STRATEGY_DFS).runs, 2, 100);
}

static void start_asking_too_much(void *state)
{
	(void)state;
	tp_sim_alloc((size_t)1 << 40);
}

static void more_than_there_is_is_a_finding(void **state)
{
	const struct tp_scenario scenario = { .name = "full", .start = start_asking_too_much };

	(void)state;
	expect_finding(&scenario, "are more than the arena has");
}

static void alloc_and_report(void *arg)
{
	unsigned *failures = arg;
	void *memory = tp_zalloc(8);

	*failures = !memory;
	tp_free(memory);
}

static unsigned failures;

static void start_allocating(void *state)
{
	(void)state;
	tp_sim_start("alloc", alloc_and_report, &failures);
}

static void expect_no_failure(void *state)
{
	(void)state;
	TP_EXPECT(!failures);
}

static void allocations_fail_as_faults(void **state)
{
	struct tp_scenario scenario = {
		.name = "alloc", .start = start_allocating, .check = expect_no_failure, .faults = 1
	};

	(void)state;
	expect_finding(&scenario, "!failures");
	scenario.faults = 0;
	expect_held(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(memory_is_zeroed_also_when_it_is_used_again, empty_arena),
		cmocka_unit_test_setup(freed_memory_is_overwritten, empty_arena),
		cmocka_unit_test_setup(memory_is_aligned, empty_arena),
		cmocka_unit_test_setup(blocks_do_not_overlap, empty_arena),
		cmocka_unit_test(no_memory_of_the_process_is_in_it),
		cmocka_unit_test_setup(full_arena_gives_nothing, empty_arena),
		cmocka_unit_test_setup(snapshot_brings_contents_and_free_lists_back, empty_arena),
		cmocka_unit_test(every_run_begins_with_what_prepare_made),
		cmocka_unit_test(more_than_there_is_is_a_finding),
		cmocka_unit_test(allocations_fail_as_faults),
	};

	return cmocka_run_group_tests(tests, make_arena, NULL);
}
