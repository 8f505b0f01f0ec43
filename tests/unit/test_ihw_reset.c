/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_reset - resets of engines, of GTs and of the device, and what is pending meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ihw_rig.h"

enum { INV = TP_INTEL_GEN12_GFX_TLB_INV };

static struct tp_ihw_engine *rcs0, *bcs0;

/* Resets and invalidations end when the test says so. */
static int begin_slow(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){ .platform = TP_INTEL_TGL,
					      .mode = TP_INTEL_MODEL_MANUAL,
					      .invalidate_ns = AGES,
					      .reset_ns = AGES });
	rcs0 = engine("rcs0");
	bcs0 = engine("bcs0");
	remember(rcs0);
	remember(bcs0);
	return 0;
}

static int begin_mtl(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){
		.platform = TP_INTEL_MTL, .mode = TP_INTEL_MODEL_MANUAL, .reset_ns = AGES });
	return 0;
}

static void reset_gt(uint32_t bits)
{
	wr(TP_INTEL_GDRST, bits);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
}

/* X5 */
static void reset_empties_and_stops_when_it_is_over(void **state)
{
	(void)state;
	submit_store(rcs0, VA(2), 1);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(TP_INTEL_GDRST), TP_INTEL_GRDOM_FULL);
	assert_true(remembered(rcs0) && remembered(bcs0));
	run_dry(); /* until it is over engines go on */
	assert_int_equal(get(DATA + 2, 0), 1);
	submit_store(rcs0, VA(2), 2);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_true(tp_intel_model_is_empty(m, 0));
	assert_false(tp_intel_model_run(m, 10));
	assert_int_equal(get(DATA + 2, 0), 1);
	assert_int_equal(rd(engine_reg(rcs0, TP_INTEL_RING_CTL)), 0);
	assert_int_equal(rd(engine_reg(rcs0, TP_INTEL_RING_TAIL)), 0);
	assert_int_equal(stat_of().resets, 1);
	/* It can be started again. */
	remember(rcs0);
}

static void writing_zero_is_no_reset(void **state)
{
	(void)state;
	wr(TP_INTEL_GDRST, 0);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_true(remembered(rcs0));
	assert_int_equal(stat_of().resets, 0);
}

static void engine_is_reset_by_its_own_bit(void **state)
{
	(void)state;
	tp_ihw_for_each_engine(asked, m)
	{
		tp_ihw_for_each_engine(e, m) remember(e);
		reset_gt(asked->id.reset_bit);
		tp_ihw_for_each_engine(e, m) assert_int_equal(remembered(e) == 0, e == asked);
	}
}

static void resets_that_overlap_end_together(void **state)
{
	(void)state;
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_RENDER);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_BLT);
	assert_int_equal(rd(TP_INTEL_GDRST), TP_INTEL_GRDOM_RENDER | TP_INTEL_GRDOM_BLT);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_true(tp_intel_model_is_empty(m, 0));
}

/* T9: the bit reads 0 although the cache is not empty before the reset is over. */
static void reset_may_make_requests_read_done(void **state)
{
	(void)state;
	wr(INV, 1);
	assert_int_equal(rd(INV), 1);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(INV), 0);
	assert_true(remembered(rcs0));
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_int_equal(remembered(rcs0), 0);
	assert_int_equal(stat_of().done, 1);
}

/* T9: the bit stays, for nothing, until it is asked for again. */
static void reset_may_leave_requests_set(void **state)
{
	(void)state;
	tp_intel_model_reset_leaves_requests(m, true);
	wr(INV, 1);
	reset_gt(TP_INTEL_GRDOM_FULL);
	assert_true(tp_intel_model_is_empty(m, 0));
	assert_int_equal(rd(INV), 1);
	assert_int_equal(stat_of().done, 1);
	wr(INV, 1);
	assert_int_equal(rd(INV), 1);
	caches_are_due(rcs0);
	assert_int_equal(rd(INV), 0);
	assert_int_equal(stat_of().done, 2);
}

/* Only those of engines that it concerns. */
static void reset_leaves_other_requests_alone(void **state)
{
	(void)state;
	wr(INV, 1);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_BLT);
	assert_int_equal(rd(INV), 1);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_int_equal(rd(INV), 1);
	assert_true(remembered(rcs0));
	caches_are_due(rcs0);
	assert_int_equal(rd(INV), 0);
}

/* One that is written while the reset is under way ends with it. */
static void request_during_a_reset_ends_with_it(void **state)
{
	(void)state;
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	wr(INV, 1);
	assert_int_equal(rd(INV), 1);
	reset_is_due(0);
	assert_int_equal(rd(INV), 0);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_int_equal(stat_of().done, 1);
}

static void reset_frees_what_is_stuck(void **state)
{
	(void)state;
	tp_intel_model_stick(m, rcs0->index, true);
	wr(INV, 1);
	caches_are_due(rcs0);
	assert_int_equal(rd(INV), 1);
	reset_gt(TP_INTEL_GRDOM_RENDER);
	assert_int_equal(rd(INV), 0);
	wr(INV, 1);
	caches_are_due(rcs0);
	assert_int_equal(rd(INV), 0);
}

