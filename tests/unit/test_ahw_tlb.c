/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_tlb - what AMD's hubs remember of tables, how long, and who counts that it was old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ahw_rig.h"

enum { ALL = TP_AMD_INV_ALL };

#define HUB TP_AMD_MMHUB

static void *io(unsigned page)
{
	return memory + (size_t)page * PAGE;
}

static void expect_at(unsigned n, unsigned page)
{
	assert_ptr_equal(lead(1, VA(n), true), io(page));
}

static struct tp_amd_model_hub_stat hub_stat(void)
{
	return stat_of().hub[HUB];
}

/* All of VMID 1 that was remembered before walk @before, of the caches that @req says. */
static void drop_before(uint32_t req, uint64_t before)
{
	tp_spin_lock(&m->hubs[HUB].lock);
	tp_ahw_tlb_drop(&m->hubs[HUB], 1u << 1, req, before);
	tp_spin_unlock(&m->hubs[HUB].lock);
}

static void drop(uint32_t req)
{
	drop_before(req, UINT64_MAX);
}

static void set_tag(struct tp_iommu *front, unsigned page, void *host, const char *tag)
{
	const tp_dma_addr at = { (uint64_t)page * PAGE };

	tp_iommu_clear(front, at);
	must(tp_iommu_set(front, at, host, TP_IOMMU_PERMS, tag));
}

/* The only harm that there was, and it is taken back. */
static struct tp_model_harm only_harm(void)
{
	struct tp_model_harm harm = { .va = 0 };

	assert_int_equal(tp_amd_model_harms(m, &harm, 1), 1);
	m->harms.nr = 0;
	return harm;
}

/* ---- Y2 -------------------------------------------------------------------------------------- */

static void what_is_remembered_is_used_whatever_tables_say(tp_unused void **state)
{
	expect_at(1, DATA + 1);
	set_entry(1, 0, 1, data_pte(DATA + 7));
	expect_at(1, DATA + 1);
	set_entry(1, 0, 1, 0);
	expect_at(1, DATA + 1);
	assert_int_equal(hub_stat().stale, 2);
	assert_int_equal(hub_stat().hits, 2);
	assert_int_equal(hub_stat().misses, 1);
	drop(ALL);
	assert_null(lead(1, VA(1), true));
	assert_int_equal(hub_stat().stale, 2);
}

/* Each VMID and each hub has its own. */
static void nobody_uses_what_another_remembers(tp_unused void **state)
{
	bool prt;

	expect_at(1, DATA + 1);
	set_entry(1, 0, 1, data_pte(DATA + 7));
	assert_ptr_equal(lead_prt(TP_AMD_RING_GFX, 1, VA(1), true, &prt), io(DATA + 7));
	assert_ptr_equal(lead_prt(TP_AMD_RING_SDMA1, 1, VA(1), true, &prt), io(DATA + 1));
	assert_ptr_equal(lead(2, VA(1), true), io(DATA + 1));
	assert_int_equal(hub_stat().misses, 2);
}

static void what_says_the_same_in_another_way_is_not_stale(tp_unused void **state)
{
	const uint64_t at = UINT64_C(1) << tp_amd_level_shift(1);

	/* T16: a leaf of a directory is split into pages that say the same. */
	set_entry(1, 1, 1, data_pte(DATA) | TP_AMD_PDE_PTE);
	assert_ptr_equal(lead(1, at + VA(3), true), io(DATA + 3));
	set_entry(1, 1, 1, vram_get(table_page(1, 1), 0));
	assert_ptr_equal(lead(1, at + VA(3), true), io(DATA + 3));
	assert_int_equal(hub_stat().stale, 0);
	/* Both edges of a piece cut out of the middle, and the piece. */
	set_entry(1, 0, 4, TP_AMD_PTE_CLEARED);
	assert_non_null(lead(1, at + VA(3), true));
	assert_non_null(lead(1, at + VA(5), true));
	assert_int_equal(hub_stat().stale, 0);
	assert_non_null(lead(1, at + VA(4), true));
	assert_int_equal(hub_stat().stale, 1);
}

/* T17: what a fragment claims is believed, also of a page that was changed in it. */
static void a_fragment_returns_what_was_there(tp_unused void **state)
{
	for (unsigned i = 0; i < 4; i++)
		set_entry(1, 0, i, data_pte(DATA + i) | UINT64_C(2) << TP_AMD_PTE_FRAG_SHIFT);
	expect_at(0, DATA);
	set_entry(1, 0, 2, data_pte(DATA + 9));
	expect_at(2, DATA + 2);
	assert_int_equal(hub_stat().stale, 1);
	assert_int_equal(hub_stat().misses, 1);
	drop(ALL);
	expect_at(2, DATA + 9);
	expect_at(3, DATA + 3);
}

