/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_walk - where page tables of AMD's graphics lead, entry by entry (Y7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ahw_rig.h"

enum { RW = TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE, V = TP_AMD_PTE_VALID };

static uint64_t span_of(unsigned level)
{
	return UINT64_C(1) << tp_amd_level_shift(level);
}

static uint64_t frag(unsigned n)
{
	return (uint64_t)n << TP_AMD_PTE_FRAG_SHIFT;
}

/* An entry that leads to I/O address @address, as whole pages of the simulation have it. */
static uint64_t leaf_of(uint64_t address)
{
	return tp_amd_pte_of(address) | V | RW | TP_AMD_PTE_SYSTEM;
}

static void expect_io(uint64_t va, uint64_t address)
{
	uint64_t found = 0, flags;
	bool system = false;

	assert_true(tp_amd_model_probe(m, TP_AMD_MMHUB, 1, va, &system, &found, &flags));
	assert_true(system);
	assert_int_equal(found, address);
}

static void expect_local(unsigned vmid, uint64_t va, uint64_t offset)
{
	uint64_t found = 0, flags;
	bool system = true;

	assert_true(tp_amd_model_probe(m, TP_AMD_MMHUB, vmid, va, &system, &found, &flags));
	assert_false(system);
	assert_int_equal(found, offset);
}

static void expect_nothing(unsigned vmid, uint64_t va)
{
	uint64_t found, flags;
	bool system;

	assert_false(tp_amd_model_probe(m, TP_AMD_MMHUB, vmid, va, &system, &found, &flags));
}

static void *io(unsigned page)
{
	return memory + (size_t)page * PAGE;
}

static uint32_t fault_status(void)
{
	return hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS);
}

static uint32_t client(uint32_t status)
{
	return (status & TP_AMD_FAULT_RW ? 15u : 46u) << TP_AMD_FAULT_CID_SHIFT;
}

static void expect_fault_of(unsigned vmid, uint32_t status, uint64_t va)
{
	assert_int_equal(fault_status(), status | vmid << TP_AMD_FAULT_VMID_SHIFT | client(status));
	assert_int_equal(hub_rd(TP_AMD_MMHUB, TP_AMD_FAULT_ADDR), (uint32_t)(va >> TP_PAGE_SHIFT));
	hub_wr(TP_AMD_MMHUB, TP_AMD_FAULT_CNTL, TP_AMD_FAULT_CLEAR);
	assert_int_equal(fault_status(), 0);
}

static void expect_fault(uint32_t status, uint64_t va)
{
	expect_fault_of(1, status, va);
}

/* As Vega10 says that there is no leaf: for a read, for a write. */
enum {
	NO_READ = TP_AMD_FAULT_INVALID | TP_AMD_FAULT_READ,
	NO_WRITE = TP_AMD_FAULT_INVALID | TP_AMD_FAULT_WRITE | TP_AMD_FAULT_RW,
};

