/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * paged - start, stop and check a load that is a set of pages.
 */
#include "lab/paged.h"

static int fill(struct tp_paged_load *paged, const struct tp_load_config *config, uint32_t nr)
{
	struct tp_rng rng;
	int err;

	tp_rng_init(&rng, config->seed);
	for (uint32_t i = 0; i < nr; i++) {
		err = tp_pageset_take(&paged->set, i, &paged->request, tp_rng_next(&rng));
		if (err)
			return err;
	}
	return 0;
}

int tp_paged_start(struct tp_load *load, const struct tp_load_config *config,
		   enum tp_pageset_kind kind, uint32_t nr_slots, uint32_t nr_filled,
		   void (*turn)(void *load, struct tp_worker *worker))
{
	struct tp_paged_load *paged = tp_paged_of(load);
	int err;

	paged->threads = config->threads;
	paged->request.node = config->node;
	err = tp_pageset_init(&paged->set, load->machine, load->name, kind, nr_slots,
			      load->findings);
	if (err)
		return err;
	err = fill(paged, config, nr_filled);
	if (!err && turn)
		err = tp_crew_start(&load->crew, load->name, config->threads, config->seed, turn,
				    paged);
	if (err)
		tp_pageset_fini(&paged->set);
	return err;
}

int tp_paged_stop(struct tp_load *load)
{
	tp_pageset_fini(&tp_paged_of(load)->set);
	return 0;
}

uint64_t tp_paged_verify(struct tp_load *load)
{
	return tp_pageset_verify(&tp_paged_of(load)->set);
}

void tp_paged_stat(struct tp_load *load, struct tp_load_stat *stat)
{
	struct tp_pageset *set = &tp_paged_of(load)->set;

	stat->bytes = tp_atomic_load(&set->pages, TP_RELAXED) * TP_PAGE_SIZE;
	stat->pages_moved = tp_atomic_load(&set->moved, TP_RELAXED);
	stat->pages_released = tp_atomic_load(&set->released, TP_RELAXED);
}

int tp_paged_take(struct tp_paged_load *paged, uint32_t index, const struct tp_alloc *request,
		  struct tp_rng *rng)
{
	int err = tp_pageset_take(&paged->set, index, request, tp_rng_next(rng));

	tp_atomic_add(err ? &paged->load.starved : &paged->load.work, 1, TP_RELAXED);
	return err;
}
