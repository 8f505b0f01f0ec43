/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * interrupt - when a cause becomes an interrupt: enable bits, throttling intervals, what waits.
 *
 * Invariants
 *  G1  A cause is noted, whether or not its vector is enabled or writes back on its interval only:
 *      a driver that enables later finds it (F4).
 *  G2  Raising clears the enable bit and every cause noted until then, in one step.
 *  G3  The device's thread is woken for what is due before it would wake by itself, so that causes
 *      which wait for the same moment cost one wake-up.  It says until when it sleeps after it
 *      looked at the vectors, and UINT64_MAX before: a cause that it did not see sees that.
 *
 * Locking: vectors under @timer_lock, which is not held while a handler runs.
 */
#include <string.h>

#include "core/clock.h"
#include "model/avf/control.h"

enum { SW_ITR_INDX_SHIFT = 25, INTERVAL_SHIFT = 5, ITR_INDX_SHIFT = 3 };

/* ---- one vector ------------------------------------------------------------------------------ */

void tp_avf_vector_cause(struct tp_avf_vector *v, unsigned itr)
{
	v->pending |= (uint8_t)(1u << TP_MIN(itr, TP_AVF_ITR_NONE));
}

static void software_interrupt(struct tp_avf_vector *v, uint32_t dyn_ctl)
{
	unsigned itr = dyn_ctl >> SW_ITR_INDX_SHIFT & TP_AVF_ITR_NONE;

	tp_avf_vector_cause(v, dyn_ctl & TP_AVF_SW_ITR_ENA ? itr : TP_AVF_ITR_NONE);
}

void tp_avf_vector_write(struct tp_avf_vector *v, uint32_t dyn_ctl)
{
	unsigned itr = dyn_ctl >> ITR_INDX_SHIFT & TP_AVF_ITR_NONE;

	if (!(dyn_ctl & TP_AVF_INTENA_MSK))
		v->enabled = dyn_ctl & TP_AVF_INTENA;
	if (itr != TP_AVF_ITR_NONE)
		v->interval[itr] = dyn_ctl >> INTERVAL_SHIFT & TP_AVF_ITR_MAX_TICKS;
	v->wb_on_itr = dyn_ctl & TP_AVF_WB_ON_ITR;
	if (dyn_ctl & TP_AVF_CLEARPBA)
		v->pending = 0;
	if (dyn_ctl & TP_AVF_SWINT)
		software_interrupt(v, dyn_ctl);
}

uint32_t tp_avf_vector_read(const struct tp_avf_vector *v)
{
	return (v->enabled ? TP_AVF_INTENA : 0) | (v->wb_on_itr ? TP_AVF_WB_ON_ITR : 0);
}

uint64_t tp_avf_vector_due(const struct tp_avf_vector *v)
{
	uint64_t due = UINT64_MAX;

	if (!v->enabled || !v->pending)
		return UINT64_MAX;
	if (!v->was_raised || v->pending >> TP_AVF_ITR_NONE)
		return 0;
	for (unsigned itr = 0; itr < TP_AVF_NR_ITR; itr++)
		if (v->pending >> itr & 1)
			due = TP_MIN(due, v->raised_ns +
						  (uint64_t)v->interval[itr] * TP_AVF_ITR_TICK_NS);
	return due;
}

bool tp_avf_vector_take(struct tp_avf_vector *v, uint64_t now_ns)
{
	if (tp_avf_vector_due(v) > now_ns)
		return false;
	v->enabled = false;
	v->pending = 0;
	v->was_raised = true;
	v->raised_ns = now_ns;
	return true;
}

/* ---- those of a device ----------------------------------------------------------------------- */

/* Under timer_lock: is it to be raised now?  The clock is asked only if the answer needs it. */
static bool take_now(struct tp_avf_vector *v, uint64_t *due)
{
	bool taken;

	*due = tp_avf_vector_due(v);
	if (*due == UINT64_MAX)
		return false;
	taken = tp_avf_vector_take(v, tp_clock_now());
	if (taken)
		*due = UINT64_MAX;
	return taken;
}

/* Let go of timer_lock, and raise or wait for what is due. */
static void settle(struct tp_avf_model *m, unsigned vector)
{
	uint64_t due;
	bool raise = take_now(&m->vectors[vector], &due);

	tp_spin_unlock(&m->timer_lock);
	if (raise)
		tp_bus_irq_raise(&m->bus, vector);
	else if (due < tp_atomic_load(&m->sleeps_until_ns, TP_ACQUIRE))
		tp_avf_kick(m);
}

void tp_avf_interrupt(struct tp_avf_model *m, unsigned vector, unsigned itr)
{
	if (!vector || vector >= m->bus.nr_vectors)
		return;
	tp_spin_lock(&m->timer_lock);
	tp_avf_vector_cause(&m->vectors[vector], itr);
	settle(m, vector);
}

void tp_avf_interrupt_aq(struct tp_avf_model *m)
{
	tp_spin_lock(&m->timer_lock);
	tp_avf_vector_cause(&m->vectors[0], TP_AVF_ITR_NONE);
	settle(m, 0);
}

uint64_t tp_avf_interrupts_run(struct tp_avf_model *m)
{
	uint64_t due, first = UINT64_MAX;

	for (unsigned vector = 0; vector < m->bus.nr_vectors; vector++) {
		bool raise;

		tp_spin_lock(&m->timer_lock);
		raise = take_now(&m->vectors[vector], &due);
		tp_spin_unlock(&m->timer_lock);
		if (raise)
			tp_bus_irq_raise(&m->bus, vector);
		first = TP_MIN(first, due);
	}
	return first;
}

void tp_avf_interrupts_init(struct tp_avf_model *m)
{
	tp_spinlock_init(&m->timer_lock, TP_RANK_IRQ, 0);
}

void tp_avf_interrupts_reset(struct tp_avf_model *m)
{
	tp_spin_lock(&m->timer_lock);
	memset(m->vectors, 0, sizeof(m->vectors));
	tp_spin_unlock(&m->timer_lock);
}

/* ---- registers ------------------------------------------------------------------------------- */

void tp_avf_dyn_ctl_write(struct tp_avf_model *m, unsigned vector, uint32_t value)
{
	tp_spin_lock(&m->timer_lock);
	tp_avf_vector_write(&m->vectors[vector], value);
	settle(m, vector);
}

uint32_t tp_avf_dyn_ctl_read(struct tp_avf_model *m, unsigned vector)
{
	uint32_t value;

	tp_spin_lock(&m->timer_lock);
	value = tp_avf_vector_read(&m->vectors[vector]);
	tp_spin_unlock(&m->timer_lock);
	return value;
}

void tp_avf_itr_write(struct tp_avf_model *m, unsigned vector, unsigned itr, uint32_t ticks)
{
	tp_spin_lock(&m->timer_lock);
	m->vectors[vector].interval[itr] = ticks & TP_AVF_ITR_MAX_TICKS;
	settle(m, vector);
}

uint32_t tp_avf_itr_read(struct tp_avf_model *m, unsigned vector, unsigned itr)
{
	uint32_t ticks;

	tp_spin_lock(&m->timer_lock);
	ticks = m->vectors[vector].interval[itr];
	tp_spin_unlock(&m->timer_lock);
	return ticks;
}
