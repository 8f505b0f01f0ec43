/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guc - messages to the GT's firmware, and invalidations through it.
 *
 * A request carries a number; whoever waits for it stands in a table under that number until the
 * answer comes.  The number is a slot of a fixed table; when all are taken there is one more, the
 * serial slot, which requests take one after the other: nothing is allocated, for invalidations
 * are made while memory is given back.
 *
 * Invariants
 *  C1  A request is answered, or times out, or the firmware is reset; in each case its slot is
 *      free again exactly once, and an answer that comes late finds nobody and does no harm.
 *  C2  A reset answers everybody: the caches are empty after it (L5 of tlb).
 *  C3  A full ring is waited for, not failed for: who gives memory back cannot turn back.
 *
 * Whoever waits takes the answers out of the ring, also those of others, and looks at the firmware
 * now and then: an interrupt that is lost costs time, nothing else.
 *
 * Locking: @lock (rank GPU_ENGINE) for rings and slots.  The interrupt handler only wakes.
 */
#ifndef TP_GPU_INTEL_GUC_H
#define TP_GPU_INTEL_GUC_H

#include "gpu/intel/internal.h"

enum { TP_INTEL_GUC_SLOTS = 16 };

struct tp_intel_guc;

/* The firmware of @gt, which is awake: make the rings, shake hands.  -EIO: it is not ready.
 * -ENOMEM, -ENOSPC. */
int tp_intel_guc_create(struct tp_intel_gt *gt, struct tp_intel_guc **guc);
void tp_intel_guc_destroy(struct tp_intel_guc *guc);

/* Around a reset: those who wait are told (C2); then the rings are empty.  -EIO: the firmware does
 * not come back; everybody is told so until it does. */
void tp_intel_guc_reset_begin(struct tp_intel_guc *guc);
int tp_intel_guc_reset_end(struct tp_intel_guc *guc);

/* Everything of all engines, and of the firmware itself.  -ETIME.  -ENOTCONN: it is in reset. */
int tp_intel_guc_invalidate_full(struct tp_intel_guc *guc);
/*
 * [@va, @va + @size) of an address space, widened to a power of two that is aligned, from 2 MiB on
 * to 16 MiB at least; everything if that is more than 1 GiB.  -ETIME, -ENOTCONN.
 */
int tp_intel_guc_invalidate_range(struct tp_intel_guc *guc, uint32_t asid, uint64_t va,
				  uint64_t size);
/* An answer may have come (interrupt). */
void tp_intel_guc_wake(struct tp_intel_guc *guc);

#endif
