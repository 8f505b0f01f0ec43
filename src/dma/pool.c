/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool - buffers go out and come back. */
#include "dma/pool.h"

#include <string.h>

#include "core/mutant.h"
#include "dma/pool_internal.h"

/* The newest first: they are the warmest. */
static unsigned take_some(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n)
{
	unsigned taken;

	tp_spin_lock(&pool->lock);
	taken = TP_MIN(n, pool->nr_here);
	pool->nr_here -= taken;
	memcpy(bufs, &pool->stack[pool->nr_here], taken * sizeof(*bufs));
	tp_spin_unlock(&pool->lock);
	return taken;
}

unsigned tp_dma_pool_get(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n)
{
	unsigned taken = take_some(pool, bufs, n);

	while (tp_unlikely(taken < n) && tp_pool_grow(pool))
		taken += take_some(pool, bufs + taken, n - taken);
	return taken;
}

static _Noreturn tp_noinline void panic_misplaced(struct tp_dma_pool *pool,
						  const struct tp_dma_buf *buf)
{
	TP_PANIC("pool %s: put of buffer %u, which is %s", pool->owner.name, tp_dma_buf_index(buf),
		 buf->pool != pool ? "another pool's" : "in the pool");
}

static void put_here(struct tp_dma_pool *pool, struct tp_dma_buf *buf)
{
	buf->place = pool->nr_here;
	pool->stack[pool->nr_here++] = buf;
}

/* P3.  Returns @gone, with the page if this was its last buffer. */
static uint32_t put_leaving(struct tp_dma_pool *pool, struct tp_dma_buf *buf, uint32_t gone)
{
	struct tp_pool_page *page = tp_pool_page_of(buf);

	if (tp_atomic_load(&page->state, TP_RELAXED) != TP_POOL_LEAVING) {
		put_here(pool, buf);
		return gone;
	}
	buf->place = TP_POOL_ABSENT;
	pool->nr_absent++;
	if (--page->nr_out)
		return gone;
	tp_atomic_store(&page->state, TP_POOL_NONE, TP_RELAXED);
	pool->nr_leaving--;
	page->next = gone;
	return (uint32_t)(page - pool->pages);
}

static void put_all_here(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n)
{
	struct tp_dma_buf **const stack = pool->stack;
	uint32_t here = pool->nr_here;

	for (unsigned i = 0; i < n; i++, here++) {
		struct tp_dma_buf *buf = bufs[i];
		uint32_t place = buf->place;

		if (tp_unlikely(buf->pool != pool || place == TP_POOL_ABSENT ||
				(place < here && stack[place] == buf)))
			panic_misplaced(pool, buf);
		tp_dma_buf_hold(buf, NULL);
		buf->place = here;
		stack[here] = buf;
	}
	pool->nr_here = here;
}

static uint32_t put_some_leaving(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n)
{
	uint32_t gone = TP_POOL_NIL;

	for (unsigned i = 0; i < n; i++) {
		struct tp_dma_buf *buf = bufs[i];

		if (tp_unlikely(buf->pool != pool || !tp_pool_is_out(pool, buf)))
			panic_misplaced(pool, buf);
		tp_dma_buf_hold(buf, NULL);
		gone = put_leaving(pool, buf, gone);
	}
	return gone;
}

void tp_dma_pool_put(struct tp_dma_pool *pool, struct tp_dma_buf **bufs, unsigned n)
{
	uint32_t gone = TP_POOL_NIL;

	tp_spin_lock(&pool->lock);
	if (tp_likely(!pool->nr_leaving) || TP_MUTANT(pool_reuses_leaving))
		put_all_here(pool, bufs, n);
	else
		gone = put_some_leaving(pool, bufs, n);
	tp_spin_unlock(&pool->lock);
	if (tp_unlikely(gone != TP_POOL_NIL))
		tp_pool_give(pool, gone);
}

uint32_t tp_dma_buf_index(const struct tp_dma_buf *buf)
{
	return tp_pool_index(buf);
}

bool tp_dma_buf_leaving(const struct tp_dma_buf *buf)
{
	return tp_atomic_load(&tp_pool_page_of(buf)->state, TP_RELAXED) == TP_POOL_LEAVING;
}

void tp_dma_pool_stat(struct tp_dma_pool *pool, struct tp_dma_pool_stat *stat)
{
	tp_spin_lock(&pool->lock);
	*stat = pool->stat;
	stat->leaving = pool->nr_leaving;
	stat->bufs_here = pool->nr_here;
	stat->bufs_out = pool->config.nr_bufs - pool->nr_here - pool->nr_absent;
	tp_spin_unlock(&pool->lock);
}

struct tp_dma_domain *tp_dma_pool_domain(const struct tp_dma_pool *pool)
{
	return pool->config.domain;
}

unsigned tp_dma_pool_buf_size(const struct tp_dma_pool *pool)
{
	return pool->config.buf_size;
}
