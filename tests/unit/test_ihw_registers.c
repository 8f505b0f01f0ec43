/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_ihw_registers - which write to which register empties the cache of which engine, on every
 * platform; the global GTT; what does not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu/intel/platform.h"
#include "ihw_rig.h"

static int begin_tgl(void **state)
{
	(void)state;
	begin_manual(TP_INTEL_TGL);
	return 0;
}

static int begin_icl(void **state)
{
	(void)state;
	begin_manual(TP_INTEL_ICL);
	return 0;
}

static int begin_slow_tgl(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){
		.platform = TP_INTEL_TGL, .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = AGES });
	return 0;
}

static int begin_dg1(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){
		.platform = TP_INTEL_DG1, .mode = TP_INTEL_MODEL_MANUAL, .memory = 16 * PAGE });
	return 0;
}

static uint32_t invalidation_reg(const struct tp_ihw_engine *e)
{
	return gt_offset(e->id.gt) + e->id.invalidate;
}

/* ---- all platforms --------------------------------------------------------------------------- */

/* The device's table was written without the driver's; yet they say the same. */
static void check_engine(enum tp_intel_platform platform, const struct tp_ihw_engine_id *id,
			 const struct tp_intel_engine_id *driver)
{
	const struct tp_intel_invalidation inv = tp_intel_invalidation(platform, driver, false);

	assert_int_equal(id->class, driver->class);
	assert_int_equal(id->instance, driver->instance);
	assert_int_equal(id->gt, driver->gt);
	assert_int_equal(id->base, tp_intel_engine_base(platform, driver));
	assert_int_equal(id->reset_bit, tp_intel_engine_reset_bit(driver));
	assert_int_equal(id->invalidate, inv.reg);
	assert_int_equal(id->bit, inv.done);
	assert_int_equal(id->masked, inv.request != inv.done);
	assert_int_equal(id->multicast, inv.multicast);
}

static void check_platform(enum tp_intel_platform platform, bool gt3)
{
	struct tp_intel_engine_id driver[TP_GPU_MAX_ENGINES];
	struct tp_ihw_engine_id ids[TP_IHW_ENGINES];
	unsigned n = tp_ihw_engines(platform, gt3, ids);

	assert_int_equal(n, tp_intel_platform_engines(platform, gt3, driver));
	assert_int_equal(tp_ihw_platform(platform)->selector,
			 tp_intel_platform(platform)->mcr_selector);
	for (unsigned i = 0; i < n; i++)
		check_engine(platform, &ids[i], &driver[i]);
}

static void device_and_driver_know_the_same_engines(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++)
		check_platform((enum tp_intel_platform)p, false);
	check_platform(TP_INTEL_BDW, true);
	check_platform(TP_INTEL_SKL, true);
}

static void select_all_copies(void)
{
	if (m->platform->selector)
		wr(m->platform->selector, TP_INTEL_MCR_MULTICAST);
}

/* Everybody remembers; one is asked to forget: nobody else does. */
static void ask_one(struct tp_ihw_engine *asked)
{
	uint32_t bit = asked->id.bit;

	tp_ihw_for_each_engine(e, m) remember(e);
	wr(invalidation_reg(asked), asked->id.masked ? TP_INTEL_MASKED(bit) : bit);
	while (rd(invalidation_reg(asked)))
		;
	tp_ihw_for_each_engine(e, m) assert_int_equal(remembered(e) == 0, e == asked);
	assert_int_equal(stat_of().engine[asked->index].invalidations, 1);
}

static void ask_each_of(enum tp_intel_platform platform)
{
	begin_manual(platform);
	select_all_copies();
	tp_ihw_for_each_engine(e, m) ask_one(e);
	assert_int_equal(stat_of().requests, m->nr_engines);
	finish();
}

static void each_engine_is_asked_by_its_own_bit(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++)
		ask_each_of((enum tp_intel_platform)p);
}

/* ---- masks ----------------------------------------------------------------------------------- */

/* T4: a video engine of gen12 does not hear of a bit without its mask; the poll ends at once. */
static void bit_without_mask_is_ignored(void **state)
{
	struct tp_ihw_engine *vcs2 = engine("vcs2");

	(void)state;
	remember(vcs2);
	wr(TP_INTEL_GEN12_VD_TLB_INV, vcs2->id.bit);
	assert_int_equal(rd(TP_INTEL_GEN12_VD_TLB_INV), 0);
	assert_true(remembered(vcs2));
	assert_int_equal(stat_of().requests, 0);
	wr(TP_INTEL_GEN12_VD_TLB_INV, vcs2->id.bit << 16);
	assert_true(remembered(vcs2));
	wr(TP_INTEL_GEN12_VD_TLB_INV, TP_INTEL_MASKED(vcs2->id.bit));
	assert_int_equal(remembered(vcs2), 0);
}

