/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * invalidation - the registers that empty translation caches: a bit written 1 is a request to the
 * engine that it stands for, and reads 1 until that is done.
 *
 * Invariants
 *  X8  Registers of video, compute and other engines from gen12 on are masked: of a value only the
 *      bits count whose mask is set (T4).  A bit that stands for no engine is never seen set.
 *  X9  Where registers exist in copies, a write is a request to the copies that are selected; the
 *      first copy reads as all of them together.
 *  X10 Each request that was written is done or lost once; one that is written again before it is
 *      done becomes one with it, and is done with the later of them.  A reset does them all.
 *
 * Locking: under m->lock.
 */
#include "model/intel/internal.h"

enum { MASK_SHIFT = 16 };

static const uint32_t registers[] = {
	TP_INTEL_GEN8_RTCR,
	TP_INTEL_GEN8_M1TCR,
	TP_INTEL_GEN8_M2TCR,
	TP_INTEL_GEN8_BTCR,
	TP_INTEL_GEN8_VTCR,
	TP_INTEL_GEN8_GTCR,
	TP_INTEL_GEN12_GFX_TLB_INV,
	TP_INTEL_GEN12_VD_TLB_INV,
	TP_INTEL_GEN12_VE_TLB_INV,
	TP_INTEL_GEN12_BLT_TLB_INV,
	TP_INTEL_GEN12_GUC_TLB_INV,
	TP_INTEL_GEN12_OA_TLB_INV,
	TP_INTEL_GEN12_COMPCTX_TLB_INV,
};

_Static_assert(TP_ARRAY_SIZE(registers) == TP_IHW_INVALIDATIONS, "one place for each register");

int tp_ihw_invalidation(uint32_t offset)
{
	for (int i = 0; i < TP_IHW_INVALIDATIONS; i++)
		if (registers[i] == offset)
			return i;
	return -1;
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* The copies that accesses go to, a bit each.  (Where there is one, nothing selects another.) */
static unsigned selected(const struct tp_intel_model *m, unsigned gt)
{
	uint32_t steering = m->gts[gt].steering;
	unsigned group = steering >> TP_INTEL_MCR_GROUP_SHIFT & 0xff;

	if (steering & TP_INTEL_MCR_MULTICAST)
		return (1u << TP_IHW_COPIES) - 1;
	return group < TP_IHW_COPIES ? 1u << group : 0;
}

static uint32_t pending(const struct tp_ihw_gt *gt, unsigned i)
{
	uint32_t bits = 0;

	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		bits |= gt->requests[copy][i];
	return bits;
}

uint32_t tp_ihw_invalidation_read(struct tp_intel_model *m, unsigned gt, unsigned i)
{
	const struct tp_ihw_gt *g = &m->gts[gt];
	unsigned from = selected(m, gt);
	uint32_t bits = 0;

	if (from & 1)
		from = (1u << TP_IHW_COPIES) - 1;
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		if (from >> copy & 1)
			bits |= g->requests[copy][i] | g->left[copy][i];
	return bits;
}

/* ---- requests -------------------------------------------------------------------------------- */

bool tp_ihw_loses(struct tp_intel_model *m)
{
	if (m->lose_skip) {
		m->lose_skip--;
		return false;
	}
	if (!m->lose)
		return false;
	m->lose--;
	m->stat.lost++;
	return true;
}

uint64_t tp_ihw_invalidation_end(struct tp_intel_model *m)
{
	const uint64_t usual = m->config.invalidate_ns, most = m->config.invalidate_most_ns;
	bool is_slow = most > usual && !tp_rng_below(&m->rng, 8);

	return tp_ihw_after(is_slow ? usual + 1 + tp_rng_below(&m->rng, most - usual) : usual);
}

static void forget_what_was_left(struct tp_ihw_gt *g, unsigned copies, unsigned i, uint32_t bit)
{
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		if (copies >> copy & 1)
			g->left[copy][i] &= ~bit;
}

static void request(struct tp_intel_model *m, struct tp_ihw_engine *e)
{
	struct tp_ihw_gt *g = &m->gts[e->id.gt];
	unsigned i = e->invalidation, copies = selected(m, e->id.gt);
	uint64_t end_ns;

	if (!copies)
		return;
	forget_what_was_left(g, copies, i, e->id.bit);
	if (!(pending(g, i) & e->id.bit)) {
		m->stat.requests++;
		if (tp_ihw_loses(m))
			return;
	}
	end_ns = tp_ihw_invalidation_end(m);
	tp_spin_lock(&e->lock);
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		if (copies >> copy & 1) {
			g->requests[copy][i] |= e->id.bit;
			tp_ihw_tlb_request(e, copy, end_ns);
		}
	tp_spin_unlock(&e->lock);
}

void tp_ihw_invalidation_write(struct tp_intel_model *m, unsigned gt, unsigned i, uint32_t value)
{
	if (registers[i] == TP_INTEL_GEN12_GUC_TLB_INV && value & 1)
		tp_ihw_firmware_forget(m, gt);
	tp_ihw_for_each_engine(e, m)
	{
		uint32_t bits = e->id.masked ? value & value >> MASK_SHIFT : value;

		if (e->id.gt == gt && e->invalidation == i && bits & e->id.bit)
			request(m, e);
	}
}

/* ---- what becomes of them -------------------------------------------------------------------- */

static bool is_requested(const struct tp_intel_model *m, const struct tp_ihw_engine *e)
{
	return pending(&m->gts[e->id.gt], e->invalidation) & e->id.bit;
}

static void finish(struct tp_intel_model *m, struct tp_ihw_engine *e, uint64_t now_ns)
{
	struct tp_ihw_gt *g = &m->gts[e->id.gt];
	unsigned i = e->invalidation;

	tp_spin_lock(&e->lock);
	tp_ihw_tlb_finish(e, now_ns);
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		if (!e->tlb[copy].due_ns)
			g->requests[copy][i] &= ~e->id.bit;
	tp_spin_unlock(&e->lock);
	m->stat.done += !is_requested(m, e);
}

void tp_ihw_invalidation_due(struct tp_intel_model *m, uint64_t now_ns)
{
	tp_ihw_for_each_engine(e, m) if (is_requested(m, e)) finish(m, e, now_ns);
}

void tp_ihw_invalidation_reset(struct tp_intel_model *m, struct tp_ihw_engine *e, bool leave_set)
{
	struct tp_ihw_gt *g = &m->gts[e->id.gt];
	unsigned i = e->invalidation;

	if (!is_requested(m, e))
		return;
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++) {
		if (leave_set)
			g->left[copy][i] |= g->requests[copy][i] & e->id.bit;
		g->requests[copy][i] &= ~e->id.bit;
	}
	m->stat.done++;
}
