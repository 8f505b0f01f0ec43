/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gart - pages of the machine at fixed addresses of VMID 0: rings, fences' slots, command streams.
 *
 * An entry is free (0), says where a page is, or is leaving: then it says nothing, and its place is
 * nobody's until the hubs forgot it; or they did not, and it waits for a reset that makes them.
 *
 * Fault sites: gpu/amd-gart.
 */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "gpu/amd/internal.h"

enum { FIRST = TP_AMD_WINDOWS * TP_AMD_WINDOW_PAGES, BYTES = TP_AMD_GART_PAGES * 8 };

#define LEAVING	    TP_AMD_PTE_CLEARED
#define UNFORGOTTEN (TP_AMD_PTE_CLEARED | TP_AMD_PTE_READABLE) /* not valid: it says nothing */

/* Under the lock: entries [@first, @first + @n) of the table say what ours do. */
static void write_out(struct tp_amd *gpu, uint32_t first, unsigned n)
{
	struct tp_amd_gart *gart = &gpu->gart;

	tp_bus_memory_write(gpu->bus, gart->table + (uint64_t)first * 8, &gart->entries[first],
			    (size_t)n * 8);
	tp_amd_hdp_flush(gpu);
}

static void set(struct tp_amd *gpu, uint32_t first, unsigned n, uint64_t entry, uint64_t step)
{
	for (unsigned i = 0; i < n; i++)
		gpu->gart.entries[first + i] = entry + i * step;
	write_out(gpu, first, n);
}

/* The first of @n free ones in a row, at or after @from; as many as there are: none. */
static uint32_t find_after(const struct tp_amd_gart *gart, uint32_t from, unsigned n)
{
	unsigned run = 0;

	for (uint32_t i = from; i < TP_AMD_GART_PAGES; i++) {
		run = gart->entries[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return TP_AMD_GART_PAGES;
}

static uint32_t find(const struct tp_amd_gart *gart, unsigned n)
{
	uint32_t first = find_after(gart, gart->next, n);

	return first < TP_AMD_GART_PAGES ? first : find_after(gart, FIRST, n);
}

int tp_amd_gart_insert(struct tp_amd *gpu, tp_dma_addr dma, unsigned pages, uint64_t *address)
{
	struct tp_amd_gart *gart = &gpu->gart;
	uint32_t first;

	if (TP_FAULT("gpu/amd-gart"))
		return TP_ERR(-ENOSPC, "fault injected");
	tp_spin_lock(&gart->lock);
	first = find(gart, pages);
	if (first < TP_AMD_GART_PAGES) {
		set(gpu, first, pages, tp_amd_gart_entry(dma), TP_AMD_PTE_PAGE);
		gart->next = first + pages;
	}
	tp_spin_unlock(&gart->lock);
	if (first == TP_AMD_GART_PAGES)
		return TP_ERR_TEXT(-ENOSPC, gpu->gpu.name, "%s: %u pages of the GART", pages);
	*address = TP_AMD_GART_START + ((uint64_t)first << TP_PAGE_SHIFT);
	return 0;
}

static void let_go(struct tp_amd *gpu, uint32_t first, unsigned pages)
{
	tp_spin_lock(&gpu->gart.lock);
	for (unsigned i = 0; i < pages; i++)
		TP_INVARIANT(gpu->gart.entries[first + i] & TP_AMD_PTE_VALID);
	set(gpu, first, pages, LEAVING, 0);
	tp_spin_unlock(&gpu->gart.lock);
}

/* H3: a reset that came since they were let go has emptied the hubs, or is about to. */
static void put(struct tp_amd *gpu, uint32_t first, unsigned pages, bool forgotten, uint32_t resets)
{
	tp_spin_lock(&gpu->gart.lock);
	forgotten = forgotten || tp_amd_was_reset(gpu, resets);
	set(gpu, first, pages, forgotten ? 0 : UNFORGOTTEN, 0);
	tp_spin_unlock(&gpu->gart.lock);
}

int tp_amd_gart_remove(struct tp_amd *gpu, uint64_t address, unsigned pages)
{
	uint32_t first = (uint32_t)((address - TP_AMD_GART_START) >> TP_PAGE_SHIFT), resets;
	int err;

	let_go(gpu, first, pages);
	resets = tp_atomic_load(&gpu->resets, TP_ACQUIRE);
	err = tp_amd_hubs_invalidate(gpu, 1, TP_AMD_INV_LEGACY);
	put(gpu, first, pages, !err, resets);
	return err;
}

void tp_amd_gart_restore(struct tp_amd *gpu)
{
	struct tp_amd_gart *gart = &gpu->gart;

	tp_spin_lock(&gart->lock);
	for (unsigned i = 0; i < TP_AMD_GART_PAGES; i++)
		if (gart->entries[i] == UNFORGOTTEN)
			gart->entries[i] = 0;
	write_out(gpu, 0, TP_AMD_GART_PAGES);
	tp_spin_unlock(&gart->lock);
}

int tp_amd_gart_init(struct tp_amd *gpu)
{
	struct tp_amd_gart *gart = &gpu->gart;
	int err;

	gart->order = (unsigned)__builtin_ctz(BYTES / TP_PAGE_SIZE);
	gart->next = FIRST;
	err = tp_vram_alloc(gpu->bos.vram, gart->order, "gart", &gart->table);
	if (!err)
		tp_amd_gart_restore(gpu);
	gart->is_made = !err;
	return err;
}

void tp_amd_gart_fini(struct tp_amd *gpu)
{
	if (!gpu->gart.is_made)
		return;
	for (unsigned i = 0; i < TP_AMD_GART_PAGES; i++)
		TP_INVARIANT(!gpu->gart.entries[i]);
	tp_vram_free(gpu->bos.vram, gpu->gart.table, gpu->gart.order);
}
