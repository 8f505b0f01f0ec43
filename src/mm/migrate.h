/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate - empty isolated pageblocks by asking the owners of their pages, one by one.
 *
 * Used by offline, by compaction and by demotion; they differ in where pages may go and how often
 * they try.
 *
 * Invariants
 *  G1  The range is isolated by the caller for the whole time (S1): a page seen in use can be
 *      moved, released or freed by its owner, never allocated anew.
 *  G2  migrate() is called with the old page frozen and the new page allocated to the same owner
 *      and cookie; whatever it returns, exactly one of the two is the owner's afterwards and the
 *      other is free.
 *  G3  No lock of the allocator is held while an owner is asked.
 *
 * Fault sites: mm/migrate-target, mm/migrate.
 */
#ifndef TP_MM_MIGRATE_H
#define TP_MM_MIGRATE_H

#include "mm/isolate.h"

struct tp_evacuation {
	struct tp_machine *machine;
	int node;		 /* look for new pages here first */
	tp_nodemask targets;	 /* and nowhere else than here; none: only release */
	bool demotion;		 /* reclaim: count as demoted or released */
	bool may_release;	 /* ask owners that cannot migrate to give up pages */
	bool (*stop)(void *arg); /* asked between pages; may be NULL */
	void *arg;

	uint64_t moved, released; /* pages, summed over passes */

	/* of the last pass */
	uint64_t left;	/* pages still in use or in flight */
	bool unmovable; /* one of them can never move */
	bool no_memory; /* one found no place to go */
	unsigned nr_blockers;
	struct tp_blocker *blockers; /* TP_REPORT_BLOCKERS of them, or NULL */
};

/* Begin a pass over one or more ranges. */
void tp_evacuate_begin(struct tp_evacuation *e);
/* Move what can move out of @range; e tells the rest. */
void tp_evacuate(struct tp_evacuation *e, const struct tp_range *range);
/*
 * The same walk without touching anything: e->left, unmovable and blockers say what would stand in
 * the way now.
 */
void tp_evacuate_plan(struct tp_evacuation *e, const struct tp_range *range);

#endif
