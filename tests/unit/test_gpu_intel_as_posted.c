/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_as_posted - what D-tlb's registers and masks do to the model's engines, as they
 * were posted and as they should be (traps 4 and 5).
 *
 * All engines spin on memory that is released.  As posted, engines behind masked registers and the
 * third video engine of ICL keep what they remember, and are caught with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_spin.h"

static struct rig rig;
static struct spin spin;

static void begin(enum tp_intel_platform platform, bool gt3, bool as_posted, bool no_guc)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .gt3 = gt3, .invalidate_ns = 1 },
		.driver = { .as_posted = as_posted, .no_guc = no_guc },
	};

	rig_make(&rig, &config);
	spin_make(&rig, &spin, TP_BO_SYSTEM, TP_PAGE_SIZE);
	spin_start_all(&rig, &spin);
}

static void end(void)
{
	spin_end(&rig, &spin);
	spin_end_harmed(&rig);
}

/* The flaws, of which facts and CVE-2022-4139 speak. */
static bool is_missed(enum tp_intel_platform platform, const struct tp_intel_engine *engine)
{
	switch (engine->id.class) {
	case TP_INTEL_VIDEO_DECODE:
		return platform >= TP_INTEL_TGL ||
		       (platform == TP_INTEL_ICL && engine->id.instance == 2);
	case TP_INTEL_VIDEO_ENHANCE:
	case TP_INTEL_COMPUTE:
		return platform >= TP_INTEL_TGL;
	default:
		return false;
	}
}

/* What each engine remembers after everything was to be forgotten, and how often it was asked. */
static void check_engines(const struct tp_intel_model_stat *before, enum tp_intel_platform platform,
			  bool as_posted)
{
	const struct tp_intel_model_stat after = spin_stat(&rig);

	tp_intel_for_each_engine(engine, rig.gpu)
	{
		const unsigned i = engine->index;
		const bool missed = as_posted && is_missed(platform, engine);
		/* T5: what was meant for the third video engine of ICL came to the copy engine. */
		const bool twice =
			as_posted && platform == TP_INTEL_ICL && engine->id.class == TP_INTEL_COPY;

		assert_string_equal(after.engine[i].name, engine->name);
		assert_true(before->engine[i].entries);
		assert_int_equal(!!after.engine[i].entries, missed);
		assert_int_equal(after.engine[i].invalidations - before->engine[i].invalidations,
				 twice ? 2 : !missed);
	}
}

static void invalidate_all(void)
{
	/* As posted, the poll succeeds at once: nothing says that nothing was done. */
	tp_intel_for_each_gt(gt, rig.gpu) must(tp_intel_tlb_invalidate_full(gt));
}

/* ---- convicted ------------------------------------------------------------------------------- */

static bool is_missed_by_name(enum tp_intel_platform platform, const char *name)
{
	return is_missed(platform, rig_engine(&rig, name));
}

static unsigned count_missed(enum tp_intel_platform platform)
{
	unsigned n = 0;

	tp_intel_for_each_engine(engine, rig.gpu) n += is_missed(platform, engine);
	return n;
}

/* Each of them reaches for memory that nobody has, and is named with whose it was. */
static void check_harms(enum tp_intel_platform platform, bool as_posted)
{
	struct tp_model_harm harms[TP_GPU_MAX_ENGINES];
	uint64_t n = tp_intel_model_harms(rig.model, harms, TP_ARRAY_SIZE(harms));

	assert_int_equal(n, as_posted ? count_missed(platform) : 0);
	for (unsigned i = 0; i < n; i++) {
		assert_true(is_missed_by_name(platform, harms[i].engine));
		assert_int_equal(harms[i].va, SPIN_VA);
		assert_string_equal(harms[i].was, "victim");
		assert_string_equal(harms[i].now, "");
		assert_false(harms[i].write);
	}
}

/* Those that forgot find zeroes where nothing is bound, and end. */
static void check_release(enum tp_intel_platform platform, bool as_posted)
{
	must(spin_release(&rig, &spin));
	tp_intel_for_each_engine(engine, rig.gpu) assert_int_equal(
		spin_goes_on(&rig, &spin, engine), as_posted && is_missed(platform, engine));
	check_harms(platform, as_posted);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void check(enum tp_intel_platform platform, bool gt3, bool as_posted, bool no_guc)
{
	struct tp_intel_model_stat before;

	begin(platform, gt3, as_posted, no_guc);
	before = spin_stat(&rig);
	invalidate_all();
	check_engines(&before, platform, as_posted);
	check_release(platform, as_posted);
	end();
}

static void check_each(bool as_posted)
{
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		check((enum tp_intel_platform)p, false, as_posted, true);
		if (p == TP_INTEL_BDW || p == TP_INTEL_SKL)
			check((enum tp_intel_platform)p, true, as_posted, true);
	}
}

static void each_engine_is_emptied_once(void **state)
{
	(void)state;
	check_each(false);
}

static void each_engine_is_emptied_once_by_firmware(void **state)
{
	(void)state;
	check(TP_INTEL_MTL, false, false, false);
}

static void as_posted_some_are_not_and_are_convicted(void **state)
{
	(void)state;
	check_each(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_engine_is_emptied_once),
		cmocka_unit_test(each_engine_is_emptied_once_by_firmware),
		cmocka_unit_test(as_posted_some_are_not_and_are_convicted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
