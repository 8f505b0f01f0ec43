/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slab - objects come from slabs and go back to them. */
#include <errno.h>

#include "core/error.h"
#include "core/invariant.h"
#include "mm/owner.h"
#include "mm/slab_internal.h"
#include "mm/zonelist.h"

/* Of each node's empty slabs so many stay when a free makes too many. */
enum { KEEP_EMPTY = 2 };

/* ---- one slab -------------------------------------------------------------------------------- */

static tp_pfn pfn_at(const struct tp_slab_cache *cache, const void *address)
{
	const struct tp_backing *b = &cache->machine->backing;

	return (tp_pfn){ (uint64_t)((const char *)address - b->base) >> TP_PAGE_SHIFT };
}

static struct tp_slab *slab_of(struct tp_slab_cache *cache, const void *object)
{
	uint64_t offset = (uint64_t)((const char *)object - cache->machine->backing.base);
	struct tp_slab *slab;

	if (offset >= cache->machine->backing.size)
		TP_PANIC("slab %s: free of %p, which is no memory of this machine", cache->name,
			 object);
	slab = (void *)(cache->machine->backing.base +
			(offset & ~((TP_PAGE_SIZE << cache->order) - 1)));
	/* The owner word is there even where no memory is. */
	if (tp_word_owner(tp_word_load(cache->machine, pfn_at(cache, slab))) != cache->owner.id)
		TP_PANIC("slab %s: free of %p, which is none of its objects", cache->name, object);
	return slab;
}

static void *take_object(struct tp_slab *slab)
{
	for (unsigned w = 0; w < TP_ARRAY_SIZE(slab->free); w++)
		if (slab->free[w]) {
			unsigned i = w * 64 + (unsigned)__builtin_ctzll(slab->free[w]);

			slab->free[w] &= slab->free[w] - 1;
			slab->nr_free--;
			return (char *)slab + slab->cache->first + i * slab->cache->size;
		}
	TP_PANIC("slab %s: no object is free where %u were counted", slab->cache->name,
		 slab->nr_free);
}

static void give_object(struct tp_slab *slab, const void *object)
{
	size_t offset = (size_t)((const char *)object - (const char *)slab) - slab->cache->first;
	size_t i = offset / slab->cache->size;

	if (offset % slab->cache->size || i >= slab->cache->per_slab)
		TP_PANIC("slab %s: free of %p, inside an object", slab->cache->name, object);
	if (slab->free[i / 64] >> (i % 64) & 1)
		TP_PANIC("slab %s: double free of %p", slab->cache->name, object);
	slab->free[i / 64] |= UINT64_C(1) << (i % 64);
	slab->nr_free++;
}

static void init_slab(struct tp_slab_cache *cache, struct tp_slab *slab, int node)
{
	*slab = (struct tp_slab){ .cache = cache, .node = node, .nr_free = cache->per_slab };
	tp_list_init(&slab->link);
	for (unsigned i = 0; i < cache->per_slab; i++)
		slab->free[i / 64] |= UINT64_C(1) << (i % 64);
}

static void free_slab(struct tp_slab *slab)
{
	struct tp_slab_cache *cache = slab->cache;

	tp_quiet_sub(&cache->machine->nodes[slab->node].counts.slab_pages, UINT64_C(1)
										   << cache->order);
	tp_pages_free(cache->machine, pfn_at(cache, slab), cache->order);
}

/* ---- lists of a node ------------------------------------------------------------------------- */

/* L3 */
static void place(struct tp_slab_lists *lists, struct tp_slab *slab)
{
	struct tp_list *to = !slab->nr_free			      ? &lists->full
			     : slab->nr_free == slab->cache->per_slab ? &lists->empty
								      : &lists->partial;

	tp_list_remove(&slab->link);
	tp_list_add_before(to->next, &slab->link);
}

static struct tp_slab *with_room(struct tp_slab_lists *lists)
{
	struct tp_list *from = tp_list_empty(&lists->partial) ? &lists->empty : &lists->partial;

	return tp_list_empty(from) ? NULL : tp_list_entry(from->next, struct tp_slab, link);
}

static void *alloc_on(struct tp_slab_lists *lists)
{
	struct tp_slab *slab;
	void *object = NULL;

	tp_spin_lock(&lists->lock);
	slab = with_room(lists);
	if (slab) {
		lists->nr_empty -= slab->nr_free == slab->cache->per_slab;
		object = take_object(slab);
		lists->nr_objects++;
		place(lists, slab);
	}
	tp_spin_unlock(&lists->lock);
	return object;
}

/* A fresh slab joins the lists of the node its pages came from. */
static struct tp_slab_lists *grow(struct tp_slab_cache *cache, int node, unsigned flags)
{
	struct tp_alloc request = { .owner = &cache->owner,
				    .order = cache->order,
				    .type = TP_MIGRATE_UNMOVABLE,
				    .node = node,
				    .flags = flags };
	struct tp_slab_lists *lists;
	struct tp_slab *slab;
	tp_pfn pfn;

