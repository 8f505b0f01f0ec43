/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* subject_pages - the page allocators, and none at all: what the harness itself costs. */
#include <errno.h>
#include <stdlib.h>

#include <tidepool/tidepool.h>

#include "measure.h"
#include "naive_buddy.h"
#include "subject.h"

/* ---- none ------------------------------------------------------------------------------------ */

static const char *harness_start(struct tp_bench_subject *s, uint64_t bytes)
{
	(void)s;
	(void)bytes;
	return NULL;
}

static void harness_stop(struct tp_bench_subject *s)
{
	(void)s;
}

static uintptr_t harness_alloc(struct tp_bench_subject *s, unsigned order)
{
	(void)s;
	return order;
}

static void harness_free(struct tp_bench_subject *s, uintptr_t what, unsigned order)
{
	(void)s;
	(void)what;
	(void)order;
}

struct tp_bench_subject tp_bench_harness = {
	.name = "(calls only)",
	.start = harness_start,
	.stop = harness_stop,
	.alloc = harness_alloc,
	.free = harness_free,
};

/* ---- tidepool -------------------------------------------------------------------------------- */

struct pool {
	struct tp_machine *machine;
	struct tp_owner owner;
};

static int keep(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)owner;
	(void)cookie;
	(void)pfn;
	(void)order;
	return -EBUSY;
}

/* Movable in principle, so that the request takes the way of ordinary application memory. */
static const struct tp_owner_ops ops = { .release = keep };

static const char *tidepool_start(struct tp_bench_subject *s, uint64_t bytes)
{
	struct tp_machine_config config = {
		.nodes[0] = { .dram = bytes, .cpus = tp_bench_nr_cpus() },
		.hotplug_size = TP_MIB(128),
	};
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool || tp_machine_create(&config, &pool->machine))
		tp_bench_die("tidepool");
	pool->owner = (struct tp_owner){ .name = "bench", .ops = &ops };
	if (tp_owner_register(pool->machine, &pool->owner))
		tp_bench_die("tidepool's owner");
	s->state = pool;
	return NULL;
}

static void tidepool_stop(struct tp_bench_subject *s)
{
	struct pool *pool = s->state;

	if (tp_machine_check(pool->machine, true, stderr) || tp_owner_unregister(&pool->owner))
		tp_bench_die("tidepool after the run");
	tp_machine_destroy(pool->machine);
	free(pool);
}

static uintptr_t tidepool_alloc(struct tp_bench_subject *s, unsigned order)
{
	struct pool *pool = s->state;
	struct tp_alloc request = {
		.owner = &pool->owner,
		.order = order,
		.type = TP_MIGRATE_MOVABLE,
		.node = TP_NODE_NONE,
	};
	tp_pfn pfn;

	return tp_pages_alloc(pool->machine, &request, &pfn) ? TP_BENCH_NOTHING : pfn.v;
}

static void tidepool_free(struct tp_bench_subject *s, uintptr_t what, unsigned order)
{
	struct pool *pool = s->state;

	tp_pages_free(pool->machine, (tp_pfn){ what }, order);
}

struct tp_bench_subject tp_bench_tidepool = {
	.name = "tidepool",
	.start = tidepool_start,
	.stop = tidepool_stop,
	.alloc = tidepool_alloc,
	.free = tidepool_free,
};

struct tp_machine *tp_bench_machine(const struct tp_bench_subject *tidepool)
{
	const struct pool *pool = tidepool->state;

	return pool->machine;
}

/* ---- naive buddy ----------------------------------------------------------------------------- */

static const char *naive_start(struct tp_bench_subject *s, uint64_t bytes)
{
	s->state = tp_naive_create((uint32_t)(bytes >> TP_PAGE_SHIFT));
	return s->state ? NULL : "no memory";
}

static void naive_stop(struct tp_bench_subject *s)
{
	tp_naive_destroy(s->state);
}

static uintptr_t naive_alloc(struct tp_bench_subject *s, unsigned order)
{
	uint32_t page = tp_naive_alloc(s->state, order);

	return page == UINT32_MAX ? TP_BENCH_NOTHING : page;
}

static void naive_free(struct tp_bench_subject *s, uintptr_t what, unsigned order)
{
	tp_naive_free(s->state, (uint32_t)what, order);
}

struct tp_bench_subject tp_bench_naive = {
	.name = "naive buddy",
	.start = naive_start,
	.stop = naive_stop,
	.alloc = naive_alloc,
	.free = naive_free,
};
