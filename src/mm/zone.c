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
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		for (unsigned o = 0; o < TP_NR_ORDERS; o++)
			zone->lists[t][o] = TP_PB_NIL;
}

static struct tp_pageblock *record(struct tp_zone *zone, uint32_t pb)
{
	return &zone->machine->pageblocks[pb];
}

static struct tp_pb_bitmap *bitmap(struct tp_zone *zone, uint32_t pb)
{
	return &zone->machine->bitmaps[pb];
}

static bool whole(const struct tp_pageblock *b)
{
	return b->nr_free == TP_PAGEBLOCK_PAGES;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void list_add(struct tp_zone *zone, uint32_t pb, unsigned order)
{
	struct tp_pageblock *b = record(zone, pb);
	uint32_t *head = &zone->lists[tp_pb_type(zone->machine, pb)][order];

	TP_INVARIANT(b->list == TP_LIST_NONE);
	b->list = (uint8_t)order;
	b->prev = TP_PB_NIL;
	b->next = *head;
	if (*head != TP_PB_NIL)
		record(zone, *head)->prev = pb;
	*head = pb;
}

/* Harmless for a block on no list (T27). */
static void list_remove(struct tp_zone *zone, uint32_t pb)
{
	struct tp_pageblock *b = record(zone, pb);

	if (b->list <= TP_MAX_ORDER) {
		if (b->prev != TP_PB_NIL)
			record(zone, b->prev)->next = b->next;
		else
			zone->lists[tp_pb_type(zone->machine, pb)][b->list] = b->next;
		if (b->next != TP_PB_NIL)
			record(zone, b->next)->prev = b->prev;
	}
	b->list = TP_LIST_NONE;
}

/*
 * Can these two be one free run of order TP_MAX_ORDER?  The zone first: a record of another zone
 * stands under another lock.
 */
static bool pairs(struct tp_zone *zone, uint32_t pb, uint32_t buddy)
{
	struct tp_pageblock *a = record(zone, pb), *b = record(zone, buddy);

	return buddy < zone->machine->nr_pageblocks &&
	       tp_atomic_load(&b->zone, TP_RELAXED) == zone->index &&
	       b->list == TP_PAGEBLOCK_ORDER &&
	       tp_atomic_load(&a->migratetype, TP_RELAXED) ==
		       tp_atomic_load(&b->migratetype, TP_RELAXED);
}

/* Put an unlisted, unisolated block where Z1 wants it. */
static void enlist(struct tp_zone *zone, uint32_t pb)
{
	uint32_t buddy = pb ^ 1;
	int order =
		whole(record(zone, pb)) ? TP_PAGEBLOCK_ORDER : tp_pb_max_order(bitmap(zone, pb));

	if (order < 0)
		return;
	if (order == TP_PAGEBLOCK_ORDER && pairs(zone, pb, buddy)) {
		list_remove(zone, buddy);
		record(zone, pb | 1)->list = TP_LIST_PAIR_TAIL;
		pb &= ~1u;
		order = TP_MAX_ORDER;
	}
	list_add(zone, pb, (unsigned)order);
}

/* Take a block off its list; if it was half of a pair the other half stays as a single (T21). */
static void delist(struct tp_zone *zone, uint32_t pb)
{
	uint32_t head = record(zone, pb)->list == TP_LIST_PAIR_TAIL ? pb & ~1u : pb;

	if (record(zone, head)->list != TP_MAX_ORDER) {
		list_remove(zone, pb);
		return;
	}
	list_remove(zone, head);
	list_remove(zone, head | 1);
	list_add(zone, pb ^ 1, TP_PAGEBLOCK_ORDER);
}

static void relist(struct tp_zone *zone, uint32_t pb)
{
	delist(zone, pb);
	enlist(zone, pb);
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* Pages of a block leave it; the block must not be isolated. */
static void account_taken(struct tp_zone *zone, uint32_t pb, unsigned nr)
{
	struct tp_pageblock *b = record(zone, pb);

	TP_INVARIANT(b->nr_free >= nr && zone->nr_free >= nr);
	b->nr_free = (uint16_t)(b->nr_free - nr);
	zone->nr_free -= nr;
	zone->nr_allocated += nr; /* Z3 */
}

static void take_run(struct tp_zone *zone, uint32_t pb, unsigned index, unsigned order)
{
	delist(zone, pb);
	tp_pb_clear_run(bitmap(zone, pb), index, order);
	account_taken(zone, pb, 1u << order);
	enlist(zone, pb);
}

static tp_pfn take_from(struct tp_zone *zone, uint32_t pb, unsigned order)
{
	int index;

	if (order == TP_MAX_ORDER) {
		take_run(zone, pb, 0, TP_PAGEBLOCK_ORDER);
		take_run(zone, pb | 1, 0, TP_PAGEBLOCK_ORDER);
		return tp_pb_start(pb);
	}
	index = tp_pb_find(bitmap(zone, pb), order);
	TP_INVARIANT(index >= 0);
	take_run(zone, pb, (unsigned)index, order);
	return (tp_pfn){ tp_pb_start(pb).v + (unsigned)index };
}

/* A block of @type with a free run of at least @order, the least whole one first. */
static uint32_t smallest_fit(struct tp_zone *zone, enum tp_migratetype type, unsigned order)
{
	for (unsigned o = order; o <= TP_MAX_ORDER; o++)
		if (zone->lists[type][o] != TP_PB_NIL)
			return zone->lists[type][o];
	return TP_PB_NIL;
}

static uint32_t largest_fit(struct tp_zone *zone, enum tp_migratetype type, unsigned order)
{
	for (unsigned o = TP_NR_ORDERS; o-- > order;)
		if (zone->lists[type][o] != TP_PB_NIL)
			return zone->lists[type][o];
	return TP_PB_NIL;
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
		uint32_t pb = largest_fit(zone, lenders[type][i], order);

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
	uint32_t pb = smallest_fit(zone, type, order);

	tp_spin_assert_held(&zone->lock);
	if (pb == TP_PB_NIL)
		pb = borrow(zone, order, type);
	if (pb == TP_PB_NIL)
		return false;
	*pfn = take_from(zone, pb, order);
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
		uint32_t pb = smallest_fit(zone, type, 0);

		if (pb == TP_PB_NIL)
			pb = borrow(zone, 0, type);
		if (pb == TP_PB_NIL)
			break;
		delist(zone, pb);
		n = tp_pb_take_bulk(bitmap(zone, pb), pages + got, (uint32_t)tp_pb_start(pb).v,
				    want - got);
		account_taken(zone, pb, n);
		enlist(zone, pb);
		got += n;
	}
	/* Lists are stacks: the lowest address should come out first. */
	reverse(pages, got);
	return got;
}

/* ---- giving ---------------------------------------------------------------------------------- */

/*
 * Most freed pages make no larger run than their block has already: then the block stays where it
 * is.
 */
static void note_run(struct tp_zone *zone, uint32_t pb, unsigned index)
{
	struct tp_pageblock *b = record(zone, pb);

	if (whole(b) || b->list == TP_LIST_NONE ||
	    tp_pb_run_order(bitmap(zone, pb), index) > b->list)
		relist(zone, pb);
}

static void give_run(struct tp_zone *zone, uint32_t pb, unsigned index, unsigned order)
{
	struct tp_pageblock *b = record(zone, pb);
	unsigned nr = 1u << order;

	TP_INVARIANT(tp_atomic_load(&b->zone, TP_RELAXED) == zone->index);
	tp_pb_set_run(bitmap(zone, pb), index, order);
	b->nr_free = (uint16_t)(b->nr_free + nr);
	zone->nr_freed += nr; /* Z3 */
	if (tp_zone_isolated(zone, pb)) {
		zone->nr_isolated_free += nr; /* B4 */
		return;
	}
	zone->nr_free += nr;
	note_run(zone, pb, index);
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
	delist(zone, pb);
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
	enlist(zone, pb);
}

void tp_zone_set_type(struct tp_zone *zone, uint32_t pb, enum tp_migratetype type)
{
	tp_spin_assert_held(&zone->lock);
	delist(zone, pb);
	tp_atomic_store(&record(zone, pb)->migratetype, (uint8_t)type, TP_RELAXED);
	if (!tp_zone_isolated(zone, pb))
		enlist(zone, pb);
}
