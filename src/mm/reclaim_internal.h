/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reclaim_internal - what reclaim, compaction and their threads share. */
#ifndef TP_MM_RECLAIM_INTERNAL_H
#define TP_MM_RECLAIM_INTERNAL_H

#include "mm/migrate.h"
#include "mm/reclaim.h"

/* A kswapd or kcompactd. */
struct tp_reclaimer {
	struct tp_machine *machine;
	int node;
	struct tp_thread thread;
	struct tp_wait_queue wq;
	tp_atomic_u32 stop;
	tp_atomic_u32 wanted; /* 0: nothing; else order + 1 */
	void (*work)(struct tp_reclaimer *r, unsigned order);
};

/* For an evacuation's stop; NULL stands for a caller that does the work itself. */
bool tp_reclaimer_stopping(void *reclaimer);

uint64_t tp_pageblock_free(struct tp_zone *zone, uint32_t pb);
/* Isolate a pageblock, move or release what can be, undo.  Returns the pages freed in it. */
uint64_t tp_evacuate_pageblock(struct tp_zone *zone, uint32_t pb, struct tp_evacuation *e);

/* Free pages of the zone up to its high watermark; returns how many. */
uint64_t tp_reclaim_zone(struct tp_zone *zone, struct tp_reclaimer *r);
/* Empty pageblocks until the zone has a free run of @order; returns how many were emptied. */
unsigned tp_compact_zone(struct tp_zone *zone, unsigned order, struct tp_reclaimer *r);

#endif
