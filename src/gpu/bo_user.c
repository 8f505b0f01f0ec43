/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bo_user - objects whose memory is a program's: a range of a mapping, in which the device works
 * too.
 *
 * Its pages move when the mapping's do, and the driver is asked before.  It then takes all of the
 * object out of the device's reach, and looks where the pages are when it is wanted there again.
 *
 * Invariants
 *  U1  Within reach (SYSTEM) chunks say where the pages are: a page moves only if the object could
 *      be held, was idle, and the device has forgotten it (B1).  Otherwise it stays.
 *  U2  Whoever lets a page move holds the object until it has.
 *  U3  What is quarantined has its mirror, which refuses: its pages stay, and so does the mapping.
 *
 * Locking: as bo.h; the mapping's lock of mirrors is taken by who holds an object, and has it who
 * then only tries to hold one.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/bo_internal.h"
#include "mm/mapping_internal.h"

struct tp_bo_user {
	struct tp_mirror mirror;
	struct tp_bo_device *device;
	struct tp_bo_memory *memory;
	/* of the page that moves, while @bo is held for that */
	struct tp_bo *bo;
	tp_pfn from;
};

/* ---- when pages move ------------------------------------------------------------------------- */

static struct tp_bo_user *user_of(struct tp_mirror *mirror)
{
	return tp_container_of(mirror, struct tp_bo_user, mirror);
}

/* The object that has this memory, held; U3. */
static int hold_object(struct tp_bo_user *user, struct tp_bo **bo)
{
	struct tp_bo_memory *memory = user->memory;
	struct tp_bo_device *d = user->device;
	int err = 0;

	tp_spin_lock(&d->lock);
	*bo = tp_bo_find(d, tp_bo_cookie(memory->slot, 0));
	if (!tp_list_empty(&memory->link))
		err = TP_ERR_TEXT(-EBUSY, memory->name, "%s is quarantined");
	else if (!*bo || !tp_resv_try_hold((*bo)->resv))
		err = TP_ERR_TEXT(-EAGAIN, memory->name, "%s is in use");
	tp_spin_unlock(&d->lock);
	if (err || ((*bo)->chunks == memory->chunks))
		return err;
	tp_resv_unhold((*bo)->resv);
	return TP_ERR_TEXT(-EAGAIN, memory->name, "%s comes or goes");
}

/* The part of the object that is about to move, or has: its first page, and how many there are. */
static uint64_t part(const struct tp_bo_user *user, uint64_t page, uint64_t nr, uint64_t *count)
{
	const uint64_t first = user->mirror.offset >> TP_PAGE_SHIFT;
	const uint64_t from = TP_MAX(page, first);
	const uint64_t end = TP_MIN(page + nr, first + user->memory->nr_pages);

	*count = end - from;
	return from - first;
}

static tp_pfn where(struct tp_bo_user *user, uint64_t page, uint64_t nr)
{
	uint64_t count;
	tp_pfn pfn;

	tp_mirror_pages(&user->mirror, part(user, page, nr, &count), 1, &pfn);
	return pfn;
}

static int let_go(struct tp_bo *bo)
{
	int err;

	if (bo->pins)
		return TP_ERR_TEXT(-EBUSY, bo->name, "%s is pinned");
	if (!tp_bo_is_in_reach(bo))
		return 0;
	err = tp_bo_wait_for_work(bo);
	if (!err && tp_bo_leave_reach(bo))
		err = TP_ERR_TEXT(-EBUSY, bo->name, "the device does not forget %s");
	return err;
}

static int begin(struct tp_mirror *mirror, uint64_t page, uint64_t nr)
{
	struct tp_bo_user *user = user_of(mirror);
	struct tp_bo *bo;
	int err = hold_object(user, &bo);

	if (err)
		return err;
	err = let_go(bo);
	if (err) {
		tp_resv_unhold(bo->resv);
		return err;
	}
	user->bo = bo;
	user->from = where(user, page, nr);
	return 0;
}

