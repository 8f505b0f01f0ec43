/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* info - what views and commands ask of a GPU. */
#include <stdio.h>
#include <string.h>

#include "gpu/intel/internal.h"

static struct tp_intel *of(struct tp_gpu *gpu)
{
	return tp_container_of(gpu, struct tp_intel, gpu);
}

static enum tp_gpu_state worst_state(struct tp_intel *gpu)
{
	enum tp_gpu_state worst = TP_GPU_RUNNING;

	tp_intel_for_each_gt(gt, gpu) worst = TP_MAX(worst, tp_intel_gt_state(gt));
	return worst;
}

static struct tp_gpu_engine_info engine_info(const struct tp_intel_engine *engine)
{
	struct tp_gpu_engine_info info = {
		.gt = engine->gt->id,
		.awake = tp_atomic_load(&engine->awake, TP_RELAXED),
		.completed = tp_quiet_load(&engine->completed),
		.failed = tp_quiet_load(&engine->failed),
	};

	/* Last, so that never more have ended than were begun. */
	info.submitted = tp_quiet_load(&engine->submitted);
	memcpy(info.name, engine->name, sizeof(info.name));
	return info;
}

static void info(struct tp_gpu *base, struct tp_gpu_info *info)
{
	struct tp_intel *gpu = of(base);

	*info = (struct tp_gpu_info){
		.driver = "intel",
		.vendor = gpu->bus->vendor,
		.device = gpu->bus->device,
		.state = worst_state(gpu),
		.nr_gts = gpu->nr_gts,
		.nr_engines = gpu->nr_engines,
		.vms = tp_atomic_load(&gpu->nr_vms, TP_RELAXED),
		.bound = tp_atomic_load(&gpu->nr_bound, TP_RELAXED),
	};
	snprintf(info->platform, sizeof(info->platform), "%s", gpu->platform->name);
	for (unsigned i = 0; i < gpu->nr_engines; i++)
		info->engines[i] = engine_info(&gpu->engines[i]);
	tp_bo_device_info(&gpu->bos, info);
}

static void stats(struct tp_gpu *base, struct tp_gpu_stats *stats)
{
	struct tp_intel *gpu = of(base);

	*stats = (struct tp_gpu_stats){
		.nr_gts = gpu->nr_gts,
		.resets = tp_quiet_load(&gpu->resets),
		.resets_failed = tp_quiet_load(&gpu->resets_failed),
	};
	tp_bo_device_stats(&gpu->bos, stats);
	tp_intel_for_each_gt(gt, gpu) tp_intel_tlb_stats(gt, &stats->tlb[gt->id]);
}

static int reset(struct tp_gpu *base)
{
	return tp_intel_reset(of(base));
}

const struct tp_gpu_ops tp_intel_gpu_ops = { .info = info, .stats = stats, .reset = reset };
