/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain - what a domain is made of, for the files of this room.
 *
 * I/O addresses come from a window that begins at page 1 and is at least twice as large as what is
 * mapped; they are taken going forwards and round again.
 *
 * Invariants
 *  V1  A page of the window is used from before its entry is set until after it is cleared.
 *  V2  An address that was given back is not handed out before the search has gone round the
 *      window, past all that is free and fits: a device that still uses it faults (as long as the
 *      window could grow).
 *  V3  Names are kept until the domain goes, for tags and owners that outlive who gave them.
 *
 * Locking: @lock (rank DMA) for everything but the table, whose entries are atomics.
 */
#ifndef TP_DMA_DOMAIN_H
#define TP_DMA_DOMAIN_H

#include "dma/dma.h"

#ifdef TP_SIM
enum { TP_IOVA_FIRST_WINDOW = 64 };
#else
enum { TP_IOVA_FIRST_WINDOW = 16384 };
#endif

struct tp_dma_name {
	struct tp_dma_name *next;
	uint32_t index;
	char text[];
};

struct tp_dma_domain {
	struct tp_iommu iommu;
	struct tp_machine *machine;
	struct tp_owner owner; /* of coherent memory; cookies are indexes of names */
	struct tp_memory_notifier notifier;
	struct tp_spinlock lock;
	struct tp_dma_name *names;
	uint64_t *used;		 /* a bit for each page of the window */
	uint32_t window, cursor; /* pages; where the next search begins */
	uint32_t nr_used;
	tp_quiet maps, unmaps;
};

/* Take @n pages of I/O addresses in a row, aligned to @n if it is a power of two.  -ENOMEM,
 * -ENOSPC. */
int tp_iova_take(struct tp_dma_domain *domain, uint32_t n, uint32_t *page);
void tp_iova_give(struct tp_dma_domain *domain, uint64_t page, uint64_t n);
/* The first used page from @from on; the end of the window: none.  Under the lock. */
uint32_t tp_iova_next_used(const struct tp_dma_domain *domain, uint32_t from);

/* A copy of @text that stays as long as the domain; NULL: no memory. */
const struct tp_dma_name *tp_dma_keep_name(struct tp_dma_domain *domain, const char *text);

static inline tp_dma_addr tp_iova_address(uint64_t page)
{
	return (tp_dma_addr){ page << TP_IOMMU_PAGE_SHIFT };
}

/* How many pages @len bytes from @offset in a page lie in. */
static inline uint64_t tp_iova_pages(uint64_t offset, uint64_t len)
{
	return (offset % TP_IOMMU_PAGE + len + TP_IOMMU_PAGE - 1) >> TP_IOMMU_PAGE_SHIFT;
}

#endif
