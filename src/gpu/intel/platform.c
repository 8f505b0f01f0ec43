/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * platform - the tables of what each platform has.
 *
 * 64 KiB pages on gen12.0 and 12.10 are left out: the bit that says so there means something else
 * where there is local memory.
 */
#include "gpu/intel/platform.h"

#include <errno.h>
#include <stdio.h>

#include "core/error.h"

enum {
	PAGES_ALL = TP_INTEL_PAGES_4K | TP_INTEL_PAGES_64K | TP_INTEL_PAGES_2M,
	PAGES_NO_64K = TP_INTEL_PAGES_4K | TP_INTEL_PAGES_2M,
};

static const struct tp_intel_platform_info infos[TP_INTEL_NR_PLATFORMS] = {
	[TP_INTEL_BDW] = { "bdw", 8, 0, .page_sizes = TP_INTEL_PAGES_4K, .nr_gts = 1 },
	[TP_INTEL_SKL] = { "skl", 9, 0, TP_INTEL_PAGES_4K | TP_INTEL_PAGES_64K, .nr_gts = 1 },
	[TP_INTEL_ICL] = { "icl", 11, 0, PAGES_ALL, .nr_gts = 1 },
	[TP_INTEL_TGL] = { "tgl", 12, 0, PAGES_NO_64K, .nr_gts = 1, .oa_workaround = true },
	[TP_INTEL_DG1] = { "dg1", 12, 10, PAGES_NO_64K, .nr_gts = 1, .local_memory = true,
			   .oa_workaround = true },
	[TP_INTEL_RKL] = { "rkl", 12, 0, PAGES_NO_64K, .nr_gts = 1, .oa_workaround = true },
	[TP_INTEL_ADL_S] = { "adl-s", 12, 0, PAGES_NO_64K, .nr_gts = 1, .oa_workaround = true },
	[TP_INTEL_ADL_P] = { "adl-p", 12, 0, PAGES_NO_64K, .nr_gts = 1, .oa_workaround = true },
	[TP_INTEL_DG2] = { "dg2", 12, 55, PAGES_ALL, .nr_gts = 1, .local_memory = true,
			   .multicast = true, .mcr_selector = TP_INTEL_MCR_SELECTOR },
	[TP_INTEL_MTL] = { "mtl", 12, 70, PAGES_ALL, .nr_gts = 2, .multicast = true,
			   .guc_invalidates = true, .mcr_selector = TP_INTEL_MTL_MCR_SELECTOR },
};

/* How many instances of each class there are, and which: a bit each, by GT. */
static const struct {
	uint8_t instances[TP_GPU_MAX_GTS][TP_INTEL_NR_CLASSES];
} engines_of[TP_INTEL_NR_PLATFORMS] = {
#define ONE_GT(vcs, vecs, ccs)                               \
	{                                                    \
		{                                            \
			{ [TP_INTEL_RENDER] = 1,             \
			  [TP_INTEL_COPY] = 1,               \
			  [TP_INTEL_VIDEO_DECODE] = (vcs),   \
			  [TP_INTEL_VIDEO_ENHANCE] = (vecs), \
			  [TP_INTEL_COMPUTE] = (ccs) },      \
		}                                            \
	}
	[TP_INTEL_BDW] = ONE_GT(1 << 0, 1, 0),
	[TP_INTEL_SKL] = ONE_GT(1 << 0, 1, 0),
	[TP_INTEL_ICL] = ONE_GT(1 << 0 | 1 << 2, 1, 0),
	[TP_INTEL_TGL] = ONE_GT(1 << 0 | 1 << 2, 1, 0),
	[TP_INTEL_DG1] = ONE_GT(1 << 0 | 1 << 2, 1, 0),
	[TP_INTEL_RKL] = ONE_GT(1 << 0, 1, 0),
	[TP_INTEL_ADL_S] = ONE_GT(1 << 0 | 1 << 2, 1, 0),
	[TP_INTEL_ADL_P] = ONE_GT(1 << 0 | 1 << 2, 1, 0),
	[TP_INTEL_DG2] = ONE_GT(1 << 0 | 1 << 2, 3, 15),
	[TP_INTEL_MTL] = { { { [TP_INTEL_RENDER] = 1, [TP_INTEL_COPY] = 1, [TP_INTEL_COMPUTE] = 1 },
			     { [TP_INTEL_VIDEO_DECODE] = 1 << 0 | 1 << 2,
			       [TP_INTEL_VIDEO_ENHANCE] = 1,
			       [TP_INTEL_OTHER] = 1 } } },
#undef ONE_GT
};

