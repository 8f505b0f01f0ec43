/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping - make and destroy mappings, pin them, look at them.
 *
 * Fault sites: those of mapping_show.c and of page allocation, core/alloc.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/mapping_internal.h"
#include "mm/policy.h"

/* ---- showing --------------------------------------------------------------------------------- */

uint64_t tp_mapping_runs(const struct tp_mapping *map, uint64_t from, uint64_t to)
{
	uint64_t runs = 0;

	for (uint64_t i = from; i <= to && i < map->nr_pages; i++)
		runs += !i || map->pfns[i] != map->pfns[i - 1] + 1;
	return runs;
}

static int show_all(struct tp_mapping *map)
{
	uint64_t runs = tp_mapping_runs(map, 0, map->nr_pages);
	int err = tp_backing_charge(&map->machine->backing, (int64_t)runs);

	if (err)
		return err;
	map->kernel_mappings = runs;
	for (uint64_t from = 0, to; from < map->nr_pages; from = to) {
		for (to = from + 1; to < map->nr_pages && map->pfns[to] == map->pfns[to - 1] + 1;
		     to++)
			;
		err = tp_mapping_show(map, from, to - from, false);
		if (err)
			return err;
	}
	return 0;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static uint64_t chunk_pages(const struct tp_mapping *map, uint64_t chunk)
{
	return TP_MIN(TP_PAGEBLOCK_PAGES, map->nr_pages - (chunk << TP_PAGEBLOCK_ORDER));
}

/*
 * Whatever was there before must not be seen; a range that holds no memory reads as zero already.
 */
static void clear_pages(struct tp_mapping *map, tp_pfn pfn, unsigned order)
{
	struct tp_backing *b = &map->machine->backing;

	if (order &&
	    (tp_backing_is_hole(b, pfn, 1u << order) || tp_backing_punch(b, pfn, 1u << order)))
		return;
	memset(tp_backing_address(b, pfn), 0, TP_PAGE_SIZE << order);
}

/* A fresh run came; @wanted is where the policy looked first. */
static void count_placed(struct tp_mapping *map, tp_pfn pfn, unsigned order, int wanted)
{
	struct tp_machine *m = map->machine;

	tp_quiet_add(&tp_pfn_zone(m, pfn)->mapping_pages, UINT64_C(1) << order);
	if (tp_policy_takes_turns(&map->policy) && tp_pfn_block(m, pfn)->node == wanted)
		tp_quiet_add(&tp_pfn_zone(m, pfn)->nr_interleave, 1);
}

static int alloc_run(struct tp_mapping *map, uint64_t first, unsigned order, unsigned flags)
{
	struct tp_alloc request = {
		.owner = &map->owner,
		.cookie = (uint32_t)first,
		.order = order,
		.type = TP_MIGRATE_MOVABLE,
		.flags = flags,
	};
	tp_pfn pfn;
	int err;

	tp_policy_place(map->machine, &map->policy, first >> TP_PAGEBLOCK_ORDER, &request.node,
			&request.nodes);
	err = tp_pages_alloc(map->machine, &request, &pfn);
	if (err)
		return err;
	clear_pages(map, pfn, order);
	count_placed(map, pfn, order, request.node);
	for (uint64_t i = 0; i < 1u << order; i++)
		map->pfns[first + i] = (uint32_t)(pfn.v + i);
	return 0;
}

static int alloc_chunk(struct tp_mapping *map, uint64_t chunk)
{
	uint64_t first = chunk << TP_PAGEBLOCK_ORDER, n = chunk_pages(map, chunk);

	if (n == TP_PAGEBLOCK_PAGES && !map->small_pages &&
	    !alloc_run(map, first, TP_PAGEBLOCK_ORDER, TP_ALLOC_NORECLAIM)) {
		map->chunks[chunk].huge = true;
		return 0;
	}
	for (uint64_t i = 0; i < n; i++) {
		int err = alloc_run(map, first + i, 0, 0);

		if (err && TP_MUTANT(half_chunk_whole))
			map->chunks[chunk].huge = true;
		if (err)
			return err;
	}
	return 0;
}

static void free_run(struct tp_mapping *map, tp_pfn pfn, unsigned order)
{
	tp_quiet_sub(&tp_pfn_zone(map->machine, pfn)->mapping_pages, UINT64_C(1) << order);
	tp_pages_free(map->machine, pfn, order);
}

static void free_pages(struct tp_mapping *map)
{
	for (uint64_t i = 0; i < map->nr_pages;) {
		unsigned order = tp_chunk_of(map, i)->huge ? TP_PAGEBLOCK_ORDER : 0;

		if (map->pfns[i] != UINT32_MAX)
			free_run(map, (tp_pfn){ map->pfns[i] }, order);
		i += UINT64_C(1) << order;
	}
}

static int populate(struct tp_mapping *map)
{
	uint64_t nr_chunks = (map->nr_pages + TP_PAGEBLOCK_PAGES - 1) >> TP_PAGEBLOCK_ORDER;
	int err = 0;

	for (uint64_t c = 0; c < nr_chunks && !err; c++)
		err = alloc_chunk(map, c);
	if (err)
		return err;
	tp_mutex_lock(&map->lock);
	err = show_all(map);
	map->shown = !err;
	tp_mutex_unlock(&map->lock);
	return err;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int alloc_tables(struct tp_mapping *map, const char *name)
{
	uint64_t nr_chunks = (map->nr_pages + TP_PAGEBLOCK_PAGES - 1) >> TP_PAGEBLOCK_ORDER;

	map->name = tp_strdup(name ? name : "mapping");
	map->pfns = tp_zalloc_array(map->nr_pages, sizeof(*map->pfns));
	map->chunks = tp_zalloc_array(nr_chunks, sizeof(*map->chunks));
	if (!map->name || !map->pfns || !map->chunks)
		return TP_ERR(-ENOMEM, "tables of a mapping of %u pages", map->nr_pages);
	memset(map->pfns, 0xff, map->nr_pages * sizeof(*map->pfns));
	map->owner.name = map->name;
	map->owner.ops = &tp_mapping_owner_ops;
	return tp_owner_register(map->machine, &map->owner);
}

static void free_mapping(struct tp_mapping *map)
{
	tp_free(map->chunks);
	tp_free(map->pfns);
	tp_free(map->name);
	tp_free(map);
}

/* Undo whatever of the mapping exists. */
static void tear_down(struct tp_mapping *map)
{
	tp_mutex_lock(&map->lock);
	map->gone = true;
	tp_mapping_unreserve(map);
	tp_backing_charge(&map->machine->backing, -(int64_t)map->kernel_mappings);
	if (map->owner.machine) /* before that it has no page, perhaps not even tables */
		free_pages(map);
	tp_mutex_unlock(&map->lock);
	if (map->owner.machine) {
		/* Waits for movers that have a page in hand: they find us gone and give it back. */
		int err = tp_owner_unregister(&map->owner);

		TP_INVARIANT(!err);
	}
	free_mapping(map);
}

static int check_config(struct tp_machine *m, const struct tp_mapping_config *c)
{
	if (!c->size)
		return TP_ERR(-EINVAL, "a mapping of no bytes");
	if (c->size > m->nr_pfns << TP_PAGE_SHIFT)
		return TP_ERR(-ENOMEM, "a mapping of %u bytes is more than the machine can have",
			      c->size);
	return tp_policy_check(m, &c->policy);
}

int tp_mapping_create(struct tp_machine *m, const struct tp_mapping_config *c,
		      struct tp_mapping **mapping)
{
	struct tp_mapping *map;
	int err = check_config(m, c);

	if (err)
		return err;
	map = tp_zalloc(sizeof(*map));
	if (!map)
		return TP_ERR(-ENOMEM, "mapping");
	map->machine = m;
	map->size = tp_align_up(c->size, TP_PAGE_SIZE);
	map->nr_pages = map->size >> TP_PAGE_SHIFT;
	map->policy = c->policy;
	map->small_pages = c->small_pages;
	tp_mutex_init(&map->lock, TP_RANK_MAPPING, 0);
	tp_mutex_init(&map->mirrors_lock, TP_RANK_MIRRORS, 0);
	tp_list_init(&map->mirrors);
	err = alloc_tables(map, c->name);
	if (!err)
		err = tp_mapping_reserve(map);
	if (!err)
		err = populate(map);
	if (err) {
		tear_down(map);
		return err;
	}
	*mapping = map;
	return 0;
}

static bool any_pins(struct tp_mapping *map)
{
	bool any = false;

	tp_mutex_lock(&map->lock);
	for (uint64_t i = 0; i < map->nr_pages && !any; i += TP_PAGEBLOCK_PAGES)
		any = tp_chunk_of(map, i)->pins;
	tp_mutex_unlock(&map->lock);
	return any;
}

static bool any_mirrors(struct tp_mapping *map)
{
	bool any;

	tp_mutex_lock(&map->mirrors_lock);
	any = !tp_list_empty(&map->mirrors);
	tp_mutex_unlock(&map->mirrors_lock);
	return any;
}

int tp_mapping_destroy(struct tp_mapping *map)
{
	if (!map)
		return 0;
	if (any_pins(map))
		return TP_ERR_TEXT(-EBUSY, map->name, "mapping %s is pinned");
	if (any_mirrors(map))
		return TP_ERR_TEXT(-EBUSY, map->name, "a device works in mapping %s");
	tear_down(map);
	return 0;
}

void *tp_mapping_base(const struct tp_mapping *map)
{
	return map->base;
}

uint64_t tp_mapping_size(const struct tp_mapping *map)
{
	return map->size;
}

/* ---- access ---------------------------------------------------------------------------------- */

int tp_mapping_check_range(const struct tp_mapping *map, uint64_t offset, uint64_t length)
{
	if (!length || offset > map->size || length > map->size - offset)
		return TP_ERR_TEXT(-EINVAL, map->name,
				   "mapping %s: %u bytes at %x are not all of it", length, offset);
	return 0;
}

int tp_mapping_read(struct tp_mapping *map, uint64_t offset, void *buf, uint64_t length)
{
	int err = tp_mapping_check_range(map, offset, length);

	if (!err)
		tp_mapping_fetch(map, offset, buf, length);
	return err;
}

int tp_mapping_write(struct tp_mapping *map, uint64_t offset, const void *buf, uint64_t length)
{
	int err = tp_mapping_check_range(map, offset, length);

	if (!err)
		tp_mapping_put(map, offset, buf, length);
	return err;
}

/* ---- pins ------------------------------------------------------------------------------------ */

static tp_pfn head_of(struct tp_mapping *map, uint64_t page)
{
	if (tp_chunk_of(map, page)->huge)
		page &= ~(TP_PAGEBLOCK_PAGES - 1);
	return (tp_pfn){ map->pfns[page] };
}

static int pin_page(struct tp_mapping *map, uint64_t page, const char *who)
{
	struct tp_mapping_chunk *chunk = tp_chunk_of(map, page);
	int err;

	/* A page that is being moved waits for our lock to be shown at its new place. */
	tp_mutex_lock(&map->lock);
	while ((err = tp_page_pin(map->machine, head_of(map, page))) == -EAGAIN) {
		tp_mutex_unlock(&map->lock);
		tp_yield();
		tp_mutex_lock(&map->lock);
	}
	if (!err) {
		chunk->pins++;
		snprintf(chunk->who, sizeof(chunk->who), "%s", who ? who : "unnamed");
	}
	tp_mutex_unlock(&map->lock);
	return err;
}

/* Huge chunks are pinned once however many of their pages are meant. */
static uint64_t next_unit(struct tp_mapping *map, uint64_t page)
{
	return tp_chunk_of(map, page)->huge ? (page | (TP_PAGEBLOCK_PAGES - 1)) + 1 : page + 1;
}

static void unpin_pages(struct tp_mapping *map, uint64_t from, uint64_t to)
{
	tp_mutex_lock(&map->lock);
	for (uint64_t page = from; page < to; page = next_unit(map, page)) {
		TP_INVARIANT(tp_chunk_of(map, page)->pins);
		tp_chunk_of(map, page)->pins--;
		tp_page_unpin(map->machine, head_of(map, page));
	}
	tp_mutex_unlock(&map->lock);
}

int tp_mapping_pin(struct tp_mapping *map, uint64_t offset, uint64_t length, const char *who)
{
	uint64_t from = offset >> TP_PAGE_SHIFT,
		 to = (offset + length + TP_PAGE_SIZE - 1) >> TP_PAGE_SHIFT;
	int err = tp_mapping_check_range(map, offset, length);

	for (uint64_t page = from; !err && page < to; page = next_unit(map, page)) {
		err = pin_page(map, page, who);
		if (err)
			unpin_pages(map, from, page);
	}
	return err;
}

void tp_mapping_unpin(struct tp_mapping *map, uint64_t offset, uint64_t length)
{
	TP_INVARIANT(!tp_mapping_check_range(map, offset, length));
	unpin_pages(map, offset >> TP_PAGE_SHIFT,
		    (offset + length + TP_PAGE_SIZE - 1) >> TP_PAGE_SHIFT);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void count_nodes(struct tp_mapping *map, struct tp_mapping_stat *stat)
{
	for (uint64_t i = 0; i < map->nr_pages; i++) {
		struct tp_zone *zone = tp_pfn_zone(map->machine, (tp_pfn){ map->pfns[i] });

		stat->pages_on_node[zone->node]++;
		if (!(i & (TP_PAGEBLOCK_PAGES - 1)))
			stat->huge_chunks += tp_chunk_of(map, i)->huge;
	}
}

void tp_mapping_stat(struct tp_mapping *map, struct tp_mapping_stat *stat)
{
	*stat = (struct tp_mapping_stat){
		.pages = map->nr_pages,
		.pages_moved = tp_atomic_load(&map->pages_moved, TP_RELAXED),
		.moves = tp_atomic_load(&map->moves, TP_RELAXED),
		.worst_hold_ns = tp_atomic_load(&map->worst_hold_ns, TP_RELAXED),
	};
	tp_mutex_lock(&map->lock);
	stat->kernel_mappings = map->kernel_mappings;
	count_nodes(map, stat);
	tp_mutex_unlock(&map->lock);
}
