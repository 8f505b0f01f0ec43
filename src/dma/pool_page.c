/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool_page - pages come to a pool and go.
 *
 * Fault sites: dma/pool-page, the fetching of a page; the pool stays as it is.
 */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "dma/pool_internal.h"
#include "mm/machine.h"

/* ---- in -------------------------------------------------------------------------------------- */

static void vacate(struct tp_dma_pool *pool, uint32_t slot)
{
	tp_spin_assert_held(&pool->lock);
	pool->pages[slot].next = pool->vacant;
	pool->vacant = slot;
}

static bool take_slot(struct tp_dma_pool *pool, uint32_t *slot)
{
	tp_spin_lock(&pool->lock);
	*slot = pool->vacant;
	if (*slot != TP_POOL_NIL)
		pool->vacant = pool->pages[*slot].next;
	tp_spin_unlock(&pool->lock);
	return *slot != TP_POOL_NIL;
}

static int fetch(struct tp_dma_pool *pool, uint32_t slot)
{
	struct tp_pool_page *page = &pool->pages[slot];
	const struct tp_alloc request = { .owner = &pool->owner,
					  .cookie = slot,
					  .type = TP_MIGRATE_MOVABLE,
					  .node = pool->config.node,
					  .flags = TP_ALLOC_ATOMIC };
	tp_pfn pfn;
	int err;

	if (TP_FAULT("dma/pool-page"))
		return TP_ERR_TEXT(-ENOMEM, pool->owner.name, "pool %s: page: fault injected");
	err = tp_pages_alloc(pool->machine, &request, &pfn);
	if (err)
		return err;
	err = tp_dma_map(pool->config.domain, tp_page_address(pool->machine, pfn), TP_PAGE_SIZE,
			 TP_DMA_BIDIRECTIONAL, pool->owner.name, &page->dma);
	if (err)
		tp_pages_free(pool->machine, pfn, 0);
	page->pfn = pfn;
	return err;
}

static void bring_in(struct tp_dma_pool *pool, uint32_t slot)
{
	struct tp_pool_page *page = &pool->pages[slot];
	char *data = tp_page_address(pool->machine, page->pfn);
	uint64_t offset = 0;

	tp_pool_for_each_buf(buf, pool, slot)
	{
		buf->data = data + offset;
		buf->dma.v = page->dma.v + offset;
		buf->place = pool->nr_here;
		pool->stack[pool->nr_here++] = buf;
		pool->nr_absent--;
		offset += pool->config.buf_size;
	}
	tp_atomic_store(&page->state, TP_POOL_USED, TP_RELAXED);
	pool->stat.pages++;
	pool->stat.pages_taken++;
}

bool tp_pool_grow(struct tp_dma_pool *pool)
{
	uint32_t slot;
	int err;

	if (!take_slot(pool, &slot))
		return false;
	err = fetch(pool, slot);
	tp_spin_lock(&pool->lock);
	if (err) {
		pool->stat.page_failures++;
		vacate(pool, slot);
	} else {
		bring_in(pool, slot);
	}
	tp_spin_unlock(&pool->lock);
	return !err;
}

/* ---- out ------------------------------------------------------------------------------------- */

uint32_t tp_pool_nr_out(const struct tp_dma_pool *pool, uint32_t slot)
{
	uint32_t n = 0;

	tp_pool_for_each_buf(buf, pool, slot) n += tp_pool_is_out(pool, buf);
	return n;
}

/* The topmost takes its place. */
static void remove_buf(struct tp_dma_pool *pool, struct tp_dma_buf *buf)
{
	struct tp_dma_buf *top = pool->stack[--pool->nr_here];

	pool->stack[buf->place] = top;
	top->place = buf->place;
	buf->place = TP_POOL_ABSENT;
	pool->nr_absent++;
}

void tp_pool_withdraw(struct tp_dma_pool *pool, uint32_t slot)
{
	tp_pool_for_each_buf(buf, pool, slot)
	{
		if (tp_pool_is_here(pool, buf))
			remove_buf(pool, buf);
	}
}

/* P4 */
unsigned tp_pool_give(struct tp_dma_pool *pool, uint32_t first)
{
	struct tp_pool_page *pages = pool->pages;
	unsigned n = 0;

	for (uint32_t i = first; i != TP_POOL_NIL; i = pages[i].next)
		tp_dma_unmap_nosync(pool->config.domain, pages[i].dma, TP_PAGE_SIZE);
	tp_dma_sync(pool->config.domain);
	for (uint32_t i = first; i != TP_POOL_NIL; i = pages[i].next)
		tp_pages_free(pool->machine, pages[i].pfn, 0);
	tp_spin_lock(&pool->lock);
	for (uint32_t i = first, next; i != TP_POOL_NIL; i = next, n++) {
		next = pages[i].next;
		vacate(pool, i);
	}
	pool->stat.pages -= n;
	pool->stat.pages_given += n;
	tp_spin_unlock(&pool->lock);
	return n;
}

unsigned tp_dma_pool_shrink(struct tp_dma_pool *pool)
{
	uint32_t gone = TP_POOL_NIL;

	tp_spin_lock(&pool->lock);
	for (uint32_t slot = 0; slot < pool->nr_pages; slot++) {
		struct tp_pool_page *page = &pool->pages[slot];

		if (tp_atomic_load(&page->state, TP_RELAXED) != TP_POOL_USED ||
		    tp_pool_nr_out(pool, slot))
			continue;
		tp_pool_withdraw(pool, slot);
		tp_atomic_store(&page->state, TP_POOL_NONE, TP_RELAXED);
		page->next = gone;
		gone = slot;
	}
	tp_spin_unlock(&pool->lock);
	return gone == TP_POOL_NIL ? 0 : tp_pool_give(pool, gone);
}
