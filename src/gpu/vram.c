/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vram - pageblocks of a device's own memory, and the table of whose the pages are. */
#include "gpu/vram.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "mm/freelist.h"

struct tp_vram {
	struct tp_bus_device *bus;
	struct tp_iommu *local; /* bus->local (R1) */
	uint64_t nr_pages;
	struct tp_spinlock lock;
	/* under lock */
	struct tp_freelist free;
	uint64_t nr_used;
};

/* ---- blocks; under the lock ------------------------------------------------------------------ */

enum { TYPE = 0 }; /* of all pageblocks */

/* Whole pageblocks in a row, @nr of them, a power of two; TP_PB_NIL: there is no such row. */
static uint32_t find_row(const struct tp_vram *v, uint32_t nr)
{
	const struct tp_pageblock *records = v->free.records;

	for (uint64_t pb = 0; pb + nr <= v->free.nr_pageblocks; pb += nr) {
		uint32_t n = 0;

		while (n < nr && records[pb + n].nr_free == TP_PAGEBLOCK_PAGES)
			n++;
		if (n == nr)
			return (uint32_t)pb;
	}
	return TP_PB_NIL;
}

static uint32_t find(const struct tp_vram *v, unsigned order)
{
	if (order <= TP_MAX_ORDER)
		return tp_freelist_smallest(&v->free, TYPE, order);
	return find_row(v, 1u << (order - TP_PAGEBLOCK_ORDER));
}

static uint64_t take_found(struct tp_vram *v, uint32_t pb, unsigned order)
{
	if (order <= TP_MAX_ORDER)
		return tp_freelist_take(&v->free, pb, order);
	for (uint32_t i = 0; i < 1u << (order - TP_PAGEBLOCK_ORDER); i++)
		tp_freelist_take_whole(&v->free, pb + i);
	return (uint64_t)pb << TP_PAGEBLOCK_ORDER;
}

static bool take(struct tp_vram *v, unsigned order, uint64_t *page)
{
	uint32_t pb;

	tp_spin_lock(&v->lock);
	pb = find(v, order);
	if (pb != TP_PB_NIL) {
		*page = take_found(v, pb, order);
		v->nr_used += UINT64_C(1) << order;
	}
	tp_spin_unlock(&v->lock);
	return pb != TP_PB_NIL;
}

/* Pages that are used, in naturally aligned blocks; whoever gives one twice is caught (B1). */
static void give_pages(struct tp_vram *v, uint64_t page, uint64_t end)
{
	while (page < end) {
		unsigned index = (unsigned)(page & (TP_PAGEBLOCK_PAGES - 1)), order = 0;

		while (order < TP_PAGEBLOCK_ORDER && !(index >> order & 1) &&
		       page + (UINT64_C(2) << order) <= end)
			order++;
		tp_freelist_give(&v->free, (uint32_t)(page >> TP_PAGEBLOCK_ORDER), index, order);
		page += UINT64_C(1) << order;
	}
}

static void give(struct tp_vram *v, uint64_t page, unsigned order)
{
	uint64_t nr = UINT64_C(1) << order;

	tp_spin_lock(&v->lock);
	give_pages(v, page, page + nr);
	v->nr_used -= nr;
	tp_spin_unlock(&v->lock);
}

/* ---- whose it is (R1, R2) -------------------------------------------------------------------- */

static void disown(struct tp_vram *v, uint64_t page, uint64_t n)
{
	while (n--)
		tp_iommu_clear(v->local, (tp_dma_addr){ (page + n) << TP_PAGE_SHIFT });
	if (!TP_MUTANT(vram_unsynced))
		tp_iommu_sync(v->local);
}

static int own(struct tp_vram *v, uint64_t page, uint64_t n, const char *tag)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t offset = (page + i) << TP_PAGE_SHIFT;
		int err = tp_iommu_set(v->local, (tp_dma_addr){ offset }, v->bus->memory + offset,
				       TP_IOMMU_READ | TP_IOMMU_WRITE, tag);

		if (err) {
			disown(v, page, i);
			return err;
		}
	}
	return 0;
}

int tp_vram_alloc(struct tp_vram *v, unsigned order, const char *tag, uint64_t *offset)
{
	uint64_t page;
	int err;

	TP_INVARIANT(order <= TP_VRAM_MAX_ORDER);
	if (TP_FAULT("gpu/vram") || !take(v, order, &page))
		return TP_ERR_TEXT(-ENOSPC, v->bus->name, "%s: %u pages of video memory",
				   1u << order);
	err = own(v, page, UINT64_C(1) << order, tag);
	if (err)
		give(v, page, order);
	*offset = page << TP_PAGE_SHIFT;
	return err;
}

void tp_vram_free(struct tp_vram *v, uint64_t offset, unsigned order)
{
	uint64_t page = offset >> TP_PAGE_SHIFT, n = UINT64_C(1) << order;

	TP_INVARIANT(order <= TP_VRAM_MAX_ORDER && !(page & (n - 1)));
	TP_INVARIANT(page < v->nr_pages && n <= v->nr_pages - page);
	disown(v, page, n);
	give(v, page, order);
}

void tp_vram_stat(struct tp_vram *v, struct tp_vram_stat *stat)
{
	tp_spin_lock(&v->lock);
	*stat = (struct tp_vram_stat){ .total = v->nr_pages << TP_PAGE_SHIFT,
				       .used = v->nr_used << TP_PAGE_SHIFT };
	tp_spin_unlock(&v->lock);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void free_vram(struct tp_vram *v)
{
	tp_free(v->free.records);
	tp_free(v->free.bitmaps);
	tp_free(v->local);
	tp_free(v);
}

static int make_tables(struct tp_vram *v)
{
	uint64_t n = (v->nr_pages + TP_PAGEBLOCK_PAGES - 1) >> TP_PAGEBLOCK_ORDER;
	struct tp_pageblock *records = tp_zalloc_array(n, sizeof(*records));
	struct tp_pb_bitmap *bitmaps = tp_zalloc_array(n, sizeof(*bitmaps));

	tp_freelist_init(&v->free, records, bitmaps, n, 0);
	v->local = tp_zalloc_aligned(64, sizeof(*v->local));
	if (!records || !bitmaps || !v->local)
		return -ENOMEM;
	for (uint64_t pb = 0; pb < n; pb++)
		records[pb].list = TP_LIST_NONE;
	return 0;
}

int tp_vram_create(struct tp_bus_device *bus, struct tp_vram **vram)
{
	struct tp_vram *v;
	int err;

	TP_INVARIANT(!bus->local);
	if (!bus->memory_size || bus->memory_size >> TP_PAGE_SHIFT > TP_IOMMU_PAGES)
		return TP_ERR_TEXT(-EINVAL, bus->name, "%s has %x bytes of its own memory",
				   bus->memory_size);
	v = tp_zalloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->bus = bus;
	v->nr_pages = bus->memory_size >> TP_PAGE_SHIFT;
	tp_spinlock_init(&v->lock, TP_RANK_GPU_VRAM, 0);
	err = make_tables(v);
	if (err) {
		free_vram(v);
		return err;
	}
	give_pages(v, 0, v->nr_pages);
	tp_iommu_init(v->local, bus->name);
	bus->local = v->local;
	*vram = v;
	return 0;
}

void tp_vram_destroy(struct tp_vram *v)
{
	if (!v)
		return;
	TP_INVARIANT(!v->nr_used);
	v->bus->local = NULL;
	tp_iommu_fini(v->local);
	free_vram(v);
}
