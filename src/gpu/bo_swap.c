/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bo_swap - objects go out of the device's reach and come back, so that no more pages than it may
 * have (gtt_pages) are mapped for it at once.
 *
 * Reach is counted from before the first page is mapped until after the last one is unmapped: what
 * is on its way, or in quarantine, has its share.
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "gpu/bo_internal.h"

/* ---- out ------------------------------------------------------------------------------------- */

/* The same memory, of which the device knows nothing, or knows again. */
static void set_place(struct tp_bo *bo, enum tp_bo_place place)
{
	struct tp_bo_memory *memory = tp_bo_detach(bo);

	memory->place = place;
	tp_bo_attach(bo, memory);
}

static void count_swapped(struct tp_bo *bo)
{
	struct tp_bo_device *d = bo->device;

	tp_spin_lock(&d->lock);
	d->stat.swapped_pages += tp_bo_pages(bo);
	tp_spin_unlock(&d->lock);
}

int tp_bo_leave_reach(struct tp_bo *bo)
{
	int err = tp_bo_cut(bo);

	if (err) {
		tp_bo_rebind(bo);
		return err;
	}
	tp_bo_memory_unmap(bo->device, tp_bo_memory_of(bo));
	set_place(bo, TP_BO_CPU);
	return 0;
}

/* Its work is over.  Any error: it is where it was. */
static int swap_out(struct tp_bo *bo)
{
	int err = bo->place == TP_BO_VRAM ? tp_bo_move_to(bo, TP_BO_CPU) : tp_bo_leave_reach(bo);

	if (!err)
		count_swapped(bo);
	return err;
}

static bool swap_one(struct tp_bo_device *d)
{
	struct tp_bo *bo = tp_bo_hold_one(d, TP_BO_SYSTEM, tp_bo_may_move);
	int err;

	if (!bo)
		return false;
	err = bo->purgeable ? tp_bo_purge(bo) : swap_out(bo);
	tp_resv_unhold(bo->resv);
	return !err;
}

int tp_bo_swap_out(struct tp_bo *bo)
{
	int err;

	if (!tp_bo_is_in_reach(bo))
		return 0;
	if (bo->pins)
		return TP_ERR_TEXT(-EBUSY, bo->name, "%s is pinned");
	err = tp_resv_wait_idle(bo->resv, tp_clock_after(bo->device->idle_ns));
	return err ? err : swap_out(bo);
}

/* ---- how much it reaches --------------------------------------------------------------------- */

static bool try_reach(struct tp_bo_device *d, uint64_t pages)
{
	bool fits;

	tp_spin_lock(&d->lock);
	fits = !d->gtt_pages || d->gtt_used + pages <= d->gtt_pages;
	if (fits)
		d->gtt_used += pages;
	tp_spin_unlock(&d->lock);
	return fits;
}

int tp_bo_reach_take(struct tp_bo_device *d, uint64_t pages)
{
	bool possible = !d->gtt_pages || pages <= d->gtt_pages;

	while (possible && !try_reach(d, pages))
		possible = swap_one(d);
	return possible ? 0
			: TP_ERR_TEXT(-ENOSPC, d->owner.name, "%s reaches no %u pages more", pages);
}

void tp_bo_reach_give(struct tp_bo_device *d, uint64_t pages)
{
	tp_spin_lock(&d->lock);
	TP_INVARIANT(d->gtt_used >= pages);
	d->gtt_used -= pages;
	tp_spin_unlock(&d->lock);
}

/* ---- in -------------------------------------------------------------------------------------- */

int tp_bo_swap_in(struct tp_bo *bo)
{
	int err = tp_bo_memory_map(bo, tp_bo_memory_of(bo));

	if (err)
		return err;
	set_place(bo, TP_BO_SYSTEM);
	tp_bo_rebind(bo);
	return 0;
}
