/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo_quarantine - memory that the device may still know a way to. */
#include "core/mutant.h"
#include "gpu/bo_internal.h"
#include "mm/machine.h"

void tp_bo_quarantine(struct tp_bo_device *d, struct tp_bo_memory *memory)
{
	const uint32_t pages = memory->nr_pages;

	tp_spin_lock(&d->lock);
	memory->since = d->quarantined++;
	tp_list_add_before(&d->quarantine, &memory->link);
	d->stat.quarantined_pages += pages;
	d->stat.quarantines += pages;
	tp_spin_unlock(&d->lock);
	/* By now it may have been let go. */
	tp_trace(d->machine->trace, TP_TRACE_gpu_quarantine, d->gpu, pages, 0);
}

const struct tp_bo_memory *tp_bo_quarantine_find(struct tp_bo_device *d, uint32_t cookie,
						 tp_pfn pfn)
{
	tp_spin_assert_held(&d->lock);
	tp_list_for_each(memory, &d->quarantine, struct tp_bo_memory, link) {
		uint32_t page = cookie - tp_bo_cookie(memory->slot, 0);
		const struct tp_bo_chunk *chunk;

		if (page >= memory->nr_pages || memory->place != TP_BO_SYSTEM)
			continue;
		chunk = tp_bo_memory_chunk(memory, page);
		if (chunk->pfn.v == pfn.v)
			return memory;
	}
	return NULL;
}

uint64_t tp_bo_quarantine_mark(struct tp_bo_device *d)
{
	uint64_t mark;

	tp_spin_lock(&d->lock);
	mark = d->quarantined;
	tp_spin_unlock(&d->lock);
	return mark;
}

/* The next one from before @mark, in nobody's list any more; NULL: none. */
static struct tp_bo_memory *take_one(struct tp_bo_device *d, uint64_t mark)
{
	struct tp_bo_memory *memory = NULL;

	tp_spin_lock(&d->lock);
	if (!tp_list_empty(&d->quarantine))
		memory = tp_list_entry(d->quarantine.next, struct tp_bo_memory, link);
	if (memory && memory->since >= mark && !TP_MUTANT(quarantine_unmarked))
		memory = NULL;
	if (memory) {
		tp_list_remove(&memory->link);
		d->stat.quarantined_pages -= memory->nr_pages;
		d->stat.released_pages += memory->nr_pages;
	}
	tp_spin_unlock(&d->lock);
	return memory;
}

uint64_t tp_bo_release_quarantine(struct tp_bo_device *d, uint64_t mark)
{
	struct tp_bo_memory *memory;
	uint64_t pages = 0;

	while ((memory = take_one(d, mark))) {
		pages += memory->nr_pages;
		tp_bo_memory_give(d, memory);
	}
	return pages;
}

uint64_t tp_bo_quarantined(struct tp_bo_device *d)
{
	struct tp_bo_stat stat;

	tp_bo_device_stat(d, &stat);
	return stat.quarantined_pages;
}
