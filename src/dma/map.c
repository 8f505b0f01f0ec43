/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* map - memory becomes reachable for a device, and ceases to be. */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "dma/domain.h"
#include "mm/machine.h"

/* The table cannot tell a page of the machine from any other address. */
static int check_range(struct tp_dma_domain *d, const void *address, size_t len)
{
	uint64_t size = d->machine->backing.size;
	uint64_t offset = (uint64_t)((const char *)address - d->machine->backing.base);

	if (!len || offset >= size || len > size - offset)
		return TP_ERR_TEXT(-EINVAL, d->iommu.name,
				   "%s: map of %u bytes outside the machine's memory", len);
	if (tp_iova_pages(offset, len) >= TP_IOMMU_PAGES)
		return TP_ERR_TEXT(-ENOSPC, d->iommu.name,
				   "%s: map of %u bytes, more than all I/O addresses", len);
	return 0;
}

static void clear_run(struct tp_dma_domain *d, uint64_t page, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		tp_iommu_clear(&d->iommu, tp_iova_address(page + i));
}

static int set_run(struct tp_dma_domain *d, uint32_t page, uint32_t n, char *host,
		   enum tp_dma_dir dir, const char *tag)
{
	for (uint32_t i = 0; i < n; i++) {
		int err = tp_iommu_set(&d->iommu, tp_iova_address(page + i),
				       host + i * (size_t)TP_IOMMU_PAGE, dir, tag);

		if (err) {
			clear_run(d, page, i);
			return err;
		}
	}
	return 0;
}

int tp_dma_map(struct tp_dma_domain *d, void *address, size_t len, enum tp_dma_dir dir,
	       const char *tag, tp_dma_addr *dma)
{
	size_t offset = (uintptr_t)address % TP_IOMMU_PAGE;
	uint32_t page, n;
	int err = check_range(d, address, len);

	if (err)
		return err;
	if (TP_FAULT("dma/map"))
		return TP_ERR_TEXT(-ENOSPC, d->iommu.name, "%s: map: fault injected");
	n = (uint32_t)tp_iova_pages(offset, len);
	err = tp_iova_take(d, n, &page);
	if (err)
		return err;
	err = set_run(d, page, n, (char *)address - offset, dir, tag);
	if (err) {
		tp_dma_sync(d);
		tp_iova_give(d, page, n);
		return err;
	}
	tp_quiet_add(&d->maps, 1);
	dma->v = tp_iova_address(page).v + offset;
	return 0;
}

void tp_dma_unmap_nosync(struct tp_dma_domain *d, tp_dma_addr dma, size_t len)
{
	uint64_t page = dma.v >> TP_IOMMU_PAGE_SHIFT, n = tp_iova_pages(dma.v, len);

	clear_run(d, page, n);
	tp_iova_give(d, page, n);
	tp_quiet_add(&d->unmaps, 1);
}

void tp_dma_unmap(struct tp_dma_domain *d, tp_dma_addr dma, size_t len)
{
	tp_dma_unmap_nosync(d, dma, len);
	tp_dma_sync(d);
}

void tp_dma_sync(struct tp_dma_domain *d)
{
	tp_iommu_sync(&d->iommu);
}
