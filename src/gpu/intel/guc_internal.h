/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guc_internal - what the conversation with the firmware is made of.
 */
#ifndef TP_GPU_INTEL_GUC_INTERNAL_H
#define TP_GPU_INTEL_GUC_INTERNAL_H

#include "gpu/intel/guc.h"
#include "gpu/intel/intel_guc_regs.h"

/* Numbers of requests: the slot below, how many were made before above. */
enum { TP_INTEL_GUC_SLOT_BITS = 5 };

struct tp_intel_guc_slot {
	uint32_t seqno; /* of who waits in it; 0: nobody, it is free */
	bool answered;
};

struct tp_intel_guc {
	struct tp_intel_gt *gt;
	struct tp_dma_coherent page; /* both rings */
	uint32_t ggtt;		     /* where the device finds it */
	struct tp_wait_queue wq;     /* answers, room, free slots, resets */
	struct tp_spinlock lock;
	/* under lock */
	bool ready;						/* it listens */
	uint32_t resets;					/* of the conversation */
	uint32_t count;						/* of requests, for their numbers */
	struct tp_intel_guc_slot slots[TP_INTEL_GUC_SLOTS + 1]; /* the last is the serial slot */
	uint64_t late, broken; /* answers that found nobody; messages that are none */
};

/* One request of @n words after the number, and its answer.  -ETIME, -ENOTCONN. */
int tp_intel_guc_ask(struct tp_intel_guc *guc, const uint32_t *words, unsigned n);

/* ---- rings (guc_ring.c); under the lock ------------------------------------------------------ */

/* Nothing is in either. */
void tp_intel_guc_ring_clear(struct tp_intel_guc *guc);
/* Append a message: its operation and @n words.  False: there is no room. */
bool tp_intel_guc_ring_send(struct tp_intel_guc *guc, uint32_t op, const uint32_t *words,
			    unsigned n);
/*
 * Take the next message of the firmware: its operation and its first @n words, zeroes if it has
 * fewer.  False: there is none; what is broken is dropped with all behind it, and counted.
 */
bool tp_intel_guc_ring_receive(struct tp_intel_guc *guc, uint32_t *op, uint32_t *words, unsigned n);

#endif
