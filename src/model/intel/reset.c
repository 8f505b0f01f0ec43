/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reset - of engines, of a GT, of the whole device.
 *
 *	bit written 1 --- reset_ns: whatever executes goes on, requests are gone ---> bit reads 0:
 *	engines stand, caches are empty
 *
 * Invariants
 *  X5 of internal.h.  Until it is over, a reset has changed nothing but two things: requests to
 *  empty caches read as it was chosen (tp_intel_model_reset_leaves_requests: T9), and firmware that
 *  it concerns has stopped.  One that never ends has changed nothing at all.
 *  X11 Forcewake requests, interrupts and the global GTT outlive resets of a GT; the bus's reset
 *      takes them too.
 *
 * Locking: under m->lock.
 */
#include <string.h>

#include "model/intel/internal.h"

static bool concerns(const struct tp_ihw_engine *e, unsigned gt, uint32_t bits)
{
	return e->id.gt == gt && bits & (TP_INTEL_GRDOM_FULL | e->id.reset_bit);
}

static bool concerns_firmware(uint32_t bits)
{
	return bits & (TP_INTEL_GRDOM_FULL | TP_INTEL_GRDOM_GUC);
}

static bool refuses(struct tp_intel_model *m)
{
	if (!m->refuse_resets)
		return false;
	m->refuse_resets--;
	return true;
}

static void begin(struct tp_intel_model *m, unsigned gt, uint32_t bits)
{
	tp_ihw_for_each_engine(e, m) if (concerns(e, gt, bits))
		tp_ihw_invalidation_reset(m, e, m->reset_leaves_set);
	if (concerns_firmware(bits))
		tp_ihw_firmware_stop(m, gt);
	m->gts[gt].reset_due_ns = tp_ihw_after(m->config.reset_ns);
}

void tp_ihw_reset_write(struct tp_intel_model *m, unsigned gt, uint32_t bits)
{
	if (!bits)
		return;
	m->gts[gt].gdrst |= bits;
	if (refuses(m))
		m->gts[gt].reset_due_ns = UINT64_MAX;
	else
		begin(m, gt, m->gts[gt].gdrst);
}

static void reset_engine(struct tp_ihw_engine *e)
{
	tp_spin_lock(&e->lock);
	tp_ihw_engine_reset(e);
	tp_spin_unlock(&e->lock);
}

void tp_ihw_reset_due(struct tp_intel_model *m, unsigned gt, uint64_t now_ns)
{
	struct tp_ihw_gt *g = &m->gts[gt];

	if (!g->gdrst || now_ns < g->reset_due_ns)
		return;
	tp_ihw_for_each_engine(e, m) if (concerns(e, gt, g->gdrst)) reset_engine(e);
	if (concerns_firmware(g->gdrst))
		tp_ihw_firmware_start(m, gt);
	g->gdrst = 0;
	m->stat.resets++;
}

/* ---- the bus's ------------------------------------------------------------------------------- */

static void forget_gt(struct tp_intel_model *m, unsigned gt)
{
	tp_ihw_firmware_stop(m, gt);
	m->gts[gt] = (struct tp_ihw_gt){ 0 };
	tp_ihw_firmware_start(m, gt);
}

static void forget_domain(struct tp_ihw_domain *domain)
{
	domain->requested = 0;
	domain->answered = domain->awake = false;
}

void tp_ihw_reset_all(struct tp_intel_model *m)
{
	tp_ihw_for_each_engine(e, m)
	{
		tp_ihw_invalidation_reset(m, e, false);
		reset_engine(e);
	}
	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		forget_gt(m, gt);
	for (unsigned i = 0; i < m->nr_domains; i++)
		forget_domain(&m->domains[i]);
	memset(m->gsm, 0, sizeof(m->gsm));
	for (unsigned i = 0; i < TP_INTEL_GGTT_ENTRIES; i++)
		tp_atomic_store(&m->ggtt[i], 0, TP_RELEASE);
	m->stat.resets++;
}
