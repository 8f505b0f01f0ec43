/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_tlb - what engines remember of page tables, how long, and who counts that it is old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ihw_engine.h"

static const char *const owner = "object";
static const uint64_t va = UINT64_C(3) << (TP_PAGE_SHIFT + 2 * TP_INTEL_PT_BITS);

/* Pages at data_dma, one behind the other, and as many from @va on that lead to them. */
static void map_run(unsigned pages)
{
	for (unsigned i = 0; i < pages; i++) {
		map_io(data_dma + i * PAGE, owner);
		map_va(va + i * PAGE, data_dma + i * PAGE);
	}
}

static int begin(void **state)
{
	(void)state;
	begin_on(TP_INTEL_SKL);
	map_run(4);
	return 0;
}

/* Page @i of the run is led to page @to of it. */
static void expect_at(unsigned i, unsigned to)
{
	assert_ptr_equal(lead(va + i * PAGE, true), io(data_dma + to * PAGE));
}

static void request(uint64_t due_ns)
{
	tp_ihw_tlb_request(rig.e, 0, due_ns);
}

static bool finish(uint64_t now_ns)
{
	return tp_ihw_tlb_finish(rig.e, now_ns);
}

/* ---- X2 -------------------------------------------------------------------------------------- */

static void what_is_remembered_is_used_whatever_tables_say(tp_unused void **state)
{
	expect_at(0, 0);
	map_va(va, data_dma + PAGE);
	expect_at(0, 0);
	*entry_of(va, 0) = 0;
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.stale, 2);
	assert_int_equal(rig.e->stat.hits, 2);
	assert_int_equal(rig.e->stat.misses, 1);
	assert_int_equal(nr_harms(), 0);
	tp_ihw_tlb_empty(rig.e);
	assert_null(lead(va, true));
}

static void what_says_the_same_in_another_way_is_not_stale(tp_unused void **state)
{
	uint64_t table;

	/* T16: a large leaf is split into small ones that say the same. */
	*entry_of(va, 1) = data_dma | RW | TP_INTEL_PDE_PS_2M;
	expect_at(2, 2);
	*entry_of(va, 1) = 0;
	for (unsigned i = 0; i < 4; i++)
		map_va(va + i * PAGE, data_dma + i * PAGE);
	table = *entry_of(va, 1);
	expect_at(3, 3);
	assert_int_equal(rig.e->stat.stale, 0);
	/* Both edges of a piece cut out of the middle. */
	*entry_of(va + PAGE, 0) = 0;
	expect_at(0, 0);
	expect_at(2, 2);
	assert_int_equal(rig.e->stat.stale, 0);
	expect_at(1, 1);
	assert_int_equal(rig.e->stat.stale, 1);
	assert_int_equal(table, *entry_of(va, 1));
}

static void another_permission_is_stale(tp_unused void **state)
{
	expect_at(0, 0);
	*entry_of(va, 0) &= ~TP_INTEL_PTE_RW;
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.stale, 1);
}

static void the_same_address_of_another_memory_is_stale(tp_unused void **state)
{
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2, .memory = 4 * PAGE },
		  false);
	map_io(PAGE, owner);
	map_va(va, PAGE);
	assert_ptr_equal(lead(va, false), io(PAGE));
	*entry_of(va, 0) |= TP_INTEL_PTE_LM;
	assert_ptr_equal(lead(va, false), io(PAGE));
	assert_int_equal(rig.e->stat.stale, 1);
}

static void nobody_looks_unless_asked_to(tp_unused void **state)
{
	rig.m->config.no_check = true;
	expect_at(0, 0);
	map_va(va, data_dma + PAGE);
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.stale, 0);
}

/* T17: one page inside what is remembered as a large one is changed. */
static void a_large_page_is_remembered_whole(tp_unused void **state)
{
	rig.m->config.platform = TP_INTEL_DG2;
	for (unsigned i = 0; i < TP_INTEL_BIG_PAGES; i++)
		*entry_of(va + i * PAGE, 0) = (data_dma + i * PAGE) | RW | TP_INTEL_PTE_PS64;
	expect_at(0, 0);
	map_va(va + PAGE, data_dma + 3 * PAGE);
	expect_at(1, 1);
	assert_int_equal(rig.e->stat.stale, 1);
	assert_int_equal(rig.e->stat.misses, 1);
	tp_ihw_tlb_empty(rig.e);
	expect_at(1, 3);
}

/* ---- capacity -------------------------------------------------------------------------------- */

static unsigned nr_translations(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rig.m->config.tlb_entries; i++)
		n += rig.e->tlb->entries[i].size > 0;
	return n;
}

/* Which of the first four pages is forgotten for a fifth, by this seed? */
static unsigned victim(uint64_t seed)
{
	unsigned lost = 0, which = 0;

	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_SKL,
						  .tlb_entries = 4,
						  .seed = seed },
		  false);
	map_run(5);
	for (unsigned i = 0; i < 5; i++)
		expect_at(i, i);
	assert_int_equal(nr_translations(), 4);
	assert_int_equal(rig.e->stat.misses, 5);
	for (unsigned i = 0; i < 4; i++) {
		bool found = false;

		for (unsigned slot = 0; slot < 4; slot++)
			found |= rig.e->tlb->entries[slot].va == va + i * PAGE;
		lost += !found;
		which = found ? which : i;
	}
	assert_int_equal(lost, 1);
	end_rig();
	return which;
}

