/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo - objects and their device come and go; cookies; who was used last. */
#include "gpu/bo_internal.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"

enum { FIRST_SLOTS = 16 };

/* ---- slots of cookies ------------------------------------------------------------------------ */

static uint32_t nr_slots_of(const struct tp_bo *bo)
{
	return (tp_bo_pages(bo) + TP_BO_SLOT_PAGES - 1) / TP_BO_SLOT_PAGES;
}

/* @n free ones in a row among the first @end; @end: there are none. */
static uint32_t find_slots(const struct tp_bo_device *d, uint32_t from, uint32_t end, uint32_t n)
{
	uint32_t run = 0;

	for (uint32_t i = from; i < end; i++) {
		run = d->slots[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return end;
}

static bool try_slots(struct tp_bo_device *d, struct tp_bo *bo, uint32_t *nr_slots)
{
	uint32_t n = nr_slots_of(bo), at;

	tp_spin_lock(&d->lock);
	*nr_slots = d->nr_slots;
	at = find_slots(d, d->next_slot, d->nr_slots, n);
	if (at == d->nr_slots)
		at = find_slots(d, 0, d->nr_slots, n);
	if (at < d->nr_slots) {
		for (uint32_t i = 0; i < n; i++)
			d->slots[at + i] = bo;
		bo->slot = at;
		d->next_slot = at + n;
		d->stat.objects++;
	}
	tp_spin_unlock(&d->lock);
	return at < *nr_slots;
}

/* Twice @nr_slots, unless another was faster. */
static int grow_slots(struct tp_bo_device *d, uint32_t nr_slots)
{
	struct tp_bo **slots, **unneeded;

	if (nr_slots == TP_BO_SLOTS)
		return TP_ERR_TEXT(-ENOSPC, d->owner.name, "%s has too many objects");
	slots = tp_zalloc_array(2 * (size_t)nr_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	tp_spin_lock(&d->lock);
	unneeded = slots;
	if (d->nr_slots == nr_slots) {
		unneeded = d->slots;
		memcpy(slots, d->slots, nr_slots * sizeof(*slots));
		d->slots = slots;
		d->nr_slots = 2 * nr_slots;
	}
	tp_spin_unlock(&d->lock);
	tp_free(unneeded);
	return 0;
}

static void give_slots(struct tp_bo *bo)
{
	struct tp_bo_device *d = bo->device;

	tp_spin_lock(&d->lock);
	for (uint32_t i = 0; i < nr_slots_of(bo); i++)
		d->slots[bo->slot + i] = NULL;
	d->stat.objects--;
	tp_spin_unlock(&d->lock);
}

struct tp_bo *tp_bo_find(struct tp_bo_device *d, uint32_t cookie)
{
	uint32_t slot = cookie / TP_BO_SLOT_PAGES;

	tp_spin_assert_held(&d->lock);
	return slot < d->nr_slots ? d->slots[slot] : NULL;
}

/* ---- the device ------------------------------------------------------------------------------ */

int tp_bo_device_init(struct tp_bo_device *d)
{
	int err;

	tp_spinlock_init(&d->lock, TP_RANK_GPU_OBJECTS, 0);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(d->lru); i++)
		tp_list_init(&d->lru[i]);
	tp_list_init(&d->quarantine);
	d->nr_slots = FIRST_SLOTS;
	d->next_slot = 0;
	d->slots = tp_zalloc_array(FIRST_SLOTS, sizeof(struct tp_bo *));
	if (!d->slots)
		return -ENOMEM;
	d->owner.ops = &tp_bo_owner_ops;
	err = tp_owner_register(d->machine, &d->owner);
	if (err)
		tp_free(d->slots);
	return err;
}

void tp_bo_device_fini(struct tp_bo_device *d)
{
	TP_INVARIANT(!d->stat.objects && tp_list_empty(&d->quarantine));
	TP_INVARIANT(!tp_owner_unregister(&d->owner));
	tp_free(d->slots);
}

void tp_bo_device_stat(struct tp_bo_device *d, struct tp_bo_stat *stat)
{
	tp_spin_lock(&d->lock);
	*stat = d->stat;
	tp_spin_unlock(&d->lock);
}

/* ---- objects --------------------------------------------------------------------------------- */

int tp_bo_init(struct tp_bo *bo, struct tp_bo_device *d, uint64_t size, enum tp_bo_place preferred,
	       const char *name)
{
	const uint64_t max = (uint64_t)TP_BO_SLOTS / 2 * TP_BO_SLOT_PAGES << TP_PAGE_SHIFT;
	uint32_t nr_slots;
	int err = 0;

	if (!size || size > max)
		return TP_ERR_TEXT(-EINVAL, name, "object %s of %u bytes", size);
	tp_resv_init(&bo->own);
	bo->resv = &bo->own;
	tp_list_init(&bo->lru);
	bo->device = d;
	bo->size = tp_align_up(size, TP_PAGE_SIZE);
	bo->place = TP_BO_EMPTY;
	bo->preferred = d->vram ? preferred : TP_BO_SYSTEM;
	strncat(bo->name, name, sizeof(bo->name) - 1);
	bo->tag = tp_dma_tag(d->domain, bo->name);
	tp_atomic_store(&bo->refs, 1, TP_RELAXED);
	while (!err && !try_slots(d, bo, &nr_slots))
		err = grow_slots(d, nr_slots);
	return err;
}

void tp_bo_share(struct tp_bo *bo, struct tp_resv *resv)
{
	TP_INVARIANT(bo->place == TP_BO_EMPTY);
	bo->resv = resv;
}

struct tp_bo *tp_bo_get(struct tp_bo *bo)
{
	tp_atomic_add(&bo->refs, 1, TP_RELAXED);
	return bo;
}

void tp_bo_put(struct tp_bo *bo)
{
	if (tp_atomic_sub(&bo->refs, 1, TP_ACQ_REL) > 1)
		return;
	/* The machine may be asking for a page of it this moment: then it is held (bo_owner.c). */
	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	if (!bo->forgotten)
		tp_resv_wait_idle(bo->resv, TP_WAIT_FOREVER);
	tp_bo_empty(bo);
	give_slots(bo);
	if (bo->resv != &bo->own)
		tp_resv_unhold(bo->resv);
	tp_resv_fini(&bo->own);
	bo->device->ops->destroy(bo);
}

void tp_bo_put_forgotten(struct tp_bo *bo)
{
	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	bo->forgotten = true;
	tp_resv_unhold(bo->resv);
	tp_bo_put(bo);
}

void tp_bo_pin(struct tp_bo *bo)
{
	bo->pins++;
}

void tp_bo_unpin(struct tp_bo *bo)
{
	TP_INVARIANT(bo->pins);
	bo->pins--;
}

void tp_bo_touch(struct tp_bo *bo)
{
	struct tp_bo_device *d = bo->device;

	tp_spin_lock(&d->lock);
	if (!tp_list_empty(&bo->lru)) {
		tp_list_remove(&bo->lru);
		tp_list_add_before(&d->lru[bo->place], &bo->lru);
	}
	tp_spin_unlock(&d->lock);
}

/* ---- having memory --------------------------------------------------------------------------- */

static uint64_t *pages_in(struct tp_bo_device *d, enum tp_bo_place place)
{
	switch (place) {
	case TP_BO_VRAM:
		return &d->stat.vram_pages;
	case TP_BO_CPU:
		return &d->stat.cpu_pages;
	default:
		return &d->stat.system_pages;
	}
}

void tp_bo_attach(struct tp_bo *bo, struct tp_bo_memory *memory)
{
	struct tp_bo_device *d = bo->device;

	TP_INVARIANT(bo->place == TP_BO_EMPTY && bo->resv->held); /* B3 */
	bo->place = memory->place;
	bo->chunks = memory->chunks;
	bo->nr_chunks = memory->nr_chunks;
	tp_spin_lock(&d->lock);
	tp_list_add_before(&d->lru[bo->place], &bo->lru);
	*pages_in(d, bo->place) += memory->nr_pages;
	tp_spin_unlock(&d->lock);
}

struct tp_bo_memory *tp_bo_detach(struct tp_bo *bo)
{
	struct tp_bo_memory *memory = tp_bo_memory_of(bo);
	struct tp_bo_device *d = bo->device;

	TP_INVARIANT(bo->place != TP_BO_EMPTY && bo->resv->held); /* B3 */
	tp_spin_lock(&d->lock);
	tp_list_remove(&bo->lru);
	*pages_in(d, bo->place) -= memory->nr_pages;
	tp_spin_unlock(&d->lock);
	bo->place = TP_BO_EMPTY;
	bo->chunks = NULL;
	bo->nr_chunks = 0;
	return memory;
}
