/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slab_cache - make and destroy caches, and look at them. */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/error.h"
#include "mm/slab_internal.h"

enum { MAX_SLAB_ORDER = 5, MAX_SIZE = 32768, MAX_ALIGN = 4096, DEFAULT_ALIGN = 16 };

static void describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf, size_t len)
{
	struct tp_slab_cache *cache = tp_container_of(owner, struct tp_slab_cache, owner);

	(void)cookie;
	(void)pfn;
	snprintf(buf, len, "objects of %zu bytes", cache->size);
}

static const struct tp_owner_ops slab_ops = { .describe = describe };

/* The smallest slab that wastes less than an eighth, or the largest there may be. */
static void choose_layout(struct tp_slab_cache *cache, size_t size, size_t align)
{
	cache->size = tp_align_up(size, align);
	cache->first = tp_align_up(sizeof(struct tp_slab), align);
	for (cache->order = 0;; cache->order++) {
		size_t room = (TP_PAGE_SIZE << cache->order) -
			      TP_MIN(cache->first, TP_PAGE_SIZE << cache->order);

		cache->per_slab = (unsigned)TP_MIN(room / cache->size, TP_SLAB_MAX_OBJECTS);
		if (cache->order == MAX_SLAB_ORDER || cache->order == TP_MAX_ORDER)
			return;
		if (cache->per_slab &&
		    room - cache->per_slab * cache->size <= (TP_PAGE_SIZE << cache->order) / 8)
			return;
	}
}

static int join(struct tp_machine *m, struct tp_slab_cache *cache)
{
	int err = 0;

	tp_mutex_lock(&m->slab_lock);
	for (uint64_t nodes = tp_atomic_load(&m->slab_nodes, TP_RELAXED); nodes && !err;
	     nodes &= nodes - 1)
		err = tp_slab_add_node(cache, __builtin_ctzll(nodes));
	if (!err)
		tp_list_add_before(&m->slab_caches, &cache->link);
	tp_mutex_unlock(&m->slab_lock);
	return err;
}

static void free_cache(struct tp_slab_cache *cache)
{
	for (unsigned n = 0; n < TP_MAX_NODES; n++)
		tp_free(tp_atomic_load(&cache->nodes[n], TP_RELAXED));
	tp_free(cache->name);
	tp_free(cache);
}

int tp_slab_cache_create(struct tp_machine *m, const char *name, size_t size, size_t align,
			 struct tp_slab_cache **result)
{
	struct tp_slab_cache *cache;
	int err = -ENOMEM;

	align = align ? align : DEFAULT_ALIGN;
	if (!size || size > MAX_SIZE || !tp_is_power_of_two(align) || align > MAX_ALIGN)
		return TP_ERR(-EINVAL, "slab objects of %u bytes aligned to %u", size, align);
	cache = tp_zalloc(sizeof(*cache));
	if (!cache)
		return TP_ERR(-ENOMEM, "slab cache");
	cache->machine = m;
	cache->name = tp_strdup(name);
	if (cache->name) {
		cache->owner = (struct tp_owner){ .name = cache->name, .ops = &slab_ops };
		choose_layout(cache, size, align);
		err = cache->per_slab
			      ? tp_owner_register(m, &cache->owner)
			      : TP_ERR(-EINVAL, "slab objects of %u bytes: too large", size);
	}
	if (err)
		goto free;
	err = join(m, cache);
	if (err)
		goto unregister;
	*result = cache;
	return 0;
unregister:
	tp_owner_unregister(&cache->owner);
free:
	free_cache(cache);
	return err;
}

int tp_slab_cache_destroy(struct tp_slab_cache *cache)
{
	struct tp_slab_stat stat;

	if (!cache)
		return 0;
	tp_slab_stat(cache, &stat);
	if (stat.objects)
		return TP_ERR_TEXT(-EBUSY, cache->name, "slab %s: %u objects are in use",
				   stat.objects);
	tp_mutex_lock(&cache->machine->slab_lock);
	tp_list_remove(&cache->link);
	tp_mutex_unlock(&cache->machine->slab_lock);
	tp_slab_cache_shrink(cache);
	tp_owner_unregister(&cache->owner);
	free_cache(cache);
	return 0;
}

void tp_slab_stat(struct tp_slab_cache *cache, struct tp_slab_stat *stat)
{
	*stat = (struct tp_slab_stat){ .nodes = { tp_atomic_load(&cache->machine->slab_nodes,
								 TP_ACQUIRE) } };
	for (int n = 0; n < (int)cache->machine->nr_nodes; n++) {
		struct tp_slab_lists *lists = tp_slab_lists_of(cache, n);

		if (!lists)
			continue;
		tp_spin_lock(&lists->lock);
		stat->objects += lists->nr_objects;
		stat->slabs += lists->nr_slabs;
		stat->empty_slabs += lists->nr_empty;
		tp_spin_unlock(&lists->lock);
	}
	stat->pages = stat->slabs << cache->order;
}
