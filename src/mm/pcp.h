/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcp - per-CPU lists of single pages, one per CPU, zone and migratetype.
 *
 * Two ways to touch them, chosen when the machine is made: restartable sequences (no lock, no
 * atomic instruction; the kernel restarts the sequence if the thread was preempted or moved), or a
 * spinlock per CPU where those are not to be had, under ThreadSanitizer and in simulation.
 *
 * Invariants
 *  P1  No page of an isolated pageblock enters a list: the push reads the block's flag inside its
 *      sequence (or under its lock), and whoever sets the flag then stops the lists, fences every
 *      CPU, and takes such pages out.
 *  P2  While stopped > 0 nobody but the drainer, who holds the zone lock, touches the list; others
 *      take the slow path.
 *  P3  A pop is an allocation and a push a free, with two exceptions: pages that a refill puts by,
 *      which it subtracts from the zone's counts, and pages that go back to the zone, which are
 *      taken and not popped.  So the zone's pages allocated are nr_allocated + pops of all lists,
 *      those freed nr_freed + lengths + pops, at any moment the zone lock is free.
 *
 * Locking: zone lock, then the lock of the CPU's lists (locked variant).
 */
#ifndef TP_MM_PCP_H
#define TP_MM_PCP_H

#include "mm/machine.h"
#include "mm/pcp_rseq.h"

/* -ENOMEM (core/alloc).  Once per zone, kept for its life. */
int tp_pcp_create(struct tp_zone *zone);
void tp_pcp_destroy(struct tp_zone *zone);

/* What pop and push do where there are no sequences. */
int tp_pcp_locked_pop(struct tp_zone *zone, enum tp_migratetype type, int64_t change,
		      uint32_t *page);
int tp_pcp_locked_push(struct tp_zone *zone, enum tp_migratetype type, uint32_t page);

/* A sequence computes its list from that of CPU 0 and its CPU's number. */
static inline struct tp_pcp *tp_pcp_first(struct tp_zone *zone, enum tp_migratetype type)
{
	return &tp_atomic_load(&zone->pcp, TP_ACQUIRE)->list[type];
}

static inline const tp_atomic_u8 *tp_pcp_isolated(struct tp_zone *zone, uint32_t page)
{
	return &zone->machine->pageblocks[page >> TP_PAGEBLOCK_ORDER].isolated;
}

/* 0: *page is ours, allocated from this zone.  -ENOENT: empty.  -EBUSY: stopped. */
static inline int tp_pcp_pop(struct tp_zone *zone, enum tp_migratetype type, uint32_t *page)
{
	if (tp_likely(zone->machine->rseq))
		return tp_rseq_pop(tp_pcp_first(zone, type), TP_PCP_POPPED, page);
	return tp_pcp_locked_pop(zone, type, TP_PCP_POPPED, page);
}

/* The same for a page that goes back to the zone. */
static inline int tp_pcp_take(struct tp_zone *zone, enum tp_migratetype type, uint32_t *page)
{
	if (tp_likely(zone->machine->rseq))
		return tp_rseq_pop(tp_pcp_first(zone, type), TP_PCP_TAKEN, page);
	return tp_pcp_locked_pop(zone, type, TP_PCP_TAKEN, page);
}

/* 0: taken.  -ENOSPC: full.  -EBUSY: stopped, or the page's pageblock is isolated. */
static inline int tp_pcp_push(struct tp_zone *zone, enum tp_migratetype type, uint32_t page)
{
	if (tp_likely(zone->machine->rseq))
		return tp_rseq_push(tp_pcp_first(zone, type), tp_pcp_isolated(zone, page), page);
	return tp_pcp_locked_push(zone, type, page);
}

/*
 * Keep everyone out of the zone's lists until resume; call stop with the zone lock held, fence
 * without, the rest with.
 */
void tp_pcp_stop(struct tp_zone *zone);
void tp_pcp_fence(struct tp_machine *m);
/*
 * Hand every page in the lists, or only those of isolated pageblocks, back to the zone.  Stopped
 * lists only.
 */
void tp_pcp_drain(struct tp_zone *zone, bool only_isolated);
void tp_pcp_resume(struct tp_zone *zone);

/* Stop, fence, drain everything, resume: from any thread without locks. */
void tp_pcp_drain_zone(struct tp_zone *zone);

/* What the lists of a zone hold, and what was popped from those of this node's CPUs and others. */
struct tp_pcp_sum {
	uint64_t pages, local_pops, other_pops;
};

struct tp_pcp_sum tp_pcp_sum(struct tp_zone *zone);
/* Pages in the lists now; a snapshot. */
uint64_t tp_pcp_count(struct tp_zone *zone);
/* Those in the lists that stand for one simulated CPU. */
uint64_t tp_pcp_count_cpu(struct tp_zone *zone, unsigned cpu);

#endif
