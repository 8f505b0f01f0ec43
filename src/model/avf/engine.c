/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* engine - the life of descriptor engines: made, configured, enabled, connected, reset. */
#include "model/avf/engine.h"

/* Above those of all queues. */
enum { PORT_SUBRANK = TP_AVF_MAX_QUEUES };

void tp_avf_engines_init(struct tp_avf_model *m)
{
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		tp_spinlock_init(&m->tx[q].lock, TP_RANK_MODEL_TX, q);
		tp_spinlock_init(&m->rx[q].lock, TP_RANK_MODEL_RX, q);
		m->tx[q].counts = m->rx[q].counts = &m->stat.queue[q];
	}
	tp_spinlock_init(&m->port.lock, TP_RANK_MODEL_RX, PORT_SUBRANK);
	m->port.derived = m->port.generation - 1;
}

/* ---- one queue ------------------------------------------------------------------------------- */

static tp_dma_addr aligned(uint64_t addr)
{
	return (tp_dma_addr){ addr & ~(uint64_t)(TP_AVF_RING_ALIGN - 1) };
}

void tp_avf_engine_config_tx(struct tp_avf_model *m, unsigned q, const struct tp_vc_txq_info *info)
{
	struct tp_avf_tx_engine *e = &m->tx[q];

	tp_spin_lock(&e->lock);
	e->ring = aligned(info->dma_ring_addr);
	e->count = info->ring_len;
	e->head = 0;
	tp_atomic_store(&e->tail, 0, TP_RELAXED);
	tp_spin_unlock(&e->lock);
}

void tp_avf_engine_config_rx(struct tp_avf_model *m, unsigned q, const struct tp_vc_rxq_info *info)
{
	struct tp_avf_rx_engine *e = &m->rx[q];

	tp_spin_lock(&e->lock);
	e->ring = aligned(info->dma_ring_addr);
	e->count = info->ring_len;
	e->head = 0;
	e->buf_size = info->databuffer_size & ~(TP_AVF_MIN_RXBUF - 1u);
	e->max_frame = info->max_pkt_size;
	e->crc_disable = info->crc_disable;
	tp_spin_unlock(&e->lock);
}

void tp_avf_engine_enable(struct tp_avf_model *m, unsigned q, bool tx, bool enable)
{
	struct tp_spinlock *lock = tx ? &m->tx[q].lock : &m->rx[q].lock;

	tp_spin_lock(lock);
	*(tx ? &m->tx[q].enabled : &m->rx[q].enabled) = enable;
	tp_spin_unlock(lock);
}

static void reset_tx(struct tp_avf_tx_engine *e)
{
	tp_spin_lock(&e->lock);
	e->enabled = e->hung = false;
	e->ring.v = 0;
	e->count = e->head = 0;
	e->vector = e->itr = 0;
	tp_atomic_store(&e->tail, 0, TP_RELAXED);
	tp_spin_unlock(&e->lock);
}

static void reset_rx(struct tp_avf_rx_engine *e)
{
	tp_spin_lock(&e->lock);
	e->enabled = e->hung = false;
	e->ring.v = 0;
	e->count = e->head = 0;
	e->buf_size = e->max_frame = 0;
	e->crc_disable = false;
	e->vector = e->itr = 0;
	tp_atomic_store(&e->tail, 0, TP_RELAXED);
	tp_spin_unlock(&e->lock);
}

/* ---- all of them ----------------------------------------------------------------------------- */

void tp_avf_engines_reset(struct tp_avf_model *m)
{
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		reset_tx(&m->tx[q]);
		reset_rx(&m->rx[q]);
	}
}

void tp_avf_engines_connect(struct tp_avf_model *m, struct tp_wire *wire, unsigned side)
{
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		tp_spin_lock(&m->tx[q].lock);
		m->tx[q].wire = wire;
		m->tx[q].wire_side = side;
		tp_spin_unlock(&m->tx[q].lock);
	}
	tp_spin_lock(&m->port.lock);
	m->port.link_up = wire;
	tp_spin_unlock(&m->port.lock);
}

char *tp_avf_ring_page(struct tp_avf_ring_view *view, uint64_t page)
{
	tp_dma_addr at = { page << TP_IOMMU_PAGE_SHIFT };

	view->page = UINT64_MAX;
	view->host = tp_iommu_at(view->iommu, at, TP_IOMMU_READ);
	if (!view->host || !tp_iommu_at(view->iommu, at, TP_IOMMU_WRITE))
		return NULL;
	view->page = page;
	return view->host;
}

/* ---- what was counted ------------------------------------------------------------------------ */

static void add_tx(struct tp_avf_tx_engine *e, struct tp_vc_eth_stats *eth)
{
	const struct tp_avf_queue_counts *c = e->counts;

	tp_spin_lock(&e->lock);
	eth->tx_bytes += c->tx_bytes;
	eth->tx_unicast += e->casts[TP_AVF_UNICAST];
	eth->tx_multicast += e->casts[TP_AVF_MULTICAST];
	eth->tx_broadcast += e->casts[TP_AVF_BROADCAST];
	eth->tx_discards += c->tx_drop_spoof + c->tx_drop_link;
	eth->tx_errors += c->tx_drop_malformed + c->tx_drop_fault;
	tp_spin_unlock(&e->lock);
}

/* T23: of received frames the device counts the FCS too. */
static void add_rx(struct tp_avf_rx_engine *e, struct tp_vc_eth_stats *eth)
{
	const struct tp_avf_queue_counts *c = e->counts;

	tp_spin_lock(&e->lock);
	eth->rx_bytes += c->rx_bytes + TP_AVF_FCS * c->rx_written;
	eth->rx_discards += c->rx_offered - c->rx_written;
	tp_spin_unlock(&e->lock);
}

void tp_avf_engines_eth(struct tp_avf_model *m, struct tp_vc_eth_stats *eth)
{
	*eth = (struct tp_vc_eth_stats){ 0 };
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		add_tx(&m->tx[q], eth);
		add_rx(&m->rx[q], eth);
	}
	tp_spin_lock(&m->port.lock);
	eth->rx_unicast = m->port.casts[TP_AVF_UNICAST];
	eth->rx_multicast = m->port.casts[TP_AVF_MULTICAST];
	eth->rx_broadcast = m->port.casts[TP_AVF_BROADCAST];
	tp_spin_unlock(&m->port.lock);
}
