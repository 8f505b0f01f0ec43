/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table - page tables of one address space: directories and tables in pages that the device walks.
 *
 *	level 3 (root) -> level 2 -> level 1 -> level 0
 *	                                   \-> a leaf of 2 MiB, the table of level 0 put aside
 *
 * What is not bound translates to a scratch page, which is present and belongs to nobody: reads
 * find zeroes, or what others wrote there.  Empty entries of directories lead to scratch tables.
 *
 * A *block* is what a table of level 0 spans, or a leaf of 2 MiB.  Pages of 64 KiB come in three
 * forms: 16 entries that all say so, or a whole table of them, which its directory entry says, as
 * every 16th of its entries (gen9 to gen11) or as its only ones (compact).  Gen12.5 on have the
 * first for some pages of a block and the last for all of one.
 *
 * Invariants
 *  P1  Tables for a range are there from reserve to release of it; set and clear between the two
 *      allocate nothing and cannot fail.
 *  P2  An entry changes whole.  A large leaf that is cut in the middle is first replaced by smaller
 *      ones that say the same (T16).
 *  P3  A table that is not needed any more is not used for anything else before the caches forgot
 *      it: it waits in @stale until somebody takes it, has the caches forget and frees it (T15).
 *  P4  A large leaf is used only where address and virtual address are aligned to it and the memory
 *      behind is one run (T17).
 *  P5  When set or clear returns, the device sees it, whichever memory tables are in (T12): so does
 *      it see a new table before the entry that leads to it.
 *  P6  A table's entries become ones of 64 KiB, or small again, while all of it is scratch: a cache
 *      that remembers the other form finds scratch only.  (A split says the same in both forms.)
 *      What was set is forgotten by caches before the same range is set in another form: that is
 *      B1 of bo, or what ends an unbind.
 *
 * Locking: the address space's lock, but where it is said.  Fault sites: gpu/intel-table.
 */
#ifndef TP_GPU_INTEL_TABLE_H
#define TP_GPU_INTEL_TABLE_H

#include "gpu/bo.h"
#include "gpu/intel/platform.h"

#define TP_INTEL_BLOCK	  (TP_PAGE_SIZE << TP_INTEL_PT_BITS)
#define TP_INTEL_BIG_PAGE (TP_PAGE_SIZE * TP_INTEL_BIG_PAGES)

struct tp_intel_table; /* one page of entries, and its children */

/* How pages of 64 KiB can be said. */
enum {
	TP_INTEL_BIG_PTES = 1 << 0,	  /* TP_INTEL_PTE_PS64 */
	TP_INTEL_BIG_EVERY_16TH = 1 << 1, /* TP_INTEL_PDE_IPS */
	TP_INTEL_BIG_COMPACT = 1 << 2,	  /* TP_INTEL_PDE_64K */
	TP_INTEL_BIG_TABLES = TP_INTEL_BIG_EVERY_16TH | TP_INTEL_BIG_COMPACT,
};

struct tp_intel_tables {
	struct tp_dma_domain *domain;
	struct tp_bus_device *bus;
	struct tp_vram *vram; /* where tables are while there is room; NULL: system memory */
	const struct tp_intel_platform_info *platform;
	unsigned big_forms; /* TP_INTEL_BIG_* */
	int node;
	struct tp_intel_table *root;
	struct tp_intel_table *scratch[TP_INTEL_LEVELS - 1]; /* [0]: a table of scratch PTEs */
	struct tp_dma_coherent scratch_page;
	uint64_t scratch_pte;
	struct tp_intel_table *stale; /* tables that caches may remember (P3) */
	bool unflushed;		      /* writes through the window may be held back */
	tp_quiet nr_tables;
};

/* Tables that are nowhere yet, by level; zeroed at first. */
struct tp_intel_spares {
	struct tp_intel_table *first[TP_INTEL_LEVELS];
	unsigned nr[TP_INTEL_LEVELS], wanted[TP_INTEL_LEVELS];
};

/* ---- without the lock, since making room may ask owners of bound memory for their pages ------ */

