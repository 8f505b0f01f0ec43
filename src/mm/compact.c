/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* compact - whole pageblocks out of scattered pages. */
#include "mm/reclaim_internal.h"
#include "mm/zone.h"

/* The emptiest movable pageblock whose pages fit elsewhere in the zone. */
static bool best_source(struct tp_zone *zone, uint32_t *best)
{
	struct tp_machine *m = zone->machine;
	uint32_t first = (uint32_t)(zone->start_pfn >> TP_PAGEBLOCK_ORDER);
	uint64_t most = TP_PAGEBLOCK_PAGES / 2 - 1; /* a fuller one is not worth the copying */

	*best = TP_PB_NIL;
	for (uint32_t pb = first; pb < first + (zone->spanned >> TP_PAGEBLOCK_ORDER); pb++) {
		uint64_t free;

		/* Zones overlap in span, and another zone's record stands under another lock. */
		if (tp_pfn_zone(m, tp_pb_start(pb)) != zone ||
		    tp_pb_type(m, pb) != TP_MIGRATE_MOVABLE || tp_zone_isolated(zone, pb))
			continue;
		free = m->pageblocks[pb].nr_free;
		if (free < TP_PAGEBLOCK_PAGES && free > most) {
			most = free;
			*best = pb;
		}
	}
	return *best != TP_PB_NIL &&
	       zone->nr_free - most >= TP_PAGEBLOCK_PAGES - most + zone->watermark[TP_WMARK_MIN];
}

static bool has_run(const struct tp_zone *zone, unsigned order)
{
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		for (unsigned o = order; o <= TP_MAX_ORDER; o++)
			if (zone->lists[t][o] != TP_PB_NIL)
				return true;
	return false;
}

/*
 * A pageblock to empty so that a run of @order comes to be; false: there is one, or no way to one.
 */
static bool find_source(struct tp_zone *zone, unsigned order, uint32_t *pb)
{
	bool found;

	tp_spin_lock(&zone->lock);
	found = zone->managed && !has_run(zone, order) && best_source(zone, pb);
	tp_spin_unlock(&zone->lock);
	return found;
}

unsigned tp_compact_zone(struct tp_zone *zone, unsigned order, struct tp_reclaimer *r)
{
	struct tp_evacuation e = {
		.machine = zone->machine,
		.node = zone->node,
		.targets = TP_NODE_BIT(zone->node),
		.stop = tp_reclaimer_stopping,
		.arg = r,
	};
	unsigned emptied = 0;
	uint32_t pb;

	for (unsigned tries = 0;
	     tries < 8 && !tp_reclaimer_stopping(r) && find_source(zone, order, &pb); tries++) {
		tp_evacuate_pageblock(zone, pb, &e);
		emptied += tp_pageblock_free(zone, pb) == TP_PAGEBLOCK_PAGES;
	}
	tp_atomic_count(&zone->machine->blocks_compacted, emptied);
	return emptied;
}