static void what_is_full_loses_one_by_the_seed(tp_unused void **state)
{
	unsigned seen = 0;

	for (uint64_t seed = 0; seed < 32; seed++) {
		unsigned which = victim(seed);

		assert_int_equal(which, victim(seed));
		seen |= 1u << which;
	}
	assert_int_equal(seen, 0xf);
}

static void directories_are_remembered_up_to_a_number(tp_unused void **state)
{
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_SKL, .walk_entries = 2 },
		  false);
	map_run(2);
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.walks, 4);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 1 + 2);
	/* Whichever is left: it is of use. */
	expect_at(1, 1);
	assert_in_range(rig.e->stat.walks, 5, 7);
}

static void a_remembered_directory_spares_the_walk(tp_unused void **state)
{
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.walks, 4);
	expect_at(1, 1);
	assert_int_equal(rig.e->stat.walks, 5);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 2 + 3);
}

/* ---- X3 -------------------------------------------------------------------------------------- */

static void what_a_request_finds_stays_until_it_is_done(tp_unused void **state)
{
	expect_at(0, 0);
	map_va(va, data_dma + PAGE);
	request(100);
	assert_false(finish(99));
	expect_at(0, 0);
	assert_true(finish(100));
	expect_at(0, 1);
	assert_int_equal(rig.e->stat.invalidations, 1);
	assert_true(finish(200));
	assert_int_equal(rig.e->stat.invalidations, 1);
}

static void what_is_read_after_a_request_stays_beyond_it(tp_unused void **state)
{
	request(100);
	expect_at(0, 0);
	map_va(va, data_dma + PAGE);
	assert_true(finish(100));
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.stale, 1);
	/* Directory entries, too. */
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 1 + 3);
}

/* A table that was taken out before the request is used by nobody beyond it. */
static void what_was_read_by_an_old_directory_is_as_old(tp_unused void **state)
{
	expect_at(0, 0);
	request(100);
	expect_at(1, 1);
	map_va(va + PAGE, data_dma + 2 * PAGE);
	assert_true(finish(100));
	expect_at(1, 2);
	assert_int_equal(rig.e->stat.stale, 0);
}

static void a_request_that_meets_another_joins_it(tp_unused void **state)
{
	request(100);
	expect_at(0, 0);
	map_va(va, data_dma + PAGE);
	request(150);
	assert_false(finish(149));
	expect_at(0, 0);
	/* One that would have been done earlier is not. */
	request(10);
	assert_false(finish(149));
	assert_true(finish(150));
	expect_at(0, 1);
	/* Nor is one that was due when the clock began never done. */
	request(0);
	assert_true(finish(1));
	expect_at(0, 1);
	assert_int_equal(rig.e->stat.misses, 3);
}

static void a_stuck_request_is_done_when_it_comes_loose(tp_unused void **state)
{
	expect_at(0, 0);
	map_va(va, data_dma + PAGE);
	rig.e->tlb->is_stuck = true;
	request(100);
	assert_false(finish(UINT64_MAX));
	expect_at(0, 0);
	rig.e->tlb->is_stuck = false;
	assert_true(finish(UINT64_MAX));
	expect_at(0, 1);
}

static void a_reset_forgets_and_ends_requests(tp_unused void **state)
{
	expect_at(0, 0);
	rig.e->tlb->is_stuck = true;
	request(100);
	tp_ihw_engine_reset(rig.e);
	assert_true(finish(0));
	assert_false(rig.e->tlb->is_stuck);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 0);
}

static void emptying_ends_requests(tp_unused void **state)
{
	expect_at(0, 0);
	request(100);
	tp_ihw_tlb_empty(rig.e);
	assert_true(finish(0));
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 0);
}

/* ---- copies, roots, ranges ------------------------------------------------------------------- */

static void a_page_is_in_the_copy_of_its_parity(tp_unused void **state)
{
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2 }, true);
	map_run(2);
	expect_at(0, 0);
	expect_at(1, 1);
	map_va(va, data_dma + PAGE);
	map_va(va + PAGE, data_dma);
	tp_ihw_tlb_request(rig.e, 1, 100);
	assert_true(finish(100));
	expect_at(0, 0);
	expect_at(1, 0);
	tp_ihw_tlb_request(rig.e, 0, 200);
	assert_true(finish(200));
	expect_at(0, 1);
}

static void one_copy_may_be_done_before_the_other(tp_unused void **state)
{
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2 }, true);
	tp_ihw_tlb_request(rig.e, 0, 100);
	tp_ihw_tlb_request(rig.e, 1, 200);
	assert_false(finish(100));
	assert_true(finish(200));
}

static void a_copy_that_is_not_there_is_done_at_once(tp_unused void **state)
{
	tp_ihw_tlb_request(rig.e, 1, 100);
	assert_true(finish(0));
}

