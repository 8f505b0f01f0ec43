/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table_set - what tables say: leaves set, cleared, split, looked at. */
#include "gpu/intel/table_internal.h"

static inline uint64_t leaf_flags(bool local)
{
	return TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW | (local ? TP_INTEL_PTE_LM : 0);
}

/* The table of level 1 that leads to the block at @va, which is reserved. */
static inline struct tp_intel_table *directory_of(const struct tp_intel_tables *t, uint64_t va)
{
	struct tp_intel_table *table = t->root;

	for (unsigned level = TP_INTEL_LEVELS - 1; level > 1; level--)
		table = table->children[tp_intel_index(va, level)];
	return table;
}

/* The entry that leads to the block at @va becomes @entry, whose table's content is seen first. */
static void lead(struct tp_intel_tables *t, uint64_t va, uint64_t entry)
{
	tp_intel_tables_flush(t);
	tp_intel_table_write(t, directory_of(t, va), tp_intel_index(va, 1), entry);
}

static inline struct tp_intel_table *block_of(const struct tp_intel_tables *t, uint64_t va)
{
	return directory_of(t, va)->children[tp_intel_index(va, 1)];
}

/* ---- set ------------------------------------------------------------------------------------- */

/* Each of the 16 says where the large page begins. */
static void set_big_ptes(struct tp_intel_tables *t, struct tp_intel_table *table, unsigned index,
			 uint64_t leaf, size_t n)
{
	leaf |= TP_INTEL_PTE_PS64;
	for (size_t i = 0; i < n; i += TP_INTEL_BIG_PAGES, leaf += TP_INTEL_BIG_PAGE)
		tp_intel_table_fill(t, table, index + (unsigned)i, leaf, 0, TP_INTEL_BIG_PAGES);
}

/* @n small pages from entry @index on, with large ones where they fit (P4). */
static void set_ptes(struct tp_intel_tables *t, struct tp_intel_table *table, unsigned index,
		     uint64_t leaf, size_t n)
{
	const unsigned page = (unsigned)(leaf / TP_PAGE_SIZE);
	size_t head = n, big = 0;

	if ((t->big_forms & TP_INTEL_BIG_PTES) && (page - index) % TP_INTEL_BIG_PAGES == 0) {
		head = TP_MIN(n, (size_t)(-index % TP_INTEL_BIG_PAGES));
		big = (n - head) / TP_INTEL_BIG_PAGES * TP_INTEL_BIG_PAGES;
	}
	tp_intel_table_fill(t, table, index, leaf, TP_PAGE_SIZE, head);
	if (head == n)
		return;
	set_big_ptes(t, table, index + (unsigned)head, leaf + head * TP_PAGE_SIZE, big);
	head += big;
	tp_intel_table_fill(t, table, index + (unsigned)head, leaf + head * TP_PAGE_SIZE,
			    TP_PAGE_SIZE, n - head);
}

/* A table whose entries are all of 64 KiB; those between the 16ths are for a split. */
static void set_big_table(struct tp_intel_tables *t, struct tp_intel_table *table, uint64_t va,
			  uint64_t leaf, uint64_t size)
{
	const unsigned index = tp_intel_index(va, 0);

	TP_INVARIANT((va | size | (leaf & TP_INTEL_PTE_ADDRESS)) % TP_INTEL_BIG_PAGE == 0);
	if (t->big_forms & TP_INTEL_BIG_COMPACT)
		tp_intel_table_fill(t, table, index / TP_INTEL_BIG_PAGES, leaf, TP_INTEL_BIG_PAGE,
				    size / TP_INTEL_BIG_PAGE);
	else
		tp_intel_table_fill(t, table, index, leaf, TP_PAGE_SIZE, size / TP_PAGE_SIZE);
}

static void set_block(struct tp_intel_tables *t, struct tp_intel_table *directory, uint64_t va,
		      uint64_t leaf, uint64_t size)
{
	const unsigned index = tp_intel_index(va, 1);
	struct tp_intel_table *table = directory->children[index];

	TP_INVARIANT(!table->is_huge);
	if (size == TP_INTEL_BLOCK && (leaf & TP_INTEL_PTE_ADDRESS) % TP_INTEL_BLOCK == 0 &&
	    (t->platform->page_sizes & TP_INTEL_PAGES_2M) && !table->is_big) {
		table->is_huge = true;
		tp_intel_table_write(t, directory, index, leaf | TP_INTEL_PDE_PS_2M);
	} else if (table->is_big) {
		set_big_table(t, table, va, leaf, size);
	} else {
		set_ptes(t, table, tp_intel_index(va, 0), leaf, size / TP_PAGE_SIZE);
	}
}

void tp_intel_tables_set(struct tp_intel_tables *t, uint64_t va, uint64_t address, uint64_t size,
			 bool local)
{
	const uint64_t end = va + size;
	uint64_t leaf = address | leaf_flags(local);

	while (va < end) {
		const uint64_t next = tp_intel_span_end(va, end, 1);

		set_block(t, directory_of(t, va), va, leaf, next - va);
		leaf += next - va;
		va = next;
	}
	tp_intel_tables_flush(t);
}

