/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_dummy - a GPU that no driver stands behind: it says what the test had put into it, and counts
 * its resets.
 */
#ifndef TESTS_UNIT_GPU_DUMMY_H
#define TESTS_UNIT_GPU_DUMMY_H

#include <stdio.h>
#include <string.h>

#include "core/invariant.h"
#include "gpu/gpu.h"

struct gpu_dummy {
	struct tp_gpu gpu;
	struct tp_gpu_info info;
	struct tp_gpu_stats stats;
	int reset_answer;
	unsigned resets;
};

static inline struct gpu_dummy *gpu_dummy_of(struct tp_gpu *gpu)
{
	return tp_container_of(gpu, struct gpu_dummy, gpu);
}

static inline void gpu_dummy_info(struct tp_gpu *gpu, struct tp_gpu_info *info)
{
	*info = gpu_dummy_of(gpu)->info;
}

static inline void gpu_dummy_stats(struct tp_gpu *gpu, struct tp_gpu_stats *stats)
{
	*stats = gpu_dummy_of(gpu)->stats;
}

static inline int gpu_dummy_reset(struct tp_gpu *gpu)
{
	struct gpu_dummy *d = gpu_dummy_of(gpu);

	d->resets++;
	if (d->reset_answer)
		return d->reset_answer;
	d->stats.resets++;
	return 0;
}

static const struct tp_gpu_ops gpu_dummy_ops = {
	.info = gpu_dummy_info,
	.stats = gpu_dummy_stats,
	.reset = gpu_dummy_reset,
};

/* Two GTs with an engine of each kind, video memory, and a number of its own in each counter. */
static inline void gpu_dummy_fill(struct gpu_dummy *d)
{
	static const struct tp_gpu_engine_info engines[] = {
		{ "rcs0", 0, true, 30, 20, 1 }, { "bcs0", 0, false, 7, 7, 0 },
		{ "vcs2", 1, false, 0, 0, 0 },	{ "vecs0", 1, false, 0, 0, 0 },
		{ "gsc0", 1, false, 5, 5, 0 },	{ "ccs3", 0, false, 9, 9, 0 },
	};

	d->info = (struct tp_gpu_info){
		.driver = "dummy",
		.platform = "mtl",
		.vendor = 0x8086,
		.device = 0x7d55,
		.nr_gts = 2,
		.nr_engines = TP_ARRAY_SIZE(engines),
		.vms = 2,
		.objects = 40,
		.bound = 33,
		.system_bytes = 12 << 20,
		.vram_bytes = 1 << 20,
		.vram_total = 16 << 20,
		.table_bytes = 65536,
		.quarantined_bytes = 4096,
	};
	memcpy(d->info.engines, engines, sizeof(engines));
	d->stats = (struct tp_gpu_stats){ .nr_gts = 2,
					  .resets = 1,
					  .resets_failed = 2,
					  .quarantines = 8192,
					  .released = 4096,
					  .evictions = 5,
					  .shrunk = 6,
					  .moved = 7,
					  .faults = 8,
					  .swapped = 9,
					  .vram_losses = 10,
					  .canceled = 11,
					  .rebuilds = 12,
					  .table_entries = 13,
					  .table_jobs = 14 };
	d->stats.tlb[0] = (struct tp_gpu_tlb_stats){ .requested = 100,
						     .elided = 60,
						     .asleep = 10,
						     .full = 25,
						     .range = 5,
						     .timeouts = 3,
						     .seqno = 54 };
	d->stats.tlb[1].requested = d->stats.tlb[1].asleep = UINT64_MAX;
	d->stats.tlb[0].latency[6] = 20;
	d->stats.tlb[0].latency[TP_GPU_LATENCIES - 1] = 1;
}

/* Registered, and full. */
static inline void gpu_dummy_add(struct gpu_dummy *d, struct tp_machine *machine, const char *name)
{
	int err;

	memset(d, 0, sizeof(*d));
	gpu_dummy_fill(d);
	snprintf(d->gpu.name, sizeof(d->gpu.name), "%s", name);
	d->gpu.machine = machine;
	d->gpu.ops = &gpu_dummy_ops;
	err = tp_gpu_register(&d->gpu);
	TP_INVARIANT(!err);
}

#endif
