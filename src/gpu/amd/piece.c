/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * piece - a mapping as entries: runs of memory, as few and as large leaves as address and length
 * allow (V9).
 *
 * A run's fragment is what the virtual address is aligned to and what is left of it, whatever the
 * physical address is aligned to: the device adds.  Single pages that lie nowhere near each other
 * are one piece as far as one table goes, without fragments.
 */
#include "gpu/amd/vm.h"

enum {
	MAX_LEVEL = 2, /* leaves of 1 GiB */
	MAX_FRAGMENT = 3 * TP_AMD_PT_BITS - 1,
	BLOCK = 8, /* chunks that are looked at together */
};

static const struct tp_bo *bo_of(const struct tp_amd_mapping *mapping)
{
	return mapping->bo_va->base.bo;
}

static uint64_t flags_of(const struct tp_amd_mapping *mapping)
{
	static const uint64_t bits[][2] = {
		{ TP_AMD_MAP_READ, TP_AMD_PTE_READABLE },
		{ TP_AMD_MAP_WRITE, TP_AMD_PTE_WRITEABLE },
		{ TP_AMD_MAP_EXECUTE, TP_AMD_PTE_EXECUTABLE },
		{ TP_AMD_MAP_UNCACHED, (uint64_t)TP_AMD_MTYPE_UC << TP_AMD_PTE_MTYPE_SHIFT },
	};
	uint64_t flags = 0;

	if (mapping->flags & TP_AMD_MAP_PRT)
		return TP_AMD_PTE_PRT;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bits); i++)
		if (mapping->flags & bits[i][0])
			flags |= bits[i][1];
	return flags | TP_AMD_PTE_VALID;
}

uint64_t tp_amd_pte_where(const struct tp_amd *gpu, enum tp_bo_place place, uint64_t address)
{
	if (place == TP_BO_VRAM)
		return tp_amd_pte_of(gpu->fb_physical + address);
	return tp_amd_pte_of(address) | TP_AMD_PTE_SYSTEM | TP_AMD_PTE_SNOOPED;
}

void tp_amd_pieces_begin(struct tp_amd_pieces *it, const struct tp_amd_mapping *mapping)
{
	const struct tp_bo *bo = bo_of(mapping);

	*it = (struct tp_amd_pieces){ .mapping = mapping,
				      .page = mapping->start,
				      .flags = flags_of(mapping) };
	if (!bo) {
		it->run_end = mapping->last + 1;
		return;
	}
	it->chunk = tp_bo_chunk_at(bo, (uint32_t)mapping->offset);
	it->flags |= tp_amd_pte_where(tp_amd_of_bo(bo), bo->place, 0);
}

/* The page of the object that is mapped at @page. */
static uint64_t object_page(const struct tp_amd_pieces *it, uint64_t page)
{
	return it->mapping->offset + (page - it->mapping->start);
}

static uint64_t chunk_end(const struct tp_bo_chunk *chunk)
{
	return chunk->page + (UINT64_C(1) << chunk->order);
}

static bool is_last_chunk(const struct tp_amd_pieces *it)
{
	const struct tp_bo *bo = bo_of(it->mapping);

	return it->chunk + 1 == bo->chunks + bo->nr_chunks;
}

/* Whether the chunk after this one continues it. */
static bool goes_on(const struct tp_amd_pieces *it)
{
	return !is_last_chunk(it) &&
	       it->chunk[1].address == it->chunk->address + (TP_PAGE_SIZE << it->chunk->order);
}

/* The virtual page behind what of the chunk is mapped. */
static uint64_t page_behind(const struct tp_amd_pieces *it)
{
	const uint64_t end = it->mapping->start + (chunk_end(it->chunk) - it->mapping->offset);

	return TP_MIN(end, it->mapping->last + 1);
}

static void find_run(struct tp_amd_pieces *it)
{
	const uint64_t within = object_page(it, it->page) - it->chunk->page;

	it->address = it->chunk->address + within * TP_PAGE_SIZE;
	it->run_end = page_behind(it);
	while (it->run_end <= it->mapping->last && goes_on(it)) {
		it->chunk++;
		it->run_end = page_behind(it);
	}
	if (it->run_end <= it->mapping->last)
		it->chunk++;
}

