/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pcp - per-CPU lists: the locked variant, and what both variants share (draining). */
#include "mm/pcp.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/zone.h"

/* NULL before the zone's first page. */
static struct tp_pcp_cpu *cpus_of(struct tp_zone *zone)
{
	return tp_atomic_load(&zone->pcp, TP_ACQUIRE);
}

int tp_pcp_create(struct tp_zone *zone)
{
	unsigned n = tp_cpu_count();
	struct tp_pcp_cpu *cpus;

	if (tp_atomic_load(&zone->pcp, TP_RELAXED))
		return 0;
	cpus = tp_zalloc_aligned(_Alignof(struct tp_pcp_cpu), n * sizeof(*cpus));
	if (!cpus)
		return TP_ERR(-ENOMEM, "per-CPU lists of zone %u", zone->index);
	for (unsigned i = 0; i < n; i++)
		tp_spinlock_init(&cpus[i].lock, TP_RANK_PCP, i);
	tp_atomic_store(&zone->pcp, cpus, TP_RELEASE);
	return 0;
}

void tp_pcp_destroy(struct tp_zone *zone)
{
	tp_free(tp_atomic_exchange(&zone->pcp, NULL, TP_RELAXED));
}

int tp_pcp_locked_pop(struct tp_zone *zone, enum tp_migratetype type, int64_t change,
		      uint32_t *page)
{
	struct tp_pcp_cpu *cpu = cpus_of(zone) + tp_cpu_current();
	struct tp_pcp *pcp = &cpu->list[type];
	int err = 0;

	tp_spin_lock(&cpu->lock);
	if (pcp->stopped)
		err = -EBUSY;
	else if (!tp_pcp_length(pcp->state))
		err = -ENOENT;
	else {
		*page = pcp->pages[tp_pcp_length(pcp->state) - 1];
		pcp->state += (uint64_t)change;
	}
	tp_spin_unlock(&cpu->lock);
	return err;
}

int tp_pcp_locked_push(struct tp_zone *zone, enum tp_migratetype type, uint32_t page)
{
	struct tp_pcp_cpu *cpu = cpus_of(zone) + tp_cpu_current();
	struct tp_pcp *pcp = &cpu->list[type];
	bool stale = TP_MUTANT(push_stale_flag) &&
		     !tp_atomic_load(tp_pcp_isolated(zone, page), TP_RELAXED);
	int err = 0;

	tp_spin_lock(&cpu->lock);
	if (pcp->stopped || (!stale && tp_atomic_load(tp_pcp_isolated(zone, page), TP_RELAXED)))
		err = -EBUSY;
	else if (tp_pcp_length(pcp->state) == TP_PCP_HIGH)
		err = -ENOSPC;
	else
		pcp->pages[tp_pcp_length(pcp->state++)] = page;
	tp_spin_unlock(&cpu->lock);
	return err;
}

static void add_stopped(struct tp_zone *zone, uint32_t delta)
{
	struct tp_pcp_cpu *cpus = cpus_of(zone);

	for (unsigned c = 0; cpus && c < tp_cpu_count(); c++) {
		tp_spin_lock(&cpus[c].lock);
		for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++) {
			struct tp_pcp *pcp = &cpus[c].list[t];

			/* The sequences read it without the lock: one store, whole. */
			__atomic_store_n(&pcp->stopped, pcp->stopped + delta, __ATOMIC_RELEASE);
		}
		tp_spin_unlock(&cpus[c].lock);
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
	uint32_t kept = 0, length = tp_pcp_length(pcp->state);

	TP_INVARIANT(pcp->stopped);
	for (uint32_t i = 0; i < length; i++) {
		uint32_t page = pcp->pages[i];

		if (only_isolated && !tp_zone_isolated(zone, page >> TP_PAGEBLOCK_ORDER))
			pcp->pages[kept++] = page;
		else
			tp_zone_give(zone, (tp_pfn){ page }, 0);
	}
	pcp->state -= length - kept;
}

void tp_pcp_drain(struct tp_zone *zone, bool only_isolated)
{
	struct tp_pcp_cpu *cpus = cpus_of(zone);

	tp_spin_assert_held(&zone->lock);
	for (unsigned c = 0; cpus && c < tp_cpu_count(); c++) {
		if (TP_MUTANT(drain_own) && c != tp_cpu_current())
			continue;
		tp_spin_lock(&cpus[c].lock);
		for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
			drain_list(zone, &cpus[c].list[t], only_isolated);
		tp_spin_unlock(&cpus[c].lock);
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

/* Adds what one host CPU has. */
static void add_cpu(struct tp_pcp_cpu *cpu, bool local, struct tp_pcp_sum *sum)
{
	tp_spin_lock(&cpu->lock);
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++) {
		uint64_t state = __atomic_load_n(&cpu->list[t].state, __ATOMIC_RELAXED);

		sum->pages += tp_pcp_length(state);
		*(local ? &sum->local_pops : &sum->other_pops) += tp_pcp_pops(state);
	}
	tp_spin_unlock(&cpu->lock);
}

struct tp_pcp_sum tp_pcp_sum(struct tp_zone *zone)
{
	struct tp_pcp_cpu *cpus = cpus_of(zone);
	struct tp_pcp_sum sum = { 0 };

	for (unsigned c = 0; cpus && c < tp_cpu_count(); c++)
		add_cpu(&cpus[c], tp_node_of_cpu(zone->machine, c) == zone->node, &sum);
	return sum;
}

uint64_t tp_pcp_count(struct tp_zone *zone)
{
	return tp_pcp_sum(zone).pages;
}

uint64_t tp_pcp_count_cpu(struct tp_zone *zone, unsigned cpu)
{
	struct tp_pcp_cpu *cpus = cpus_of(zone);
	struct tp_pcp_sum sum = { 0 };

	for (unsigned c = 0; cpus && c < tp_cpu_count(); c++)
		if (c % TP_CPU_SLOTS % zone->machine->nr_cpus == cpu)
			add_cpu(&cpus[c], false, &sum);
	return sum.pages;
}
