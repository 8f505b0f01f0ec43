/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * translate - what caches, walks and commands of one engine know of each other.
 *
 * Locking: everything under the engine's lock, in its burst.
 */
#ifndef TP_MODEL_INTEL_TRANSLATE_H
#define TP_MODEL_INTEL_TRANSLATE_H

#include <string.h>

#include "model/intel/internal.h"

/* What an entry of a directory at @level spans. */
static inline uint64_t tp_ihw_span(unsigned level)
{
	return TP_PAGE_SIZE << level * TP_INTEL_PT_BITS;
}

/* What stands in front of the machine's memory, or of the device's own; NULL: there is none. */
static inline struct tp_iommu *tp_ihw_front(const struct tp_intel_model *m, bool local)
{
	return local ? m->bus.local : m->bus.iommu;
}

/* An entry of a page table or of the global GTT leads to the device's own memory. */
static inline bool tp_ihw_is_local(const struct tp_intel_model *m, uint64_t entry)
{
	return entry & TP_INTEL_PTE_LM && m->bus.memory_size;
}

/* Where a remembered translation of @va leads. */
static inline tp_dma_addr tp_ihw_address(const struct tp_ihw_tlb_entry *entry, uint64_t va)
{
	return (tp_dma_addr){ entry->address + (va - entry->va) };
}

/* Whose a page is that may be reached now; NULL: nobody's. */
static inline const char *tp_ihw_tag_now(struct tp_iommu *front, tp_dma_addr address)
{
	struct tp_iommu_leaf *leaf = front ? tp_iommu_leaf(front, address) : NULL;
	unsigned slot = tp_iommu_slot(address);
	const char *tag;

	if (!leaf || !tp_atomic_load(&leaf->entry[slot], TP_ACQUIRE))
		return NULL;
	tag = (const char *)(uintptr_t)tp_quiet_load(&leaf->tag[slot]);
	return tag ? tag : "unnamed";
}

/* A page that was @was's is @now's, or nobody's. */
static inline bool tp_ihw_has_changed(const char *was, const char *now)
{
	return tp_unlikely(was != now) && (!was || !now || strcmp(was, now));
}

/* What is remembered for @va under the engine's root; NULL: nothing. */
struct tp_ihw_tlb_entry *tp_ihw_tlb_find(struct tp_ihw_engine *e, uint64_t va);
/* Remember what a walk for @va found, in place of something else if need be. */
void tp_ihw_tlb_fill(struct tp_ihw_engine *e, uint64_t va, const struct tp_ihw_tlb_entry *entry);
/* The remembered directory entry nearest to the leaf; NULL: none. */
const struct tp_ihw_walk_entry *tp_ihw_walks_find(struct tp_ihw_engine *e, uint64_t va);
void tp_ihw_walks_fill(struct tp_ihw_engine *e, uint64_t va, const struct tp_ihw_walk_entry *entry);
/* Forget all at once; requests stay as they are. */
void tp_ihw_tlb_forget(struct tp_ihw_engine *e);

/* The engine stops here until it is reset; the first such place is kept.  Returns NULL. */
void *tp_ihw_stop(struct tp_ihw_engine *e, uint64_t va);

/* What became of a command. */
enum tp_ihw_outcome {
	TP_IHW_DONE,  /* go on behind it */
	TP_IHW_GONE,  /* it has been done, and led elsewhere */
	TP_IHW_AGAIN, /* a part of it has been done */
	TP_IHW_WAITS,
	TP_IHW_STOPPED,
};

/* Execute one command where the engine is. */
enum tp_ihw_outcome tp_ihw_command(struct tp_ihw_engine *e, bool *irq);

#endif