const struct tp_intel_platform_info *tp_intel_platform(enum tp_intel_platform platform)
{
	return (unsigned)platform < TP_INTEL_NR_PLATFORMS ? &infos[platform] : NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same_word(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

int tp_intel_platform_named(const char *name, enum tp_intel_platform *platform)
{
	for (unsigned i = 0; i < TP_INTEL_NR_PLATFORMS; i++)
		if (is_same_word(name, infos[i].name)) {
			*platform = (enum tp_intel_platform)i;
			return 0;
		}
	return TP_ERR(-EINVAL, "no Intel graphics platform is called so; there are bdw to mtl");
}

unsigned tp_intel_platform_engines(enum tp_intel_platform platform, bool gt3,
				   struct tp_intel_engine_id engines[TP_GPU_MAX_ENGINES])
{
	static const enum tp_intel_class order[] = { TP_INTEL_RENDER,	    TP_INTEL_COPY,
						     TP_INTEL_VIDEO_DECODE, TP_INTEL_VIDEO_ENHANCE,
						     TP_INTEL_COMPUTE,	    TP_INTEL_OTHER };
	unsigned n = 0;

	if ((unsigned)platform >= TP_INTEL_NR_PLATFORMS)
		return 0;
	for (unsigned gt = 0; gt < infos[platform].nr_gts; gt++)
		for (unsigned c = 0; c < TP_ARRAY_SIZE(order); c++) {
			unsigned instances = engines_of[platform].instances[gt][order[c]];

			if (gt3 && infos[platform].ver < 11 && order[c] == TP_INTEL_VIDEO_DECODE)
				instances |= 1 << 1;
			for (unsigned i = 0; instances >> i; i++)
				if (instances >> i & 1)
					engines[n++] =
						(struct tp_intel_engine_id){ order[c], i, gt };
		}
	return n;
}

/* Up to gen11 the second video engine has a register of its own (M2TCR), and no other has. */
static struct tp_intel_invalidation gen8_invalidation(const struct tp_intel_engine_id *engine,
						      bool as_posted)
{
	static const uint32_t regs[TP_INTEL_NR_CLASSES] = {
		[TP_INTEL_RENDER] = TP_INTEL_GEN8_RTCR,
		[TP_INTEL_VIDEO_DECODE] = TP_INTEL_GEN8_M1TCR,
		[TP_INTEL_VIDEO_ENHANCE] = TP_INTEL_GEN8_VTCR,
		[TP_INTEL_COPY] = TP_INTEL_GEN8_BTCR,
	};
	uint32_t reg = regs[engine->class], bit = 1u << engine->instance;

	if (engine->class == TP_INTEL_VIDEO_DECODE && (as_posted || engine->instance == 1)) {
		reg += 4 * engine->instance;
		bit = 1;
	}
	return (struct tp_intel_invalidation){ .reg = reg, .request = bit, .done = bit };
}

static bool is_masked(enum tp_intel_class class)
{
	return class != TP_INTEL_RENDER && class != TP_INTEL_COPY;
}

static struct tp_intel_invalidation gen12_invalidation(const struct tp_intel_engine_id *engine,
						       bool multicast, bool as_posted)
{
	static const uint32_t regs[TP_INTEL_NR_CLASSES] = {
		[TP_INTEL_RENDER] = TP_INTEL_GEN12_GFX_TLB_INV,
		[TP_INTEL_VIDEO_DECODE] = TP_INTEL_GEN12_VD_TLB_INV,
		[TP_INTEL_VIDEO_ENHANCE] = TP_INTEL_GEN12_VE_TLB_INV,
		[TP_INTEL_COPY] = TP_INTEL_GEN12_BLT_TLB_INV,
		[TP_INTEL_COMPUTE] = TP_INTEL_GEN12_COMPCTX_TLB_INV,
		/* where there is one (media GT) there are no compute engines */
		[TP_INTEL_OTHER] = TP_INTEL_GEN12_COMPCTX_TLB_INV,
	};
	bool is_other = engine->class == TP_INTEL_OTHER;
	uint32_t bit = is_other ? 1u << 1 : 1u << engine->instance;
	bool masked = is_masked(engine->class) && (is_other || !as_posted);

	return (struct tp_intel_invalidation){
		.reg = regs[engine->class],
		.request = masked ? TP_INTEL_MASKED(bit) : bit,
		.done = bit,
		.multicast = multicast && engine->gt == 0,
	};
}

struct tp_intel_invalidation tp_intel_invalidation(enum tp_intel_platform platform,
						   const struct tp_intel_engine_id *engine,
						   bool as_posted)
{
	const struct tp_intel_platform_info *info = &infos[platform];

	if (info->ver < 12)
		return gen8_invalidation(engine, as_posted);
	return gen12_invalidation(engine, info->multicast, as_posted);
}

static uint32_t video_decode_base(unsigned ver, unsigned instance)
{
	if (ver < 11)
		return instance ? TP_INTEL_GEN8_VCS1_RING : TP_INTEL_GEN8_VCS0_RING;
	return instance ? TP_INTEL_GEN11_VCS2_RING : TP_INTEL_GEN11_VCS0_RING;
}

static uint32_t video_enhance_base(unsigned ver, unsigned instance)
{
	if (ver < 11)
		return TP_INTEL_GEN8_VECS0_RING;
	return instance ? TP_INTEL_GEN11_VECS1_RING : TP_INTEL_GEN11_VECS0_RING;
}

uint32_t tp_intel_engine_base(enum tp_intel_platform platform,
			      const struct tp_intel_engine_id *engine)
{
	static const uint32_t compute[] = { TP_INTEL_CCS0_RING, TP_INTEL_CCS1_RING,
					    TP_INTEL_CCS2_RING, TP_INTEL_CCS3_RING };
	unsigned ver = infos[platform].ver;

	switch (engine->class) {
	case TP_INTEL_VIDEO_DECODE:
		return video_decode_base(ver, engine->instance);
	case TP_INTEL_VIDEO_ENHANCE:
		return video_enhance_base(ver, engine->instance);
	case TP_INTEL_COMPUTE:
		return compute[engine->instance];
	case TP_INTEL_COPY:
		return TP_INTEL_COPY_RING;
	case TP_INTEL_OTHER:
		return TP_INTEL_GSC_RING;
	default:
		return TP_INTEL_RENDER_RING;
	}
}

uint32_t tp_intel_engine_reset_bit(const struct tp_intel_engine_id *engine)
{
	static const uint32_t first[TP_INTEL_NR_CLASSES] = {
		[TP_INTEL_RENDER] = TP_INTEL_GRDOM_RENDER,
		[TP_INTEL_VIDEO_DECODE] = 1u << TP_INTEL_GRDOM_MEDIA_SHIFT,
		[TP_INTEL_VIDEO_ENHANCE] = 1u << TP_INTEL_GRDOM_VEBOX_SHIFT,
		[TP_INTEL_COPY] = TP_INTEL_GRDOM_BLT,
		[TP_INTEL_OTHER] = TP_INTEL_GRDOM_OTHER,
		[TP_INTEL_COMPUTE] = 1u << TP_INTEL_GRDOM_COMPUTE_SHIFT,
	};

	return first[engine->class] << engine->instance;
}

void tp_intel_engine_name(const struct tp_intel_engine_id *engine, char *name)
{
	static const char *const prefix[TP_INTEL_NR_CLASSES] = {
		[TP_INTEL_RENDER] = "rcs",	   [TP_INTEL_VIDEO_DECODE] = "vcs",
		[TP_INTEL_VIDEO_ENHANCE] = "vecs", [TP_INTEL_COPY] = "bcs",
		[TP_INTEL_OTHER] = "gsc",	   [TP_INTEL_COMPUTE] = "ccs",
	};

	snprintf(name, 8, "%s%u", prefix[engine->class], engine->instance % 100);
}
