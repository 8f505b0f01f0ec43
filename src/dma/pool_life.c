/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool_life - pools are made and destroyed. */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "dma/pool_internal.h"

enum { LINE = 64, MAX_BUFS = 1 << 24, MAX_OBJECT = 1 << 16 };

static int check_config(const struct tp_dma_pool_config *c)
{
	if (!c->domain || !c->name)
		return TP_ERR(-EINVAL, "a pool needs a domain and a name");
	if (!c->nr_bufs || c->nr_bufs > MAX_BUFS)
		return TP_ERR_TEXT(-EINVAL, c->name, "pool %s: %u buffers", c->nr_bufs);
	if (!tp_is_power_of_two(c->buf_size) || c->buf_size < TP_DMA_MIN_BUF ||
	    c->buf_size > TP_PAGE_SIZE)
		return TP_ERR_TEXT(-EINVAL, c->name, "pool %s: buffers of %u bytes", c->buf_size);
	if (c->object_size < sizeof(struct tp_dma_buf) || c->object_size > MAX_OBJECT)
		return TP_ERR_TEXT(-EINVAL, c->name, "pool %s: objects of %u bytes",
				   c->object_size);
	return 0;
}

static void free_pool(struct tp_dma_pool *pool)
{
	tp_free(pool->pages);
	tp_free(pool->stack);
	tp_free(pool->objects);
	tp_free(pool);
}

static int make_tables(struct tp_dma_pool *pool)
{
	uint32_t n = pool->config.nr_bufs;

	pool->objects = tp_zalloc_aligned(LINE, n * pool->stride);
	pool->stack = tp_zalloc_array(n, sizeof(struct tp_dma_buf *));
	pool->pages = tp_zalloc_array(pool->nr_pages, sizeof(*pool->pages));
	return pool->objects && pool->stack && pool->pages ? 0 : -ENOMEM;
}

static void init_tables(struct tp_dma_pool *pool)
{
	for (uint32_t i = 0; i < pool->config.nr_bufs; i++) {
		struct tp_dma_buf *buf = tp_pool_buf(pool, i);

		buf->pool = pool;
		buf->place = TP_POOL_ABSENT;
	}
	for (uint32_t slot = 0; slot < pool->nr_pages; slot++)
		pool->pages[slot].next = slot + 1 < pool->nr_pages ? slot + 1 : TP_POOL_NIL;
}

int tp_dma_pool_create(const struct tp_dma_pool_config *config, struct tp_dma_pool **result)
{
	const struct tp_dma_name *name;
	struct tp_dma_pool *pool;
	int err = check_config(config);

	if (err)
		return err;
	pool = tp_zalloc_aligned(LINE, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	tp_spinlock_init(&pool->lock, TP_RANK_OWNER, 0);
	pool->config = *config;
	pool->machine = tp_dma_machine(config->domain);
	pool->stride = tp_align_up(config->object_size, LINE);
	pool->page_shift = (unsigned)__builtin_ctzll(TP_PAGE_SIZE / config->buf_size);
	pool->nr_pages = (config->nr_bufs + (1u << pool->page_shift) - 1) >> pool->page_shift;
	pool->nr_absent = config->nr_bufs;
	name = tp_dma_keep_name(config->domain, config->name);
	err = name ? make_tables(pool) : -ENOMEM;
	if (!err) {
		init_tables(pool);
		pool->config.name = name->text;
		pool->owner = (struct tp_owner){ .name = name->text, .ops = &tp_pool_owner_ops };
		err = tp_owner_register(pool->machine, &pool->owner);
	}
	if (err) {
		free_pool(pool);
		return err;
	}
	*result = pool;
	return 0;
}

/* Of one of the buffers that are out; "nobody who said so" if none of their holders did. */
static const char *name_holder(struct tp_dma_pool *pool, uint32_t *nr_out)
{
	const char *name = NULL;

	*nr_out = 0;
	tp_spin_lock(&pool->lock);
	for (uint32_t i = 0; i < pool->config.nr_bufs; i++) {
		struct tp_dma_buf *buf = tp_pool_buf(pool, i);

		if (!tp_pool_is_out(pool, buf))
			continue;
		++*nr_out;
		name = name ? name : (const char *)(uintptr_t)tp_quiet_load(&buf->holder);
	}
	tp_spin_unlock(&pool->lock);
	return name ? name : "nobody who said so";
}

int tp_dma_pool_destroy(struct tp_dma_pool *pool)
{
	const char *holder;
	uint32_t nr_out;
	int err;

	if (!pool)
		return 0;
	holder = name_holder(pool, &nr_out);
	if (nr_out)
		return TP_ERR_TEXT(-EBUSY, holder, "%u buffers of a pool are out, one with %s",
				   nr_out);
	tp_dma_pool_shrink(pool);
	err = tp_owner_unregister(&pool->owner);
	if (!err)
		free_pool(pool);
	return err;
}