static uint32_t ended_at(unsigned walker)
{
	return walker << TP_AMD_FAULT_WALKER_SHIFT | TP_AMD_FAULT_MAPPING;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static void pages_are_found_one_by_one(tp_unused void **state)
{
	uint64_t root = root_of(1) | TP_AMD_PT_BASE_VALID, found, flags;
	bool system;

	expect_io(VA(0), (uint64_t)DATA * PAGE);
	expect_io(VA(3) + 5, (uint64_t)(DATA + 3) * PAGE + 5);
	expect_io(VA(NR_DATA) - 1, (uint64_t)(DATA + NR_DATA) * PAGE - 1);
	expect_nothing(1, VA(NR_DATA));
	assert_true(tp_amd_model_probe_root(m, root, VA(3) + 5, &system, &found, &flags));
	assert_int_equal(found, (uint64_t)(DATA + 3) * PAGE + 5);
	assert_int_equal(flags, V | RW | TP_AMD_PTE_SYSTEM);
	assert_false(
		tp_amd_model_probe_root(m, root & ~UINT64_C(1), VA(3), &system, &found, &flags));
}

static void what_a_cleared_entry_says_is_nothing(tp_unused void **state)
{
	set_entry(1, 0, 1, TP_AMD_PTE_CLEARED);
	set_entry(1, 1, 1, TP_AMD_PDE_CLEARED);
	set_entry(1, 2, 1, TP_AMD_PDE_CLEARED);
	set_entry(1, 3, 1, 0);
	expect_nothing(1, VA(1));
	for (unsigned level = 1; level < TP_AMD_LEVELS; level++)
		expect_nothing(1, span_of(level));
	for (unsigned level = 1; level < TP_AMD_LEVELS; level++) {
		const uint64_t va = span_of(level);

		/* That of a directory is a leaf, so that it says no more than that of a table. */
		set_entry(1, level, 1, TP_AMD_PDE_CLEARED);
		assert_null(lead(1, va, false));
		expect_fault(NO_READ, va);
		set_entry(1, level, 1, 0);
		assert_null(lead(1, va, true));
		expect_fault(ended_at(TP_AMD_WALKER_PDE0 + level - 1) | NO_WRITE, va);
	}
}

/* A directory's entry is a leaf of all that it spans, on each level. */
static void directories_have_leaves(tp_unused void **state)
{
	for (unsigned level = 1; level < TP_AMD_LEVELS; level++) {
		const uint64_t at = span_of(level), base = (uint64_t)7 * PAGE;

		set_entry(1, level, 1, leaf_of(base) | TP_AMD_PDE_PTE);
		expect_io(at, base);
		expect_io(at + PAGE + 9, base + PAGE + 9);
		expect_io(at + span_of(level) - 1, base + span_of(level) - 1);
		assert_ptr_equal(lead(1, at + (uint64_t)9 * PAGE, true), io(7 + 9));
		set_entry(1, level, 1, 0);
	}
}

/* The leaf's address is not aligned to its size: what lies below is added, not or-ed (Y7). */
static void addresses_are_added(tp_unused void **state)
{
	const uint64_t at = span_of(1);

	set_entry(1, 1, 1, leaf_of((uint64_t)5 * PAGE) | TP_AMD_PDE_PTE);
	expect_io(at + PAGE, (uint64_t)6 * PAGE);
	expect_io(at + (uint64_t)3 * PAGE + 1, (uint64_t)8 * PAGE + 1);
	/* Four pages of a fragment from page 5 on: bit 2 of the number is carried over. */
	for (unsigned i = 0; i < 4; i++)
		set_entry(1, 0, 4 + i, leaf_of((uint64_t)(DATA + 5 + i) * PAGE) | frag(2));
	assert_ptr_equal(lead(1, VA(4), true), io(DATA + 5));
	set_entry(1, 0, 7, 0);
	assert_ptr_equal(lead(1, VA(7), true), io(DATA + 8)); /* by the same remembered run */
}

/* A fragment is a run by the virtual address, wherever in it one began. */
static void fragments_are_aligned_by_the_virtual_address(tp_unused void **state)
{
	const struct tp_ahw_context *context = &m->hubs[TP_AMD_MMHUB].contexts[1];
	const struct tp_ahw_leaf *leaf = context->leaves;

	for (unsigned i = 0; i < 8; i++)
		set_entry(1, 0, i, data_pte(DATA + i) | frag(2));
	assert_ptr_equal(lead(1, VA(6), true), io(DATA + 6));
	assert_int_equal(leaf->va, VA(4));
	assert_int_equal(leaf->size, 4 * PAGE);
	assert_int_equal(leaf->address, (uint64_t)(DATA + 4) * PAGE);
	assert_false(knows_leaf(TP_AMD_MMHUB, 1, VA(3)));
	assert_false(knows_leaf(TP_AMD_MMHUB, 1, VA(8)));
}

/* T18 */
static void leaves_of_directories_are_no_smaller_than_what_they_span(tp_unused void **state)
{
	const uint64_t at = span_of(1);
	const struct tp_ahw_leaf *leaf = m->hubs[TP_AMD_MMHUB].contexts[1].leaves;

	set_entry(1, 1, 1, leaf_of(0) | TP_AMD_PDE_PTE | frag(1));
	assert_ptr_equal(lead(1, at + (uint64_t)3 * PAGE, true), io(3));
	assert_int_equal(leaf->va, at);
	assert_int_equal(leaf->size, span_of(1));
}

/* ---- translate-further ----------------------------------------------------------------------- */

static uint64_t below(unsigned pages)
{
	return (uint64_t)pages << TP_AMD_PDE_BFS_SHIFT;
}

static void shape(unsigned depth, unsigned block)
{
	hub_wr(TP_AMD_MMHUB, TP_AMD_CONTEXT0_CNTL + 1,
	       TP_AMD_CNTL_ENABLE | depth << TP_AMD_CNTL_DEPTH_SHIFT |
		       block << TP_AMD_CNTL_BLOCK_SIZE_SHIFT);
}

/*
 * As Linux has it where memory is large: two directories, and tables of as much as a PDB0 whose
 * leaves are of 2 MiB, or lead further to tables of pages.  All four tables lie where they would.
 */
static void leaves_lead_further(tp_unused void **state)
{
	const uint64_t pdb0 = vram_get(table_page(1, 2), 0), ptb = vram_get(table_page(1, 1), 0);

	shape(2, TP_AMD_PT_BITS);
	set_entry(1, 2, 0, pdb0 | below(TP_AMD_PT_BITS));
	set_entry(1, 1, 0, ptb | TP_AMD_PTE_FURTHER);
	set_entry(1, 1, 1, leaf_of((uint64_t)2 * PAGE));
	set_entry(1, 1, 2, TP_AMD_PTE_CLEARED);
	expect_io(VA(3) + 1, (uint64_t)(DATA + 3) * PAGE + 1);
	expect_nothing(1, VA(NR_DATA));
	expect_io(span_of(1) + PAGE, (uint64_t)3 * PAGE);
	assert_ptr_equal(lead(1, VA(3), true), io(DATA + 3));
	assert_ptr_equal(lead(1, span_of(1) + (uint64_t)9 * PAGE, true), io(2 + 9));
	assert_null(lead(1, 2 * span_of(1), true));
	expect_fault(NO_WRITE, 2 * span_of(1));
	/* What led further is remembered, and spans as much. */
	set_entry(1, 1, 0, 0);
	assert_ptr_equal(lead(1, VA(4), true), io(DATA + 4));
	assert_ptr_equal(lead(1, span_of(1) + VA(50), false), io(2 + 50));
	/* An invalid one leads nowhere, whatever it says. */
	set_entry(1, 1, 3, (ptb & ~(uint64_t)V) | TP_AMD_PTE_FURTHER);
	assert_null(lead(1, 3 * span_of(1), false));
	expect_fault(NO_READ, 3 * span_of(1));
}

/* Leaves of any size: what leads to a table says it, and there are as many as the table spans. */
static void tables_have_as_many_leaves_as_they_span(tp_unused void **state)
{
	const uint64_t ptb = vram_get(table_page(1, 1), 0);

	for (unsigned i = 0; i < 4; i++)
		set_entry(1, 0, i, leaf_of((uint64_t)(8 * i + 1) * PAGE));
	set_entry(1, 1, 0, ptb | below(3));
	for (unsigned page = 0; page < 32; page += 5)
		expect_io(VA(page) + 7, (uint64_t)(page + 1) * PAGE + 7);
	assert_ptr_equal(lead(1, VA(9), true), io(10));
	assert_true(knows_leaf(TP_AMD_MMHUB, 1, VA(15)));
	assert_false(knows_leaf(TP_AMD_MMHUB, 1, VA(16)));
	/* One that has a larger fragment is a run of that. */
	set_entry(1, 0, 2, leaf_of((uint64_t)17 * PAGE) | frag(4));
	assert_ptr_equal(lead(1, VA(17), true), io(18));
	assert_true(knows_leaf(TP_AMD_MMHUB, 1, VA(31)));
	/* One of them leads further, to leaves of half of it. */
	set_entry(1, 0, 3, vram_entry(FREE) | V | TP_AMD_PTE_FURTHER | below(2));
	vram_put(FREE, 0, leaf_of((uint64_t)40 * PAGE));
	vram_put(FREE, 1, leaf_of((uint64_t)50 * PAGE));
	expect_io(VA(24 + 3), (uint64_t)43 * PAGE);
	expect_io(VA(24 + 4), (uint64_t)50 * PAGE);
	/* As large as the table, or larger: there is one. */
	set_entry(1, 1, 0, ptb | below(31));
	expect_io(VA(33), (uint64_t)34 * PAGE);
}

/* On each level a leaf can lead to smaller ones, and only to smaller ones (W3). */
static void leaves_of_directories_lead_further(tp_unused void **state)
{
	for (unsigned level = 1; level < TP_AMD_LEVELS; level++) {
		const uint64_t at = span_of(level), half = span_of(level) / 2;
		const unsigned pages = level * TP_AMD_PT_BITS;
		const uint64_t leads = vram_entry(FREE) | V | TP_AMD_PDE_PTE | TP_AMD_PTE_FURTHER;

		vram_put(FREE, 0, leaf_of((uint64_t)3 * PAGE));
		vram_put(FREE, 1, leaf_of((uint64_t)20 * PAGE));
		set_entry(1, level, 1, leads | below(pages - 1));
		expect_io(at + PAGE, (uint64_t)4 * PAGE);
		expect_io(at + half + PAGE, (uint64_t)21 * PAGE);
		assert_ptr_equal(lead(1, at + half + PAGE, true), io(21));
		set_entry(1, level, 1, leads | below(pages));
		expect_nothing(1, at);
		set_entry(1, level, 1, 0);
	}
	set_entry(1, 0, 0, data_pte(DATA) | TP_AMD_PTE_FURTHER);
	assert_null(lead(1, VA(0), false));
	expect_fault(ended_at(TP_AMD_WALKER_FURTHER) | NO_READ, VA(0));
}

/* ---- the context's shape --------------------------------------------------------------------- */

/* The root is as long as what is asked for: its index is not cut. */
static void a_root_is_as_long_as_it_is(tp_unused void **state)
{
	const uint64_t at = (uint64_t)(TP_AMD_PTES + 2) * span_of(1);

	shape(1, 0);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2, vram_entry(FREE) | V);
	vram_put(FREE, 0, vram_get(table_page(1, 1), 0));
	vram_put(FREE + 1, 2, vram_get(table_page(1, 1), 0));
	expect_io(VA(3), (uint64_t)(DATA + 3) * PAGE);
	expect_io(at + VA(5), (uint64_t)(DATA + 5) * PAGE);
	assert_ptr_equal(lead(1, at + VA(5), true), io(DATA + 5));
	expect_nothing(1, (uint64_t)TP_AMD_PTES * span_of(1));
	/* Without directories it is a table of leaves, whose size PT_BASE says. */
	shape(0, 0);
	vram_put(FREE + 1, 1, leaf_of((uint64_t)12 * PAGE));
	expect_io(VA(TP_AMD_PTES + 1), (uint64_t)12 * PAGE);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2, vram_entry(FREE) | V | below(2));
	expect_io(VA(4 * (TP_AMD_PTES + 1) + 3), (uint64_t)15 * PAGE);
}

