/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_walk - page tables mean on each platform what its hardware reads in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ihw_engine.h"

static const char *const owner = "object";
/* A virtual address with all indices different. */
static const uint64_t va = (UINT64_C(3) << (TP_PAGE_SHIFT + 3 * TP_INTEL_PT_BITS)) +
			   (UINT64_C(5) << (TP_PAGE_SHIFT + 2 * TP_INTEL_PT_BITS)) +
			   (UINT64_C(7) << (TP_PAGE_SHIFT + TP_INTEL_PT_BITS));

static void each_platform(void (*test)(enum tp_intel_platform platform))
{
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		begin_on((enum tp_intel_platform)p);
		test((enum tp_intel_platform)p);
		end_rig();
	}
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void lead_to_a_small_page(tp_unused enum tp_intel_platform platform)
{
	map_io(data_dma, owner);
	map_va(va + 9 * PAGE, data_dma);
	assert_ptr_equal(lead(va + 9 * PAGE + 12, true), io(data_dma + 12));
	assert_null(lead(va + 8 * PAGE, false));
	assert_null(lead(va + 10 * PAGE, false));
}

static void pages_of_4k(tp_unused void **state)
{
	each_platform(lead_to_a_small_page);
}

static void lead_to_a_huge_page(tp_unused enum tp_intel_platform platform)
{
	map_io(data_dma, owner);
	map_io(data_dma + 21 * PAGE, owner);
	/* What of the address lies below the size counts for nothing. */
	*entry_of(va, 1) = data_dma | 4 * PAGE | RW | TP_INTEL_PDE_PS_2M;
	assert_ptr_equal(lead(va + 21 * PAGE + 8, true), io(data_dma + 21 * PAGE + 8));
	assert_ptr_equal(lead(va, true), io(data_dma));
	assert_null(lead(va + HUGE, false));
}

static void pages_of_2m(tp_unused void **state)
{
	each_platform(lead_to_a_huge_page);
}

/*
 * A table whose entries 1, 16 and 19 lead to three places, under a directory entry with a flag: to
 * where does page 19 lead?
 */
static void expect_page_19(uint64_t pde_flag, uint64_t pte_flag, uint64_t dma)
{
	map_io(data_dma + 3 * PAGE, owner);
	map_io(data_dma + BIG + 3 * PAGE, owner);
	map_io(data_dma + 2 * BIG, owner);
	map_io(data_dma + 2 * BIG + 3 * PAGE, owner);
	*entry_of(va + PAGE, 0) = data_dma | RW;
	*entry_of(va + 16 * PAGE, 0) = (data_dma + BIG) | RW;
	*entry_of(va + 19 * PAGE, 0) = (data_dma + 2 * BIG) | RW | pte_flag;
	*entry_of(va, 1) |= pde_flag;
	assert_ptr_equal(lead(va + 19 * PAGE + 4, true), io(dma + 4));
}

static void follow_ips(enum tp_intel_platform platform)
{
	bool has = platform == TP_INTEL_SKL || platform == TP_INTEL_ICL;

	expect_page_19(TP_INTEL_PDE_IPS, 0, data_dma + (has ? BIG + 3 * PAGE : 2 * BIG));
}

static void gen9_to_gen11_read_every_16th_entry(tp_unused void **state)
{
	each_platform(follow_ips);
}

static void follow_compact(enum tp_intel_platform platform)
{
	bool has = platform == TP_INTEL_DG2 || platform == TP_INTEL_MTL;

	expect_page_19(TP_INTEL_PDE_64K, 0, data_dma + (has ? 3 * PAGE : 2 * BIG));
}

static void xe_hp_has_compact_tables(tp_unused void **state)
{
	each_platform(follow_compact);
}

static void follow_ps64(enum tp_intel_platform platform)
{
	bool has = platform == TP_INTEL_DG2 || platform == TP_INTEL_MTL;

	expect_page_19(0, TP_INTEL_PTE_PS64, data_dma + 2 * BIG + (has ? 3 * PAGE : 0));
}

static void xe_hp_joins_16_entries(tp_unused void **state)
{
	each_platform(follow_ps64);
}

