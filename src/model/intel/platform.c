/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * platform - which engines the device has on each platform, and how their caches are emptied: the
 * device's own table, written down without looking at the driver's.
 */
#include "model/intel/internal.h"

/* ---- engines of three generations, in the order that everybody counts them in ---------------- */

#define VCS_RESET(n)  (1u << (TP_INTEL_GRDOM_MEDIA_SHIFT + (n)))
#define VECS_RESET(n) (1u << (TP_INTEL_GRDOM_VEBOX_SHIFT + (n)))
#define CCS_RESET(n)  (1u << (TP_INTEL_GRDOM_COMPUTE_SHIFT + (n)))

/* class and instance; registers; invalidation: register, bit, masked; domain; reset */
#define ENGINE(c, n, at, reg, nr, mask, domain, reset)                                \
	{                                                                             \
		.class = TP_INTEL_##c, .instance = (n), .base = TP_INTEL_##at##_RING, \
		.invalidate = TP_INTEL_##reg, .bit = 1u << (nr), .masked = (mask),    \
		.wake = TP_INTEL_FORCEWAKE_##domain, .reset_bit = (reset)             \
	}

/* Bits of a platform's table: which of a generation's engines it has. */
enum { RCS = 1 << 0, BCS = 1 << 1, VCS = 1 << 2 };

enum { GEN8_VCS1 = 1 << 3, GEN8_VECS = 1 << 4, GEN8_ALL = RCS | BCS | VCS | GEN8_VECS };

static const struct tp_ihw_engine_id gen8[] = {
	ENGINE(RENDER, 0, RENDER, GEN8_RTCR, 0, false, RENDER, TP_INTEL_GRDOM_RENDER),
	ENGINE(COPY, 0, COPY, GEN8_BTCR, 0, false, GT, TP_INTEL_GRDOM_BLT),
	ENGINE(VIDEO_DECODE, 0, GEN8_VCS0, GEN8_M1TCR, 0, false, MEDIA, VCS_RESET(0)),
	ENGINE(VIDEO_DECODE, 1, GEN8_VCS1, GEN8_M2TCR, 0, false, MEDIA, VCS_RESET(1)),
	ENGINE(VIDEO_ENHANCE, 0, GEN8_VECS0, GEN8_VTCR, 0, false, MEDIA, VECS_RESET(0)),
};

enum { GEN11_ALL = RCS | BCS | VCS | 1 << 3 | 1 << 4 };

/* The second video engine is number 2 and has bit 2 of the first one's register (T5). */
static const struct tp_ihw_engine_id gen11[] = {
	ENGINE(RENDER, 0, RENDER, GEN8_RTCR, 0, false, RENDER, TP_INTEL_GRDOM_RENDER),
	ENGINE(COPY, 0, COPY, GEN8_BTCR, 0, false, GT, TP_INTEL_GRDOM_BLT),
	ENGINE(VIDEO_DECODE, 0, GEN11_VCS0, GEN8_M1TCR, 0, false, VDBOX(0), VCS_RESET(0)),
	ENGINE(VIDEO_DECODE, 2, GEN11_VCS2, GEN8_M1TCR, 2, false, VDBOX(2), VCS_RESET(2)),
	ENGINE(VIDEO_ENHANCE, 0, GEN11_VECS0, GEN8_VTCR, 0, false, VEBOX(0), VECS_RESET(0)),
};

enum {
	VCS2 = 1 << 3,
	VECS = 1 << 4,
	VECS1 = 1 << 5,
	CCS = 1 << 6,
	CCS_ALL = 15 << 6,
	GSC = 1 << 10,
	GEN12_ALL = RCS | BCS | VCS | VCS2 | VECS,
};

