/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table_internal - what a page table is made of, for the two files that know.
 *
 * Invariants
 *  Q1  A table has @children, by entry, unless it is of level 0; where there is none the entry
 *      leads to a scratch table.
 *  Q2  The entry for a table of level 0 holds what leads to it, or a leaf of 2 MiB (is_huge); then
 *      the table is all scratch.
 *  Q3  @used counts children, in a table of level 0 reserved pages; it is 0 only in one that is
 *      spare or stale, and may be in the root.
 */
#ifndef TP_GPU_INTEL_TABLE_INTERNAL_H
#define TP_GPU_INTEL_TABLE_INTERNAL_H

#include "core/invariant.h"
#include "gpu/intel/table.h"

struct tp_intel_table {
	struct tp_intel_table *next; /* while it is spare or stale */
	unsigned level, used;
	bool is_huge, is_big; /* of level 0: see Q2; its entries are pages of 64 KiB */
	uint64_t entry;	      /* leads to it */
	tp_atomic_u64 *words; /* in system memory; NULL: it is in video memory */
	uint64_t offset;      /* there */
	struct tp_dma_coherent memory;
	struct tp_intel_table *children[];
};

/* Bytes that one entry of a table of @level spans. */
static inline uint64_t tp_intel_span(unsigned level)
{
	return TP_PAGE_SIZE << level * TP_INTEL_PT_BITS;
}

static inline unsigned tp_intel_index(uint64_t va, unsigned level)
{
	return (unsigned)(va / tp_intel_span(level)) % TP_INTEL_PTES;
}

/* The end of what the entry for @va spans, or @end if that comes first. */
static inline uint64_t tp_intel_span_end(uint64_t va, uint64_t end, unsigned level)
{
	const uint64_t span = tp_intel_span(level);

	return TP_MIN(end, (va / span + 1) * span);
}

/* Entries from @index on become @first, @first + @step...  Seen after tp_intel_tables_flush(). */
static inline void tp_intel_table_fill(struct tp_intel_tables *tables,
				       const struct tp_intel_table *table, unsigned index,
				       uint64_t first, uint64_t step, size_t n)
{
	if (tp_unlikely(!table->words)) {
		tp_bus_memory_fill(tables->bus, table->offset + index * sizeof(first), first, step,
				   n);
		tables->unflushed = true;
		return;
	}
	for (size_t i = 0; i < n; i++, first += step)
		tp_atomic_store(&table->words[index + i], first, TP_RELEASE);
}

static inline void tp_intel_table_write(struct tp_intel_tables *tables,
					const struct tp_intel_table *table, unsigned index,
					uint64_t entry)
{
	tp_intel_table_fill(tables, table, index, entry, 0, 1);
}

uint64_t tp_intel_table_read(const struct tp_intel_tables *tables,
			     const struct tp_intel_table *table, unsigned index);

/* The thread's writes so far are seen by the device (P5). */
static inline void tp_intel_tables_flush(struct tp_intel_tables *tables)
{
	if (tp_likely(!tables->unflushed))
		return;
	tp_bus_memory_flush(tables->bus);
	tables->unflushed = false;
}

static inline struct tp_intel_table *tp_intel_table_pop(struct tp_intel_table **list)
{
	struct tp_intel_table *table = *list;

	*list = table->next;
	return table;
}

static inline void tp_intel_table_push(struct tp_intel_table **list, struct tp_intel_table *table)
{
	table->next = *list;
	*list = table;
}

#endif
