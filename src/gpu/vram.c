/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vram - a buddy over bitmaps, and the table of whose the pages are. */
#include "gpu/vram.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"

enum { WORD = 64, NR_ORDERS = TP_VRAM_MAX_ORDER + 1 };

/* The free blocks of one order. */
struct level {
	uint64_t *free; /* a bit each; none beyond the end of the memory */
	uint32_t nr_free;
	uint32_t low; /* no word before this one has a bit */
};

struct tp_vram {
	struct tp_bus_device *bus;
	struct tp_iommu *local; /* bus->local (R1) */
	uint64_t nr_pages;
	struct tp_spinlock lock;
	/* under lock */
	struct level levels[NR_ORDERS];
	uint64_t nr_used;
};

/* ---- the buddy; under the lock --------------------------------------------------------------- */

static uint32_t word_count(const struct tp_vram *v, unsigned order)
{
	return (uint32_t)((v->nr_pages >> order) / WORD + 1);
}

static bool is_free(const struct tp_vram *v, unsigned order, uint64_t block)
{
	return v->levels[order].free[block / WORD] >> block % WORD & 1;
}

static void mark_free(struct tp_vram *v, unsigned order, uint64_t block)
{
	struct level *level = &v->levels[order];

	level->free[block / WORD] |= UINT64_C(1) << block % WORD;
	level->nr_free++;
	level->low = TP_MIN(level->low, (uint32_t)(block / WORD));
}

static void mark_used(struct tp_vram *v, unsigned order, uint64_t block)
{
	v->levels[order].free[block / WORD] &= ~(UINT64_C(1) << block % WORD);
	v->levels[order].nr_free--;
}

static uint64_t first_free(struct tp_vram *v, unsigned order)
{
	struct level *level = &v->levels[order];

	while (!level->free[level->low])
		level->low++;
	return (uint64_t)level->low * WORD + (unsigned)__builtin_ctzll(level->free[level->low]);
}

static bool take(struct tp_vram *v, unsigned order, uint64_t *page)
{
	unsigned from = order;
	uint64_t block;

	tp_spin_lock(&v->lock);
	while (from < NR_ORDERS && !v->levels[from].nr_free)
		from++;
	if (from < NR_ORDERS) {
		block = first_free(v, from);
		mark_used(v, from, block);
		for (; from > order; block *= 2)
			mark_free(v, --from, 2 * block + 1);
		*page = block << order;
		v->nr_used += UINT64_C(1) << order;
	}
	tp_spin_unlock(&v->lock);
	return from < NR_ORDERS;
}

/* Whether all of it is used; a block is not, if it lies in a free one or has a free one in it. */
static bool is_used(const struct tp_vram *v, uint64_t page, unsigned order)
{
	for (unsigned i = order; i < NR_ORDERS; i++)
		if (is_free(v, i, page >> i))
			return false;
	for (unsigned i = 0; i < order; i++)
		for (uint64_t block = page >> i; block < (page + (UINT64_C(1) << order)) >> i;
		     block++)
			if (is_free(v, i, block))
				return false;
	return true;
}

static void give(struct tp_vram *v, uint64_t page, unsigned order)
{
	uint64_t block = page >> order;

	tp_spin_lock(&v->lock);
	TP_INVARIANT(is_used(v, page, order));
	v->nr_used -= UINT64_C(1) << order;
	for (; order < TP_VRAM_MAX_ORDER && is_free(v, order, block ^ 1); order++, block /= 2)
		mark_used(v, order, block ^ 1);
	mark_free(v, order, block);
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
	for (unsigned order = 0; order < NR_ORDERS; order++)
		tp_free(v->levels[order].free);
	tp_free(v->local);
	tp_free(v);
}

static int make_tables(struct tp_vram *v)
{
	v->local = tp_zalloc_aligned(64, sizeof(*v->local));
	if (!v->local)
		return -ENOMEM;
	for (unsigned order = 0; order < NR_ORDERS; order++) {
		v->levels[order].free = tp_zalloc_array(word_count(v, order), sizeof(uint64_t));
		if (!v->levels[order].free)
			return -ENOMEM;
	}
	return 0;
}

/* The largest blocks that fit, whatever the size is. */
static void free_all(struct tp_vram *v)
{
	uint64_t page = 0;

	for (unsigned order = NR_ORDERS; order--;)
		for (; v->nr_pages - page >= UINT64_C(1) << order; page += UINT64_C(1) << order)
			mark_free(v, order, page >> order);
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
	free_all(v);
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
