/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* info - what views and commands ask of a GPU. */
#include <stdio.h>
#include <string.h>

#include "gpu/amd/vm.h"

static struct tp_amd *of(struct tp_gpu *gpu)
{
	return tp_container_of(gpu, struct tp_amd, gpu);
}

static struct tp_gpu_engine_info engine_info(struct tp_amd_ring *ring)
{
	struct tp_gpu_engine_info info = {
		.awake = !tp_amd_ring_is_idle(ring),
		.completed = tp_quiet_load(&ring->completed),
		.failed = tp_quiet_load(&ring->failed),
	};

	/* Last, so that never more have ended than were begun. */
	info.submitted = tp_quiet_load(&ring->submitted);
	memcpy(info.name, ring->name, sizeof(info.name));
	return info;
}

/* With their copies. */
static uint64_t table_bytes(const struct tp_amd *gpu)
{
	const uint64_t tables = tp_quiet_load(&gpu->counts.tables);

	return (gpu->config.shadows ? 2 * tables : tables) << TP_PAGE_SHIFT;
}

static void info(struct tp_gpu *base, struct tp_gpu_info *info)
{
	struct tp_amd *gpu = of(base);

	*info = (struct tp_gpu_info){
		.driver = "amd",
		.platform = "vega10",
		.vendor = gpu->bus->vendor,
		.device = gpu->bus->device,
		.state = tp_amd_state(gpu),
		.nr_gts = 1,
		.nr_engines = TP_AMD_NR_RINGS,
		.vms = tp_atomic_load(&gpu->nr_vms, TP_RELAXED),
		.bound = tp_quiet_load(&gpu->counts.mappings),
		.table_bytes = table_bytes(gpu),
	};
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		info->engines[i] = engine_info(&gpu->rings[i]);
	tp_bo_device_info(&gpu->bos, info);
}

/* Both hubs are one to who looks: invalidations by the CPU. */
static void tlb_stats(struct tp_amd *gpu, struct tp_gpu_tlb_stats *stats)
{
	tp_amd_for_each_hub(hub, gpu)
	{
		uint64_t timeouts = tp_quiet_load(&hub->timeouts);
		uint64_t full = tp_quiet_load(&hub->invalidations);

		stats->full += full;
		stats->timeouts += timeouts;
		stats->requested += full;
		for (unsigned i = 0; i < TP_GPU_LATENCIES; i++)
			stats->latency[i] += tp_quiet_load(&hub->latency[i]);
	}
}

static void stats(struct tp_gpu *base, struct tp_gpu_stats *stats)
{
	struct tp_amd *gpu = of(base);

	*stats = (struct tp_gpu_stats){
		.nr_gts = 1,
		.resets = tp_quiet_load(&gpu->resets_ok),
		.resets_failed = tp_quiet_load(&gpu->resets_failed),
		.vram_losses = tp_amd_vram_lost(gpu),
		.canceled = tp_quiet_load(&gpu->canceled),
		.rebuilds = tp_quiet_load(&gpu->counts.rebuilds),
		.table_entries = tp_quiet_load(&gpu->counts.entries),
		.table_jobs = tp_quiet_load(&gpu->counts.jobs),
	};
	tp_bo_device_stats(&gpu->bos, stats);
	stats->faults += tp_quiet_load(&gpu->faults); /* of its own tables */
	tlb_stats(gpu, &stats->tlb[0]);
}

static int reset(struct tp_gpu *base)
{
	return tp_amd_reset(of(base), TP_AMD_RESET_AUTO);
}

const struct tp_gpu_ops tp_amd_gpu_ops = { .info = info, .stats = stats, .reset = reset };
