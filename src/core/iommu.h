/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iommu - what stands between a device and memory: a table from I/O pages to host addresses that is
 * walked at every access, page by page (T24).
 *
 * The dma room fills the table; a model reads memory through it and through nothing else.  An
 * access that the table does not allow reaches no memory: it becomes a recorded fault.
 *
 * Invariants
 *  D1  An entry is changed whole; a walk sees the old or the new one.
 *  D2  A device walks and uses what it found inside a burst (tp_iommu_enter/leave).  After
 *      tp_iommu_sync() no burst that saw an entry removed before is still running, so the page
 *      behind it can go.  The thread that runs a burst never syncs in it.
 *  D3  An entry that is cleared keeps its tag, so that a fault can name the last owner.
 *
 * Locking: entries are atomics; the log of faults stands under a spinlock of its own (rank CORE).
 * Fault sites: core/iommu-leaf.
 */
#ifndef TP_CORE_IOMMU_H
#define TP_CORE_IOMMU_H

#include <tidepool/types.h>

#include "core/sync.h"

/* An address as a device knows it (IOVA).  A struct, so that nothing else passes for one. */
typedef struct {
	uint64_t v;
} tp_dma_addr;

enum { TP_DMA_OWNER_TEXT = 48 };

/* One access that was refused, or a page that went offline while it was mapped. */
struct tp_dma_fault {
	uint64_t time_ns; /* on the library's monotonic clock */
	tp_dma_addr address;
	bool write;  /* it would have written; false of a page that went offline */
	bool mapped; /* the page is mapped, but not for this */
	char owner[TP_DMA_OWNER_TEXT]; /* whose it is, or was last; "": nobody's ever */
};

/* Small in simulation, where every run begins with a copy of it (tidepool/types.h). */
#ifdef TP_SIM
enum { TP_IOMMU_LEAF_BITS = 4, TP_IOMMU_ROOT = 64, TP_IOMMU_FAULTS = 8 };
#else
enum {
	TP_IOMMU_LEAF_BITS = 9,
	TP_IOMMU_ROOT = 2048, /* 4 GiB of I/O addresses */
	TP_IOMMU_FAULTS = 64, /* kept; the oldest */
};
#endif

enum {
	TP_IOMMU_PAGE_SHIFT = TP_PAGE_SHIFT,
	TP_IOMMU_PAGE = 1 << TP_IOMMU_PAGE_SHIFT,
	TP_IOMMU_LEAF = 1 << TP_IOMMU_LEAF_BITS,
	TP_IOMMU_PAGES = TP_IOMMU_ROOT * TP_IOMMU_LEAF,
	TP_IOMMU_ENGINES = 80, /* who may be in a burst at once */
};

/* In an entry, below the host address. */
enum { TP_IOMMU_READ = 1, TP_IOMMU_WRITE = 2, TP_IOMMU_PERMS = 3 };

struct tp_iommu_leaf {
	tp_atomic_u64
		entry[TP_IOMMU_LEAF]; /* host address of the page | TP_IOMMU_*; 0: not mapped */
	tp_quiet tag[TP_IOMMU_LEAF];  /* const char *: whose it is, or was last */
};

struct tp_iommu {
	const char *name;		   /* the device's, for faults */
	tp_atomic_ptr root[TP_IOMMU_ROOT]; /* struct tp_iommu_leaf *; NULL: nothing mapped yet */
	/* odd while that engine is in a burst */
	struct {
		tp_atomic_u32 seq;
		char pad[60];
	} burst[TP_IOMMU_ENGINES];
	tp_atomic_u32 nr_engines; /* one more than the highest that was ever in a burst */
	struct tp_spinlock fault_lock;
	tp_quiet nr_faults; /* written under the lock */
	struct tp_dma_fault faults[TP_IOMMU_FAULTS];
};

void tp_iommu_init(struct tp_iommu *iommu, const char *name);
/* Free the table; nobody may be in a burst. */
void tp_iommu_fini(struct tp_iommu *iommu);

/* ---- the walk -------------------------------------------------------------------------------- */

