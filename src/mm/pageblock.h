/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pageblock - the record and the bitmap that describe one pageblock, and the bit tricks on them.
 *
 * Invariants
 *  B1  A set bit is a page on the zone's side of the house: free, and in no per-CPU list.  A block
 *      that is not online has no bit set, so whatever is freed into it is caught.
 *  B2  nr_free is the number of set bits.
 *  B3  A block whose zone lists it stands on the list of the largest naturally aligned free run it
 *      holds.
 *  B4  An isolated block is on no list; what is freed into it stays there.
 *  B5  migratetype is never "isolated": undoing an isolation has nothing to restore (T15, T24).
 *
 * Locking: the zone lock for all of it; isolated, migratetype and zone may be read without
 * (relaxed) as hints.
 */
#ifndef TP_MM_PAGEBLOCK_H
#define TP_MM_PAGEBLOCK_H

#include <tidepool/types.h>

#include "core/sync.h"

enum {
	TP_PB_WORDS = TP_PAGEBLOCK_PAGES > 64 ? TP_PAGEBLOCK_PAGES / 64 : 1,
	TP_LIST_NONE = 0xff,	  /* on no list */
	TP_LIST_PAIR_TAIL = 0xfe, /* second half of an order-10 free run; its head is listed */
	TP_ZONE_INDEX_NONE = 0xff,
};

#define TP_PB_NIL UINT32_MAX

struct tp_pageblock {
	uint32_t prev, next; /* neighbours on the list, as pageblock numbers */
	uint16_t nr_free;
	uint8_t list;	   /* order of the list it is on, or TP_LIST_* */
	tp_atomic_u8 zone; /* index of its zone in the machine */
	tp_atomic_u8 migratetype;
	tp_atomic_u8 isolated; /* read by the lock-free push into per-CPU lists */
	uint16_t spare;
};

_Static_assert(sizeof(struct tp_pageblock) == 16, "budget: 16 bytes per pageblock");

struct tp_pb_bitmap {
	uint64_t word[TP_PB_WORDS];
};

/*
 * First page of the lowest free, aligned run of 2^order pages, or -1.  order < TP_PAGEBLOCK_ORDER +
 * 1.
 */
int tp_pb_find(const struct tp_pb_bitmap *bitmap, unsigned order);
/* Order of the largest free aligned run, or -1. */
int tp_pb_max_order(const struct tp_pb_bitmap *bitmap);
/* Order of the free aligned run that page @index is part of; its bit must be set. */
unsigned tp_pb_run_order(const struct tp_pb_bitmap *bitmap, unsigned index);
/* Add the number of maximal free runs of each order to counts[]. */
void tp_pb_count_runs(const struct tp_pb_bitmap *bitmap, uint64_t counts[TP_NR_ORDERS]);
/*
 * Change the bits of a run; all of them must have had the other value (B1: double free is caught
 * here at the latest).
 */
void tp_pb_set_run(struct tp_pb_bitmap *bitmap, unsigned index, unsigned order);
void tp_pb_clear_run(struct tp_pb_bitmap *bitmap, unsigned index, unsigned order);
/* Clear up to @want of the lowest set bits and write their numbers to @out; returns how many. */
unsigned tp_pb_take_bulk(struct tp_pb_bitmap *bitmap, uint32_t *out, uint32_t base, unsigned want);

static inline bool tp_pb_test(const struct tp_pb_bitmap *bitmap, unsigned index)
{
	return bitmap->word[index / 64] >> (index % 64) & 1;
}

#endif
