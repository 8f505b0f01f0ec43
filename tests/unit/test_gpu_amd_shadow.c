/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_amd_shadow - tables that are restored from copies translate as rebuilt ones do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_amd_rig.h"

#define FAR_VA UINT64_C(0x7f0000000000)

enum { RWX = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE, PAGES = 40 };

static struct rig rig;
static struct tp_amd_object *object;

static void make(enum tp_amd_updates updates, bool shadows)
{
	rig_make(&rig,
		 &(struct rig_config){
			 .model = { .remembers_nothing = true },
			 .driver = { .updates = updates, .shadows = shadows, .service = true } });
	must(tp_amd_object_create(rig.gpu, PAGES * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "more",
				  &object));
	must(tp_amd_vm_map(rig.vm, object, 0, FAR_VA, PAGES * TP_PAGE_SIZE, RWX));
}

static void unmake(void)
{
	tp_amd_object_put(object);
	rig_end(&rig);
}

static struct tp_amd_vm_stat stat_of(void)
{
	struct tp_amd_vm_stat stat;

	tp_amd_vm_stat(rig.vm, &stat);
	return stat;
}

static bool translates(uint64_t va)
{
	uint64_t address, flags;
	bool system;

	return tp_amd_model_probe_root(rig.model, tp_amd_pt_root_address(rig.vm), va, &system,
				       &address, &flags);
}

static void lose(void)
{
	tp_amd_model_lose_as(rig.model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(rig.gpu, TP_AMD_RESET_MODE1));
}

/* T20: what is mapped, pages from @from on up to @to of the object included, and nothing else. */
static void expect_translations(unsigned from, unsigned to)
{
	for (unsigned i = 0; i < RIG_STREAMS; i++)
		assert_true(translates(RIG_STREAM_VA(i)));
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(translates(FAR_VA + i * TP_PAGE_SIZE), i >= from && i < to);
	for (unsigned i = 0; i < TP_AMD_PTES; i++) {
		assert_false(translates(FAR_VA + (PAGES + i) * TP_PAGE_SIZE));
		assert_false(translates(UINT64_C(0x123456000000) + i * TP_PAGE_SIZE));
	}
}

static void for_both(void (*test)(void))
{
	for (unsigned updates = TP_AMD_UPDATE_SDMA; updates <= TP_AMD_UPDATE_CPU; updates++) {
		make((enum tp_amd_updates)updates, true);
		test();
		unmake();
	}
}

/* ---- what it costs --------------------------------------------------------------------------- */

static void all_is_written_twice(void)
{
	const struct tp_amd_vm_stat stat = stat_of();

	assert_true(stat.entries > 0);
	assert_int_equal(stat.shadow_entries, stat.entries);
	assert_int_equal(stat.shadow_bytes, stat.table_bytes);
	must(tp_amd_vm_clear(rig.vm, FAR_VA, PAGES * TP_PAGE_SIZE));
	assert_int_equal(stat_of().shadow_bytes, stat_of().table_bytes);
}

/* What is said of the GPU counts copies. */
static void copies_are_reported(void)
{
	const struct tp_amd_vm_stat stat = stat_of();
	struct tp_gpu_stats stats;
	struct tp_gpu_info info;

	must(tp_gpu_info(rig.m, "gpu0", &info));
	must(tp_gpu_stats(rig.m, "gpu0", &stats));
	assert_int_equal(info.table_bytes, stat.table_bytes + stat.shadow_bytes);
	assert_int_equal(stats.table_entries, stat.entries + stat.shadow_entries);
}

static void updates_are_written_twice(void **state)
{
	(void)state;
	for_both(all_is_written_twice);
	for_both(copies_are_reported);
}

static void without_shadows_nothing_is(void **state)
{
	(void)state;
	make(TP_AMD_UPDATE_CPU, false);
	assert_int_equal(stat_of().shadow_entries, 0);
	assert_int_equal(stat_of().shadow_bytes, 0);
	unmake();
}

