/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo_place - where objects are: populate, move, evict, empty; purge those that nobody misses. */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/bo_internal.h"

/* ---- out of where it is ---------------------------------------------------------------------- */

int tp_bo_cut(struct tp_bo *bo)
{
	const struct tp_bo_ops *ops = bo->device->ops;

	if (bo->place == TP_BO_CPU || bo->forgotten)
		return 0;
	ops->unbind(bo);
	return TP_MUTANT(bo_unforgotten) ? 0 : ops->forget(bo);
}

void tp_bo_rebind(struct tp_bo *bo)
{
	if (tp_bo_is_in_reach(bo) && bo->device->ops->rebind)
		bo->device->ops->rebind(bo);
}

static void move_content(struct tp_bo *bo, struct tp_bo_memory *to)
{
	const struct tp_bo_ops *ops = bo->device->ops;
	struct tp_bo_memory *from = tp_bo_memory_of(bo);

	if (!ops->copy || ops->copy(bo, to->chunks, to->place, from->chunks, from->place))
		tp_bo_memory_copy(bo->device, to, from);
}

int tp_bo_move_to(struct tp_bo *bo, enum tp_bo_place place)
{
	struct tp_bo_device *d = bo->device;
	struct tp_bo_memory *new;
	int err = tp_bo_memory_take(bo, place, 0, &new);

	if (err)
		return err;
	err = tp_bo_cut(bo);
	if (!err) {
		struct tp_bo_memory *old;

		move_content(bo, new);
		old = tp_bo_detach(bo);
		tp_bo_attach(bo, new);
		new = old;
	}
	tp_bo_rebind(bo);
	tp_bo_memory_give(d, new);
	return err;
}

static int evict(struct tp_bo *bo)
{
	struct tp_bo_device *d = bo->device;
	int err = tp_bo_move_to(bo, TP_BO_SYSTEM);

	if (err == -ENOSPC && d->gtt_pages)
		err = tp_bo_move_to(bo, TP_BO_CPU);
	if (err)
		return err;
	tp_spin_lock(&d->lock);
	d->stat.evictions++;
	tp_spin_unlock(&d->lock);
	return 0;
}

int tp_bo_evict(struct tp_bo *bo)
{
	int err;

	if (bo->place != TP_BO_VRAM)
		return 0;
	if (bo->pins)
		return TP_ERR_TEXT(-EBUSY, bo->name, "%s is pinned");
	err = tp_resv_wait_idle(bo->resv, tp_clock_after(bo->device->idle_ns));
	return err ? err : evict(bo);
}

int tp_bo_empty(struct tp_bo *bo)
{
	struct tp_bo_device *d = bo->device;
	struct tp_bo_memory *memory;
	int err;

	if (bo->place == TP_BO_EMPTY)
		return 0;
	err = tp_bo_cut(bo);
	memory = tp_bo_detach(bo);
	if (err && !TP_MUTANT(bo_unquarantined))
		tp_bo_quarantine(d, memory);
	else
		tp_bo_memory_give(d, memory);
	return err;
}

/* ---- others make room ------------------------------------------------------------------------ */

bool tp_bo_may_move(struct tp_bo *bo)
{
	return !bo->pins && tp_resv_is_idle(bo->resv);
}

static bool may_purge(struct tp_bo *bo)
{
	return bo->purgeable && tp_bo_may_move(bo);
}

struct tp_bo *tp_bo_hold_one(struct tp_bo_device *d, enum tp_bo_place place,
			     bool (*may)(struct tp_bo *bo))
{
	struct tp_bo *found = NULL;

	tp_spin_lock(&d->lock);
	tp_list_for_each(bo, &d->lru[place], struct tp_bo, lru) {
		if (!tp_resv_try_hold(bo->resv))
			continue;
		if (may(bo)) {
			found = bo;
			break;
		}
		tp_resv_unhold(bo->resv);
	}
	tp_spin_unlock(&d->lock);
	return found;
}

bool tp_bo_evict_one(struct tp_bo_device *d)
{
	struct tp_bo *bo = tp_bo_hold_one(d, TP_BO_VRAM, tp_bo_may_move);
	int err;

	if (!bo)
		return false;
	err = bo->purgeable ? tp_bo_purge(bo) : evict(bo);
	tp_resv_unhold(bo->resv);
	return !err;
}

int tp_bo_purge(struct tp_bo *bo)
{
	struct tp_bo_device *d = bo->device;
	int err;

	if (!may_purge(bo))
		return TP_ERR_TEXT(-EBUSY, bo->name, "%s is needed");
	bo->purged = true;
	err = tp_bo_empty(bo);
	tp_spin_lock(&d->lock);
	d->stat.shrunk++;
	tp_spin_unlock(&d->lock);
	return err;
}

uint64_t tp_bo_shrink(struct tp_bo_device *d, uint64_t pages)
{
	uint64_t freed = 0;

	while (freed < pages) {
		struct tp_bo *bo = tp_bo_hold_one(d, TP_BO_SYSTEM, may_purge);

		if (!bo)
			bo = tp_bo_hold_one(d, TP_BO_CPU, may_purge);
		if (!bo)
			break;
		if (!tp_bo_purge(bo))
			freed += tp_bo_pages(bo);
		tp_resv_unhold(bo->resv);
	}
	return freed;
}

/* ---- where it should be ---------------------------------------------------------------------- */

static bool has_room(struct tp_bo *bo, uint64_t used)
{
	struct tp_vram_stat stat;

	tp_vram_stat(bo->device->vram, &stat);
	return bo->size + (used ? stat.used : 0) <= stat.total;
}

static int first_memory(struct tp_bo *bo)
{
	struct tp_bo_memory *memory;
	int err = -ENOSPC;

	if (bo->preferred == TP_BO_VRAM && has_room(bo, false))
		err = tp_bo_memory_take(bo, TP_BO_VRAM, TP_BO_ZEROED | TP_BO_EVICTING, &memory);
	if (err)
		err = tp_bo_memory_take(bo, TP_BO_SYSTEM, TP_BO_ZEROED, &memory);
	if (!err)
		tp_bo_attach(bo, memory);
	return err;
}

/* Back to where it was evicted from, if that costs nobody his place. */
static void go_home(struct tp_bo *bo)
{
	if (!bo->pins && has_room(bo, true) && tp_resv_is_idle(bo->resv))
		tp_bo_move_to(bo, TP_BO_VRAM);
}

int tp_bo_populate(struct tp_bo *bo)
{
	if (bo->place == TP_BO_EMPTY)
		return first_memory(bo);
	if (bo->preferred == TP_BO_VRAM && bo->place != TP_BO_VRAM)
		go_home(bo);
	return bo->place == TP_BO_CPU ? tp_bo_swap_in(bo) : 0;
}
