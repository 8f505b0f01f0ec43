/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table - page tables of one address space: directories and tables in pages that the device walks.
 *
 *	level 3 (root) -> level 2 -> level 1 -> level 0
 *	                                   \-> a leaf of 2 MiB
 *
 * What is not bound translates to a scratch page, which is present: reads find zeroes, writes go
 * where nobody reads.  Empty entries of directories lead to scratch tables.
 *
 * Invariants
 *  P1  Tables for a range are there from reserve to release of it; set and clear between the two
 *      allocate nothing and cannot fail.
 *  P2  An entry changes whole.  A leaf of 2 MiB or 64 KiB that is cut in the middle is first
 *      replaced by smaller ones that say the same, with tables reserved before (T16).
 *  P3  A table that is not needed any more is not used for anything else before the caches forgot
 *      it: it waits in @stale until tp_intel_tables_free_stale() (T15).
 *  P4  A large leaf is used only where address and virtual address are aligned to it and the memory
 *      behind is one run (T17).
 *  P5  When set or clear returns, the device sees it, whichever memory tables are in (T12).
 *
 * Locking: the address space's lock.  Fault sites: gpu/intel-table.
 */
#ifndef TP_GPU_INTEL_TABLE_H
#define TP_GPU_INTEL_TABLE_H

#include "dma/dma.h"
#include "gpu/intel/platform.h"
#include "gpu/vram.h"

struct tp_intel_table; /* one page of entries, and its children */

struct tp_intel_tables {
	struct tp_dma_domain *domain;
	struct tp_bus_device *bus;
	struct tp_vram *vram; /* where tables are; NULL: in system memory */
	const struct tp_intel_platform_info *platform;
	int node;
	struct tp_intel_table *root;
	struct tp_intel_table *scratch[TP_INTEL_LEVELS]; /* [0]: a table of scratch PTEs */
	struct tp_dma_coherent scratch_page;
	uint64_t scratch_pte;
	struct tp_intel_table *stale;	 /* tables that caches may remember (P3) */
	struct tp_intel_table *reserved; /* spare ones, for leaves that get split */
	unsigned nr_tables;
};

/* -ENOMEM, -ENOSPC.  @vram: NULL for tables in system memory. */
int tp_intel_tables_init(struct tp_intel_tables *tables, struct tp_dma_domain *domain,
			 struct tp_bus_device *bus, struct tp_vram *vram,
			 const struct tp_intel_platform_info *platform, int node);
/* The caches forgot all of it. */
void tp_intel_tables_fini(struct tp_intel_tables *tables);
/* What an engine's PDP0 is loaded with. */
uint64_t tp_intel_tables_root(const struct tp_intel_tables *tables);

/* Whole pages; each reserve has its release of the same range, cleared before.  -ENOMEM. */
int tp_intel_tables_reserve(struct tp_intel_tables *tables, uint64_t va, uint64_t size);
void tp_intel_tables_release(struct tp_intel_tables *tables, uint64_t va, uint64_t size);

/* One run of memory: [@va, @va + @size) translates to @address on, of video memory or not. */
void tp_intel_tables_set(struct tp_intel_tables *tables, uint64_t va, uint64_t address,
			 uint64_t size, bool local);
/* [@va, @va + @size) is scratch. */
void tp_intel_tables_clear(struct tp_intel_tables *tables, uint64_t va, uint64_t size);
/*
 * See that @va can be a border: large leaves that it lies in are replaced by smaller ones, which
 * say the same.  -ENOMEM: nothing changed.
 */
int tp_intel_tables_split(struct tp_intel_tables *tables, uint64_t va);

/* The leaf that translates @va, and how many bytes it covers; scratch if nothing is bound. */
uint64_t tp_intel_tables_peek(const struct tp_intel_tables *tables, uint64_t va, uint64_t *size);
void tp_intel_tables_poke(struct tp_intel_tables *tables, uint64_t va, uint64_t pte);

static inline bool tp_intel_tables_have_stale(const struct tp_intel_tables *tables)
{
	return tables->stale;
}

/* The caches forgot them (P3). */
void tp_intel_tables_free_stale(struct tp_intel_tables *tables);

#endif
