/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slab_internal - what a cache and its slabs are made of.
 *
 * A slab is one allocation of naturally aligned pages that the cache owns; its head tells the node
 * and which objects are free, so a free finds everything from the object's address, and a double or
 * foreign free is seen.
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
#ifndef TP_MM_SLAB_INTERNAL_H
#define TP_MM_SLAB_INTERNAL_H

#include "mm/machine.h"

struct tp_slab {
	struct tp_slab_cache *cache;
	struct tp_list link;
	int node;
	unsigned nr_free;
	uint64_t free[TP_SLAB_MAX_OBJECTS / 64]; /* set: the object is free */
};

struct tp_slab_lists {
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
	TP_ATOMIC(struct tp_slab_lists *) nodes[TP_MAX_NODES];
};

static inline struct tp_slab_lists *tp_slab_lists_of(struct tp_slab_cache *cache, int node)
{
	return tp_atomic_load(&cache->nodes[node], TP_ACQUIRE);
}

/* Make a node's lists if there are none.  -ENOMEM. */
int tp_slab_add_node(struct tp_slab_cache *cache, int node);
/* Give the node's empty slabs back; returns their pages. */
uint64_t tp_slab_shrink_node(struct tp_slab_cache *cache, int node);

#endif