static const struct tp_ihw_engine_id gen12[] = {
	ENGINE(RENDER, 0, RENDER, GEN12_GFX_TLB_INV, 0, false, RENDER, TP_INTEL_GRDOM_RENDER),
	ENGINE(COPY, 0, COPY, GEN12_BLT_TLB_INV, 0, false, GT, TP_INTEL_GRDOM_BLT),
	ENGINE(VIDEO_DECODE, 0, GEN11_VCS0, GEN12_VD_TLB_INV, 0, true, VDBOX(0), VCS_RESET(0)),
	ENGINE(VIDEO_DECODE, 2, GEN11_VCS2, GEN12_VD_TLB_INV, 2, true, VDBOX(2), VCS_RESET(2)),
	ENGINE(VIDEO_ENHANCE, 0, GEN11_VECS0, GEN12_VE_TLB_INV, 0, true, VEBOX(0), VECS_RESET(0)),
	ENGINE(VIDEO_ENHANCE, 1, GEN11_VECS1, GEN12_VE_TLB_INV, 1, true, VEBOX(1), VECS_RESET(1)),
	ENGINE(COMPUTE, 0, CCS0, GEN12_COMPCTX_TLB_INV, 0, true, RENDER, CCS_RESET(0)),
	ENGINE(COMPUTE, 1, CCS1, GEN12_COMPCTX_TLB_INV, 1, true, RENDER, CCS_RESET(1)),
	ENGINE(COMPUTE, 2, CCS2, GEN12_COMPCTX_TLB_INV, 2, true, RENDER, CCS_RESET(2)),
	ENGINE(COMPUTE, 3, CCS3, GEN12_COMPCTX_TLB_INV, 3, true, RENDER, CCS_RESET(3)),
	ENGINE(OTHER, 0, GSC, GEN12_COMPCTX_TLB_INV, 1, true, GT, TP_INTEL_GRDOM_OTHER),
};

/* ---- platforms ------------------------------------------------------------------------------- */

static const struct tp_ihw_platform platforms[TP_INTEL_NR_PLATFORMS] = {
	[TP_INTEL_BDW] = { "bdw", 0x1616, .engines = gen8, .has = { GEN8_ALL },
			   .one_domain = true },
	[TP_INTEL_SKL] = { "skl", 0x1912, .engines = gen8, .has = { GEN8_ALL } },
	[TP_INTEL_ICL] = { "icl", 0x8a52, .engines = gen11, .has = { GEN11_ALL } },
	[TP_INTEL_TGL] = { "tgl", 0x9a49, .engines = gen12, .has = { GEN12_ALL } },
	[TP_INTEL_DG1] = { "dg1", 0x4905, .engines = gen12, .has = { GEN12_ALL },
			   .local_memory = true },
	[TP_INTEL_RKL] = { "rkl", 0x4c8a, .engines = gen12, .has = { GEN12_ALL & ~VCS2 } },
	[TP_INTEL_ADL_S] = { "adl-s", 0x4680, .engines = gen12, .has = { GEN12_ALL } },
	[TP_INTEL_ADL_P] = { "adl-p", 0x46a6, .engines = gen12, .has = { GEN12_ALL } },
	[TP_INTEL_DG2] = { "dg2", 0x56a0, .engines = gen12, .has = { GEN12_ALL | VECS1 | CCS_ALL },
			   .local_memory = true, .selector = TP_INTEL_MCR_SELECTOR },
	[TP_INTEL_MTL] = { "mtl", 0x7d55, .engines = gen12,
			   .has = { RCS | BCS | CCS, VCS | VCS2 | VECS | GSC }, .firmware = true,
			   .selector = TP_INTEL_MTL_MCR_SELECTOR },
};

const struct tp_ihw_platform *tp_ihw_platform(enum tp_intel_platform platform)
{
	return (unsigned)platform < TP_INTEL_NR_PLATFORMS ? &platforms[platform] : NULL;
}

static struct tp_ihw_engine_id engine_of(const struct tp_ihw_platform *p, unsigned gt, unsigned i)
{
	struct tp_ihw_engine_id id = p->engines[i];

	id.gt = gt;
	id.multicast = p->selector && gt == 0;
	if (p->one_domain)
		id.wake = TP_INTEL_FORCEWAKE_RENDER;
	return id;
}

unsigned tp_ihw_engines(enum tp_intel_platform platform, bool gt3,
			struct tp_ihw_engine_id ids[TP_IHW_ENGINES])
{
	const struct tp_ihw_platform *p = tp_ihw_platform(platform);
	unsigned n = 0;

	if (!p || (gt3 && p->engines != gen8))
		return 0;
	for (unsigned gt = 0; gt < TP_IHW_GTS; gt++) {
		unsigned has = p->has[gt] | (gt3 && gt == 0 ? GEN8_VCS1 : 0);

		for (unsigned i = 0; has >> i; i++)
			if (has >> i & 1)
				ids[n++] = engine_of(p, gt, i);
	}
	return n;
}
