/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pcp - per-CPU lists: the locked variant, and what both variants share (draining). */
#include "mm/pcp.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "mm/zone.h"

/* The next of all the zone's lists; NULL starts, and NULL is the end. */
static struct tp_pcp *next_list(struct tp_zone *zone, struct tp_pcp *pcp)
{
	struct tp_pcp *first = tp_atomic_load(&zone->pcp, TP_ACQUIRE);

	if (!first || !pcp)
		return first;
	return ++pcp == first + tp_cpu_count() * TP_NR_MIGRATETYPES ? NULL : pcp;
}

#define for_each_list(pcp, zone) \
	for (struct tp_pcp *pcp = next_list(zone, NULL); pcp; pcp = next_list(zone, pcp))

int tp_pcp_create(struct tp_zone *zone)
{
	unsigned n = tp_cpu_count() * TP_NR_MIGRATETYPES;
	struct tp_pcp *lists;

	if (tp_atomic_load(&zone->pcp, TP_RELAXED))
		return 0;
	lists = tp_zalloc_aligned(_Alignof(struct tp_pcp), n * sizeof(*lists));
	if (!lists)
		return TP_ERR(-ENOMEM, "per-CPU lists of zone %u", zone->index);
	for (unsigned i = 0; i < n; i++)
		tp_spinlock_init(&lists[i].lock, TP_RANK_PCP, i);
	tp_atomic_store(&zone->pcp, lists, TP_RELEASE);
	return 0;
}

void tp_pcp_destroy(struct tp_zone *zone)
{
	tp_free(tp_atomic_exchange(&zone->pcp, NULL, TP_RELAXED));
}

int tp_pcp_locked_pop(struct tp_zone *zone, enum tp_migratetype type, uint32_t *page)
{
	struct tp_pcp *pcp = tp_pcp_list(zone, tp_cpu_current(), type);
	int err = 0;

	tp_spin_lock(&pcp->lock);
	if (pcp->stopped)
		err = -EBUSY;
	else if (!pcp->count)
		err = -ENOENT;
	else
		*page = pcp->pages[--pcp->count];
	tp_spin_unlock(&pcp->lock);
	return err;
}

int tp_pcp_locked_push(struct tp_zone *zone, enum tp_migratetype type, uint32_t page)
{
	struct tp_pcp *pcp = tp_pcp_list(zone, tp_cpu_current(), type);
	int err = 0;

	tp_spin_lock(&pcp->lock);
	if (pcp->stopped || tp_atomic_load(tp_pcp_isolated(zone, page), TP_RELAXED))
		err = -EBUSY;
	else if (pcp->count == TP_PCP_HIGH)
		err = -ENOSPC;
	else
		pcp->pages[pcp->count++] = page;
	tp_spin_unlock(&pcp->lock);
	return err;
}

static void add_stopped(struct tp_zone *zone, uint32_t delta)
{
	for_each_list(pcp, zone)
	{
		/* The sequences read it without the lock: one store, whole. */
		tp_spin_lock(&pcp->lock);
		__atomic_store_n(&pcp->stopped, pcp->stopped + delta, __ATOMIC_RELEASE);
		tp_spin_unlock(&pcp->lock);
	}
}

void tp_pcp_stop(struct tp_zone *zone)
{
	tp_spin_assert_held(&zone->lock);
	add_stopped(zone, 1);
}

void tp_pcp_resume(struct tp_zone *zone)
{
	tp_spin_assert_held(&zone->lock);
	add_stopped(zone, -1u);
}

void tp_pcp_fence(struct tp_machine *m)
{
	if (m->rseq)
		tp_rseq_fence();
}

static void drain_list(struct tp_zone *zone, struct tp_pcp *pcp, bool only_isolated)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < pcp->count; i++) {
		uint32_t page = pcp->pages[i];

		if (only_isolated && !tp_zone_isolated(zone, page >> TP_PAGEBLOCK_ORDER))
			pcp->pages[kept++] = page;
		else
			tp_zone_give(zone, (tp_pfn){ page }, 0);
	}
	pcp->count = kept;
}

void tp_pcp_drain(struct tp_zone *zone, bool only_isolated)
{
	tp_spin_assert_held(&zone->lock);
	for_each_list(pcp, zone)
	{
		TP_INVARIANT(pcp->stopped);
		tp_spin_lock(&pcp->lock);
		drain_list(zone, pcp, only_isolated);
		tp_spin_unlock(&pcp->lock);
	}
}

void tp_pcp_drain_zone(struct tp_zone *zone)
{
	if (!tp_atomic_load(&zone->pcp, TP_ACQUIRE))
		return;
	tp_spin_lock(&zone->lock);
	tp_pcp_stop(zone);
	tp_spin_unlock(&zone->lock);
	tp_pcp_fence(zone->machine);
	tp_spin_lock(&zone->lock);
	tp_pcp_drain(zone, false);
	tp_pcp_resume(zone);
	tp_spin_unlock(&zone->lock);
}

uint64_t tp_pcp_count(struct tp_zone *zone)
{
	uint64_t sum = 0;

	for_each_list(pcp, zone)
	{
		tp_spin_lock(&pcp->lock);
		sum += __atomic_load_n(&pcp->count, __ATOMIC_RELAXED);
		tp_spin_unlock(&pcp->lock);
	}
	return sum;
}
