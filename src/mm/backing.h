/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backing - the memory behind a machine's physical range, and its budget of kernel mappings.
 *
 * It is a sparse file with a direct map (backing_file.c), or in simulation an array
 * (backing_sim.c).  Content is plain memory: who touches a page that others may touch too has an
 * order of his own with them, a lock or a hold.
 *
 * Invariants
 *  K1  pfn p lies at base + p * TP_PAGE_SIZE and at that offset of the file, always.
 *  K2  A range that is closed is PROT_NONE and holds no page of the file; a stray access to it is a
 *      crash.  In simulation its address is not given out, and it is poisoned: a finding.
 *  K3  mappings_used never exceeds mappings_budget: whoever needs kernel mappings charges them
 *      first.
 *
 * Locking: charge and uncharge from any thread; open and close under the hotplug lock.
 * Fault sites: mm/backing-reserve, mm/backing-open.
 */
#ifndef TP_MM_BACKING_H
#define TP_MM_BACKING_H

#include <tidepool/machine.h>

#include "core/invariant.h"
#include "core/sync.h"

struct tp_backing {
	char *base;
	uint64_t size; /* bytes */
#ifdef TP_SIM
	bool *open; /* for each page */
#else
	int fd;
	bool huge;
#endif
	uint64_t granule_pages; /* ranges are opened and closed in multiples of this */
	tp_atomic_u64 mappings_used;
	uint64_t mappings_budget;
};

/*
 * Reserve @size bytes of address space over a sparse file, to be opened and closed in multiples of
 * @granule bytes.  -ENOMEM, -EPERM, -EINVAL: there is no such kind; or what the system said.
 */
int tp_backing_init(struct tp_backing *b, uint64_t size, uint64_t granule,
		    enum tp_backing_kind kind);
void tp_backing_fini(struct tp_backing *b);

/* Make a range usable (its pages read as zero).  -ENOMEM. */
int tp_backing_open(struct tp_backing *b, tp_pfn start, uint64_t nr_pages);
/*
 * Give the memory of a range back to the operating system and bar it.  Returns the bytes given
 * back.
 */
uint64_t tp_backing_close(struct tp_backing *b, tp_pfn start, uint64_t nr_pages);
/*
 * Drop the content of a range that stays open: it reads as zero and holds no memory.  False: the
 * system refused.
 */
bool tp_backing_punch(struct tp_backing *b, tp_pfn start, uint64_t nr_pages);
/* No page of the range was ever written. */
bool tp_backing_is_hole(const struct tp_backing *b, tp_pfn start, uint64_t nr_pages);
/* Let the system provide the memory of a range before it is needed; a hint. */
void tp_backing_populate(struct tp_backing *b, tp_pfn start, uint64_t nr_pages);
/* Bytes the operating system holds for the file. */
uint64_t tp_backing_bytes(const struct tp_backing *b);
/* Of them and all other shared memory, what counts as this process's. */
uint64_t tp_backing_resident(const struct tp_backing *b);

/* Let a range be accessed, and bar it: the half of open and close that is a backend's. */
bool tp_backing_allow(struct tp_backing *b, tp_pfn start, uint64_t nr_pages);
void tp_backing_bar(struct tp_backing *b, tp_pfn start, uint64_t nr_pages);

/* Reserve or, with a negative @delta, give back kernel mappings.  -ENOMEM: over budget. */
int tp_backing_charge(struct tp_backing *b, int64_t delta);

static inline char *tp_backing_address(const struct tp_backing *b, tp_pfn pfn)
{
#ifdef TP_SIM
	TP_INVARIANT(b->open[pfn.v]); /* K2 */
#endif
	return b->base + (pfn.v << TP_PAGE_SHIFT);
}

#endif
