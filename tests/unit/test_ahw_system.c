/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_ahw_system - memory of the machine that AMD's device was not given is reached on no way: it
 * is a fault, counted and with its address, of the IOMMU and of the hub (Y1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ahw_rig.h"

enum { PRESENT = 5, GONE = NR_DATA - 2, STREAM = NR_DATA - 1 }; /* data pages */

#define RING   TP_AMD_RING_SDMA0
#define AT(va) (uint32_t)(va), (uint32_t)((uint64_t)(va) >> 32)
#define REFUSED \
	(TP_AMD_WALKER_REFUSED << TP_AMD_FAULT_WALKER_SHIFT | (uint32_t)TP_AMD_FAULT_MAPPING)

/* ---- what is gone ---------------------------------------------------------------------------- */

static tp_dma_addr dma_of(unsigned page)
{
	return (tp_dma_addr){ (uint64_t)page * PAGE };
}

static void take_away(unsigned page)
{
	tp_iommu_clear(iommu, dma_of(page));
	tp_iommu_sync(iommu);
}

/* Accesses to I/O page @page were refused @times, and the hub says @status of the first. */
static void expect_refused(unsigned page, bool write, uint64_t times, uint32_t status)
{
	const uint32_t who = TP_AMD_FAULT_CID_MASK | UINT32_C(0xf) << TP_AMD_FAULT_VMID_SHIFT |
			     TP_AMD_FAULT_MORE;

	assert_int_equal(tp_quiet_load(&iommu->nr_faults), times);
	for (uint64_t i = 0; i < times; i++) {
		assert_int_equal(iommu->faults[i].address.v / PAGE, page);
		assert_int_equal(iommu->faults[i].write, write);
		assert_string_equal(iommu->faults[i].owner, "test");
	}
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, times);
	assert_int_equal(hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS) & ~who,
			 status | (write ? TP_AMD_FAULT_RW : 0));
	assert_int_equal(interrupts_since() >> TP_AMD_VECTOR_FAULT & 1, 1);
	assert_int_equal(stat_of().ring[RING].bad, 0);
}

/* A command stream of VMID 1's, from its last data page. */
static void run_stream(const uint32_t *words, unsigned n)
{
	for (unsigned i = 0; i < 2 * TP_SDMA_IB_ALIGN_DW; i++)
		put(DATA + STREAM, i, i < n ? words[i] : TP_SDMA_NOP);
	while ((wptr_of(RING) / 4 + TP_SDMA_INDIRECT_DW) % TP_SDMA_IB_ALIGN_DW)
		SUBMIT(RING, TP_SDMA_NOP);
	SUBMIT(RING, TP_SDMA_INDIRECT | 1u << 16, AT(VA(STREAM)), 2 * TP_SDMA_IB_ALIGN_DW, 0, 0);
	run_dry();
	assert_true(is_idle(RING));
}

#define STREAM_OF(...)                                                 \
	do {                                                           \
		const uint32_t stream_[] = { __VA_ARGS__ };            \
		run_stream(stream_, (unsigned)TP_ARRAY_SIZE(stream_)); \
	} while (0)

/* ---- what packets say ------------------------------------------------------------------------ */

static void writes_are_refused(tp_unused void **state)
{
	take_away(DATA + GONE);
	STREAM_OF(TP_SDMA_WRITE, AT(VA(GONE)), 0, 7);
	expect_refused(DATA + GONE, true, 1, TP_AMD_FAULT_MAPPING);
	assert_int_equal(get(DATA + GONE, 0), 0);
}

static void fences_are_refused(tp_unused void **state)
{
	take_away(DATA + GONE);
	STREAM_OF(TP_SDMA_FENCE, AT(VA(GONE)), 7, TP_SDMA_WRITE, AT(VA(PRESENT)), 0, 9);
	expect_refused(DATA + GONE, true, 1, TP_AMD_FAULT_MAPPING);
	assert_int_equal(get(DATA + GONE, 0), 0);
	assert_int_equal(get(DATA + PRESENT, 0), 9); /* the ring goes on */
}

static void fills_and_entries_are_refused(tp_unused void **state)
{
	take_away(DATA + GONE);
	STREAM_OF(TP_SDMA_CONST_FILL, AT(VA(GONE)), 7, 15, TP_SDMA_PTEPDE, AT(VA(GONE)), AT(1),
		  AT(0), AT(0), 3);
	expect_refused(DATA + GONE, true, 2, TP_AMD_FAULT_MAPPING);
	assert_int_equal(get(DATA + GONE, 0), 0);
}

