/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver's platform tables against the facts, row by row (register, bit and mask of every
 * engine of every platform).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "core/compiler.h"
#include "gpu/intel/platform.h"

struct row {
	const char *engine; /* with the GT, where there are several */
	uint32_t reg, request, done;
	bool multicast;
	uint32_t base, reset_bit;
};

struct platform {
	enum tp_intel_platform platform;
	bool gt3;
	unsigned nr;
	struct row rows[10];
};

static const struct platform facts[] = {
	{ TP_INTEL_BDW,
	  false,
	  4,
	  { { "rcs0", 0x4260, 0x1, 0x1, false, 0x2000, 1 << 1 },
	    { "bcs0", 0x426c, 0x1, 0x1, false, 0x22000, 1 << 2 },
	    { "vcs0", 0x4264, 0x1, 0x1, false, 0x12000, 1 << 5 },
	    { "vecs0", 0x4270, 0x1, 0x1, false, 0x1a000, 1 << 13 } } },
	{ TP_INTEL_BDW,
	  true,
	  5,
	  { { "rcs0", 0x4260, 0x1, 0x1, false, 0x2000, 1 << 1 },
	    { "bcs0", 0x426c, 0x1, 0x1, false, 0x22000, 1 << 2 },
	    { "vcs0", 0x4264, 0x1, 0x1, false, 0x12000, 1 << 5 },
	    { "vcs1", 0x4268, 0x1, 0x1, false, 0x1c000, 1 << 6 },
	    { "vecs0", 0x4270, 0x1, 0x1, false, 0x1a000, 1 << 13 } } },
	{ TP_INTEL_SKL,
	  false,
	  4,
	  { { "rcs0", 0x4260, 0x1, 0x1, false, 0x2000, 1 << 1 },
	    { "bcs0", 0x426c, 0x1, 0x1, false, 0x22000, 1 << 2 },
	    { "vcs0", 0x4264, 0x1, 0x1, false, 0x12000, 1 << 5 },
	    { "vecs0", 0x4270, 0x1, 0x1, false, 0x1a000, 1 << 13 } } },
	{ TP_INTEL_SKL,
	  true,
	  5,
	  { { "rcs0", 0x4260, 0x1, 0x1, false, 0x2000, 1 << 1 },
	    { "bcs0", 0x426c, 0x1, 0x1, false, 0x22000, 1 << 2 },
	    { "vcs0", 0x4264, 0x1, 0x1, false, 0x12000, 1 << 5 },
	    { "vcs1", 0x4268, 0x1, 0x1, false, 0x1c000, 1 << 6 },
	    { "vecs0", 0x4270, 0x1, 0x1, false, 0x1a000, 1 << 13 } } },
	/* T5: the third video engine is bit 2 of the first one's register. */
	{ TP_INTEL_ICL,
	  false,
	  5,
	  { { "rcs0", 0x4260, 0x1, 0x1, false, 0x2000, 1 << 1 },
	    { "bcs0", 0x426c, 0x1, 0x1, false, 0x22000, 1 << 2 },
	    { "vcs0", 0x4264, 0x1, 0x1, false, 0x1c0000, 1 << 5 },
	    { "vcs2", 0x4264, 0x4, 0x4, false, 0x1d0000, 1 << 7 },
	    { "vecs0", 0x4270, 0x1, 0x1, false, 0x1c8000, 1 << 13 } } },
#define GEN12(platform)                                                                      \
	{                                                                                    \
		platform, false, 5,                                                          \
		{                                                                            \
			{ "rcs0", 0xced8, 0x1, 0x1, false, 0x2000, 1 << 1 },                 \
				{ "bcs0", 0xcee4, 0x1, 0x1, false, 0x22000, 1 << 2 },        \
				{ "vcs0", 0xcedc, 0x10001, 0x1, false, 0x1c0000, 1 << 5 },   \
				{ "vcs2", 0xcedc, 0x40004, 0x4, false, 0x1d0000, 1 << 7 },   \
				{ "vecs0", 0xcee0, 0x10001, 0x1, false, 0x1c8000, 1 << 13 }, \
		}                                                                            \
	}
	/* T4: video engines' bits are written with their mask. */
	GEN12(TP_INTEL_TGL),
	GEN12(TP_INTEL_DG1),
	GEN12(TP_INTEL_ADL_S),
	GEN12(TP_INTEL_ADL_P),
	{ TP_INTEL_RKL,
	  false,
	  4,
	  { { "rcs0", 0xced8, 0x1, 0x1, false, 0x2000, 1 << 1 },
	    { "bcs0", 0xcee4, 0x1, 0x1, false, 0x22000, 1 << 2 },
	    { "vcs0", 0xcedc, 0x10001, 0x1, false, 0x1c0000, 1 << 5 },
	    { "vecs0", 0xcee0, 0x10001, 0x1, false, 0x1c8000, 1 << 13 } } },
	{ TP_INTEL_DG2,
	  false,
	  10,
	  { { "rcs0", 0xced8, 0x1, 0x1, true, 0x2000, 1 << 1 },
	    { "bcs0", 0xcee4, 0x1, 0x1, true, 0x22000, 1 << 2 },
	    { "vcs0", 0xcedc, 0x10001, 0x1, true, 0x1c0000, 1 << 5 },
	    { "vcs2", 0xcedc, 0x40004, 0x4, true, 0x1d0000, 1 << 7 },
	    { "vecs0", 0xcee0, 0x10001, 0x1, true, 0x1c8000, 1 << 13 },
	    { "vecs1", 0xcee0, 0x20002, 0x2, true, 0x1d8000, 1 << 14 },
	    { "ccs0", 0xcf04, 0x10001, 0x1, true, 0x1a000, 1 << 17 },
	    { "ccs1", 0xcf04, 0x20002, 0x2, true, 0x1c000, 1 << 18 },
	    { "ccs2", 0xcf04, 0x40004, 0x4, true, 0x1e000, 1 << 19 },
	    { "ccs3", 0xcf04, 0x80008, 0x8, true, 0x26000, 1 << 20 } } },
	{ TP_INTEL_MTL,
	  false,
	  7,
	  { { "rcs0", 0xced8, 0x1, 0x1, true, 0x2000, 1 << 1 },
	    { "bcs0", 0xcee4, 0x1, 0x1, true, 0x22000, 1 << 2 },
	    { "ccs0", 0xcf04, 0x10001, 0x1, true, 0x1a000, 1 << 17 },
	    { "vcs0", 0xcedc, 0x10001, 0x1, false, 0x1c0000, 1 << 5 },
	    { "vcs2", 0xcedc, 0x40004, 0x4, false, 0x1d0000, 1 << 7 },
	    { "vecs0", 0xcee0, 0x10001, 0x1, false, 0x1c8000, 1 << 13 },
	    { "gsc0", 0xcf04, 0x20002, 0x2, false, 0x11a000, 1 << 4 } } },
};

