/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guc_invalidate - what the firmware is asked to forget. */
#include "gpu/intel/guc_internal.h"

/* In pages: what takes a large leaf, and what is forgotten then at least, and at most. */
enum {
	LARGE = TP_INTEL_PTES,
	LARGE_LEAST = 8 * LARGE,
	MOST = TP_INTEL_PTES * TP_INTEL_PTES,
};

static uint32_t what(unsigned type)
{
	return type | (uint32_t)TP_INTEL_GUC_TLB_HEAVY << TP_INTEL_GUC_TLB_MODE_SHIFT |
	       TP_INTEL_GUC_TLB_FLUSH;
}

int tp_intel_guc_invalidate_full(struct tp_intel_guc *guc)
{
	const uint32_t engines = what(TP_INTEL_GUC_TLB_ENGINES), self = what(TP_INTEL_GUC_TLB_SELF);
	int err = tp_intel_guc_ask(guc, &engines, 1);

	return err ? err : tp_intel_guc_ask(guc, &self, 1);
}

/* Log2 of the pages of the smallest aligned run of at least 1 << @order that reaches @end. */
static unsigned order_of(uint64_t first, uint64_t end, unsigned order)
{
	while ((first >> order << order) + (UINT64_C(1) << order) < end)
		order++;
	return order;
}

/* The same of one that will do, beginning at *@page.  What is large only by having been aligned is
 * large as well. */
static unsigned widen(uint64_t *page, uint64_t end)
{
	unsigned order = order_of(*page, end, 0);

	if (UINT64_C(1) << order >= LARGE)
		order = order_of(*page, end, (unsigned)__builtin_ctz(LARGE_LEAST));
	*page = *page >> order << order;
	return order;
}

int tp_intel_guc_invalidate_range(struct tp_intel_guc *guc, uint32_t asid, uint64_t va,
				  uint64_t size)
{
	uint64_t page = va >> TP_PAGE_SHIFT;
	unsigned order = widen(&page, (va + size + TP_PAGE_SIZE - 1) >> TP_PAGE_SHIFT);
	const uint64_t start = page << TP_PAGE_SHIFT;
	const uint32_t words[] = { what(TP_INTEL_GUC_TLB_RANGE), asid, (uint32_t)start,
				   (uint32_t)(start >> 32), order };

	if (UINT64_C(1) << order > MOST)
		return tp_intel_guc_invalidate_full(guc);
	return tp_intel_guc_ask(guc, words, TP_ARRAY_SIZE(words));
}