/* ---- what it buys ---------------------------------------------------------------------------- */

static void all_translates_again(void)
{
	uint64_t before;

	lose();
	before = stat_of().entries;
	must(tp_amd_vm_validate(rig.vm));
	assert_int_equal(stat_of().entries, before); /* copied, not written anew */
	assert_int_equal(stat_of().rebuilds, 1);
	expect_translations(0, PAGES);
}

static void a_loss_is_made_good_by_copies(void **state)
{
	(void)state;
	for_both(all_translates_again);
}

static void holes_stay_holes(void)
{
	must(tp_amd_vm_clear(rig.vm, FAR_VA, 3 * TP_PAGE_SIZE));
	lose();
	must(tp_amd_vm_clear(rig.vm, FAR_VA + (PAGES - 5) * TP_PAGE_SIZE, 5 * TP_PAGE_SIZE));
	must(tp_amd_vm_validate(rig.vm));
	expect_translations(3, PAGES - 5);
}

static void what_was_unmapped_stays_unmapped(void **state)
{
	(void)state;
	for_both(holes_stay_holes);
}

/* Cut while nothing was restored yet: the copies say so too. */
static void move_between(void)
{
	struct tp_bo *bo = tp_amd_object_bo(object);

	lose();
	must(tp_amd_object_swap_out(object));
	assert_int_equal(bo->place, TP_BO_CPU);
	must(tp_amd_vm_validate(rig.vm));
	expect_translations(0, PAGES);
}

static void what_was_cut_is_written(void **state)
{
	(void)state;
	for_both(move_between);
}

/* A table that is somewhere else, or nowhere, when the copies are used. */
static void tables_move_between(void)
{
	struct tp_amd_pt *root = rig.vm->root;
	const uint32_t entry = FAR_VA / TP_PAGE_SIZE >> 3 * TP_AMD_PT_BITS & (TP_AMD_PTES - 1);
	struct tp_bo *bo = &root->children[entry]->bo;

	lose();
	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	must(tp_bo_swap_out(bo));
	tp_resv_unhold(bo->resv);
	must(tp_amd_vm_validate(rig.vm));
	expect_translations(0, PAGES);
}

static void tables_that_moved_are_rebuilt(void **state)
{
	(void)state;
	for_both(tables_move_between);
}

/* Jobs that were cancelled leave the copies as they should be. */
static void update_is_lost(void)
{
	must(tp_amd_vm_clear(rig.vm, FAR_VA, PAGES * TP_PAGE_SIZE));
	must(tp_amd_vm_map(rig.vm, object, 0, FAR_VA, PAGES * TP_PAGE_SIZE, RWX | TP_AMD_MAP_LAZY));
	tp_amd_vm_update_failed(rig.vm);
	must(tp_amd_vm_validate(rig.vm));
	lose();
	must(tp_amd_vm_validate(rig.vm));
	expect_translations(0, PAGES);
}

static void cancelled_updates_are_made_good(void **state)
{
	(void)state;
	for_both(update_is_lost);
}

static void no_page_for_a_copy(void **state)
{
	(void)state;
	make(TP_AMD_UPDATE_CPU, true);
	must(tp_fault_arm("dma/coherent", 1, 1));
	assert_int_equal(tp_amd_vm_map(rig.vm, object, 0, UINT64_C(0x200000000000), TP_PAGE_SIZE,
				       RWX),
			 -ENOMEM);
	tp_fault_reset();
	assert_false(translates(UINT64_C(0x200000000000)));
	unmake();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(updates_are_written_twice),
		cmocka_unit_test(without_shadows_nothing_is),
		cmocka_unit_test(a_loss_is_made_good_by_copies),
		cmocka_unit_test(what_was_unmapped_stays_unmapped),
		cmocka_unit_test(what_was_cut_is_written),
		cmocka_unit_test(tables_that_moved_are_rebuilt),
		cmocka_unit_test(cancelled_updates_are_made_good),
		cmocka_unit_test(no_page_for_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