/* ---- directories ----------------------------------------------------------------------------- */

/* T15: it leads to what was a table, and is a page of somebody's now. */
static void a_remembered_directory_leads_to_a_table_that_is_none(tp_unused void **state)
{
	const unsigned old = table_page(1, 0);
	char *host = bus->memory + (size_t)old * PAGE;
	struct tp_model_harm harm;

	expect_at(0, DATA);
	set_entry(1, 1, 0, TP_AMD_PDE_CLEARED);
	expect_at(1, DATA + 1); /* nobody has it yet */
	assert_int_equal(hub_stat().stale, 1);
	assert_int_equal(tp_amd_model_harms(m, NULL, 0), 0);
	set_tag(bus->local, old, host, "pixels");
	vram_put(old, 2, data_pte(DATA + 12));
	expect_at(2, DATA + 12);
	harm = only_harm();
	assert_string_equal(harm.was, "vram");
	assert_string_equal(harm.now, "pixels");
	assert_string_equal(harm.engine, "sdma0");
	assert_int_equal(harm.address, (uint64_t)old * PAGE);
	assert_true(harm.local && !harm.write);
	/* Pixels that are no table's entry are as bad, and a fault. */
	assert_null(lead(1, VA(NR_DATA), true));
	only_harm();
	drop(ALL & ~TP_AMD_INV_L2_PDE0);
	assert_non_null(lead(1, VA(2), true));
	only_harm();
	drop(ALL);
	assert_null(lead(1, VA(2), true));
	assert_int_equal(tp_amd_model_harms(m, NULL, 0), 0);
}

static void each_cache_has_its_bit(tp_unused void **state)
{
	static const uint32_t bits[] = { 0, TP_AMD_INV_L2_PDE0, TP_AMD_INV_L2_PDE1,
					 TP_AMD_INV_L2_PDE2 };

	for (unsigned level = 1; level < TP_AMD_LEVELS; level++) {
		drop(ALL);
		expect_at(1, DATA + 1);
		drop(ALL & ~bits[level]);
		for (unsigned other = 1; other < TP_AMD_LEVELS; other++)
			assert_int_equal(knows_directory(HUB, 1, other), other == level);
		assert_false(knows_leaf(HUB, 1, VA(1)));
	}
	drop(ALL);
	expect_at(1, DATA + 1);
	drop(TP_AMD_INV_L2_PDE0 | TP_AMD_INV_L2_PDE1 | TP_AMD_INV_L2_PDE2 | TP_AMD_INV_L2_PTES);
	assert_true(knows_leaf(HUB, 1, VA(1))); /* in the first level's */
}

/* A leaf is forgotten once neither cache has it; the first is filled from the second by a use. */
static void leaves_are_in_two_caches(tp_unused void **state)
{
	static const uint32_t caches[] = { TP_AMD_INV_L1_PTES, TP_AMD_INV_L2_PTES };

	for (unsigned first = 0; first < 2; first++) {
		expect_at(1, DATA + 1);
		drop(caches[first]);
		assert_true(knows_leaf(HUB, 1, VA(1)));
		drop(caches[first]);
		assert_true(knows_leaf(HUB, 1, VA(1)));
		drop(caches[!first]);
		assert_false(knows_leaf(HUB, 1, VA(1)));
	}
	expect_at(1, DATA + 1);
	drop(TP_AMD_INV_L1_PTES);
	expect_at(1, DATA + 1);
	drop(TP_AMD_INV_L2_PTES);
	assert_true(knows_leaf(HUB, 1, VA(1)));
	drop(TP_AMD_INV_L2_PTES);
	expect_at(1, DATA + 1); /* of the first */
	assert_int_equal(hub_stat().misses, 3);
	drop(TP_AMD_INV_L1_PTES);
	assert_false(knows_leaf(HUB, 1, VA(1)));
}

/* A leaf that led further is forgotten with the lowest directories' entries. */
static void what_leads_further_is_a_directory(tp_unused void **state)
{
	const uint64_t ptb = vram_get(table_page(1, 1), 0);

	set_entry(1, 1, 0,
		  vram_entry(FREE) | TP_AMD_PTE_VALID | UINT64_C(1) << TP_AMD_PDE_BFS_SHIFT);
	vram_put(FREE, 0, ptb | TP_AMD_PTE_FURTHER);
	expect_at(0, DATA);
	assert_int_equal(hub_stat().walks, TP_AMD_LEVELS + 1);
	expect_at(1, DATA + 1);
	assert_int_equal(hub_stat().walks, TP_AMD_LEVELS + 2);
	vram_put(FREE, 0, 0);
	drop(ALL & ~TP_AMD_INV_L2_PDE0);
	expect_at(1, DATA + 1);
	assert_true(hub_stat().stale > 0);
	drop(TP_AMD_INV_L2_PDE0 | TP_AMD_INV_L1_PTES | TP_AMD_INV_L2_PTES);
	assert_null(lead(1, VA(1), true));
}

