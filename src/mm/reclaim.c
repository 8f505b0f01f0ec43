/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reclaim - demotion, release and compaction, a pageblock at a time. */
#include "mm/reclaim.h"

#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "mm/migrate.h"
#include "mm/modules.h"
#include "mm/zone.h"
#include "mm/zonelist.h"

struct tp_reclaimer {
	struct tp_machine *machine;
	int node;
	struct tp_thread thread;
	struct tp_wait_queue wq;
	tp_atomic_u32 stop;
	tp_atomic_u32 wanted; /* 0: nothing; else order + 1 */
	void (*work)(struct tp_reclaimer *r, unsigned order);
};

static bool stopping(void *arg)
{
	struct tp_reclaimer *r = arg;

	return r && tp_atomic_load(&r->stop, TP_ACQUIRE);
}

/* ---- one pageblock --------------------------------------------------------------------------- */

static uint64_t free_in(struct tp_zone *zone, uint32_t pb)
{
	uint64_t n;

	tp_spin_lock(&zone->lock);
	n = zone->machine->pageblocks[pb].nr_free;
	tp_spin_unlock(&zone->lock);
	return n;
}

/*
 * Isolate a pageblock, move or release what can be, undo.  Returns the pages that became free in
 * it.
 */
static uint64_t evacuate_pageblock(struct tp_zone *zone, uint32_t pb, struct tp_evacuation *e)
{
	struct tp_range range = { tp_pb_start(pb), TP_PAGEBLOCK_PAGES, zone };
	uint64_t before, after;

	if (tp_isolate_range(&range))
		return 0; /* it takes part in an offline, or in another CPU's compaction */
	before = free_in(zone, pb);
	tp_evacuate_begin(e);
	tp_evacuate(e, &range);
	after = free_in(zone, pb);
	tp_unisolate_range(&range);
	return after > before ? after - before : 0;
}

/* ---- reclaim --------------------------------------------------------------------------------- */

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
	struct tp_evacuation e = {
		.machine = m, .may_release = true, .demotion = true, .stop = stopping, .arg = r
	};

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

		*pb = first + zone->compact_cursor++ % n;
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

/* Free pages of the zone up to its high watermark, looking at each pageblock once at most. */
static uint64_t reclaim_zone(struct tp_zone *zone, struct tp_reclaimer *r)
{
	struct tp_evacuation e = demotion_of(zone, r);
	uint32_t pb, n = pageblocks_of(zone);
	uint64_t freed = 0;

	for (uint32_t i = 0; i < n && below_high(zone) && !stopping(r); i++) {
		if (!next_used_pageblock(zone, &pb))
			break;
		freed += evacuate_pageblock(zone, pb, &e);
	}
	if (e.moved)
		tp_trace(zone->machine->trace, TP_TRACE_demote, (uint64_t)zone->node,
			 (uint64_t)e.node, e.moved);
	return freed;
}

static void kswapd_work(struct tp_reclaimer *r, unsigned order)
{
	uint64_t freed = 0;

	for (int t = TP_ZONE_DMA; t <= TP_ZONE_MOVABLE; t++)
		freed += reclaim_zone(tp_zone_of(r->machine, r->node, (enum tp_zone_type)t), r);
	tp_trace(r->machine->trace, TP_TRACE_kswapd, (uint64_t)r->node, freed, order);
}

/* ---- compaction ------------------------------------------------------------------------------ */