static void engine_hangs_until_a_reset(void **state)
{
	(void)state;
	tp_intel_model_hang(m, rcs0->index);
	submit_store(rcs0, VA(2), 1);
	submit_store(bcs0, VA(3), 1);
	run_dry();
	assert_int_equal(get(DATA + 2, 0), 0);
	assert_int_equal(get(DATA + 3, 0), 1);
	assert_false(is_idle(rcs0));
	reset_gt(TP_INTEL_GRDOM_RENDER);
	start_ring(rcs0);
	submit_store(rcs0, VA(2), 2);
	run_dry();
	assert_int_equal(get(DATA + 2, 0), 2);
}

/* T8: whoever believes that a failed reset has stopped engines is wrong. */
static void refused_reset_changes_nothing(void **state)
{
	(void)state;
	tp_intel_model_refuse_resets(m, 1);
	wr(INV, 1);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	reset_is_due(0);
	assert_int_equal(rd(TP_INTEL_GDRST), TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(INV), 1);
	submit_store(rcs0, VA(2), 1);
	run_dry();
	assert_int_equal(get(DATA + 2, 0), 1);
	assert_true(remembered(rcs0));
	assert_int_equal(stat_of().resets, 0);
	/* Asked again it obeys. */
	reset_gt(TP_INTEL_GRDOM_FULL);
	assert_true(tp_intel_model_is_empty(m, 0));
}

static void gts_are_reset_one_by_one(void **state)
{
	struct tp_ihw_engine *render = engine("rcs0"), *video = engine("vcs2");

	(void)state;
	remember(render);
	remember(video);
	wr(TP_INTEL_MEDIA_GT + TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	reset_is_due(1);
	assert_int_equal(rd(TP_INTEL_MEDIA_GT + TP_INTEL_GDRST), 0);
	assert_true(tp_intel_model_is_empty(m, 1));
	assert_false(tp_intel_model_is_empty(m, 0));
}

/* X11 */
static void reset_of_a_gt_keeps_the_rest(void **state)
{
	(void)state;
	wr(TP_INTEL_GT_IER, 3);
	reset_gt(TP_INTEL_GRDOM_FULL);
	assert_int_equal(rd(TP_INTEL_GT_IER), 3);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 1);
	assert_int_equal(rd(TP_INTEL_GSM + 8 * SLOT), (uint32_t)pte(SLOT));
}

static void reset_of_the_bus_takes_everything(void **state)
{
	(void)state;
	tp_intel_model_reset_leaves_requests(m, true);
	wr(INV, 1);
	wr(TP_INTEL_GT_IER, 3);
	wr(TP_INTEL_GDRST, TP_INTEL_GRDOM_BLT);
	submit_store(rcs0, VA(2), 1);
	bus->ops->reset(bus);
	assert_false(tp_intel_model_run(m, 10));
	assert_int_equal(get(DATA + 2, 0), 0);
	assert_true(tp_intel_model_is_empty(m, 0));
	assert_int_equal(rd(TP_INTEL_GDRST), 0);
	assert_int_equal(rd(TP_INTEL_GT_IER), 0);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_RENDER), 0);
	assert_int_equal(rd(TP_INTEL_FORCEWAKE_ACK_RENDER), 0);
	assert_int_equal(rd(TP_INTEL_GSM + 8 * SLOT), 0);
	wake_all();
	assert_int_equal(rd(INV), 0);
	start_ring(rcs0);
	SUBMIT(rcs0, TP_INTEL_MI_NOOP);
	assert_false(tp_intel_model_run(m, 10)); /* its ring is not in the global GTT any more */
	assert_false(is_idle(rcs0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reset_empties_and_stops_when_it_is_over, begin_slow,
						end),
		cmocka_unit_test_setup_teardown(writing_zero_is_no_reset, begin_slow, end),
		cmocka_unit_test_setup_teardown(engine_is_reset_by_its_own_bit, begin_slow, end),
		cmocka_unit_test_setup_teardown(resets_that_overlap_end_together, begin_slow, end),
		cmocka_unit_test_setup_teardown(reset_may_make_requests_read_done, begin_slow, end),
		cmocka_unit_test_setup_teardown(reset_may_leave_requests_set, begin_slow, end),
		cmocka_unit_test_setup_teardown(reset_leaves_other_requests_alone, begin_slow, end),
		cmocka_unit_test_setup_teardown(request_during_a_reset_ends_with_it, begin_slow,
						end),
		cmocka_unit_test_setup_teardown(reset_frees_what_is_stuck, begin_slow, end),
		cmocka_unit_test_setup_teardown(engine_hangs_until_a_reset, begin_slow, end),
		cmocka_unit_test_setup_teardown(refused_reset_changes_nothing, begin_slow, end),
		cmocka_unit_test_setup_teardown(gts_are_reset_one_by_one, begin_mtl, end),
		cmocka_unit_test_setup_teardown(reset_of_a_gt_keeps_the_rest, begin_slow, end),
		cmocka_unit_test_setup_teardown(reset_of_the_bus_takes_everything, begin_slow, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