/* What could not be read is zeroes. */
static void copies_from_there_are_zeroes(tp_unused void **state)
{
	put(DATA + GONE, 0, 7);
	put(DATA + PRESENT, 0, 8);
	take_away(DATA + GONE);
	STREAM_OF(TP_SDMA_COPY, 3, 0, AT(VA(GONE)), AT(VA(PRESENT)));
	expect_refused(DATA + GONE, false, 1, TP_AMD_FAULT_MAPPING);
	assert_int_equal(get(DATA + PRESENT, 0), 0);
}

static void polls_see_zeroes(tp_unused void **state)
{
	put(DATA + GONE, 0, 7);
	take_away(DATA + GONE);
	STREAM_OF(TP_SDMA_POLL_REGMEM | UINT32_C(1) << 31 | TP_SDMA_COMPARE_EQUAL << 28,
		  AT(VA(GONE)), 7, UINT32_MAX, 0);
	expect_refused(DATA + GONE, false, 1, TP_AMD_FAULT_MAPPING);
	assert_int_equal(stat_of().ring[RING].timeouts, 1);
}

/* It may be read, and that is all. */
static void what_may_only_be_read_is_not_written(tp_unused void **state)
{
	put(DATA + GONE, 0, 7);
	take_away(DATA + GONE);
	must(tp_iommu_set(iommu, dma_of(DATA + GONE), memory + (size_t)(DATA + GONE) * PAGE,
			  TP_IOMMU_READ, "test"));
	STREAM_OF(TP_SDMA_COPY, 3, 0, AT(VA(GONE)), AT(VA(PRESENT)), TP_SDMA_FENCE, AT(VA(GONE)),
		  8);
	expect_refused(DATA + GONE, true, 1, TP_AMD_FAULT_MAPPING);
	assert_true(iommu->faults[0].mapped);
	assert_int_equal(get(DATA + PRESENT, 0), 7);
	assert_int_equal(get(DATA + GONE, 0), 7);
}

/* A translation that is remembered leads there, and there is nothing: the last owner is named. */
static void what_is_remembered_is_refused_too(tp_unused void **state)
{
	struct tp_model_harm harm;

	use(RING, 1, GONE);
	set_entry(1, 0, GONE, 0);
	take_away(DATA + GONE);
	STREAM_OF(TP_SDMA_FENCE, AT(VA(GONE)), 7);
	expect_refused(DATA + GONE, true, 1, TP_AMD_FAULT_MAPPING);
	assert_int_equal(get(DATA + GONE, 0), 1);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].stale, 1);
	assert_int_equal(tp_amd_model_harms(m, &harm, 1), 1);
	assert_string_equal(harm.was, "test");
	m->harms.nr = 0;
}

/* ---- what the engine reads for itself -------------------------------------------------------- */

/* The stream is zeroes, which do nothing. */
static void streams_are_refused(tp_unused void **state)
{
	submit_vm_store(RING, 1, PRESENT, 7);
	take_away(DATA + STREAM);
	run_dry();
	assert_true(is_idle(RING));
	assert_int_equal(get(DATA + PRESENT, 0), 0);
	expect_refused(DATA + STREAM, false, TP_SDMA_IB_ALIGN_DW, TP_AMD_FAULT_MAPPING);
}

static void enable_gart(void)
{
	const uint64_t first = TP_AMD_GART_START >> TP_PAGE_SHIFT;

	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE, vram_entry(FREE) | TP_AMD_PT_BASE_VALID);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_START, first);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_END, first + TP_AMD_PTES - 1);
	hub_wr(TP_AMD_MMHUB, TP_AMD_CONTEXT0_CNTL, TP_AMD_CNTL_ENABLE);
	vram_put(FREE, PRESENT, data_pte(DATA + PRESENT));
	vram_put(FREE, GONE, data_pte(DATA + GONE));
}

static void the_gart_leads_to_nothing(tp_unused void **state)
{
	const uint64_t gart = TP_AMD_GART_START;

	enable_gart();
	take_away(DATA + GONE);
	SUBMIT(RING, TP_SDMA_FENCE, AT(gart + VA(GONE)), 7, TP_SDMA_FENCE, AT(gart + VA(PRESENT)),
	       9);
	run_dry();
	expect_refused(DATA + GONE, true, 1, TP_AMD_FAULT_MAPPING);
	assert_int_equal(get(DATA + GONE, 0), 0);
	assert_int_equal(get(DATA + PRESENT, 0), 9);
}

