/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk - page tables are read, from the root to the leaf.
 *
 *	platform	64 KiB pages by
 *	BDW		(none)
 *	SKL, ICL	IPS in the entry that leads to their table; every 16th entry counts
 *	TGL to ADL	(none)
 *	DG2, MTL	PDE_64K there: the table is compact; or PS64 in the entry itself
 *
 * Where a leaf is larger than the address in it is aligned, the lower bits of that are ignored.
 *
 * Invariants
 *  W1  A walk that asks nothing remembered (fresh) leaves no trace: it remembers nothing, and what
 *      it may not read is no fault.
 */
#include "model/intel/translate.h"

enum { BIG = TP_INTEL_BIG_PAGES, BIG_SIZE = TP_INTEL_BIG_PAGES << TP_PAGE_SHIFT };

struct walk {
	struct tp_ihw_engine *e;
	uint64_t va;
	bool is_fresh;
	unsigned level; /* of the table that is read next, and */
	uint64_t entry; /* what leads to it: the root, or an entry */
	bool write;
	uint64_t born;
	/* whose that table was when the entry was read, if it was remembered */
	bool is_remembered;
	const char *tag;
};

/* ---- who knows what -------------------------------------------------------------------------- */

static bool is_between(const struct tp_ihw_engine *e, enum tp_intel_platform first,
		       enum tp_intel_platform last)
{
	return e->model->config.platform >= first && e->model->config.platform <= last;
}

static bool has_ips(const struct walk *w)
{
	return w->entry & TP_INTEL_PDE_IPS && is_between(w->e, TP_INTEL_SKL, TP_INTEL_ICL);
}

static bool is_compact(const struct walk *w)
{
	return w->entry & TP_INTEL_PDE_64K && is_between(w->e, TP_INTEL_DG2, TP_INTEL_MTL);
}

static bool is_ps64(const struct walk *w, uint64_t pte)
{
	return pte & TP_INTEL_PTE_PS64 && is_between(w->e, TP_INTEL_DG2, TP_INTEL_MTL);
}

/* ---- reading a table ------------------------------------------------------------------------- */

/* A table that was found by a remembered entry has become something else. */
static void look_for_harm(const struct walk *w, struct tp_iommu *front, tp_dma_addr table)
{
	const char *now = tp_ihw_tag_now(front, table);
	const struct tp_ihw_tlb_entry was = { .va = w->va,
					      .address = table.v,
					      .local = tp_ihw_is_local(w->e->model, w->entry),
					      .tag = w->tag };

	if (tp_ihw_has_changed(w->tag, now))
		tp_ihw_harm(w->e, &was, w->va, false, now);
}

static const tp_atomic_u64 *table_at(const struct walk *w)
{
	struct tp_iommu *front = tp_ihw_front(w->e->model, tp_ihw_is_local(w->e->model, w->entry));
	tp_dma_addr table = { w->entry & TP_INTEL_PTE_ADDRESS };

	if (!front || (w->is_fresh && !(tp_iommu_entry(front, table) & TP_IOMMU_READ)))
		return NULL;
	if (w->is_remembered)
		look_for_harm(w, front, table);
	return tp_iommu_at(front, table, TP_IOMMU_READ);
}

/* Which entry of the table translates @va, at the lowest level as the entry above it says. */
static unsigned index_of(const struct walk *w)
{
	uint64_t index = w->va / tp_ihw_span(w->level) % TP_INTEL_PTES;

	if (w->level)
		return (unsigned)index;
	if (is_compact(w))
		return (unsigned)index / BIG;
	return (unsigned)(has_ips(w) ? index / BIG * BIG : index);
}

static bool read_entry(const struct walk *w, uint64_t *entry)
{
	const tp_atomic_u64 *table = table_at(w);

	if (!table)
		return false;
	if (!w->is_fresh)
		w->e->stat.walks++;
	*entry = tp_atomic_load(&table[index_of(w)], TP_ACQUIRE);
	return *entry & TP_INTEL_PTE_PRESENT;
}