/* ---- memory of the device's own -------------------------------------------------------------- */

static void lead_to_local(enum tp_intel_platform platform, uint64_t memory)
{
	begin_rig((struct tp_intel_model_config){ .platform = platform, .memory = memory }, false);
	map_io(2 * PAGE, owner);
	*entry_of(va, 0) = 2 * PAGE | RW | TP_INTEL_PTE_LM;
	if (memory)
		map_local(2 * PAGE, owner);
	assert_ptr_equal(lead(va + 8, true),
			 memory ? rig.m->bus.memory + 2 * PAGE + 8 : io(2 * PAGE + 8));
	end_rig();
}

static void the_flag_of_local_memory_needs_some(tp_unused void **state)
{
	lead_to_local(TP_INTEL_DG1, 16 * PAGE);
	lead_to_local(TP_INTEL_DG2, 16 * PAGE);
	lead_to_local(TP_INTEL_TGL, 0);
}

static void tables_may_be_in_local_memory(tp_unused void **state)
{
	enum { TABLE = 3 * PAGE };
	uint64_t *table;

	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2, .memory = 16 * PAGE },
		  false);
	map_local(TABLE, owner);
	map_io(data_dma, owner);
	table = (uint64_t *)(void *)(rig.m->bus.memory + TABLE);
	table[1] = data_dma | RW;
	*entry_of(va, 1) = TABLE | RW | TP_INTEL_PTE_LM;
	assert_ptr_equal(lead(va + PAGE, true), io(data_dma));
}

/* Nothing of it was given to anybody. */
static void local_memory_of_nobody_is_refused(tp_unused void **state)
{
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG1, .memory = 16 * PAGE },
		  false);
	*entry_of(va, 0) = 2 * PAGE | RW | TP_INTEL_PTE_LM;
	assert_null(lead(va, false));
	assert_int_equal(tp_quiet_load(&rig.local->nr_faults), 1);
	assert_int_equal(nr_faults(), 0);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void an_absent_entry_of_any_level_is_a_fault(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	map_io(data_dma, owner);
	map_va(va, data_dma);
	for (unsigned level = 0; level < TP_INTEL_LEVELS; level++) {
		*entry_of(va, level) &= ~TP_INTEL_PTE_PRESENT;
		tp_ihw_tlb_empty(rig.e);
		rig.e->fault = 0;
		assert_null(lead(va + 5, false));
		assert_int_equal(rig.e->fault, (uint32_t)va | TP_INTEL_RING_VALID);
		*entry_of(va, level) |= TP_INTEL_PTE_PRESENT;
		assert_ptr_equal(lead(va, false), io(data_dma));
	}
	assert_int_equal(nr_faults(), 0);
}

static void the_first_fault_is_kept(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	assert_null(lead(va, false));
	assert_null(lead(va + PAGE, false));
	assert_int_equal(tp_ihw_engine_read(rig.e, TP_INTEL_RING_FAULT),
			 (uint32_t)va | TP_INTEL_RING_VALID);
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_FAULT, 0);
	assert_null(lead(va + PAGE, false));
	assert_int_equal(tp_ihw_engine_read(rig.e, TP_INTEL_RING_FAULT),
			 (uint32_t)(va + PAGE) | TP_INTEL_RING_VALID);
}

static void any_level_can_forbid_writing(tp_unused void **state)
{
	begin_on(TP_INTEL_ICL);
	map_io(data_dma, owner);
	map_va(va, data_dma);
	for (unsigned level = 0; level < TP_INTEL_LEVELS; level++) {
		*entry_of(va, level) &= ~TP_INTEL_PTE_RW;
		tp_ihw_tlb_empty(rig.e);
		assert_ptr_equal(lead(va, false), io(data_dma));
		assert_null(lead(va, true));
		/* With directory entries remembered, too. */
		for (unsigned i = 0; i < rig.m->config.tlb_entries; i++)
			rig.e->tlb->entries[i].size = 0;
		assert_null(lead(va, true));
		*entry_of(va, level) |= TP_INTEL_PTE_RW;
	}
}

