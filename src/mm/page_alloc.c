/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * page_alloc - allocate and free pages.
 *
 * Single pages come from the CPU's own list, without a lock; everything else from the zone.  The
 * owner word is written last on the way out and cleared first on the way in: between list and word
 * a page is in flight and belongs to the caller.
 * Fault sites: mm/page-alloc.
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "mm/owner.h"
#include "mm/pcp.h"
#include "mm/reclaim.h"
#include "mm/zone.h"
#include "mm/zonelist.h"

enum {
	ALL_FLAGS = TP_ALLOC_THISNODE | TP_ALLOC_ZERO | TP_ALLOC_DMA | TP_ALLOC_DMA32 |
		    TP_ALLOC_ATOMIC | TP_ALLOC_NORECLAIM
};

/* ---- the request ----------------------------------------------------------------------------- */

static int check_request(struct tp_machine *m, const struct tp_alloc *r)
{
	if (r->order > TP_MAX_ORDER)
		return TP_ERR(-EINVAL, "order %u is over %u", r->order, TP_MAX_ORDER);
	if ((unsigned)r->type >= TP_NR_MIGRATETYPES)
		return TP_ERR(-EINVAL, "migratetype %u does not exist", r->type);
	if (r->node != TP_NODE_NONE && !tp_node_valid(m, r->node))
		return TP_ERR(-EINVAL, "node %d is not one of %u", r->node, m->nr_nodes);
	if (r->flags & ~(unsigned)ALL_FLAGS)
		return TP_ERR(-EINVAL, "unknown allocation flags %x", r->flags);
	if (!r->owner || r->owner->machine != m)
		return TP_ERR(-EINVAL, "the owner is not registered with this machine");
	return 0;
}

/* The highest zone the request may use.  What nobody could move must not enter ZONE_MOVABLE. */
static enum tp_zone_type highest_zone(const struct tp_alloc *r)
{
	if (r->flags & TP_ALLOC_DMA)
		return TP_ZONE_DMA;
	if (r->flags & TP_ALLOC_DMA32)
		return TP_ZONE_DMA32;
	return r->type == TP_MIGRATE_MOVABLE && tp_owner_can_move(r->owner) ? TP_ZONE_MOVABLE
									    : TP_ZONE_NORMAL;
}

static bool zone_allowed(const struct tp_zone *zone, const struct tp_alloc *r, int node)
{
	if (r->flags & TP_ALLOC_THISNODE)
		return zone->node == node;
	return !r->nodes.v || r->nodes.v >> zone->node & 1;
}

/* How deep into a zone's reserves a request may go. */
struct depth {
	enum tp_watermark mark;
	bool atomic;
	enum tp_zone_type highest;
};

static uint64_t kept_back(const struct tp_zone *zone, const struct depth *d)
{
	uint64_t mark = zone->watermark[d->mark];

	return (d->atomic ? mark / 2 : mark) + zone->reserve[d->highest];
}

/* ---- one zone -------------------------------------------------------------------------------- */

/*
 * What the list does not take, because it is stopped or full, goes back.  The zone lock is held.
 * Pages put by were neither allocated nor freed: whoever pops or pushes them is counted.
 */
static void put_by(struct tp_zone *zone, enum tp_migratetype type, const uint32_t *pages,
		   unsigned n)
{
	unsigned kept = 0;

	while (kept < n && !tp_pcp_push(zone, type, pages[kept]))
		kept++;
	for (; kept < n; kept++)
		tp_zone_give(zone, (tp_pfn){ pages[kept] }, 0);
	zone->nr_allocated -= n;
	zone->nr_freed -= n;
}

/* A request served past the lists; the zone lock is held. */
static void count_request(struct tp_zone *zone)
{
	if (tp_node_here(zone->machine) == zone->node)
		zone->nr_local++;
	else
		zone->nr_other++;
}

/*
 * Fill the CPU's list; keep one page for the caller.  In one hold of the lock: on their way to the
 * list pages are nowhere to be found, and others would go away empty-handed.
 */
static bool refill(struct tp_zone *zone, enum tp_migratetype type, const struct depth *d,
		   uint32_t *page)
{
	uint32_t pages[TP_PCP_BATCH];
	uint64_t keep;
	unsigned n = 0;

	tp_spin_lock(&zone->lock);
	keep = kept_back(zone, d);
	if (zone->nr_free > keep)
		n = tp_zone_take_bulk(zone, type, pages,
				      (unsigned)TP_MIN(zone->nr_free - keep, TP_PCP_BATCH));
	if (n) {
		*page = pages[n - 1];
		count_request(zone);
		put_by(zone, type, pages, n - 1);
	}
	tp_spin_unlock(&zone->lock);
	return n;
}

