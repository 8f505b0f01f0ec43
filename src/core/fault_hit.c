/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fault_hit - what a fault site does when it is reached: count, and see if a plan means it. */
#include "core/fault.h"

static tp_noinline struct tp_fault_site *resolve_first(struct tp_fault_site *site)
{
	struct tp_fault_site *first = tp_fault_find(site->name);

	/* None: the site lies in another shared object, which this registry does not see. */
	if (!first)
		first = site;
	tp_atomic_store(&site->first, first, TP_RELEASE);
	return first;
}

/* The second look at fail_until finds out whether fail_from is of another plan (R2). */
static inline bool plan_covers(struct tp_fault_site *site, uint64_t hit)
{
	uint64_t until = tp_atomic_load(&site->fail_until, TP_ACQUIRE);

	return tp_unlikely(hit < until) && hit >= tp_atomic_load(&site->fail_from, TP_ACQUIRE) &&
	       tp_atomic_load(&site->fail_until, TP_RELAXED) == until;
}

bool tp_fault_hit(struct tp_fault_site *site)
{
	struct tp_fault_site *first = tp_atomic_load(&site->first, TP_ACQUIRE);
	uint64_t hit;

	if (tp_unlikely(!first))
		first = resolve_first(site);
	hit = tp_atomic_add(&first->hits, 1, TP_RELAXED) + 1;
	if (tp_likely(!plan_covers(first, hit)))
		return false;
	tp_atomic_add(&first->injected, 1, TP_RELAXED);
	return true;
}
