/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tlb - no page goes back before the translation caches forgot it.
 *
 * Whoever cuts translations to an object notes, for each GT, the sequence number of this moment in
 * the object; whoever gives its memory back shows it.  In between others may have invalidated, so
 * that nothing is left to do: a thousand objects cost one or two invalidations.
 *
 *	cut translations     tp_intel_tlb_note()      tp_intel_tlb_forget()      give back
 *	------------------> seqno recorded --------> passed, or invalidate ----> (B1 of bo)
 *
 * A sequence number counts invalidations by twos, so that "| 1" is never 0: 0 stands for nothing
 * noted.  By which count an invalidation satisfies a note is the rule:
 *
 *  STARTED    noted is the number of the last one that began.  One that begins later is enough:
 *	       between the note and the request there are two full barriers, one of the note (after
 *	       the tables were written) and one of the request (after the number was raised).  If
 *	       the note missed the number, the device's walks after the request see the tables.
 *  COMPLETED  noted is the number of the last one that completed, and two have to follow: the first
 *	       may have begun before the tables were written (T2).  This is Linux's rule.
 *
 * An engine that sleeps is passed by, and a reset counts as an invalidation:
 *
 *	invalidation: skipped = 1, barrier, awake? -- no: passed by
 *	engine:       awake = 1, barrier, skipped? -- yes: invalidate, and only then run
 *
 * Invariants
 *  L1  Tables, then the note, then the invalidation, then the memory (T1).
 *  L2  The number moves after the hardware said that it is done, under @lock; comparisons are of
 *      differences, so that it may wrap (T3).
 *  L3  An invalidation that was not done in time satisfies nobody (T7): whoever wanted it gets
 *      -ETIME, the memory is quarantined and the GT is reset.
 *  L4  Nothing is skipped that may still remember: an engine that sleeps is skipped only if it
 *      forgets before it runs again (T6: tp_intel_tlb_unpark()), a wedged GT only when its engines
 *      stand (T8).
 *  L5  A reset of the GT empties its caches, and its engines stand until tp_intel_tlb_emptied() was
 *      called.  One that comes between request and answer (T9) is as good as the answer once it
 *      has ended; until then an answer is none, for it may be the reset's that read as one.
 *
 * Locking: @lock (rank GPU_TLB) around a full invalidation; the numbers are atomics.  Sleeps;
 * allocates nothing.  Fault sites: gpu/intel-invalidate (as if it was not done in time),
 * gpu/guc-slot.
 */
#ifndef TP_GPU_INTEL_TLB_H
#define TP_GPU_INTEL_TLB_H

#include "core/sync.h"
#include "gpu/intel/intel.h"

struct tp_intel_gt;
struct tp_intel_engine;

struct tp_intel_tlb {
	struct tp_mutex lock;
	tp_atomic_u32 started, completed; /* by twos; read by all */
	enum tp_intel_tlb_rule rule;
	/* How releases ended; the sum of them is what was requested. */
	tp_quiet elided, asleep, full, range;
	tp_quiet timeouts;
	tp_quiet latency[TP_GPU_LATENCIES];
};

/* What was noted: a number for each GT; 0: nothing. */
struct tp_intel_tlb_note {
	uint32_t seqno[TP_GPU_MAX_GTS];
};

void tp_intel_tlb_init(struct tp_intel_gt *gt, enum tp_intel_tlb_rule rule);

/* Translations were cut and are written (L1): @note says so for all GTs of the GPU (T11). */
void tp_intel_tlb_note(struct tp_intel *gpu, struct tp_intel_tlb_note *note);
/* No cache of any GT remembers what was noted.  -ETIME: one may (L3).  The note is 0 afterwards,
 * but of a GT that was not done. */
int tp_intel_tlb_forget(struct tp_intel *gpu, struct tp_intel_tlb_note *note);
/*
 * The same for translations of [@va, @va + @size) of one address space, where the firmware can do
 * that for less; others are not helped by it.
 */
int tp_intel_tlb_forget_range(struct tp_intel *gpu, struct tp_intel_tlb_note *note, uint32_t asid,
			      uint64_t va, uint64_t size);

/* @seqno was noted: true if nothing is to be done for it any more. */
bool tp_intel_tlb_passed(const struct tp_intel_tlb *tlb, uint32_t seqno);
/* One full invalidation of one GT, whoever wants it; -ETIME. */
int tp_intel_tlb_invalidate_full(struct tp_intel_gt *gt);
/*
 * @engine was made awake and is about to run: if it was passed by while it slept, it forgets first
 * (L4).  -ETIME: it may not run.  Sleeps; its GT is awake.
 */
int tp_intel_tlb_unpark(struct tp_intel_engine *engine);
/* The GT was reset, or its engines were stopped for good: nothing remembers anything, and nothing
 * has run since (L5).  Takes no lock. */
void tp_intel_tlb_emptied(struct tp_intel_gt *gt);
/*
 * Let go what is quarantined, if an invalidation of every GT completes now (T7); the service calls
 * it after resets and as long as anything is quarantined.  -ETIME: the GT asks to be reset again;
 * after a few times it is wedged instead.
 */
int tp_intel_tlb_recover(struct tp_intel *gpu);
void tp_intel_tlb_stats(struct tp_intel_gt *gt, struct tp_gpu_tlb_stats *stats);

#endif
