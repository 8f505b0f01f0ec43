/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * resv - the reservation of a buffer object: who is about to use it, what of the device's work
 * does, and who has it alone.
 *
 * Many may use an object at once (each for the time it takes to submit work); one may hold it, to
 * populate, bind, unbind, move or destroy it.  Work that was submitted is a fence, which outlives
 * the use; the holder waits for it where it must.
 *
 *	        use                      hold
 *	USED <--------- FREE (no users) ---------> HELD
 *	  '--- unuse ------^   ^------ unhold -------'
 *
 * Invariants
 *  R1  Users and a holder exclude each other; there is one holder.
 *  R2  Nobody waits for a holder, or to be one, while using any object: a user of several that
 *      meets a held one lets all go, waits, and begins again.  Who holds one tries others, and
 *      waits for none.  So a holder may wait for the users' fences.
 *  R3  A fence is in the reservation before its user lets go, and until it is signalled.
 *  R4  Who waits to hold goes before users that come later.
 *  R5  When unhold returns, and when the next one has it, nothing of the last holder's touches the
 *      reservation any more: the next one may free it.
 *
 * Locking: @lock (rank GPU_RESV), short.  use and hold may sleep, the try forms do not.
 */
#ifndef TP_GPU_RESV_H
#define TP_GPU_RESV_H

#include "gpu/fence.h"

enum { TP_RESV_TIMELINES = 16 };

struct tp_resv {
	struct tp_spinlock lock;
	/* under lock */
	unsigned users, wanted; /* wanted: how many wait to hold it */
	bool held;
	struct tp_wait_queue wq; /* it may be had again */
	/* the last one of each timeline that reads or writes, and the last one that writes */
	struct tp_fence *fence[TP_RESV_TIMELINES], *writer[TP_RESV_TIMELINES];
};

void tp_resv_init(struct tp_resv *resv);
/* Nobody uses or holds it, nothing of it is running. */
void tp_resv_fini(struct tp_resv *resv);

/* Have it alone.  False: somebody uses or holds it. */
bool tp_resv_try_hold(struct tp_resv *resv);
/* -ETIME: not by then. */
int tp_resv_hold(struct tp_resv *resv, uint64_t until_ns);
void tp_resv_unhold(struct tp_resv *resv);

bool tp_resv_try_use(struct tp_resv *resv);
void tp_resv_unuse(struct tp_resv *resv);
/* Wait until nobody holds it, using none (R2); it may be held again when this returns. */
void tp_resv_wait_unheld(struct tp_resv *resv);

/* While used or held: @fence, which is on a timeline, keeps it busy. */
void tp_resv_add(struct tp_resv *resv, struct tp_fence *fence, bool write);
/* While held: nothing of the device's work uses it any more.  -ETIME: not by then. */
int tp_resv_wait_idle(struct tp_resv *resv, uint64_t until_ns);
bool tp_resv_is_idle(struct tp_resv *resv);
/* The name of a timeline whose work uses it; NULL: it is idle. */
const char *tp_resv_busy_with(struct tp_resv *resv);
/*
 * While used: what has to happen before a reader (all writers) or a writer (all) may begin, one per
 * timeline, at most @max, with a reference each.  Returns how many there are.
 */
unsigned tp_resv_depends(struct tp_resv *resv, bool write, struct tp_fence *fences[], unsigned max);

#endif
