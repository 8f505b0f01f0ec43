/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* walk - what the files of translation share. */
#ifndef TP_MODEL_AMD_WALK_H
#define TP_MODEL_AMD_WALK_H

#include "model/amd/internal.h"

/* How a walk went that could use what was remembered. */
struct tp_ahw_way {
	struct tp_ahw_walk_entry from; /* remembered; level 0: it came from the root */
	uint32_t why;		       /* nothing was found: TP_AMD_FAULT_* */
};

/* Of an address of a VMID, by the tables of a context. */
struct tp_ahw_walk {
	struct tp_amd_model *m;
	const struct tp_ahw_context *context;
	struct tp_ahw_hub *hub;
	bool remembers; /* what it met, and its faults; it is asked for by somebody */
	unsigned vmid;
	uint64_t va;
	struct tp_ahw_table table; /* which is read next */
	uint64_t born;
	uint32_t why; /* as above */
};

/* From what is remembered, or from the root.  False: nothing. */
bool tp_ahw_walk_from(struct tp_ahw_walk *walk, const struct tp_ahw_walk_entry *from,
		      struct tp_ahw_leaf *leaf);

/* What the tables of a context call an address: they begin at PT_START. */
static inline uint64_t tp_ahw_in_context(const struct tp_ahw_context *context, uint64_t va)
{
	return va - (context->pt_start << TP_PAGE_SHIFT);
}

/* Whether @context translates @va at all. */
static inline bool tp_ahw_is_in_range(const struct tp_ahw_context *context, uint64_t va)
{
	const uint64_t page = va >> TP_PAGE_SHIFT;

	return context->cntl & TP_AMD_CNTL_ENABLE && context->pt_base & TP_AMD_PT_BASE_VALID &&
	       page >= context->pt_start && page <= context->pt_end;
}

/* Bytes that are translated by way of a remembered entry. */
static inline uint64_t tp_ahw_walk_entry_size(const struct tp_ahw_walk_entry *entry)
{
	return UINT64_C(1) << (entry->table.shift + entry->table.bits);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* What stands in front of it. */
static inline struct tp_iommu *tp_ahw_front(const struct tp_amd_model *m, bool system)
{
	return system ? m->bus.iommu : m->bus.local;
}

/* A leaf's address: of I/O, or an offset in video memory (beyond it: none is there). */
static inline tp_dma_addr tp_ahw_address(const struct tp_amd_model *m, uint64_t entry)
{
	const uint64_t address = tp_amd_pte_address(entry);

	if (entry & TP_AMD_PTE_SYSTEM)
		return (tp_dma_addr){ address };
	return (tp_dma_addr){ address - ((uint64_t)m->config.fb_offset << 24) };
}

/* A table's: it is aligned to 64 bytes, and where leaves have their fragment the rest stands. */
static inline tp_dma_addr tp_ahw_table_address(const struct tp_amd_model *m, uint64_t entry)
{
	enum { BELOW_PAGE = 0xfc0 & (TP_PAGE_SIZE - 1) };

	return (tp_dma_addr){ tp_ahw_address(m, entry).v + (entry & BELOW_PAGE) };
}

static inline tp_dma_addr tp_ahw_leaf_address(const struct tp_ahw_leaf *leaf, uint64_t va)
{
	return (tp_dma_addr){ leaf->address + (va - leaf->va) };
}

/* Whose a page is now; NULL: nobody's. */
static inline const char *tp_ahw_tag(struct tp_iommu *front, tp_dma_addr address)
{
	return front && tp_iommu_entry(front, address) ? tp_iommu_tag(front, address) : NULL;
}

/* ---- caches (tlb.c); under the hub's lock ---------------------------------------------------- */

/* It is in the first cache then. */
struct tp_ahw_leaf *tp_ahw_tlb_find(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va);
void tp_ahw_tlb_fill(struct tp_ahw_hub *hub, unsigned vmid, const struct tp_ahw_leaf *leaf);
/* The lowest entry that leads to @va; NULL: none is remembered. */
const struct tp_ahw_walk_entry *tp_ahw_walks_find(struct tp_ahw_hub *hub,
						  struct tp_ahw_context *context, uint64_t va);
void tp_ahw_walks_fill(struct tp_ahw_hub *hub, unsigned vmid,
		       const struct tp_ahw_walk_entry *entry);
/* A walk that may use what is remembered, and remembers what it finds.  False: nothing. */
bool tp_ahw_walk_remembering(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va,
			     struct tp_ahw_leaf *leaf, struct tp_ahw_way *way);

#endif
