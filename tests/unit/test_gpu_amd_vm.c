/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_vm - what is mapped translates, by both backends, and nothing else does: every
 * page is looked up by the device's walk of the tables and by the driver's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_amd_probe.h"

enum {
	RWX = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE,
	RO = TP_AMD_MAP_READ,
	HUGE = TP_AMD_PTES, /* pages of a leaf of the lowest directory */
	PAGES = 3 * HUGE,
};

/* Aligned to a directory's entry. */
#define BASE UINT64_C(0x7f0000000000)

static struct rig rig;
static struct tp_amd_vm *vm;
static struct tp_amd_object *vram; /* shared, in one run */
static struct tp_amd_object *system_pages;

static const enum tp_amd_updates backends[] = { TP_AMD_UPDATE_SDMA, TP_AMD_UPDATE_CPU };

/* Device and objects are there once: what it takes to clear the memory is all that takes time. */
static int make_all(void **state)
{
	(void)state;
	rig_make_driver(&rig, &(struct rig_config){ .model = { .memory = TP_MIB(10) } });
	must(tp_amd_object_create(rig.gpu, PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "vram", &vram));
	must(tp_amd_object_create(rig.gpu, 40 * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "system",
				  &system_pages));
	return 0;
}

static int unmake_all(void **state)
{
	(void)state;
	tp_amd_object_put(vram);
	tp_amd_object_put(system_pages);
	rig_end(&rig);
	return 0;
}

static int make(void **state)
{
	const enum tp_amd_updates *updates = *state;

	must(tp_amd_vm_create(
		rig.gpu, &(struct tp_amd_vm_config){ .updates_given = true, .updates = *updates },
		&vm));
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_amd_vm_put(vm);
	return 0;
}

static struct tp_amd_vm_stat stat_of(void)
{
	struct tp_amd_vm_stat stat;

	tp_amd_vm_stat(vm, &stat);
	return stat;
}

static uint64_t at(uint64_t page)
{
	return BASE + page * TP_PAGE_SIZE;
}

static int map(struct tp_amd_object *object, uint64_t from, uint64_t va, uint64_t pages,
	       unsigned flags)
{
	return tp_amd_vm_map(vm, object, from * TP_PAGE_SIZE, va, pages * TP_PAGE_SIZE, flags);
}

/* Pages of @object from @from on are at @va: by both walks at the ends, and by the device's. */
static void expect(struct tp_amd_object *object, uint64_t from, uint64_t va, uint64_t pages,
		   unsigned flags)
{
	for (uint64_t i = 0; i < pages; i++) {
		const struct spot wanted = spot_wanted(object, from + i, flags);
		const uint64_t at = va + i * TP_PAGE_SIZE;

		if (i < 4 || i + 4 >= pages || !spot_is(spot_walked(&rig, vm, at), wanted))
			spot_expect(&rig, vm, at, wanted);
	}
}

static void expect_nothing(uint64_t va, uint64_t pages)
{
	expect(NULL, 0, va, pages, 0);
}

/* ---- in and out ------------------------------------------------------------------------------ */

static void an_empty_one_translates_nothing(void **state)
{
	(void)state;
	must(tp_amd_vm_validate(vm));
	expect_nothing(BASE, 10);
	assert_int_equal(stat_of().tables, 1);
	assert_int_equal(stat_of().mappings, 0);
}

static void what_is_mapped_translates_and_nothing_beside_it(void **state)
{
	(void)state;
	must(map(system_pages, 3, at(5), 20, RWX));
	must(map(vram, 1, at(100), 50, RO | TP_AMD_MAP_UNCACHED));
	expect_nothing(at(0), 5);
	expect(system_pages, 3, at(5), 20, RWX);
	expect_nothing(at(25), 75);
	expect(vram, 1, at(100), 50, RO | TP_AMD_MAP_UNCACHED);
	expect_nothing(at(150), 100);
	must(tp_amd_vm_unmap(vm, system_pages, at(5)));
	expect_nothing(at(0), 100);
	expect(vram, 1, at(100), 50, RO | TP_AMD_MAP_UNCACHED);
	must(tp_amd_vm_clear(vm, at(0), 1000 * TP_PAGE_SIZE));
	expect_nothing(at(0), 1000);
	assert_int_equal(stat_of().mappings, 0);
}

