/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables, one thing at a time: forms of leaves, splits, stale tables, what can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <tidepool/fault.h>

#include "gpu_tables.h"

enum { ALL_SIZES = TP_INTEL_PAGES_4K | TP_INTEL_PAGES_64K | TP_INTEL_PAGES_2M };

#define PAGE	TP_PAGE_SIZE
#define BIG	TP_INTEL_BIG_PAGE
#define BLOCK	TP_INTEL_BLOCK
#define VA	(5 * BLOCK)
#define ADDRESS (UINT64_C(1) << 40)

static void expect_leaf(const struct gpu_tables *g, uint64_t va, uint64_t address, uint64_t leaf)
{
	const struct walked w = walk(&g->walker, va);
	uint64_t size;

	assert_true(w.present);
	assert_int_equal(w.address, address);
	assert_int_equal(w.leaf, leaf);
	tp_intel_tables_peek(&g->t, va, &size);
	assert_int_equal(size, leaf);
}

static void expect_scratch(const struct gpu_tables *g, uint64_t va)
{
	const struct walked w = walk(&g->walker, va);

	assert_true(is_scratch(g, &w));
}

static void reserve(struct gpu_tables *g, uint64_t va, uint64_t size)
{
	must(try_reserve(g, va, size));
}

static void clear_and_release(struct gpu_tables *g, uint64_t va, uint64_t size)
{
	tp_intel_tables_clear(&g->t, va, size);
	tp_intel_tables_release(&g->t, va, size);
}

/* ---- leaves (T17) ---------------------------------------------------------------------------- */

static void test_nothing_bound_is_scratch(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);

	(void)state;
	expect_scratch(g, 0);
	expect_scratch(g, VA);
	expect_scratch(g, (UINT64_C(1) << TP_INTEL_VA_BITS) - 1);
	reserve(g, VA, 3 * PAGE);
	expect_scratch(g, VA);
	tp_intel_tables_release(&g->t, VA, 3 * PAGE);
	end_gpu_tables(g);
}

static void test_2m_where_all_is_aligned(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);

	(void)state;
	reserve(g, VA - PAGE, 3 * BLOCK);
	tp_intel_tables_set(&g->t, VA - PAGE, ADDRESS - PAGE, 3 * BLOCK, false);
	expect_leaf(g, VA - 1, ADDRESS - 1, PAGE);
	expect_leaf(g, VA, ADDRESS, BLOCK);
	expect_leaf(g, VA + 2 * BLOCK - 1, ADDRESS + 2 * BLOCK - 1, BLOCK);
	expect_leaf(g, VA + 2 * BLOCK, ADDRESS + 2 * BLOCK, BIG);
	expect_leaf(g, VA + 3 * BLOCK - 2 * PAGE, ADDRESS + 3 * BLOCK - 2 * PAGE, PAGE);
	expect_scratch(g, VA + 3 * BLOCK - PAGE);
	clear_and_release(g, VA - PAGE, 3 * BLOCK);
	end_gpu_tables(g);
}

/* T17: neither where the address is not aligned, nor where the virtual one is not. */
static void test_no_large_leaf_off_its_border(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);

	(void)state;
	reserve(g, VA, 2 * BLOCK);
	tp_intel_tables_set(&g->t, VA, ADDRESS + BIG, BLOCK, false);
	expect_leaf(g, VA, ADDRESS + BIG, BIG);
	tp_intel_tables_clear(&g->t, VA, BLOCK);
	tp_intel_tables_set(&g->t, VA, ADDRESS + PAGE, BLOCK, false);
	expect_leaf(g, VA, ADDRESS + PAGE, PAGE);
	expect_leaf(g, VA + BIG, ADDRESS + BIG + PAGE, PAGE);
	tp_intel_tables_set(&g->t, VA + BLOCK + PAGE, ADDRESS, BIG, false);
	expect_leaf(g, VA + BLOCK + PAGE, ADDRESS, PAGE);
	clear_and_release(g, VA, 2 * BLOCK);
	end_gpu_tables(g);
}

static void test_sizes_the_platform_has(void **state)
{
	struct gpu_tables *g = make_gpu_tables(8, 0, TP_INTEL_PAGES_4K, false);

	(void)state;
	reserve(g, VA, BLOCK);
	tp_intel_tables_set(&g->t, VA, ADDRESS, BLOCK, false);
	expect_leaf(g, VA + BLOCK - 1, ADDRESS + BLOCK - 1, PAGE);
	tp_intel_tables_expect_big(&g->t, VA);
	expect_leaf(g, VA, ADDRESS, PAGE);
	clear_and_release(g, VA, BLOCK);
	end_gpu_tables(g);
}

