/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* engine_none - stands where the descriptor engines will: queues are configured, nothing moves. */
#include "model/avf/internal.h"

void tp_avf_engines_init(struct tp_avf_model *m)
{
	tp_spinlock_init(&m->port.lock, TP_RANK_MODEL_RX, TP_AVF_MAX_QUEUES);
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		tp_spinlock_init(&m->tx[q].lock, TP_RANK_MODEL_TX, q);
		tp_spinlock_init(&m->rx[q].lock, TP_RANK_MODEL_RX, q);
	}
}

void tp_avf_engines_connect(struct tp_avf_model *m, struct tp_wire *wire, tp_unused unsigned side)
{
	m->port.link_up = wire;
}

void tp_avf_engine_config_tx(struct tp_avf_model *m, unsigned q, const struct tp_vc_txq_info *info)
{
	m->tx[q].count = info->ring_len;
}

void tp_avf_engine_config_rx(struct tp_avf_model *m, unsigned q, const struct tp_vc_rxq_info *info)
{
	m->rx[q].count = info->ring_len;
}

void tp_avf_engine_enable(struct tp_avf_model *m, unsigned q, bool tx, bool enable)
{
	*(tx ? &m->tx[q].enabled : &m->rx[q].enabled) = enable;
}

void tp_avf_engines_reset(struct tp_avf_model *m)
{
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		m->tx[q].enabled = m->rx[q].enabled = false;
		tp_atomic_store(&m->tx[q].tail, 0, TP_RELAXED);
		tp_atomic_store(&m->rx[q].tail, 0, TP_RELAXED);
	}
}

void tp_avf_engine_doorbell(struct tp_avf_model *m, unsigned q, bool tx, uint32_t tail)
{
	tp_atomic_store(tx ? &m->tx[q].tail : &m->rx[q].tail, tail, TP_RELAXED);
}

bool tp_avf_engines_run(tp_unused struct tp_avf_model *m)
{
	return false;
}

void tp_avf_port_receive(tp_unused void *arg, tp_unused const struct tp_wire_frame *frames,
			 tp_unused unsigned n)
{
}