static void address_spaces_are_told_apart_by_root(tp_unused void **state)
{
	uint64_t other = new_table(), own = rig.e->root;

	*entry_under(other, va, 0) = (data_dma + PAGE) | RW;
	expect_at(0, 0);
	rig.e->root = other;
	expect_at(0, 1);
	rig.e->root = own;
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.misses, 2);
	assert_int_equal(rig.e->stat.hits, 1);
}

/* Who makes a new address space where an old one was finds what was the old one's. */
static void a_root_that_is_used_again_is_taken_for_the_old_one(tp_unused void **state)
{
	expect_at(0, 0);
	memset(io(rig.e->root), 0, PAGE);
	rig.e->asid = 2;
	expect_at(0, 0);
	assert_int_equal(rig.e->stat.stale, 1);
}

static void a_range_of_one_address_space_is_dropped(tp_unused void **state)
{
	for (unsigned i = 0; i < 4; i++)
		expect_at(i, i);
	tp_ihw_tlb_drop_range(rig.e, 2, va, 4 * PAGE);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 4 + 3);
	tp_ihw_tlb_drop_range(rig.e, 1, va + PAGE, 2 * PAGE);
	assert_int_equal(nr_translations(), 2);
	for (unsigned i = 0; i < 4; i++)
		map_va(va + i * PAGE, data_dma + (3 - i) * PAGE);
	expect_at(0, 0);
	expect_at(1, 2);
	expect_at(2, 1);
	expect_at(3, 3);
}

/* A page within a large one, and the directory entries above. */
static void a_range_takes_what_it_is_in_with_it(tp_unused void **state)
{
	*entry_of(va, 1) = data_dma | RW | TP_INTEL_PDE_PS_2M;
	expect_at(0, 0);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 1 + 2);
	tp_ihw_tlb_drop_range(rig.e, 1, va + 3 * PAGE, PAGE);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 0);
	expect_at(0, 0);
	tp_ihw_tlb_drop_range(rig.e, 1, 0, UINT64_MAX);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 0);
}

/* ---- T15 ------------------------------------------------------------------------------------- */

/* T15: a table is taken out and becomes somebody's data while a directory entry is remembered. */
static void a_table_that_became_data_is_walked(tp_unused void **state)
{
	uint64_t table = *entry_of(va, 1) & TP_INTEL_PTE_ADDRESS;

	expect_at(0, 0);
	*entry_of(va, 1) = 0;
	give_io(table, "data");
	((uint64_t *)io(table))[1] = (data_dma + 3 * PAGE) | RW;
	expect_at(1, 3);
	assert_int_equal(rig.e->stat.stale, 1);
	assert_int_equal(nr_harms(), 1);
	tp_ihw_tlb_empty(rig.e);
	assert_null(lead(va + PAGE, true));
}

/* T15, and nobody has the page. */
static void a_table_that_is_gone_is_a_fault_and_harm(tp_unused void **state)
{
	uint64_t table = *entry_of(va, 1) & TP_INTEL_PTE_ADDRESS;
	struct tp_model_harm harm;

	expect_at(0, 0);
	*entry_of(va, 1) = 0;
	unmap_io(table);
	assert_null(lead(va + PAGE, true));
	assert_int_equal(nr_faults(), 1);
	assert_int_equal(tp_intel_model_harms(rig.m, &harm, 1), 1);
	assert_int_equal(harm.address, table);
	assert_string_equal(harm.was, "tables");
	assert_string_equal(harm.now, "");
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(what_is_remembered_is_used_whatever_tables_say),
		WITH(what_says_the_same_in_another_way_is_not_stale),
		WITH(another_permission_is_stale),
		cmocka_unit_test_teardown(the_same_address_of_another_memory_is_stale, end),
		WITH(nobody_looks_unless_asked_to),
		WITH(a_large_page_is_remembered_whole),
		cmocka_unit_test(what_is_full_loses_one_by_the_seed),
		cmocka_unit_test_teardown(directories_are_remembered_up_to_a_number, end),
		WITH(a_remembered_directory_spares_the_walk),
		WITH(what_a_request_finds_stays_until_it_is_done),
		WITH(what_is_read_after_a_request_stays_beyond_it),
		WITH(what_was_read_by_an_old_directory_is_as_old),
		WITH(a_request_that_meets_another_joins_it),
		WITH(a_stuck_request_is_done_when_it_comes_loose),
		WITH(a_reset_forgets_and_ends_requests),
		WITH(emptying_ends_requests),
		cmocka_unit_test_teardown(a_page_is_in_the_copy_of_its_parity, end),
		cmocka_unit_test_teardown(one_copy_may_be_done_before_the_other, end),
		WITH(a_copy_that_is_not_there_is_done_at_once),
		WITH(address_spaces_are_told_apart_by_root),
		WITH(a_root_that_is_used_again_is_taken_for_the_old_one),
		WITH(a_range_of_one_address_space_is_dropped),
		WITH(a_range_takes_what_it_is_in_with_it),
		WITH(a_table_that_became_data_is_walked),
		WITH(a_table_that_is_gone_is_a_fault_and_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
