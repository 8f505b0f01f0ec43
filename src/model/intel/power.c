/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * power - forcewake domains: they wake when they are asked to, and fall asleep when nobody asks any
 * more and none of their engines has work.
 *
 *	ASLEEP --- requested; after wake_ns: answered ---> AWAKE
 *	   ^------ not requested, no engine busy --------'
 *
 * Invariants
 *  X4 of internal.h.
 *  X7  A domain that falls asleep takes its engines' caches with it (unless config.sleep_remembers:
 *      T6), but not their registers.
 *
 * Locking: under m->lock.
 */
#include "model/intel/internal.h"

/* Requests with their bits' numbers in the upper half; 16 users of each domain. */
enum { MASK_SHIFT = 16, USERS = 0xffff };

static uint32_t ack_of(uint32_t reg)
{
	switch (reg) {
	case TP_INTEL_FORCEWAKE_RENDER:
		return TP_INTEL_FORCEWAKE_ACK_RENDER;
	case TP_INTEL_FORCEWAKE_GT:
		return TP_INTEL_FORCEWAKE_ACK_GT;
	case TP_INTEL_FORCEWAKE_MEDIA:
		return TP_INTEL_FORCEWAKE_ACK_MEDIA;
	default:
		break;
	}
	if (reg < TP_INTEL_FORCEWAKE_VEBOX(0))
		return reg - TP_INTEL_FORCEWAKE_VDBOX(0) + TP_INTEL_FORCEWAKE_ACK_VDBOX(0);
	return reg - TP_INTEL_FORCEWAKE_VEBOX(0) + TP_INTEL_FORCEWAKE_ACK_VEBOX(0);
}

struct tp_ihw_domain *tp_ihw_domain(struct tp_intel_model *m, unsigned gt, uint32_t reg)
{
	for (unsigned i = 0; i < m->nr_domains; i++)
		if (m->domains[i].gt == gt && m->domains[i].reg == reg)
			return &m->domains[i];
	return NULL;
}

struct tp_ihw_domain *tp_ihw_domain_of_ack(struct tp_intel_model *m, unsigned gt, uint32_t reg)
{
	for (unsigned i = 0; i < m->nr_domains; i++)
		if (m->domains[i].gt == gt && m->domains[i].ack == reg)
			return &m->domains[i];
	return NULL;
}

void tp_ihw_power_init(struct tp_intel_model *m)
{
	tp_ihw_for_each_engine(e, m)
	{
		const struct tp_ihw_engine_id *id = &e->id;

		e->domain = tp_ihw_domain(m, id->gt, id->wake);
		if (e->domain)
			continue;
		e->domain = &m->domains[m->nr_domains++];
		*e->domain = (struct tp_ihw_domain){ .reg = id->wake,
						     .ack = ack_of(id->wake),
						     .gt = id->gt };
	}
}

/* ---- awake and asleep ------------------------------------------------------------------------ */

static bool is_busy(struct tp_intel_model *m, const struct tp_ihw_domain *domain)
{
	bool busy = false;

	tp_ihw_for_each_engine(e, m)
	{
		if (e->domain != domain || busy)
			continue;
		tp_spin_lock(&e->lock);
		busy = tp_ihw_engine_is_busy(e);
		tp_spin_unlock(&e->lock);
	}
	return busy;
}

static void fall_asleep(struct tp_intel_model *m, struct tp_ihw_domain *domain)
{
	domain->awake = false;
	if (m->config.sleep_remembers)
		return;
	tp_ihw_for_each_engine(e, m)
	{
		if (e->domain != domain)
			continue;
		tp_spin_lock(&e->lock);
		tp_ihw_tlb_empty(e);
		tp_spin_unlock(&e->lock);
	}
}

static void settle(struct tp_intel_model *m, struct tp_ihw_domain *domain, uint64_t now_ns)
{
	if (domain->requested && !domain->answered && now_ns >= domain->due_ns && !m->refuse_wake)
		domain->answered = domain->awake = true;
	if (domain->awake && !domain->requested && !is_busy(m, domain))
		fall_asleep(m, domain);
}

void tp_ihw_power_due(struct tp_intel_model *m, uint64_t now_ns)
{
	for (unsigned i = 0; i < m->nr_domains; i++)
		settle(m, &m->domains[i], now_ns);
}

/* ---- registers ------------------------------------------------------------------------------- */

void tp_ihw_wake_write(struct tp_intel_model *m, struct tp_ihw_domain *domain, uint32_t value)
{
	uint32_t mask = value >> MASK_SHIFT, before = domain->requested;

	domain->requested = (before & ~mask) | (value & mask & USERS);
	if (!domain->requested)
		domain->answered = false;
	else if (!before)
		/* Work has kept it awake: it need not wake, only answer. */
		domain->due_ns = tp_ihw_after(domain->awake ? 0 : m->config.wake_ns);
	settle(m, domain, tp_ihw_now());
}

uint32_t tp_ihw_wake_read(const struct tp_ihw_domain *domain)
{
	return domain->answered ? domain->requested : 0;
}