static void only_directories_of_the_lowest_level_have_leaves(tp_unused void **state)
{
	begin_on(TP_INTEL_DG2);
	map_io(data_dma, owner);
	map_va(va, data_dma);
	for (unsigned level = 2; level < TP_INTEL_LEVELS; level++) {
		*entry_of(va, level) |= TP_INTEL_PDE_PS_2M;
		tp_ihw_tlb_empty(rig.e);
		assert_null(lead(va, false));
		*entry_of(va, level) &= ~TP_INTEL_PDE_PS_2M;
	}
	assert_ptr_equal(lead(va, false), io(data_dma));
}

static void addresses_beyond_the_tables_are_refused(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	map_io(data_dma, owner);
	map_va(0, data_dma);
	assert_ptr_equal(lead(0, false), io(data_dma));
	assert_null(lead(UINT64_C(1) << TP_INTEL_VA_BITS, false));
	assert_null(lead(UINT64_MAX - 3, false));
}

static void tables_in_nobody_s_memory_are_a_fault_of_the_bus(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	*entry_of(va, 2) = data_dma | RW;
	assert_null(lead(va, false));
	assert_int_equal(nr_faults(), 1);
	/* An address that no I/O table reaches. */
	*entry_of(va, 2) = (UINT64_C(1) << 47) | RW;
	tp_ihw_tlb_empty(rig.e);
	assert_null(lead(va, false));
	assert_int_equal(nr_faults(), 2);
}

/* T19: a fault leaves nothing behind that would have to be forgotten. */
static void what_is_absent_is_not_remembered(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	map_io(data_dma, owner);
	for (unsigned level = TP_INTEL_LEVELS; level-- > 0;) {
		entry_of(va, level);
		assert_null(lead(va, false));
	}
	map_va(va, data_dma);
	assert_ptr_equal(lead(va, false), io(data_dma));
}

static void a_fresh_walk_leaves_no_trace(tp_unused void **state)
{
	struct tp_ihw_tlb_entry entry;

	begin_on(TP_INTEL_SKL);
	map_io(data_dma, owner);
	map_va(va, data_dma);
	assert_true(tp_ihw_walk_fresh(rig.e, va + 7, &entry));
	assert_int_equal(entry.address, data_dma);
	*entry_of(va, 1) = (data_dma + PAGE) | RW;
	assert_false(tp_ihw_walk_fresh(rig.e, va, &entry));
	assert_int_equal(nr_faults(), 0);
	assert_int_equal(tp_ihw_tlb_remembered(rig.e), 0);
	assert_int_equal(rig.e->stat.walks, 0);
}

static void a_device_without_memory_faults(tp_unused void **state)
{
	begin_on(TP_INTEL_SKL);
	rig.m->bus.iommu = NULL;
	assert_null(lead(va, false));
	assert_int_equal(tp_ihw_engine_run(rig.e, 1, &rig.irq), 0);
	rig.m->bus.iommu = rig.iommu;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_4k),
		cmocka_unit_test(pages_of_2m),
		cmocka_unit_test(gen9_to_gen11_read_every_16th_entry),
		cmocka_unit_test(xe_hp_has_compact_tables),
		cmocka_unit_test(xe_hp_joins_16_entries),
		cmocka_unit_test(the_flag_of_local_memory_needs_some),
		cmocka_unit_test_teardown(tables_may_be_in_local_memory, end),
		cmocka_unit_test_teardown(local_memory_of_nobody_is_refused, end),
		cmocka_unit_test_teardown(an_absent_entry_of_any_level_is_a_fault, end),
		cmocka_unit_test_teardown(the_first_fault_is_kept, end),
		cmocka_unit_test_teardown(any_level_can_forbid_writing, end),
		cmocka_unit_test_teardown(only_directories_of_the_lowest_level_have_leaves, end),
		cmocka_unit_test_teardown(addresses_beyond_the_tables_are_refused, end),
		cmocka_unit_test_teardown(tables_in_nobody_s_memory_are_a_fault_of_the_bus, end),
		cmocka_unit_test_teardown(what_is_absent_is_not_remembered, end),
		cmocka_unit_test_teardown(a_fresh_walk_leaves_no_trace, end),
		cmocka_unit_test_teardown(a_device_without_memory_faults, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
