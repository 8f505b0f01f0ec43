/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* walk - what the files of translation share. */
#ifndef TP_MODEL_AMD_WALK_H
#define TP_MODEL_AMD_WALK_H

#include "model/amd/internal.h"

/* Why there is nothing, for the fault's status. */
struct tp_ahw_miss {
	unsigned level; /* of the table whose entry said nothing */
	bool refused;	/* a table could not be read */
};

/* How a walk went that could use what was remembered. */
struct tp_ahw_way {
	struct tp_ahw_walk_entry from; /* remembered; level 0: it came from the root */
	struct tp_ahw_miss miss;
};

/* Where a walk begins, and what of it may be remembered. */
struct tp_ahw_walk {
	struct tp_amd_model *m;
	struct tp_ahw_hub *hub;		/* NULL: nothing is remembered, and nothing is a fault */
	struct tp_ahw_context *context; /* of the VMID; NULL likewise */
	uint64_t va;
	unsigned level; /* of the table that is read next, and */
	uint64_t entry; /* what leads to it: PT_BASE, or a directory's entry */
	uint64_t born;
	struct tp_ahw_miss miss;
};

/* From @walk's level on.  False: nothing, and miss says why. */
bool tp_ahw_walk_on(struct tp_ahw_walk *walk, struct tp_ahw_leaf *leaf);
/* The same for VMID 0: video memory as it is, and the GART. */
bool tp_ahw_walk_kernel(struct tp_amd_model *m, const struct tp_ahw_context *context, uint64_t va,
			bool is_fresh, struct tp_ahw_leaf *leaf);

/* Whether @context translates @va at all. */
static inline bool tp_ahw_is_in_range(const struct tp_ahw_context *context, uint64_t va)
{
	const uint64_t page = va >> TP_PAGE_SHIFT;

	return context->cntl & TP_AMD_CNTL_ENABLE && context->pt_base & TP_AMD_PT_BASE_VALID &&
	       page >= context->pt_start && page <= context->pt_end;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* What stands in front of it. */
static inline struct tp_iommu *tp_ahw_front(const struct tp_amd_model *m, bool system)
{
	return system ? m->bus.iommu : m->bus.local;
}

/* An entry's address: of I/O, or an offset in video memory (beyond it: none is there). */
static inline tp_dma_addr tp_ahw_address(const struct tp_amd_model *m, uint64_t entry)
{
	const uint64_t address = tp_amd_pte_address(entry);

	if (entry & TP_AMD_PTE_SYSTEM)
		return (tp_dma_addr){ address };
	return (tp_dma_addr){ address - ((uint64_t)m->config.fb_offset << 24) };
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

struct tp_ahw_leaf *tp_ahw_tlb_find(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va);
void tp_ahw_tlb_fill(struct tp_ahw_hub *hub, unsigned vmid, const struct tp_ahw_leaf *leaf);
/* The lowest directory entry that leads to @va; NULL: none is remembered. */
const struct tp_ahw_walk_entry *tp_ahw_walks_find(struct tp_ahw_hub *hub,
						  struct tp_ahw_context *context, uint64_t va);
void tp_ahw_walks_fill(struct tp_ahw_hub *hub, struct tp_ahw_context *context,
		       const struct tp_ahw_walk_entry *entry);
/* A walk that may use what is remembered, and remembers what it finds.  False: nothing. */
bool tp_ahw_walk_remembering(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va,
			     struct tp_ahw_leaf *leaf, struct tp_ahw_way *way);

#endif