/* Tables whose whole range is cleared go. */
static void tables_go_with_what_they_said(void **state)
{
	(void)state;
	must(map(system_pages, 0, at(0), 40, RWX));
	assert_int_equal(stat_of().tables, TP_AMD_LEVELS);
	must(tp_amd_vm_clear(vm, 0, TP_AMD_HOLE_START));
	assert_int_equal(stat_of().tables, 1);
	expect_nothing(at(0), 40);
}

static void both_halves_are_mapped(void **state)
{
	(void)state;
	must(map(system_pages, 0, TP_AMD_HOLE_START - 10 * TP_PAGE_SIZE, 10, RWX));
	must(map(system_pages, 10, TP_AMD_HOLE_END, 10, RWX));
	must(map(system_pages, 20, -UINT64_C(10) * TP_PAGE_SIZE, 10, RWX));
	must(map(system_pages, 30, 0, 10, RWX));
	expect(system_pages, 0, TP_AMD_HOLE_START - 10 * TP_PAGE_SIZE, 10, RWX);
	expect(system_pages, 10, TP_AMD_HOLE_END, 10, RWX);
	expect(system_pages, 20, -UINT64_C(10) * TP_PAGE_SIZE, 10, RWX);
	expect(system_pages, 30, 0, 10, RWX);
	must(tp_amd_vm_unmap(vm, system_pages, TP_AMD_HOLE_END));
	expect_nothing(TP_AMD_HOLE_END, 10);
	expect(system_pages, 0, TP_AMD_HOLE_START - 10 * TP_PAGE_SIZE, 10, RWX);
}

static void one_of_its_own_is_mapped(void **state)
{
	struct tp_amd_object *own;

	(void)state;
	must(tp_amd_object_create(rig.gpu, 7 * TP_PAGE_SIZE, TP_BO_SYSTEM, vm, "own", &own));
	must(map(own, 0, at(0), 7, RWX));
	must(map(own, 2, at(50), 3, RO)); /* twice */
	expect(own, 0, at(0), 7, RWX);
	expect(own, 2, at(50), 3, RO);
	tp_amd_object_put(own); /* its mappings keep it */
	expect(own, 0, at(0), 7, RWX);
	must(tp_amd_vm_unmap(vm, own, at(0)));
	expect_nothing(at(0), 7);
	expect(own, 2, at(50), 3, RO);
}

static void a_lazy_one_translates_when_validated(void **state)
{
	(void)state;
	must(map(system_pages, 0, at(0), 10, RWX | TP_AMD_MAP_LAZY));
	expect_nothing(at(0), 10);
	must(tp_amd_vm_validate(vm));
	expect(system_pages, 0, at(0), 10, RWX);
}

static void what_replaces_something_translates(void **state)
{
	(void)state;
	must(map(system_pages, 0, at(0), 30, RWX));
	must(tp_amd_vm_replace(vm, vram, 0, at(10), 10 * TP_PAGE_SIZE, RO));
	expect(system_pages, 0, at(0), 10, RWX);
	expect(vram, 0, at(10), 10, RO);
	expect(system_pages, 20, at(20), 10, RWX);
	assert_int_equal(stat_of().mappings, 3);
}

/* ---- what cannot be -------------------------------------------------------------------------- */

