/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_invalidate - requests by registers: which are written, in what order, under which
 * lock, and awake (traps 4, 5, 10); what the device makes of them is test_gpu_intel_as_posted's.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "gpu_intel_stub.h"

static int end(void **state)
{
	(void)state;
	stub_end();
	return 0;
}

static void begin(enum tp_intel_platform platform)
{
	stub_begin(platform, TP_INTEL_TLB_STARTED);
}

static uint32_t all_engines(void)
{
	return (UINT32_C(1) << stub.gpu.nr_engines) - 1;
}

static int invalidate_all(void)
{
	int err = 0;

	tp_intel_for_each_gt(gt, &stub.gpu) err =
		err ? err : tp_intel_invalidate_mmio(gt, all_engines());
	return err;
}

static unsigned count_writes(uint32_t reg, uint32_t value)
{
	unsigned n = 0;

	for (unsigned i = 0; i < stub.nr_writes; i++)
		n += stub.writes[i].reg == reg && stub.writes[i].value == value;
	return n;
}

/* ---- what is written ------------------------------------------------------------------------- */

/* One request for each engine: the register, the bit, and its mask where it takes one (T4, T5). */
static void each_engine_has_its_request(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		begin((enum tp_intel_platform)p);
		must(invalidate_all());
		tp_intel_for_each_engine(engine, &stub.gpu)
		{
			const struct tp_intel_invalidation how = tp_intel_invalidation(
				(enum tp_intel_platform)p, &engine->id, false);
			uint32_t at = how.reg + engine->gt->uncore.offset;

			assert_int_equal(count_writes(at, how.request), 1);
		}
		assert_int_equal(stub.requests, stub.gpu.nr_engines);
		stub_end();
	}
}

/* T5: of ICL the third video engine is not behind the second one's register, where BCS is. */
static void icl_vcs2_is_no_copy_engine(void **state)
{
	(void)state;
	begin(TP_INTEL_ICL);
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
	assert_int_equal(count_writes(TP_INTEL_GEN8_M1TCR, 1 << 2), 1);
	assert_int_equal(count_writes(TP_INTEL_GEN8_BTCR, 1 << 0), 1);
	assert_int_equal(stub.requests, stub.gpu.nr_engines);
}

/* Wa_2207587034, and nobody waits for it. */
static void observer_is_asked_where_it_must_be(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		bool wanted = p >= TP_INTEL_TGL && p <= TP_INTEL_ADL_P;

		begin((enum tp_intel_platform)p);
		must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
		assert_int_equal(count_writes(TP_INTEL_GEN12_OA_TLB_INV, 1), wanted);
		stub_end();
	}
}

/* To all copies at once; the media GT's registers have none. */
static void copies_are_reached_by_multicast(void **state)
{
	unsigned at, wide = 0;

	(void)state;
	begin(TP_INTEL_MTL);
	must(invalidate_all());
	for (unsigned from = 0; (at = stub_find_request(from)) < STUB_WRITES; from = at + 1) {
		const struct stub_write *before = &stub.writes[at - 1];
		bool is_multicast = before->reg == TP_INTEL_MTL_MCR_SELECTOR &&
				    before->value & TP_INTEL_MCR_MULTICAST;

		assert_int_equal(is_multicast, stub.writes[at].reg < TP_INTEL_MEDIA_GT);
		wide += is_multicast;
	}
	assert_int_equal(wide, 3);
}

static void engines_left_out_are_not_asked(void **state)
{
	(void)state;
	begin(TP_INTEL_TGL);
	must(tp_intel_invalidate_mmio(stub_gt(), 1u << 1));
	assert_int_equal(stub.requests, 1);
	assert_int_equal(count_writes(TP_INTEL_GEN12_BLT_TLB_INV, 1), 1);
}

/* ---- order ----------------------------------------------------------------------------------- */

static unsigned requests_at_first_look;

static void note_first_look(void)
{
	requests_at_first_look = stub.requests;
	stub.on_look = NULL;
	assert_false(tp_lockrank_held(&stub_gt()->uncore.lock));
}

