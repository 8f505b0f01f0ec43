/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * walk - page tables are read, from the root to the leaf (Y7).
 *
 *	PDB2 --> PDB1 --> PDB0 --> PTB
 *	  '--------'--------'--- P: the entry is a leaf of as much
 *
 * Where a PDB1's entry says a fragment size (BFS), the PDB0 below has leaves, and those of its
 * entries lead on that say so (F): translate-further.
 *
 * Invariants
 *  W1  A walk that asks nothing remembered leaves no trace: it remembers nothing, and what it may
 *      not read is no fault.
 *  W2  A leaf stands for a run of 2^fragment pages, aligned by the virtual address; one of a
 *      directory for at least what that spans (T18).  The run's address is that of this leaf, less
 *      how far it is from the run's beginning.
 */
#include "model/amd/walk.h"

/* ---- reading a table ------------------------------------------------------------------------- */

/* NULL: it may not be read. */
static const tp_atomic_u64 *table_at(struct tp_amd_model *m, uint64_t entry, bool is_fresh,
				     uint64_t offset)
{
	struct tp_iommu *front = tp_ahw_front(m, entry & TP_AMD_PTE_SYSTEM);
	const tp_dma_addr at = { tp_ahw_address(m, entry).v + offset };

	if (!front || (is_fresh && !(tp_iommu_entry(front, at) & TP_IOMMU_READ)))
		return NULL;
	return tp_iommu_at(front, at, TP_IOMMU_READ);
}

static bool read_entry(struct tp_ahw_walk *w, uint64_t *entry)
{
	const uint64_t index = w->va >> tp_amd_level_shift(w->level) & (TP_AMD_PTES - 1);
	const tp_atomic_u64 *word = table_at(w->m, w->entry, !w->hub, index * sizeof(uint64_t));

	if (w->hub)
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
	const uint64_t span = UINT64_C(1) << tp_amd_level_shift(w->level);
	const uint64_t size = TP_MAX(span, (uint64_t)TP_PAGE_SIZE << fragment_of(entry));
	const uint64_t start = w->va & ~(size - 1), here = w->va & ~(span - 1);
	const tp_dma_addr address = tp_ahw_address(w->m, entry);
	struct tp_iommu *front = tp_ahw_front(w->m, entry & TP_AMD_PTE_SYSTEM);

	*leaf = (struct tp_ahw_leaf){ .va = start,
				      .size = size,
				      .address = address.v - (here - start),
				      .flags = entry & ~(uint64_t)TP_AMD_PTE_ADDRESS,
				      .born = w->born };
	leaf->tag = tp_ahw_tag(front, tp_ahw_leaf_address(leaf, w->va));
}

static bool is_leaf(const struct tp_ahw_walk *w, uint64_t entry)
{
	const bool further = w->entry >> TP_AMD_PDE_BFS_SHIFT && w->level == 1;

	return !w->level || entry & TP_AMD_PDE_PTE || (further && !(entry & TP_AMD_PTE_FURTHER));
}

static bool miss(struct tp_ahw_walk *w, bool refused)
{
	w->miss = (struct tp_ahw_miss){ w->level, refused };
	return false;
}

static void remember(struct tp_ahw_walk *w, uint64_t entry)
{
	const uint64_t span = UINT64_C(1) << tp_amd_level_shift(w->level);
	struct tp_iommu *front = tp_ahw_front(w->m, entry & TP_AMD_PTE_SYSTEM);

	if (w->hub)
		tp_ahw_walks_fill(w->hub, w->context,
				  &(struct tp_ahw_walk_entry){
					  .va = w->va & ~(span - 1),
					  .entry = entry,
					  .level = w->level,
					  .born = w->born,
					  .tag = tp_ahw_tag(front, tp_ahw_address(w->m, entry)) });
}