static void expect_unchanged(void)
{
	assert_int_equal(stat_of().mappings, 1);
	expect_nothing(at(0), 5);
	expect(system_pages, 0, at(5), 10, RWX);
	expect_nothing(at(15), 10);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct tp_amd_object *others;
	struct tp_amd_vm *other;

	(void)state;
	must(tp_amd_vm_create(rig.gpu, NULL, &other));
	must(tp_amd_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, other, "other", &others));
	must(map(system_pages, 0, at(5), 10, RWX));
	assert_int_equal(map(vram, 0, at(0), 6, RWX), -EEXIST);
	assert_int_equal(map(vram, 0, at(14), 1, RWX), -EEXIST);
	assert_int_equal(map(others, 0, at(0), 1, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, at(0), 0, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, at(0) + 1, 1, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 40, at(0), 1, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, at(0), 41, RWX), -EINVAL);
	assert_int_equal(map(system_pages, UINT64_MAX / TP_PAGE_SIZE, at(0), 2, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, at(0), 1, 1 << 10), -EINVAL);
	assert_int_equal(map(system_pages, 0, at(0), 1, RWX | TP_AMD_MAP_PRT), -EINVAL);
	assert_int_equal(map(NULL, 0, at(0), 1, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, TP_AMD_HOLE_START - TP_PAGE_SIZE, 2, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, TP_AMD_HOLE_START, 1, RWX), -EINVAL);
	assert_int_equal(map(system_pages, 0, -(uint64_t)TP_PAGE_SIZE, 2, RWX), -EINVAL);
	assert_int_equal(tp_amd_vm_clear(vm, TP_AMD_HOLE_START, TP_PAGE_SIZE), -EINVAL);
	assert_int_equal(tp_amd_vm_clear(vm, at(5), 0), -EINVAL);
	assert_int_equal(tp_amd_vm_unmap(vm, vram, at(5)), -ENOENT);
	assert_int_equal(tp_amd_vm_unmap(vm, system_pages, at(6)), -ENOENT);
	assert_int_equal(tp_amd_vm_replace(vm, system_pages, 40 * TP_PAGE_SIZE, at(5), TP_PAGE_SIZE,
					   RWX),
			 -EINVAL);
	must(tp_amd_vm_clear(vm, at(1000), TP_PAGE_SIZE)); /* nothing there is no error */
	expect_unchanged();
	tp_amd_object_put(others);
	tp_amd_vm_put(other);
}

/* More dwords than a packet tells of would be cut off unsaid, and run as fewer. */
static void streams_that_cannot_be_run_are_refused(void **state)
{
	const uint32_t most = TP_SDMA_IB_MAX - TP_SDMA_IB_ALIGN_DW;
	const struct tp_amd_work bad[] = {
		{ .ib = at(0), .dwords = 0 },
		{ .ib = at(0), .dwords = TP_SDMA_IB_ALIGN_DW - 1 },
		{ .ib = at(0), .dwords = TP_SDMA_IB_MAX },
		{ .ib = at(0), .dwords = TP_SDMA_IB_MAX + TP_SDMA_IB_ALIGN_DW },
		{ .ib = at(0) + 4, .dwords = TP_SDMA_IB_ALIGN_DW },
		{ .ib = TP_AMD_HOLE_START, .dwords = TP_SDMA_IB_ALIGN_DW },
		{ .ib = TP_AMD_HOLE_START - 32, .dwords = 2 * TP_SDMA_IB_ALIGN_DW },
		{ .ib = at(0), .dwords = most, .ring = TP_AMD_NR_RINGS },
	};
	struct tp_amd_ctx *ctx;

	(void)state;
	must(tp_amd_ctx_create(rig.gpu, vm, &ctx));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad); i++)
		assert_int_equal(tp_amd_submit(ctx, &bad[i], NULL), -EINVAL);
	must(tp_amd_submit(ctx, &(struct tp_amd_work){ .ib = -UINT64_C(4) * most, .dwords = most },
			   NULL));
	must(tp_amd_reset(rig.gpu, TP_AMD_RESET_SOFT)); /* nothing is there */
	tp_amd_ctx_put(ctx);
	tp_amd_bury(rig.gpu);
}

static const char *const sites[] = { "gpu/amd-table", "core/alloc",	    "gpu/bo-pages",
				     "gpu/vram",      "gpu/amd-update-job", "core/iommu-leaf" };

/* What cannot be had once, and what cannot be had any more, undoing included. */
static const unsigned times[] = { 1, 1000 };

/* T25: whatever it is that cannot be had, nothing has changed; once it can, it works. */
static void map_without(const char *site, unsigned n)
{
	int err = -ENOMEM;

	for (unsigned nth = 1; err; nth++) {
		must(tp_fault_arm(site, nth, n));
		err = map(vram, 0, BASE / 2, 10, RWX);
		tp_fault_reset();
		assert_true(!err || err == -ENOMEM);
		if (err)
			expect_unchanged();
	}
	expect(vram, 0, BASE / 2, 10, RWX);
	must(tp_amd_vm_clear(vm, 0, BASE));
	expect_nothing(BASE / 2, 10);
}

