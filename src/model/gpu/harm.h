/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * harm - what stale translations did, for whoever asks whether anybody was hurt.
 *
 * A stale translation did harm: it led an engine to memory that its object had no more.  Either
 * nobody had it (@now is empty; it is a fault of the bus too), or somebody else.  The first ones
 * are kept, with the names as they were then; all are counted.
 *
 * Locking: a spinlock of its own (rank CORE).
 */
#ifndef TP_MODEL_GPU_HARM_H
#define TP_MODEL_GPU_HARM_H

#include "core/iommu.h"

struct tp_model_harm {
	uint64_t time_ns, va, address; /* the address that it was led to */
	bool local, write;	       /* in the device's own memory */
	char engine[8];
	char was[TP_DMA_OWNER_TEXT], now[TP_DMA_OWNER_TEXT]; /* whose the memory was when the
							      * translation was read, and is */
};

enum { TP_MODEL_HARMS = 32 };

struct tp_model_harms {
	struct tp_spinlock lock;
	/* under lock */
	uint64_t nr;
	struct tp_model_harm kept[TP_MODEL_HARMS];
};

void tp_model_harms_init(struct tp_model_harms *harms);
/* Note one, at this moment; tags may be NULL: nobody's.  @harm's texts and time are filled in. */
void tp_model_harm_note(struct tp_model_harms *harms, const struct tp_model_harm *harm,
			const char *was, const char *now);
/* The first ones, at most @max; returns how many there were. */
uint64_t tp_model_harms_get(struct tp_model_harms *harms, struct tp_model_harm *to, size_t max);

#endif
