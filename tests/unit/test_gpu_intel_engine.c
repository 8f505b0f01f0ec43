/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines run batches, are woken for it and parked after it, on every platform. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_rig.h"

static const struct rig_config manual_dg2 = {
	.platform = TP_INTEL_DG2,
	.model = { .mode = TP_INTEL_MODEL_MANUAL },
	/* parked at the next round */
	.driver = { .patience = { .park_ns = 1, .delay_ns = 1 } },
};

static struct rig rig;

static int make_dg2(void **state)
{
	*state = &rig;
	rig_make(&rig, &manual_dg2);
	return 0;
}

static int end_rig(void **state)
{
	rig_end(*state);
	return 0;
}

/* ---- every engine of every platform ---------------------------------------------------------- */

static void run_each_engine(struct rig *r)
{
	rig_make_store(r, 0, 0, 1);
	tp_intel_for_each_engine(engine, r->gpu)
	{
		struct tp_fence *fence;

		rig_write(r, 0, 0);
		fence = rig_submit(r, engine->id.class, engine->id.instance, 0, true);
		assert_true(tp_atomic_load(&engine->awake, TP_RELAXED));
		assert_false(tp_fence_is_signaled(fence));
		rig_run(r);
		rig_expect(fence, 0);
		assert_int_equal(rig_read(r, 0), 1);
		assert_int_equal(tp_quiet_load(&engine->completed), 1);
	}
}

static void every_engine_runs_what_it_is_given(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * TP_INTEL_NR_PLATFORMS; i++) {
		struct rig_config config = manual_dg2;
		struct rig r;

		config.platform = (enum tp_intel_platform)(i / 2);
		config.model.gt3 = i % 2;
		if (config.model.gt3 && tp_intel_platform(config.platform)->ver > 9)
			continue;
		rig_make(&r, &config);
		run_each_engine(&r);
		tp_intel_service(r.gpu);
		tp_intel_for_each_engine(engine, r.gpu)
			assert_false(tp_atomic_load(&engine->awake, TP_RELAXED));
		assert_int_equal(rig_power(&r), 0);
		rig_end(&r);
	}
}

/* ---- sleep ----------------------------------------------------------------------------------- */

/* K1: the device has power while an engine is awake, and not longer. */
static void engines_sleep_when_nobody_needs_them(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0");
	struct tp_fence *fence;

	rig_make_store(r, 0, 0, 1);
	assert_int_equal(rig_power(r), 0);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	assert_int_equal(rig_power(r), 1);
	tp_intel_service(r->gpu); /* it has work */
	assert_true(tp_atomic_load(&rcs->awake, TP_RELAXED));
	rig_run(r);
	rig_expect(fence, 0);
	tp_intel_service(r->gpu);
	assert_false(tp_atomic_load(&rcs->awake, TP_RELAXED));
	assert_int_equal(rig_power(r), 0);
	assert_int_equal(rcs->gt->uncore.count[TP_INTEL_DOMAIN_RENDER], 0);
	rig_make_store(r, 0, 0, 2);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	rig_run(r);
	rig_expect(fence, 0);
	assert_int_equal(rig_read(r, 0), 2);
}

static void who_is_about_to_submit_keeps_it_awake(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *bcs = rig_engine(r, "bcs0");

	must(tp_intel_engine_unpark(bcs));
	must(tp_intel_engine_unpark(bcs));
	tp_intel_engine_let_park(bcs);
	tp_intel_service(r->gpu);
	assert_true(tp_atomic_load(&bcs->awake, TP_RELAXED));
	tp_intel_engine_let_park(bcs);
	tp_intel_service(r->gpu);
	tp_intel_service(r->gpu);
	assert_false(tp_atomic_load(&bcs->awake, TP_RELAXED));
}

static void it_is_parked_after_a_while(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *bcs = rig_engine(r, "bcs0");
	uint64_t since_ns, next_ns;

	r->gpu->config.patience.park_ns = TP_SECONDS(1000);
	must(tp_intel_engine_unpark(bcs));
	tp_intel_engine_let_park(bcs);
	since_ns = bcs->idle_ns;
	next_ns = tp_intel_service(r->gpu);
	assert_int_equal(next_ns, since_ns + TP_SECONDS(1000));
	assert_true(tp_atomic_load(&bcs->awake, TP_RELAXED));
	assert_int_equal(tp_intel_engine_park(bcs, since_ns - 1), since_ns);
	assert_int_equal(tp_intel_engine_park(bcs, since_ns), 0);
	assert_false(tp_atomic_load(&bcs->awake, TP_RELAXED));
}