/* A table begins at any 64 bytes: where a leaf has its fragment. */
static void tables_lie_within_pages(tp_unused void **state)
{
	const uint64_t ptb = vram_get(table_page(1, 1), 0);

	set_entry(1, 1, 0, ptb | 64);
	expect_io(VA(1), (uint64_t)(DATA + 9) * PAGE);
	assert_ptr_equal(lead(1, VA(1), true), io(DATA + 9));
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2, root_of(1) | V | 64);
	expect_nothing(1, VA(1));
	set_entry(1, 3, 8, vram_get(table_page(1, 3), 0));
	expect_io(VA(1), (uint64_t)(DATA + 9) * PAGE);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static void the_hole_is_cut_off(tp_unused void **state)
{
	set_entry(1, 3, TP_AMD_PTES / 2, vram_get(table_page(1, 3), 0));
	expect_io(TP_AMD_HOLE_END + VA(2), (uint64_t)(DATA + 2) * PAGE);
	expect_io(TP_AMD_HOLE_START + VA(2), (uint64_t)(DATA + 2) * PAGE);
	assert_ptr_equal(lead(1, TP_AMD_HOLE_END + VA(2), true), io(DATA + 2));
}

static void beyond_a_context_there_is_nothing(tp_unused void **state)
{
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_START + 2, 2);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_END + 2, 3);
	expect_nothing(1, VA(1));
	expect_io(VA(2), (uint64_t)DATA * PAGE); /* where it begins its tables begin */
	expect_io(VA(3), (uint64_t)(DATA + 1) * PAGE);
	expect_nothing(1, VA(4));
	assert_null(lead(1, VA(4), true));
	expect_fault(ended_at(TP_AMD_WALKER_RANGE) | NO_WRITE, VA(4));
	assert_ptr_equal(lead(1, VA(3), true), io(DATA + 1));
	assert_ptr_equal(lead(1, VA(2), true), io(DATA));
	hub_wr(TP_AMD_MMHUB, TP_AMD_CONTEXT0_CNTL + 1, 0);
	expect_nothing(1, VA(2));
}

