/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fence - a point in the work of a GPU that others wait for.
 *
 * A timeline is one ring: its requests end in order, and the device writes the number of the last
 * one into a slot of memory.  A fence is one of these numbers.
 *
 * Invariants
 *  E1  A fence is signalled once and stays so: the slot only moves forward, also across a reset
 *      (tp_timeline_force()).
 *  E2  An error is set before the fence is signalled, never after.
 *  E3  Whoever waits is woken: tp_timeline_wake() comes after the slot moved.
 *
 * Locking: none; slot and error are atomics.  Numbers are given out by whoever fills the ring,
 * under its lock.
 */
#ifndef TP_GPU_FENCE_H
#define TP_GPU_FENCE_H

#include "core/sync.h"

struct tp_timeline {
	const char *name;    /* the engine's */
	tp_atomic_u32 *slot; /* in memory that the device writes; in the direct map */
	tp_atomic_u32 last;  /* the number given out last; the first is 1 */
	struct tp_wait_queue wq;
};

struct tp_fence {
	tp_atomic_u32 refs;
	struct tp_timeline *timeline; /* outlives its fences */
	uint32_t seqno;
	tp_atomic_u32 error; /* a positive errno: why the work did not happen; 0: it did */
};

void tp_timeline_init(struct tp_timeline *timeline, const char *name, tp_atomic_u32 *slot);
/* The device may have moved the slot: wake who waits. */
void tp_timeline_wake(struct tp_timeline *timeline);
/* All up to @seqno will not happen any more, or has: move the slot there. */
void tp_timeline_force(struct tp_timeline *timeline, uint32_t seqno);

/* With one reference, not yet on a timeline.  NULL: no memory. */
struct tp_fence *tp_fence_create(void);
/* Give it the next number of @timeline; under the lock of who fills the ring. */
void tp_fence_begin(struct tp_fence *fence, struct tp_timeline *timeline);
/* NULL is fine, here and below. */
struct tp_fence *tp_fence_get(struct tp_fence *fence);
void tp_fence_put(struct tp_fence *fence);

bool tp_fence_is_signaled(const struct tp_fence *fence);
/* Before it is signalled (E2). */
void tp_fence_fail(struct tp_fence *fence, int err);
/* 0, or the negative errno of a fence that is signalled. */
int tp_fence_error(const struct tp_fence *fence);
/* -ETIME: not by then.  Otherwise 0, whatever the work's own error.  May sleep. */
int tp_fence_wait(struct tp_fence *fence, uint64_t until_ns);

#endif
