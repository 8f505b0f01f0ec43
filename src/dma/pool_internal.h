/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool_internal - what a pool is made of, for its own files.
 *
 * Buffers that are here stand in a stack, the last one put on top.  A buffer's place in it is
 * written when it is put and says afterwards whether it is still here, so that taking buffers
 * writes to none of them, and nothing is counted per page until the page is wanted back.
 *
 * A page's slot, which is its cookie too, stands for the same buffers always.
 *
 * Invariants
 *  Q1  stack[b->place] is b for exactly the buffers that are here; a buffer without a page, or
 *      back from a leaving one, has the place TP_POOL_ABSENT; any other is out.
 *  Q2  A slot is in @vacant, or has a page, or is one thread's that fetches or gives a page.
 */
#ifndef TP_DMA_POOL_INTERNAL_H
#define TP_DMA_POOL_INTERNAL_H

#include "core/invariant.h"
#include "dma/domain.h"
#include "dma/pool.h"

#define TP_POOL_ABSENT UINT32_MAX
#define TP_POOL_NIL    UINT32_MAX

enum tp_pool_page_state { TP_POOL_NONE, TP_POOL_USED, TP_POOL_LEAVING };

struct tp_pool_page {
	tp_atomic_u8 state; /* enum tp_pool_page_state; written under the lock */
	uint32_t nr_out;    /* of a leaving page */
	uint32_t next;	    /* in @vacant, or in a list of pages to give back */
	tp_pfn pfn;
	tp_dma_addr dma;
};

struct tp_dma_pool {
	struct tp_spinlock lock;
	uint32_t nr_here, nr_leaving;
	struct tp_dma_buf **stack;
	struct tp_pool_page *pages;
	uint32_t nr_absent;
	uint32_t vacant; /* first slot without a page */
	struct tp_dma_pool_stat stat;

	/* never changed */
	struct tp_dma_pool_config config;
	struct tp_machine *machine;
	struct tp_owner owner;
	char *objects;
	size_t stride;
	uint32_t nr_pages;
	unsigned page_shift; /* buffers of a page, as a power of two */
};

static inline struct tp_dma_buf *tp_pool_buf(const struct tp_dma_pool *pool, uint32_t index)
{
	return (struct tp_dma_buf *)(void *)(pool->objects + index * pool->stride);
}

/* Not kept in the buffer, whose first cache line is full: only slow paths ask. */
static inline uint32_t tp_pool_index(const struct tp_dma_buf *buf)
{
	return (uint32_t)((size_t)((const char *)buf - buf->pool->objects) / buf->pool->stride);
}

static inline struct tp_pool_page *tp_pool_page_of(const struct tp_dma_buf *buf)
{
	return &buf->pool->pages[tp_pool_index(buf) >> buf->pool->page_shift];
}

static inline bool tp_pool_is_here(const struct tp_dma_pool *pool, const struct tp_dma_buf *buf)
{
	return buf->place < pool->nr_here && pool->stack[buf->place] == buf;
}

static inline bool tp_pool_is_out(const struct tp_dma_pool *pool, const struct tp_dma_buf *buf)
{
	return buf->place != TP_POOL_ABSENT && !tp_pool_is_here(pool, buf);
}

/* The buffers of page @slot. */
#define tp_pool_for_each_buf(buf, pool, slot)                                                      \
	for (uint32_t                                                                              \
		     tp_i_ = (slot) << (pool)->page_shift,                                         \
		     tp_end_ = TP_MIN(((slot) + 1) << (pool)->page_shift, (pool)->config.nr_bufs); \
	     tp_i_ < tp_end_; tp_i_++)                                                             \
		for (struct tp_dma_buf *buf = tp_pool_buf(pool, tp_i_); buf; buf = NULL)

/* Fetch one more page.  False: all have theirs, or there is no memory. */
bool tp_pool_grow(struct tp_dma_pool *pool);
/* Under the lock: how many buffers of a used page are out. */
uint32_t tp_pool_nr_out(const struct tp_dma_pool *pool, uint32_t slot);
/* Under the lock: those of its buffers that are here are here no more. */
void tp_pool_withdraw(struct tp_dma_pool *pool, uint32_t slot);
/* Give pages in state NONE, from @first on, back to the machine.  Returns how many. */
unsigned tp_pool_give(struct tp_dma_pool *pool, uint32_t first);

extern const struct tp_owner_ops tp_pool_owner_ops;

#endif
