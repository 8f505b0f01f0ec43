/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lose - what video memory holds after it was lost, and when it is (Y8).
 *
 * The worst is what looks like page tables: entries that are valid, of memory that exists, so that
 * a walk which meets them goes on to somewhere.
 */
#include "model/amd/internal.h"

enum { TARGETS = 64 };

/* One of them; memory that exists, as entries say it. */
struct loss {
	enum tp_amd_model_loss kind;
	struct tp_rng rng;
	uint64_t entry[TARGETS];
	unsigned nr;
};

static void add_mapped(struct loss *l, struct tp_iommu *iommu)
{
	for (uint64_t page = 0; page < TP_IOMMU_PAGES && l->nr < TARGETS / 2; page++) {
		const tp_dma_addr dma = { page << TP_IOMMU_PAGE_SHIFT };

		if (!tp_iommu_leaf(iommu, dma)) {
			page |= TP_IOMMU_LEAF - 1;
			continue;
		}
		if (tp_iommu_entry(iommu, dma) & TP_IOMMU_READ)
			l->entry[l->nr++] = tp_amd_pte_of(dma.v) | TP_AMD_PTE_SYSTEM;
	}
}

static void find_targets(const struct tp_amd_model *m, struct loss *l)
{
	const uint64_t pages = m->config.memory / TP_PAGE_SIZE;
	const uint64_t fb = (uint64_t)m->config.fb_offset << 24;

	l->nr = 0;
	if (m->bus.iommu)
		add_mapped(l, m->bus.iommu);
	while (l->nr < TARGETS)
		l->entry[l->nr++] = tp_amd_pte_of(fb + tp_rng_below(&l->rng, pages) * TP_PAGE_SIZE);
}

/* Half of them can be leaves wherever they are met, and half lead on. */
static uint64_t garbage(struct loss *l)
{
	const uint64_t bits = tp_rng_next(&l->rng);
	uint64_t entry = l->entry[bits % TARGETS] | TP_AMD_PTE_VALID;

	if (bits >> 32 & 1)
		entry |= TP_AMD_PDE_PTE;
	return entry | TP_AMD_PTE_EXECUTABLE | TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE;
}

static uint64_t word_of(struct loss *l)
{
	switch (l->kind) {
	case TP_AMD_LOSS_GARBAGE:
		return garbage(l);
	case TP_AMD_LOSS_ZEROES:
		return 0;
	default:
		return tp_rng_next(&l->rng);
	}
}

/* Without locks: it takes long. */
static void fill(struct tp_amd_model *m, struct loss *l)
{
	tp_atomic_u64 *words = (tp_atomic_u64 *)(void *)m->bus.memory;

	find_targets(m, l);
	for (uint64_t i = 0; i < m->config.memory / sizeof(uint64_t); i++)
		tp_atomic_store(&words[i], word_of(l), TP_RELAXED);
}

void tp_ahw_lose(struct tp_amd_model *m)
{
	struct loss loss = { .kind = m->loss };

	if (m->loss == TP_AMD_LOSS_NOTHING)
		return;
	m->stat.losses++;
	tp_rng_fork(&loss.rng, tp_rng_next(&m->rng), m->stat.losses);
	tp_model_window_drop(m->window);
	m->is_losing = true;
	tp_spin_unlock(&m->lock);
	fill(m, &loss);
	tp_spin_lock(&m->lock);
	m->is_losing = false;
}

void tp_ahw_await_loss(struct tp_amd_model *m)
{
	while (m->is_losing) {
		tp_spin_unlock(&m->lock);
		tp_sleep_ns(TP_MICROSECONDS(20));
		tp_spin_lock(&m->lock);
	}
}

void tp_amd_model_lose(struct tp_amd_model *m)
{
	tp_spin_lock(&m->lock);
	tp_ahw_await_loss(m);
	tp_ahw_lose(m);
	tp_spin_unlock(&m->lock);
}