/* Through the window; entries are gathered first, for it is written in rows. */
static void set_scattered_local(struct tp_intel_tables *t, const struct tp_intel_table *table,
				unsigned index, const struct tp_bo_chunk *chunks, size_t n,
				uint64_t flags)
{
	uint64_t row[64];

	for (size_t i = 0, of_row; i < n; i += of_row) {
		of_row = TP_MIN(n - i, TP_ARRAY_SIZE(row));
		for (size_t r = 0; r < of_row; r++)
			row[r] = chunks[i + r].address | flags;
		tp_bus_memory_write(t->bus, table->offset + (index + i) * sizeof(row[0]), row,
				    of_row * sizeof(row[0]));
	}
	t->unflushed = true;
}

static void set_scattered(struct tp_intel_tables *t, const struct tp_intel_table *table,
			  unsigned index, const struct tp_bo_chunk *chunks, size_t n,
			  uint64_t flags)
{
	TP_INVARIANT(!table->is_huge && !table->is_big);
	if (!table->words) {
		set_scattered_local(t, table, index, chunks, n, flags);
		return;
	}
	for (size_t i = 0; i < n; i++)
		tp_atomic_store(&table->words[index + i], chunks[i].address | flags, TP_RELEASE);
}

void tp_intel_tables_set_pages(struct tp_intel_tables *t, uint64_t va,
			       const struct tp_bo_chunk *chunks, size_t n, bool local)
{
	const uint64_t flags = leaf_flags(local);

	while (n) {
		const unsigned index = tp_intel_index(va, 0);
		const size_t of_block = TP_MIN(n, (size_t)(TP_INTEL_PTES - index));

		set_scattered(t, block_of(t, va), index, chunks, of_block, flags);
		va += of_block * TP_PAGE_SIZE;
		chunks += of_block;
		n -= of_block;
	}
	tp_intel_tables_flush(t);
}

void tp_intel_tables_expect_big(struct tp_intel_tables *t, uint64_t va)
{
	struct tp_intel_table *table = block_of(t, va);

	TP_INVARIANT(!table->is_huge && table->used == TP_INTEL_PTES);
	if (!tp_intel_tables_ask_big(t) || table->is_big)
		return;
	table->is_big = true;
	lead(t, va,
	     table->entry |
		     (t->big_forms & TP_INTEL_BIG_COMPACT ? TP_INTEL_PDE_64K : TP_INTEL_PDE_IPS));
	tp_intel_tables_flush(t);
}

/* ---- clear ----------------------------------------------------------------------------------- */

static void clear_table(struct tp_intel_tables *t, const struct tp_intel_table *table,
			unsigned index, size_t n)
{
	/* Beyond the only entries of a compact one it was never anything else. */
	if (table->is_big && (t->big_forms & TP_INTEL_BIG_COMPACT))
		n = TP_INTEL_PTES / TP_INTEL_BIG_PAGES;
	tp_intel_table_fill(t, table, index, t->scratch_pte, 0, n);
}

static void clear_block(struct tp_intel_tables *t, struct tp_intel_table *directory, uint64_t va,
			uint64_t size)
{
	const unsigned index = tp_intel_index(va, 1);
	struct tp_intel_table *table = directory->children[index];

	TP_INVARIANT(size == TP_INTEL_BLOCK || (!table->is_huge && !table->is_big));
	if (!table->is_huge)
		clear_table(t, table, tp_intel_index(va, 0), size / TP_PAGE_SIZE);
	if (!table->is_huge && !table->is_big)
		return;
	tp_intel_tables_flush(t);
	table->is_huge = table->is_big = false;
	tp_intel_table_write(t, directory, index, table->entry);
}

void tp_intel_tables_clear(struct tp_intel_tables *t, uint64_t va, uint64_t size)
{
	const uint64_t end = va + size;

	while (va < end) {
		const uint64_t next = tp_intel_span_end(va, end, 1);

		clear_block(t, directory_of(t, va), va, next - va);
		va = next;
	}
	tp_intel_tables_flush(t);
}

/* ---- split ----------------------------------------------------------------------------------- */

void tp_intel_tables_want_split(const struct tp_intel_tables *t, uint64_t va,
				struct tp_intel_spares *spares)
{
	if ((t->big_forms & TP_INTEL_BIG_COMPACT) && va % TP_INTEL_BLOCK)
		spares->wanted[0]++;
}

/* The 16 entries that @va lies strictly between say each their own page. */
static void split_ptes(struct tp_intel_tables *t, struct tp_intel_table *table, uint64_t va)
{
	const unsigned first = tp_intel_index(va, 0) / TP_INTEL_BIG_PAGES * TP_INTEL_BIG_PAGES;
	uint64_t leaf;

	if (va % TP_INTEL_BIG_PAGE == 0 || !(t->big_forms & TP_INTEL_BIG_PTES))
		return;
	leaf = tp_intel_table_read(t, table, first);
	if (leaf & TP_INTEL_PTE_PS64)
		tp_intel_table_fill(t, table, first, leaf & ~TP_INTEL_PTE_PS64, TP_PAGE_SIZE,
				    TP_INTEL_BIG_PAGES);
}

