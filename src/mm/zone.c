/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zone - free lists of pageblocks. */
#include "mm/zone.h"

#include "core/invariant.h"
#include "core/mutant.h"

void tp_zone_init(struct tp_zone *zone, struct tp_machine *m, int node, enum tp_zone_type type)
{
	zone->machine = m;
	zone->node = node;
	zone->type = type;
	zone->index = (uint8_t)(zone - m->zones);
	tp_spinlock_init(&zone->lock, TP_RANK_ZONE, zone->index);
	tp_freelist_init(&zone->free, m->pageblocks, m->bitmaps, m->nr_pageblocks, zone->index);
}

static struct tp_pageblock *record(struct tp_zone *zone, uint32_t pb)
{
	return &zone->machine->pageblocks[pb];
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void account_taken(struct tp_zone *zone, unsigned nr)
{
	TP_INVARIANT(zone->nr_free >= nr);
	zone->nr_free -= nr;
	zone->nr_allocated += nr; /* Z3 */
}

/* Whose blocks a type borrows from when its own are used up, in this order (as in Linux). */
static const enum tp_migratetype lenders[TP_NR_MIGRATETYPES][TP_NR_MIGRATETYPES - 1] = {
	[TP_MIGRATE_UNMOVABLE] = { TP_MIGRATE_RECLAIMABLE, TP_MIGRATE_MOVABLE },
	[TP_MIGRATE_MOVABLE] = { TP_MIGRATE_RECLAIMABLE, TP_MIGRATE_UNMOVABLE },
	[TP_MIGRATE_RECLAIMABLE] = { TP_MIGRATE_UNMOVABLE, TP_MIGRATE_MOVABLE },
};

/*
 * Another type's block for this request.  The largest run is taken so that foreign pages gather in
 * few blocks, and a block that is at least half free changes sides: what it is used for from now on
 * decides its type.
 */
static uint32_t borrow(struct tp_zone *zone, unsigned order, enum tp_migratetype type)
{
	for (unsigned i = 0; i < TP_NR_MIGRATETYPES - 1; i++) {
		uint32_t pb = tp_freelist_largest(&zone->free, lenders[type][i], order);

		if (pb == TP_PB_NIL)
			continue;
		if (order == TP_MAX_ORDER)
			tp_zone_set_type(zone, pb | 1, type);
		if (record(zone, pb)->nr_free >= TP_PAGEBLOCK_PAGES / 2)
			tp_zone_set_type(zone, pb, type);
		return pb;
	}
	return TP_PB_NIL;
}

bool tp_zone_take(struct tp_zone *zone, unsigned order, enum tp_migratetype type, tp_pfn *pfn)
{
	uint32_t pb = tp_freelist_smallest(&zone->free, type, order);

	tp_spin_assert_held(&zone->lock);
	if (pb == TP_PB_NIL)
		pb = borrow(zone, order, type);
	if (pb == TP_PB_NIL)
		return false;
	*pfn = (tp_pfn){ tp_freelist_take(&zone->free, pb, order) };
	account_taken(zone, 1u << order);
	return true;
}

static void reverse(uint32_t *v, unsigned n)
{
	for (unsigned i = 0; i < n / 2; i++) {
		uint32_t t = v[i];

		v[i] = v[n - 1 - i];
		v[n - 1 - i] = t;
	}
}

unsigned tp_zone_take_bulk(struct tp_zone *zone, enum tp_migratetype type, uint32_t *pages,
			   unsigned want)
{
	unsigned got = 0;

	tp_spin_assert_held(&zone->lock);
	while (got < want) {
		unsigned n;
		uint32_t pb = tp_freelist_smallest(&zone->free, type, 0);

		if (pb == TP_PB_NIL)
			pb = borrow(zone, 0, type);
		if (pb == TP_PB_NIL)
			break;
		n = tp_freelist_take_bulk(&zone->free, pb, pages + got, want - got);
		account_taken(zone, n);
		got += n;
	}
	/* Lists are stacks: the lowest address should come out first. */
	reverse(pages, got);
	return got;
}

/* ---- giving ---------------------------------------------------------------------------------- */

static void give_run(struct tp_zone *zone, uint32_t pb, unsigned index, unsigned order)
{
	unsigned nr = 1u << order;

	tp_freelist_give(&zone->free, pb, index, order);
	zone->nr_freed += nr; /* Z3 */
	if (tp_zone_isolated(zone, pb))
		zone->nr_isolated_free += nr; /* B4 */
	else
		zone->nr_free += nr;
}

void tp_zone_give(struct tp_zone *zone, tp_pfn pfn, unsigned order)
{
	tp_spin_assert_held(&zone->lock);
	if (order <= TP_PAGEBLOCK_ORDER) {
		give_run(zone, tp_pb_of(pfn), tp_pb_index(pfn), order);
		return;
	}
	give_run(zone, tp_pb_of(pfn), 0, TP_PAGEBLOCK_ORDER);
	give_run(zone, tp_pb_of(pfn) | 1, 0, TP_PAGEBLOCK_ORDER);
}

/* ---- isolation and types --------------------------------------------------------------------- */

void tp_zone_isolate(struct tp_zone *zone, uint32_t pb)
{
	struct tp_pageblock *b = record(zone, pb);

	tp_spin_assert_held(&zone->lock);
	TP_INVARIANT(!tp_zone_isolated(zone, pb));
	tp_freelist_delist(&zone->free, pb);
	TP_MUTANT_GAP(isolate_two_holds, spin, &zone->lock);
	tp_atomic_store(&b->isolated, 1, TP_RELAXED);
	zone->nr_free -= b->nr_free;
	zone->nr_isolated_free += b->nr_free;
	zone->nr_isolated_blocks++;
}

void tp_zone_unisolate(struct tp_zone *zone, uint32_t pb)
{
	struct tp_pageblock *b = record(zone, pb);

	tp_spin_assert_held(&zone->lock);
	TP_INVARIANT(tp_zone_isolated(zone, pb));
	tp_atomic_store(&b->isolated, 0, TP_RELAXED);
	zone->nr_isolated_free -= b->nr_free;
	zone->nr_isolated_blocks--;
	zone->nr_free += b->nr_free;
	TP_MUTANT_GAP(undo_two_holds, spin, &zone->lock);
	tp_freelist_enlist(&zone->free, pb);
}

void tp_zone_set_type(struct tp_zone *zone, uint32_t pb, enum tp_migratetype type)
{
	tp_spin_assert_held(&zone->lock);
	tp_freelist_delist(&zone->free, pb);
	tp_atomic_store(&record(zone, pb)->migratetype, (uint8_t)type, TP_RELAXED);
	if (!tp_zone_isolated(zone, pb))
		tp_freelist_enlist(&zone->free, pb);
}