/* A register without masks has 32 bits, of which engines know theirs. */
static void register_without_masks_needs_none(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	remember(rcs0);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1u << 16);
	assert_true(remembered(rcs0));
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(remembered(rcs0), 0);
}

/* T5: on ICL what would be the third register of its class is the copy engine's. */
static void second_video_engine_has_a_bit_of_the_first_register(void **state)
{
	struct tp_ihw_engine *vcs2 = engine("vcs2"), *bcs0 = engine("bcs0");

	(void)state;
	remember(vcs2);
	remember(bcs0);
	wr(TP_INTEL_GEN8_M1TCR + 4 * 2, 1);
	assert_true(remembered(vcs2));
	assert_int_equal(remembered(bcs0), 0);
	wr(TP_INTEL_GEN8_M1TCR, 1u << 2);
	assert_int_equal(remembered(vcs2), 0);
}

static void bits_of_nobody_read_zero(void **state)
{
	static const uint32_t regs[] = { TP_INTEL_GEN12_GUC_TLB_INV, TP_INTEL_GEN12_OA_TLB_INV,
					 TP_INTEL_GEN12_COMPCTX_TLB_INV,
					 /* of another generation */
					 TP_INTEL_GEN8_RTCR, TP_INTEL_GEN8_BTCR };

	(void)state;
	remember(engine("rcs0"));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(regs); i++) {
		wr(regs[i], TP_INTEL_MASKED(1));
		assert_int_equal(rd(regs[i]), 0);
	}
	wr(TP_INTEL_GEN12_VD_TLB_INV, TP_INTEL_MASKED(1u << 1)); /* there is no vcs1 */
	assert_int_equal(rd(TP_INTEL_GEN12_VD_TLB_INV), 0);
	assert_true(remembered(engine("rcs0")));
	assert_int_equal(stat_of().requests, 0);
}

/* ---- while it takes its time ----------------------------------------------------------------- */

static void request_reads_until_it_is_done(void **state)
{
	struct tp_ihw_engine *vcs0 = engine("vcs0");
	const uint32_t reg = TP_INTEL_GEN12_VD_TLB_INV;

	(void)state;
	remember(vcs0);
	wr(reg, TP_INTEL_MASKED(5)); /* vcs0 and vcs2 */
	assert_int_equal(rd(reg), 5);
	assert_true(remembered(vcs0));
	caches_are_due(vcs0);
	assert_int_equal(rd(reg), 4);
	assert_int_equal(remembered(vcs0), 0);
	caches_are_due(engine("vcs2"));
	assert_int_equal(rd(reg), 0);
	assert_int_equal(stat_of().done, 2);
}

static int begin_uneven_tgl(void **state)
{
	(void)state;
	begin((struct tp_intel_model_config){ .platform = TP_INTEL_TGL,
					      .mode = TP_INTEL_MODEL_MANUAL,
					      .invalidate_ns = AGES,
					      .invalidate_most_ns = 3 * AGES });
	return 0;
}

/* How long a request takes that is made now, to the second below. */
static uint64_t seconds_of_request(struct tp_ihw_engine *e)
{
	uint64_t due_ns, now_ns = tp_ihw_now();

	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	tp_spin_lock(&e->lock);
	due_ns = e->tlb[0].due_ns;
	tp_spin_unlock(&e->lock);
	caches_are_due(e);
	assert_int_equal(rd(TP_INTEL_GEN12_GFX_TLB_INV), 0);
	return (due_ns - now_ns) / TP_SECONDS(1);
}

static void most_requests_take_the_usual_time(void **state)
{
	const uint64_t usual = AGES / TP_SECONDS(1);
	unsigned slow = 0, very_slow = 0;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		uint64_t seconds = seconds_of_request(engine("rcs0"));

		assert_in_range(seconds, usual, 3 * usual + 60);
		slow += seconds > usual + 60;
		very_slow += seconds > 2 * usual;
	}
	assert_in_range(slow, 400 / 16, 400 / 4);
	assert_in_range(very_slow, 1, slow - 1);
}

static void request_that_is_repeated_is_one(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");

	(void)state;
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	remember(rcs0);
	tp_intel_model_lose_invalidations(m, 0, 1); /* of which it is none */
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	assert_int_equal(stat_of().requests, 1);
	caches_are_due(rcs0);
	assert_int_equal(rd(TP_INTEL_GEN12_GFX_TLB_INV), 0);
	assert_int_equal(remembered(rcs0), 0); /* what came between the two is forgotten too */
	assert_int_equal(stat_of().done, 1);
	tp_intel_model_lose_invalidations(m, 0, 0);
}