bool tp_ahw_walk_on(struct tp_ahw_walk *w, struct tp_ahw_leaf *leaf)
{
	for (uint64_t entry;; w->entry = entry, w->level--) {
		if (!read_entry(w, &entry))
			return miss(w, true);
		if (!(entry & TP_AMD_PTE_VALID) && !(entry & TP_AMD_PTE_PRT))
			return miss(w, false);
		if (!(entry & TP_AMD_PTE_VALID) || is_leaf(w, entry)) {
			make_leaf(w, entry, leaf);
			return true;
		}
		remember(w, entry);
	}
}

/* ---- VMID 0 ---------------------------------------------------------------------------------- */

static bool in_memory(const struct tp_amd_model *m, uint64_t va)
{
	return va - ((uint64_t)m->fb_base << 24) < m->config.memory;
}

bool tp_ahw_walk_kernel(struct tp_amd_model *m, const struct tp_ahw_context *context, uint64_t va,
			bool is_fresh, struct tp_ahw_leaf *leaf)
{
	const uint64_t page = va >> TP_PAGE_SHIFT;
	const tp_atomic_u64 *word;
	uint64_t entry;

	if (in_memory(m, va)) {
		*leaf = (struct tp_ahw_leaf){
			.va = (uint64_t)m->fb_base << 24,
			.size = m->config.memory,
			.flags = TP_AMD_PTE_VALID | TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE,
		};
		return true;
	}
	if (!(context->cntl & TP_AMD_CNTL_ENABLE) || page < context->pt_start ||
	    page > context->pt_end)
		return false;
	word = table_at(m, context->pt_base, is_fresh,
			(page - context->pt_start) * sizeof(uint64_t));
	entry = word ? tp_atomic_load(word, TP_ACQUIRE) : 0;
	if (!(entry & TP_AMD_PTE_VALID))
		return false;
	*leaf = (struct tp_ahw_leaf){ .va = page << TP_PAGE_SHIFT,
				      .size = TP_PAGE_SIZE,
				      .address = tp_ahw_address(m, entry).v,
				      .flags = entry & ~(uint64_t)TP_AMD_PTE_ADDRESS };
	leaf->tag = tp_ahw_tag(tp_ahw_front(m, entry & TP_AMD_PTE_SYSTEM),
			       (tp_dma_addr){ leaf->address });
	return true;
}

/* ---- as the tables are now ------------------------------------------------------------------- */

bool tp_ahw_walk_root(struct tp_amd_model *m, uint32_t cntl, uint64_t root, uint64_t va,
		      struct tp_ahw_leaf *leaf)
{
	struct tp_ahw_walk walk = { .m = m,
				    .va = va & TP_AMD_VA_MASK,
				    .level = cntl >> TP_AMD_CNTL_DEPTH_SHIFT & 3,
				    .entry = root };

	return cntl & TP_AMD_CNTL_ENABLE && root & TP_AMD_PT_BASE_VALID &&
	       tp_ahw_walk_on(&walk, leaf);
}

bool tp_ahw_walk(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va, struct tp_ahw_leaf *leaf)
{
	const struct tp_ahw_context *context = &hub->contexts[vmid];

	if (!vmid)
		return tp_ahw_walk_kernel(hub->model, context, va, true, leaf);
	return tp_ahw_is_in_range(context, va & TP_AMD_VA_MASK) &&
	       tp_ahw_walk_root(hub->model, context->cntl, context->pt_base, va, leaf);
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
	return found && tell(&leaf, vmid ? va & TP_AMD_VA_MASK : va, system, address, flags);
}

bool tp_amd_model_probe_root(struct tp_amd_model *m, uint64_t root, uint64_t va, bool *system,
			     uint64_t *address, uint64_t *flags)
{
	const uint32_t cntl = TP_AMD_CNTL_ENABLE | (TP_AMD_LEVELS - 1) << TP_AMD_CNTL_DEPTH_SHIFT;
	struct tp_ahw_leaf leaf;

	return tp_ahw_walk_root(m, cntl, root, va, &leaf) &&
	       tell(&leaf, va & TP_AMD_VA_MASK, system, address, flags);
}