/* A ring in the machine's memory that is taken away: it reads zeroes. */
static void rings_are_refused(tp_unused void **state)
{
	enable_gart();
	for (unsigned i = 0; i < 4; i++)
		put(DATA + GONE, i, TP_SDMA_TRAP);
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_BASE),
	   (uint32_t)((TP_AMD_GART_START + VA(GONE)) >> 8));
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_BASE + 1),
	   (uint32_t)((TP_AMD_GART_START + VA(GONE)) >> 40));
	take_away(DATA + GONE);
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_WPTR), 4 * 4);
	run_dry();
	assert_true(is_idle(RING));
	expect_refused(DATA + GONE, false, 4, TP_AMD_FAULT_MAPPING);
	assert_int_equal(stat_of().ring[RING].packets, 4);
}

/* ---- tables in the machine's memory ---------------------------------------------------------- */

/* The table of @level is data page GONE; the root is level TP_AMD_LEVELS - 1. */
static void move_table(unsigned level)
{
	const uint64_t to = tp_amd_pte_of((uint64_t)(DATA + GONE) * PAGE) | TP_AMD_PTE_SYSTEM |
			    TP_AMD_PTE_VALID;

	for (unsigned i = 0; i < TP_AMD_PTES; i++)
		put_entry(DATA + GONE, i, vram_get(table_page(1, level), i));
	if (level < TP_AMD_LEVELS - 1)
		set_entry(1, level + 1, 0, to);
	else
		hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2, to);
}

static void forget(void)
{
	assert_true(hub_rd(TP_AMD_MMHUB, TP_AMD_INV_ENG0_SEM));
	invalidate(TP_AMD_MMHUB, 0, TP_AMD_INV_ALL | 1u << 1);
	hub_wr(TP_AMD_MMHUB, TP_AMD_INV_ENG0_SEM, 0);
}

static void walk_by_table(unsigned level)
{
	uint64_t address, flags;
	bool system;

	move_table(level);
	submit_vm_store(RING, 1, PRESENT, 7);
	run_dry();
	assert_int_equal(get(DATA + PRESENT, 0), 7);
	assert_int_equal(tp_quiet_load(&iommu->nr_faults), 0);
	forget();
	take_away(DATA + GONE);
	assert_false(
		tp_amd_model_probe(m, TP_AMD_MMHUB, 1, VA(PRESENT), &system, &address, &flags));
	assert_int_equal(tp_quiet_load(&iommu->nr_faults), 0); /* who only asks is not refused */
	assert_null(lead(1, VA(PRESENT), true));
	submit_store(RING, FREE + 1, 1); /* the fault is told at the burst's end */
	run_dry();
	assert_int_equal(tp_quiet_load(&iommu->nr_faults), 1);
	assert_false(iommu->faults[0].write); /* of the table, whatever was to be done */
	assert_int_equal(iommu->faults[0].address.v / PAGE, DATA + GONE);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 1);
	assert_int_equal(hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS) & 0x1fe, REFUSED);
	assert_int_equal(interrupts_since(), 1u << TP_AMD_VECTOR_FAULT);
}

static void walks_by_tables_are_refused(tp_unused void **state)
{
	for (unsigned level = 0; level < TP_AMD_LEVELS; level++) {
		walk_by_table(level);
		end(NULL);
		begin_manual(NULL);
	}
}

/* A device that was given nothing of the machine. */
static void without_an_iommu_there_is_no_machine(tp_unused void **state)
{
	free_front(bus->iommu);
	bus->iommu = NULL;
	submit_vm_store(RING, 1, PRESENT, 7);
	run_dry();
	assert_true(is_idle(RING));
	assert_int_equal(get(DATA + PRESENT, 0), 0);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, TP_SDMA_IB_ALIGN_DW);
	bus->iommu = iommu = make_front(memory, PAGES, "test");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define HERE(test) cmocka_unit_test_setup_teardown(test, begin_manual, end)
		HERE(writes_are_refused),
		HERE(fences_are_refused),
		HERE(fills_and_entries_are_refused),
		HERE(copies_from_there_are_zeroes),
		HERE(polls_see_zeroes),
		HERE(what_may_only_be_read_is_not_written),
		HERE(what_is_remembered_is_refused_too),
		HERE(streams_are_refused),
		HERE(the_gart_leads_to_nothing),
		HERE(rings_are_refused),
		HERE(walks_by_tables_are_refused),
		HERE(without_an_iommu_there_is_no_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