static void split_huge(struct tp_intel_tables *t, struct tp_intel_table *table, uint64_t va)
{
	const uint64_t leaf = tp_intel_table_read(t, directory_of(t, va), tp_intel_index(va, 1));

	set_ptes(t, table, 0, leaf & ~TP_INTEL_PDE_PS_2M, TP_INTEL_PTES);
	split_ptes(t, table, va);
	table->is_huge = false;
	lead(t, va, table->entry);
}

/* A compact table cannot become an ordinary one in place: another takes its place. */
static void split_compact(struct tp_intel_tables *t, struct tp_intel_table *table, uint64_t va,
			  struct tp_intel_spares *spares)
{
	struct tp_intel_table *wide = tp_intel_table_pop(&spares->first[0]);

	spares->nr[0]--;
	for (unsigned i = 0; i < TP_INTEL_PTES; i += TP_INTEL_BIG_PAGES) {
		const uint64_t leaf = tp_intel_table_read(t, table, i / TP_INTEL_BIG_PAGES);

		set_ptes(t, wide, i, leaf, TP_INTEL_BIG_PAGES);
	}
	split_ptes(t, wide, va);
	wide->used = table->used;
	directory_of(t, va)->children[tp_intel_index(va, 1)] = wide;
	lead(t, va, wide->entry);
	table->used = 0;
	tp_intel_table_push(&t->stale, table);
}

void tp_intel_tables_split(struct tp_intel_tables *t, uint64_t va, struct tp_intel_spares *spares)
{
	struct tp_intel_table *table;

	if (va % TP_INTEL_BLOCK == 0)
		return;
	table = block_of(t, va);
	if (table->is_huge) {
		split_huge(t, table, va);
	} else if (!table->is_big) {
		split_ptes(t, table, va);
	} else if (t->big_forms & TP_INTEL_BIG_COMPACT) {
		split_compact(t, table, va, spares);
	} else {
		table->is_big = false;
		lead(t, va, table->entry);
	}
	tp_intel_tables_flush(t);
}

/* ---- one leaf -------------------------------------------------------------------------------- */

/* Where the leaf for a virtual address is written. */
struct place {
	const struct tp_intel_table *table; /* NULL: it is scratch above all tables */
	unsigned index, n;		    /* entries that say it */
	uint64_t step;			    /* from one to the next */
	uint64_t size;			    /* that it covers */
};

static bool is_big_pte(const struct tp_intel_tables *t, const struct tp_intel_table *table,
		       unsigned index)
{
	return (t->big_forms & TP_INTEL_BIG_PTES) &&
	       (tp_intel_table_read(t, table, index) & TP_INTEL_PTE_PS64);
}

static struct place find_in_table(const struct tp_intel_tables *t, struct tp_intel_table *table,
				  uint64_t va)
{
	const unsigned index = tp_intel_index(va, 0);
	const unsigned first = index / TP_INTEL_BIG_PAGES * TP_INTEL_BIG_PAGES;

	if (table->is_big && (t->big_forms & TP_INTEL_BIG_COMPACT))
		return (struct place){ table, index / TP_INTEL_BIG_PAGES, 1, 0, TP_INTEL_BIG_PAGE };
	if (table->is_big)
		return (struct place){ table, first, TP_INTEL_BIG_PAGES, TP_PAGE_SIZE,
				       TP_INTEL_BIG_PAGE };
	if (is_big_pte(t, table, index))
		return (struct place){ table, first, TP_INTEL_BIG_PAGES, 0, TP_INTEL_BIG_PAGE };
	return (struct place){ table, index, 1, 0, TP_PAGE_SIZE };
}

static struct place find(const struct tp_intel_tables *t, uint64_t va)
{
	struct tp_intel_table *table = t->root, *child;

	for (;; table = child) {
		child = table->children[tp_intel_index(va, table->level)];
		if (!child)
			return (struct place){ .size = tp_intel_span(table->level) };
		if (child->is_huge)
			return (struct place){ table, tp_intel_index(va, 1), 1, 0, TP_INTEL_BLOCK };
		if (!child->level)
			return find_in_table(t, child, va);
	}
}

uint64_t tp_intel_tables_peek(const struct tp_intel_tables *t, uint64_t va, uint64_t *size)
{
	const struct place place = find(t, va);

	if (size)
		*size = place.size;
	return place.table ? tp_intel_table_read(t, place.table, place.index) : t->scratch_pte;
}

void tp_intel_tables_poke(struct tp_intel_tables *t, uint64_t va, uint64_t leaf)
{
	const struct place place = find(t, va);

	TP_INVARIANT(place.table);
	tp_intel_table_fill(t, place.table, place.index, leaf, place.step, place.n);
	tp_intel_tables_flush(t);
}
