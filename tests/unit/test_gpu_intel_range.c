/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_range - firmware forgets what was unbound and little else, where that will do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu/intel/guc_internal.h"
#include "gpu_intel_spin.h"

static struct rig rig;
static struct spin spin;
static struct tp_intel_object *other; /* beside the victim, in the same table */

enum { OTHER = 2 /* pages behind it */ };

static int begin(void **state)
{
	const struct rig_config config = {
		.platform = TP_INTEL_MTL,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = 1 },
	};

	(void)state;
	rig_make(&rig, &config);
	spin_make(&rig, &spin, TP_BO_SYSTEM, TP_PAGE_SIZE);
	must(tp_intel_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, "other", &other));
	must(tp_intel_vm_bind(rig.vm, other, 0, SPIN_VA + OTHER * TP_PAGE_SIZE, TP_PAGE_SIZE));
	spin_bind(&rig, other);
	spin_start_all(&rig, &spin);
	return 0;
}

static int end(void **state)
{
	(void)state;
	spin_end(&rig, &spin);
	tp_intel_object_put(other);
	rig_end(&rig);
	return 0;
}

static struct tp_gpu_tlb_stats tlb_stats(unsigned gt)
{
	struct tp_gpu_stats stats;

	must(tp_gpu_stats(rig.m, "gpu0", &stats));
	return stats.tlb[gt];
}

/* Of all engines, which spin on two pages: the batch's and the victim's. */
static uint64_t remembered(void)
{
	const struct tp_intel_model_stat stat = spin_stat(&rig);
	uint64_t n = 0;

	for (unsigned i = 0; i < stat.nr_engines; i++)
		n += stat.engine[i].entries;
	return n;
}

static void what_is_beside_it_stays(void **state)
{
	const uint64_t before = remembered();

	(void)state;
	must(tp_intel_vm_unbind(rig.vm, SPIN_VA, TP_PAGE_SIZE));
	assert_true(remembered() > 0);
	assert_true(remembered() < before);
	for (unsigned gt = 0; gt < 2; gt++) {
		assert_int_equal(tlb_stats(gt).range, 1);
		assert_int_equal(tlb_stats(gt).full, 0);
	}
	tp_intel_for_each_engine(engine, rig.gpu) assert_false(spin_goes_on(&rig, &spin, engine));
}

/* What was unbound of two address spaces needs two: each names its own. */
static void other_address_spaces_keep_theirs(void **state)
{
	const uint64_t before = remembered();
	struct tp_intel_tlb_note note;
	struct tp_intel_vm *vm;

	(void)state;
	must(tp_intel_vm_create(rig.gpu, &vm));
	tp_intel_tlb_note(rig.gpu, &note);
	must(tp_intel_tlb_forget_range(rig.gpu, &note, vm->asid, SPIN_VA, TP_PAGE_SIZE));
	assert_int_equal(remembered(), before);
	tp_intel_vm_put(vm);
	assert_true(spin_goes_on(&rig, &spin, &rig.gpu->engines[0]));
}

/* A moment later somebody forgot everything: then a range costs nothing. */
static void range_that_has_passed_costs_nothing(void **state)
{
	struct tp_intel_tlb_note note;

	(void)state;
	tp_intel_tlb_note(rig.gpu, &note);
	tp_intel_for_each_gt(gt, rig.gpu) must(tp_intel_tlb_invalidate_full(gt));
	must(tp_intel_tlb_forget_range(rig.gpu, &note, 1, SPIN_VA, TP_PAGE_SIZE));
	assert_int_equal(tlb_stats(0).elided, 1);
	assert_int_equal(tlb_stats(0).range, 0);
}

/* The least that covers both is as large as a large leaf: of those the firmware takes 16 MiB. */
static void two_pages_across_a_large_leafs_border(void **state)
{
	const uint64_t va = (SPIN_VA | (TP_INTEL_BLOCK - 1)) + 1 - TP_PAGE_SIZE;
	struct tp_intel_tlb_note note;

	(void)state;
	tp_intel_tlb_note(rig.gpu, &note);
	must(tp_intel_tlb_forget_range(rig.gpu, &note, rig.vm->asid, va, 2 * TP_PAGE_SIZE));
	assert_int_equal(spin_stat(&rig).bad_messages, 0);
	assert_int_equal(tlb_stats(0).range, 1);
	tp_intel_for_each_engine(engine, rig.gpu) assert_true(spin_goes_on(&rig, &spin, engine));
	must(tp_intel_vm_unbind(rig.vm, SPIN_VA, TP_PAGE_SIZE));
}

/* Rings of another page at an address of the global GTT that the firmware remembers. */
static void firmware_finds_rings_that_were_made_again(void **state)
{
	struct tp_intel_gt *gt = &rig.gpu->gts[0];
	struct tp_dma_coherent page;
	uint32_t ggtt = gt->guc->ggtt;

	(void)state;
	tp_intel_guc_destroy(gt->guc);
	must(tp_dma_alloc(rig.gpu->bos.domain, TP_PAGE_SIZE, 0, "takes the place", &page));
	must(tp_intel_guc_create(gt, &gt->guc));
	assert_int_equal(gt->guc->ggtt, ggtt);
	must(tp_intel_guc_invalidate_full(gt->guc));
	tp_dma_free(&page);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_beside_it_stays),
		TEST(other_address_spaces_keep_theirs),
		TEST(range_that_has_passed_costs_nothing),
		TEST(two_pages_across_a_large_leafs_border),
		TEST(firmware_finds_rings_that_were_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
