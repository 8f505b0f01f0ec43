/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcp - per-CPU lists of single pages, one per CPU, zone and migratetype.
 *
 * Two ways to touch them, chosen when the machine is made: restartable sequences (no lock, no
 * atomic instruction; the kernel restarts the sequence if the thread was preempted or moved), or a
 * spinlock per list where those are not to be had, under ThreadSanitizer and in simulation.
 *
 * Invariants
 *  P1  No page of an isolated pageblock enters a list: the push reads the block's flag inside its
 *      sequence (or under its lock), and whoever sets the flag then stops the lists, fences every
 *      CPU, and takes such pages out.
 *  P2  While stopped > 0 nobody but the drainer, who holds the zone lock, touches the list; others
 *      take the slow path.
 *
 * Locking: zone lock, then the list's own lock (locked variant).
 */
#ifndef TP_MM_PCP_H
#define TP_MM_PCP_H

#include "mm/machine.h"

enum { TP_PCP_BATCH = 64, TP_PCP_HIGH = 384 };

struct tp_pcp {
	uint32_t count;
	uint32_t stopped;
	uint32_t pages[TP_PCP_HIGH];
	struct tp_spinlock lock;
} __attribute__((aligned(64)));

/* -ENOMEM (core/alloc).  Once per zone, kept for its life. */
int tp_pcp_create(struct tp_zone *zone);
void tp_pcp_destroy(struct tp_zone *zone);

/* 0: *page is ours.  -ENOENT: empty.  -EBUSY: stopped. */
int tp_pcp_pop(struct tp_zone *zone, enum tp_migratetype type, uint32_t *page);
/* 0: taken.  -ENOSPC: full.  -EBUSY: stopped, or the page's pageblock is isolated. */
int tp_pcp_push(struct tp_zone *zone, enum tp_migratetype type, uint32_t page);

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

/* Pages in the lists now; a snapshot. */
uint64_t tp_pcp_count(struct tp_zone *zone);

/* May this process use restartable sequences? */
bool tp_rseq_available(void);
int tp_rseq_pop(struct tp_pcp *first, uint32_t *page);
int tp_rseq_push(struct tp_pcp *first, const tp_atomic_u8 *isolated, uint32_t page);
void tp_rseq_fence(void);

#endif
