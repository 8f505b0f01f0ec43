/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table - page tables come and go: made, reserved, released, stale, freed. */
#include "gpu/intel/table.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/intel/table_internal.h"

static const char tag[] = "page tables";

/* ---- one table ------------------------------------------------------------------------------- */

uint64_t tp_intel_table_read(const struct tp_intel_tables *t, const struct tp_intel_table *table,
			     unsigned index)
{
	uint64_t entry;

	if (table->words)
		return tp_atomic_load(&table->words[index], TP_ACQUIRE);
	tp_bus_memory_read(t->bus, table->offset + index * sizeof(entry), &entry, sizeof(entry));
	return entry;
}

/* All scratch; nothing leads to it, so the words need not be atomic. */
static void fill_new(struct tp_intel_tables *t, struct tp_intel_table *table)
{
	uint64_t entry = table->level ? t->scratch[table->level - 1]->entry : t->scratch_pte;

	if (!table->words) {
		tp_bus_memory_fill(t->bus, table->offset, entry, 0, TP_INTEL_PTES);
		tp_bus_memory_flush(t->bus);
		return;
	}
	for (unsigned i = 0; i < TP_INTEL_PTES; i++)
		((uint64_t *)table->memory.address)[i] = entry;
}

/* In video memory while there is room. */
static int find_memory(struct tp_intel_tables *t, struct tp_intel_table *table)
{
	int err;

	table->entry = TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW;
	if (t->vram && !tp_vram_alloc(t->vram, 0, tag, &table->offset)) {
		table->entry |= table->offset | TP_INTEL_PTE_LM;
		return 0;
	}
	err = tp_dma_alloc(t->domain, TP_PAGE_SIZE, t->node, tag, &table->memory);
	table->words = table->memory.address;
	table->entry |= table->memory.dma.v;
	return err;
}

static int make_table(struct tp_intel_tables *t, unsigned level, struct tp_intel_table **made)
{
	const size_t children = level ? TP_INTEL_PTES * sizeof(struct tp_intel_table *) : 0;
	struct tp_intel_table *table = NULL;
	int err;

	if (!TP_FAULT("gpu/intel-table"))
		table = tp_zalloc(sizeof(*table) + children);
	if (!table)
		return TP_ERR(-ENOMEM, "page table of level %u", level);
	table->level = level;
	err = find_memory(t, table);
	if (err) {
		tp_free(table);
		return err;
	}
	fill_new(t, table);
	tp_quiet_add(&t->nr_tables, 1);
	*made = table;
	return 0;
}

static void free_table(struct tp_intel_tables *t, struct tp_intel_table *table)
{
	if (table->words)
		tp_dma_free(&table->memory);
	else
		tp_vram_free(t->vram, table->offset, 0);
	tp_quiet_sub(&t->nr_tables, 1);
	tp_free(table);
}

void tp_intel_tables_free(struct tp_intel_tables *t, struct tp_intel_table *stale)
{
	while (stale)
		free_table(t, tp_intel_table_pop(&stale));
}

/* ---- spare ones ------------------------------------------------------------------------------ */

int tp_intel_tables_stock(struct tp_intel_tables *t, struct tp_intel_spares *spares)
{
	for (unsigned level = 0; level < TP_INTEL_LEVELS; level++)
		while (spares->nr[level] < spares->wanted[level]) {
			struct tp_intel_table *table;
			int err = make_table(t, level, &table);

			if (err)
				return err;
			tp_intel_table_push(&spares->first[level], table);
			spares->nr[level]++;
		}
	return 0;
}

void tp_intel_tables_unstock(struct tp_intel_tables *t, struct tp_intel_spares *spares)
{
	for (unsigned level = 0; level < TP_INTEL_LEVELS; level++)
		tp_intel_tables_free(t, spares->first[level]);
	*spares = (struct tp_intel_spares){ 0 };
}

/* ---- all tables of an address space ---------------------------------------------------------- */

static unsigned big_forms(const struct tp_intel_platform_info *platform)
{
	if (!(platform->page_sizes & TP_INTEL_PAGES_64K))
		return 0;
	if (platform->ver < 12)
		return TP_INTEL_BIG_EVERY_16TH;
	return TP_INTEL_BIG_PTES | TP_INTEL_BIG_COMPACT;
}

/* Tables whose entries are all of 64 KiB need a scratch page of that size, or there are none. */
static int make_scratch_page(struct tp_intel_tables *t)
{
	struct tp_dma_coherent *page = &t->scratch_page;
	int err;

	if (tp_intel_tables_ask_big(t)) {
		if (!tp_dma_alloc(t->domain, TP_INTEL_BIG_PAGE, t->node, "scratch page", page) &&
		    page->dma.v % TP_INTEL_BIG_PAGE == 0)
			return 0;
		tp_dma_free(page);
		t->big_forms &= ~(unsigned)TP_INTEL_BIG_TABLES;
	}
	err = tp_dma_alloc(t->domain, TP_PAGE_SIZE, t->node, "scratch page", page);
	return err;
}

static int make_first_tables(struct tp_intel_tables *t)
{
	int err = make_scratch_page(t);

	t->scratch_pte = t->scratch_page.dma.v | TP_INTEL_PTE_PRESENT | TP_INTEL_PTE_RW;
	for (unsigned level = 0; level < TP_ARRAY_SIZE(t->scratch) && !err; level++)
		err = make_table(t, level, &t->scratch[level]);
	return err ? err : make_table(t, TP_INTEL_LEVELS - 1, &t->root);
}

