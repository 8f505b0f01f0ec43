/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma_pool_one - the one pool of a test program, new for each test, in a machine with far memory.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_DMA_POOL_ONE_H
#define TESTS_UNIT_DMA_POOL_ONE_H

#include <tidepool/fault.h>

#include "dma/pool.h"
#include "dma_machine.h"

enum { BUF = 1024, PER_PAGE = TP_PAGE_SIZE / BUF, PAGES = 16, BUFS = PAGES * PER_PAGE };

static struct dma_machine dm;
static struct tp_dma_pool *pool;

/* Of objects that are only a buffer, wherever there is memory. */
static inline struct tp_dma_pool_config pool_config(void)
{
	return (struct tp_dma_pool_config){ .domain = dm.domain,
					    .name = "rx0",
					    .nr_bufs = BUFS,
					    .buf_size = BUF,
					    .object_size = sizeof(struct tp_dma_buf),
					    .node = TP_NODE_NONE };
}

/* The machine is made here, so whatever domain @config has is not meant. */
static inline int begin_pool(struct tp_dma_pool_config config)
{
	dm = make_dma_machine();
	config.domain = dm.domain;
	must(tp_dma_pool_create(&config, &pool));
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	must(tp_dma_pool_destroy(pool));
	tp_fault_reset();
	end_dma_machine(&dm);
	return 0;
}

static inline struct tp_dma_pool_stat pool_stat(void)
{
	struct tp_dma_pool_stat stat;

	tp_dma_pool_stat(pool, &stat);
	return stat;
}

static inline void take(struct tp_dma_buf **bufs, unsigned n)
{
	assert_int_equal(tp_dma_pool_get(pool, bufs, n), n);
}

#endif