static void without_memory_nothing_changes(void **state)
{
	(void)state;
	must(map(system_pages, 0, at(5), 10, RWX));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++)
		for (unsigned j = 0; j < TP_ARRAY_SIZE(times); j++)
			map_without(sites[i], times[j]);
	expect_unchanged();
}

static struct tp_amd_object *make_other(void)
{
	struct tp_amd_object *other;

	must(tp_amd_object_create(rig.gpu, 2 * HUGE * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "other",
				  &other));
	return other;
}

/* All of the range is the new object's, or all is as it was. */
static int replace_without(const char *site, unsigned nth, unsigned n)
{
	struct tp_amd_object *other = make_other();
	int err;

	must(tp_fault_arm(site, nth, n));
	err = tp_amd_vm_replace(vm, other, TP_PAGE_SIZE, at(8), HUGE * TP_PAGE_SIZE, RO);
	tp_fault_reset();
	assert_true(!err || err == -ENOMEM || err == -ENOSPC);
	if (err) {
		expect_unchanged();
	} else {
		expect(system_pages, 0, at(5), 3, RWX);
		expect(other, 1, at(8), HUGE, RO);
		expect_nothing(at(8 + HUGE), 10);
		assert_int_equal(stat_of().mappings, 2);
	}
	tp_amd_object_put(other);
	return err;
}

static void a_replacement_is_whole_or_none(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		for (unsigned j = 0; j < TP_ARRAY_SIZE(times); j++) {
			unsigned nth = 1;

			must(map(system_pages, 0, at(5), 10, RWX));
			while (replace_without(sites[i], nth, times[j]))
				nth++;
			must(tp_amd_vm_clear(vm, at(0), 2 * HUGE * TP_PAGE_SIZE));
		}
	}
}