static void video_memory_begins_where_it_is_said_to(tp_unused void **state)
{
	set_entry(1, 0, 0, vram_entry(FREE + 3) | V | RW);
	expect_local(1, VA(0) + 8, (uint64_t)(FREE + 3) * PAGE + 8);
	assert_ptr_equal(lead(1, VA(0), true), bus->memory + (size_t)(FREE + 3) * PAGE);
	set_entry(1, 0, 1, vram_entry(VRAM_PAGES) | V | RW);
	assert_null(lead(1, VA(1), true)); /* there is no more of it */
	expect_fault(TP_AMD_FAULT_MAPPING | TP_AMD_FAULT_RW, VA(1));
	set_entry(1, 0, 2, V | RW);
	if (m->config.fb_offset)
		assert_null(lead(1, VA(2), true)); /* or before it */
}

/* ---- VMID 0 ---------------------------------------------------------------------------------- */

static void the_kernel_sees_video_memory_and_the_gart(tp_unused void **state)
{
	const uint64_t gart = TP_AMD_GART_START;

	expect_local(0, VRAM(3) + 1, (uint64_t)3 * PAGE + 1);
	assert_null(lead(0, VRAM(VRAM_PAGES), true));
	expect_fault_of(0, TP_AMD_FAULT_MAPPING | TP_AMD_FAULT_RW, VRAM(VRAM_PAGES));
	expect_nothing(0, TP_AMD_VRAM_START - 1);
	expect_nothing(0, TP_AMD_VRAM_START + TP_MIB(16));
	expect_nothing(0, gart);
	assert_null(lead(0, gart, true));
	expect_fault_of(0, ended_at(TP_AMD_WALKER_RANGE) | NO_WRITE, gart);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE,
		 ((uint64_t)m->config.fb_offset << 24) + (uint64_t)FREE * PAGE + 1);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_START, gart >> TP_PAGE_SHIFT);
	hub_wr64(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_END, (gart >> TP_PAGE_SHIFT) + TP_AMD_PTES);
	hub_wr(TP_AMD_MMHUB, TP_AMD_CONTEXT0_CNTL, TP_AMD_CNTL_ENABLE);
	vram_put(FREE, 2, data_pte(DATA + 1));
	vram_put(FREE + 1, 0, data_pte(DATA + 2)); /* the table is as long as it is */
	vram_put(FREE + 1, 1, data_pte(DATA + 3)); /* and no longer */
	assert_ptr_equal(lead(0, gart + VA(2), true), io(DATA + 1));
	assert_ptr_equal(lead(0, gart + VA(TP_AMD_PTES), true), io(DATA + 2));
	assert_null(lead(0, gart + VA(TP_AMD_PTES + 1), true));
	expect_fault_of(0, ended_at(TP_AMD_WALKER_RANGE) | NO_WRITE, gart + VA(TP_AMD_PTES + 1));
	expect_nothing(0, gart + VA(3));
	expect_nothing(0, gart - 1);
	assert_null(lead(0, gart + VA(3), true));
	expect_fault_of(0, NO_WRITE, gart + VA(3));
}

