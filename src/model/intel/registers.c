/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registers - the window of the device: which register an offset is, whether it is awake, what
 * follows from an access.
 *
 * A device without power answers ~0 and hears nothing.  A register whose domain sleeps reads 0, and
 * what is written to it is dropped (T10); which those are is said in gpu/intel/intel_regs.h.  What
 * does not exist reads 0.
 *
 * Invariants
 *  X14 What a thread wrote through the window of the device's memory is out before a register that
 *      it writes has an effect (X6).
 *  X15 Entries of the global GTT are seen by engines as they were at the last flush, all of them.
 *
 * Locking: everything under m->lock; interrupts are raised after it.
 */
#include <stdio.h>

#include "model/intel/internal.h"

enum { LOG_LINE = 96, GSM_END = TP_INTEL_GSM + 8 * TP_INTEL_GGTT_ENTRIES };

/* ---- what every access begins and ends with -------------------------------------------------- */

unsigned tp_ihw_due(struct tp_intel_model *m)
{
	uint64_t now = tp_ihw_now();
	unsigned irqs = 0;

	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		tp_ihw_reset_due(m, gt, now);
	tp_ihw_invalidation_due(m, now);
	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		irqs |= tp_ihw_firmware_due(m, gt, now);
	tp_ihw_power_due(m, now);
	return irqs;
}

void tp_ihw_raise(struct tp_intel_model *m, unsigned gts)
{
	for (unsigned gt = 0; gts >> gt; gt++)
		if (gts >> gt & 1)
			tp_bus_irq_raise(&m->bus, gt);
}

void tp_ihw_look(struct tp_intel_model *m)
{
	unsigned irqs;

	tp_spin_lock(&m->lock);
	irqs = tp_ihw_due(m);
	tp_spin_unlock(&m->lock);
	tp_ihw_raise(m, irqs);
}

unsigned tp_ihw_interrupt(struct tp_intel_model *m, unsigned gt, uint32_t bits)
{
	m->gts[gt].iir |= bits;
	return m->gts[gt].ier & bits ? 1u << gt : 0;
}

/* ---- registers that every GT has once -------------------------------------------------------- */

/* Who writes returns interrupts to be raised. */
struct fixed {
	uint32_t offset;
	const char *name;
	uint32_t (*read)(struct tp_intel_model *m, unsigned gt);
	unsigned (*write)(struct tp_intel_model *m, unsigned gt, uint32_t value);
};

static uint32_t read_gdrst(struct tp_intel_model *m, unsigned gt)
{
	return m->gts[gt].gdrst;
}

static unsigned write_gdrst(struct tp_intel_model *m, unsigned gt, uint32_t value)
{
	tp_ihw_reset_write(m, gt, value);
	return 0;
}

static uint32_t read_iir(struct tp_intel_model *m, unsigned gt)
{
	return m->gts[gt].iir;
}

static unsigned write_iir(struct tp_intel_model *m, unsigned gt, uint32_t value)
{
	m->gts[gt].iir &= ~value;
	return 0;
}

static uint32_t read_ier(struct tp_intel_model *m, unsigned gt)
{
	return m->gts[gt].ier;
}

/* What was there before it was enabled interrupts now. */
static unsigned write_ier(struct tp_intel_model *m, unsigned gt, uint32_t value)
{
	uint32_t enabled = value & ~m->gts[gt].ier;

	m->gts[gt].ier = value;
	return m->gts[gt].iir & enabled ? 1u << gt : 0;
}

static uint32_t read_nothing(tp_unused struct tp_intel_model *m, tp_unused unsigned gt)
{
	return 0;
}

/* X15 */
static unsigned flush_ggtt(struct tp_intel_model *m, tp_unused unsigned gt, uint32_t value)
{
	for (unsigned i = 0; value & 1 && i < TP_INTEL_GGTT_ENTRIES; i++)
		tp_atomic_store(&m->ggtt[i], m->gsm[i], TP_RELEASE);
	return 0;
}

static uint32_t read_guc_status(struct tp_intel_model *m, unsigned gt)
{
	return m->gts[gt].firmware.ready ? TP_INTEL_GUC_READY : 0;
}

static unsigned ignore(tp_unused struct tp_intel_model *m, tp_unused unsigned gt,
		       tp_unused uint32_t value)
{
	return 0;
}

static uint32_t read_guc_ct(struct tp_intel_model *m, unsigned gt)
{
	return m->gts[gt].firmware.page;
}

static unsigned write_guc_ct(struct tp_intel_model *m, unsigned gt, uint32_t value)
{
	tp_ihw_firmware_page(m, gt, value);
	return 0;
}

static unsigned write_guc_doorbell(struct tp_intel_model *m, unsigned gt, uint32_t value)
{
	if (value & 1)
		tp_ihw_firmware_doorbell(m, gt);
	return 0;
}