/* U2: no reset between two requests; and none is waited for under the lock. */
static void requests_are_made_in_one_hold_of_the_lock(void **state)
{
	unsigned from = 0, at;

	(void)state;
	begin(TP_INTEL_ADL_S);
	stub.on_look = note_first_look;
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
	assert_int_equal(requests_at_first_look, stub.gpu.nr_engines);
	for (unsigned n = stub.requests; n--; from = at + 1) {
		at = stub_find_request(from);
		assert_true(stub.writes[at].locked);
	}
}

/* A later one that is done does not make up for an earlier one that is not. */
static void every_engine_is_waited_for(void **state)
{
	(void)state;
	begin(TP_INTEL_TGL);
	for (unsigned i = 0; i < stub.gpu.nr_engines; i++) {
		stub.pass = i;
		assert_int_equal(tp_intel_invalidate_mmio(stub_gt(), all_engines()), -ETIME);
	}
	stub.pass = UINT64_MAX;
	stub.looks = 3;
	stub.gpu.config.patience.tlb_ns = TP_SECONDS(20); /* however far apart the looks are */
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
}

/* ---- awake (T10) ----------------------------------------------------------------------------- */

static bool is_gt_awake(void)
{
	return stub_reg(TP_INTEL_FORCEWAKE_ACK_GT)->value;
}

/* It stays so for a while, for another one that often follows. */
static void domains_stay_awake_for_a_while(void **state)
{
	unsigned writes;

	(void)state;
	begin(TP_INTEL_SKL);
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
	assert_true(is_gt_awake());
	writes = stub.nr_writes;
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
	assert_int_equal(stub.nr_writes - writes, stub.gpu.nr_engines);
	tp_sleep_ns(stub.gpu.config.patience.delay_ns + 100000);
	assert_int_equal(tp_intel_forcewake_run(&stub_gt()->uncore), UINT64_MAX);
	assert_false(is_gt_awake());
}

/* Back to back, around the moment at which the domains fall asleep. */
static void no_request_is_dropped_asleep(void **state)
{
	const uint64_t delay_ns = 200000;

	(void)state;
	begin(TP_INTEL_SKL);
	stub.gpu.config.patience.delay_ns = delay_ns;
	for (unsigned i = 0; i < 40; i++) {
		must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
		tp_sleep_ns(i % 2 ? delay_ns * 9 / 10 : delay_ns * 11 / 10);
		tp_intel_forcewake_run(&stub_gt()->uncore);
	}
	assert_int_equal(stub.dropped, 0);
	assert_int_equal(stub.requests, 40 * stub.gpu.nr_engines);
}

/* While one waits, the delay of another one ends. */
static void let_all_sleep(void)
{
	tp_sleep_ns(2 * stub.gpu.config.patience.delay_ns);
	tp_intel_forcewake_run(&stub_gt()->uncore);
	stub.on_look = NULL;
	assert_true(is_gt_awake());
}

static void domains_do_not_sleep_while_one_waits(void **state)
{
	(void)state;
	begin(TP_INTEL_SKL);
	stub.gpu.config.patience.delay_ns = 100000;
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
	stub.on_look = let_all_sleep;
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
}

static void nothing_is_asked_of_what_does_not_wake(void **state)
{
	(void)state;
	begin(TP_INTEL_SKL);
	stub.mute = true;
	assert_int_equal(tp_intel_invalidate_mmio(stub_gt(), all_engines()), -ETIME);
	assert_int_equal(stub.requests + stub.dropped, 0);
	stub.mute = false;
	must(tp_intel_invalidate_mmio(stub_gt(), all_engines()));
}

#define TEST(test) cmocka_unit_test_teardown(test, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_engine_has_its_request),
		cmocka_unit_test(observer_is_asked_where_it_must_be),
		TEST(icl_vcs2_is_no_copy_engine),
		TEST(copies_are_reached_by_multicast),
		TEST(engines_left_out_are_not_asked),
		TEST(requests_are_made_in_one_hold_of_the_lock),
		TEST(every_engine_is_waited_for),
		TEST(domains_stay_awake_for_a_while),
		TEST(no_request_is_dropped_asleep),
		TEST(domains_do_not_sleep_while_one_waits),
		TEST(nothing_is_asked_of_what_does_not_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
