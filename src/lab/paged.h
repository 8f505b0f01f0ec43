/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* paged - what the loads that hold single pages have in common. */
#ifndef TP_LAB_PAGED_H
#define TP_LAB_PAGED_H

#include "lab/load.h"
#include "lab/pageset.h"

struct tp_paged_load {
	struct tp_load load;
	struct tp_pageset set;
	struct tp_alloc request; /* what its kind starts from */
	unsigned threads;
};

static inline struct tp_paged_load *tp_paged_of(struct tp_load *load)
{
	return tp_container_of(load, struct tp_paged_load, load);
}

/* Make the set of @nr_slots, take the first @nr_filled of them, start the threads. */
int tp_paged_start(struct tp_load *load, const struct tp_load_config *config,
		   enum tp_pageset_kind kind, uint32_t nr_slots, uint32_t nr_filled,
		   void (*turn)(void *load, struct tp_worker *worker));
int tp_paged_stop(struct tp_load *load);
uint64_t tp_paged_verify(struct tp_load *load);
void tp_paged_stat(struct tp_load *load, struct tp_load_stat *stat);

/* Take slot @index and count what came of it. */
int tp_paged_take(struct tp_paged_load *paged, uint32_t index, const struct tp_alloc *request,
		  struct tp_rng *rng);

#endif