static bool take_locked(struct tp_zone *zone, unsigned order, enum tp_migratetype type,
			const struct depth *d, uint32_t *page)
{
	tp_pfn pfn = { 0 };
	bool ok;

	tp_spin_lock(&zone->lock);
	ok = zone->nr_free >= kept_back(zone, d) + (UINT64_C(1) << order) &&
	     tp_zone_take(zone, order, type, &pfn);
	if (ok)
		count_request(zone);
	tp_spin_unlock(&zone->lock);
	*page = (uint32_t)pfn.v;
	return ok;
}

static bool take_from_zone(struct tp_zone *zone, const struct tp_alloc *r, const struct depth *d,
			   uint32_t *page)
{
	if (r->order)
		return take_locked(zone, r->order, r->type, d, page);
	switch (tp_pcp_pop(zone, r->type, page)) {
	case 0:
		return true;
	case -ENOENT:
		return refill(zone, r->type, d, page);
	default: /* stopped: an isolation is draining the lists */
		return take_locked(zone, 0, r->type, d, page);
	}
}

/* ---- all zones ------------------------------------------------------------------------------- */

/* Lists and zones count every request as one that got what it wanted. */
static void count_miss(struct tp_zone *wanted, struct tp_zone *zone)
{
	if (wanted->node == zone->node)
		return;
	tp_quiet_add(&zone->nr_miss, 1);
	tp_quiet_add(&wanted->nr_foreign, 1);
}

/* The zones of a list in turn; the first that may be used is the one that is wanted. */
static bool walk_once(struct tp_machine *m, const struct tp_alloc *r,
		      const struct tp_zonelist *list, int node, const struct depth *d,
		      uint32_t *page)
{
	struct tp_zone *zone, *wanted = NULL;

	tp_for_each_zone_in(zone, m, list) {
		if (!zone_allowed(zone, r, node))
			continue;
		wanted = wanted ? wanted : zone;
		if (take_from_zone(zone, r, d, page)) {
			count_miss(wanted, zone);
			return true;
		}
	}
	return false;
}

static bool walk_zones(struct tp_machine *m, const struct tp_alloc *r,
		       const struct tp_zonelist *list, int node, enum tp_watermark mark,
		       uint32_t *page)
{
	struct depth depth = { mark, r->flags & TP_ALLOC_ATOMIC, highest_zone(r) };
	uint32_t seq;

	do {
		seq = tp_seqcount_read_begin(&m->zonelist_seq);
		if (walk_once(m, r, list, node, &depth, page))
			return true;
	} while (tp_seqcount_read_retry(&m->zonelist_seq, seq));
	return false;
}

/* What lies in other CPUs' lists is free memory too. */
static void drain_zones(struct tp_machine *m, const struct tp_alloc *r,
			const struct tp_zonelist *list, int node)
{
	struct tp_zone *zone;

	tp_for_each_zone_in(zone, m, list)
		if (zone_allowed(zone, r, node))
			tp_pcp_drain_zone(zone);
}

static bool find(struct tp_machine *m, const struct tp_alloc *r, int node, uint32_t *page)
{
	const struct tp_zonelist *list = &m->nodes[node].zonelist[highest_zone(r)];
	tp_nodemask nodes = r->flags & TP_ALLOC_THISNODE ? TP_NODE_BIT(node) : r->nodes;

	if (walk_zones(m, r, list, node, TP_WMARK_LOW, page))
		return true;
	tp_reclaim_wake(m, list, nodes, r->order);
	if (walk_zones(m, r, list, node, TP_WMARK_MIN, page))
		return true;
	if (!(r->flags & (TP_ALLOC_ATOMIC | TP_ALLOC_NORECLAIM)) &&
	    tp_reclaim_direct(m, list, nodes, r->order) &&
	    walk_zones(m, r, list, node, TP_WMARK_MIN, page))
		return true;
	drain_zones(m, r, list, node);
	return walk_zones(m, r, list, node, TP_WMARK_MIN, page);
}

/* From here on the page is in use. */
static inline tp_pfn hand_out(struct tp_machine *m, const struct tp_alloc *r, uint32_t page)
{
	if (tp_unlikely(tp_atomic_load(&m->words[page], TP_RELAXED)))
		TP_PANIC("pfn %#x was freed by two threads at once", page);
	if (tp_unlikely(r->flags & TP_ALLOC_ZERO))
		memset(tp_backing_address(&m->backing, (tp_pfn){ page }), 0,
		       TP_PAGE_SIZE << r->order);
	tp_atomic_store(&m->words[page],
			tp_word_make(TP_WORD_ALLOCATED, r->owner->id, r->order, r->cookie),
			TP_RELEASE);
	return (tp_pfn){ page };
}

