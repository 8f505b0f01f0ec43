/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo_report - what the objects of a device and their memory add to what is said of its GPU. */
#include <tidepool/gpu.h>

#include "gpu/bo.h"

uint64_t tp_bo_device_objects(struct tp_bo_device *d)
{
	struct tp_bo_stat stat;

	tp_bo_device_stat(d, &stat);
	return stat.objects;
}

void tp_bo_device_info(struct tp_bo_device *d, struct tp_gpu_info *info)
{
	struct tp_vram_stat vram = { 0 };
	struct tp_dma_stat dma;
	struct tp_bo_stat bos;

	tp_dma_stat(d->domain, &dma);
	tp_bo_device_stat(d, &bos);
	if (d->vram)
		tp_vram_stat(d->vram, &vram);
	info->objects = bos.objects;
	info->system_bytes = dma.mapped_pages << TP_PAGE_SHIFT;
	info->vram_bytes = vram.used;
	info->vram_total = vram.total;
	info->quarantined_bytes = bos.quarantined_pages << TP_PAGE_SHIFT;
}

/* By the IOMMU's translation, and by that of the device's own memory. */
static uint64_t count_faults(struct tp_bo_device *d)
{
	struct tp_dma_stat dma;

	tp_dma_stat(d->domain, &dma);
	return dma.faults + (d->bus->local ? tp_quiet_load(&d->bus->local->nr_faults) : 0);
}

void tp_bo_device_stats(struct tp_bo_device *d, struct tp_gpu_stats *stats)
{
	struct tp_bo_stat bos;

	tp_bo_device_stat(d, &bos);
	stats->quarantines = bos.quarantines << TP_PAGE_SHIFT;
	stats->released = bos.released_pages << TP_PAGE_SHIFT;
	stats->evictions = bos.evictions;
	stats->shrunk = bos.shrunk;
	stats->moved = bos.moved_pages;
	stats->swapped = bos.swapped_pages;
	stats->faults = count_faults(d);
}