static const struct fixed fixed[] = {
	{ TP_INTEL_GDRST, "GDRST", read_gdrst, write_gdrst },
	{ TP_INTEL_GT_IIR, "GT_IIR", read_iir, write_iir },
	{ TP_INTEL_GT_IER, "GT_IER", read_ier, write_ier },
	{ TP_INTEL_GFX_FLSH_CNTL, "GFX_FLSH_CNTL", read_nothing, flush_ggtt },
	{ TP_INTEL_GUC_STATUS, "GUC_STATUS", read_guc_status, ignore },
	{ TP_INTEL_GUC_CT, "GUC_CT", read_guc_ct, write_guc_ct },
	{ TP_INTEL_GUC_DOORBELL, "GUC_DOORBELL", read_nothing, write_guc_doorbell },
};

/* ---- which register an offset is ------------------------------------------------------------- */

enum kind {
	NOTHING,
	GSM,
	FIXED,
	SELECTOR,
	WAKE,
	WAKE_ACK,
	INVALIDATION,
	ENGINE,
};

struct place {
	enum kind kind;
	unsigned gt;
	uint32_t offset; /* without the GT's; of an engine's: from its base; of the GSM's: in it */
	const struct fixed *fixed;
	unsigned invalidation;
	struct tp_ihw_engine *engine;
	/* WAKE and WAKE_ACK: the one that is meant; others: whose sleep they share; NULL: none's */
	struct tp_ihw_domain *domain;
};

static bool find_fixed(struct place *p)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(fixed); i++)
		if (fixed[i].offset == p->offset) {
			p->kind = FIXED;
			p->fixed = &fixed[i];
			return true;
		}
	return false;
}

static bool find_wake(struct tp_intel_model *m, struct place *p)
{
	p->kind = WAKE;
	p->domain = tp_ihw_domain(m, p->gt, p->offset);
	if (p->domain)
		return true;
	p->kind = WAKE_ACK;
	p->domain = tp_ihw_domain_of_ack(m, p->gt, p->offset);
	return p->domain;
}

/* Those of other generations stand for no engine here. */
static bool find_invalidation(struct tp_intel_model *m, struct place *p)
{
	int i = tp_ihw_invalidation(p->offset);

	if (i < 0)
		return false;
	p->kind = INVALIDATION;
	p->invalidation = (unsigned)i;
	/* Those of the media GT never sleep. */
	if (p->gt == 0)
		p->domain = tp_ihw_domain(m, 0,
					  m->platform->one_domain ? TP_INTEL_FORCEWAKE_RENDER
								  : TP_INTEL_FORCEWAKE_GT);
	return true;
}

static bool find_engine(struct tp_intel_model *m, struct place *p)
{
	tp_ihw_for_each_engine_of(e, m, p->gt)
	{
		if (p->offset - e->id.base >= TP_INTEL_RING_SPAN)
			continue;
		p->kind = ENGINE;
		p->engine = e;
		p->domain = e->domain;
		p->offset -= e->id.base;
		return true;
	}
	return false;
}

static bool find_selector(struct tp_intel_model *m, struct place *p)
{
	p->kind = SELECTOR;
	return p->gt == 0 && m->platform->selector && p->offset == m->platform->selector;
}

static struct place find(struct tp_intel_model *m, uint32_t offset)
{
	struct place p = { .offset = offset };

	if (offset >= TP_INTEL_GSM && offset < GSM_END)
		return (struct place){ .kind = GSM, .offset = offset - TP_INTEL_GSM };
	if (m->nr_gts > 1 && offset >= TP_INTEL_MEDIA_GT) {
		p.gt = 1;
		p.offset -= TP_INTEL_MEDIA_GT;
	}
	if (!find_engine(m, &p) && !find_invalidation(m, &p) && !find_fixed(&p) &&
	    !find_selector(m, &p) && !find_wake(m, &p))
		p.kind = NOTHING;
	return p;
}

static bool is_asleep(const struct place *p)
{
	return (p->kind == ENGINE || p->kind == INVALIDATION) && p->domain && !p->domain->awake;
}

/* ---- access ---------------------------------------------------------------------------------- */

static uint32_t read_engine(struct tp_ihw_engine *e, uint32_t offset)
{
	uint32_t value;

	tp_spin_lock(&e->lock);
	value = tp_ihw_engine_read(e, offset);
	tp_spin_unlock(&e->lock);
	return value;
}

static void write_engine(struct tp_ihw_engine *e, uint32_t offset, uint32_t value)
{
	tp_spin_lock(&e->lock);
	tp_ihw_engine_write(e, offset, value);
	tp_spin_unlock(&e->lock);
}

static unsigned half_shift(uint32_t offset)
{
	return offset & 4 ? 32 : 0;
}

static uint32_t read_gsm(const struct tp_intel_model *m, uint32_t offset)
{
	return (uint32_t)(m->gsm[offset / 8] >> half_shift(offset));
}