/* What a directory says of all its table; @joined: one can be made of 16 small pages again. */
static void check_big_table(unsigned ver, unsigned rel, unsigned form, bool joined)
{
	struct gpu_tables *g = make_gpu_tables(ver, rel, ALL_SIZES, false);

	if (!has_big_scratch()) {
		assert_false(tp_intel_tables_ask_big(&g->t));
		end_gpu_tables(g);
		return;
	}
	assert_int_equal(g->t.big_forms & TP_INTEL_BIG_TABLES, form);
	reserve(g, VA, BLOCK);
	tp_intel_tables_expect_big(&g->t, VA);
	expect_scratch(g, VA + BLOCK - 1);
	for (uint64_t at = 0; at < BLOCK; at += BIG)
		tp_intel_tables_set(&g->t, VA + at, ADDRESS + 5 * at, BIG, false);
	expect_leaf(g, VA + 3 * BIG + PAGE, ADDRESS + 15 * BIG + PAGE, BIG);
	split_at(g, VA + BIG - PAGE);
	for (uint64_t at = 0; at < BLOCK; at += PAGE)
		expect_leaf(g, VA + at, ADDRESS + at / BIG * 5 * BIG + at % BIG,
			    joined && at >= BIG ? BIG : PAGE);
	clear_and_release(g, VA, BLOCK);
	end_gpu_tables(g);
}

static void test_every_16th(void **state)
{
	(void)state;
	check_big_table(11, 0, TP_INTEL_BIG_EVERY_16TH, false);
}

static void test_compact(void **state)
{
	(void)state;
	check_big_table(12, 55, TP_INTEL_BIG_COMPACT, true);
}

static void test_large_form_ends_with_clear(void **state)
{
	struct gpu_tables *g = make_gpu_tables(11, 0, ALL_SIZES, false);

	(void)state;
	reserve(g, VA, BLOCK);
	tp_intel_tables_expect_big(&g->t, VA);
	tp_intel_tables_set(&g->t, VA, ADDRESS + BIG, BLOCK, false);
	expect_leaf(g, VA, ADDRESS + BIG, has_big_scratch() ? BIG : PAGE);
	tp_intel_tables_clear(&g->t, VA, BLOCK);
	expect_scratch(g, VA);
	tp_intel_tables_set(&g->t, VA + PAGE, ADDRESS, PAGE, false);
	expect_leaf(g, VA + PAGE, ADDRESS, PAGE);
	expect_scratch(g, VA);
	expect_scratch(g, VA + 2 * PAGE);
	clear_and_release(g, VA, BLOCK);
	end_gpu_tables(g);
}

static void test_single_pages(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 70, ALL_SIZES, false);
	struct tp_bo_chunk chunks[40];

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		chunks[i] = (struct tp_bo_chunk){ .address = ADDRESS + 3 * i * PAGE };
	reserve(g, VA + BLOCK - 20 * PAGE, 40 * PAGE);
	tp_intel_tables_set_pages(&g->t, VA + BLOCK - 20 * PAGE, chunks, 40, false);
	for (unsigned i = 0; i < 40; i++)
		expect_leaf(g, VA + BLOCK + i * PAGE - 20 * PAGE, ADDRESS + 3 * i * PAGE, PAGE);
	clear_and_release(g, VA + BLOCK - 20 * PAGE, 40 * PAGE);
	end_gpu_tables(g);
}

/* ---- T16: what stays of a large leaf that is cut --------------------------------------------- */

static void test_t16_both_edges(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);
	const uint64_t from = VA + BLOCK / 2 + PAGE, to = from + 2 * PAGE;

	(void)state;
	reserve(g, VA, BLOCK);
	tp_intel_tables_set(&g->t, VA, ADDRESS, BLOCK, false);
	expect_leaf(g, from, ADDRESS + (from - VA), BLOCK);
	split_at(g, from);
	split_at(g, to);
	clear_and_release(g, from, to - from);
	expect_leaf(g, from - 1, ADDRESS + (from - VA) - 1, PAGE);
	expect_scratch(g, from);
	expect_scratch(g, to - 1);
	expect_leaf(g, to, ADDRESS + (to - VA), PAGE);
	/* what was not near the cut stays large */
	expect_leaf(g, VA, ADDRESS, BIG);
	expect_leaf(g, VA + BLOCK - 1, ADDRESS + BLOCK - 1,
		    TP_INTEL_PTES / 2 > TP_INTEL_BIG_PAGES ? BIG : PAGE);
	clear_and_release(g, VA, from - VA);
	clear_and_release(g, to, VA + BLOCK - to);
	end_gpu_tables(g);
}

