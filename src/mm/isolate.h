/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * isolate - take pageblocks out of circulation before their pages are moved.
 *
 * Isolated free pages are in no free list and in no free count, from the first moment on, under one
 * hold of the zone lock. Used pages stay used; freed, they stay in the block.  Other blocks of the
 * zone and node go on serving (T19).
 *
 * Invariants
 *  S1  When tp_isolate_range() returned 0, no page of the range can be taken any more, and none is
 *      in a per-CPU list.
 *  S2  A pageblock has one isolator at a time; the second gets -EBUSY and changes nothing.
 *  S3  Undo restores what was there before, to the migratetype of each block (T15).
 *
 * Locking: zone lock inside.  Ranges of pageblocks, each run within one zone.
 * Fault sites: mm/isolate.
 */
#ifndef TP_MM_ISOLATE_H
#define TP_MM_ISOLATE_H

#include "mm/machine.h"

/* A run of pageblocks within one zone. */
struct tp_range {
	tp_pfn start;
	uint64_t nr_pages;
	struct tp_zone *zone;
};

/* -EBUSY: some pageblock is isolated already, or is not in the zone any more. */
int tp_isolate_range(const struct tp_range *range);
void tp_unisolate_range(const struct tp_range *range);

/* Free pages of the range; all of them free means it can leave. */
uint64_t tp_range_free_pages(const struct tp_range *range);

/* All of @ranges or none. */
int tp_isolate_ranges(const struct tp_range *ranges, unsigned n);
void tp_unisolate_ranges(const struct tp_range *ranges, unsigned n);

#endif
