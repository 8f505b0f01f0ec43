/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma_fault - every step of making and using a domain and its pools fails once.
 *
 * Must hold: whatever fails, the answer is an error or fewer buffers, nothing is left behind, and
 * what was there before can be taken down.
 */
#include <errno.h>

#include "dma/pool.h"
#include "scenarios/scene.h"

enum { BUF = TP_PAGE_SIZE / 2, BUFS = 2 };

static void *prepare(void)
{
	return tp_scene_make(2, 0);
}

static void use_ring(struct tp_dma_domain *domain)
{
	struct tp_dma_coherent ring;
	int err = tp_dma_alloc(domain, 2 * TP_PAGE_SIZE, 0, "ring", &ring);

	TP_EXPECT(err ? (err == -ENOMEM || err == -ENOSPC) && !ring.address : !!ring.address);
	tp_dma_free(&ring);
}

static void use_pool(struct tp_dma_domain *domain)
{
	const struct tp_dma_pool_config config = { .domain = domain,
						   .name = "rx0",
						   .nr_bufs = BUFS,
						   .buf_size = BUF,
						   .object_size = sizeof(struct tp_dma_buf),
						   .node = 0 };
	struct tp_dma_buf *bufs[BUFS];
	struct tp_dma_pool_stat stat;
	struct tp_dma_pool *pool;
	unsigned n;

	if (tp_dma_pool_create(&config, &pool))
		return;
	n = tp_dma_pool_get(pool, bufs, BUFS);
	tp_dma_pool_stat(pool, &stat);
	TP_EXPECT(stat.bufs_out == n && (n == BUFS) == !stat.page_failures);
	tp_dma_pool_put(pool, bufs, n);
	TP_SCENE_MUST(tp_dma_pool_destroy(pool));
}

static void use_domain(void *arg)
{
	struct tp_scene *scene = arg;
	struct tp_dma_domain *domain;

	if (tp_dma_domain_create(scene->machine, "dev0", &domain))
		return;
	use_ring(domain);
	use_pool(domain);
	tp_dma_domain_destroy(domain);
}

static void start(void *state)
{
	tp_sim_start("use", use_domain, state);
}

TP_SCENARIO(dma_faults, {
				.name = "dma/faults",
				.summary = "a step of a domain, a ring or a pool fails",
				.prepare = prepare,
				.start = start,
				.check = tp_scene_check,
				.faults = 1,
			})
