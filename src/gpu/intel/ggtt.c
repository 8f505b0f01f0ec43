/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ggtt - pages of the global GTT, in which rings, fences' slots and the firmware's page lie. */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "gpu/intel/internal.h"

static bool is_used(const struct tp_intel *gpu, unsigned page)
{
	return gpu->ggtt_used[page / 64] >> page % 64 & 1;
}

static void set_used(struct tp_intel *gpu, unsigned page, bool used)
{
	uint64_t bit = UINT64_C(1) << page % 64;

	if (used)
		gpu->ggtt_used[page / 64] |= bit;
	else
		gpu->ggtt_used[page / 64] &= ~bit;
}

/* The first of @n free pages in a row; as many as there are: none. */
static unsigned find_room(const struct tp_intel *gpu, unsigned n)
{
	unsigned run = 0;

	for (unsigned page = 0; page < TP_INTEL_GGTT_ENTRIES; page++) {
		run = is_used(gpu, page) ? 0 : run + 1;
		if (run == n)
			return page + 1 - n;
	}
	return TP_INTEL_GGTT_ENTRIES;
}

/* The half with the present bit is written last when it is set, and first when it is cleared. */
static void write_entry(struct tp_intel *gpu, unsigned page, uint64_t entry)
{
	uint32_t reg = TP_INTEL_GSM + page * 8;

	if (!entry)
		tp_bus_write(gpu->bus, reg, 0);
	tp_bus_write(gpu->bus, reg + 4, (uint32_t)(entry >> 32));
	if (entry)
		tp_bus_write(gpu->bus, reg, (uint32_t)entry);
}

static void flush(struct tp_intel *gpu)
{
	tp_bus_write(gpu->bus, TP_INTEL_GFX_FLSH_CNTL, 1);
}

int tp_intel_ggtt_insert(struct tp_intel *gpu, tp_dma_addr dma, unsigned pages, uint32_t *ggtt)
{
	unsigned first;

	if (TP_FAULT("gpu/intel-ggtt"))
		return TP_ERR(-ENOSPC, "fault injected");
	tp_spin_lock(&gpu->ggtt_lock);
	first = find_room(gpu, pages);
	if (first < TP_INTEL_GGTT_ENTRIES)
		for (unsigned i = 0; i < pages; i++) {
			set_used(gpu, first + i, true);
			write_entry(gpu, first + i,
				    (dma.v + ((uint64_t)i << TP_PAGE_SHIFT)) |
					    TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW);
		}
	flush(gpu);
	tp_spin_unlock(&gpu->ggtt_lock);
	if (first == TP_INTEL_GGTT_ENTRIES)
		return TP_ERR_TEXT(-ENOSPC, gpu->gpu.name, "%s: %u pages of the global GTT", pages);
	*ggtt = first << TP_PAGE_SHIFT;
	return 0;
}

void tp_intel_ggtt_remove(struct tp_intel *gpu, uint32_t ggtt, unsigned pages)
{
	unsigned first = ggtt >> TP_PAGE_SHIFT;

	tp_spin_lock(&gpu->ggtt_lock);
	for (unsigned i = 0; i < pages; i++) {
		TP_INVARIANT(is_used(gpu, first + i));
		write_entry(gpu, first + i, 0);
		set_used(gpu, first + i, false);
	}
	flush(gpu);
	tp_spin_unlock(&gpu->ggtt_lock);
}
