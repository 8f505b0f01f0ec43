/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pf_queues - queues as the driver wants them: rings, vectors, on and off, how many.
 *
 * The rules are ice's.  Where ice would cut a ring's address to a multiple of 128 and enable a
 * queue that nobody configured, this one refuses.
 *
 * Locking: under m->lock.
 */
#include "model/avf/control.h"

enum { RX, TX }; /* of configured[] and enabled[] */
enum { RING_ALIGN = 128, DEFAULT_RXBUF = 2048, MIN_PACKET = 64 };

/* ---- on and off ------------------------------------------------------------------------------ */

static void switch_queue(struct tp_avf_model *m, unsigned q, unsigned side, bool on)
{
	if ((m->enabled[side] >> q & 1) == on)
		return;
	m->enabled[side] ^= 1u << q;
	tp_avf_engine_enable(m, q, side == TX, on);
}

static void switch_queues(struct tp_avf_model *m, uint32_t queues, unsigned side, bool on)
{
	for (unsigned q = 0; q < m->config.queues; q++)
		if (queues >> q & 1)
			switch_queue(m, q, side, on);
}

/* T26: the message names queues that change; the others stay as they are. */
void tp_avf_pf_select_queues(struct tp_avf_model *m, uint32_t op, const void *message,
			     struct tp_avf_answer *answer)
{
	const struct tp_vc_queue_select *s = message;
	uint32_t all = (1u << m->active_pairs) - 1;
	bool on = op == TP_VC_ENABLE_QUEUES;

	if (s->vsi_id != TP_AVF_VSI || !(s->rx_queues | s->tx_queues) ||
	    ((s->rx_queues | s->tx_queues) & ~all) ||
	    (on && (s->rx_queues & ~m->configured[RX] || s->tx_queues & ~m->configured[TX]))) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	switch_queues(m, s->rx_queues, RX, on);
	switch_queues(m, s->tx_queues, TX, on);
}

/* ---- rings ----------------------------------------------------------------------------------- */

static bool is_ring(uint32_t len, uint64_t address)
{
	enum { MIN = 64, MAX = 4096 };

	if (!len)
		return true; /* leave it alone */
	return len >= MIN && len <= MAX && len % TP_AVF_RING_STEP == 0 && address % RING_ALIGN == 0;
}

static bool are_rx_sizes(const struct tp_avf_model *m, const struct tp_vc_rxq_info *rx)
{
	if (rx->databuffer_size &&
	    (rx->databuffer_size < TP_AVF_MIN_RXBUF || rx->databuffer_size > TP_AVF_MAX_RXBUF))
		return false;
	return rx->max_pkt_size >= MIN_PACKET &&
	       rx->max_pkt_size <= m->config.max_mtu + TP_AVF_FRAME_EXTRA;
}

static bool can_keep_crc(struct tp_avf_model *m)
{
	return m->caps & TP_VC_CAP_CRC && !m->port.vlan_strip;
}

static bool is_rx(struct tp_avf_model *m, const struct tp_vc_rxq_info *rx)
{
	if (!is_ring(rx->ring_len, rx->dma_ring_addr))
		return false;
	if (!rx->ring_len)
		return true;
	if (m->caps & TP_VC_CAP_RX_FLEX_DESC && rx->rxdid != TP_AVF_RXDID_LEGACY)
		return false;
	return are_rx_sizes(m, rx) && (!rx->crc_disable || can_keep_crc(m));
}

static bool is_pair(struct tp_avf_model *m, const struct tp_vc_queue_pair_info *pair)
{
	return pair->txq.vsi_id == TP_AVF_VSI && pair->rxq.vsi_id == TP_AVF_VSI &&
	       pair->txq.queue_id == pair->rxq.queue_id && pair->txq.queue_id < m->active_pairs &&
	       !pair->txq.headwb_enabled && is_ring(pair->txq.ring_len, pair->txq.dma_ring_addr) &&
	       is_rx(m, &pair->rxq);
}