/* ---- walking --------------------------------------------------------------------------------- */

static uint64_t leaf_size(const struct walk *w, uint64_t entry)
{
	if (w->level)
		return tp_ihw_span(1);
	return has_ips(w) || is_compact(w) || is_ps64(w, entry) ? BIG_SIZE : TP_PAGE_SIZE;
}

static void make_leaf(const struct walk *w, uint64_t pte, struct tp_ihw_tlb_entry *leaf)
{
	uint64_t size = leaf_size(w, pte);
	bool local = tp_ihw_is_local(w->e->model, pte);

	*leaf = (struct tp_ihw_tlb_entry){
		.va = w->va & ~(size - 1),
		.size = size,
		.address = pte & TP_INTEL_PTE_ADDRESS & ~(size - 1),
		.root = w->e->root,
		.asid = w->e->asid,
		.local = local,
		.write = w->write && pte & TP_INTEL_PTE_RW,
		.born = w->born,
	};
	if (!w->is_fresh)
		leaf->tag = tp_ihw_tag_now(tp_ihw_front(w->e->model, local),
					   tp_ihw_address(leaf, w->va));
}

/* Of an entry above the leaf's: the table below it is next. */
static void descend(struct walk *w, uint64_t entry)
{
	tp_dma_addr table = { entry & TP_INTEL_PTE_ADDRESS };
	struct tp_ihw_walk_entry remember = {
		.va = w->va & ~(tp_ihw_span(w->level) - 1),
		.root = w->e->root,
		.entry = entry,
		.level = w->level,
		.born = w->born,
		.asid = w->e->asid,
		.write = w->write && entry & TP_INTEL_PTE_RW,
	};

	w->entry = entry;
	w->level--;
	w->write = remember.write;
	w->is_remembered = false;
	if (w->is_fresh)
		return;
	remember.tag = tp_ihw_tag_now(
		tp_ihw_front(w->e->model, tp_ihw_is_local(w->e->model, entry)), table);
	tp_ihw_walks_fill(w->e, w->va, &remember);
}

static bool walk(struct walk *w, struct tp_ihw_tlb_entry *leaf)
{
	uint64_t entry;

	while (read_entry(w, &entry)) {
		bool is_huge = w->level && entry & TP_INTEL_PDE_PS_2M;

		if (!w->level || (is_huge && w->level == 1)) {
			make_leaf(w, entry, leaf);
			return true;
		}
		if (is_huge)
			return false;
		descend(w, entry);
	}
	return false;
}

static bool is_beyond(uint64_t va)
{
	return va >> TP_INTEL_VA_BITS;
}

bool tp_ihw_walk_fresh(struct tp_ihw_engine *e, uint64_t va, struct tp_ihw_tlb_entry *entry)
{
	struct walk w = {
		.e = e,
		.va = va,
		.is_fresh = true,
		.level = TP_INTEL_LEVELS - 1,
		.entry = e->root,
		.write = true,
	};

	return !is_beyond(va) && walk(&w, entry);
}

static void begin(struct walk *w)
{
	const struct tp_ihw_walk_entry *near = tp_ihw_walks_find(w->e, w->va);

	w->born = ++w->e->walk_count;
	if (!near)
		return;
	w->level = near->level - 1;
	w->entry = near->entry;
	w->write = near->write;
	w->born = near->born;
	w->is_remembered = true;
	w->tag = near->tag;
}

bool tp_ihw_walk(struct tp_ihw_engine *e, uint64_t va, struct tp_ihw_tlb_entry *entry)
{
	struct walk w = {
		.e = e, .va = va, .level = TP_INTEL_LEVELS - 1, .entry = e->root, .write = true
	};

	if (is_beyond(va))
		return false;
	begin(&w);
	return walk(&w, entry);
}