int tp_intel_tables_init(struct tp_intel_tables *t, struct tp_dma_domain *domain,
			 struct tp_bus_device *bus, struct tp_vram *vram,
			 const struct tp_intel_platform_info *platform, int node)
{
	int err;

	*t = (struct tp_intel_tables){
		.domain = domain,
		.bus = bus,
		.vram = vram,
		.platform = platform,
		.big_forms = big_forms(platform),
		.node = node,
	};
	err = make_first_tables(t);
	if (err)
		tp_intel_tables_fini(t);
	return err;
}

static void free_tree(struct tp_intel_tables *t, struct tp_intel_table *table)
{
	if (!table)
		return;
	for (unsigned i = 0; table->level && i < TP_INTEL_PTES; i++)
		free_tree(t, table->children[i]);
	free_table(t, table);
}

void tp_intel_tables_fini(struct tp_intel_tables *t)
{
	free_tree(t, t->root);
	tp_intel_tables_free(t, t->stale);
	for (unsigned level = 0; level < TP_ARRAY_SIZE(t->scratch); level++)
		free_tree(t, t->scratch[level]);
	tp_dma_free(&t->scratch_page);
	TP_INVARIANT(!tp_quiet_load(&t->nr_tables));
}

uint64_t tp_intel_tables_root(const struct tp_intel_tables *t)
{
	return t->root->entry & (TP_INTEL_PTE_ADDRESS | TP_INTEL_PTE_LM);
}

/* ---- reserve, release ------------------------------------------------------------------------ */

/* Tables of all levels below @level that [@va, @end) lies in. */
static void count_tables(uint64_t va, uint64_t end, unsigned level, unsigned *n)
{
	while (level--) {
		const uint64_t span = tp_intel_span(level + 1);

		n[level] += (unsigned)((end - 1) / span - va / span + 1);
	}
}

static void count_missing(const struct tp_intel_table *table, uint64_t va, uint64_t end,
			  unsigned *n)
{
	while (va < end) {
		const uint64_t next = tp_intel_span_end(va, end, table->level);
		const struct tp_intel_table *child =
			table->children[tp_intel_index(va, table->level)];

		if (!child)
			count_tables(va, next, table->level, n);
		else if (child->level)
			count_missing(child, va, next, n);
		va = next;
	}
}

static struct tp_intel_table *add_child(struct tp_intel_tables *t, struct tp_intel_table *table,
					unsigned index, struct tp_intel_spares *spares)
{
	const unsigned level = table->level - 1;
	struct tp_intel_table *child = tp_intel_table_pop(&spares->first[level]);

	spares->nr[level]--;
	table->children[index] = child;
	table->used++;
	tp_intel_table_write(t, table, index, child->entry);
	return child;
}

static void reserve_in(struct tp_intel_tables *t, struct tp_intel_table *table, uint64_t va,
		       uint64_t end, struct tp_intel_spares *spares)
{
	if (!table->level) {
		table->used += (unsigned)((end - va) / TP_PAGE_SIZE);
		TP_INVARIANT(table->used <= TP_INTEL_PTES);
		return;
	}
	while (va < end) {
		const uint64_t next = tp_intel_span_end(va, end, table->level);
		const unsigned index = tp_intel_index(va, table->level);
		struct tp_intel_table *child = table->children[index];

		reserve_in(t, child ? child : add_child(t, table, index, spares), va, next, spares);
		va = next;
	}
}

bool tp_intel_tables_reserve(struct tp_intel_tables *t, uint64_t va, uint64_t size,
			     struct tp_intel_spares *spares)
{
	unsigned missing[TP_INTEL_LEVELS] = { 0 };
	bool enough = true;

	count_missing(t->root, va, va + size, missing);
	for (unsigned level = 0; level < TP_INTEL_LEVELS; level++) {
		spares->wanted[level] = missing[level];
		enough &= spares->nr[level] >= missing[level];
	}
	if (enough) {
		reserve_in(t, t->root, va, va + size, spares);
		tp_intel_tables_flush(t);
	}
	return enough;
}

/* Nothing leads to it any more, but from caches (P3). */
static void drop_child(struct tp_intel_tables *t, struct tp_intel_table *table, unsigned index)
{
	struct tp_intel_table *child = table->children[index];

	TP_INVARIANT(!child->is_huge && !child->is_big);
	tp_intel_table_write(t, table, index, t->scratch[table->level - 1]->entry);
	table->children[index] = NULL;
	table->used--;
	tp_intel_table_push(&t->stale, child);
}

static void release_in(struct tp_intel_tables *t, struct tp_intel_table *table, uint64_t va,
		       uint64_t end)
{
	if (!table->level) {
		TP_INVARIANT(table->used >= (end - va) / TP_PAGE_SIZE);
		table->used -= (unsigned)((end - va) / TP_PAGE_SIZE);
		return;
	}
	while (va < end) {
		const uint64_t next = tp_intel_span_end(va, end, table->level);
		const unsigned index = tp_intel_index(va, table->level);

		release_in(t, table->children[index], va, next);
		if (!table->children[index]->used)
			drop_child(t, table, index);
		va = next;
	}
}

void tp_intel_tables_release(struct tp_intel_tables *t, uint64_t va, uint64_t size)
{
	release_in(t, t->root, va, va + size);
	tp_intel_tables_flush(t);
}

struct tp_intel_table *tp_intel_tables_take_stale(struct tp_intel_tables *t)
{
	struct tp_intel_table *stale = t->stale;

	t->stale = NULL;
	return stale;
}

void tp_intel_tables_return_stale(struct tp_intel_tables *t, struct tp_intel_table *stale)
{
	while (stale)
		tp_intel_table_push(&t->stale, tp_intel_table_pop(&stale));
}