static void stuck_request_stays(void **state)
{
	struct tp_ihw_engine *vcs0 = engine("vcs0"), *vcs2 = engine("vcs2");
	const uint32_t reg = TP_INTEL_GEN12_VD_TLB_INV;

	(void)state;
	remember(vcs0);
	tp_intel_model_stick(m, vcs0->index, true);
	wr(reg, TP_INTEL_MASKED(5));
	caches_are_due(vcs0);
	caches_are_due(vcs2);
	assert_int_equal(rd(reg), 1);
	assert_true(remembered(vcs0));
	tp_intel_model_stick(m, vcs0->index, false);
	assert_int_equal(rd(reg), 0);
	assert_int_equal(remembered(vcs0), 0);
	tp_intel_model_stick(m, ~0u, true);
	wr(reg, TP_INTEL_MASKED(5));
	caches_are_due(vcs0);
	caches_are_due(vcs2);
	assert_int_equal(rd(reg), 5);
	tp_intel_model_stick(m, ~0u, false);
	assert_int_equal(rd(reg), 0);
}

static void lost_request_reads_as_done(void **state)
{
	struct tp_ihw_engine *rcs0 = engine("rcs0");
	const uint32_t reg = TP_INTEL_GEN12_GFX_TLB_INV;

	(void)state;
	remember(rcs0);
	tp_intel_model_lose_invalidations(m, 1, 1);
	wr(reg, 1);
	assert_int_equal(rd(reg), 1);
	caches_are_due(rcs0);
	assert_true(tp_intel_model_is_empty(m, 0));
	remember(rcs0);
	wr(reg, 1);
	assert_int_equal(rd(reg), 0);
	assert_true(remembered(rcs0));
	assert_int_equal(stat_of().lost, 1);
	wr(reg, 1);
	assert_int_equal(rd(reg), 1);
}

/* ---- the global GTT -------------------------------------------------------------------------- */

/* X15: a driver that does not flush lets engines see what was there before. */
static void global_gtt_is_seen_when_it_was_flushed(void **state)
{
	struct tp_ihw_engine *bcs0 = engine("bcs0");

	(void)state;
	start_ring(bcs0);
	write_ggtt(SLOT, pte(DATA + 1));
	assert_int_equal(rd(TP_INTEL_GSM + 8 * SLOT), (uint32_t)pte(DATA + 1));
	assert_int_equal(rd(TP_INTEL_GSM + 8 * SLOT + 4), 0);
	SUBMIT(bcs0, TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT * PAGE, 0, 7);
	run_dry();
	assert_int_equal(get(SLOT, 0), 7);
	assert_int_equal(get(DATA + 1, 0), 0);
	wr(TP_INTEL_GFX_FLSH_CNTL, 0);
	SUBMIT(bcs0, TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT * PAGE, 0, 8);
	run_dry();
	assert_int_equal(get(SLOT, 0), 8);
	wr(TP_INTEL_GFX_FLSH_CNTL, 1);
	SUBMIT(bcs0, TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, SLOT * PAGE, 0, 9);
	run_dry();
	assert_int_equal(get(SLOT, 0), 8);
	assert_int_equal(get(DATA + 1, 0), 9);
}

static void upper_half_of_an_entry_is_its_own(void **state)
{
	(void)state;
	wr(TP_INTEL_GSM + 12, 0x1234);
	wr(TP_INTEL_GSM + 8, 0x5678);
	assert_int_equal(rd(TP_INTEL_GSM + 12), 0x1234);
	assert_int_equal(rd(TP_INTEL_GSM + 8), 0x5678);
	wr(TP_INTEL_GSM + 12, 0x4321);
	assert_int_equal(rd(TP_INTEL_GSM + 8), 0x5678);
}

/* ---- memory of its own ----------------------------------------------------------------------- */

/* X14, T12: whatever register is written. */
static void register_write_lets_buffers_out(void **state)
{
	const uint64_t value = 0x1122334455667788;
	uint64_t seen;

	(void)state;
	tp_bus_memory_write(bus, 0, &value, sizeof(value));
	memcpy(&seen, bus->memory, sizeof(seen));
	assert_int_equal(seen, 0);
	rd(TP_INTEL_GDRST);
	memcpy(&seen, bus->memory, sizeof(seen));
	assert_int_equal(seen, 0);
	wr(TP_INTEL_GT_IIR, 0);
	memcpy(&seen, bus->memory, sizeof(seen));
	assert_true(seen == value);
	tp_bus_memory_fill(bus, 8, 5, 0, 1);
	tp_bus_memory_flush(bus);
	memcpy(&seen, bus->memory + 8, sizeof(seen));
	assert_int_equal(seen, 5);
}

