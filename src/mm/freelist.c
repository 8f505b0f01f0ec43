/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* freelist - free lists of pageblocks. */
#include "mm/freelist.h"

#include "core/invariant.h"

void tp_freelist_init(struct tp_freelist *f, struct tp_pageblock *records,
		      struct tp_pb_bitmap *bitmaps, uint64_t nr_pageblocks, uint8_t zone)
{
	f->records = records;
	f->bitmaps = bitmaps;
	f->nr_pageblocks = nr_pageblocks;
	f->zone = zone;
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		for (unsigned o = 0; o < TP_NR_ORDERS; o++)
			f->lists[t][o] = TP_PB_NIL;
}

static bool whole(const struct tp_pageblock *b)
{
	return b->nr_free == TP_PAGEBLOCK_PAGES;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static uint32_t *head_of(struct tp_freelist *f, const struct tp_pageblock *b, unsigned order)
{
	return &f->lists[tp_atomic_load(&b->migratetype, TP_RELAXED)][order];
}

static void list_add(struct tp_freelist *f, uint32_t pb, unsigned order)
{
	struct tp_pageblock *b = &f->records[pb];
	uint32_t *head = head_of(f, b, order);

	TP_INVARIANT(b->list == TP_LIST_NONE);
	b->list = (uint8_t)order;
	b->prev = TP_PB_NIL;
	b->next = *head;
	if (*head != TP_PB_NIL)
		f->records[*head].prev = pb;
	*head = pb;
}

/* Harmless for a block on no list (T27). */
static void list_remove(struct tp_freelist *f, uint32_t pb)
{
	struct tp_pageblock *b = &f->records[pb];

	if (b->list <= TP_MAX_ORDER) {
		if (b->prev != TP_PB_NIL)
			f->records[b->prev].next = b->next;
		else
			*head_of(f, b, b->list) = b->next;
		if (b->next != TP_PB_NIL)
			f->records[b->next].prev = b->prev;
	}
	b->list = TP_LIST_NONE;
}

/*
 * Can these two be one free run of order TP_MAX_ORDER?  The zone first: a record of another zone
 * stands under another lock.
 */
static bool pairs(const struct tp_freelist *f, uint32_t pb, uint32_t buddy)
{
	const struct tp_pageblock *a = &f->records[pb], *b = &f->records[buddy];

	return buddy < f->nr_pageblocks && tp_atomic_load(&b->zone, TP_RELAXED) == f->zone &&
	       b->list == TP_PAGEBLOCK_ORDER &&
	       tp_atomic_load(&a->migratetype, TP_RELAXED) ==
		       tp_atomic_load(&b->migratetype, TP_RELAXED);
}

/* F1 */
static void enlist(struct tp_freelist *f, uint32_t pb)
{
	uint32_t buddy = pb ^ 1;
	int order = whole(&f->records[pb]) ? TP_PAGEBLOCK_ORDER : tp_pb_max_order(&f->bitmaps[pb]);

	if (order < 0)
		return;
	if (order == TP_PAGEBLOCK_ORDER && pairs(f, pb, buddy)) {
		list_remove(f, buddy);
		f->records[pb | 1].list = TP_LIST_PAIR_TAIL;
		pb &= ~1u;
		order = TP_MAX_ORDER;
	}
	list_add(f, pb, (unsigned)order);
}

/* T21 */
static void delist(struct tp_freelist *f, uint32_t pb)
{
	uint32_t head = f->records[pb].list == TP_LIST_PAIR_TAIL ? pb & ~1u : pb;

	if (f->records[head].list != TP_MAX_ORDER) {
		list_remove(f, pb);
		return;
	}
	list_remove(f, head);
	list_remove(f, head | 1);
	list_add(f, pb ^ 1, TP_PAGEBLOCK_ORDER);
}

void tp_freelist_enlist(struct tp_freelist *f, uint32_t pb)
{
	enlist(f, pb);
}

void tp_freelist_delist(struct tp_freelist *f, uint32_t pb)
{
	delist(f, pb);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void count_taken(struct tp_pageblock *b, unsigned nr)
{
	TP_INVARIANT(b->nr_free >= nr);
	b->nr_free = (uint16_t)(b->nr_free - nr);
}

static void take_run(struct tp_freelist *f, uint32_t pb, unsigned index, unsigned order)
{
	delist(f, pb);
	tp_pb_clear_run(&f->bitmaps[pb], index, order);
	count_taken(&f->records[pb], 1u << order);
	enlist(f, pb);
}

static void take_whole(struct tp_freelist *f, uint32_t pb)
{
	take_run(f, pb, 0, TP_PAGEBLOCK_ORDER);
}

void tp_freelist_take_whole(struct tp_freelist *f, uint32_t pb)
{
	take_whole(f, pb);
}

uint64_t tp_freelist_take(struct tp_freelist *f, uint32_t pb, unsigned order)
{
	int index = 0;

	if (order == TP_MAX_ORDER) {
		take_whole(f, pb);
		take_whole(f, pb | 1);
	} else {
		index = tp_pb_find(&f->bitmaps[pb], order);
		TP_INVARIANT(index >= 0);
		take_run(f, pb, (unsigned)index, order);
	}
	return ((uint64_t)pb << TP_PAGEBLOCK_ORDER) + (unsigned)index;
}

unsigned tp_freelist_take_bulk(struct tp_freelist *f, uint32_t pb, uint32_t *pages, unsigned want)
{
	unsigned n;

	delist(f, pb);
	n = tp_pb_take_bulk(&f->bitmaps[pb], pages, pb << TP_PAGEBLOCK_ORDER, want);
	count_taken(&f->records[pb], n);
	enlist(f, pb);
	return n;
}

/* ---- giving ---------------------------------------------------------------------------------- */

/*
 * Most freed pages make no larger run than their block has already: then the block stays where it
 * is.
 */
static void note_run(struct tp_freelist *f, uint32_t pb, unsigned index)
{
	struct tp_pageblock *b = &f->records[pb];

	if (!whole(b) && b->list != TP_LIST_NONE &&
	    tp_pb_run_order(&f->bitmaps[pb], index) <= b->list)
		return;
	delist(f, pb);
	enlist(f, pb);
}

void tp_freelist_give(struct tp_freelist *f, uint32_t pb, unsigned index, unsigned order)
{
	struct tp_pageblock *b = &f->records[pb];

	TP_INVARIANT(tp_atomic_load(&b->zone, TP_RELAXED) == f->zone);
	tp_pb_set_run(&f->bitmaps[pb], index, order);
	b->nr_free = (uint16_t)(b->nr_free + (1u << order));
	if (!tp_atomic_load(&b->isolated, TP_RELAXED))
		note_run(f, pb, index);
}
