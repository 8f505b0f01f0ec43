/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommu - the table that a device's accesses go through, and the log of those it refused. */
#include "core/iommu.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"

/* A burst that lasts longer than so many looks may want the CPU of whoever waits for it. */
enum { SPINS = 200 };

void tp_iommu_init(struct tp_iommu *iommu, const char *name)
{
	memset(iommu, 0, sizeof(*iommu));
	iommu->name = name;
	tp_spinlock_init(&iommu->fault_lock, TP_RANK_CORE, 0);
}

void tp_iommu_fini(struct tp_iommu *iommu)
{
	for (unsigned i = 0; i < tp_atomic_load(&iommu->nr_engines, TP_RELAXED); i++)
		TP_INVARIANT(!(tp_atomic_load(&iommu->burst[i].seq, TP_ACQUIRE) & 1));
	for (unsigned i = 0; i < TP_IOMMU_ROOT; i++)
		tp_free(tp_atomic_load(&iommu->root[i], TP_RELAXED));
}

/* ---- entries --------------------------------------------------------------------------------- */

static uint64_t page_of(tp_dma_addr dma)
{
	return dma.v >> TP_IOMMU_PAGE_SHIFT;
}

/* Of two threads that need the same leaf at once, one finds the other's. */
static struct tp_iommu_leaf *add_leaf(struct tp_iommu *iommu, tp_dma_addr dma)
{
	struct tp_iommu_leaf *leaf = TP_FAULT("core/iommu-leaf") ? NULL : tp_zalloc(sizeof(*leaf));
	void *found = NULL;

	if (!leaf)
		return NULL;
	if (tp_atomic_cas(&iommu->root[page_of(dma) >> TP_IOMMU_LEAF_BITS], &found, leaf,
			  TP_ACQ_REL))
		return leaf;
	tp_free(leaf);
	return found;
}

int tp_iommu_set(struct tp_iommu *iommu, tp_dma_addr dma, void *host, unsigned perms,
		 const char *tag)
{
	struct tp_iommu_leaf *leaf = tp_iommu_leaf(iommu, dma);
	uint64_t entry = (uint64_t)(uintptr_t)host | perms;

	TP_INVARIANT(page_of(dma) < TP_IOMMU_PAGES);
	TP_INVARIANT(perms && !(perms & ~(unsigned)TP_IOMMU_PERMS));
	TP_INVARIANT(!((uintptr_t)host & (TP_IOMMU_PAGE - 1)));
	leaf = leaf ? leaf : add_leaf(iommu, dma);
	if (!leaf)
		return TP_ERR_TEXT(-ENOMEM, iommu->name, "%s: a table of I/O pages");
	TP_INVARIANT(!tp_atomic_load(&leaf->entry[tp_iommu_slot(dma)], TP_RELAXED));
	tp_quiet_store(&leaf->tag[tp_iommu_slot(dma)], (uint64_t)(uintptr_t)tag);
	tp_atomic_store(&leaf->entry[tp_iommu_slot(dma)], entry, TP_RELEASE);
	return 0;
}

void tp_iommu_clear(struct tp_iommu *iommu, tp_dma_addr dma)
{
	struct tp_iommu_leaf *leaf = tp_iommu_leaf(iommu, dma);

	if (leaf)
		tp_atomic_store(&leaf->entry[tp_iommu_slot(dma)], 0, TP_RELEASE);
}

const char *tp_iommu_tag(struct tp_iommu *iommu, tp_dma_addr dma)
{
	struct tp_iommu_leaf *leaf = tp_iommu_leaf(iommu, dma);

	return leaf ? (const char *)(uintptr_t)tp_quiet_load(&leaf->tag[tp_iommu_slot(dma)]) : NULL;
}

/* ---- bursts ---------------------------------------------------------------------------------- */

void tp_iommu_add_engine(struct tp_iommu *iommu, unsigned engine)
{
	uint32_t nr = tp_atomic_load(&iommu->nr_engines, TP_RELAXED);

	TP_INVARIANT(engine < TP_IOMMU_ENGINES);
	while (nr <= engine && !tp_atomic_cas(&iommu->nr_engines, &nr, engine + 1, TP_ACQ_REL))
		;
}

static void wait_for_burst(const tp_atomic_u32 *burst)
{
	uint32_t seq = tp_atomic_load(burst, TP_ACQUIRE);
	unsigned spins = 0;

	if (!(seq & 1))
		return;
	while (tp_atomic_load(burst, TP_ACQUIRE) == seq) {
		if (spins++ < SPINS)
			tp_cpu_relax();
		else
			tp_yield();
	}
}

void tp_iommu_sync(struct tp_iommu *iommu)
{
	if (TP_MUTANT(iommu_unsynced))
		return;
	if (!TP_MUTANT(sync_unfenced))
		tp_full_barrier(&iommu->nr_engines);
	for (unsigned i = 0; i < tp_atomic_load(&iommu->nr_engines, TP_RELAXED); i++)
		wait_for_burst(&iommu->burst[i].seq);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void keep_fault(struct tp_iommu *iommu, uint64_t n, tp_dma_addr dma, unsigned want)
{
	const char *tag = tp_iommu_tag(iommu, dma);

	iommu->faults[n] = (struct tp_dma_fault){ .time_ns = tp_clock_now(),
						  .address = dma,
						  .write = want & TP_IOMMU_WRITE,
						  .mapped = tp_iommu_entry(iommu, dma) };
	if (tag)
		strncat(iommu->faults[n].owner, tag, TP_DMA_OWNER_TEXT - 1);
}

void tp_iommu_fault(struct tp_iommu *iommu, tp_dma_addr dma, unsigned want)
{
	uint64_t n;

	tp_spin_lock(&iommu->fault_lock);
	n = tp_quiet_load(&iommu->nr_faults);
	if (n < TP_IOMMU_FAULTS)
		keep_fault(iommu, n, dma, want);
	tp_quiet_store(&iommu->nr_faults, n + 1);
	tp_spin_unlock(&iommu->fault_lock);
}

/* ---- runs of bytes --------------------------------------------------------------------------- */

static size_t up_to_page_end(tp_dma_addr dma, size_t len)
{
	return TP_MIN(len, (size_t)(TP_IOMMU_PAGE - (dma.v & (TP_IOMMU_PAGE - 1))));
}

bool tp_iommu_read(struct tp_iommu *iommu, tp_dma_addr from, void *to, size_t len)
{
	for (size_t n; len; from.v += n, to = (char *)to + n, len -= n) {
		const void *host = tp_iommu_at(iommu, from, TP_IOMMU_READ);

		if (!host)
			return false;
		n = up_to_page_end(from, len);
		memcpy(to, host, n);
	}
	return true;
}

bool tp_iommu_write(struct tp_iommu *iommu, tp_dma_addr to, const void *from, size_t len)
{
	for (size_t n; len; to.v += n, from = (const char *)from + n, len -= n) {
		void *host = tp_iommu_at(iommu, to, TP_IOMMU_WRITE);

		if (!host)
			return false;
		n = up_to_page_end(to, len);
		memcpy(host, from, n);
	}
	return true;
}
