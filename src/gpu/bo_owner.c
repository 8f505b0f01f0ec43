/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo_owner - the machine asks for pages of objects: to move them, to have them, what they are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/bo_internal.h"

static struct tp_bo_device *device_of(struct tp_owner *owner)
{
	return tp_container_of(owner, struct tp_bo_device, owner);
}

/* ---- which object a page is of --------------------------------------------------------------- */

/* It cannot go while it is held: whoever destroys it holds it too, before its slot is given up. */
static int hold_object(struct tp_bo_device *d, uint32_t cookie, tp_pfn pfn, struct tp_bo **result)
{
	struct tp_bo *bo;
	int err = 0;

	tp_spin_lock(&d->lock);
	bo = tp_bo_find(d, cookie);
	if (tp_bo_quarantine_find(d, cookie, pfn))
		err = TP_ERR_TEXT(-EBUSY, d->owner.name, "%s: pfn %x is quarantined", pfn.v);
	else if (!bo || !tp_resv_try_hold(bo->resv))
		err = TP_ERR_TEXT(-EAGAIN, d->owner.name, "%s: pfn %x is in use", pfn.v);
	tp_spin_unlock(&d->lock);
	*result = bo;
	return err;
}

/* The chunk that @pfn is, of an object that is held; NULL: it is none, on its way in or out. */
static struct tp_bo_chunk *find_chunk(struct tp_bo *bo, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	uint32_t page = cookie - tp_bo_cookie(bo->slot, 0);
	struct tp_bo_chunk *chunk;

	if (!tp_bo_place_is_machines(bo->place))
		return NULL;
	chunk = tp_bo_memory_chunk(tp_bo_memory_of(bo), page);
	return chunk->page == page && chunk->pfn.v == pfn.v && chunk->order == order ? chunk : NULL;
}

/* Until tp_resv_unhold() the page is the object's and nobody's else to change. */
static int hold_page(struct tp_bo_device *d, uint32_t cookie, tp_pfn pfn, unsigned order,
		     struct tp_bo **bo, struct tp_bo_chunk **chunk)
{
	int err = hold_object(d, cookie, pfn, bo);

	if (err)
		return err;
	*chunk = find_chunk(*bo, cookie, pfn, order);
	if (*chunk)
		return 0;
	tp_resv_unhold((*bo)->resv);
	return TP_ERR_TEXT(-EAGAIN, d->owner.name, "%s: pfn %x comes or goes", pfn.v);
}

/* ---- move it --------------------------------------------------------------------------------- */

int tp_bo_wait_for_work(struct tp_bo *bo)
{
	uint64_t idle_ns = bo->device->idle_ns;
	bool patient = tp_clock_now() >= bo->impatient_until;

	if (TP_MUTANT(bo_moves_busy))
		return 0;
	if (!tp_resv_wait_idle(bo->resv, patient ? tp_clock_after(idle_ns) : 0))
		return 0;
	if (patient)
		bo->impatient_until = tp_clock_after(2 * idle_ns);
	return TP_ERR_TEXT(-EAGAIN, bo->name, "work on %s has not ended");
}

static void take_page(struct tp_bo *bo, struct tp_bo_chunk *chunk, tp_pfn new)
{
	tp_page_copy(bo->device->machine, new, chunk->pfn, chunk->order);
	chunk->pfn = new;
}

/*
 * B1, B2: the new page is mapped before anything is cut, and what is left over, whichever of the
 * two it is, is unmapped before it goes.  Only the table of I/O addresses may need the heap, and it
 * is asked first.
 */
static int move_mapped(struct tp_bo *bo, struct tp_bo_chunk *chunk, tp_pfn new)
{
	struct tp_bo_device *d = bo->device;
	tp_dma_addr other;
	int err = tp_bo_map(bo, new, chunk->order, &other);

	if (err)
		return err;
	err = tp_bo_cut(bo);
	if (!err) {
		tp_dma_addr old = { chunk->address };

		take_page(bo, chunk, new);
		chunk->address = other.v;
		other = old;
	}
	tp_dma_unmap(d->domain, other, tp_bo_chunk_bytes(chunk));
	tp_bo_rebind(bo);
	return err ? TP_ERR_TEXT(-EBUSY, bo->name, "the device does not forget %s") : 0;
}

