/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vram - which pages of a device's own memory are in use, and whose they are.
 *
 * Blocks of 2^order pages, naturally aligned, so that an order-4 block can be one 64 KiB page and
 * an order-9 block one 2 MiB page of a page table.  They come from pageblocks on lists, as the
 * machine's own do (mm/freelist.h); larger ones than those lists have are rows of whole pageblocks.
 *
 * Invariants
 *  R1  A page is in bus->local, with its owner's name, from before it is handed out until it is
 *      given back: the device's access to a page that nobody has is a fault (core/bus.h).
 *  R2  A page that was given back is not handed out before no burst of the device can be using it
 *      (tp_iommu_sync).
 *
 * Locking: @lock (rank GPU_VRAM); not held across the sync.
 */
#ifndef TP_GPU_VRAM_H
#define TP_GPU_VRAM_H

#include "core/bus.h"

struct tp_vram;

struct tp_vram_stat {
	uint64_t total, used; /* bytes */
};

/* All of the device's own memory.  -EINVAL: there is none, or more than 4 GiB.  -ENOMEM. */
int tp_vram_create(struct tp_bus_device *bus, struct tp_vram **vram);
/* Nothing is in use any more, and the device accesses nothing.  NULL is fine. */
void tp_vram_destroy(struct tp_vram *vram);

/*
 * 2^@order pages, up to TP_VRAM_MAX_ORDER; @tag says whose, in storage that outlives @vram.
 * -ENOSPC: no such run is free (fault site gpu/vram).  -ENOMEM.
 */
enum { TP_VRAM_MAX_ORDER = 2 * (TP_PAGE_SHIFT - 3) }; /* 1 GiB */
int tp_vram_alloc(struct tp_vram *vram, unsigned order, const char *tag, uint64_t *offset);
void tp_vram_free(struct tp_vram *vram, uint64_t offset, unsigned order);
void tp_vram_stat(struct tp_vram *vram, struct tp_vram_stat *stat);

#endif
