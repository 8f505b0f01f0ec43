/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping_move - what a mapping does when one of its pages must go: ask who mirrors it, hold, copy,
 * show, let go.
 *
 * Fault sites: those of mapping_show.c.
 */
#include <errno.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/mapping_internal.h"

/* While held, the stretch is a kernel mapping of its own and cuts its neighbours off. */
enum { HOLD_MAPPINGS = 2 };

static void raise_to(tp_atomic_u64 *max, uint64_t value)
{
	uint64_t now = tp_atomic_load(max, TP_RELAXED);

	while (value > now && !tp_atomic_cas(max, &now, value, TP_ACQ_REL))
		;
}

static void set_pfns(struct tp_mapping *map, uint64_t page, tp_pfn pfn, unsigned order)
{
	for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
		map->pfns[page + i] = (uint32_t)(pfn.v + i);
}

/*
 * A chunk that was never written needs no copy, only a new home that reads as zero too.  False:
 * copied.
 */
static bool move_hole(struct tp_machine *m, tp_pfn old, tp_pfn new, unsigned order)
{
	uint64_t n = UINT64_C(1) << order;

	return order == TP_PAGEBLOCK_ORDER && tp_backing_is_hole(&m->backing, old, n) &&
	       (tp_backing_is_hole(&m->backing, new, n) || tp_backing_punch(&m->backing, new, n));
}

/* Fresh memory is zeroed when it is first touched: that need not happen while writers wait. */
static void warm_up(struct tp_machine *m, tp_pfn old, tp_pfn new, unsigned order)
{
	if (order && !tp_backing_is_hole(&m->backing, old, UINT64_C(1) << order))
		tp_backing_populate(&m->backing, new, UINT64_C(1) << order);
}

/*
 * With writers held: content to @new, and the address to @new.  On failure the table still says
 * @old.
 */
static int copy_and_show(struct tp_mapping *map, uint64_t page, tp_pfn old, tp_pfn new,
			 unsigned order)
{
	bool hole = move_hole(map->machine, old, new, order);
	int err;

	if (!hole)
		tp_mapping_copy(map, page, old, new, order);
	if (TP_MUTANT(let_go_early))
		tp_mapping_let_go(map, page, UINT64_C(1) << order, false);
	set_pfns(map, page, new, order);
	err = tp_mapping_show(map, page, UINT64_C(1) << order, !hole);
	if (err && !TP_MUTANT(show_failure_kept))
		set_pfns(map, page, old, order);
	return err;
}

static int move_held(struct tp_mapping *map, uint64_t page, tp_pfn old, tp_pfn new, unsigned order)
{
	struct tp_machine *m = map->machine;
	uint64_t n = UINT64_C(1) << order, size = n << TP_PAGE_SHIFT;
	uint64_t at = (uintptr_t)map->base + (page << TP_PAGE_SHIFT), begin;
	int err;

	warm_up(m, old, new, order);
	begin = tp_clock_now();
	err = TP_MUTANT(move_unheld) ? 0 : tp_mapping_hold(map, page, n);
	if (err)
		return err;
	tp_trace(m->trace, TP_TRACE_hold_begin, at, size, 0);
	err = copy_and_show(map, page, old, new, order);
	tp_mapping_let_go(map, page, n, !err);
	tp_trace(m->trace, TP_TRACE_hold_end, at, size, 0);
	raise_to(&map->worst_hold_ns, tp_clock_now() - begin);
	raise_to(&m->worst_hold_ns, tp_clock_now() - begin);
	return err;
}

/*
 * Move pages whose cost in kernel mappings has been paid for the worst case; settle it afterwards.
 */
static int move_charged(struct tp_mapping *map, uint64_t page, tp_pfn old, tp_pfn new,
			unsigned order)
{
	uint64_t end = page + (UINT64_C(1) << order);
	uint64_t before = tp_mapping_runs(map, page, end), after;
	int err = move_held(map, page, old, new, order);

	after = tp_mapping_runs(map, page, end);
	map->kernel_mappings += after - before;
	tp_backing_charge(&map->machine->backing, (int64_t)(after - before) - HOLD_MAPPINGS);
	return err;
}

static int move(struct tp_mapping *map, uint64_t page, tp_pfn old, tp_pfn new, unsigned order)
{
	int err;

	if (!map->gone && !map->shown)
		return -EAGAIN;
	if (map->gone || map->pfns[page] != old.v)
		return -ENOENT;
	TP_INVARIANT(tp_chunk_of(map, page)->huge == (order > 0));
	err = tp_backing_charge(&map->machine->backing, HOLD_MAPPINGS);
	if (!err)
		err = move_charged(map, page, old, new, order);
	if (!err) {
		tp_quiet_sub(&tp_pfn_zone(map->machine, old)->mapping_pages, UINT64_C(1) << order);
		tp_quiet_add(&tp_pfn_zone(map->machine, new)->mapping_pages, UINT64_C(1) << order);
		tp_atomic_count(&map->moves, 1);
		tp_atomic_count(&map->pages_moved, UINT64_C(1) << order);
	}
	return err;
}

static struct tp_mapping *mapping_of(struct tp_owner *owner)
{
	return tp_container_of(owner, struct tp_mapping, owner);
}

static int mapping_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
			   unsigned order)
{
	struct tp_mapping *map = mapping_of(owner);
	int err = tp_mapping_begin_move(map, cookie, UINT64_C(1) << order);

	if (err)
		return err;
	tp_mutex_lock(&map->lock);
	err = move(map, cookie, old, new, order);
	tp_mutex_unlock(&map->lock);
	tp_mapping_end_move(map, cookie, UINT64_C(1) << order);
	return err;
}

static int mapping_split(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct tp_mapping *map = mapping_of(owner);
	int err = -ENOENT;

	tp_mutex_lock(&map->lock);
	if (map->shown && !map->gone && map->pfns[cookie] == pfn.v)
		err = tp_page_split(map->machine, pfn, order);
	if (!err)
		tp_chunk_of(map, cookie)->huge = false;
	tp_mutex_unlock(&map->lock);
	return err;
}

static void mapping_describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf,
			     size_t len)
{
	struct tp_mapping *map = mapping_of(owner);
	const struct tp_mapping_chunk *chunk;
	char mirror[TP_BLOCKER_TEXT / 2];

	(void)pfn;
	tp_mapping_mirror_name(map, cookie, mirror, sizeof(mirror));
	tp_mutex_lock(&map->lock);
	chunk = tp_chunk_of(map, cookie);
	snprintf(buf, len, "offset %#llx%s%s%s%s", (unsigned long long)cookie << TP_PAGE_SHIFT,
		 chunk->pins ? ", pinned by " : "", chunk->pins ? chunk->who : "",
		 *mirror ? ", mirrored by " : "", mirror);
	tp_mutex_unlock(&map->lock);
}

const struct tp_owner_ops tp_mapping_owner_ops = {
	.migrate = mapping_migrate,
	.split = mapping_split,
	.describe = mapping_describe,
};
