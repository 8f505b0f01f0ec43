/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zone - the free pages of a zone: pageblocks on lists by the largest free run they hold, by
 * migratetype.
 *
 * Invariants: B1 to B5 of pageblock.h, and
 *  Z1  its lists are of its own pageblocks (F1 of freelist.h).
 *  Z2  nr_free = sum of nr_free of blocks that are not isolated; nr_isolated_free = that of the
 *      isolated ones (T22).
 *  Z3  nr_allocated - nr_freed = managed - nr_free - nr_isolated_free, whenever the lock is free:
 *      what is in use, in a per-CPU list or on its way.  Pages that come online or go offline are
 *      neither allocated nor freed.
 *
 * Small requests take from the fullest blocks first, so that whole pageblocks stay whole.
 * Locking: every function here needs the zone lock, except the two of fallback order and the hint.
 */
#ifndef TP_MM_ZONE_H
#define TP_MM_ZONE_H

#include "mm/machine.h"

void tp_zone_init(struct tp_zone *zone, struct tp_machine *m, int node, enum tp_zone_type type);

/* Take 2^order pages of @type, from other types' blocks if need be.  False: none. */
bool tp_zone_take(struct tp_zone *zone, unsigned order, enum tp_migratetype type, tp_pfn *pfn);
/* Take up to @want single pages, lowest addresses last; returns how many. */
unsigned tp_zone_take_bulk(struct tp_zone *zone, enum tp_migratetype type, uint32_t *pages,
			   unsigned want);
/* Give 2^order pages back; into an isolated block they go without becoming available. */
void tp_zone_give(struct tp_zone *zone, tp_pfn pfn, unsigned order);

/*
 * Set the flag and take the block's free pages off the lists and out of nr_free, or the reverse
 * (T26).
 */
void tp_zone_isolate(struct tp_zone *zone, uint32_t pb);
void tp_zone_unisolate(struct tp_zone *zone, uint32_t pb);

/* Change the type of a block; its free pages change lists with it. */
void tp_zone_set_type(struct tp_zone *zone, uint32_t pb, enum tp_migratetype type);

static inline bool tp_zone_isolated(struct tp_zone *zone, uint32_t pb)
{
	return tp_atomic_load(&zone->machine->pageblocks[pb].isolated, TP_RELAXED);
}

static inline enum tp_migratetype tp_pb_type(struct tp_machine *m, uint32_t pb)
{
	return (enum tp_migratetype)tp_atomic_load(&m->pageblocks[pb].migratetype, TP_RELAXED);
}

/*
 * Recompute watermarks and reserves of all zones from what they manage; under the hotplug lock,
 * without zone locks.
 */
void tp_watermarks_update(struct tp_machine *m);

#endif
