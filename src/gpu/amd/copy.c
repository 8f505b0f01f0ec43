/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy - content moves between video memory and pages of the machine, by the device where that is
 * worth it.
 *
 * SDMA0 reaches pages of the machine through the GART's two windows: while it copies through one,
 * the other is pointed to what comes next.
 *
 * Invariants
 *  CP1 A window is pointed elsewhere after the job that used it has ended, and used again after
 *      the hub forgot what it said.  When a copy returns, the windows say nothing and nothing of
 *      them is remembered, so that the pages may go (B1 of bo).
 *  CP2 A copy counts if no reset began since before its windows were set: a reset clears windows,
 *      ends jobs, and may lose one side.  If one did, the CPU copies, again until none came
 *      between.
 *  CP3 What was lost with video memory is copied by nobody: zeroes are, and the object says so.
 */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/amd/vm.h"

enum { WORTH_PAGES = 8 }; /* less is sooner done by the CPU */

/* What is left to copy; both sides are walked together. */
struct walk {
	struct tp_amd *gpu;
	struct tp_bo *bo;
	bool out; /* of video memory */
	const struct tp_bo_chunk *system, *vram;
	uint32_t page, pages;
};

/* In a row on both sides. */
struct run {
	tp_dma_addr dma;
	char *data; /* the same memory */
	uint64_t vram;
	uint32_t pages;
};

/* ---- the walk -------------------------------------------------------------------------------- */

static uint32_t chunk_end(const struct tp_bo_chunk *chunk)
{
	return chunk->page + (1u << chunk->order);
}

/* Bytes into the chunk, which it moves to. */
static uint64_t find(const struct tp_bo_chunk **chunk, uint32_t page)
{
	while (chunk_end(*chunk) <= page)
		++*chunk;
	return (uint64_t)(page - (*chunk)->page) << TP_PAGE_SHIFT;
}

/* At most @max pages on; false: it is over. */
static bool next_run(struct walk *w, uint32_t max, struct run *run)
{
	uint64_t in_system, in_vram;
	uint32_t end;

	if (w->page == w->pages)
		return false;
	in_system = find(&w->system, w->page);
	in_vram = find(&w->vram, w->page);
	end = TP_MIN(TP_MIN(chunk_end(w->system), chunk_end(w->vram)), w->pages);
	run->dma = (tp_dma_addr){ w->system->address + in_system };
	run->data = (char *)tp_page_address(w->bo->device->machine, w->system->pfn) + in_system;
	run->vram = w->vram->address + in_vram;
	run->pages = TP_MIN(end - w->page, max);
	w->page += run->pages;
	return true;
}

/* ---- by the CPU ------------------------------------------------------------------------------ */

static void move_run(const struct walk *w, const struct run *run, bool zero)
{
	struct tp_bus_device *bus = w->gpu->bus;
	size_t len = (size_t)run->pages << TP_PAGE_SHIFT;

	if (zero)
		memset(run->data, 0, len);
	else if (w->out)
		tp_bus_memory_read(bus, run->vram, run->data, len);
	else
		tp_bus_memory_write(bus, run->vram, run->data, len);
}

static void move_all(struct walk w, bool zero)
{
	struct run run;

	while (next_run(&w, w.pages, &run))
		move_run(&w, &run, zero);
	if (!w.out)
		tp_amd_hdp_flush(w.gpu);
}

/* CP2 */
static bool was_disturbed(struct tp_amd *gpu, uint32_t resets)
{
	return tp_amd_was_reset(gpu, resets) && !TP_MUTANT(amd_copies_unlooked);
}

/* CP3.  What is in the machine's pages is there, whatever was lost. */
static bool is_lost(const struct walk *w, uint32_t losses)
{
	struct tp_amd_object *object = tp_amd_object_of(w->bo);

	if (w->bo->kind != TP_AMD_KIND_OBJECT)
		return false;
	if (!w->out)
		tp_atomic_store(&object->vram_lost, losses, TP_RELEASE);
	return tp_atomic_load(&object->vram_lost, TP_ACQUIRE) != losses;
}

static void by_cpu(struct walk *w)
{
	uint32_t resets, losses;
	bool lost;

	do {
		resets = tp_amd_wait_calm(w->gpu, &losses);
		lost = is_lost(w, losses);
		move_all(*w, lost);
	} while (was_disturbed(w->gpu, resets));
	if (lost)
		tp_amd_object_lose(tp_amd_object_of(w->bo), losses);
}

/* ---- by the device --------------------------------------------------------------------------- */

static struct tp_amd_ring *ring_of(struct tp_amd *gpu)
{
	return &gpu->rings[TP_AMD_RING_SDMA0];
}

static uint64_t window_entry(const struct tp_amd *gpu, unsigned window, uint32_t page)
{
	return gpu->gart.table + sizeof(uint64_t) * (window * TP_AMD_WINDOW_PAGES + page);
}

static uint64_t window_address(unsigned window, uint32_t page)
{
	return TP_AMD_GART_START + (uint64_t)(window * TP_AMD_WINDOW_PAGES + page) * TP_PAGE_SIZE;
}

