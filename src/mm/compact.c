/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* compact - whole pageblocks out of scattered pages. */
#include <errno.h>

#include "core/error.h"
#include "mm/pcp.h"
#include "mm/reclaim_internal.h"
#include "mm/zone.h"

/* ---- until there is a run of some order ------------------------------------------------------ */

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
			if (zone->free.lists[t][o] != TP_PB_NIL)
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

static struct tp_evacuation within(struct tp_zone *zone, struct tp_reclaimer *r)
{
	return (struct tp_evacuation){
		.machine = zone->machine,
		.node = zone->node,
		.targets = TP_NODE_BIT(zone->node),
		.stop = tp_reclaimer_stopping,
		.arg = r,
	};
}

static void count_emptied(struct tp_zone *zone, unsigned n)
{
	tp_atomic_count(&zone->machine->blocks_compacted, n);
	tp_quiet_add(&zone->machine->nodes[zone->node].counts.compacted, n);
}

unsigned tp_compact_zone(struct tp_zone *zone, unsigned order, struct tp_reclaimer *r)
{
	struct tp_evacuation e = within(zone, r);
	unsigned emptied = 0;
	uint32_t pb;

	for (unsigned tries = 0;
	     tries < 8 && !tp_reclaimer_stopping(r) && find_source(zone, order, &pb); tries++) {
		tp_evacuate_pageblock(zone, pb, &e);
		emptied += tp_pageblock_free(zone, pb) == TP_PAGEBLOCK_PAGES;
	}
	count_emptied(zone, emptied);
	return emptied;
}

/* ---- as far as it goes ----------------------------------------------------------------------- */

/* A pageblock that may be emptied next: emptier ones go first, of equals the higher. */
struct candidate {
	uint32_t pb;
	unsigned free;
};

static bool comes_before(struct candidate a, struct candidate b)
{
	return a.free != b.free ? a.free > b.free : a.pb > b.pb;
}

static bool is_scattered(struct tp_zone *zone, uint32_t pb)
{
	struct tp_machine *m = zone->machine;

	return tp_pfn_zone(m, tp_pb_start(pb)) == zone && tp_pb_type(m, pb) == TP_MIGRATE_MOVABLE &&
	       !tp_zone_isolated(zone, pb) && m->pageblocks[pb].nr_free &&
	       m->pageblocks[pb].nr_free < TP_PAGEBLOCK_PAGES;
}

/*
 * The candidate after @c, if its pages fit into the gaps of the others: filling a whole pageblock
 * in order to empty one gains nothing.
 */
static bool next_candidate(struct tp_zone *zone, struct candidate *c)
{
	uint32_t first = (uint32_t)(zone->start_pfn >> TP_PAGEBLOCK_ORDER);
	struct candidate next = { .pb = TP_PB_NIL };
	uint64_t gaps = 0;

	tp_spin_assert_held(&zone->lock);
	for (uint32_t pb = first; pb < first + (zone->spanned >> TP_PAGEBLOCK_ORDER); pb++) {
		struct candidate it = { pb, zone->machine->pageblocks[pb].nr_free };

		if (!is_scattered(zone, pb))
			continue;
		gaps += it.free;
		if (comes_before(*c, it) && (next.pb == TP_PB_NIL || comes_before(it, next)))
			next = it;
	}
	*c = next;
	return next.pb != TP_PB_NIL && gaps - next.free >= TP_PAGEBLOCK_PAGES - next.free;
}

/*
 * Every candidate once, the emptiest first, so that the fullest fill up.  One that could not be
 * emptied is not tried again; that would go on for ever.
 */
static unsigned compact_fully(struct tp_zone *zone)
{
	struct tp_evacuation e = within(zone, NULL);
	struct candidate c = { .pb = TP_PB_NIL, .free = TP_PAGEBLOCK_PAGES };
	unsigned emptied = 0;
	bool found;

	tp_pcp_drain_zone(zone); /* what lies in lists is neither gap nor page in use */
	for (;;) {
		tp_spin_lock(&zone->lock);
		found = next_candidate(zone, &c);
		tp_spin_unlock(&zone->lock);
		if (!found)
			break;
		tp_evacuate_pageblock(zone, c.pb, &e);
		emptied += tp_pageblock_free(zone, c.pb) == TP_PAGEBLOCK_PAGES;
	}
	count_emptied(zone, emptied);
	return emptied;
}

unsigned tp_node_compact(struct tp_machine *m, int node)
{
	unsigned emptied = 0;

	if (!tp_node_valid(m, node)) {
		TP_ERR(-EINVAL, "node %d is not one of %u", node, m->nr_nodes);
		return 0;
	}
	for (int t = TP_ZONE_DMA; t <= TP_ZONE_MOVABLE; t++)
		emptied += compact_fully(tp_zone_of(m, node, (enum tp_zone_type)t));
	tp_trace(m->trace, TP_TRACE_kcompactd, (uint64_t)node, emptied, TP_MAX_ORDER);
	return emptied;
}