/* Of a leaf its middle; of tables all; by the same object elsewhere. */
static void what_is_replaced_is_of_any_shape(void **state)
{
	(void)state;
	must(map(vram, 0, at(0), PAGES, RWX));
	must(tp_amd_vm_replace(vm, system_pages, 0, at(HUGE + 3), 40 * TP_PAGE_SIZE, RO));
	expect(vram, 0, at(0), HUGE + 3, RWX);
	expect(system_pages, 0, at(HUGE + 3), 40, RO);
	expect(vram, HUGE + 43, at(HUGE + 43), PAGES - HUGE - 43, RWX);
	must(tp_amd_vm_replace(vm, vram, HUGE * TP_PAGE_SIZE, at(HUGE), HUGE * TP_PAGE_SIZE, RWX));
	expect(vram, 0, at(0), PAGES, RWX);
	assert_int_equal(stat_of().mappings, 3);
	must(tp_amd_vm_replace(vm, vram, 5 * TP_PAGE_SIZE, at(7), 3 * TP_PAGE_SIZE, RO));
	expect(vram, 0, at(0), 7, RWX);
	expect(vram, 5, at(7), 3, RO);
	expect(vram, 10, at(10), PAGES - 10, RWX);
	must(tp_amd_vm_replace(vm, NULL, 0, at(0), PAGES * TP_PAGE_SIZE, TP_AMD_MAP_PRT));
	expect(NULL, 0, at(0), PAGES, TP_AMD_MAP_PRT);
	assert_int_equal(stat_of().mappings, 1);
	must(tp_amd_vm_replace(vm, vram, 0, at(1), 2 * TP_PAGE_SIZE, RWX | TP_AMD_MAP_LAZY));
	expect_nothing(at(1), 2);
	expect(NULL, 0, at(3), PAGES - 3, TP_AMD_MAP_PRT);
	must(tp_amd_vm_validate(vm));
	expect(vram, 0, at(1), 2, RWX);
	must(tp_amd_vm_replace(vm, vram, 0, at(PAGES + 9), TP_PAGE_SIZE, RWX)); /* nothing */
	expect(vram, 0, at(PAGES + 9), 1, RWX);
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static uint64_t leaf_size(uint64_t page)
{
	uint64_t size;

	assert_true(tp_amd_vm_peek(vm, at(page), &size));
	return size / TP_PAGE_SIZE;
}

/* T16: at every edge, of one leaf and over several. */
static void what_remains_of_huge_leaves_translates(void **state)
{
	static const unsigned cuts[][2] = {
		{ 0, 1 },	 { HUGE - 1, 1 },  { HUGE / 2, 3 },
		{ HUGE, HUGE },	 { HUGE - 1, 2 },  { HUGE + 5, HUGE },
		{ 0, HUGE + 1 }, { 1, PAGES - 2 }, { PAGES - 1, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cuts); i++) {
		const unsigned from = cuts[i][0], end = from + cuts[i][1];

		must(map(vram, 0, at(0), PAGES, RWX));
		assert_int_equal(leaf_size(0), HUGE);
		must(tp_amd_vm_clear(vm, at(from), cuts[i][1] * TP_PAGE_SIZE));
		expect(vram, 0, at(0), from, RWX);
		expect_nothing(at(from), end - from);
		expect(vram, end, at(end), PAGES - end, RWX);
		expect_nothing(at(PAGES), HUGE);
		must(tp_amd_vm_clear(vm, at(0), PAGES * TP_PAGE_SIZE));
		expect_nothing(at(0), PAGES);
	}
}

/* T25, of a leaf that is to become a table. */
static void a_huge_leaf_that_cannot_be_split_stays(void **state)
{
	(void)state;
	must(map(vram, 0, at(0), PAGES, RWX));
	must(tp_fault_arm("gpu/amd-table", 1, 1));
	assert_int_equal(tp_amd_vm_clear(vm, at(HUGE / 2), TP_PAGE_SIZE), -ENOMEM);
	tp_fault_reset();
	expect(vram, 0, at(0), PAGES, RWX);
	assert_int_equal(leaf_size(0), HUGE);
	must(tp_amd_vm_clear(vm, at(HUGE / 2), TP_PAGE_SIZE));
	expect_nothing(at(HUGE / 2), 1);
}

/* A leaf of the directory above, of no memory: it becomes two kinds of tables. */
static void partial_residence_is_cut_at_any_page(void **state)
{
	const uint64_t giant = (uint64_t)HUGE * HUGE;

	(void)state;
	must(map(NULL, 0, at(0), 2 * giant, TP_AMD_MAP_PRT));
	assert_int_equal(leaf_size(0), giant);
	must(tp_amd_vm_clear(vm, at(giant - 3), 5 * TP_PAGE_SIZE));
	expect(NULL, 0, at(0), 10, TP_AMD_MAP_PRT);
	expect(NULL, 0, at(giant - HUGE - 10), HUGE + 7, TP_AMD_MAP_PRT);
	expect_nothing(at(giant - 3), 5);
	expect(NULL, 0, at(giant + 2), HUGE + 10, TP_AMD_MAP_PRT);
	expect_nothing(at(2 * giant), 3);
	must(map(system_pages, 0, at(giant - 3), 5, RWX));
	expect(system_pages, 0, at(giant - 3), 5, RWX);
}

/* The virtual address alone decides; the device adds. */
static void memory_that_is_not_aligned_is_in_fragments_too(void **state)
{
	uint64_t size;

	(void)state;
	must(map(vram, 5, at(0), HUGE - 5, RWX));
	assert_int_equal(spot_fragment(tp_amd_vm_peek(vm, at(0), &size)), TP_AMD_PT_BITS - 1);
	expect(vram, 5, at(0), HUGE - 5, RWX);
}

/* T17, T18; returns how many fragments of more than a page there are. */
static unsigned lint(uint64_t page, uint64_t pages)
{
	return spot_lint(&rig, vm, at(page), pages * TP_PAGE_SIZE);
}

static void fragments_claim_no_more_than_there_is(void **state)
{
	(void)state;
	must(map(vram, 3, at(3), 60, RWX));
	must(map(vram, 63, at(63), 1, RO));    /* it follows, and is used otherwise */
	must(map(vram, 100, at(64), 64, RWX)); /* it does not */
	must(map(vram, HUGE, at(HUGE), HUGE, RWX));
	assert_true(lint(0, 2 * HUGE) > 5);
	assert_int_equal(spot_fragment(tp_amd_vm_peek(vm, at(64), &(uint64_t){ 0 })), 6);
	must(tp_amd_vm_replace(vm, vram, 17 * TP_PAGE_SIZE, at(17), TP_PAGE_SIZE, RO));
	must(tp_amd_vm_clear(vm, at(70), TP_PAGE_SIZE));
	must(tp_amd_vm_clear(vm, at(HUGE + 40), TP_PAGE_SIZE));
	assert_true(lint(0, 2 * HUGE) > 5);
	expect(vram, 3, at(3), 14, RWX);
	expect(vram, 17, at(17), 1, RO);
	expect(vram, 18, at(18), 45, RWX);
	expect(vram, 107, at(71), 57, RWX);
}

/* A table that says nothing any more, and one that says in pages what a leaf can. */
static void tables_make_way_for_huge_leaves(void **state)
{
	(void)state;
	must(map(vram, 0, at(0), HUGE / 2, RWX));
	must(map(vram, 7, at(HUGE / 2), HUGE / 2, RWX));
	must(tp_amd_vm_clear(vm, at(0), HUGE / 2 * TP_PAGE_SIZE));
	must(tp_amd_vm_clear(vm, at(HUGE / 2), HUGE / 2 * TP_PAGE_SIZE));
	must(map(vram, 0, at(0), HUGE, RWX));
	assert_int_equal(leaf_size(0), HUGE);
	must(tp_amd_vm_clear(vm, at(3), TP_PAGE_SIZE));
	expect(vram, 0, at(0), 3, RWX);
	expect_nothing(at(3), 1);
	expect(vram, 4, at(4), HUGE - 4, RWX);
}

/* To where it is in small runs, and back to where it is in one. */
static void leaves_follow_memory(void **state)
{
	(void)state;
	must(map(vram, 0, at(0), PAGES, RWX));
	for (unsigned i = 0; i < (TP_TSAN ? 1 : 3); i++) {
		must(tp_amd_object_evict(vram));
		must(tp_amd_vm_validate(vm));
		expect(vram, 0, at(0), PAGES, RWX);
		must(tp_amd_object_swap_out(vram));
		expect_nothing(at(0), PAGES);
		must(tp_amd_object_populate(vram));
		must(tp_amd_vm_validate(vm));
		expect(vram, 0, at(0), PAGES, RWX);
		assert_int_equal(leaf_size(HUGE), HUGE);
		must(tp_amd_vm_replace(vm, vram, 0, at(2 * HUGE + i), TP_PAGE_SIZE, RO));
		expect(vram, 0, at(2 * HUGE + i), 1, RO);
		must(tp_amd_vm_replace(vm, vram, (2 * HUGE + i) * TP_PAGE_SIZE, at(2 * HUGE + i),
				       TP_PAGE_SIZE, RWX));
	}
}

#define BOTH(name)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[0]), \
		cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[1])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(an_empty_one_translates_nothing),
		BOTH(what_is_mapped_translates_and_nothing_beside_it),
		BOTH(tables_go_with_what_they_said),
		BOTH(both_halves_are_mapped),
		BOTH(one_of_its_own_is_mapped),
		BOTH(a_lazy_one_translates_when_validated),
		BOTH(what_replaces_something_translates),
		BOTH(what_makes_no_sense_is_refused),
		BOTH(streams_that_cannot_be_run_are_refused),
		BOTH(without_memory_nothing_changes),
		BOTH(a_replacement_is_whole_or_none),
		BOTH(what_is_replaced_is_of_any_shape),
		BOTH(what_remains_of_huge_leaves_translates),
		BOTH(a_huge_leaf_that_cannot_be_split_stays),
		BOTH(partial_residence_is_cut_at_any_page),
		BOTH(memory_that_is_not_aligned_is_in_fragments_too),
		BOTH(fragments_claim_no_more_than_there_is),
		BOTH(tables_make_way_for_huge_leaves),
		BOTH(leaves_follow_memory),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
