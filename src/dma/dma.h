/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma - domains: what of a machine's memory a device may reach, and under which addresses.
 *
 * Invariants
 *  M1  A mapping is a run of I/O pages; memory need not be contiguous behind it, nor is a run of
 *      memory one entry: each page has its own (T24).
 *  M2  tp_dma_unmap() returns when no access through the mapping is running or can begin.
 *  M3  What is mapped belongs to somebody who keeps it: the mapper, by owning or pinning the pages.
 *      Memory that goes offline while mapped is cut off, and recorded as a fault of nobody's access
 *      with the owner's name; the mapping is still to be unmapped.  (Private memory is unplugged
 *      without such notice: whoever plugged it unmaps it first.)
 *
 * Locking: I/O addresses under the domain's lock (rank DMA).  Any thread, no lock above rank DMA.
 */
#ifndef TP_DMA_DMA_H
#define TP_DMA_DMA_H

#include <tidepool/notifier.h>
#include <tidepool/page.h>

#include "core/iommu.h"

struct tp_dma_domain;

enum tp_dma_dir {
	TP_DMA_TO_DEVICE = TP_IOMMU_READ,
	TP_DMA_FROM_DEVICE = TP_IOMMU_WRITE,
	TP_DMA_BIDIRECTIONAL = TP_IOMMU_READ | TP_IOMMU_WRITE,
};

/*
 * The memory that a device called @name can be allowed to reach.  May wait for a hotplug operation.
 * -ENOMEM, -ENOSPC: too many owners.
 */
int tp_dma_domain_create(struct tp_machine *machine, const char *name,
			 struct tp_dma_domain **domain);
/* Everything must be unmapped; what is not stops the program with its owner's name. */
void tp_dma_domain_destroy(struct tp_dma_domain *domain);
struct tp_iommu *tp_dma_iommu(struct tp_dma_domain *domain);
struct tp_machine *tp_dma_machine(struct tp_dma_domain *domain);

/*
 * Map @len bytes of the direct map at @address, any alignment; @tag says whose they are, in
 * storage that outlives the domain.  I/O addresses of 2^n pages are aligned to as much, so that
 * they can be one large page of the device's own tables.  -ENOMEM, -ENOSPC: no I/O addresses (fault
 * site dma/map).  -EINVAL: no bytes, or not of this machine's memory.
 */
int tp_dma_map(struct tp_dma_domain *domain, void *address, size_t len, enum tp_dma_dir dir,
	       const char *tag, tp_dma_addr *dma);
/*
 * A tag for @name that stays as long as the domain.  A domain keeps TP_DMA_TAGS different names; of
 * those that come later, and where there is no memory, the tag is the domain's own name.
 */
enum { TP_DMA_TAGS = 256 };
const char *tp_dma_tag(struct tp_dma_domain *domain, const char *name);
/* The pages that [@dma, @dma + @len) lies in; it may be a part of what was mapped at once. */
void tp_dma_unmap(struct tp_dma_domain *domain, tp_dma_addr dma, size_t len);
/* The same without M2, for many at once: the caller syncs (tp_dma_sync) before it lets go. */
void tp_dma_unmap_nosync(struct tp_dma_domain *domain, tp_dma_addr dma, size_t len);
void tp_dma_sync(struct tp_dma_domain *domain);

/* Memory that device and driver share: whole pages that never move. */
struct tp_dma_coherent {
	struct tp_dma_domain *domain;
	void *address;
	tp_dma_addr dma;
	size_t size; /* as asked for */
	tp_pfn pfn;
	unsigned order;
};

/*
 * @size bytes near @node, zeroed; both ways; @tag is copied.  May make room by asking owners for
 * their pages.  -ENOMEM, -ENOSPC.  -EINVAL: 0, or more than the largest run of pages, 4 MiB
 * (fault site dma/coherent).
 */
int tp_dma_alloc(struct tp_dma_domain *domain, size_t size, int node, const char *tag,
		 struct tp_dma_coherent *memory);
/* Nothing, if its address is NULL. */
void tp_dma_free(struct tp_dma_coherent *memory);

struct tp_dma_stat {
	uint64_t mapped_pages, maps, unmaps, faults;
};

void tp_dma_stat(struct tp_dma_domain *domain, struct tp_dma_stat *stat);
/* The first refused accesses, at most @max, oldest first; returns how many are there in all. */
uint64_t tp_dma_faults(struct tp_dma_domain *domain, struct tp_dma_fault *faults, size_t max);

#endif