/* Video memory is where the hub is told that it is, for VMID 0 and nobody else. */
static void the_aperture_can_be_moved(tp_unused void **state)
{
	hub_wr(TP_AMD_MMHUB, TP_AMD_FB_BASE, 0x10);
	hub_wr(TP_AMD_MMHUB, TP_AMD_FB_TOP, 0x11);
	expect_nothing(0, VRAM(3));
	expect_local(0, TP_MIB(256) + VA(3), (uint64_t)3 * PAGE);
	assert_ptr_equal(lead(0, TP_MIB(256) + VA(3), true), bus->memory + (size_t)3 * PAGE);
	expect_local(0, TP_MIB(256 + 31), TP_MIB(31));
	expect_nothing(0, TP_MIB(256 + 32));
	expect_nothing(1, TP_MIB(256) + VA(3));
	hub_wr(TP_AMD_MMHUB, TP_AMD_FB_TOP, 0xf);
	expect_nothing(0, TP_MIB(256) + VA(3));
}

/* ---- what is not allowed --------------------------------------------------------------------- */

static void leaves_say_what_is_allowed(tp_unused void **state)
{
	set_entry(1, 0, 1, data_pte(DATA + 1) & ~TP_AMD_PTE_WRITEABLE);
	set_entry(1, 0, 2, data_pte(DATA + 2) & ~TP_AMD_PTE_READABLE);
	assert_non_null(lead(1, VA(1), false));
	assert_null(lead(1, VA(1), true));
	expect_fault(TP_AMD_FAULT_WRITE | TP_AMD_FAULT_RW, VA(1));
	assert_non_null(lead(1, VA(2), true));
	assert_null(lead(1, VA(2), false));
	expect_fault(TP_AMD_FAULT_READ, VA(2));
}

