/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_churn - allocates and frees pages of mixed orders and types; all of them can move.
 */
#include "lab/paged.h"

enum { STEPS_PER_TURN = 64, PAUSE_US = 500 };

struct churn_load {
	struct tp_paged_load paged;
	unsigned max_order;
	uint64_t max_pages;
};

/* Most are movable single pages, as in a real system; every kind comes up. */
static struct tp_alloc random_request(struct churn_load *churn, struct tp_rng *rng)
{
	static const enum tp_migratetype types[] = {
		TP_MIGRATE_MOVABLE,   TP_MIGRATE_MOVABLE,     TP_MIGRATE_MOVABLE,
		TP_MIGRATE_MOVABLE,   TP_MIGRATE_MOVABLE,     TP_MIGRATE_MOVABLE,
		TP_MIGRATE_UNMOVABLE, TP_MIGRATE_RECLAIMABLE,
	};
	struct tp_alloc request = churn->paged.request;

	if (churn->max_order && !tp_rng_below(rng, 4))
		request.order = 1 + (unsigned)tp_rng_below(rng, churn->max_order);
	request.type = types[tp_rng_below(rng, TP_ARRAY_SIZE(types))];
	return request;
}

static void take(struct churn_load *churn, uint32_t index, struct tp_rng *rng)
{
	struct tp_alloc request = random_request(churn, rng);
	uint64_t pages = tp_atomic_load(&churn->paged.set.pages, TP_RELAXED);

	if (pages + (UINT64_C(1) << request.order) <= churn->max_pages)
		tp_paged_take(&churn->paged, index, &request, rng);
}

static void churn_turn(void *arg, struct tp_worker *worker)
{
	struct churn_load *churn = arg;
	/* Each worker fills and empties slots of its own. */
	uint32_t threads = churn->paged.threads, own = churn->paged.set.nr_slots / threads;

	for (unsigned i = 0; i < STEPS_PER_TURN; i++) {
		uint32_t nth = (uint32_t)tp_rng_below(&worker->rng, own);
		uint32_t index = nth * threads + worker->index;

		if (!tp_pageset_give(&churn->paged.set, index))
			take(churn, index, &worker->rng);
	}
	tp_sleep_ns(TP_MICROSECONDS(PAUSE_US));
}

/*
 * Half of the slots are empty at any time.  A page in use holds one page three times out of four,
 * else 2^1 to 2^max_order.
 */
static uint32_t slots_for(uint64_t pages, unsigned max_order)
{
	uint64_t parts = 4 * max_order, sum = 3 * max_order + (UINT64_C(2) << max_order) - 2;

	return (uint32_t)(2 * pages * (max_order ? parts : 1) / (max_order ? sum : 1));
}

static int churn_start(struct tp_load *load, const struct tp_load_config *config)
{
	struct churn_load *churn = tp_container_of(tp_paged_of(load), struct churn_load, paged);

	churn->max_order = config->max_order;
	churn->max_pages = config->size / TP_PAGE_SIZE;
	churn->paged.request.flags = TP_ALLOC_NORECLAIM;
	return tp_paged_start(load, config, TP_PAGESET_MOVES,
			      slots_for(churn->max_pages, config->max_order) + config->threads, 0,
			      churn_turn);
}

const struct tp_load_kind tp_load_churn = {
	.name = "churn",
	.size = sizeof(struct churn_load),
	.work = "allocations",
	.start = churn_start,
	.stop = tp_paged_stop,
	.verify = tp_paged_verify,
	.stat = tp_paged_stat,
};