/* ---- T15: a table that is not needed any more ------------------------------------------------ */

/* A cache remembers the directory entry: what it leads to is scratch until it is freed. */
static void test_t15_released_table_stays(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);
	const uint64_t level_1 = walk_word(&g->walker, g->walker.root, 0) & TP_INTEL_PTE_ADDRESS;
	uint64_t tables = tp_quiet_load(&g->t.nr_tables), entry = g->walker.root;

	(void)state;
	reserve(g, VA, PAGE);
	assert_int_not_equal(walk_word(&g->walker, g->walker.root, 0) & TP_INTEL_PTE_ADDRESS,
			     level_1);
	assert_int_equal(tp_quiet_load(&g->t.nr_tables), tables + 3);
	tp_intel_tables_set(&g->t, VA, ADDRESS, PAGE, false);
	for (unsigned level = TP_INTEL_LEVELS - 1; level; level--)
		entry = walk_word(&g->walker, entry,
				  (VA >> (TP_PAGE_SHIFT + level * TP_INTEL_PT_BITS)) %
					  TP_INTEL_PTES);
	clear_and_release(g, VA, PAGE);
	expect_scratch(g, VA);
	assert_true(tp_intel_tables_have_stale(&g->t));
	assert_int_equal(tp_quiet_load(&g->t.nr_tables), tables + 3);
	for (unsigned i = 0; i < TP_INTEL_PTES; i++)
		assert_int_equal(walk_word(&g->walker, entry, i), g->t.scratch_pte);
	free_stale(&g->t);
	assert_int_equal(tp_quiet_load(&g->t.nr_tables), tables);
	assert_false(can_read(g->dm.domain, (tp_dma_addr){ entry & TP_INTEL_PTE_ADDRESS }));
	end_gpu_tables(g);
}

static void test_stale_tables_can_return(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);
	struct tp_intel_table *stale;

	(void)state;
	reserve(g, VA, PAGE);
	tp_intel_tables_release(&g->t, VA, PAGE);
	stale = tp_intel_tables_take_stale(&g->t);
	assert_false(tp_intel_tables_have_stale(&g->t));
	tp_intel_tables_return_stale(&g->t, stale);
	assert_true(tp_intel_tables_have_stale(&g->t));
	end_gpu_tables(g);
}

/* ---- T12: writes that are held back ---------------------------------------------------------- */

static void test_t12_seen_on_return(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, true);
	struct tp_bo_chunk chunks[] = { { .address = 7 * BLOCK }, { .address = 3 * BLOCK } };

	(void)state;
	assert_true(g->walker.root & TP_INTEL_PTE_LM);
	reserve(g, VA, 2 * BLOCK);
	expect_scratch(g, VA);
	tp_intel_tables_set(&g->t, VA, ADDRESS, BLOCK, true);
	expect_leaf(g, VA, ADDRESS, BLOCK);
	assert_true(walk(&g->walker, VA).local);
	split_at(g, VA + PAGE);
	expect_leaf(g, VA + PAGE, ADDRESS + PAGE, PAGE);
	tp_intel_tables_set_pages(&g->t, VA + BLOCK, chunks, 2, true);
	expect_leaf(g, VA + BLOCK + PAGE, 3 * BLOCK, PAGE);
	tp_intel_tables_poke(&g->t, VA + BLOCK, 9 * BLOCK | 3);
	expect_leaf(g, VA + BLOCK, 9 * BLOCK, PAGE);
	tp_intel_tables_clear(&g->t, VA, PAGE);
	expect_scratch(g, VA);
	clear_and_release(g, VA, 2 * BLOCK);
	expect_scratch(g, VA);
	end_gpu_tables(g);
}

/* The test can tell: without a flush the device sees the old entry. */
static void test_window_holds_back(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, true);

	(void)state;
	reserve(g, VA, PAGE);
	g->window.never_flush = true;
	tp_intel_tables_set(&g->t, VA, ADDRESS, PAGE, true);
	expect_scratch(g, VA);
	g->window.never_flush = false;
	clear_and_release(g, VA, PAGE);
	end_gpu_tables(g);
}

/* Each page of the block is what it was, or scratch. */
static void watch_block(void *arg)
{
	const struct gpu_tables *g = arg;

	for (uint64_t at = 0; at < BLOCK; at += PAGE) {
		const struct walked w = walk(&g->walker, VA + at);

		assert_true(w.present);
		if (!is_scratch(g, &w))
			assert_int_equal(w.address, ADDRESS + BIG + at);
	}
}