/* Two engines of one GT: what one needs the other's sleep does not take. */
static void a_gt_sleeps_with_its_last_engine(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *rcs = rig_engine(r, "rcs0"), *ccs = rig_engine(r, "ccs0");

	must(tp_intel_engine_unpark(rcs));
	must(tp_intel_engine_unpark(ccs));
	assert_int_equal(rcs->gt->uncore.count[TP_INTEL_DOMAIN_RENDER], 2);
	tp_intel_engine_let_park(ccs);
	assert_int_equal(tp_intel_engine_park(ccs, UINT64_MAX), 0);
	assert_int_equal(rcs->gt->uncore.count[TP_INTEL_DOMAIN_RENDER], 1);
	assert_true(tp_intel_gt_get_if_awake(rcs->gt));
	tp_intel_gt_put(rcs->gt);
	tp_intel_engine_let_park(rcs);
	assert_int_equal(tp_intel_engine_park(rcs, UINT64_MAX), 0);
	assert_false(tp_intel_gt_get_if_awake(rcs->gt));
}

/* ---- waking fails ---------------------------------------------------------------------------- */

static void it_does_not_wake(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence;

	r->gpu->config.patience.awake_ns = TP_MICROSECONDS(50);
	rig_make_store(r, 0, 0, 1);
	tp_intel_model_refuse_wake(r->model, true);
	assert_int_equal(rig_try_submit(r, TP_INTEL_RENDER, 0, 0, true, NULL), -EIO);
	assert_int_equal(rig_power(r), 0);
	tp_intel_model_refuse_wake(r->model, false);
	r->gpu->config.patience.awake_ns = TP_SECONDS(1);
	must(tp_fault_arm("gpu/intel-wake", 1, 1));
	assert_int_equal(rig_try_submit(r, TP_INTEL_RENDER, 0, 0, true, NULL), -EIO);
	tp_fault_reset();
	assert_int_equal(rig_power(r), 0);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	rig_run(r);
	rig_expect(fence, 0);
}

/*
 * T6, the engine's side: it forgets what passed it by while it slept before it runs; if it cannot,
 * a reset does it.
 */
static void it_forgets_before_it_runs(void **state)
{
	struct rig *r = *state;
	struct tp_intel_engine *vcs = rig_engine(r, "vcs0");
	struct tp_intel_model_stat before, after;
	struct tp_fence *fence;

	rig_make_store(r, 0, 0, 1);
	tp_atomic_store(&vcs->skipped, 1, TP_RELEASE);
	tp_intel_model_stat(r->model, &before);
	fence = rig_submit(r, TP_INTEL_VIDEO_DECODE, 0, 0, true);
	tp_intel_model_stat(r->model, &after);
	assert_true(after.done > before.done);
	assert_int_equal(tp_atomic_load(&vcs->skipped, TP_RELAXED), 0);
	rig_run(r);
	rig_expect(fence, 0);
	tp_intel_service(r->gpu);
	assert_false(tp_atomic_load(&vcs->awake, TP_RELAXED));

	tp_atomic_store(&vcs->skipped, 1, TP_RELEASE);
	r->gpu->config.patience.tlb_ns = r->gpu->config.patience.poll_ns = TP_MICROSECONDS(50);
	tp_intel_model_stick(r->model, vcs->index, true);
	fence = rig_submit(r, TP_INTEL_VIDEO_DECODE, 0, 0, true);
	assert_int_equal(tp_quiet_load(&r->gpu->resets), 1);
	rig_run(r);
	rig_expect(fence, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_runs_what_it_is_given),
#define WITH_DG2(test) cmocka_unit_test_setup_teardown(test, make_dg2, end_rig)
		WITH_DG2(engines_sleep_when_nobody_needs_them),
		WITH_DG2(who_is_about_to_submit_keeps_it_awake),
		WITH_DG2(it_is_parked_after_a_while),
		WITH_DG2(a_gt_sleeps_with_its_last_engine),
		WITH_DG2(it_does_not_wake),
		WITH_DG2(it_forgets_before_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
