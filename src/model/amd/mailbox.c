/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailbox - the host's driver, as a virtual function knows it.
 *
 * It takes a request at once.  What it has to say waits its turn: the next event stands in the
 * mailbox once the one before was acknowledged.
 */
#include "model/amd/internal.h"

static uint32_t features(const struct tp_amd_model *m)
{
	return m->config.flr_keeps_memory ? 0 : TP_AMD_FEATURE_FLR_LOSES_VRAM;
}

/* Returns the interrupt, if something new stands there. */
static unsigned show(struct tp_amd_model *m)
{
	if (m->mailbox_cntl & TP_AMD_MAILBOX_IN_VALID || !m->nr_events)
		return 0;
	m->mailbox_in[0] = m->events[0];
	m->mailbox_in[1] = features(m);
	m->nr_events--;
	for (unsigned i = 0; i < m->nr_events; i++)
		m->events[i] = m->events[i + 1];
	m->mailbox_cntl |= TP_AMD_MAILBOX_IN_VALID;
	return 1u << TP_AMD_VECTOR_MAILBOX;
}

unsigned tp_ahw_mailbox_say(struct tp_amd_model *m, uint32_t event)
{
	if (m->nr_events < TP_AHW_EVENTS)
		m->events[m->nr_events++] = event;
	return show(m);
}

static unsigned take(struct tp_amd_model *m)
{
	m->mailbox_cntl |= TP_AMD_MAILBOX_OUT_ACK;
	switch (m->mailbox_out[0]) {
	case TP_AMD_REQ_INIT_ACCESS:
	case TP_AMD_REQ_FINI_ACCESS:
		m->has_access = true;
		return tp_ahw_mailbox_say(m, TP_AMD_EVENT_READY);
	case TP_AMD_REL_INIT_ACCESS:
	case TP_AMD_REL_FINI_ACCESS:
		m->has_access = false;
		return 0;
	case TP_AMD_REQ_RESET_ACCESS:
		tp_ahw_flr(m);
		return 0;
	default:
		return 0;
	}
}

uint32_t tp_ahw_mailbox_read(struct tp_amd_model *m, uint32_t reg)
{
	if (!m->config.virtual_function)
		return 0;
	if (reg >= TP_AMD_MAILBOX_IN && reg < TP_AMD_MAILBOX_CNTL)
		return m->mailbox_in[reg - TP_AMD_MAILBOX_IN];
	return reg == TP_AMD_MAILBOX_CNTL ? m->mailbox_cntl : 0;
}

/* Our bits are as they are written; the host's stay. */
static unsigned control(struct tp_amd_model *m, uint32_t value)
{
	const bool new =
		value &TP_AMD_MAILBOX_OUT_VALID && !(m->mailbox_cntl & TP_AMD_MAILBOX_OUT_VALID);

	m->mailbox_cntl = (m->mailbox_cntl & ~(uint32_t)TP_AMD_MAILBOX_OUT_VALID) |
			  (value & TP_AMD_MAILBOX_OUT_VALID);
	if (!(value & TP_AMD_MAILBOX_OUT_VALID))
		m->mailbox_cntl &= ~(uint32_t)TP_AMD_MAILBOX_OUT_ACK;
	if (value & TP_AMD_MAILBOX_IN_ACK)
		m->mailbox_cntl &= ~(uint32_t)TP_AMD_MAILBOX_IN_VALID;
	return (new ? take(m) : 0) | show(m);
}

unsigned tp_ahw_mailbox_write(struct tp_amd_model *m, uint32_t reg, uint32_t value)
{
	if (!m->config.virtual_function)
		return 0;
	if (reg == TP_AMD_MAILBOX_CNTL)
		return control(m, value);
	if (reg >= TP_AMD_MAILBOX_OUT && reg < TP_AMD_MAILBOX_IN)
		m->mailbox_out[reg - TP_AMD_MAILBOX_OUT] = value;
	return 0;
}

void tp_ahw_mailbox_reset(struct tp_amd_model *m)
{
	m->mailbox_cntl = 0;
	m->nr_events = 0;
	m->has_access = false;
}

void tp_amd_model_host_flr(struct tp_amd_model *m)
{
	unsigned vectors = 0;

	tp_spin_lock(&m->lock);
	if (m->config.virtual_function) {
		vectors = tp_ahw_mailbox_say(m, TP_AMD_EVENT_FLR);
		tp_ahw_flr(m);
	}
	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
	tp_model_thread_kick(&m->thread);
}
