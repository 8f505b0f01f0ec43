/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool_release - somebody wants a page of a pool back (T27).
 *
 * While buffers of the page are out the answer is -EAGAIN and not the promise that 0 would be, so
 * that an offline which gives up waiting names the page, and with it who has the buffers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "dma/pool_internal.h"
#include "mm/machine.h"

static bool goes_offline(struct tp_dma_pool *pool, tp_pfn pfn)
{
	return tp_atomic_load(&tp_pfn_block(pool->machine, pfn)->state, TP_ACQUIRE) ==
	       TP_BLOCK_GOING_OFFLINE;
}

/* What becomes of a used page: NONE, LEAVING, or USED if it is not to be had. */
static enum tp_pool_page_state ask(struct tp_dma_pool *pool, uint32_t slot)
{
	struct tp_pool_page *page = &pool->pages[slot];
	uint32_t nr_out = tp_pool_nr_out(pool, slot);

	if (nr_out && !goes_offline(pool, page->pfn))
		return TP_POOL_USED;
	tp_pool_withdraw(pool, slot);
	page->nr_out = nr_out;
	page->next = TP_POOL_NIL;
	pool->nr_leaving += !!nr_out;
	pool->stat.released++;
	return nr_out ? TP_POOL_LEAVING : TP_POOL_NONE;
}

static int release(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct tp_dma_pool *pool = tp_container_of(owner, struct tp_dma_pool, owner);
	struct tp_pool_page *page = &pool->pages[cookie];
	enum tp_pool_page_state before, after;

	(void)order;
	tp_spin_lock(&pool->lock);
	before = after = tp_atomic_load(&page->state, TP_RELAXED);
	if (before == TP_POOL_USED && page->pfn.v == pfn.v) {
		after = ask(pool, cookie);
		tp_atomic_store(&page->state, after, TP_RELAXED);
	}
	tp_spin_unlock(&pool->lock);
	if (before == TP_POOL_USED && after == TP_POOL_NONE) {
		tp_pool_give(pool, cookie);
		return 0;
	}
	if (before == TP_POOL_USED && after == TP_POOL_USED)
		return TP_ERR_TEXT(-EBUSY, owner->name, "pool %s: buffers of pfn %x are out",
				   pfn.v);
	if (before == TP_POOL_USED && pool->config.leaving)
		pool->config.leaving(pool->config.arg);
	/* Or it is on its way in or out this moment. */
	return TP_ERR_TEXT(-EAGAIN, owner->name, "pool %s: pfn %x is leaving", pfn.v);
}

/* "3 of 16 with port 0, sink" */
static void describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf, size_t len)
{
	struct tp_dma_pool *pool = tp_container_of(owner, struct tp_dma_pool, owner);
	const char *last = "";
	size_t used = 0;
	uint32_t nr_out;

	(void)pfn;
	tp_spin_lock(&pool->lock);
	nr_out = tp_pool_nr_out(pool, cookie);
	used = (size_t)snprintf(buf, len, "%u of %u out", nr_out, 1u << pool->page_shift);
	tp_pool_for_each_buf(b, pool, cookie)
	{
		const char *holder = (const char *)(uintptr_t)tp_quiet_load(&b->holder);

		if (!tp_pool_is_out(pool, b) || !holder || !strcmp(holder, last) || used >= len)
			continue;
		used += (size_t)snprintf(buf + used, len - used, "%s%s", *last ? ", " : ": ",
					 holder);
		last = holder;
	}
	tp_spin_unlock(&pool->lock);
}

const struct tp_owner_ops tp_pool_owner_ops = { .release = release, .describe = describe };