/* Who snoops, caches, is trusted or executes is nothing that this device could tell. */
static void what_else_leaves_say_changes_nothing(tp_unused void **state)
{
	static const uint64_t others[] = {
		TP_AMD_PTE_SNOOPED,    TP_AMD_PTE_TMZ,
		TP_AMD_PTE_EXECUTABLE, TP_AMD_PTE_PRT, /* of a valid one */
		TP_AMD_PDE_PTE,			       /* of a table's */
		TP_AMD_PTE_LOG,	       UINT64_C(1) << 52,
		UINT64_C(1) << 53,     (uint64_t)TP_AMD_MTYPE_UC << TP_AMD_PTE_MTYPE_SHIFT,
	};

	for (unsigned i = 0; i < TP_ARRAY_SIZE(others); i++) {
		set_entry(1, 0, i, data_pte(DATA + i) | others[i]);
		assert_ptr_equal(lead(1, VA(i), true), io(DATA + i));
	}
}

/* The first fault is kept until it is cleared, and that there were more. */
static void the_first_fault_is_kept(tp_unused void **state)
{
	assert_null(lead(1, VA(NR_DATA), true));
	assert_null(lead(1, VA(NR_DATA + 1), false));
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 2);
	expect_fault(NO_WRITE | TP_AMD_FAULT_MORE, VA(NR_DATA));
}

static void the_last_is_kept_if_that_is_wanted(tp_unused void **state)
{
	hub_wr(TP_AMD_MMHUB, TP_AMD_FAULT_CNTL, TP_AMD_FAULT_UPDATE);
	assert_null(lead(1, VA(NR_DATA), true));
	assert_null(lead(1, VA(NR_DATA + 1), false));
	expect_fault(NO_READ | TP_AMD_FAULT_MORE, VA(NR_DATA + 1));
}

/* By the numbers of Vega10's clients: CPG, and both DMA engines, that change places for writes. */
static void a_fault_says_who_and_of_whom(tp_unused void **state)
{
	static const uint32_t clients[TP_AMD_NR_RINGS][2] = { { 6, 6 }, { 46, 15 }, { 15, 46 } };

	for (unsigned i = 0; i < 2 * TP_AMD_NR_RINGS; i++) {
		const enum tp_amd_ring_id ring = (enum tp_amd_ring_id)(i / 2);
		const enum tp_amd_hub_id hub = tp_amd_ring_hub(ring);
		const uint32_t vf = m->config.virtual_function ? TP_AMD_FAULT_VF : 0;
		bool prt;

		assert_null(lead_prt(ring, 2, VA(NR_DATA), i % 2, &prt));
		assert_int_equal(hub_rd(hub, TP_AMD_FAULT_STATUS),
				 (i % 2 ? NO_WRITE : NO_READ) | vf |
					 clients[ring][i % 2] << TP_AMD_FAULT_CID_SHIFT |
					 2 << TP_AMD_FAULT_VMID_SHIFT);
		hub_wr(hub, TP_AMD_FAULT_CNTL, TP_AMD_FAULT_CLEAR);
	}
}

