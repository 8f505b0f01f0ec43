/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reset - the function goes back to its beginning: asked for by the driver, by the physical
 * function, or by the bus.
 *
 *	VFACTIVE --- reset ---> IN_PROGRESS --- half of reset_ns ---> COMPLETED --- the other half
 *	---> VFACTIVE; at once, if a reset takes no time
 *
 * Invariants
 *  F3 of internal.h.
 *  X1  What the function said of itself, its version and its own address, outlives every reset
 *      (T19); so do counters, the wire and its link.
 *
 * Locking: under m->lock.
 */
#include <string.h>

#include "core/clock.h"
#include "model/avf/control.h"

static void forget_driver(struct tp_avf_model *m)
{
	memset(&m->atq, 0, sizeof(m->atq));
	memset(&m->arq, 0, sizeof(m->arq));
	m->icr0 = m->icr0_ena = 0;
	m->caps = 0;
	m->resources_given = false;
	memset(m->configured, 0, sizeof(m->configured));
	memset(m->enabled, 0, sizeof(m->enabled));
}

void tp_avf_reset(struct tp_avf_model *m)
{
	tp_avf_log(m, "RESET_VF");
	m->stat.resets++;
	m->reset_due_ns = 0;
	forget_driver(m);
	tp_avf_engines_reset(m);
	tp_avf_interrupts_reset(m);
	tp_avf_port_defaults(m);
	m->rstat = m->config.reset_ns ? TP_AVF_RESET_IN_PROGRESS : TP_AVF_VFACTIVE;
	m->reset_done_ns = tp_clock_after(m->config.reset_ns);
	tp_avf_kick(m);
}

void tp_avf_reset_announced(struct tp_avf_model *m)
{
	const struct tp_vc_pf_event event = { .event = TP_VC_EVENT_RESET_IMPENDING,
					      .severity = TP_VC_CERTAIN_DOOM };

	tp_avf_mailbox_post(m, TP_VC_EVENT, TP_VC_SUCCESS, &event, sizeof(event));
	if (!m->config.reset_ns) {
		tp_avf_reset(m);
		return;
	}
	m->reset_due_ns = tp_clock_after(m->config.reset_ns / 2);
	tp_avf_kick(m);
}

static uint64_t running(struct tp_avf_model *m)
{
	uint64_t now = tp_clock_now(), completed = m->reset_done_ns - m->config.reset_ns / 2;

	if (now < completed)
		return completed;
	m->rstat = TP_AVF_RESET_COMPLETED;
	if (now < m->reset_done_ns)
		return m->reset_done_ns;
	m->rstat = TP_AVF_VFACTIVE;
	tp_avf_mailbox_run(m); /* what was sent to a physical function that did not listen yet */
	return UINT64_MAX;
}

uint64_t tp_avf_reset_progress(struct tp_avf_model *m)
{
	if (m->reset_due_ns && tp_clock_now() >= m->reset_due_ns)
		tp_avf_reset(m);
	if (m->reset_due_ns)
		return m->reset_due_ns;
	return m->rstat == TP_AVF_VFACTIVE ? UINT64_MAX : running(m);
}