static void put_copy(struct tp_amd_ib *ib, uint64_t to, uint64_t from, uint32_t bytes)
{
	tp_amd_ib_put(ib, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
	tp_amd_ib_put(ib, bytes - 1);
	tp_amd_ib_put(ib, 0);
	tp_amd_ib_put64(ib, from);
	tp_amd_ib_put64(ib, to);
}

_Static_assert(TP_AMD_WINDOW_PAGES *TP_PAGE_SIZE <= TP_SDMA_COPY_MAX, "a window is one packet");

/* As much as a window holds. */
static void fill_batch(struct walk *w, unsigned window, struct tp_amd_ib *ib)
{
	struct run run;

	for (uint32_t page = 0;
	     page < TP_AMD_WINDOW_PAGES && next_run(w, TP_AMD_WINDOW_PAGES - page, &run);
	     page += run.pages) {
		uint64_t system = window_address(window, page), vram = TP_AMD_VRAM_START + run.vram;

		tp_bus_memory_fill(w->gpu->bus, window_entry(w->gpu, window, page),
				   tp_amd_gart_entry(run.dma), TP_AMD_PTE_PAGE, run.pages);
		put_copy(ib, w->out ? system : vram, w->out ? vram : system,
			 run.pages << TP_PAGE_SHIFT);
	}
}

/* CP1.  What does not forget in time does by a reset. */
static void forget_windows(struct tp_amd *gpu)
{
	tp_amd_hdp_flush(gpu);
	if (tp_amd_hub_invalidate(&gpu->hubs[TP_AMD_MMHUB], 1, 0))
		tp_amd_reset_wanted(gpu);
}

static void clear_windows(struct tp_amd *gpu)
{
	tp_bus_memory_fill(gpu->bus, window_entry(gpu, 0, 0), 0, 0,
			   TP_AMD_WINDOWS * TP_AMD_WINDOW_PAGES);
	forget_windows(gpu);
}

static int wait_for(struct tp_amd *gpu, struct tp_fence *fence)
{
	int err = tp_amd_wait_end(gpu, fence);

	tp_fence_put(fence);
	return err;
}

static uint32_t batch_dwords(const struct walk *w)
{
	uint32_t pages = TP_MIN(w->pages - w->page, (uint32_t)TP_AMD_WINDOW_PAGES);

	return pages * TP_SDMA_COPY_DW + TP_SDMA_IB_ALIGN_DW;
}

static int push_batch(struct walk *w, unsigned window, struct tp_fence **fence)
{
	struct tp_amd *gpu = w->gpu;
	struct tp_amd_job *job;
	int err = tp_amd_job_create(gpu, TP_AMD_RING_SDMA0, batch_dwords(w), &job);

	if (err)
		return err;
	fill_batch(w, window, &job->ib);
	tp_amd_ib_pad(&job->ib);
	forget_windows(gpu);
	*fence = tp_fence_get(job->fence);
	tp_mutex_lock(&gpu->push_lock);
	tp_amd_job_push(job);
	tp_mutex_unlock(&gpu->push_lock);
	tp_amd_ring_run(ring_of(gpu));
	return 0;
}

/* A batch in each window at a time. */
static int push_all(struct walk w)
{
	struct tp_fence *fences[TP_AMD_WINDOWS] = { NULL };
	int err = 0;

	for (unsigned window = 0; !err && w.page < w.pages;
	     window = (window + 1) % TP_AMD_WINDOWS) {
		if (fences[window])
			err = wait_for(w.gpu, fences[window]);
		fences[window] = NULL;
		if (!err)
			err = push_batch(&w, window, &fences[window]);
	}
	for (unsigned window = 0; window < TP_AMD_WINDOWS; window++) {
		int failed = fences[window] ? wait_for(w.gpu, fences[window]) : 0;

		err = err ? err : failed;
	}
	return err;
}

static bool is_worth_it(const struct walk *w, enum tp_bo_place system)
{
	return w->pages >= WORTH_PAGES && system == TP_BO_SYSTEM &&
	       tp_amd_state(w->gpu) == TP_GPU_RUNNING;
}

static bool by_device(struct walk *w)
{
	uint32_t losses, resets;
	int err = -EIO;

	tp_mutex_lock(&w->gpu->copy_lock);
	resets = tp_amd_wait_calm(w->gpu, &losses);
	if (!is_lost(w, losses)) {
		err = push_all(*w);
		clear_windows(w->gpu);
	}
	if (was_disturbed(w->gpu, resets))
		err = -ECANCELED;
	tp_mutex_unlock(&w->gpu->copy_lock);
	return !err;
}

/* ---- all of it ------------------------------------------------------------------------------- */

int tp_amd_copy(struct tp_bo *bo, const struct tp_bo_chunk *to, enum tp_bo_place to_place,
		const struct tp_bo_chunk *from, enum tp_bo_place from_place)
{
	bool out = from_place == TP_BO_VRAM;
	enum tp_bo_place system = out ? to_place : from_place;
	struct walk walk = { .gpu = tp_amd_of_bo(bo),
			     .bo = bo,
			     .out = out,
			     .system = out ? to : from,
			     .vram = out ? from : to,
			     .pages = (uint32_t)(bo->size >> TP_PAGE_SHIFT) };

	if (!tp_bo_place_is_machines(system) || (!out && to_place != TP_BO_VRAM))
		return -EINVAL;
	if (!is_worth_it(&walk, system) || !by_device(&walk))
		by_cpu(&walk);
	return 0;
}