/* T12: entries are scratch before they are read as ones of another form. */
static void test_t12_form_changes_last(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, true);

	(void)state;
	reserve(g, VA, BLOCK);
	g->window.watch = watch_block;
	g->window.watch_arg = g;
	g->window.watch_one_in = 1;
	for (unsigned i = 0; i < 2; i++) {
		tp_intel_tables_expect_big(&g->t, VA);
		tp_intel_tables_set(&g->t, VA, ADDRESS + BIG, BLOCK, true);
		if (i % 2)
			split_at(g, VA + BIG);
		tp_intel_tables_clear(&g->t, VA, BLOCK);
		expect_scratch(g, VA);
	}
	g->window.watch = NULL;
	tp_intel_tables_release(&g->t, VA, BLOCK);
	end_gpu_tables(g);
}

static void test_full_video_memory(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, true);

	(void)state;
	assert_int_equal(tp_fault_arm("gpu/vram", 2, 1), 0);
	reserve(g, VA, PAGE);
	tp_fault_reset();
	tp_intel_tables_set(&g->t, VA, ADDRESS, PAGE, true);
	expect_leaf(g, VA, ADDRESS, PAGE);
	clear_and_release(g, VA, PAGE);
	end_gpu_tables(g);
}

/* ---- leaves looked at and changed ------------------------------------------------------------ */

static void poke_leaf(struct gpu_tables *g, uint64_t va, uint64_t old, uint64_t new, uint64_t leaf)
{
	uint64_t size, entry = tp_intel_tables_peek(&g->t, va, &size);

	assert_int_equal(size, leaf);
	tp_intel_tables_poke(&g->t, va, entry - old + new);
	for (uint64_t at = va / leaf * leaf; at < va / leaf * leaf + leaf; at += PAGE)
		expect_leaf(g, at, walk(&g->walker, va / leaf * leaf).address + at % leaf, leaf);
	assert_int_equal(walk(&g->walker, va).address & -ADDRESS, new);
}

static void test_poke(void **state)
{
	static const unsigned versions[][2] = { { 9, 0 }, { 12, 55 } };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(versions); i++) {
		struct gpu_tables *g =
			make_gpu_tables(versions[i][0], versions[i][1], ALL_SIZES, false);

		reserve(g, VA, 3 * BLOCK);
		tp_intel_tables_set(&g->t, VA, ADDRESS, BLOCK, false);
		poke_leaf(g, VA + PAGE, ADDRESS, 2 * ADDRESS, BLOCK);
		tp_intel_tables_expect_big(&g->t, VA + BLOCK);
		if (g->t.big_forms) {
			tp_intel_tables_set(&g->t, VA + BLOCK, ADDRESS + BIG, BLOCK, false);
			poke_leaf(g, VA + BLOCK + PAGE, ADDRESS + BIG, 2 * ADDRESS, BIG);
		}
		tp_intel_tables_set(&g->t, VA + 2 * BLOCK + BIG, ADDRESS, BIG, false);
		poke_leaf(g, VA + 2 * BLOCK + BIG + PAGE, ADDRESS, 2 * ADDRESS,
			  g->t.big_forms & TP_INTEL_BIG_PTES ? BIG : PAGE);
		tp_intel_tables_set(&g->t, VA + 2 * BLOCK, ADDRESS, PAGE, false);
		poke_leaf(g, VA + 2 * BLOCK, ADDRESS, 2 * ADDRESS, PAGE);
		clear_and_release(g, VA, 3 * BLOCK);
		end_gpu_tables(g);
	}
}

/* ---- what can fail --------------------------------------------------------------------------- */

/* Until it does not fail; whatever does, nothing is left behind. */
static void fail_each_init(const char *site)
{
	static struct gpu_tables g;
	int err = -ENOMEM;

	make_gpu_memory(&g, 12, 0, TP_INTEL_PAGES_4K);
	for (unsigned nth = 1; err; nth++) {
		const uint64_t mapped = dma_stat(g.dm.domain).mapped_pages;

		assert_int_equal(tp_fault_arm(site, nth, 1), 0);
		err = init_tables(&g, false);
		tp_fault_reset();
		assert_true(!err || err == -ENOMEM || err == -ENOSPC);
		assert_true(!err || dma_stat(g.dm.domain).mapped_pages == mapped);
		assert_true(nth > 1 || err);
	}
	end_gpu_tables(&g);
}

