/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ring - a queue without locks from one thread to one other.
 *
 * head counts what was pushed, tail what was popped; only the pusher stores head, only the popper
 * tail.  A slot belongs to the pusher until head is stored, then to the popper until tail is.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>

#include "seam.h"

enum { RING_SLOTS = 2 };

struct ring {
	SEAM_ATOMIC(unsigned) head, tail;
	SEAM_ATOMIC(int) slots[RING_SLOTS];
};

/* The example's switch: without a release the popper may see head before what is in the slot. */
#ifdef RING_BUG
#define RING_PUBLISH SEAM_RELAXED
#else
#define RING_PUBLISH SEAM_RELEASE
#endif

/* False: it is full. */
static inline bool ring_push(struct ring *r, int value)
{
	unsigned head = seam_load(&r->head, SEAM_RELAXED);

	if (head - seam_load(&r->tail, SEAM_ACQUIRE) == RING_SLOTS)
		return false;
	seam_store(&r->slots[head % RING_SLOTS], value, SEAM_RELAXED);
	seam_store(&r->head, head + 1, RING_PUBLISH);
	return true;
}

/* False: it is empty. */
static inline bool ring_pop(struct ring *r, int *value)
{
	unsigned tail = seam_load(&r->tail, SEAM_RELAXED);

	if (seam_load(&r->head, SEAM_ACQUIRE) == tail)
		return false;
	*value = seam_load(&r->slots[tail % RING_SLOTS], SEAM_RELAXED);
	seam_store(&r->tail, tail + 1, SEAM_RELEASE);
	return true;
}

#endif