/* The part of the table that a page lies in; NULL: nothing of it was ever mapped. */
static inline struct tp_iommu_leaf *tp_iommu_leaf(struct tp_iommu *iommu, tp_dma_addr dma)
{
	uint64_t page = dma.v >> TP_IOMMU_PAGE_SHIFT;

	if (tp_unlikely(page >= TP_IOMMU_PAGES))
		return NULL;
	return tp_atomic_load(&iommu->root[page >> TP_IOMMU_LEAF_BITS], TP_ACQUIRE);
}

static inline unsigned tp_iommu_slot(tp_dma_addr dma)
{
	return dma.v >> TP_IOMMU_PAGE_SHIFT & (TP_IOMMU_LEAF - 1);
}

/* What the table says about a page; 0: nothing. */
static inline uint64_t tp_iommu_entry(struct tp_iommu *iommu, tp_dma_addr dma)
{
	struct tp_iommu_leaf *leaf = tp_iommu_leaf(iommu, dma);

	return tp_likely(leaf) ? tp_atomic_load(&leaf->entry[tp_iommu_slot(dma)], TP_ACQUIRE) : 0;
}

/* ---- the side of the dma room ---------------------------------------------------------------- */

/* Let the I/O page at @dma be @host (page-aligned).  -ENOMEM (fault site core/iommu-leaf). */
int tp_iommu_set(struct tp_iommu *iommu, tp_dma_addr dma, void *host, unsigned perms,
		 const char *tag);
void tp_iommu_clear(struct tp_iommu *iommu, tp_dma_addr dma);
/* Whose a page is, or was last; NULL: nobody's ever. */
const char *tp_iommu_tag(struct tp_iommu *iommu, tp_dma_addr dma);
/*
 * Wait until every burst that may have seen what was cleared before has ended (D2).  Spins and
 * yields, since bursts are short: the caller may hold spinlocks, but none that a burst takes.
 */
void tp_iommu_sync(struct tp_iommu *iommu);

/* ---- the side of the device ------------------------------------------------------------------ */

/* @engine is in its first burst, or in that of a higher number than all before. */
void tp_iommu_add_engine(struct tp_iommu *iommu, unsigned engine);

/*
 * One thread at a time per @engine.  The barrier stands against that of tp_iommu_sync(): either the
 * burst sees an entry cleared, or the sync sees the burst.
 */
static inline void tp_iommu_enter(struct tp_iommu *iommu, unsigned engine)
{
	uint32_t seq;

	if (tp_unlikely(engine >= tp_atomic_load(&iommu->nr_engines, TP_RELAXED)))
		tp_iommu_add_engine(iommu, engine);
	seq = tp_atomic_load(&iommu->burst[engine].seq, TP_RELAXED);
	tp_atomic_store(&iommu->burst[engine].seq, seq + 1, TP_RELAXED);
	tp_full_barrier(&iommu->nr_engines);
}

static inline void tp_iommu_leave(struct tp_iommu *iommu, unsigned engine)
{
	uint32_t seq = tp_atomic_load(&iommu->burst[engine].seq, TP_RELAXED);

	tp_atomic_store(&iommu->burst[engine].seq, seq + 1, TP_RELEASE);
}

/* Record that an access was refused. */
void tp_iommu_fault(struct tp_iommu *iommu, tp_dma_addr dma, unsigned want);

/*
 * Where [@dma, @dma + @len), within one I/O page, lies in memory; NULL: it may not be accessed so,
 * and a fault was recorded.  @want: TP_IOMMU_READ or TP_IOMMU_WRITE.
 */
static inline void *tp_iommu_at(struct tp_iommu *iommu, tp_dma_addr dma, unsigned want)
{
	uint64_t entry = tp_iommu_entry(iommu, dma);

	if (tp_unlikely(!(entry & want))) {
		tp_iommu_fault(iommu, dma, want);
		return NULL;
	}
	return (char *)(uintptr_t)(entry & ~(uint64_t)(TP_IOMMU_PAGE - 1)) +
	       (dma.v & (TP_IOMMU_PAGE - 1));
}

/* Copy from and to memory across any number of pages.  False: refused; part of it may be done. */
bool tp_iommu_read(struct tp_iommu *iommu, tp_dma_addr from, void *to, size_t len);
bool tp_iommu_write(struct tp_iommu *iommu, tp_dma_addr to, const void *from, size_t len);

#endif
