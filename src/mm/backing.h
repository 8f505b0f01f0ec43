/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backing - the file and the direct map behind a machine's physical range, and its budget of kernel
 * mappings.
 *
 * Invariants
 *  K1  pfn p lies at base + p * 4096 and at file offset p * 4096, always.
 *  K2  A range that is closed is PROT_NONE and holds no page of the file; a stray access to it is a
 *      crash.
 *  K3  mappings_used never exceeds mappings_budget: whoever needs kernel mappings charges them
 *      first.
 *
 * Locking: charge and uncharge from any thread; open and close under the hotplug lock.
 * Fault sites: mm/backing-reserve, mm/backing-open.
 */
#ifndef TP_MM_BACKING_H
#define TP_MM_BACKING_H

#include <tidepool/machine.h>

#include "core/sync.h"

struct tp_backing {
	char *base;
	uint64_t size; /* bytes */
	int fd;
	bool huge;
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
/* Bytes the operating system holds for the file. */
uint64_t tp_backing_bytes(const struct tp_backing *b);

/* Reserve or, with a negative @delta, give back kernel mappings.  -ENOMEM: over budget. */
int tp_backing_charge(struct tp_backing *b, int64_t delta);

static inline char *tp_backing_address(const struct tp_backing *b, tp_pfn pfn)
{
	return b->base + (pfn.v << TP_PAGE_SHIFT);
}

#endif