/* ---- what is not there ----------------------------------------------------------------------- */

static void what_does_not_exist_reads_zero(void **state)
{
	static const uint32_t offsets[] = { 0,
					    0x10000,
					    TP_INTEL_MEDIA_GT + TP_INTEL_GDRST,
					    TP_INTEL_FORCEWAKE_VDBOX(1),
					    TP_INTEL_MCR_SELECTOR,
					    TP_INTEL_GSM + 8 * TP_INTEL_GGTT_ENTRIES,
					    TP_INTEL_GUC_STATUS,
					    TP_INTEL_GUC_CT,
					    0xfffffffc };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(offsets); i++) {
		wr(offsets[i], ~0u);
		assert_int_equal(rd(offsets[i]), 0);
	}
	assert_int_equal(stat_of().dropped_writes, 0);
}

static void device_without_power_is_not_there(void **state)
{
	(void)state;
	wr(TP_INTEL_GT_IER, 5);
	tp_bus_power_put(bus);
	assert_int_equal(rd(TP_INTEL_GT_IER), UINT32_MAX);
	wr(TP_INTEL_GT_IER, 6);
	tp_bus_power_get(bus);
	assert_int_equal(rd(TP_INTEL_GT_IER), 5);
}

/* ---- log ------------------------------------------------------------------------------------- */

static char lines[1000];

static void note(tp_unused void *arg, const char *line)
{
	strncat(lines, line, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "\n");
}

static void accesses_are_logged(void **state)
{
	(void)state;
	lines[0] = 0;
	tp_intel_model_log(m, note, NULL);
	wr(TP_INTEL_GT_IER, 0x10);
	wr(TP_INTEL_GEN12_GFX_TLB_INV, 1);
	rd(TP_INTEL_GEN12_GFX_TLB_INV);
	wr(TP_INTEL_GSM + 4, 3);
	wr(TP_INTEL_FORCEWAKE_RENDER, TP_INTEL_MASKED_CLEAR(1));
	wr(engine_reg(engine("rcs0"), TP_INTEL_RING_TAIL), 8);
	tp_intel_model_log(m, NULL, NULL);
	rd(TP_INTEL_GT_IER);
	assert_string_equal(lines, "wr gt0 GT_IER = 00000010\n"
				   "wr gt0 0xced8 = 00000001\n"
				   "rd gt0 0xced8 = 00000001\n"
				   "wr gt0 GSM+0x4 = 00000003\n"
				   "wr gt0 0xa278 = 00010000\n"
				   "wr gt0 rcs0+0x30 = 00000008 (asleep)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_and_driver_know_the_same_engines),
		cmocka_unit_test(each_engine_is_asked_by_its_own_bit),
		cmocka_unit_test_setup_teardown(bit_without_mask_is_ignored, begin_tgl, end),
		cmocka_unit_test_setup_teardown(register_without_masks_needs_none, begin_tgl, end),
		cmocka_unit_test_setup_teardown(second_video_engine_has_a_bit_of_the_first_register,
						begin_icl, end),
		cmocka_unit_test_setup_teardown(bits_of_nobody_read_zero, begin_tgl, end),
		cmocka_unit_test_setup_teardown(request_reads_until_it_is_done, begin_slow_tgl,
						end),
		cmocka_unit_test_setup_teardown(most_requests_take_the_usual_time, begin_uneven_tgl,
						end),
		cmocka_unit_test_setup_teardown(request_that_is_repeated_is_one, begin_slow_tgl,
						end),
		cmocka_unit_test_setup_teardown(stuck_request_stays, begin_slow_tgl, end),
		cmocka_unit_test_setup_teardown(lost_request_reads_as_done, begin_slow_tgl, end),
		cmocka_unit_test_setup_teardown(global_gtt_is_seen_when_it_was_flushed, begin_tgl,
						end),
		cmocka_unit_test_setup_teardown(upper_half_of_an_entry_is_its_own, begin_tgl, end),
		cmocka_unit_test_setup_teardown(register_write_lets_buffers_out, begin_dg1, end),
		cmocka_unit_test_setup_teardown(what_does_not_exist_reads_zero, begin_tgl, end),
		cmocka_unit_test_setup_teardown(device_without_power_is_not_there, begin_tgl, end),
		cmocka_unit_test_setup_teardown(accesses_are_logged, begin_slow_tgl, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
