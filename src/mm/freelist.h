/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * freelist - pageblocks on lists by the largest free run they hold: what a zone of the machine and
 * a device's own memory have in common.
 *
 * Invariants: B1 to B4 of pageblock.h, and
 *  F1  lists[type][o] holds exactly the pageblocks of that type, not isolated, whose largest free
 *      run has order o.  o = TP_PAGEBLOCK_ORDER: the whole block is free; TP_MAX_ORDER: it and its
 *      buddy are, the lower one listed.
 *
 * Locking: its user's; a record whose zone is not @zone stands under another lock.
 */
#ifndef TP_MM_FREELIST_H
#define TP_MM_FREELIST_H

#include "mm/pageblock.h"

struct tp_freelist {
	struct tp_pageblock *records;
	struct tp_pb_bitmap *bitmaps;
	uint64_t nr_pageblocks; /* records and bitmaps there are, of @zone and others */
	uint8_t zone;
	uint32_t lists[TP_NR_MIGRATETYPES][TP_NR_ORDERS]; /* first pageblock, or TP_PB_NIL */
};

void tp_freelist_init(struct tp_freelist *list, struct tp_pageblock *records,
		      struct tp_pb_bitmap *bitmaps, uint64_t nr_pageblocks, uint8_t zone);

/* Put a block that is on no list, and not isolated, where F1 wants it. */
void tp_freelist_enlist(struct tp_freelist *list, uint32_t pb);
/* Take a block off its list, if it is on one; if it was half of a pair the other half stays as a
 * single (T21). */
void tp_freelist_delist(struct tp_freelist *list, uint32_t pb);

/* A block of @type with a free run of at least @order, the least whole one first; TP_PB_NIL. */
static inline uint32_t tp_freelist_smallest(const struct tp_freelist *list, unsigned type,
					    unsigned order)
{
	for (unsigned o = order; o <= TP_MAX_ORDER; o++)
		if (list->lists[type][o] != TP_PB_NIL)
			return list->lists[type][o];
	return TP_PB_NIL;
}

static inline uint32_t tp_freelist_largest(const struct tp_freelist *list, unsigned type,
					   unsigned order)
{
	for (unsigned o = TP_NR_ORDERS; o-- > order;)
		if (list->lists[type][o] != TP_PB_NIL)
			return list->lists[type][o];
	return TP_PB_NIL;
}

/* Take 2^@order pages out of a block that has them; returns the first one's number. */
uint64_t tp_freelist_take(struct tp_freelist *list, uint32_t pb, unsigned order);
/* All of a block that is free, whatever its neighbours are. */
void tp_freelist_take_whole(struct tp_freelist *list, uint32_t pb);
/* Up to @want of a block's pages, the lowest, to @pages; returns how many. */
unsigned tp_freelist_take_bulk(struct tp_freelist *list, uint32_t pb, uint32_t *pages,
			       unsigned want);
/* Give a run within a block back; an isolated one stays off the lists (B4). */
void tp_freelist_give(struct tp_freelist *list, uint32_t pb, unsigned index, unsigned order);

#endif