static void end(struct tp_mirror *mirror, uint64_t page, uint64_t nr)
{
	struct tp_bo_user *user = user_of(mirror);
	uint64_t count;

	part(user, page, nr, &count);
	if (where(user, page, nr).v != user->from.v)
		tp_bo_count_moved(user->device, count);
	tp_resv_unhold(user->bo->resv);
}

static const struct tp_mirror_ops ops = { .begin = begin, .end = end };

/* ---- where pages are ------------------------------------------------------------------------- */

static void find_pages(struct tp_bo_memory *memory)
{
	enum { AT_ONCE = 64 };
	tp_pfn pfns[AT_ONCE];

	for (uint32_t page = 0, n; page < memory->nr_pages; page += n) {
		n = TP_MIN(memory->nr_pages - page, (uint32_t)AT_ONCE);
		tp_mirror_pages(&memory->user->mirror, page, n, pfns);
		for (uint32_t i = 0; i < n; i++)
			memory->chunks[page + i] =
				(struct tp_bo_chunk){ .pfn = pfns[i], .page = page + i };
	}
	memory->nr_chunks = memory->nr_pages;
}

/* From @at, a single page, on: consecutive, and where such a chunk may begin. */
static bool is_run(const struct tp_bo_memory *memory, uint32_t at, unsigned order)
{
	const struct tp_bo_chunk *chunks = memory->chunks;
	const uint32_t n = 1u << order;
	bool is = !(at & (n - 1)) && memory->nr_pages - at >= n;

	for (uint32_t i = 1; is && i < n; i++)
		is = chunks[at + i].pfn.v == chunks[at].pfn.v + i;
	return is;
}

/* Single pages become chunks as large as memory that was taken for the device would have. */
static void join_pages(struct tp_bo_memory *memory)
{
	static const uint8_t orders[] = { TP_BO_HUGE_ORDER, TP_BO_BIG_ORDER, 0 };
	uint32_t n = 0;

	for (uint32_t page = 0; page < memory->nr_pages; page += 1u << memory->chunks[n++].order) {
		const uint8_t *order = orders;

		while (!is_run(memory, page, *order))
			order++;
		memory->chunks[n] = memory->chunks[page];
		memory->chunks[n].order = *order;
	}
	memory->nr_chunks = n;
}

void tp_bo_user_find(struct tp_bo_memory *memory)
{
	find_pages(memory);
	join_pages(memory);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int mirror(struct tp_bo *bo, struct tp_bo_memory *memory, struct tp_mapping *mapping,
		  uint64_t offset)
{
	struct tp_bo_user *user = tp_zalloc(sizeof(*user));
	int err;

	if (!user)
		return TP_ERR_TEXT(-ENOMEM, bo->name, "no memory to follow %s");
	user->device = bo->device;
	user->memory = memory;
	user->mirror = (struct tp_mirror){ .ops = &ops,
					   .name = bo->device->owner.name,
					   .mapping = mapping,
					   .offset = offset,
					   .length = bo->size };
	err = tp_mirror_register(&user->mirror);
	if (err)
		tp_free(user);
	else
		memory->user = user;
	return err;
}

int tp_bo_adopt(struct tp_bo *bo, struct tp_mapping *mapping, uint64_t offset)
{
	struct tp_bo_memory *memory;
	int err;

	if (mapping->machine != bo->device->machine)
		return TP_ERR_TEXT(-EINVAL, bo->name, "%s would be of another machine");
	memory = tp_bo_memory_make(bo, TP_BO_CPU);
	if (!memory)
		return TP_ERR_TEXT(-ENOMEM, bo->name, "no memory for %s");
	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	err = mirror(bo, memory, mapping, offset);
	if (err)
		tp_free(memory);
	else
		tp_bo_attach(bo, memory);
	tp_resv_unhold(bo->resv);
	return err;
}

void tp_bo_user_end(struct tp_bo_memory *memory)
{
	tp_mirror_unregister(&memory->user->mirror);
	tp_free(memory->user);
}
