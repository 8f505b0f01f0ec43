/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping_internal - a stretch of address space over pages that move.
 *
 * Invariants
 *  V1  pfns[i] is the page that offset i * TP_PAGE_SIZE shows, at any time the lock is free.
 *  V2  A chunk is huge: one allocation of TP_PAGEBLOCK_ORDER; or small: one allocation per page.
 *  V3  kernel_mappings is the number of runs of consecutive pfns, which is the most the kernel can
 *      need for it; that many are charged to the machine's budget.
 *  V4  A pinned page has a pin in its owner word; chunk.pins counts the pinned pages for destroy
 *      and describe.
 *
 *  V5  A page moves only after every mirror of it has let go (tp_mirror_ops.begin), and each of
 *      those is told when it has moved, or has not.
 *
 * Locking: lock (rank mapping) for all of it but the statistics.  Until the mapping is shown its
 * maker fills the table without: making room may move pages of other mappings, under their locks.
 * Who reads and writes the mapping takes no lock.  A move, from before the first mirror is asked
 * until the last one is told, has mirrors_lock (rank mirrors), which is taken before whatever
 * mirrors need.
 */
#ifndef TP_MM_MAPPING_INTERNAL_H
#define TP_MM_MAPPING_INTERNAL_H

#include "core/list.h"
#include "mm/machine.h"

struct tp_mapping_chunk {
	bool huge;
	uint32_t pins;
	char who[TP_BLOCKER_TEXT / 2]; /* the last pinner */
};

struct tp_mapping {
	struct tp_owner owner;
	struct tp_machine *machine;
	struct tp_mutex lock;
	struct tp_mutex mirrors_lock;
	struct tp_list mirrors; /* struct tp_mirror, by reserved; under mirrors_lock */
	char *name;
	char *base; /* NULL in simulation */
	uint64_t size, nr_pages;
	struct tp_policy policy;
	bool small_pages;
	bool shown; /* all pages are in the table and at their address; before that none may move */
	bool gone;  /* destroyed, but a mover may still hold a reference */
	uint32_t *pfns;
	struct tp_mapping_chunk *chunks;
	uint64_t kernel_mappings;
	tp_atomic_u64 pages_moved, moves, worst_hold_ns;
#ifdef TP_SIM
	tp_atomic_u32 *entries; /* see mapping_sim.c */
	struct tp_wait_queue unheld;
#endif
};

extern const struct tp_owner_ops tp_mapping_owner_ops;

static inline struct tp_mapping_chunk *tp_chunk_of(struct tp_mapping *map, uint64_t page)
{
	return &map->chunks[page >> TP_PAGEBLOCK_ORDER];
}

/* Runs that begin within pages [from, to], as the table stands. */
uint64_t tp_mapping_runs(const struct tp_mapping *map, uint64_t from, uint64_t to);

/* The pages of [@offset, @offset + @length).  -EINVAL: outside the mapping, or empty. */
int tp_mapping_check_range(const struct tp_mapping *map, uint64_t offset, uint64_t length);

/* ---- who mirrors it: mapping_mirror.c ------------------------------------------------------- */

/*
 * V5: 0: pages [@page, @page + @nr) may move, and nobody begins to mirror the mapping before
 * tp_mapping_end_move().  An error is a mirror's.
 */
int tp_mapping_begin_move(struct tp_mapping *map, uint64_t page, uint64_t nr);
void tp_mapping_end_move(struct tp_mapping *map, uint64_t page, uint64_t nr);
/* The name of one of @page's, copied; "": it has none. */
void tp_mapping_mirror_name(struct tp_mapping *map, uint64_t page, char *name, size_t len);

/* ---- what accessors see: mapping_show.c, in simulation mapping_sim.c ------------------------- */

/* Address space that shows nothing yet.  -ENOMEM, -ENOSPC. */
int tp_mapping_reserve(struct tp_mapping *map);
void tp_mapping_unreserve(struct tp_mapping *map);
/*
 * Show pages [from, from + n), consecutive in pfn, at their address, held no longer.  @populate:
 * they have content, so spare the accessors the faults.  -ENOMEM; then nothing changed.
 */
int tp_mapping_show(struct tp_mapping *map, uint64_t from, uint64_t n, bool populate);
/* Keep writers off pages [from, from + n).  An error: nothing is held. */
int tp_mapping_hold(struct tp_mapping *map, uint64_t from, uint64_t n);
/* Let writers go on; @shown: the pages were shown anew meanwhile. */
void tp_mapping_let_go(struct tp_mapping *map, uint64_t from, uint64_t n, bool shown);
/* The content of @old, which the 2^order pages from @page show, to @new. */
void tp_mapping_copy(struct tp_mapping *map, uint64_t page, tp_pfn old, tp_pfn new, unsigned order);
/* What tp_mapping_read() and tp_mapping_write() do when their arguments are right. */
void tp_mapping_fetch(struct tp_mapping *map, uint64_t offset, void *buf, uint64_t length);
void tp_mapping_put(struct tp_mapping *map, uint64_t offset, const void *buf, uint64_t length);

#endif