static void test_init_fails(void **state)
{
	(void)state;
	fail_each_init("gpu/intel-table");
	fail_each_init("core/alloc");
	fail_each_init("dma/coherent");
	fail_each_init("dma/map");
}

/* Without memory for a scratch page of 64 KiB there are no leaves of that size. */
static void test_small_scratch(void **state)
{
	static struct gpu_tables g;

	(void)state;
	make_gpu_memory(&g, 11, 0, ALL_SIZES);
	if (has_big_scratch())
		assert_int_equal(tp_fault_arm("dma/coherent", 1, 1), 0);
	must(init_tables(&g, false));
	tp_fault_reset();
	aim_walker(&g);
	assert_int_equal(g.t.big_forms, 0);
	reserve(&g, VA, BLOCK);
	tp_intel_tables_expect_big(&g.t, VA);
	tp_intel_tables_set(&g.t, VA, ADDRESS + BIG, BLOCK, false);
	expect_leaf(&g, VA, ADDRESS + BIG, PAGE);
	clear_and_release(&g, VA, BLOCK);
	end_gpu_tables(&g);
}

static void fail_each_reserve(const char *site)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);
	const uint64_t tables = tp_quiet_load(&g->t.nr_tables);
	const uint64_t va = (UINT64_C(1) << (TP_INTEL_VA_BITS - TP_INTEL_PT_BITS)) - BLOCK;
	int err = -ENOMEM;

	for (unsigned nth = 1; err; nth++) {
		assert_int_equal(tp_fault_arm(site, nth, 1), 0);
		err = try_reserve(g, va, 3 * BLOCK);
		tp_fault_reset();
		assert_true(!err || err == -ENOMEM || err == -ENOSPC);
		assert_true(!err || tp_quiet_load(&g->t.nr_tables) == tables);
		assert_true(nth > 1 || err);
		expect_scratch(g, va);
	}
	/* both sides of a border of the root's: 2 of level 2, 2 of level 1, 3 of level 0 */
	assert_int_equal(tp_quiet_load(&g->t.nr_tables), tables + 7);
	tp_intel_tables_release(&g->t, va, 3 * BLOCK);
	end_gpu_tables(g);
}

static void test_reserve_fails(void **state)
{
	(void)state;
	fail_each_reserve("gpu/intel-table");
	fail_each_reserve("core/alloc");
	fail_each_reserve("dma/coherent");
	fail_each_reserve("dma/map");
}

/* Two reserve parts of one block: its table stays until both have gone. */
static void test_shared_table(void **state)
{
	struct gpu_tables *g = make_gpu_tables(12, 55, ALL_SIZES, false);
	const uint64_t tables = tp_quiet_load(&g->t.nr_tables);

	(void)state;
	reserve(g, VA, 4 * PAGE);
	reserve(g, VA + 4 * PAGE, 4 * PAGE);
	tp_intel_tables_set(&g->t, VA + 4 * PAGE, ADDRESS, 4 * PAGE, false);
	tp_intel_tables_release(&g->t, VA + 2 * PAGE, 2 * PAGE);
	tp_intel_tables_release(&g->t, VA, 2 * PAGE);
	assert_false(tp_intel_tables_have_stale(&g->t));
	expect_leaf(g, VA + 4 * PAGE, ADDRESS, PAGE);
	clear_and_release(g, VA + 4 * PAGE, 4 * PAGE);
	free_stale(&g->t);
	assert_int_equal(tp_quiet_load(&g->t.nr_tables), tables);
	end_gpu_tables(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_bound_is_scratch),
		cmocka_unit_test(test_2m_where_all_is_aligned),
		cmocka_unit_test(test_no_large_leaf_off_its_border),
		cmocka_unit_test(test_sizes_the_platform_has),
		cmocka_unit_test(test_every_16th),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_large_form_ends_with_clear),
		cmocka_unit_test(test_single_pages),
		cmocka_unit_test(test_t16_both_edges),
		cmocka_unit_test(test_t15_released_table_stays),
		cmocka_unit_test(test_stale_tables_can_return),
		cmocka_unit_test(test_t12_seen_on_return),
		cmocka_unit_test(test_window_holds_back),
		cmocka_unit_test(test_t12_form_changes_last),
		cmocka_unit_test(test_full_video_memory),
		cmocka_unit_test(test_poke),
		cmocka_unit_test(test_init_fails),
		cmocka_unit_test(test_small_scratch),
		cmocka_unit_test(test_reserve_fails),
		cmocka_unit_test(test_shared_table),
	};

	return cmocka_run_group_tests_name("gpu_intel_table", tests, NULL, NULL);
}
