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

static void check_invalidation(enum tp_intel_platform platform, bool gt3, bool as_posted,
			       bool no_guc)
{
	struct tp_intel_model_stat before;

	begin(platform, gt3, as_posted, no_guc);
	before = spin_stat(&rig);
	invalidate_all();
	check_engines(&before, platform, as_posted);
	end();
}

static bool has_gt3(unsigned platform)
{
	return platform == TP_INTEL_BDW || platform == TP_INTEL_SKL;
}

static void each_engine_is_emptied_once(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		check_invalidation((enum tp_intel_platform)p, false, false, true);
		if (has_gt3(p))
			check_invalidation((enum tp_intel_platform)p, true, false, true);
	}
}

static void each_engine_is_emptied_once_by_firmware(void **state)
{
	(void)state;
	check_invalidation(TP_INTEL_MTL, false, false, false);
}

static void as_posted_some_are_not(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		check_invalidation((enum tp_intel_platform)p, false, true, true);
		if (has_gt3(p))
			check_invalidation((enum tp_intel_platform)p, true, true, true);
	}
}

/* ---- convicted ------------------------------------------------------------------------------- */

static unsigned count_missed(enum tp_intel_platform platform)
{
	unsigned n = 0;

	tp_intel_for_each_engine(engine, rig.gpu) n += is_missed(platform, engine);
	return n;
}

static bool is_among_missed(enum tp_intel_platform platform, const char *name)
{
	tp_intel_for_each_engine(engine, rig.gpu) if (!strcmp(engine->name, name)) return is_missed(
		platform, engine);
	return false;
}

/* Each of them reaches for memory that nobody has, and is named with whose it was. */
static void check_harms(enum tp_intel_platform platform, bool as_posted)
{
	struct tp_intel_model_harm harms[TP_GPU_MAX_ENGINES];
	uint64_t n = tp_intel_model_harms(rig.model, harms, TP_ARRAY_SIZE(harms));

	assert_int_equal(n, as_posted ? count_missed(platform) : 0);
	for (unsigned i = 0; i < n; i++) {
		assert_true(is_among_missed(platform, harms[i].engine));
		assert_int_equal(harms[i].va, SPIN_VA);
		assert_string_equal(harms[i].was, "victim");
		assert_string_equal(harms[i].now, "");
		assert_false(harms[i].write);
	}
}

/* Those that forgot find zeroes where nothing is bound, and end. */
static void check_release(enum tp_intel_platform platform, bool as_posted)
{
	begin(platform, false, as_posted, true);
	must(spin_release(&rig, &spin));
	tp_intel_for_each_engine(engine, rig.gpu) assert_int_equal(
		spin_goes_on(&rig, &spin, engine), as_posted && is_missed(platform, engine));
	check_harms(platform, as_posted);
	end();
}

static void model_convicts_what_was_posted(void **state)
{
	(void)state;
	for (unsigned p = TP_INTEL_ICL; p < TP_INTEL_NR_PLATFORMS; p++)
		check_release((enum tp_intel_platform)p, true);
}

static void and_clears_what_was_not(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++)
		check_release((enum tp_intel_platform)p, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_engine_is_emptied_once),
		cmocka_unit_test(each_engine_is_emptied_once_by_firmware),
		cmocka_unit_test(as_posted_some_are_not),
		cmocka_unit_test(model_convicts_what_was_posted),
		cmocka_unit_test(and_clears_what_was_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