static bool is_followed(const struct tp_bo_chunk *chunk)
{
	return chunk[1].address == chunk->address + TP_PAGE_SIZE;
}

/* All of the BLOCK chunks here are single pages, none followed by its neighbour; without a branch
 * for each, and while those are on their way that are looked at soon. */
static bool are_scattered(const struct tp_bo_chunk *chunks)
{
	enum { AHEAD = 16 * BLOCK, LINE = 64 };
	const char *const ahead = (const char *)(chunks + AHEAD);
	unsigned others = 0;

	for (size_t at = 0; at < BLOCK * sizeof(*chunks); at += LINE)
		__builtin_prefetch(ahead + at);
	for (unsigned i = 0; i < BLOCK; i++)
		others |= chunks[i].order | (unsigned)is_followed(&chunks[i]);
	return !others;
}

/* How many single pages follow each other here, each a run of its own; 0: not even two. */
static uint32_t count_scattered(struct tp_amd_pieces *it)
{
	const struct tp_bo *bo = bo_of(it->mapping);
	const struct tp_bo_chunk *const last = bo->chunks + bo->nr_chunks - 1;
	const struct tp_bo_chunk *chunk = it->chunk;
	const uint64_t table_end = (it->page | (TP_AMD_PTES - 1)) + 1;
	const uint64_t max = TP_MIN(table_end, it->mapping->last + 1) - it->page;
	uint32_t n = 0;

	while (n + BLOCK <= max && last - chunk >= BLOCK && are_scattered(chunk)) {
		n += BLOCK;
		chunk += BLOCK;
	}
	while (n < max && !chunk->order && (chunk == last || !is_followed(chunk))) {
		n++;
		if (chunk == last)
			break;
		chunk++;
	}
	if (n < 2)
		return 0;
	it->chunk = chunk;
	return n;
}

static bool scattered(struct tp_amd_pieces *it, struct tp_amd_piece *piece)
{
	const struct tp_bo_chunk *first = it->chunk;
	const uint32_t n = count_scattered(it);

	if (!n)
		return false;
	*piece = (struct tp_amd_piece){
		.page = it->page, .n = n, .pte = it->flags, .scattered = first
	};
	it->page += n;
	it->run_end = it->page;
	return true;
}

static unsigned fragment_at(uint64_t page, uint64_t pages)
{
	unsigned fragment = 63 - (unsigned)__builtin_clzll(pages);

	if (page)
		fragment = TP_MIN(fragment, (unsigned)__builtin_ctzll(page));
	return TP_MIN(fragment, (unsigned)MAX_FRAGMENT);
}

static void next_of_run(struct tp_amd_pieces *it, struct tp_amd_piece *piece)
{
	const unsigned fragment = fragment_at(it->page, it->run_end - it->page);
	const unsigned level = TP_MIN(fragment / TP_AMD_PT_BITS, (unsigned)MAX_LEVEL);
	const uint64_t pages = UINT64_C(1) << fragment;
	const bool moves = it->mapping->bo_va->base.bo;

	*piece = (struct tp_amd_piece){
		.page = it->page,
		.level = level,
		.n = (uint32_t)(pages >> level * TP_AMD_PT_BITS),
		.pte = (it->flags + tp_amd_pte_of(it->address)) |
		       (uint64_t)fragment << TP_AMD_PTE_FRAG_SHIFT | (level ? TP_AMD_PDE_PTE : 0),
		.step = moves ? TP_AMD_PTE_PAGE << level * TP_AMD_PT_BITS : 0,
	};
	it->page += pages;
	if (moves)
		it->address += pages * TP_PAGE_SIZE;
}

bool tp_amd_pieces_next(struct tp_amd_pieces *it, struct tp_amd_piece *piece)
{
	if (it->page > it->mapping->last)
		return false;
	if (it->page >= it->run_end) {
		if (scattered(it, piece))
			return true;
		find_run(it);
	}
	next_of_run(it, piece);
	return true;
}