static void check_row(const struct platform *p, const struct tp_intel_engine_id *id,
		      const struct row *row)
{
	struct tp_intel_invalidation inv = tp_intel_invalidation(p->platform, id, false);
	char name[8];

	tp_intel_engine_name(id, name);
	assert_string_equal(name, row->engine);
	assert_int_equal(inv.reg, row->reg);
	assert_int_equal(inv.request, row->request);
	assert_int_equal(inv.done, row->done);
	assert_int_equal(inv.multicast, row->multicast);
	assert_int_equal(tp_intel_engine_base(p->platform, id), row->base);
	assert_int_equal(tp_intel_engine_reset_bit(id), row->reset_bit);
}

/* Also names T4 and T5: the facts' masks and addresses are in the rows. */
static void every_engine_is_as_the_facts_say(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(facts); i++) {
		const struct platform *p = &facts[i];
		struct tp_intel_engine_id ids[TP_GPU_MAX_ENGINES];

		assert_int_equal(tp_intel_platform_engines(p->platform, p->gt3, ids), p->nr);
		for (unsigned n = 0; n < p->nr; n++)
			check_row(p, &ids[n], &p->rows[n]);
	}
}

static void the_media_gt_has_the_video_engines(void **state)
{
	static const unsigned gts[] = { 0, 0, 0, 1, 1, 1, 1 };
	struct tp_intel_engine_id ids[TP_GPU_MAX_ENGINES];

	(void)state;
	tp_intel_platform_engines(TP_INTEL_MTL, false, ids);
	for (unsigned n = 0; n < TP_ARRAY_SIZE(gts); n++)
		assert_int_equal(ids[n].gt, gts[n]);
}

static struct tp_intel_invalidation posted(enum tp_intel_platform platform,
					   enum tp_intel_class class, unsigned instance)
{
	const struct tp_intel_engine_id id = { class, instance, 0 };

	return tp_intel_invalidation(platform, &id, true);
}

