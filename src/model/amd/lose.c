/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lose - what video memory holds after it was lost.
 *
 * The worst is what looks like page tables: entries that are valid, of memory that exists, so that
 * a walk which meets them goes on to somewhere.
 */
#include "model/amd/internal.h"

enum { TARGETS = 64 };

/* Memory that exists, as entries say it. */
struct targets {
	uint64_t entry[TARGETS];
	unsigned nr;
};

static void add_mapped(struct targets *t, struct tp_iommu *iommu)
{
	for (uint64_t page = 0; page < TP_IOMMU_PAGES && t->nr < TARGETS / 2; page++) {
		const tp_dma_addr dma = { page << TP_IOMMU_PAGE_SHIFT };

		if (!tp_iommu_leaf(iommu, dma)) {
			page |= TP_IOMMU_LEAF - 1;
			continue;
		}
		if (tp_iommu_entry(iommu, dma) & TP_IOMMU_READ)
			t->entry[t->nr++] = tp_amd_pte_of(dma.v) | TP_AMD_PTE_SYSTEM;
	}
}

static void find_targets(struct tp_amd_model *m, struct targets *t)
{
	const uint64_t pages = m->config.memory / TP_PAGE_SIZE;
	const uint64_t fb = (uint64_t)m->config.fb_offset << 24;

	t->nr = 0;
	if (m->bus.iommu)
		add_mapped(t, m->bus.iommu);
	while (t->nr < TARGETS)
		t->entry[t->nr++] = tp_amd_pte_of(fb + tp_rng_below(&m->rng, pages) * TP_PAGE_SIZE);
}

/* Half of them can be leaves wherever they are met, and half lead on. */
static uint64_t garbage(struct tp_amd_model *m, const struct targets *t)
{
	const uint64_t bits = tp_rng_next(&m->rng);
	uint64_t entry = t->entry[bits % TARGETS] | TP_AMD_PTE_VALID;

	if (bits >> 32 & 1)
		entry |= TP_AMD_PDE_PTE;
	return entry | TP_AMD_PTE_EXECUTABLE | TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE;
}

static uint64_t word_of(struct tp_amd_model *m, const struct targets *t)
{
	switch (m->loss) {
	case TP_AMD_LOSS_GARBAGE:
		return garbage(m, t);
	case TP_AMD_LOSS_ZEROES:
		return 0;
	default:
		return tp_rng_next(&m->rng);
	}
}

void tp_ahw_lose(struct tp_amd_model *m)
{
	tp_atomic_u64 *words = (tp_atomic_u64 *)(void *)m->bus.memory;
	struct targets targets;

	if (m->loss == TP_AMD_LOSS_NOTHING)
		return;
	m->stat.losses++;
	tp_model_window_drop(m->window);
	find_targets(m, &targets);
	for (uint64_t i = 0; i < m->config.memory / sizeof(uint64_t); i++)
		tp_atomic_store(&words[i], word_of(m, &targets), TP_RELAXED);
}
