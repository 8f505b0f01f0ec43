/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slab - caches of equal objects.
 *
 * A slab is one allocation of naturally aligned pages; its head tells cache, node and which objects
 * are free, so a free finds everything from the object's address, and a double free is seen.
 *
 * Invariants
 *  L1  A cache has lists for exactly the nodes in slab_nodes, which follow N_NORMAL_MEMORY from
 *      announcement to cancel or statement: a slab's page always lies on a node with lists (T1),
 *      and when the last normal memory of a node has gone the node is not in the set, whatever
 *      movable memory it keeps (T2).
 *  L2  Lists of a node, once made, live as long as the cache: somebody may be about to look at
 *      them.
 *  L3  partial: some objects free; full: none; empty: all.  A slab stands on the list its bitmap
 *      says.
 *
 * Locking: slab_lock for the set of caches and nodes; the node lists' spinlock for slabs.
 * Fault sites: core/alloc, those of page allocation.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "mm/modules.h"

enum {
	MAX_OBJECTS = 256,
	MAX_SLAB_ORDER = 5,
	MAX_SIZE = 32768,
	MAX_ALIGN = 4096,
	DEFAULT_ALIGN = 16,
	KEEP_EMPTY = 2
};
#define SLAB_MAGIC UINT64_C(0x736c616274696465)

struct slab {
	uint64_t magic;
	struct tp_slab_cache *cache;
	struct tp_list link;
	int node;
	unsigned nr_free;
	uint64_t free[MAX_OBJECTS / 64]; /* set: the object is free */
};

struct node_lists {
	struct tp_spinlock lock;
	struct tp_list partial, full, empty;
	uint64_t nr_slabs, nr_empty, nr_objects;
};

struct tp_slab_cache {
	struct tp_owner owner;
	struct tp_machine *machine;
	struct tp_list link;
	char *name;
	size_t size;  /* of an object with its padding */
	size_t first; /* offset of the first object */
	unsigned order, per_slab;
	TP_ATOMIC(struct node_lists *) nodes[TP_MAX_NODES];
};

/* ---- one slab -------------------------------------------------------------------------------- */

static tp_pfn slab_pfn(const struct slab *slab)
{
	const struct tp_backing *b = &slab->cache->machine->backing;

	return (tp_pfn){ (uint64_t)((const char *)slab - b->base) >> TP_PAGE_SHIFT };
}

static struct slab *slab_of(struct tp_slab_cache *cache, const void *object)
{
	uint64_t offset = (uint64_t)((const char *)object - cache->machine->backing.base);
	struct slab *slab;

	if (offset >= cache->machine->backing.size)
		TP_PANIC("slab %s: free of %p, which is no memory of this machine", cache->name,
			 object);
	slab = (void *)(cache->machine->backing.base +
			(offset & ~((TP_PAGE_SIZE << cache->order) - 1)));
	if (slab->magic != SLAB_MAGIC || slab->cache != cache)
		TP_PANIC("slab %s: free of %p, which is none of its objects", cache->name, object);
	return slab;
}

static void *take_object(struct slab *slab)
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

static void give_object(struct slab *slab, const void *object)
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

static void init_slab(struct tp_slab_cache *cache, struct slab *slab, int node)
{
	*slab = (struct slab){
		.magic = SLAB_MAGIC, .cache = cache, .node = node, .nr_free = cache->per_slab
	};
	tp_list_init(&slab->link);
	for (unsigned i = 0; i < cache->per_slab; i++)
		slab->free[i / 64] |= UINT64_C(1) << (i % 64);
}

static void free_slab(struct slab *slab)
{
	struct tp_slab_cache *cache = slab->cache;

	slab->magic = 0;
	tp_pages_free(cache->machine, slab_pfn(slab), cache->order);
}

/* ---- lists of a node ------------------------------------------------------------------------- */

static struct node_lists *lists_of(struct tp_slab_cache *cache, int node)
{
	return tp_atomic_load(&cache->nodes[node], TP_ACQUIRE);
}

