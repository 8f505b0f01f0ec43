/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_multicast - registers that exist in copies: who is written, who is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ihw_rig.h"

enum { REG = TP_INTEL_GEN12_COMPCTX_TLB_INV, BIT = 1 << 2, REQUEST = BIT << 16 | BIT };

static struct tp_ihw_engine *ccs2;

static int begin_dg2(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){ .platform = TP_INTEL_DG2,
					      .mode = TP_INTEL_MODEL_MANUAL,
					      .memory = 16 * PAGE,
					      .invalidate_ns = AGES });
	ccs2 = engine("ccs2");
	remember(ccs2);
	return 0;
}

static int begin_mtl(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){
		.platform = TP_INTEL_MTL, .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = AGES });
	return 0;
}

static void steer(uint32_t value)
{
	wr(TP_INTEL_MCR_SELECTOR, value);
	assert_int_equal(rd(TP_INTEL_MCR_SELECTOR), value);
}

static void select_copy(uint32_t group)
{
	steer(group << TP_INTEL_MCR_GROUP_SHIFT);
}

static unsigned entries_of(unsigned copy)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->config.tlb_entries; i++)
		n += ccs2->tlb[copy].entries[i].size > 0;
	return n;
}

static void copy_is_due(unsigned copy)
{
	ccs2->tlb[copy].due_ns = 1;
}

static void write_to_all_reaches_all(void **state)
{
	(void)state;
	assert_int_equal(entries_of(0), 1);
	assert_int_equal(entries_of(1), 1);
	steer(TP_INTEL_MCR_MULTICAST);
	wr(REG, REQUEST);
	assert_int_equal(rd(REG), BIT);
	caches_are_due(ccs2);
	assert_int_equal(rd(REG), 0);
	assert_int_equal(remembered(ccs2), 0);
	assert_int_equal(stat_of().requests, 1);
	assert_int_equal(stat_of().done, 1);
}

/* Who forgets to select all leaves a copy that remembers; it is what a device begins with. */
static void write_to_one_reaches_one(void **state)
{
	(void)state;
	wr(REG, REQUEST);
	caches_are_due(ccs2);
	assert_int_equal(rd(REG), 0);
	assert_int_equal(entries_of(0), 0);
	assert_int_equal(entries_of(1), 1);
	select_copy(1);
	wr(REG, REQUEST);
	caches_are_due(ccs2);
	assert_int_equal(rd(REG), 0);
	assert_int_equal(entries_of(1), 0);
	assert_int_equal(stat_of().done, 2);
}

static void copy_that_does_not_exist_hears_nothing(void **state)
{
	(void)state;
	select_copy(TP_IHW_COPIES);
	wr(REG, REQUEST);
	assert_int_equal(rd(REG), 0);
	select_copy(0);
	assert_int_equal(rd(REG), 0);
	assert_int_equal(stat_of().requests, 0);
	assert_int_equal(entries_of(0), 1);
}

/* The first copy reads as all of them together, the others as they are. */
static void first_copy_rolls_up(void **state)
{
	(void)state;
	steer(TP_INTEL_MCR_MULTICAST);
	wr(REG, REQUEST);
	copy_is_due(0);
	assert_int_equal(rd(REG), BIT);
	assert_int_equal(entries_of(0), 0);
	select_copy(0);
	assert_int_equal(rd(REG), BIT);
	select_copy(1);
	assert_int_equal(rd(REG), BIT);
	copy_is_due(1);
	assert_int_equal(rd(REG), 0);
	select_copy(0);
	assert_int_equal(rd(REG), 0);
}

static void other_copy_reads_as_it_is(void **state)
{
	(void)state;
	steer(TP_INTEL_MCR_MULTICAST);
	wr(REG, REQUEST);
	copy_is_due(1);
	select_copy(1);
	assert_int_equal(rd(REG), 0);
	select_copy(0);
	assert_int_equal(rd(REG), BIT);
}

/* A request to one copy while the other's is under way becomes one with it. */
static void requests_to_copies_join(void **state)
{
	(void)state;
	select_copy(0);
	wr(REG, REQUEST);
	select_copy(1);
	wr(REG, REQUEST);
	assert_int_equal(stat_of().requests, 1);
	copy_is_due(0);
	select_copy(0);
	assert_int_equal(rd(REG), BIT);
	assert_int_equal(stat_of().done, 0);
	copy_is_due(1);
	assert_int_equal(rd(REG), 0);
	assert_int_equal(stat_of().done, 1);
}

/* A platform's selector is where it is; the media GT has no copies at all. */
static void selector_of_mtl_is_elsewhere(void **state)
{
	struct tp_ihw_engine *vcs0 = engine("vcs0");

	(void)state;
	wr(TP_INTEL_MCR_SELECTOR, TP_INTEL_MCR_MULTICAST);
	assert_int_equal(rd(TP_INTEL_MCR_SELECTOR), 0);
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_MTL_MCR_SELECTOR, TP_INTEL_MCR_MULTICAST);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_MTL_MCR_SELECTOR), 0);
	wr(TP_INTEL_MTL_MCR_SELECTOR, 7 << TP_INTEL_MCR_GROUP_SHIFT);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().requests, 0);
	remember(vcs0);
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GEN12_VD_TLB_INV, TP_INTEL_MASKED(1));
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GEN12_VD_TLB_INV), 1);
	caches_are_due(vcs0);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GEN12_VD_TLB_INV), 0);
	assert_int_equal(remembered(vcs0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(write_to_all_reaches_all, begin_dg2, end),
		cmocka_unit_test_setup_teardown(write_to_one_reaches_one, begin_dg2, end),
		cmocka_unit_test_setup_teardown(copy_that_does_not_exist_hears_nothing, begin_dg2,
						end),
		cmocka_unit_test_setup_teardown(first_copy_rolls_up, begin_dg2, end),
		cmocka_unit_test_setup_teardown(other_copy_reads_as_it_is, begin_dg2, end),
		cmocka_unit_test_setup_teardown(requests_to_copies_join, begin_dg2, end),
		cmocka_unit_test_setup_teardown(selector_of_mtl_is_elsewhere, begin_mtl, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
