/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slab - caches of equal objects in normal memory, with lists per node.
 *
 * Objects do not move.  Empty slabs are given back whenever memory of their node goes offline (T9).
 */
#ifndef TIDEPOOL_SLAB_H
#define TIDEPOOL_SLAB_H

#include <tidepool/types.h>

struct tp_slab_cache;

/*
 * -EINVAL: @size is 0 or over 32 KiB, @align no power of two up to 4096 (0: 16).  -ENOMEM. -ENOSPC:
 * too many owners.
 */
TP_API int tp_slab_cache_create(struct tp_machine *machine, const char *name, size_t size,
				size_t align, struct tp_slab_cache **cache);
/* -EBUSY: objects are in use.  NULL is fine. */
TP_API int tp_slab_cache_destroy(struct tp_slab_cache *cache);

/* An object near @node (TP_NODE_NONE: the calling CPU's), or NULL when memory is out. */
TP_API void *tp_slab_alloc(struct tp_slab_cache *cache, int node);
/* Give it back; a double or foreign free stops the program.  NULL is fine. */
TP_API void tp_slab_free(struct tp_slab_cache *cache, void *object);
/* Give all empty slabs back to the allocator; returns how many pages that was. */
TP_API uint64_t tp_slab_cache_shrink(struct tp_slab_cache *cache);

struct tp_slab_stat {
	uint64_t objects, slabs, empty_slabs, pages;
	tp_nodemask nodes; /* nodes it has lists for: those with normal memory */
};

TP_API void tp_slab_stat(struct tp_slab_cache *cache, struct tp_slab_stat *stat);

#endif
