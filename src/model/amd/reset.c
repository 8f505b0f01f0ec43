/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reset - soft resets, those of the security processor, and of functions (Y5). */
#include "model/amd/internal.h"

enum { SOFT_BIT = 1 };

/* Rings stand and nothing is remembered; @wide: what survives a soft reset does not survive it. */
static void stop(struct tp_amd_model *m, bool wide)
{
	tp_ahw_for_each_ring(ring, m)
	{
		tp_spin_lock(&ring->lock);
		tp_ahw_ring_reset(ring);
		ring->hung = ring->hung_through = ring->hung_through && !wide;
		tp_spin_unlock(&ring->lock);
	}
	tp_ahw_for_each_hub(hub, m) tp_ahw_hub_reset(hub);
}

static uint64_t end_of(struct tp_amd_model *m, uint64_t takes_ns)
{
	if (m->refuse_resets) {
		m->refuse_resets--;
		return UINT64_MAX;
	}
	return tp_clock_now() + 1 + takes_ns;
}

uint32_t tp_ahw_reset_read(struct tp_amd_model *m, uint32_t reg)
{
	if (reg == TP_AMD_SOFT_RESET)
		return m->soft_due_ns ? SOFT_BIT : 0;
	return reg == TP_AMD_PSP_ANSWER && m->mode1_done ? TP_AMD_PSP_DONE : 0;
}

/* A virtual function reaches neither. */
void tp_ahw_reset_write(struct tp_amd_model *m, uint32_t reg, uint32_t value)
{
	if (m->config.virtual_function)
		return;
	if (reg == TP_AMD_SOFT_RESET && value & SOFT_BIT) {
		stop(m, false);
		m->stat.soft_resets++;
		m->soft_due_ns = end_of(m, m->config.reset_ns);
	} else if (reg == TP_AMD_PSP_COMMAND && value == TP_AMD_PSP_MODE1_RESET) {
		stop(m, true);
		m->stat.mode1_resets++;
		m->mode1_done = false;
		m->soft_due_ns = 0;
		m->mode1_due_ns = end_of(m, m->config.mode1_ns);
	}
}

static bool is_over(uint64_t *due_ns, uint64_t now_ns)
{
	if (!*due_ns || *due_ns > now_ns)
		return false;
	*due_ns = 0;
	return true;
}

unsigned tp_ahw_reset_due(struct tp_amd_model *m, uint64_t now_ns)
{
	if (m->resetting)
		return 0;
	if (is_over(&m->soft_due_ns, now_ns))
		stop(m, false); /* what was started meanwhile */
	if (is_over(&m->mode1_due_ns, now_ns)) {
		stop(m, true);
		m->resetting = TP_AHW_MODE1;
	} else if (is_over(&m->flr_due_ns, now_ns)) {
		stop(m, true);
		m->stat.flrs++;
		if (m->config.flr_keeps_memory)
			return tp_ahw_mailbox_say(m, TP_AMD_EVENT_FLR_DONE);
		m->resetting = TP_AHW_FLR;
	}
	return 0;
}

/* What another loses is part of another reset, or of none. */
unsigned tp_ahw_reset_loses(struct tp_amd_model *m)
{
	enum tp_ahw_reset reset;

	if (!m->resetting || m->is_losing)
		return 0;
	tp_ahw_lose(m);
	reset = m->resetting;
	m->resetting = TP_AHW_NO_RESET;
	if (reset == TP_AHW_FLR)
		return tp_ahw_mailbox_say(m, TP_AMD_EVENT_FLR_DONE);
	m->mode1_done = reset == TP_AHW_MODE1;
	return 0;
}

void tp_ahw_flr(struct tp_amd_model *m)
{
	m->has_access = false;
	if (m->resetting != TP_AHW_FLR) /* another one is part of it */
		m->flr_due_ns = end_of(m, m->config.reset_ns);
}

void tp_ahw_reset_all(struct tp_amd_model *m)
{
	m->resetting = TP_AHW_NO_RESET;
	tp_ahw_await_loss(m);
	stop(m, true);
	m->soft_due_ns = m->mode1_due_ns = m->flr_due_ns = 0;
	m->mode1_done = false;
	tp_ahw_mailbox_reset(m);
}
