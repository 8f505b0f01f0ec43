/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool - equal buffers for a device, on pages that can be asked back (T27).
 *
 * Pages come from the machine, are mapped once and stay so while they go round: pool, descriptor,
 * whoever reads the frame, pool.  The pool is their owner.  Asked to release a page, it gives it up
 * at once if all of its buffers lie in the pool; otherwise the page is *leaving*: each buffer stays
 * away from the pool when it comes back, and the last one takes the page with it.  Leaving buffers
 * that a device holds do not come back by themselves, so the user is told (@leaving).
 * Pages leave for an offline only.  Reclaim, which would see them replaced by others at once, gets
 * pages that lie in the pool whole, and no others.
 *
 * A buffer is an object of the user's that begins with a struct tp_dma_buf; there are always
 * @nr_bufs of them, with or without a page behind.
 *
 * States of a page:
 *	NONE --- get, when the pool is short ---> USED --- release, shrink: all here ---> NONE
 *	USED --- release for an offline: some are out ---> LEAVING --- last put ---> NONE
 *
 * Invariants
 *  P1  A buffer is in the pool, or somebody's, or has no page.
 *  P2  A page is mapped from before its first buffer is handed out until after its last came back.
 *  P3  A leaving page never hands out a buffer again.
 *  P4  A page is unmapped, and no access to it runs (D2), before it is freed.
 *
 * Locking: @lock (rank OWNER), for lists and states; pages are freed outside it.
 */
#ifndef TP_DMA_POOL_H
#define TP_DMA_POOL_H

#include "dma/dma.h"

/* 256 bytes, but less in simulation, where pages are small. */
enum { TP_DMA_MIN_BUF = TP_PAGE_SIZE / 16 };

struct tp_dma_pool;

struct tp_dma_buf {
	void *data;	 /* @buf_size bytes in the direct map */
	tp_dma_addr dma; /* the same for the pool's domain */
	struct tp_dma_pool *pool;
	uint32_t place;	 /* the pool's */
	uint16_t own[2]; /* the user's; the pool leaves them alone */
	tp_quiet holder; /* const char *: who has it, for those who ask; static text */
};

struct tp_dma_pool_config {
	struct tp_dma_domain *domain;
	const char *name; /* shown as the owner of its pages; copied */
	unsigned nr_bufs;
	unsigned buf_size;  /* bytes, a power of two, TP_DMA_MIN_BUF to the page size */
	size_t object_size; /* of the user's objects, at least sizeof(struct tp_dma_buf) */
	int node;	    /* where pages come from; TP_NODE_NONE: anywhere */
	/*
	 * A page of which buffers are out is wanted back.  Called once for each such page from
	 * whoever takes memory away, with the hotplug lock held: note it, wake somebody.  NULL:
	 * nobody needs to know.
	 */
	void (*leaving)(void *arg);
	void *arg;
};

/* -ENOMEM, -EINVAL, -ENOSPC: too many owners.  No page is allocated yet. */
int tp_dma_pool_create(const struct tp_dma_pool_config *config, struct tp_dma_pool **pool);
/*
 * Every buffer must be back, and every put have returned: -EBUSY otherwise, with the name of a
 * holder as error text.
 */
int tp_dma_pool_destroy(struct tp_dma_pool *pool);

/*
 * Up to @n buffers; returns how many there were.  Takes pages from the machine as needed without
 * waiting for memory (TP_ALLOC_ATOMIC; fault site dma/pool-page).
 */
unsigned tp_dma_pool_get(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n);
/* Give buffers back, of one pool, whose holders are forgotten; any thread. */
void tp_dma_pool_put(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n);
/* Give pages whose buffers are all here back to the machine; returns how many. */
unsigned tp_dma_pool_shrink(struct tp_dma_pool *pool);

/* Its number in its pool. */
uint32_t tp_dma_buf_index(const struct tp_dma_buf *buf);
/* True: its page is wanted back; rather put it than use it again. */
bool tp_dma_buf_leaving(const struct tp_dma_buf *buf);

static inline void tp_dma_buf_hold(struct tp_dma_buf *buf, const char *holder)
{
	tp_quiet_store(&buf->holder, (uint64_t)(uintptr_t)holder);
}

struct tp_dma_pool_stat {
	uint64_t pages, leaving; /* now */
	uint64_t bufs_here, bufs_out;
	/* ever: pages taken and given back, requests no page could be had for */
	uint64_t pages_taken, pages_given, page_failures;
	uint64_t released; /* pages given up because somebody asked */
};

void tp_dma_pool_stat(struct tp_dma_pool *pool, struct tp_dma_pool_stat *stat);
struct tp_dma_domain *tp_dma_pool_domain(const struct tp_dma_pool *pool);
unsigned tp_dma_pool_buf_size(const struct tp_dma_pool *pool);

#endif
