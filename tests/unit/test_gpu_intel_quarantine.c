/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_quarantine - memory that caches may remember is kept until a reset and an
 * invalidation that completes (traps 7 and 8).
 *
 * An engine spins on the victim all the while.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_intel_spin.h"

static struct rig rig;
static struct spin spin;
static struct tp_device *far; /* memory that can go, in which the victim lies */

static struct rig_config config_of(enum tp_intel_platform platform)
{
	return (struct rig_config){
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL,
			   .invalidate_ns = TP_MICROSECONDS(1),
			   .reset_ns = TP_MICROSECONDS(20) },
		.driver = { .patience = { .poll_ns = TP_MICROSECONDS(20),
					  .tlb_ns = TP_MICROSECONDS(200),
					  .guc_ns = TP_MILLISECONDS(10),
					  .awake_ns = TP_MILLISECONDS(1),
					  .reset_ns = TP_MILLISECONDS(20),
					  .hang_ns = TP_SECONDS(1000) } },
	};
}

static void begin(enum tp_intel_platform platform)
{
	const struct rig_config config = config_of(platform);
	const struct tp_device_config memory = { .node = 0,
						 .size = 2 * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	rig_make(&rig, &config);
	spin_write(&(struct spin){ rig.batches, { NULL } }, 0); /* so that they have memory */
	must(tp_device_plug(rig.m, &memory, &far));
	spin_make(&rig, &spin, TP_BO_SYSTEM, TP_PAGE_SIZE);
	spin_start(&rig, &spin, &rig.gpu->engines[0]);
}

static int begin_tgl(void **state)
{
	(void)state;
	begin(TP_INTEL_TGL);
	return 0;
}

static int begin_mtl(void **state)
{
	(void)state;
	begin(TP_INTEL_MTL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (spin.fences[0] && !tp_fence_is_signaled(spin.fences[0]))
		tp_intel_reset(rig.gpu);
	if (spin.victim)
		spin_release(&rig, &spin);
	tp_fence_put(spin.fences[0]);
	rig_end(&rig);
	tp_fault_reset();
	return 0;
}

static struct tp_gpu_stats stats(void)
{
	struct tp_gpu_stats stats;

	must(tp_gpu_stats(rig.m, "gpu0", &stats));
	return stats;
}

static uint64_t quarantined(void)
{
	return tp_bo_quarantined(&rig.gpu->bos);
}

static bool goes_on(void)
{
	return spin_goes_on(&rig, &spin, &rig.gpu->engines[0]);
}

static uint64_t harms(void)
{
	return tp_intel_model_harms(rig.model, NULL, 0);
}

/* The victim is unbound and let go, and the engine goes on reading it: nobody else has it. */
static void release_in_vain(void)
{
	assert_int_equal(spin_release(&rig, &spin), -ETIME);
	assert_int_equal(quarantined(), 1);
	assert_int_equal(stats().quarantines, TP_PAGE_SIZE);
	assert_true(goes_on());
	assert_int_equal(harms(), 0);
}

static int offline(uint64_t deadline_ns, struct tp_offline_report *report)
{
	const struct tp_offline_options options = { .deadline_ns = deadline_ns };

	return tp_device_offline(far, &options, report);
}

static void must_go_offline(void)
{
	must(offline(TP_SECONDS(20), NULL));
}

static void must_not_go_offline(struct tp_offline_report *report)
{
	assert_int_equal(offline(TP_MILLISECONDS(5), report), -ETIMEDOUT);
}

static void expect_recovered(void)
{
	assert_int_equal(quarantined(), 0);
	assert_int_equal(stats().released, TP_PAGE_SIZE);
	assert_true(stats().resets);
	must_go_offline();
	assert_false(goes_on());
	assert_int_equal(tp_fence_error(spin.fences[0]), -ECANCELED);
	assert_int_equal(harms(), 0);
}

/* ---- an engine that does not answer ---------------------------------------------------------- */

static void memory_waits_for_a_reset(void **state)
{
	struct tp_offline_report report;

	(void)state;
	tp_intel_model_stick(rig.model, 0, true);
	release_in_vain();
	must_not_go_offline(&report);
	assert_string_equal(report.blockers[0].what, "victim page 0 of 1, quarantined");
	assert_true(goes_on());
	tp_intel_service(rig.gpu);
	expect_recovered();
	assert_int_equal(stats().resets, 1);
}

/* The reset alone is not believed. */
static void memory_waits_until_caches_are_seen_empty(void **state)
{
	(void)state;
	tp_intel_model_stick(rig.model, 0, true);
	release_in_vain();
	must(tp_fault_arm("gpu/intel-invalidate", 1, 1));
	tp_intel_service(rig.gpu);
	assert_int_equal(stats().resets, 1);
	assert_int_equal(quarantined(), 1);
	must_not_go_offline(NULL);
	tp_intel_service(rig.gpu);
	expect_recovered();
	assert_int_equal(stats().resets, 2);
}

/* Whoever asks for a reset gets that too. */
static void any_reset_lets_it_go(void **state)
{
	(void)state;
	tp_intel_model_stick(rig.model, ~0u, true);
	release_in_vain();
	must(tp_gpu_reset(rig.m, "gpu0"));
	expect_recovered();
}

/* All that was not forgotten is counted and traced, in the order it happened. */
static void it_is_traced(void **state)
{
	static const enum tp_trace_id wanted[] = {
		TP_TRACE_tlb_invalidate_begin, TP_TRACE_tlb_invalidate_end,
		TP_TRACE_gpu_quarantine,       TP_TRACE_gpu_reset_begin,
		TP_TRACE_gpu_reset_end,	       TP_TRACE_tlb_invalidate_begin,
		TP_TRACE_tlb_invalidate_end,   TP_TRACE_gpu_release,
	};
	struct tp_trace_event event;
	uint64_t next = 0, lost = 0;
	unsigned n = 0;

	(void)state;
	tp_intel_model_stick(rig.model, 0, true);
	release_in_vain();
	assert_true(stats().tlb[0].timeouts >= 2); /* unbound, and let go */
	tp_intel_service(rig.gpu);
	while (n < TP_ARRAY_SIZE(wanted) && tp_trace_read(rig.m->trace, &next, &event, 1, &lost)) {
		if (event.id != wanted[n])
			continue;
		assert_int_equal(event.args[0], 1); /* the number of the GPU */
		n++;
	}
	assert_int_equal(n, TP_ARRAY_SIZE(wanted));
	assert_int_equal(event.args[1], 1); /* page */
}

/* ---- other reasons --------------------------------------------------------------------------- */

static void registers_that_do_not_wake(void **state)
{
	(void)state;
	tp_intel_model_refuse_wake(rig.model, true);
	tp_sleep_ns(2 * rig.gpu->config.patience.delay_ns);
	tp_intel_forcewake_run(&rig.gpu->gts[0].uncore);
	release_in_vain();
	tp_intel_model_refuse_wake(rig.model, false);
	tp_intel_service(rig.gpu);
	expect_recovered();
}

static void firmware_that_does_not_answer(void **state)
{
	(void)state;
	/* It does what it is asked for: unbound, tables, let go; but nobody knows. */
	tp_intel_model_mute_firmware(rig.model, 3);
	assert_int_equal(spin_release(&rig, &spin), -ETIME);
	assert_int_equal(quarantined(), 1);
	assert_false(goes_on());
	tp_intel_service(rig.gpu);
	assert_int_equal(quarantined(), 0);
	must_go_offline();
}

/* ---- none comes back ------------------------------------------------------------------------- */

/* T8: it is let go because the engines stand, and for no other reason. */
static void wedged_gpu_lets_it_go(void **state)
{
	uint64_t commands;

	(void)state;
	tp_intel_model_stick(rig.model, 0, true);
	release_in_vain();
	tp_intel_model_refuse_resets(rig.model, 100);
	tp_intel_service(rig.gpu);
	assert_int_equal(tp_intel_gt_state(&rig.gpu->gts[0]), TP_GPU_WEDGED);
	assert_int_equal(quarantined(), 0);
	must_go_offline();
	commands = spin_stat(&rig).engine[0].commands;
	assert_false(goes_on());
	assert_int_equal(spin_stat(&rig).engine[0].commands, commands);
	assert_int_equal(harms(), 0);
}

/* What resets do not help is not reset for ever. */
static void gpu_that_is_never_seen_empty_is_wedged(void **state)
{
	unsigned rounds = 0;

	(void)state;
	must(tp_fault_arm("gpu/intel-invalidate", 1, UINT64_MAX));
	release_in_vain();
	while (quarantined() && rounds++ < 10)
		tp_intel_service(rig.gpu);
	assert_int_equal(rounds, 3);
	assert_int_equal(stats().resets, 3);
	assert_int_equal(tp_intel_gt_state(&rig.gpu->gts[0]), TP_GPU_WEDGED);
	must_go_offline();
	assert_false(goes_on());
	assert_int_equal(harms(), 0);
}

/* It is reset when it is let go, after which it reaches nothing. */
static void gpu_that_goes_leaves_nothing_behind(void **state)
{
	(void)state;
	must(tp_fault_arm("gpu/intel-invalidate", 1, UINT64_MAX));
	release_in_vain();
	must(tp_intel_reset(rig.gpu));
	assert_int_equal(quarantined(), 1);
}

#define TGL(test) cmocka_unit_test_setup_teardown(test, begin_tgl, end)
#define MTL(test) cmocka_unit_test_setup_teardown(test, begin_mtl, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TGL(memory_waits_for_a_reset),
		TGL(memory_waits_until_caches_are_seen_empty),
		TGL(any_reset_lets_it_go),
		MTL(any_reset_lets_it_go),
		TGL(it_is_traced),
		TGL(registers_that_do_not_wake),
		MTL(firmware_that_does_not_answer),
		TGL(wedged_gpu_lets_it_go),
		TGL(gpu_that_is_never_seen_empty_is_wedged),
		TGL(gpu_that_goes_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