static void partially_resident_is_neither_memory_nor_a_fault(tp_unused void **state)
{
	bool prt;

	set_entry(1, 0, 1, TP_AMD_PTE_PRT);
	set_entry(1, 1, 1, TP_AMD_PTE_PRT | TP_AMD_PDE_PTE);
	assert_null(lead_prt(TP_AMD_RING_SDMA0, 1, VA(1), true, &prt));
	assert_true(prt);
	assert_null(lead_prt(TP_AMD_RING_SDMA0, 1, span_of(1) + VA(9), false, &prt));
	assert_true(prt);
	assert_null(lead_prt(TP_AMD_RING_SDMA0, 1, VA(NR_DATA), false, &prt));
	assert_false(prt);
	expect_fault(NO_READ, VA(NR_DATA));
	/* That of a directory is none unless it is a leaf. */
	set_entry(1, 1, 2, TP_AMD_PTE_PRT);
	assert_null(lead_prt(TP_AMD_RING_SDMA0, 1, 2 * span_of(1), false, &prt));
	assert_false(prt);
	expect_fault(ended_at(TP_AMD_WALKER_PDE0) | NO_READ, 2 * span_of(1));
}

/* W1: a table that may not be read is a fault of the walk that needed it, not of one that asks. */
static void tables_that_may_not_be_read_refuse(tp_unused void **state)
{
	tp_iommu_clear(bus->local, (tp_dma_addr){ (uint64_t)table_page(1, 1) * PAGE });
	expect_nothing(1, VA(1));
	assert_int_equal(tp_quiet_load(&bus->local->nr_faults), 0);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 0);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].entries, 0);
	assert_null(lead(1, VA(1), false));
	assert_int_equal(tp_quiet_load(&bus->local->nr_faults), 1);
	expect_fault(ended_at(TP_AMD_WALKER_REFUSED), VA(1));
}

static int begin_far(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL, .fb_offset = 3 });
	return 0;
}

static int begin_function(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL,
					    .virtual_function = true });
	m->has_access = true;
	start_all();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define HERE(test) cmocka_unit_test_setup_teardown(test, begin_manual, end)
		HERE(pages_are_found_one_by_one),
		HERE(what_a_cleared_entry_says_is_nothing),
		HERE(directories_have_leaves),
		HERE(addresses_are_added),
		HERE(fragments_are_aligned_by_the_virtual_address),
		HERE(leaves_of_directories_are_no_smaller_than_what_they_span),
		HERE(leaves_lead_further),
		HERE(tables_have_as_many_leaves_as_they_span),
		HERE(leaves_of_directories_lead_further),
		HERE(a_root_is_as_long_as_it_is),
		HERE(tables_lie_within_pages),
		HERE(the_hole_is_cut_off),
		HERE(beyond_a_context_there_is_nothing),
		HERE(video_memory_begins_where_it_is_said_to),
		HERE(the_kernel_sees_video_memory_and_the_gart),
		HERE(the_aperture_can_be_moved),
		HERE(leaves_say_what_is_allowed),
		HERE(what_else_leaves_say_changes_nothing),
		HERE(the_first_fault_is_kept),
		HERE(the_last_is_kept_if_that_is_wanted),
		HERE(a_fault_says_who_and_of_whom),
		cmocka_unit_test_setup_teardown(a_fault_says_who_and_of_whom, begin_function, end),
		HERE(partially_resident_is_neither_memory_nor_a_fault),
		HERE(tables_that_may_not_be_read_refuse),
		cmocka_unit_test_setup_teardown(video_memory_begins_where_it_is_said_to, begin_far,
						end),
		cmocka_unit_test_setup_teardown(the_kernel_sees_video_memory_and_the_gart,
						begin_far, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
