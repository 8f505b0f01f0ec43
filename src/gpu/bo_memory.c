/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bo_memory - the memory behind objects, taken chunk by chunk and given back.
 *
 * Fault sites: gpu/bo-pages, a chunk of system memory.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/bo_internal.h"
#include "mm/machine.h"

/* ---- one chunk ------------------------------------------------------------------------------- */

int tp_bo_map(struct tp_bo *bo, tp_pfn pfn, unsigned order, tp_dma_addr *dma)
{
	struct tp_bo_device *d = bo->device;

	return tp_dma_map(d->domain, tp_page_address(d->machine, pfn), TP_PAGE_SIZE << order,
			  TP_DMA_BIDIRECTIONAL, bo->tag, dma);
}

static int map_chunk(struct tp_bo *bo, struct tp_bo_chunk *chunk)
{
	tp_dma_addr dma;
	int err = tp_bo_map(bo, chunk->pfn, chunk->order, &dma);

	if (!err)
		chunk->address = dma.v;
	return err;
}

/* Of the machine. */
static int take_pages(struct tp_bo *bo, struct tp_bo_chunk *chunk, unsigned flags)
{
	struct tp_bo_device *d = bo->device;
	struct tp_alloc request = { .owner = &d->owner,
				    .cookie = tp_bo_cookie(bo->slot, chunk->page),
				    .order = chunk->order,
				    .type = TP_MIGRATE_MOVABLE,
				    .node = d->node,
				    .flags = (flags & TP_BO_ZEROED ? TP_ALLOC_ZERO : 0) |
					     (chunk->order ? TP_ALLOC_NORECLAIM : 0) };

	if (TP_FAULT("gpu/bo-pages"))
		return TP_ERR_TEXT(-ENOMEM, bo->name, "pages of %s: fault injected");
	return tp_pages_alloc(d->machine, &request, &chunk->pfn);
}

static int take_system(struct tp_bo *bo, struct tp_bo_chunk *chunk, unsigned flags)
{
	int err = take_pages(bo, chunk, flags);

	if (err)
		return err;
	err = map_chunk(bo, chunk);
	if (err)
		tp_pages_free(bo->device->machine, chunk->pfn, chunk->order);
	return err;
}

static int take_vram(struct tp_bo *bo, struct tp_bo_chunk *chunk, unsigned flags)
{
	struct tp_bo_device *d = bo->device;
	int err = tp_vram_alloc(d->vram, chunk->order, bo->tag, &chunk->address);

	if (!err && flags & TP_BO_ZEROED)
		tp_bus_memory_fill(d->bus, chunk->address, 0, 0,
				   tp_bo_chunk_bytes(chunk) / sizeof(uint64_t));
	return err;
}

static int take_chunk(struct tp_bo *bo, enum tp_bo_place place, struct tp_bo_chunk *chunk,
		      unsigned flags)
{
	switch (place) {
	case TP_BO_VRAM:
		return take_vram(bo, chunk, flags);
	case TP_BO_CPU:
		return take_pages(bo, chunk, flags);
	default:
		return take_system(bo, chunk, flags);
	}
}

/* ---- all chunks ------------------------------------------------------------------------------ */

static const uint8_t orders[] = { TP_BO_GIANT_ORDER, TP_BO_HUGE_ORDER, TP_BO_BIG_ORDER, 0 };

/* Others may have what we need in hand for a moment: reclaim, a purge, an offline that fails. */
enum { MAX_WAITS = 4 };
static const uint64_t wait_ns = TP_MILLISECONDS(1);

struct taking {
	struct tp_bo *bo;
	struct tp_bo_memory *memory;
	unsigned flags;
	uint32_t page; /* the next one */
	/* Orders before this one were refused; each chunk would ask for them in vain again. */
	unsigned largest;
	unsigned waits;
};

static bool fits(const struct taking *t, unsigned order)
{
	return (t->memory->place == TP_BO_VRAM || order <= TP_MAX_ORDER) &&
	       !(t->page & ((1u << order) - 1)) && t->memory->nr_pages - t->page >= 1u << order;
}

/* As large as can be had. */
static int take_next(struct taking *t)
{
	struct tp_bo_chunk *chunk = &t->memory->chunks[t->memory->nr_chunks];
	int err = -ENOMEM;

	for (unsigned i = t->largest; i < TP_ARRAY_SIZE(orders); i++) {
		if (!fits(t, orders[i]))
			continue;
		*chunk = (struct tp_bo_chunk){ .page = t->page, .order = orders[i] };
		err = take_chunk(t->bo, t->memory->place, chunk, t->flags);
		if (!err) {
			t->memory->nr_chunks++;
			t->page += 1u << orders[i];
			return 0;
		}
		t->largest = i + 1;
	}
	return err;
}

