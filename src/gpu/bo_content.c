/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo_content - read, write and copy what is in the memory of objects, wherever it is. */
#include <string.h>

#include "gpu/bo_internal.h"

enum { WORD = sizeof(uint64_t) };

/* What goes one way: one of the two is NULL. */
struct way {
	const char *from;
	char *to;
};

static void copy(const struct way *way, char *memory, size_t len)
{
	if (way->to)
		memcpy(way->to, memory, len);
	else
		memcpy(memory, way->from, len);
}

/* The window takes whole words. */
static void in_a_word(struct tp_bus_device *bus, uint64_t offset, const struct way *way, size_t len)
{
	uint64_t at = offset & ~(uint64_t)(WORD - 1);
	char word[WORD];

	tp_bus_memory_read(bus, at, word, WORD);
	copy(way, word + offset % WORD, len);
	if (way->from)
		tp_bus_memory_write(bus, at, word, WORD);
}

static void in_words(struct tp_bus_device *bus, uint64_t offset, const struct way *way, size_t len)
{
	if (way->to)
		tp_bus_memory_read(bus, offset, way->to, len);
	else
		tp_bus_memory_write(bus, offset, way->from, len);
}

static void advance(struct way *way, size_t n)
{
	if (way->to)
		way->to += n;
	else
		way->from += n;
}

static void through_window(struct tp_bus_device *bus, uint64_t offset, struct way way, size_t len)
{
	for (size_t n; len; offset += n, len -= n, advance(&way, n)) {
		if (!(offset % WORD) && len >= WORD) {
			n = len & ~(size_t)(WORD - 1);
			in_words(bus, offset, &way, n);
		} else {
			n = TP_MIN(len, (size_t)(WORD - offset % WORD));
			in_a_word(bus, offset, &way, n);
		}
	}
}

static void in_chunk(struct tp_bo_device *d, enum tp_bo_place place,
		     const struct tp_bo_chunk *chunk, uint64_t within, struct way way, size_t len)
{
	if (place == TP_BO_VRAM)
		through_window(d->bus, chunk->address + within, way, len);
	else
		copy(&way, (char *)tp_page_address(d->machine, chunk->pfn) + within, len);
}

static void transfer(struct tp_bo_device *d, struct tp_bo_memory *memory, uint64_t offset,
		     struct way way, size_t len)
{
	TP_INVARIANT(!memory->user || memory->place == TP_BO_SYSTEM); /* U1 of bo_user.c */
	for (size_t n; len; offset += n, len -= n, advance(&way, n)) {
		const struct tp_bo_chunk *chunk =
			tp_bo_memory_chunk(memory, (uint32_t)(offset >> TP_PAGE_SHIFT));
		uint64_t within = offset - ((uint64_t)chunk->page << TP_PAGE_SHIFT);

		n = TP_MIN(len, (size_t)(tp_bo_chunk_bytes(chunk) - within));
		in_chunk(d, memory->place, chunk, within, way, n);
	}
	if (memory->place == TP_BO_VRAM && way.from)
		tp_bus_memory_flush(d->bus);
}

void tp_bo_write(struct tp_bo *bo, uint64_t offset, const void *from, size_t len)
{
	TP_INVARIANT(bo->place != TP_BO_EMPTY);
	transfer(bo->device, tp_bo_memory_of(bo), offset, (struct way){ .from = from }, len);
}

void tp_bo_read(struct tp_bo *bo, uint64_t offset, void *to, size_t len)
{
	TP_INVARIANT(bo->place != TP_BO_EMPTY);
	transfer(bo->device, tp_bo_memory_of(bo), offset, (struct way){ .to = to }, len);
}

/* Through each chunk of the machine's memory, the other side is read or written in a row. */
void tp_bo_memory_copy(struct tp_bo_device *d, struct tp_bo_memory *to, struct tp_bo_memory *from)
{
	bool out = from->place == TP_BO_VRAM;
	const struct tp_bo_memory *here = out ? to : from;

	TP_INVARIANT(tp_bo_place_is_machines(here->place));
	for (const struct tp_bo_chunk *c = here->chunks; c < here->chunks + here->nr_chunks; c++) {
		char *data = tp_page_address(d->machine, c->pfn);

		transfer(d, out ? from : to, (uint64_t)c->page << TP_PAGE_SHIFT,
			 out ? (struct way){ .to = data } : (struct way){ .from = data },
			 tp_bo_chunk_bytes(c));
	}
}
