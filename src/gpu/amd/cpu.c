/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpu - tables are written by the processor: through the window, or in system memory. */
#include "gpu/amd/vm.h"
#include "mm/machine.h"

static tp_atomic_u64 *system_entries(const struct tp_amd_pt *pt)
{
	const struct tp_amd *gpu = tp_amd_of_bo(&pt->bo);

	return (tp_atomic_u64 *)tp_page_address(gpu->config.machine, pt->bo.chunks[0].pfn);
}

static uint64_t window_offset(const struct tp_amd_pt *pt, uint32_t index)
{
	return pt->bo.chunks[0].address + index * sizeof(uint64_t);
}

void tp_amd_pt_set(struct tp_amd_pt *pt, uint32_t index, uint32_t n, uint64_t first, uint64_t step)
{
	struct tp_amd *gpu = tp_amd_of_bo(&pt->bo);

	if (pt->bo.place == TP_BO_VRAM)
		tp_bus_memory_fill(gpu->bus, window_offset(pt, index), first, step, n);
	else
		for (uint32_t i = 0; i < n; i++)
			tp_atomic_store(&system_entries(pt)[index + i], first + i * step,
					TP_RELEASE);
}

uint64_t tp_amd_pt_get(const struct tp_amd_pt *pt, uint32_t index)
{
	struct tp_amd *gpu = tp_amd_of_bo(&pt->bo);
	uint64_t entry;

	if (pt->bo.place != TP_BO_VRAM)
		return tp_atomic_load(&system_entries(pt)[index], TP_ACQUIRE);
	tp_bus_memory_read(gpu->bus, window_offset(pt, index), &entry, sizeof(entry));
	return entry;
}

void tp_amd_pt_write(struct tp_amd_pt *pt, uint32_t index, uint32_t n, const uint64_t *entries)
{
	struct tp_amd *gpu = tp_amd_of_bo(&pt->bo);

	if (pt->bo.place == TP_BO_VRAM)
		tp_bus_memory_write(gpu->bus, window_offset(pt, index), entries,
				    n * sizeof(*entries));
	else
		for (uint32_t i = 0; i < n; i++)
			tp_atomic_store(&system_entries(pt)[index + i], entries[i], TP_RELEASE);
}

static void set(tp_unused struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
		uint32_t n, uint64_t first, uint64_t step)
{
	tp_amd_pt_set(pt, index, n, first, step);
}

static void set_pages(tp_unused struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
		      uint32_t n, const struct tp_bo_chunk *chunks, uint64_t flags)
{
	uint64_t entries[TP_AMD_PTES];

	for (uint32_t i = 0; i < n; i++)
		entries[i] = tp_amd_pte_of(chunks[i].address) + flags;
	tp_amd_pt_write(pt, index, n, entries);
}

static void commit(struct tp_amd_update *update)
{
	tp_amd_hdp_flush(update->vm->gpu);
}

const struct tp_amd_backend tp_amd_backend_cpu = {
	.set = set,
	.set_pages = set_pages,
	.commit = commit,
};