static void write_gsm(struct tp_intel_model *m, uint32_t offset, uint32_t value)
{
	uint64_t *entry = &m->gsm[offset / 8], other = UINT64_C(0xffffffff)
						       << (32 - half_shift(offset));

	*entry = (*entry & other) | (uint64_t)value << half_shift(offset);
}

static uint32_t read_place(struct tp_intel_model *m, const struct place *p)
{
	switch (p->kind) {
	case GSM:
		return read_gsm(m, p->offset);
	case FIXED:
		return p->fixed->read(m, p->gt);
	case SELECTOR:
		return m->gts[p->gt].steering;
	case WAKE:
		return p->domain->requested;
	case WAKE_ACK:
		return tp_ihw_wake_read(p->domain);
	case INVALIDATION:
		return tp_ihw_invalidation_read(m, p->gt, p->invalidation);
	case ENGINE:
		return read_engine(p->engine, p->offset);
	default:
		return 0;
	}
}

static unsigned write_place(struct tp_intel_model *m, const struct place *p, uint32_t value)
{
	switch (p->kind) {
	case GSM:
		write_gsm(m, p->offset, value);
		break;
	case FIXED:
		return p->fixed->write(m, p->gt, value);
	case SELECTOR:
		m->gts[p->gt].steering = value;
		break;
	case WAKE:
		tp_ihw_wake_write(m, p->domain, value);
		break;
	case INVALIDATION:
		tp_ihw_invalidation_write(m, p->gt, p->invalidation, value);
		break;
	case ENGINE:
		write_engine(p->engine, p->offset, value);
		break;
	default:
		break;
	}
	return 0;
}

/* ---- log ------------------------------------------------------------------------------------- */

static void name_place(const struct place *p, char *name, size_t size)
{
	if (p->kind == FIXED)
		snprintf(name, size, "%s", p->fixed->name);
	else if (p->kind == ENGINE)
		snprintf(name, size, "%s+%#x", p->engine->stat.name, p->offset);
	else if (p->kind == GSM)
		snprintf(name, size, "GSM+%#x", p->offset);
	else
		snprintf(name, size, "%#x", p->offset);
}

/* "wr gt0 GDRST = 00000001", "wr gt0 0x4264 = 00000001 (asleep)" */
static void log_access(struct tp_intel_model *m, const char *verb, const struct place *p,
		       uint32_t value)
{
	char name[LOG_LINE / 3], line[LOG_LINE];

	if (tp_likely(!m->log))
		return;
	name_place(p, name, sizeof(name));
	snprintf(line, sizeof(line), "%s gt%u %s = %08x%s", verb, p->gt, name, value,
		 is_asleep(p) ? " (asleep)" : "");
	m->log(m->log_arg, line);
}

/* ---- the bus's side -------------------------------------------------------------------------- */

static struct tp_intel_model *model_of(struct tp_bus_device *device)
{
	return tp_container_of(device, struct tp_intel_model, bus);
}

static uint32_t read_register(struct tp_bus_device *device, uint32_t offset)
{
	struct tp_intel_model *m = model_of(device);
	uint32_t value = 0;
	struct place p;
	unsigned irqs;

	if (!tp_bus_has_power(device))
		return UINT32_MAX;
	tp_spin_lock(&m->lock);
	irqs = tp_ihw_due(m);
	p = find(m, offset);
	if (!is_asleep(&p))
		value = read_place(m, &p);
	log_access(m, "rd", &p, value);
	tp_spin_unlock(&m->lock);
	tp_ihw_raise(m, irqs);
	return value;
}

static bool concerns_thread(const struct place *p)
{
	return p->kind == ENGINE || p->kind == FIXED;
}

static void write_register(struct tp_bus_device *device, uint32_t offset, uint32_t value)
{
	struct tp_intel_model *m = model_of(device);
	struct place p;
	unsigned irqs;

	if (!tp_bus_has_power(device))
		return;
	tp_model_window_flush(m->window);
	tp_spin_lock(&m->lock);
	irqs = tp_ihw_due(m);
	p = find(m, offset);
	log_access(m, "wr", &p, value);
	if (is_asleep(&p))
		m->stat.dropped_writes++;
	else
		irqs |= write_place(m, &p, value);
	tp_spin_unlock(&m->lock);
	tp_ihw_raise(m, irqs);
	if (concerns_thread(&p))
		tp_model_thread_kick(&m->thread);
}

static void reset_device(struct tp_bus_device *device)
{
	struct tp_intel_model *m = model_of(device);

	tp_spin_lock(&m->lock);
	tp_ihw_reset_all(m);
	tp_spin_unlock(&m->lock);
}

static void flush_window(struct tp_bus_device *device)
{
	tp_model_window_flush(model_of(device)->window);
}

const struct tp_bus_ops tp_ihw_bus_ops = {
	.read = read_register,
	.write = write_register,
	.reset = reset_device,
	.memory_fill = tp_ihw_window_fill,
	.memory_write = tp_ihw_window_write,
	.memory_read = tp_ihw_window_read,
	.memory_flush = flush_window,
};