/* The lowest that is known is asked: one entry is read in place of four. */
static void walks_begin_where_directories_are_known(tp_unused void **state)
{
	expect_at(0, DATA);
	assert_int_equal(hub_stat().walks, TP_AMD_LEVELS);
	expect_at(1, DATA + 1);
	assert_int_equal(hub_stat().walks, TP_AMD_LEVELS + 1);
	drop(TP_AMD_INV_L2_PDE0);
	expect_at(2, DATA + 2);
	assert_int_equal(hub_stat().walks, TP_AMD_LEVELS + 3);
}

/* ---- Y3 -------------------------------------------------------------------------------------- */

/* A page that a directory's entry of before led to is as old as that, whenever it was read. */
static void what_was_found_by_old_entries_is_old(tp_unused void **state)
{
	uint64_t before;

	expect_at(0, DATA);
	before = m->hubs[HUB].walk_count + 1;
	expect_at(1, DATA + 1);
	drop_before(ALL, before);
	assert_false(knows_leaf(HUB, 1, VA(0)));
	assert_false(knows_leaf(HUB, 1, VA(1)));
	expect_at(2, DATA + 2);
	drop_before(ALL, before);
	assert_true(knows_leaf(HUB, 1, VA(2)));
	assert_true(knows_directory(HUB, 1, 1));
}

/* ---- T19 ------------------------------------------------------------------------------------- */

static void nothing_is_remembered_if_the_device_does_that(tp_unused void **state)
{
	const bool does = m->config.remembers_nothing;

	assert_null(lead(1, VA(NR_DATA), true));
	set_entry(1, 0, NR_DATA, data_pte(DATA));
	assert_int_equal(lead(1, VA(NR_DATA), true) == NULL, does);
	assert_int_equal(hub_stat().stale, does);
	drop(ALL);
	assert_ptr_equal(lead(1, VA(NR_DATA), true), io(DATA));
	/* Nothing that is still nothing is not stale. */
	assert_null(lead(1, VA(NR_DATA + 1), true));
	assert_null(lead(1, VA(NR_DATA + 1), true));
	assert_int_equal(hub_stat().stale, does);
}

static int begin_remembering_nothing(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL,
					    .remembers_nothing = true });
	return 0;
}

/* ---- harm ------------------------------------------------------------------------------------ */

static void memory_that_is_anothers_now_was_harmed(tp_unused void **state)
{
	struct tp_model_harm harm;

	expect_at(1, DATA + 1);
	set_entry(1, 0, 1, 0);
	expect_at(1, DATA + 1); /* stale, but still its own */
	assert_int_equal(tp_amd_model_harms(m, NULL, 0), 0);
	set_tag(iommu, DATA + 1, io(DATA + 1), "another");
	expect_at(1, DATA + 1);
	harm = only_harm();
	assert_string_equal(harm.was, "test");
	assert_string_equal(harm.now, "another");
	assert_int_equal(harm.va, VA(1));
	assert_int_equal(harm.address, (uint64_t)(DATA + 1) * PAGE);
	assert_true(harm.write && !harm.local);
	tp_iommu_clear(iommu, (tp_dma_addr){ (uint64_t)(DATA + 1) * PAGE });
	assert_null(lead(1, VA(1), false));
	assert_string_equal(only_harm().now, "");
	drop(ALL);
	assert_null(lead(1, VA(1), false));
	assert_int_equal(tp_amd_model_harms(m, NULL, 0), 0);
}

/* T28: the kernel's own mappings are looked at like everybody's. */
static void the_gart_is_looked_at_too(tp_unused void **state)
{
	const uint64_t gart = TP_AMD_GART_START;

	hub_wr64(HUB, TP_AMD_CONTEXT0_PT_BASE, vram_entry(FREE) | 1);
	hub_wr64(HUB, TP_AMD_CONTEXT0_PT_START, gart >> TP_PAGE_SHIFT);
	hub_wr64(HUB, TP_AMD_CONTEXT0_PT_END, gart >> TP_PAGE_SHIFT);
	hub_wr(HUB, TP_AMD_CONTEXT0_CNTL, TP_AMD_CNTL_ENABLE);
	vram_put(FREE, 0, data_pte(DATA + 1));
	assert_ptr_equal(lead(0, gart, true), io(DATA + 1));
	vram_put(FREE, 0, 0);
	set_tag(iommu, DATA + 1, io(DATA + 1), "another");
	assert_ptr_equal(lead(0, gart, true), io(DATA + 1));
	assert_int_equal(hub_stat().stale, 1);
	assert_int_equal(only_harm().va, gart);
}

/* ---- room ------------------------------------------------------------------------------------ */

