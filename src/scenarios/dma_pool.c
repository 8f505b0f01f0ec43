/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma_pool - a block goes offline while buffers of a pool lie in it (T27).
 *
 * A page has two buffers.  One may be in the pool, with somebody who puts it back, or posted to a
 * device, whose driver is told and takes another instead; others take buffers or shrink the pool at
 * that moment.
 *
 * Must hold: the offline succeeds, since everybody gives back what is leaving; no buffer is handed
 * out of a page that leaves (P3); no page goes while a device may reach it (P4); and all pages and
 * buffers are accounted for in the end.
 */
#include "dma/pool.h"
#include "scenarios/scene.h"

enum { BUF = TP_PAGE_SIZE / 2, BUFS = 4, ENGINE = 1 };

struct pooled {
	struct tp_scene *scene;
	struct tp_dma_domain *domain;
	struct tp_dma_pool *pool;
	struct tp_dma_buf *posted; /* one of the two of a page of the device */
	struct tp_wait_queue wq;
	tp_atomic_u32 told, gone;
	tp_dma_addr dma; /* of that page */
};

static void note_leaving(void *arg)
{
	struct pooled *p = arg;

	tp_atomic_store(&p->told, 1, TP_RELEASE);
	tp_wake_all(&p->wq);
}

/* @nr_bufs buffers; of the first page @nr_out are out, and there is no other. */
static void *prepare_out(unsigned nr_bufs, unsigned nr_out)
{
	struct pooled *p = tp_sim_alloc(sizeof(*p));
	struct tp_dma_pool_config config = { .name = "rx0",
					     .nr_bufs = nr_bufs,
					     .buf_size = BUF,
					     .object_size = sizeof(struct tp_dma_buf),
					     .node = TP_SCENE_NODE,
					     .leaving = note_leaving,
					     .arg = p };
	struct tp_dma_buf *bufs[2];

	p->scene = tp_scene_make(1, 1);
	tp_wait_queue_init(&p->wq);
	TP_SCENE_MUST(tp_dma_domain_create(p->scene->machine, "dev0", &p->domain));
	config.domain = p->domain;
	TP_SCENE_MUST(tp_dma_pool_create(&config, &p->pool));
	TP_EXPECT(tp_dma_pool_get(p->pool, bufs, 2) == 2);
	p->dma = bufs[0]->dma;
	tp_dma_pool_put(p->pool, bufs + nr_out, 2 - nr_out);
	p->posted = nr_out ? bufs[0] : NULL;
	return p;
}

static void *prepare_idle(void)
{
	return prepare_out(BUFS, 0);
}

static void *prepare_posted(void)
{
	return prepare_out(BUFS, 1);
}

/* Who wants a buffer waits for that page, or for its successor. */
static void *prepare_last(void)
{
	return prepare_out(2, 1);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void put(void *arg)
{
	struct pooled *p = arg;

	tp_dma_pool_put(p->pool, &p->posted, 1);
	p->posted = NULL;
}

static void get_and_put(void *arg)
{
	struct pooled *p = arg;
	struct tp_dma_buf *buf;

	if (!tp_dma_pool_get(p->pool, &buf, 1))
		return;
	*(unsigned char *)buf->data = 1;
	TP_EXPECT(tp_iommu_entry(tp_dma_iommu(p->domain), buf->dma)); /* P2 */
	tp_dma_pool_put(p->pool, &buf, 1);
}

static void shrink(void *arg)
{
	struct pooled *p = arg;

	tp_dma_pool_shrink(p->pool);
}

/* Does what a driver does that was told: the buffer leaves the ring, another takes its place. */
static void replace(void *arg)
{
	struct pooled *p = arg;

	tp_wait_event(&p->wq, tp_atomic_load(&p->told, TP_ACQUIRE));
	TP_EXPECT(tp_dma_buf_leaving(p->posted));
	tp_dma_pool_put(p->pool, &p->posted, 1);
	TP_EXPECT(tp_dma_pool_get(p->pool, &p->posted, 1) == 1);
}

/* The device has a buffer's address from before, and does not ask whether it may. */
static void read_posted(void *arg)
{
	struct pooled *p = arg;
	struct tp_iommu *iommu = tp_dma_iommu(p->domain);

	tp_iommu_enter(iommu, ENGINE);
	if (tp_iommu_at(iommu, p->dma, TP_IOMMU_READ))
		TP_EXPECT(!tp_atomic_load(&p->gone, TP_ACQUIRE));
	tp_iommu_leave(iommu, ENGINE);
}

static void take_offline(void *arg)
{
	struct pooled *p = arg;

	TP_SCENE_MUST(tp_blocks_offline(p->scene->machine, p->scene->first_block, 1, NULL, NULL));
	tp_atomic_store(&p->gone, 1, TP_RELEASE);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start_with(void *state, const char *name, void (*fn)(void *))
{
	tp_sim_start(name, fn, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_put(void *state)
{
	start_with(state, "put", put);
}

static void start_get(void *state)
{
	start_with(state, "get", get_and_put);
}

static void start_put_get(void *state)
{
	start_with(state, "put", put);
	tp_sim_start("get", get_and_put, state);
}

static void start_shrink(void *state)
{
	start_with(state, "shrink", shrink);
}

static void start_replace(void *state)
{
	start_with(state, "driver", replace);
}

static void start_burst(void *state)
{
	start_with(state, "device", read_posted);
}

static void check(void *state)
{
	struct pooled *p = state;
	struct tp_dma_pool_stat stat;

	if (p->posted)
		tp_dma_pool_put(p->pool, &p->posted, 1);
	tp_dma_pool_stat(p->pool, &stat);
	TP_EXPECT(!stat.bufs_out && !stat.leaving);
	TP_EXPECT(stat.bufs_here == 2 * stat.pages);
	TP_EXPECT(stat.pages_taken == stat.pages_given + stat.pages);
	TP_SCENE_MUST(tp_dma_pool_destroy(p->pool));
	tp_dma_domain_destroy(p->domain);
	TP_EXPECT(tp_scene_block_state(p->scene, 0) == TP_BLOCK_OFFLINE);
	tp_scene_check(p->scene);
}

#define POOL_SCENARIO(task, what, why, before)                                      \
	TP_SCENARIO(task##_offline, {                                               \
					    .name = "dma/pool-" what "-vs-offline", \
					    .summary = why,                         \
					    .prepare = before,                      \
					    .start = start_##task,                  \
					    .check = check,                         \
				    })

POOL_SCENARIO(put, "put", "a buffer comes back while its page is wanted", prepare_posted)
POOL_SCENARIO(get, "get", "a buffer goes out while its page is wanted", prepare_idle)
POOL_SCENARIO(put_get, "put-get", "one buffer comes back and one goes out", prepare_last)
POOL_SCENARIO(shrink, "shrink", "two want the same page of a pool", prepare_idle)
POOL_SCENARIO(replace, "replace", "a driver exchanges a posted buffer", prepare_posted)
POOL_SCENARIO(burst, "burst", "a device reads what lies in the pool", prepare_idle)