/* The emptiest movable pageblock whose pages fit elsewhere in the zone. */
static bool best_source(struct tp_zone *zone, uint32_t *best)
{
	struct tp_machine *m = zone->machine;
	uint32_t first = (uint32_t)(zone->start_pfn >> TP_PAGEBLOCK_ORDER);
	uint64_t most = TP_PAGEBLOCK_PAGES / 2 - 1; /* a fuller one is not worth the copying */

	*best = TP_PB_NIL;
	for (uint32_t pb = first; pb < first + (zone->spanned >> TP_PAGEBLOCK_ORDER); pb++) {
		uint64_t free = m->pageblocks[pb].nr_free;

		if (tp_pfn_zone(m, tp_pb_start(pb)) == zone &&
		    tp_pb_type(m, pb) == TP_MIGRATE_MOVABLE && !tp_zone_isolated(zone, pb) &&
		    free < TP_PAGEBLOCK_PAGES && free > most) {
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

/* Empty pageblocks until the zone has a run of @order; returns how many were emptied. */
static unsigned compact_zone(struct tp_zone *zone, unsigned order, struct tp_reclaimer *r)
{
	struct tp_evacuation e = {
		.machine = zone->machine,
		.node = zone->node,
		.targets = TP_NODE_BIT(zone->node),
		.stop = stopping,
		.arg = r,
	};
	unsigned emptied = 0;
	uint32_t pb;

	for (unsigned tries = 0; tries < 8 && !stopping(r) && find_source(zone, order, &pb);
	     tries++) {
		evacuate_pageblock(zone, pb, &e);
		emptied += free_in(zone, pb) == TP_PAGEBLOCK_PAGES;
	}
	tp_atomic_add(&zone->machine->blocks_compacted, emptied, TP_RELAXED);
	return emptied;
}

static void kcompactd_work(struct tp_reclaimer *r, unsigned order)
{
	unsigned emptied = 0;

	for (int t = TP_ZONE_DMA; t <= TP_ZONE_MOVABLE; t++)
		emptied += compact_zone(tp_zone_of(r->machine, r->node, (enum tp_zone_type)t),
					order, r);
	tp_trace(r->machine->trace, TP_TRACE_kcompactd, (uint64_t)r->node, emptied, order);
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
		progress += order ? compact_zone(zone, order, NULL) : 0;
		if (!progress)
			progress += reclaim_zone(zone, NULL);
		if (progress)
			return true;
	}
	return false;
}

/* ---- threads --------------------------------------------------------------------------------- */

static void run(void *arg)
{
	struct tp_reclaimer *r = arg;

	while (!stopping(r)) {
		uint32_t wanted = 0;

		tp_wait_event(&r->wq, stopping(r) || (wanted = tp_atomic_exchange(&r->wanted, 0,
										  TP_ACQ_REL)));
		if (wanted)
			r->work(r, wanted - 1);
	}
}

static struct tp_reclaimer *start(struct tp_machine *m, int node, const char *kind,
				  void (*work)(struct tp_reclaimer *r, unsigned order))
{
	struct tp_reclaimer *r = tp_zalloc(sizeof(*r));
	char name[16];

	if (!r)
		return NULL;
	r->machine = m;
	r->node = node;
	r->work = work;
	tp_wait_queue_init(&r->wq);
	snprintf(name, sizeof(name), "%s%d", kind, node);
	if (tp_thread_start(&r->thread, name, run, r)) {
		tp_free(r);
		return NULL;
	}
	return r;
}

static void stop(struct tp_reclaimer *r)
{
	if (!r)
		return;
	tp_atomic_store(&r->stop, 1, TP_RELEASE);
	tp_wake_all(&r->wq);
	tp_thread_join(&r->thread);
	tp_free(r);
}

static void wake(struct tp_reclaimer *r, unsigned order)
{
	if (!r)
		return;
	tp_atomic_store(&r->wanted, order + 1, TP_RELEASE);
	tp_wake_all(&r->wq);
}

void tp_reclaim_wake(struct tp_machine *m, const struct tp_zonelist *list, unsigned order)
{
	struct tp_zone *zone;

	tp_spin_lock(&m->reclaim_lock);
	tp_for_each_zone_in(zone, m, list) {
		wake(m->nodes[zone->node].kswapd, order);
		if (order)
			wake(m->nodes[zone->node].kcompactd, order);
	}
	tp_spin_unlock(&m->reclaim_lock);
}

static void stop_node(struct tp_machine *m, int node)
{
	struct tp_reclaimer *kswapd, *kcompactd;

	tp_spin_lock(&m->reclaim_lock);
	kswapd = m->nodes[node].kswapd;
	kcompactd = m->nodes[node].kcompactd;
	m->nodes[node].kswapd = m->nodes[node].kcompactd = NULL;
	tp_spin_unlock(&m->reclaim_lock);
	stop(kcompactd);
	stop(kswapd);
}

static int start_node(struct tp_machine *m, int node)
{
	struct tp_reclaimer *kswapd = start(m, node, "kswapd", kswapd_work);
	struct tp_reclaimer *kcompactd =
		kswapd ? start(m, node, "kcompactd", kcompactd_work) : NULL;

	if (!kcompactd) {
		stop(kswapd);
		return TP_ERR(-ENOMEM, "kswapd and kcompactd of node %u", node);
	}
	tp_spin_lock(&m->reclaim_lock);
	m->nodes[node].kswapd = kswapd;
	m->nodes[node].kcompactd = kcompactd;
	tp_spin_unlock(&m->reclaim_lock);
	return 0;
}

static int on_node_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_machine *m = tp_container_of(notifier, struct tp_machine, reclaim_notifier);

	if (!(event->changes & TP_NODE_HAS_MEMORY))
		return 0;
	if (event->type == TP_NODE_BECOMING_MEM_AWARE)
		return start_node(m, event->node);
	if (event->type == TP_NODE_BECAME_MEMORYLESS || event->type == TP_NODE_CANCEL_MEM_AWARE)
		stop_node(m, event->node);
	return 0;
}

static int reclaim_init(struct tp_machine *m)
{
	/*
	 * Above all consumers: when they hear of the node its threads run, and after they heard it
	 * is gone, none does.
	 */
	m->reclaim_notifier = (struct tp_node_notifier){ .call = on_node_event,
							 .priority = 200,
							 .name = "reclaim" };
	return tp_node_notifier_register(m, &m->reclaim_notifier, 0);
}

static void reclaim_fini(struct tp_machine *m)
{
	tp_node_notifier_unregister(m, &m->reclaim_notifier);
	for (int n = 0; n < (int)m->nr_nodes; n++)
		stop_node(m, n);
}

const struct tp_module tp_reclaim_module = { "reclaim", reclaim_init, reclaim_fini };