/* L3 */
static void place(struct node_lists *lists, struct slab *slab)
{
	struct tp_list *to = !slab->nr_free			      ? &lists->full
			     : slab->nr_free == slab->cache->per_slab ? &lists->empty
								      : &lists->partial;

	tp_list_remove(&slab->link);
	tp_list_add_before(to->next, &slab->link);
}

static struct slab *with_room(struct node_lists *lists)
{
	struct tp_list *from = tp_list_empty(&lists->partial) ? &lists->empty : &lists->partial;

	return tp_list_empty(from) ? NULL : tp_list_entry(from->next, struct slab, link);
}

static void *alloc_on(struct node_lists *lists)
{
	struct slab *slab;
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
static struct node_lists *grow(struct tp_slab_cache *cache, int node)
{
	struct tp_alloc request = { .owner = &cache->owner,
				    .order = cache->order,
				    .type = TP_MIGRATE_UNMOVABLE,
				    .node = node };
	struct node_lists *lists;
	struct slab *slab;
	tp_pfn pfn;

	if (tp_pages_alloc(cache->machine, &request, &pfn))
		return NULL;
	slab = tp_page_address(cache->machine, pfn);
	init_slab(cache, slab, tp_pfn_zone(cache->machine, pfn)->node);
	lists = lists_of(cache, slab->node);
	TP_INVARIANT(lists); /* L1 */
	tp_spin_lock(&lists->lock);
	tp_list_add_before(&lists->empty, &slab->link);
	lists->nr_slabs++;
	lists->nr_empty++;
	tp_spin_unlock(&lists->lock);
	return lists;
}

void *tp_slab_alloc(struct tp_slab_cache *cache, int node)
{
	struct node_lists *lists =
		lists_of(cache, node == TP_NODE_NONE ? tp_node_here(cache->machine) : node);
	void *object = lists ? alloc_on(lists) : NULL;

	/* Others may take a new slab's objects before we do; then it was not the last one. */
	while (!object && (lists = grow(cache, node)))
		object = alloc_on(lists);
	return object;
}

/*
 * Take empty slabs off the lists until @keep are left, then free them: allocator locks stay out of
 * ours.
 */
static uint64_t shrink_lists(struct tp_slab_cache *cache, struct node_lists *lists, uint64_t keep)
{
	struct tp_list doomed;
	uint64_t pages = 0;

	tp_list_init(&doomed);
	tp_spin_lock(&lists->lock);
	while (lists->nr_empty > keep) {
		struct slab *slab = tp_list_entry(lists->empty.prev, struct slab, link);

		tp_list_remove(&slab->link);
		tp_list_add_before(&doomed, &slab->link);
		lists->nr_empty--;
		lists->nr_slabs--;
	}
	tp_spin_unlock(&lists->lock);
	tp_list_for_each_safe(slab, &doomed, struct slab, link) {
		pages += UINT64_C(1) << cache->order;
		free_slab(slab);
	}
	return pages;
}

void tp_slab_free(struct tp_slab_cache *cache, void *object)
{
	struct node_lists *lists;
	struct slab *slab;
	bool too_many;

	if (!object)
		return;
	slab = slab_of(cache, object);
	lists = lists_of(cache, slab->node);
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

static uint64_t shrink_node(struct tp_slab_cache *cache, int node)
{
	struct node_lists *lists = lists_of(cache, node);

	return lists ? shrink_lists(cache, lists, 0) : 0;
}

uint64_t tp_slab_cache_shrink(struct tp_slab_cache *cache)
{
	uint64_t pages = 0;

	for (int n = 0; n < (int)cache->machine->nr_nodes; n++)
		pages += shrink_node(cache, n);
	return pages;
}

/* ---- nodes come and go ----------------------------------------------------------------------- */

static int add_node(struct tp_slab_cache *cache, int node)
{
	struct node_lists *lists;

	if (lists_of(cache, node))
		return 0;
	lists = tp_zalloc(sizeof(*lists));
	if (!lists)
		return TP_ERR_TEXT(-ENOMEM, cache->name, "slab %s: lists for node %u", node);
	tp_spinlock_init(&lists->lock, TP_RANK_SLAB_NODE, (uint32_t)node);
	tp_list_init(&lists->partial);
	tp_list_init(&lists->full);
	tp_list_init(&lists->empty);
	tp_atomic_store(&cache->nodes[node], lists, TP_RELEASE);
	return 0;
}

static int node_coming(struct tp_machine *m, int node)
{
	int err = 0;

	tp_mutex_lock(&m->slab_lock);
	tp_list_for_each(cache, &m->slab_caches, struct tp_slab_cache, link) {
		err = add_node(cache, node);
		if (err)
			break;
	}
	if (!err)
		tp_atomic_or(&m->slab_nodes, UINT64_C(1) << node, TP_RELEASE);
	tp_mutex_unlock(&m->slab_lock);
	return err;
}

static void node_gone(struct tp_machine *m, int node)
{
	tp_mutex_lock(&m->slab_lock);
	tp_atomic_and(&m->slab_nodes, ~(UINT64_C(1) << node), TP_RELEASE);
	tp_mutex_unlock(&m->slab_lock);
}

static int on_node_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_machine *m = tp_container_of(notifier, struct tp_machine, slab_node_notifier);

	if (!(event->changes & TP_NODE_HAS_NORMAL_MEMORY))
		return 0;
	if (event->type == TP_NODE_BECOMING_MEM_AWARE)
		return node_coming(m, event->node);
	if (event->type == TP_NODE_BECAME_MEMORYLESS || event->type == TP_NODE_CANCEL_MEM_AWARE)
		node_gone(m, event->node);
	return 0;
}

/* T9: every block that goes takes the empty slabs of its node along, not only the last one. */
static int on_memory_event(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct tp_machine *m = tp_container_of(notifier, struct tp_machine, slab_memory_notifier);

	if (event->type != TP_MEM_GOING_OFFLINE)
		return 0;
	tp_mutex_lock(&m->slab_lock);
	tp_list_for_each(cache, &m->slab_caches, struct tp_slab_cache, link)
		shrink_node(cache, event->node);
	tp_mutex_unlock(&m->slab_lock);
	return 0;
}

static int slab_init(struct tp_machine *m)
{
	int err;

	m->slab_node_notifier =
		(struct tp_node_notifier){ .call = on_node_event, .priority = 1, .name = "slab" };
	m->slab_memory_notifier = (struct tp_memory_notifier){ .call = on_memory_event,
							       .priority = 1,
							       .name = "slab" };
	err = tp_node_notifier_register(m, &m->slab_node_notifier, 0);
	if (err)
		return err;
	err = tp_memory_notifier_register(m, &m->slab_memory_notifier, 0);
	if (err)
		tp_node_notifier_unregister(m, &m->slab_node_notifier);
	return err;
}

static void slab_fini(struct tp_machine *m)
{
	tp_memory_notifier_unregister(m, &m->slab_memory_notifier);
	tp_node_notifier_unregister(m, &m->slab_node_notifier);
	TP_INVARIANT(tp_list_empty(&m->slab_caches));
}

const struct tp_module tp_slab_module = { "slab", slab_init, slab_fini };

/* ---- caches ---------------------------------------------------------------------------------- */

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
	cache->first = tp_align_up(sizeof(struct slab), align);
	for (cache->order = 0;; cache->order++) {
		size_t room = (TP_PAGE_SIZE << cache->order) -
			      TP_MIN(cache->first, TP_PAGE_SIZE << cache->order);

		cache->per_slab = (unsigned)TP_MIN(room / cache->size, MAX_OBJECTS);
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
		err = add_node(cache, __builtin_ctzll(nodes));
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
		err = tp_owner_register(m, &cache->owner);
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
		struct node_lists *lists = lists_of(cache, n);

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
