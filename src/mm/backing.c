/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backing - ranges come and go, and are paid for in kernel mappings. */
#include "mm/backing.h"

#include <errno.h>

#include "core/error.h"
#include "core/fault.h"

/*
 * An open granule among closed ones cuts their mapping in three.  Each is charged for that,
 * whatever its neighbours are: what is opened as one range may be closed piece by piece, which must
 * not fail.
 */
static int64_t cost_of(const struct tp_backing *b, uint64_t nr_pages)
{
	return 2 * (int64_t)(nr_pages / b->granule_pages);
}

int tp_backing_open(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	int err = tp_backing_charge(b, cost_of(b, nr_pages));

	if (err)
		return err;
	if (TP_FAULT("mm/backing-open") || !tp_backing_allow(b, start, nr_pages)) {
		tp_backing_charge(b, -cost_of(b, nr_pages));
		return TP_ERR(-ENOMEM, "memory at %x cannot be mapped", start.v << TP_PAGE_SHIFT);
	}
	return 0;
}

uint64_t tp_backing_close(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	uint64_t after, before = tp_backing_bytes(b);

	/* Too late to fail: the range left the allocator. */
	tp_backing_bar(b, start, nr_pages);
	tp_backing_charge(b, -cost_of(b, nr_pages));
	after = tp_backing_bytes(b);
	return before > after ? before - after : 0;
}

int tp_backing_charge(struct tp_backing *b, int64_t delta)
{
	uint64_t used = tp_atomic_load(&b->mappings_used, TP_RELAXED);

	do {
		TP_INVARIANT(delta > 0 || used >= (uint64_t)-delta);
		if (delta > 0 && used + (uint64_t)delta > b->mappings_budget)
			return TP_ERR(-ENOMEM, "kernel mappings: %u in use of a budget of %u", used,
				      b->mappings_budget);
	} while (!tp_atomic_cas(&b->mappings_used, &used, used + (uint64_t)delta, TP_ACQ_REL));
	return 0;
}
