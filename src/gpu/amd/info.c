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

static void info_memory(struct tp_amd *gpu, struct tp_gpu_info *info)
{
	struct tp_vram_stat vram;
	struct tp_dma_stat dma;
	struct tp_bo_stat bos;

	tp_dma_stat(gpu->domain, &dma);
	tp_bo_device_stat(&gpu->bos, &bos);
	tp_vram_stat(gpu->vram, &vram);
	info->objects = bos.objects;
	info->system_bytes = dma.mapped_pages << TP_PAGE_SHIFT;
	info->vram_bytes = vram.used;
	info->vram_total = vram.total;
	info->table_bytes = tp_quiet_load(&gpu->counts.tables) << TP_PAGE_SHIFT;
	info->quarantined_bytes = bos.quarantined_pages << TP_PAGE_SHIFT;
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
	};
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		info->engines[i] = engine_info(&gpu->rings[i]);
	info_memory(gpu, info);
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

static uint64_t count_faults(struct tp_amd *gpu)
{
	struct tp_dma_stat dma;

	tp_dma_stat(gpu->domain, &dma);
	return tp_quiet_load(&gpu->faults) + dma.faults +
	       tp_quiet_load(&gpu->bus->local->nr_faults);
}

static void stats(struct tp_gpu *base, struct tp_gpu_stats *stats)
{
	struct tp_amd *gpu = of(base);
	struct tp_bo_stat bos;

	tp_bo_device_stat(&gpu->bos, &bos);
	*stats = (struct tp_gpu_stats){
		.nr_gts = 1,
		.resets = tp_quiet_load(&gpu->resets_ok),
		.resets_failed = tp_quiet_load(&gpu->resets_failed),
		.quarantines = bos.quarantines << TP_PAGE_SHIFT,
		.released = bos.released_pages << TP_PAGE_SHIFT,
		.evictions = bos.evictions,
		.shrunk = bos.shrunk,
		.moved = bos.moved_pages,
		.faults = count_faults(gpu),
		.vram_losses = tp_amd_vram_lost(gpu),
		.canceled = tp_quiet_load(&gpu->canceled),
		.rebuilds = tp_quiet_load(&gpu->counts.rebuilds),
		.table_entries = tp_quiet_load(&gpu->counts.entries),
		.table_jobs = tp_quiet_load(&gpu->counts.jobs),
	};
	tlb_stats(gpu, &stats->tlb[0]);
}

static int reset(struct tp_gpu *base)
{
	return tp_amd_reset(of(base), TP_AMD_RESET_AUTO);
}

const struct tp_gpu_ops tp_amd_gpu_ops = { .info = info, .stats = stats, .reset = reset };
