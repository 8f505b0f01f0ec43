/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reclaim - demotion and release, a pageblock at a time. */
#include "mm/reclaim_internal.h"
#include "mm/zone.h"
#include "mm/zonelist.h"

bool tp_reclaimer_stopping(void *arg)
{
	struct tp_reclaimer *r = arg;

	return r && tp_atomic_load(&r->stop, TP_ACQUIRE);
}

/* ---- one pageblock --------------------------------------------------------------------------- */

uint64_t tp_pageblock_free(struct tp_zone *zone, uint32_t pb)
{
	uint64_t n;

	tp_spin_lock(&zone->lock);
	n = zone->machine->pageblocks[pb].nr_free;
	tp_spin_unlock(&zone->lock);
	return n;
}

uint64_t tp_evacuate_pageblock(struct tp_zone *zone, uint32_t pb, struct tp_evacuation *e)
{
	struct tp_range range = { tp_pb_start(pb), TP_PAGEBLOCK_PAGES, zone };
	uint64_t before, after;

	if (tp_isolate_range(&range))
		return 0; /* it takes part in an offline, or in another CPU's compaction */
	before = tp_pageblock_free(zone, pb);
	tp_evacuate_begin(e);
	tp_evacuate(e, &range);
	after = tp_pageblock_free(zone, pb);
	tp_unisolate_range(&range);
	return after > before ? after - before : 0;
}

/* ---- a zone ---------------------------------------------------------------------------------- */

static uint64_t below_high(struct tp_zone *zone)
{
	uint64_t missing;

	tp_spin_lock(&zone->lock);
	missing = zone->watermark[TP_WMARK_HIGH] > zone->nr_free
			  ? zone->watermark[TP_WMARK_HIGH] - zone->nr_free
			  : 0;
	tp_spin_unlock(&zone->lock);
	return missing;
}

/* Where the tiers want pages of this node to go; empty: nowhere lower. */
static struct tp_evacuation demotion_of(struct tp_zone *zone, struct tp_reclaimer *r)
{
	struct tp_machine *m = zone->machine;
	struct tp_node *node = &m->nodes[zone->node];
	uint64_t preferred = tp_atomic_load(&node->demotion_preferred, TP_ACQUIRE);
	uint64_t allowed = tp_atomic_load(&node->demotion_allowed, TP_ACQUIRE) | preferred;
	struct tp_evacuation e = { .machine = m,
				   .may_release = true,
				   .demotion = true,
				   .stop = tp_reclaimer_stopping,
				   .arg = r };

	if (tp_atomic_load(&m->demotion_enabled, TP_ACQUIRE) && preferred) {
		e.node = __builtin_ctzll(preferred);
		e.targets = (tp_nodemask){ allowed };
	}
	return e;
}

static bool next_used_pageblock(struct tp_zone *zone, uint32_t *pb)
{
	struct tp_machine *m = zone->machine;
	bool found = false;

	tp_spin_lock(&zone->lock);
	for (uint64_t i = 0; i < zone->spanned >> TP_PAGEBLOCK_ORDER && !found; i++) {
		uint32_t first = (uint32_t)(zone->start_pfn >> TP_PAGEBLOCK_ORDER);
		uint32_t n = (uint32_t)(zone->spanned >> TP_PAGEBLOCK_ORDER);

		*pb = first + zone->reclaim_cursor++ % n;
		found = tp_pfn_zone(m, tp_pb_start(*pb)) == zone && !tp_zone_isolated(zone, *pb) &&
			m->pageblocks[*pb].nr_free < TP_PAGEBLOCK_PAGES;
	}
	tp_spin_unlock(&zone->lock);
	return found;
}

static uint32_t pageblocks_of(struct tp_zone *zone)
{
	uint32_t n;

	tp_spin_lock(&zone->lock);
	n = zone->nr_pageblocks;
	tp_spin_unlock(&zone->lock);
	return n;
}

/* Looks at each pageblock once at most. */
uint64_t tp_reclaim_zone(struct tp_zone *zone, struct tp_reclaimer *r)
{
	struct tp_evacuation e = demotion_of(zone, r);
	uint32_t pb, n = pageblocks_of(zone);
	uint64_t freed = 0;

	for (uint32_t i = 0; i < n && below_high(zone) && !tp_reclaimer_stopping(r); i++) {
		if (!next_used_pageblock(zone, &pb))
			break;
		freed += tp_evacuate_pageblock(zone, pb, &e);
	}
	if (e.moved)
		tp_trace(zone->machine->trace, TP_TRACE_demote, (uint64_t)zone->node,
			 (uint64_t)e.node, e.moved);
	return freed;
}

/* ---- in the caller's thread ------------------------------------------------------------------ */

bool tp_reclaim_direct(struct tp_machine *m, const struct tp_zonelist *list, tp_nodemask nodes,
		       unsigned order)
{
	struct tp_zone *zone;
	uint64_t progress = 0;

	tp_for_each_zone_in(zone, m, list) {
		if (nodes.v && !(nodes.v >> zone->node & 1))
			continue;
		progress += order ? tp_compact_zone(zone, order, NULL) : 0;
		if (!progress)
			progress += tp_reclaim_zone(zone, NULL);
		if (progress)
			return true;
	}
	return false;
}