/* -ENOMEM, -ENOSPC.  @vram: NULL for tables in system memory. */
int tp_intel_tables_init(struct tp_intel_tables *tables, struct tp_dma_domain *domain,
			 struct tp_bus_device *bus, struct tp_vram *vram,
			 const struct tp_intel_platform_info *platform, int node);
/* The caches forgot all of it, and spares and what was taken as stale are freed. */
void tp_intel_tables_fini(struct tp_intel_tables *tables);
/* Make spare tables until there are as many as are wanted.  -ENOMEM, -ENOSPC. */
int tp_intel_tables_stock(struct tp_intel_tables *tables, struct tp_intel_spares *spares);
void tp_intel_tables_unstock(struct tp_intel_tables *tables, struct tp_intel_spares *spares);
/* The caches forgot these, which were stale. */
void tp_intel_tables_free(struct tp_intel_tables *tables, struct tp_intel_table *stale);
/* What a split at @va may take: one more is wanted, or none. */
void tp_intel_tables_want_split(const struct tp_intel_tables *tables, uint64_t va,
				struct tp_intel_spares *spares);

/* What an engine's PDP0 is loaded with. */
uint64_t tp_intel_tables_root(const struct tp_intel_tables *tables);

/* ---- under the lock; ranges are of whole pages ----------------------------------------------- */

/*
 * See that there are tables for a range, which nobody else has reserved.  False: nothing happened,
 * it takes more spare tables than there are, and @spares says how many.
 */
bool tp_intel_tables_reserve(struct tp_intel_tables *tables, uint64_t va, uint64_t size,
			     struct tp_intel_spares *spares);
/* Of what was reserved, and is cleared, any part. */
void tp_intel_tables_release(struct tp_intel_tables *tables, uint64_t va, uint64_t size);

/* One run of memory: [@va, @va + @size), scratch so far, translates to @address on, of video memory
 * or not. */
void tp_intel_tables_set(struct tp_intel_tables *tables, uint64_t va, uint64_t address,
			 uint64_t size, bool local);
/* The same for @n chunks of one page each. */
void tp_intel_tables_set_pages(struct tp_intel_tables *tables, uint64_t va,
			       const struct tp_bo_chunk *chunks, size_t n, bool local);
/*
 * All of the block at @va is scratch, and will be set to pages of 64 KiB in runs that are aligned
 * to that, until it is cleared.  Nothing happens where no form is a whole table's.
 */
void tp_intel_tables_expect_big(struct tp_intel_tables *tables, uint64_t va);
static inline bool tp_intel_tables_ask_big(const struct tp_intel_tables *tables)
{
	return tables->big_forms & TP_INTEL_BIG_TABLES;
}

/* [@va, @va + @size) is scratch.  Its borders were split. */
void tp_intel_tables_clear(struct tp_intel_tables *tables, uint64_t va, uint64_t size);
/*
 * See that @va can be a border: a large leaf that it lies in is replaced by smaller ones, which
 * say the same, and so is a table of 64 KiB pages.  Takes a spare table if it wants one.
 */
void tp_intel_tables_split(struct tp_intel_tables *tables, uint64_t va,
			   struct tp_intel_spares *spares);

/* The leaf that translates @va, and how many bytes it covers; scratch if nothing is bound. */
uint64_t tp_intel_tables_peek(const struct tp_intel_tables *tables, uint64_t va, uint64_t *size);
/* Change it, in all entries that say it. */
void tp_intel_tables_poke(struct tp_intel_tables *tables, uint64_t va, uint64_t leaf);

/* Tables that nobody uses any more: the caller has the caches forget them, then frees them (P3). */
struct tp_intel_table *tp_intel_tables_take_stale(struct tp_intel_tables *tables);
/* They did not. */
void tp_intel_tables_return_stale(struct tp_intel_tables *tables, struct tp_intel_table *stale);

static inline bool tp_intel_tables_have_stale(const struct tp_intel_tables *tables)
{
	return tables->stale;
}

#endif
