/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk - page tables are read, from the root to the leaf (Y7).
 *
 *	PDB2 --> PDB1 --> PDB0 --> PTB --> PTB
 *	  '--------'--------'--------'--- F: the leaf leads further, to smaller ones
 *	  '--------'--------'--- P: the entry is a leaf of as much
 *
 * A context says how many directories there are (depth; none: the root is a PTB), and what a PTB
 * spans (block size).  What leads to a PTB says what each of its leaves spans (BFS).  The root has
 * as many entries as are asked for: a context's end is what ends it.
 *
 * Invariants
 *  W1  A walk that remembers nothing leaves no trace: what it may not read is no fault.
 *  W2  A leaf stands for a run of 2^fragment pages, aligned by the address; one of more pages for
 *      at least what it spans (T18).  The run's address is that of this leaf, less how far it is
 *      from the run's beginning.
 *  W3  A walk ends: a leaf leads further only to leaves that are smaller.
 */
#include "model/amd/walk.h"

enum { ROOT_BITS = 63 };

/* ---- where tables lie apart ------------------------------------------------------------------ */

static uint64_t span_of(const struct tp_ahw_table *table)
{
	return UINT64_C(1) << table->shift;
}

/* log2 of the pages that a PTB spans. */
static unsigned block_of(const struct tp_ahw_context *context)
{
	return TP_AMD_PT_BITS + (context->cntl >> TP_AMD_CNTL_BLOCK_SIZE_SHIFT & 15);
}

/* log2 of the pages that each leaf below @entry spans, of the @most that there are. */
static unsigned pages_below(uint64_t entry, unsigned most)
{
	return TP_MIN((unsigned)(entry >> TP_AMD_PDE_BFS_SHIFT), most);
}

static struct tp_ahw_table table_at(const struct tp_ahw_context *context, uint64_t entry,
				    unsigned level)
{
	const unsigned block = block_of(context), pages = pages_below(entry, block);

	if (!level)
		return (struct tp_ahw_table){ .entry = entry,
					      .shift = (uint8_t)(TP_PAGE_SHIFT + pages),
					      .bits = (uint8_t)(block - pages) };
	return (struct tp_ahw_table){ .entry = entry,
				      .level = (uint8_t)level,
				      .shift = (uint8_t)(TP_PAGE_SHIFT + block +
							 (level - 1) * TP_AMD_PT_BITS),
				      .bits = TP_AMD_PT_BITS };
}

static struct tp_ahw_table root_of(const struct tp_ahw_context *context)
{
	struct tp_ahw_table root =
		table_at(context, context->pt_base, context->cntl >> TP_AMD_CNTL_DEPTH_SHIFT & 3);

	root.bits = ROOT_BITS;
	return root;
}

/* W3.  False: there are none that are smaller. */
static bool look_further(struct tp_ahw_table *table, uint64_t entry)
{
	const unsigned all = table->shift - TP_PAGE_SHIFT, pages = pages_below(entry, all);

	*table = (struct tp_ahw_table){ .entry = entry,
					.shift = (uint8_t)(TP_PAGE_SHIFT + pages),
					.bits = (uint8_t)(all - pages) };
	return pages < all;
}

/* ---- reading a table ------------------------------------------------------------------------- */

/* NULL: it may not be read. */
static const tp_atomic_u64 *word_at(const struct tp_ahw_walk *w, uint64_t index)
{
	struct tp_iommu *front = tp_ahw_front(w->m, w->table.entry & TP_AMD_PTE_SYSTEM);
	const tp_dma_addr at = { tp_ahw_table_address(w->m, w->table.entry).v +
				 index * sizeof(uint64_t) };

	if (!front || (!w->remembers && !(tp_iommu_entry(front, at) & TP_IOMMU_READ)))
		return NULL;
	return tp_iommu_at(front, at, TP_IOMMU_READ);
}