static void caches_are_as_large_as_they_are(tp_unused void **state)
{
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < NR_DATA; i++)
			expect_at(i, DATA + i);
	assert_int_equal(hub_stat().entries, 4 + 2);
	assert_int_equal(hub_stat().stale, 0);
	drop(ALL);
	assert_int_equal(hub_stat().entries, 0);
}

static int begin_small(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){
		.mode = TP_AMD_MODEL_MANUAL, .tlb_entries = 4, .walk_entries = 2 });
	return 0;
}

static void who_asks_leaves_no_trace(tp_unused void **state)
{
	const struct tp_amd_model_hub_stat before = hub_stat();
	uint64_t address, flags;
	bool system;

	assert_true(tp_amd_model_probe(m, HUB, 1, VA(1), &system, &address, &flags));
	assert_false(tp_amd_model_probe(m, HUB, 1, VA(NR_DATA), &system, &address, &flags));
	assert_int_equal(memcmp(&before, &(struct tp_amd_model_hub_stat){ 0 }, sizeof(before)), 0);
	assert_int_equal(hub_stat().walks + hub_stat().faults + hub_stat().entries, 0);
	assert_int_equal(tp_amd_model_accesses(m, NULL, 0), 0);
}

/* What a burst reached is known to it without a look, until something is forgotten; to the next one
 * no more. */
static void unchecked_bursts_go_where_they_went(tp_unused void **state)
{
	expect_at(1, DATA + 1);
	expect_at(1, DATA + 1);
	set_entry(1, 0, 1, data_pte(DATA + 2));
	drop(ALL);
	expect_at(1, DATA + 2);
	assert_int_equal(tp_amd_model_accesses(m, NULL, 0), 0);
	submit_vm_store(TP_AMD_RING_SDMA0, 1, 1, 0x11);
	run_dry();
	assert_int_equal(*(uint32_t *)(void *)io(DATA + 2), 0x11);
	set_tag(iommu, DATA + 2, io(DATA + 3), "test");
	submit_vm_store(TP_AMD_RING_SDMA0, 1, 1, 0x22);
	run_dry();
	assert_int_equal(*(uint32_t *)(void *)io(DATA + 2), 0x11);
	assert_int_equal(*(uint32_t *)(void *)io(DATA + 3), 0x22);
}

static int begin_unchecked(void **state)
{
	(void)state;
	begin((struct tp_amd_model_config){
		.mode = TP_AMD_MODEL_MANUAL, .no_check = true, .no_trace = true });
	return 0;
}

static void accesses_are_kept_for_dumps(tp_unused void **state)
{
	struct tp_amd_model_access a[3];

	expect_at(1, DATA + 1);
	expect_at(1, DATA + 1);
	assert_null(lead(1, VA(NR_DATA) + 4, false));
	assert_int_equal(tp_amd_model_accesses(m, a, 3), 3);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(a[i].va, VA(1));
		assert_int_equal(a[i].address, (uint64_t)(DATA + 1) * PAGE);
		assert_true(a[i].system && a[i].write && !a[i].fault);
		assert_int_equal(a[i].remembered, i);
		assert_true(a[i].vmid == 1 && a[i].hub == HUB && a[i].len == 1);
		assert_int_equal(a[i].ring, TP_AMD_RING_SDMA0);
	}
	assert_true(a[2].fault && !a[2].write && a[2].va == VA(NR_DATA) + 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define HERE(test, begin) cmocka_unit_test_setup_teardown(test, begin, end)
		HERE(what_is_remembered_is_used_whatever_tables_say, begin_manual),
		HERE(nobody_uses_what_another_remembers, begin_manual),
		HERE(what_says_the_same_in_another_way_is_not_stale, begin_manual),
		HERE(a_fragment_returns_what_was_there, begin_manual),
		HERE(a_remembered_directory_leads_to_a_table_that_is_none, begin_manual),
		HERE(each_cache_has_its_bit, begin_manual),
		HERE(leaves_are_in_two_caches, begin_manual),
		HERE(what_leads_further_is_a_directory, begin_manual),
		HERE(walks_begin_where_directories_are_known, begin_manual),
		HERE(what_was_found_by_old_entries_is_old, begin_manual),
		HERE(nothing_is_remembered_if_the_device_does_that, begin_manual),
		HERE(nothing_is_remembered_if_the_device_does_that, begin_remembering_nothing),
		HERE(memory_that_is_anothers_now_was_harmed, begin_manual),
		HERE(the_gart_is_looked_at_too, begin_manual),
		HERE(caches_are_as_large_as_they_are, begin_small),
		HERE(who_asks_leaves_no_trace, begin_manual),
		HERE(unchecked_bursts_go_where_they_went, begin_unchecked),
		HERE(accesses_are_kept_for_dumps, begin_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