static void configure(struct tp_avf_model *m, const struct tp_vc_queue_pair_info *pair)
{
	struct tp_vc_rxq_info rx = pair->rxq;
	unsigned q = pair->txq.queue_id;

	if (pair->txq.ring_len) {
		switch_queue(m, q, TX, false);
		tp_avf_engine_config_tx(m, q, &pair->txq);
		m->configured[TX] |= 1u << q;
	}
	if (rx.ring_len) {
		if (!rx.databuffer_size)
			rx.databuffer_size = DEFAULT_RXBUF;
		switch_queue(m, q, RX, false);
		tp_avf_engine_config_rx(m, q, &rx);
		m->configured[RX] |= 1u << q;
	}
}

/* Of a message that failed with its pair @last: neither that nor those before it work. */
static void unwind(struct tp_avf_model *m, const struct tp_vc_queue_pair_info *pairs, unsigned last)
{
	for (unsigned i = 0; i <= last; i++)
		for (unsigned side = RX; side <= TX; side++)
			if (pairs[i].txq.queue_id < m->active_pairs)
				switch_queue(m, pairs[i].txq.queue_id, side, false);
}

void tp_avf_pf_config_queues(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
			     struct tp_avf_answer *answer)
{
	const struct tp_vc_vsi_queue_config_info *info = message;

	if (info->vsi_id != TP_AVF_VSI || info->num_queue_pairs > m->active_pairs) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	for (unsigned i = 0; i < info->num_queue_pairs; i++) {
		if (!is_pair(m, &info->qpair[i])) {
			unwind(m, info->qpair, i);
			answer->status = TP_VC_ERR_PARAM;
			return;
		}
		configure(m, &info->qpair[i]);
	}
}

/* ---- vectors --------------------------------------------------------------------------------- */

static bool is_vector(const struct tp_avf_model *m, const struct tp_vc_vector_map *v)
{
	unsigned all = (1u << m->active_pairs) - 1;

	if (v->vsi_id != TP_AVF_VSI || v->vector_id >= m->bus.nr_vectors)
		return false;
	if (!v->vector_id)
		return !v->rxq_map && !v->txq_map; /* it is for messages */
	return !((v->rxq_map | v->txq_map) & ~all) && v->rxitr_idx <= TP_AVF_ITR_NONE &&
	       v->txitr_idx <= TP_AVF_ITR_NONE;
}

static void map_queue(struct tp_avf_model *m, unsigned q, const struct tp_vc_vector_map *v)
{
	if (v->rxq_map >> q & 1) {
		tp_spin_lock(&m->rx[q].lock);
		m->rx[q].vector = v->vector_id;
		m->rx[q].itr = v->rxitr_idx;
		tp_spin_unlock(&m->rx[q].lock);
	}
	if (v->txq_map >> q & 1) {
		tp_spin_lock(&m->tx[q].lock);
		m->tx[q].vector = v->vector_id;
		m->tx[q].itr = v->txitr_idx;
		tp_spin_unlock(&m->tx[q].lock);
	}
}

void tp_avf_pf_irq_map(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		       struct tp_avf_answer *answer)
{
	const struct tp_vc_irq_map_info *map = message;
	bool fits = map->num_vectors <= m->bus.nr_vectors;

	for (unsigned i = 0; fits && i < map->num_vectors; i++)
		fits = is_vector(m, &map->vecmap[i]);
	if (!fits) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	for (unsigned i = 0; i < map->num_vectors; i++)
		for (unsigned q = 0; q < m->active_pairs; q++)
			map_queue(m, q, &map->vecmap[i]);
}

/* ---- how many -------------------------------------------------------------------------------- */

/* Granted with a reset, and no answer; otherwise the answer says how many could be had. */
void tp_avf_pf_request_queues(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
			      struct tp_avf_answer *answer)
{
	const struct tp_vc_vf_res_request *wanted = message;
	struct tp_vc_vf_res_request *r;

	if (wanted->num_queue_pairs && wanted->num_queue_pairs <= m->config.queues) {
		m->active_pairs = wanted->num_queue_pairs;
		answer->none = true;
		tp_avf_reset_announced(m);
		return;
	}
	r = tp_avf_answer_room(answer, sizeof(*r));
	r->num_queue_pairs = (uint16_t)TP_MIN(wanted->num_queue_pairs, m->config.queues);
}