static bool read_entry(struct tp_ahw_walk *w, uint64_t *entry)
{
	const uint64_t index = tp_ahw_in_context(w->context, w->va) >> w->table.shift;
	const tp_atomic_u64 *word = word_at(w, index & ((UINT64_C(1) << w->table.bits) - 1));

	if (w->remembers)
		w->hub->stat.walks++;
	if (word)
		*entry = tp_atomic_load(word, TP_ACQUIRE);
	return word;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static unsigned fragment_of(uint64_t entry)
{
	return (unsigned)((entry & TP_AMD_PTE_FRAG_MASK) >> TP_AMD_PTE_FRAG_SHIFT);
}

/* W2 */
static void make_leaf(const struct tp_ahw_walk *w, uint64_t entry, struct tp_ahw_leaf *leaf)
{
	const uint64_t span = span_of(&w->table);
	const uint64_t size = TP_MAX(span, (uint64_t)TP_PAGE_SIZE << fragment_of(entry));
	const uint64_t here = tp_ahw_in_context(w->context, w->va);
	const uint64_t start = here & ~(size - 1), own = here & ~(span - 1);
	const tp_dma_addr address = tp_ahw_address(w->m, entry);
	struct tp_iommu *front = tp_ahw_front(w->m, entry & TP_AMD_PTE_SYSTEM);

	*leaf = (struct tp_ahw_leaf){ .va = w->va - (here - start),
				      .size = size,
				      .address = address.v - (own - start),
				      .flags = entry & ~(uint64_t)TP_AMD_PTE_ADDRESS,
				      .born = w->born };
	leaf->tag = tp_ahw_tag(front, tp_ahw_leaf_address(leaf, w->va));
}

static bool miss(struct tp_ahw_walk *w, uint32_t why)
{
	w->why = why;
	return false;
}

static uint32_t ended_at(unsigned walker)
{
	return walker << TP_AMD_FAULT_WALKER_SHIFT | TP_AMD_FAULT_MAPPING;
}

/* @level: of the table that has the entry which led to the one that is next. */
static void remember(struct tp_ahw_walk *w, unsigned level)
{
	const uint64_t span = UINT64_C(1) << (w->table.shift + w->table.bits);
	struct tp_iommu *front = tp_ahw_front(w->m, w->table.entry & TP_AMD_PTE_SYSTEM);

	if (!w->remembers)
		return;
	tp_ahw_walks_fill(
		w->hub, w->vmid,
		&(struct tp_ahw_walk_entry){
			.va = tp_ahw_in_context(w->context, w->va) & ~(span - 1),
			.table = w->table,
			.level = TP_MAX(level, 1u),
			.born = w->born,
			.tag = tp_ahw_tag(front, tp_ahw_table_address(w->m, w->table.entry)) });
}

/* To the table that a directory's entry, or a leaf, leads to.  False: to none. */
static bool go_on(struct tp_ahw_walk *w, uint64_t entry, bool is_leaf)
{
	const unsigned level = w->table.level;

	if (!is_leaf && !(entry & TP_AMD_PTE_VALID))
		return miss(w, ended_at(TP_AMD_WALKER_PDE0 + level - 1) | TP_AMD_FAULT_INVALID);
	if (!is_leaf)
		w->table = table_at(w->context, entry, level - 1);
	else if (!look_further(&w->table, entry))
		return miss(w, ended_at(TP_AMD_WALKER_FURTHER) | TP_AMD_FAULT_INVALID);
	remember(w, level);
	return true;
}

static bool walk_on(struct tp_ahw_walk *w, struct tp_ahw_leaf *leaf)
{
	const uint64_t further = TP_AMD_PTE_VALID | TP_AMD_PTE_FURTHER;
	uint64_t entry;
	bool is_leaf;

	do {
		if (!read_entry(w, &entry))
			return miss(w, ended_at(TP_AMD_WALKER_REFUSED));
		is_leaf = !w->table.level || entry & TP_AMD_PDE_PTE;
		if (is_leaf && (entry & further) != further) {
			make_leaf(w, entry, leaf);
			return entry & (TP_AMD_PTE_VALID | TP_AMD_PTE_PRT) ||
			       miss(w, TP_AMD_FAULT_INVALID);
		}
	} while (go_on(w, entry, is_leaf));
	return false;
}

/* ---- where walks begin ----------------------------------------------------------------------- */

/* What VMID 0 sees of video memory, wherever that ends. */
static bool is_in_aperture(const struct tp_ahw_hub *hub, uint64_t va)
{
	return va >> 24 >= hub->fb_base && va >> 24 <= hub->fb_top;
}

static void make_aperture(const struct tp_ahw_walk *w, struct tp_ahw_leaf *leaf)
{
	const struct tp_ahw_hub *hub = w->hub;

	*leaf = (struct tp_ahw_leaf){
		.va = (uint64_t)hub->fb_base << 24,
		.size = ((uint64_t)hub->fb_top - hub->fb_base + 1) << 24,
		.flags = TP_AMD_PTE_VALID | TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE,
		.born = w->born,
	};
}

bool tp_ahw_walk_from(struct tp_ahw_walk *w, const struct tp_ahw_walk_entry *from,
		      struct tp_ahw_leaf *leaf)
{
	if (!w->vmid && is_in_aperture(w->hub, w->va)) {
		make_aperture(w, leaf);
		return true;
	}
	if (!tp_ahw_is_in_range(w->context, w->va))
		return miss(w, ended_at(TP_AMD_WALKER_RANGE) | TP_AMD_FAULT_INVALID);
	w->table = from ? from->table : root_of(w->context);
	return walk_on(w, leaf);
}

/* ---- as the tables are now ------------------------------------------------------------------- */

static uint64_t without_hole(unsigned vmid, uint64_t va)
{
	return vmid ? va & TP_AMD_VA_MASK : va;
}

bool tp_ahw_walk(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va, struct tp_ahw_leaf *leaf)
{
	struct tp_ahw_walk walk = { .m = hub->model,
				    .hub = hub,
				    .context = &hub->contexts[vmid],
				    .vmid = vmid,
				    .va = without_hole(vmid, va) };

	return tp_ahw_walk_from(&walk, NULL, leaf);
}

/* ---- the bench's ----------------------------------------------------------------------------- */

static bool tell(const struct tp_ahw_leaf *leaf, uint64_t va, bool *system, uint64_t *address,
		 uint64_t *flags)
{
	*system = leaf->flags & TP_AMD_PTE_SYSTEM;
	*address = tp_ahw_leaf_address(leaf, va).v;
	*flags = leaf->flags;
	return true;
}

bool tp_amd_model_probe(struct tp_amd_model *m, enum tp_amd_hub_id id, unsigned vmid, uint64_t va,
			bool *system, uint64_t *address, uint64_t *flags)
{
	struct tp_ahw_hub *hub = &m->hubs[id];
	struct tp_ahw_leaf leaf;
	bool found;

	tp_spin_lock(&hub->lock);
	found = tp_ahw_walk(hub, vmid, va, &leaf);
	tp_spin_unlock(&hub->lock);
	return found && tell(&leaf, without_hole(vmid, va), system, address, flags);
}

bool tp_amd_model_probe_root(struct tp_amd_model *m, uint64_t root, uint64_t va, bool *system,
			     uint64_t *address, uint64_t *flags)
{
	const struct tp_ahw_context context = {
		.cntl = TP_AMD_CNTL_ENABLE | (TP_AMD_LEVELS - 1) << TP_AMD_CNTL_DEPTH_SHIFT,
		.pt_base = root,
		.pt_end = UINT64_MAX,
	};
	struct tp_ahw_walk walk = {
		.m = m, .context = &context, .vmid = 1, .va = va & TP_AMD_VA_MASK
	};
	struct tp_ahw_leaf leaf;

	return tp_ahw_walk_from(&walk, NULL, &leaf) && tell(&leaf, walk.va, system, address, flags);
}