/* D-tlb's two flaws: no masks (T4), and an address that runs into another engine's (T5). */
static void as_posted_it_is_wrong_where_the_facts_say(void **state)
{
	static const enum tp_intel_platform gen12[] = { TP_INTEL_TGL,	TP_INTEL_DG1,
							TP_INTEL_RKL,	TP_INTEL_ADL_S,
							TP_INTEL_ADL_P, TP_INTEL_DG2,
							TP_INTEL_MTL };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(gen12); i++) {
		assert_int_equal(posted(gen12[i], TP_INTEL_RENDER, 0).request, 1);
		assert_int_equal(posted(gen12[i], TP_INTEL_COPY, 0).request, 1);
		assert_int_equal(posted(gen12[i], TP_INTEL_VIDEO_DECODE, 2).request, 4);
		assert_int_equal(posted(gen12[i], TP_INTEL_VIDEO_ENHANCE, 1).request, 2);
		assert_int_equal(posted(gen12[i], TP_INTEL_COMPUTE, 3).request, 8);
		assert_int_equal(posted(gen12[i], TP_INTEL_VIDEO_DECODE, 2).reg, 0xcedc);
	}
	assert_int_equal(posted(TP_INTEL_ICL, TP_INTEL_VIDEO_DECODE, 0).reg, 0x4264);
	assert_int_equal(posted(TP_INTEL_ICL, TP_INTEL_VIDEO_DECODE, 2).reg, 0x426c);
	assert_int_equal(posted(TP_INTEL_ICL, TP_INTEL_VIDEO_DECODE, 2).request, 1);
	assert_int_equal(posted(TP_INTEL_SKL, TP_INTEL_VIDEO_DECODE, 1).reg, 0x4268);
	assert_int_equal(posted(TP_INTEL_SKL, TP_INTEL_VIDEO_ENHANCE, 0).reg, 0x4270);
}

static void versions_and_special_cases(void **state)
{
	static const struct {
		const char *name;
		unsigned ver, rel, nr_gts;
		bool local, multicast, oa, guc;
		uint32_t selector;
	} rows[TP_INTEL_NR_PLATFORMS] = {
		{ "bdw", 8, 0, 1, false, false, false, false, 0 },
		{ "skl", 9, 0, 1, false, false, false, false, 0 },
		{ "icl", 11, 0, 1, false, false, false, false, 0 },
		{ "tgl", 12, 0, 1, false, false, true, false, 0 },
		{ "dg1", 12, 10, 1, true, false, true, false, 0 },
		{ "rkl", 12, 0, 1, false, false, true, false, 0 },
		{ "adl-s", 12, 0, 1, false, false, true, false, 0 },
		{ "adl-p", 12, 0, 1, false, false, true, false, 0 },
		{ "dg2", 12, 55, 1, true, true, false, false, 0xfdc },
		{ "mtl", 12, 70, 2, false, true, false, true, 0xfd0 },
	};

	(void)state;
	for (unsigned i = 0; i < TP_INTEL_NR_PLATFORMS; i++) {
		const struct tp_intel_platform_info *info =
			tp_intel_platform((enum tp_intel_platform)i);

		assert_string_equal(info->name, rows[i].name);
		assert_int_equal(info->ver, rows[i].ver);
		assert_int_equal(info->rel, rows[i].rel);
		assert_int_equal(info->nr_gts, rows[i].nr_gts);
		assert_int_equal(info->local_memory, rows[i].local);
		assert_int_equal(info->multicast, rows[i].multicast);
		assert_int_equal(info->oa_workaround, rows[i].oa);
		assert_int_equal(info->guc_invalidates, rows[i].guc);
		assert_int_equal(info->mcr_selector, rows[i].selector);
		assert_true(info->page_sizes & TP_INTEL_PAGES_4K);
	}
}

/* There is no catch-all: what is not known has no engines. */
static void the_unknown_is_not_guessed(void **state)
{
	struct tp_intel_engine_id ids[TP_GPU_MAX_ENGINES];
	enum tp_intel_platform platform;

	(void)state;
	assert_null(tp_intel_platform(TP_INTEL_NR_PLATFORMS));
	assert_int_equal(tp_intel_platform_engines(TP_INTEL_NR_PLATFORMS, false, ids), 0);
	assert_int_equal(tp_intel_platform_named("lnl", &platform), -EINVAL);
	assert_int_equal(tp_intel_platform_named("", &platform), -EINVAL);
	assert_int_equal(tp_intel_platform_named("adl", &platform), -EINVAL);
	assert_int_equal(tp_intel_platform_named("ADL-P", &platform), 0);
	assert_int_equal(platform, TP_INTEL_ADL_P);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_is_as_the_facts_say),
		cmocka_unit_test(the_media_gt_has_the_video_engines),
		cmocka_unit_test(as_posted_it_is_wrong_where_the_facts_say),
		cmocka_unit_test(versions_and_special_cases),
		cmocka_unit_test(the_unknown_is_not_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
