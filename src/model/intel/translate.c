/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * translate - from an address that a command names to memory, and whether what was remembered on
 * the way was still true.
 *
 * Invariants
 *  N1  A translation is looked at when it is used, not when something changes: what is stale and
 *      never used does no harm.
 *  N2  It did harm if it was remembered, and the memory it leads to is not whose it was.
 */
#include "model/intel/translate.h"

void *tp_ihw_stop(struct tp_ihw_engine *e, uint64_t va)
{
	if (!(e->fault & TP_INTEL_RING_VALID))
		e->fault = (uint32_t)(va & ~(TP_PAGE_SIZE - 1)) | TP_INTEL_RING_VALID;
	e->hung = true;
	return NULL;
}

static unsigned want_of(bool write)
{
	return write ? TP_IOMMU_WRITE : TP_IOMMU_READ;
}

/* Memory itself; NULL: refused, and recorded by whoever refused it. */
static void *reach(struct tp_intel_model *m, bool local, tp_dma_addr address, bool write)
{
	struct tp_iommu *front = tp_ihw_front(m, local);

	return front ? tp_iommu_at(front, address, want_of(write)) : NULL;
}

/* ---- bursts ---------------------------------------------------------------------------------- */

void tp_ihw_burst_begin(struct tp_intel_model *m, unsigned n)
{
	for (int local = 0; local < 2; local++)
		if (tp_ihw_front(m, local))
			tp_iommu_enter(tp_ihw_front(m, local), n);
}

void tp_ihw_burst_end(struct tp_intel_model *m, unsigned n)
{
	for (int local = 0; local < 2; local++)
		if (tp_ihw_front(m, local))
			tp_iommu_leave(tp_ihw_front(m, local), n);
}

/* ---- checks ---------------------------------------------------------------------------------- */

/* The tables say the same of @va now. */
static bool is_true(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry, uint64_t va)
{
	struct tp_ihw_tlb_entry now;

	return tp_ihw_walk_fresh(e, va, &now) && now.local == entry->local &&
	       now.write == entry->write &&
	       tp_ihw_address(&now, va).v == tp_ihw_address(entry, va).v;
}

static void look_for_stale(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry,
			   uint64_t va)
{
	if (!e->model->config.no_check && !is_true(e, entry, va))
		e->stat.stale++;
}

/* N2 */
static void look_for_harm(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry,
			  uint64_t va, bool write)
{
	struct tp_iommu *front = tp_ihw_front(e->model, entry->local);
	tp_dma_addr address = tp_ihw_address(entry, va);
	const char *now = tp_ihw_tag_now(front, address);

	if (tp_ihw_has_changed(entry->tag, now))
		tp_ihw_harm(e, entry, va, write, now);
}

/* ---- translation ----------------------------------------------------------------------------- */

static void *use(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry, uint64_t va,
		 bool write)
{
	void *host = NULL;

	if (!write || entry->write)
		host = reach(e->model, entry->local, tp_ihw_address(entry, va), write);
	return tp_likely(host) ? host : tp_ihw_stop(e, va);
}

static void *use_remembered(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry,
			    uint64_t va, bool write)
{
	e->stat.hits++;
	look_for_stale(e, entry, va);
	look_for_harm(e, entry, va, write);
	return use(e, entry, va, write);
}

static tp_noinline void *use_tables(struct tp_ihw_engine *e, uint64_t va, bool write)
{
	struct tp_ihw_tlb_entry entry;

	e->stat.misses++;
	if (!tp_ihw_walk(e, va, &entry))
		return tp_ihw_stop(e, va);
	/* A remembered directory entry may have led the walk astray. */
	if (entry.born != e->walk_count)
		look_for_stale(e, &entry, va);
	tp_ihw_tlb_fill(e, va, &entry);
	return use(e, &entry, va, write);
}

void *tp_ihw_translate(struct tp_ihw_engine *e, uint64_t va, bool write)
{
	const struct tp_ihw_tlb_entry *entry = tp_ihw_tlb_find(e, va);

	return tp_likely(entry) ? use_remembered(e, entry, va, write) : use_tables(e, va, write);
}

/* ---- the global GTT, which engines do not remember ------------------------------------------- */

uint64_t tp_ihw_ggtt_entry(const struct tp_intel_model *m, uint32_t address)
{
	uint32_t page = address >> TP_PAGE_SHIFT;

	return page < TP_INTEL_GGTT_ENTRIES ? tp_atomic_load(&m->ggtt[page], TP_ACQUIRE) : 0;
}

void *tp_ihw_reach_entry(struct tp_intel_model *m, uint64_t entry, uint32_t address, bool write)
{
	tp_dma_addr at = { address % TP_PAGE_SIZE };

	if (!(entry & TP_INTEL_PTE_PRESENT))
		return NULL;
	at.v |= entry & TP_INTEL_PTE_ADDRESS;
	return reach(m, tp_ihw_is_local(m, entry), at, write);
}

void *tp_ihw_reach_ggtt(struct tp_intel_model *m, uint32_t address, bool write)
{
	return tp_ihw_reach_entry(m, tp_ihw_ggtt_entry(m, address), address, write);
}

void *tp_ihw_translate_ggtt(struct tp_ihw_engine *e, uint32_t address, bool write)
{
	void *host = tp_ihw_reach_ggtt(e->model, address, write);

	return host ? host : tp_ihw_stop(e, address);
}