/* Apart, so that the fast path saves no registers for it. */
static tp_noinline int alloc_slow(struct tp_machine *m, const struct tp_alloc *r, int node,
				  tp_pfn *pfn)
{
	uint32_t page;

	if (TP_FAULT("mm/page-alloc"))
		return TP_ERR(-ENOMEM, "allocation of order %u: fault injected", r->order);
	if (!find(m, r, node, &page))
		return TP_ERR_TEXT(-ENOMEM, r->owner->name,
				   "no free run of order %u near node %u for %s", r->order, node);
	*pfn = hand_out(m, r, page);
	return 0;
}

int tp_pages_alloc(struct tp_machine *m, const struct tp_alloc *r, tp_pfn *pfn)
{
	struct tp_zone *zone;
	uint32_t page;
	int node, err = check_request(m, r);

	if (tp_unlikely(err))
		return err;
	node = r->node == TP_NODE_NONE ? tp_node_here(m) : r->node;
	zone = tp_zonelist_entry(m, &m->nodes[node].zonelist[highest_zone(r)], 0);
	if (tp_unlikely(r->order || !zone || !zone_allowed(zone, r, node) ||
			tp_pcp_pop(zone, r->type, &page)))
		return alloc_slow(m, r, node, pfn);
	*pfn = hand_out(m, r, page);
	return 0;
}

/* ---- free ------------------------------------------------------------------------------------ */

/* The list is full: give half a list back in one hold of the lock, as in refill(). */
static void flush(struct tp_zone *zone, enum tp_migratetype type, tp_pfn pfn)
{
	uint32_t page;

	tp_spin_lock(&zone->lock);
	tp_zone_give(zone, pfn, 0);
	for (unsigned n = 0; n < 2 * TP_PCP_BATCH && !tp_pcp_take(zone, type, &page); n++)
		tp_zone_give(zone, (tp_pfn){ page }, 0);
	tp_spin_unlock(&zone->lock);
}

static inline void check_freed(struct tp_machine *m, tp_pfn pfn, unsigned order, uint64_t word)
{
	if (tp_likely(tp_word_state(word) != TP_WORD_FREE && tp_word_order(word) == order &&
		      !tp_word_pins(word)))
		return;
	if (!word)
		TP_PANIC("free of pfn %#llx, which is not allocated", (unsigned long long)pfn.v);
	TP_PANIC("free of pfn %#llx: order %u, freed as %u, %u pins, owner %s",
		 (unsigned long long)pfn.v, tp_word_order(word), order, tp_word_pins(word),
		 m->owners[tp_word_owner(word)]->name);
}

/* @err is what the CPU's list said to the page. */
static tp_noinline void free_slow(struct tp_zone *zone, tp_pfn pfn, unsigned order, int err)
{
	if (err == -ENOSPC) {
		flush(zone, tp_pb_type(zone->machine, tp_pb_of(pfn)), pfn);
		return;
	}
	tp_spin_lock(&zone->lock);
	tp_zone_give(zone, pfn, order);
	tp_spin_unlock(&zone->lock);
}

/*
 * A load and a store, not an exchange, which would double the cost of a free: two threads that free
 * one page at the same moment may both get past here, but then it is met as in use when it is
 * handed out again, or as free when it is given back (O1).
 */
static inline void take_word(struct tp_machine *m, tp_pfn pfn, unsigned order)
{
	check_freed(m, pfn, order, tp_word_load(m, pfn));
	tp_atomic_store(&m->words[pfn.v], 0, TP_RELEASE);
}

void tp_pages_free(struct tp_machine *m, tp_pfn pfn, unsigned order)
{
	struct tp_zone *zone;
	int err = 0;

	if (tp_unlikely(pfn.v >= m->nr_pfns))
		TP_PANIC("free of pfn %#llx, beyond this machine", (unsigned long long)pfn.v);
	take_word(m, pfn, order);
	zone = tp_pfn_zone(m, pfn);
	TP_INVARIANT(zone); /* M4: an allocated page's block is online */
	if (tp_likely(!order)) {
		err = tp_pcp_push(zone, tp_pb_type(m, tp_pb_of(pfn)), (uint32_t)pfn.v);
		if (tp_likely(!err))
			return;
	}
	free_slow(zone, pfn, order, err);
}

void *tp_page_address(struct tp_machine *m, tp_pfn pfn)
{
	TP_INVARIANT(pfn.v < m->nr_pfns);
	return tp_backing_address(&m->backing, pfn);
}
