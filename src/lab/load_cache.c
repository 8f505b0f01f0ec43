/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_cache - like a page cache: gives pages up when asked, and fills itself again.
 */
#include "lab/paged.h"

enum { SLOTS_PER_TURN = 256, PAUSE_US = 1000 };

struct cache_load {
	struct tp_paged_load paged;
	uint32_t cursor[TP_CREW_MAX];
};

/* Fill what is empty among the worker's next slots; false: nothing was, or there is no memory. */
static bool refill(struct cache_load *cache, struct tp_worker *worker)
{
	struct tp_paged_load *paged = &cache->paged;
	uint32_t *cursor = &cache->cursor[worker->index];
	bool took = false;

	for (unsigned i = 0; i < SLOTS_PER_TURN; i++) {
		uint32_t index = *cursor * paged->threads + worker->index;

		*cursor = (*cursor + 1) % (paged->set.nr_slots / paged->threads);
		if (tp_pageset_holds(&paged->set, index))
			continue;
		if (tp_paged_take(paged, index, &paged->request, &worker->rng))
			return false;
		took = true;
	}
	return took;
}

static void cache_turn(void *arg, struct tp_worker *worker)
{
	if (!refill(arg, worker))
		tp_sleep_ns(TP_MICROSECONDS(PAUSE_US));
}

static int cache_start(struct tp_load *load, const struct tp_load_config *config)
{
	uint64_t nr = tp_align_up(config->size / TP_PAGE_SIZE, config->threads);

	tp_paged_of(load)->request.type = TP_MIGRATE_MOVABLE;
	return tp_paged_start(load, config, TP_PAGESET_RELEASES, (uint32_t)nr, 0, cache_turn);
}

const struct tp_load_kind tp_load_cache = {
	.name = "cache",
	.size = sizeof(struct cache_load),
	.work = "allocations",
	.start = cache_start,
	.stop = tp_paged_stop,
	.verify = tp_paged_verify,
	.stat = tp_paged_stat,
};