/* True: it is worth another try. */
static bool make_room(struct taking *t, int err)
{
	struct tp_bo_device *d = t->bo->device;

	t->largest = 0;
	if (t->memory->place == TP_BO_VRAM)
		return err == -ENOSPC && t->flags & TP_BO_EVICTING && tp_bo_evict_one(d);
	if (err != -ENOMEM)
		return false;
	if (tp_bo_shrink(d, t->memory->nr_pages - t->page))
		return true;
	if (t->waits++ == MAX_WAITS)
		return false;
	tp_sleep_ns(wait_ns);
	return true;
}

static int take_chunks(struct taking *t)
{
	int err = 0;

	while (!err && t->page < t->memory->nr_pages) {
		err = take_next(t);
		if (err && make_room(t, err))
			err = 0;
	}
	return err;
}

struct tp_bo_memory *tp_bo_memory_make(const struct tp_bo *bo, enum tp_bo_place place)
{
	uint32_t n = tp_bo_pages(bo);
	struct tp_bo_memory *memory = tp_zalloc(sizeof(*memory) + n * sizeof(memory->chunks[0]));

	if (!memory)
		return NULL;
	tp_list_init(&memory->link);
	memory->place = place;
	memory->slot = bo->slot;
	memory->nr_pages = n;
	memcpy(memory->name, bo->name, sizeof(memory->name));
	return memory;
}

int tp_bo_memory_take(struct tp_bo *bo, enum tp_bo_place place, unsigned flags,
		      struct tp_bo_memory **result)
{
	struct tp_bo_device *d = bo->device;
	struct tp_bo_memory *memory = tp_bo_memory_make(bo, place);
	int err = 0;

	if (!memory)
		return -ENOMEM;
	if (place == TP_BO_SYSTEM)
		err = tp_bo_reach_take(d, memory->nr_pages);
	if (err) {
		tp_free(memory);
		return err;
	}
	err = take_chunks(&(struct taking){ .bo = bo, .memory = memory, .flags = flags });
	if (err) {
		tp_bo_memory_give(d, memory);
		return err;
	}
	if (place == TP_BO_VRAM)
		tp_bus_memory_flush(d->bus);
	*result = memory;
	return 0;
}

static void unmap_chunks(struct tp_bo_device *d, const struct tp_bo_chunk *chunks, uint32_t n)
{
	for (const struct tp_bo_chunk *c = chunks; c < chunks + n; c++)
		tp_dma_unmap_nosync(d->domain, (tp_dma_addr){ c->address }, tp_bo_chunk_bytes(c));
	if (n)
		tp_dma_sync(d->domain);
}

int tp_bo_memory_map(struct tp_bo *bo, struct tp_bo_memory *memory)
{
	int err = tp_bo_reach_take(bo->device, memory->nr_pages);

	if (err)
		return err;
	if (memory->user)
		tp_bo_user_find(memory);
	for (uint32_t i = 0; i < memory->nr_chunks; i++) {
		err = map_chunk(bo, &memory->chunks[i]);
		if (err) {
			unmap_chunks(bo->device, memory->chunks, i);
			tp_bo_reach_give(bo->device, memory->nr_pages);
			return err;
		}
	}
	return 0;
}

void tp_bo_memory_unmap(struct tp_bo_device *d, struct tp_bo_memory *memory)
{
	unmap_chunks(d, memory->chunks, memory->nr_chunks);
	tp_bo_reach_give(d, memory->nr_pages);
}

static void free_chunks(struct tp_bo_device *d, const struct tp_bo_memory *memory)
{
	const struct tp_bo_chunk *end = memory->chunks + memory->nr_chunks;

	for (const struct tp_bo_chunk *c = memory->chunks; c < end; c++) {
		if (memory->place == TP_BO_VRAM)
			tp_vram_free(d->vram, c->address, c->order);
		else
			tp_pages_free(d->machine, c->pfn, c->order);
	}
}

void tp_bo_memory_give(struct tp_bo_device *d, struct tp_bo_memory *memory)
{
	if (memory->place == TP_BO_SYSTEM)
		tp_bo_memory_unmap(d, memory);
	if (memory->user)
		tp_bo_user_end(memory);
	else
		free_chunks(d, memory);
	tp_free(memory);
}

struct tp_bo_chunk *tp_bo_memory_chunk(struct tp_bo_memory *memory, uint32_t page)
{
	struct tp_bo_chunk *chunks = memory->chunks;
	uint32_t from = 0, to = memory->nr_chunks;

	TP_INVARIANT(page < memory->nr_pages);

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (chunks[middle].page <= page)
			from = middle;
		else
			to = middle;
	}
	return &chunks[from];
}

const struct tp_bo_chunk *tp_bo_chunk_at(const struct tp_bo *bo, uint32_t page)
{
	TP_INVARIANT(bo->place != TP_BO_EMPTY);
	return tp_bo_memory_chunk(tp_bo_memory_of(bo), page);
}
