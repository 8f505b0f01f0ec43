/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_sleep - engines that are passed by while they sleep, on a device whose caches
 * outlive that (trap 6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_spin.h"

static struct rig rig;
static struct spin spin;

static void begin(enum tp_intel_platform platform, bool remembers)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL,
			   .invalidate_ns = 1,
			   .sleep_remembers = remembers },
		/* parked at the next round */
		.driver = { .patience = { .park_ns = 1, .delay_ns = 1 } },
	};

	rig_make(&rig, &config);
	spin_make(&rig, &spin, TP_BO_SYSTEM, TP_PAGE_SIZE);
}

static struct tp_intel_model_engine_stat stat_of(const struct tp_intel_engine *engine)
{
	return spin_stat(&rig).engine[engine->index];
}

static struct tp_gpu_tlb_stats tlb_stats(unsigned gt)
{
	struct tp_gpu_stats stats;

	must(tp_gpu_stats(rig.m, "gpu0", &stats));
	return stats.tlb[gt];
}

static bool is_awake(const struct tp_intel_engine *engine)
{
	return tp_atomic_load(&engine->awake, TP_ACQUIRE);
}

/* It reads the victim, and is parked with that in its cache. */
static void use_and_park(const struct tp_intel_engine *engine)
{
	struct rig_words b = { .page = 0 };
	struct tp_fence *fence;

	rig_copy_word(&b, RIG_BATCH_VA(1), SPIN_VA);
	rig_finish(&rig, &b);
	fence = spin_submit(&rig, engine, 0, NULL);
	rig_run(&rig);
	rig_expect(fence, 0);
	tp_intel_service(rig.gpu);
	assert_false(is_awake(engine));
}

/* The ring's own commands would make it forget too, but none was executed yet. */
static void wake(const struct tp_intel_engine *engine, struct tp_fence **fence)
{
	*fence = spin_submit(&rig, engine, 0, NULL);
	assert_true(is_awake(engine));
}

static void finish(struct tp_fence *fence)
{
	rig_run(&rig);
	rig_expect(fence, 0);
}

static void check_engine(const struct tp_intel_engine *engine)
{
	const uint64_t asleep = tlb_stats(engine->gt->id).asleep;
	struct tp_fence *fence;

	use_and_park(engine);
	assert_true(stat_of(engine).entries);
	must(tp_intel_vm_unbind(rig.vm, SPIN_VA, TP_PAGE_SIZE));
	assert_true(tlb_stats(engine->gt->id).asleep > asleep);
	assert_true(stat_of(engine).entries);
	wake(engine, &fence);
	assert_int_equal(stat_of(engine).entries, 0);
	finish(fence);
	must(tp_intel_vm_bind(rig.vm, spin.victim, 0, SPIN_VA, TP_PAGE_SIZE));
	spin_bind(&rig, spin.victim);
}

static void what_sleep_remembers_is_forgotten_before_it_runs(void **state)
{
	static const enum tp_intel_platform platforms[] = { TP_INTEL_BDW, TP_INTEL_TGL,
							    TP_INTEL_DG2, TP_INTEL_MTL };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(platforms); i++) {
		begin(platforms[i], true);
		tp_intel_for_each_engine(engine, rig.gpu) check_engine(engine);
		spin_release(&rig, &spin);
		rig_end(&rig);
	}
}

static void what_forgets_by_itself_costs_nothing(void **state)
{
	struct tp_intel_engine *engine;
	struct tp_fence *fence;
	uint64_t requests;

	(void)state;
	begin(TP_INTEL_TGL, false);
	engine = rig_engine(&rig, "vcs0");
	use_and_park(engine);
	assert_int_equal(stat_of(engine).entries, 0);
	requests = spin_stat(&rig).requests;
	must(spin_release(&rig, &spin));
	assert_int_equal(spin_stat(&rig).requests, requests);
	wake(engine, &fence);
	finish(fence);
	rig_end(&rig);
}

/* While one runs, another one sleeps: the first is asked, the other passed by. */
static void one_runs_and_one_sleeps(void **state)
{
	struct tp_intel_engine *runs, *sleeps;
	struct tp_fence *fence;

	(void)state;
	begin(TP_INTEL_TGL, true);
	runs = rig_engine(&rig, "rcs0");
	sleeps = rig_engine(&rig, "vecs0");
	use_and_park(sleeps);
	spin_start(&rig, &spin, runs);
	must(tp_intel_vm_unbind(rig.vm, SPIN_VA, TP_PAGE_SIZE));
	assert_int_equal(stat_of(runs).entries, 0);
	assert_true(stat_of(sleeps).entries);
	wake(sleeps, &fence);
	assert_int_equal(stat_of(sleeps).entries, 0);
	assert_false(spin_goes_on(&rig, &spin, runs));
	finish(fence);
	rig_expect(spin.fences[runs->index], 0);
	tp_intel_object_put(spin.victim);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_sleep_remembers_is_forgotten_before_it_runs),
		cmocka_unit_test(what_forgets_by_itself_costs_nothing),
		cmocka_unit_test(one_runs_and_one_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
