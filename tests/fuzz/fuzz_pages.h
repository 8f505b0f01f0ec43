/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_pages - pages that a device reaches, each an allocation of its own, which is freed when it
 * is unmapped, so that a sanitizer sees every access beside or after them.  The last one the device
 * may only read.
 *
 * They lie in a row for the device, from @fuzz_pages.first on; AT is a byte in all of them.
 */
#ifndef TEST_FUZZ_PAGES_H
#define TEST_FUZZ_PAGES_H

#include <string.h>

#include "core/alloc.h"
#include "core/invariant.h"
#include "core/iommu.h"

enum { FUZZ_PAGES = 16, FUZZ_READ_ONLY = FUZZ_PAGES - 1 };

static struct {
	struct tp_iommu *iommu;
	uint64_t first;
	uint8_t *host[FUZZ_PAGES];	 /* NULL: not mapped */
	uint8_t read_only[TP_PAGE_SIZE]; /* what it holds, whatever the device does */
} fuzz_pages;

static inline uint64_t fuzz_page_address(unsigned page)
{
	return fuzz_pages.first + (uint64_t)page * TP_PAGE_SIZE;
}

static inline void fuzz_map(unsigned page)
{
	const unsigned perms = page == FUZZ_READ_ONLY ? TP_IOMMU_READ : TP_IOMMU_PERMS;
	const tp_dma_addr at = { fuzz_page_address(page) };
	void *host = fuzz_pages.host[page] ? NULL : tp_zalloc_aligned(TP_PAGE_SIZE, TP_PAGE_SIZE);

	if (!host)
		return; /* a fault that was asked for */
	if (tp_iommu_set(fuzz_pages.iommu, at, host, perms, "fuzz")) {
		tp_free(host);
		return;
	}
	fuzz_pages.host[page] = host;
	if (page == FUZZ_READ_ONLY)
		memset(fuzz_pages.read_only, 0, TP_PAGE_SIZE);
}

static inline void fuzz_unmap(unsigned page)
{
	tp_iommu_clear(fuzz_pages.iommu, (tp_dma_addr){ fuzz_page_address(page) });
	tp_iommu_sync(fuzz_pages.iommu);
	tp_free(fuzz_pages.host[page]);
	fuzz_pages.host[page] = NULL;
}

/* All of them, behind an IOMMU that has nothing there. */
static inline void fuzz_pages_begin(struct tp_iommu *iommu, uint64_t first)
{
	memset(&fuzz_pages, 0, sizeof(fuzz_pages));
	fuzz_pages.iommu = iommu;
	fuzz_pages.first = first;
	for (unsigned i = 0; i < FUZZ_PAGES; i++)
		fuzz_map(i);
}

static inline void fuzz_pages_end(void)
{
	for (unsigned i = 0; i < FUZZ_PAGES; i++)
		fuzz_unmap(i);
}

/* With nothing in them. */
static inline void fuzz_pages_renew(void)
{
	for (unsigned i = 0; i < FUZZ_PAGES; i++) {
		fuzz_unmap(i);
		fuzz_map(i);
	}
}

/* Host writes, which are nobody's business but the test's. */
static inline void fuzz_put(uint64_t at, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++, at++) {
		const unsigned page = (unsigned)(at / TP_PAGE_SIZE % FUZZ_PAGES);
		const uint8_t byte = ((const uint8_t *)bytes)[i];

		if (fuzz_pages.host[page])
			fuzz_pages.host[page][at % TP_PAGE_SIZE] = byte;
		if (page == FUZZ_READ_ONLY)
			fuzz_pages.read_only[at % TP_PAGE_SIZE] = byte;
	}
}

static inline void fuzz_pages_check(void)
{
	const uint8_t *host = fuzz_pages.host[FUZZ_READ_ONLY];

	TP_INVARIANT(!host || !memcmp(host, fuzz_pages.read_only, TP_PAGE_SIZE));
}

#endif
