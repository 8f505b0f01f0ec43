/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * platform - what the driver knows about each platform: engines, forcewake domains, page sizes, and
 * which register, bit and mask invalidates the translation cache of an engine.
 */
#ifndef TP_GPU_INTEL_PLATFORM_H
#define TP_GPU_INTEL_PLATFORM_H

#include <tidepool/gpu.h>

#include "gpu/intel/intel_regs.h"

struct tp_intel_engine_id {
	enum tp_intel_class class;
	unsigned instance;
	unsigned gt;
};

struct tp_intel_invalidation {
	uint32_t reg;	  /* 0: the engine has none */
	uint32_t request; /* what is written; masked registers have the mask in it */
	uint32_t done;	  /* reads 0 when it is done */
	bool multicast;
};

enum {
	TP_INTEL_PAGES_4K = 1 << 0,
	TP_INTEL_PAGES_64K = 1 << 1,
	TP_INTEL_PAGES_2M = 1 << 2,
};

struct tp_intel_platform_info {
	const char *name;    /* "dg2" */
	unsigned ver, rel;   /* 12, 55 */
	unsigned page_sizes; /* TP_INTEL_PAGES_* */
	unsigned nr_gts;
	bool local_memory;
	bool multicast;	    /* registers that exist several times */
	bool oa_workaround; /* Wa_2207587034 */
	bool guc_invalidates;
	uint32_t mcr_selector;
};

/* NULL: none. */
const struct tp_intel_platform_info *tp_intel_platform(enum tp_intel_platform platform);
/* By its name, in any case; -EINVAL. */
int tp_intel_platform_named(const char *name, enum tp_intel_platform *platform);

/* Its engines, in the order that everybody counts them in; returns how many; 0: unknown. */
unsigned tp_intel_platform_engines(enum tp_intel_platform platform, bool gt3,
				   struct tp_intel_engine_id engines[TP_GPU_MAX_ENGINES]);

/* How the translation cache of an engine is emptied; @as_posted: as D-tlb has it, flaws and all. */
struct tp_intel_invalidation tp_intel_invalidation(enum tp_intel_platform platform,
						   const struct tp_intel_engine_id *engine,
						   bool as_posted);
/* Registers of an engine begin here (without the GT's offset). */
uint32_t tp_intel_engine_base(enum tp_intel_platform platform,
			      const struct tp_intel_engine_id *engine);
/* The bit that resets it, in TP_INTEL_GDRST. */
uint32_t tp_intel_engine_reset_bit(const struct tp_intel_engine_id *engine);
/* "vcs2"; @name holds 8 bytes. */
void tp_intel_engine_name(const struct tp_intel_engine_id *engine, char *name);

#endif