	if (tp_pages_alloc(cache->machine, &request, &pfn))
		return NULL;
	slab = tp_page_address(cache->machine, pfn);
	init_slab(cache, slab, tp_pfn_zone(cache->machine, pfn)->node);
	tp_quiet_add(&cache->machine->nodes[slab->node].counts.slab_pages, UINT64_C(1)
										   << cache->order);
	lists = tp_slab_lists_of(cache, slab->node);
	TP_INVARIANT(lists); /* L1 */
	tp_spin_lock(&lists->lock);
	tp_list_add_before(&lists->empty, &slab->link);
	lists->nr_slabs++;
	lists->nr_empty++;
	tp_spin_unlock(&lists->lock);
	return lists;
}

static void *alloc_growing(struct tp_slab_cache *cache, int node, unsigned flags)
{
	struct tp_slab_lists *lists;
	void *object = NULL;

	/* Others may take a new slab's objects before we do; then it was not the last one. */
	while (!object && (lists = grow(cache, node, flags)))
		object = alloc_on(lists);
	return object;
}

/* From slabs that exist, in the order in which the allocator would look for pages. */
static void *alloc_existing(struct tp_slab_cache *cache, int node)
{
	struct tp_machine *m = cache->machine;
	struct tp_zone *zone;

	tp_for_each_zone_in(zone, m, &m->nodes[node].zonelist[TP_ZONE_NORMAL]) {
		struct tp_slab_lists *lists = tp_slab_lists_of(cache, zone->node);
		void *object = lists ? alloc_on(lists) : NULL;

		if (object)
			return object;
	}
	return NULL;
}

/* A node without memory to spare must not cost others a new slab for each object. */
static void *alloc_elsewhere(struct tp_slab_cache *cache, int node)
{
	void *object = NULL;

	if (tp_atomic_load(&cache->machine->slab_nodes, TP_ACQUIRE) >> node & 1)
		object = alloc_growing(cache, node, TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM);
	if (!object)
		object = alloc_existing(cache, node);
	return object ? object : alloc_growing(cache, node, 0);
}

void *tp_slab_alloc(struct tp_slab_cache *cache, int node)
{
	struct tp_slab_lists *lists;
	void *object;

	node = node == TP_NODE_NONE ? tp_node_here(cache->machine) : node;
	if (!tp_node_valid(cache->machine, node)) {
		TP_ERR_TEXT(-EINVAL, cache->name, "slab %s: there is no node %d", node);
		return NULL;
	}
	lists = tp_slab_lists_of(cache, node);
	object = lists ? alloc_on(lists) : NULL;
	return object ? object : alloc_elsewhere(cache, node);
}

/*
 * Take empty slabs off the lists until @keep are left, then free them: allocator locks stay out of
 * ours.
 */
static uint64_t shrink_lists(struct tp_slab_cache *cache, struct tp_slab_lists *lists,
			     uint64_t keep)
{
	struct tp_list doomed;
	uint64_t pages = 0;

	tp_list_init(&doomed);
	tp_spin_lock(&lists->lock);
	while (lists->nr_empty > keep) {
		struct tp_slab *slab = tp_list_entry(lists->empty.prev, struct tp_slab, link);

		tp_list_remove(&slab->link);
		tp_list_add_before(&doomed, &slab->link);
		lists->nr_empty--;
		lists->nr_slabs--;
	}
	tp_spin_unlock(&lists->lock);
	tp_list_for_each_safe(slab, &doomed, struct tp_slab, link) {
		pages += UINT64_C(1) << cache->order;
		free_slab(slab);
	}
	return pages;
}

void tp_slab_free(struct tp_slab_cache *cache, void *object)
{
	struct tp_slab_lists *lists;
	struct tp_slab *slab;
	bool too_many;

	if (!object)
		return;
	slab = slab_of(cache, object);
	lists = tp_slab_lists_of(cache, slab->node);
	tp_spin_lock(&lists->lock);
	give_object(slab, object);
	lists->nr_objects--;
	lists->nr_empty += slab->nr_free == cache->per_slab;
	place(lists, slab);
	too_many = lists->nr_empty > 2 * KEEP_EMPTY;
	tp_spin_unlock(&lists->lock);
	if (too_many)
		shrink_lists(cache, lists, KEEP_EMPTY);
}

uint64_t tp_slab_shrink_node(struct tp_slab_cache *cache, int node)
{
	struct tp_slab_lists *lists = tp_slab_lists_of(cache, node);

	return lists ? shrink_lists(cache, lists, 0) : 0;
}

uint64_t tp_slab_cache_shrink(struct tp_slab_cache *cache)
{
	uint64_t pages = 0;

	for (int n = 0; n < (int)cache->machine->nr_nodes; n++)
		pages += tp_slab_shrink_node(cache, n);
	return pages;
}