static int move_chunk(struct tp_bo *bo, struct tp_bo_chunk *chunk, tp_pfn new)
{
	if (bo->place == TP_BO_SYSTEM)
		return move_mapped(bo, chunk, new);
	take_page(bo, chunk, new);
	return 0;
}

void tp_bo_count_moved(struct tp_bo_device *d, uint64_t pages)
{
	tp_spin_lock(&d->lock);
	d->stat.moved_pages += pages;
	tp_spin_unlock(&d->lock);
}

static int migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new, unsigned order)
{
	struct tp_bo_device *d = device_of(owner);
	struct tp_bo_chunk *chunk;
	struct tp_bo *bo;
	int err = hold_page(d, cookie, old, order, &bo, &chunk);

	if (err)
		return err;
	err = bo->pins ? TP_ERR_TEXT(-EBUSY, bo->name, "%s is pinned") : tp_bo_wait_for_work(bo);
	if (!err)
		err = move_chunk(bo, chunk, new);
	if (!err)
		tp_bo_count_moved(d, UINT64_C(1) << order);
	tp_resv_unhold(bo->resv);
	return err;
}

/* ---- make it small --------------------------------------------------------------------------- */

/* The device sees no difference: the addresses stay. */
static void split_chunk(struct tp_bo *bo, struct tp_bo_chunk *chunk)
{
	struct tp_bo_memory *memory = tp_bo_memory_of(bo);
	const struct tp_bo_chunk whole = *chunk;
	uint32_t n = 1u << whole.order;
	size_t behind = (size_t)(memory->chunks + memory->nr_chunks - (chunk + 1));

	memmove(chunk + n, chunk + 1, behind * sizeof(*chunk));
	for (uint32_t i = 0; i < n; i++)
		chunk[i] = (struct tp_bo_chunk){ .address = whole.address + i * TP_PAGE_SIZE,
						 .pfn = { whole.pfn.v + i },
						 .page = whole.page + i };
	memory->nr_chunks += n - 1;
	bo->nr_chunks = memory->nr_chunks;
}

static int split(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct tp_bo_device *d = device_of(owner);
	struct tp_bo_chunk *chunk;
	struct tp_bo *bo;
	int err = hold_page(d, cookie, pfn, order, &bo, &chunk);

	if (err)
		return err;
	/* Not for nothing: its pages would be asked for next. */
	if (!tp_bo_may_move(bo))
		err = TP_ERR_TEXT(-EBUSY, bo->name, "%s is in use");
	if (!err)
		err = tp_page_split(d->machine, pfn, order);
	if (!err)
		split_chunk(bo, chunk);
	tp_resv_unhold(bo->resv);
	return err;
}

/* ---- have it, and what it is ----------------------------------------------------------------- */

static int release(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct tp_bo_chunk *chunk;
	struct tp_bo *bo;
	int err = hold_page(device_of(owner), cookie, pfn, order, &bo, &chunk);

	if (err)
		return err;
	err = tp_bo_purge(bo);
	tp_resv_unhold(bo->resv);
	return err;
}

/* "tex0 page 12 of 64, in use by rcs0" */
static void describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf, size_t len)
{
	struct tp_bo_device *d = device_of(owner);
	const struct tp_bo_memory *memory;
	const char *busy = NULL;
	struct tp_bo *bo;

	tp_spin_lock(&d->lock);
	memory = tp_bo_quarantine_find(d, cookie, pfn);
	bo = tp_bo_find(d, cookie);
	if (memory) {
		snprintf(buf, len, "%s page %u of %u, quarantined", memory->name,
			 cookie - tp_bo_cookie(memory->slot, 0), memory->nr_pages);
	} else if (bo) {
		busy = tp_resv_busy_with(bo->resv);
		snprintf(buf, len, "%s page %u of %u%s%s", bo->name,
			 cookie - tp_bo_cookie(bo->slot, 0), tp_bo_pages(bo),
			 busy ? ", in use by " : "", busy ? busy : "");
	} else {
		snprintf(buf, len, "of an object that goes");
	}
	tp_spin_unlock(&d->lock);
}

const struct tp_owner_ops tp_bo_owner_ops = {
	.migrate = migrate, .release = release, .describe = describe, .split = split
};
