/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_rig - the driver's data path on a device that the test plays by hand: it reads the
 * descriptors and writes them back itself, so it can be as slow, as wrong and as malicious as it
 * likes.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_AVF_RIG_H
#define TESTS_UNIT_AVF_RIG_H

#include <errno.h>
#include <string.h>
#include <tidepool/fault.h>

#include "core/alloc.h"
#include "dma_machine.h"
#include "net/avf/avf_traffic.h"

enum { RIG_FRAMES = 4096, RIG_TAILS = 256 };

struct rig {
	struct dma_machine dm;
	struct tp_bus_device bus;
	struct tp_avf *avf;
	uint32_t regs[TP_AVF_REGS_SIZE / 4];
	/* the device's: where it is in the rings of queue 0 */
	unsigned tx_head, rx_head;
	unsigned tx_rings; /* doorbells so far */
	/* called at each doorbell of a send queue, if there is one */
	void (*on_tx_tail)(struct rig *rig, uint32_t tail);
	/* called before the vector of queue 0 is armed, if there is one */
	void (*on_arm)(struct rig *rig);
	/* what the user was given */
	struct tp_netbuf *got[RIG_FRAMES];
	unsigned nr_got, wakes;
};

/* Of the one test under way. */
static struct rig *rig;

/* ---- the bus --------------------------------------------------------------------------------- */

static inline uint32_t rig_read(struct tp_bus_device *device, uint32_t offset)
{
	return tp_container_of(device, struct rig, bus)->regs[offset / 4];
}

static inline void rig_write(struct tp_bus_device *device, uint32_t offset, uint32_t value)
{
	struct rig *r = tp_container_of(device, struct rig, bus);

	if (offset == TP_AVF_DYN_CTLN(1) && (value & TP_AVF_INTENA) && r->on_arm)
		r->on_arm(r);
	r->regs[offset / 4] = value;
	if (offset != TP_AVF_QTX_TAIL(0))
		return;
	r->tx_rings++;
	if (r->on_tx_tail)
		r->on_tx_tail(r, value);
}

static inline void rig_reset(struct tp_bus_device *device)
{
	(void)device;
}

/* ---- the user -------------------------------------------------------------------------------- */

static inline void rig_receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct rig *r = arg;

	(void)queue;
	for (unsigned i = 0; i < n; i++) {
		assert_true(r->nr_got < RIG_FRAMES);
		r->got[r->nr_got++] = frames[i];
	}
}

static inline void rig_wake(void *arg, unsigned queue)
{
	(void)queue;
	((struct rig *)arg)->wakes++;
}

static inline void rig_wake_irq(void *arg)
{
	((struct rig *)arg)->wakes++;
}

static inline void rig_free_got(void)
{
	tp_netbuf_free_bulk(rig->got, rig->nr_got);
	rig->nr_got = 0;
}

/* ---- making it ------------------------------------------------------------------------------- */

static inline struct tp_net_config rig_config(unsigned ring, unsigned mtu)
{
	return (struct tp_net_config){
		.mtu = mtu,
		.queues = 1,
		.rx_ring = ring,
		.tx_ring = ring,
		.features = TP_NET_RX_CSUM | TP_NET_TX_CSUM | TP_NET_TSO | TP_NET_RX_VLAN |
			    TP_NET_TX_VLAN | TP_NET_RX_HASH,
	};
}

static inline void rig_make_netdev(struct rig *r, struct tp_net_config config, unsigned pool_bufs)
{
	static const struct tp_netdev_ops ops = { .xmit = tp_avf_xmit, .poll = tp_avf_poll };
	struct tp_netdev *nd = &r->avf->nd;

	strcpy(nd->name, "eth0");
	nd->ops = &ops;
	nd->machine = r->dm.m;
	nd->config = config;
	nd->user = (struct tp_netdev_user){
		.name = "the test", .receive = rig_receive, .wake = rig_wake, .arg = r
	};
	for (unsigned i = 0; i < TP_NET_MAX_QUEUES; i++) {
		tp_rq_stats_init(&nd->rq_stats[i]);
		tp_sq_stats_init(&nd->sq_stats[i]);
	}
	must(tp_netbuf_pool_create((struct tp_dma_pool_config){ .domain = r->dm.domain,
								.name = "senders",
								.nr_bufs = pool_bufs,
								.buf_size = TP_DMA_MIN_BUF * 8,
								.node = TP_NODE_NONE },
				   &nd->pool));
}

/* Rings of that configuration, filled, and running. */
static inline void rig_make(struct tp_net_config config)
{
	static const struct tp_bus_ops ops = { .read = rig_read,
					       .write = rig_write,
					       .reset = rig_reset };

	rig = tp_zalloc(sizeof(*rig));
	assert_non_null(rig);
	rig->dm = make_dma_machine();
	tp_bus_init(&rig->bus, &ops, "dev0");
	rig->bus.nr_vectors = TP_AVF_MAX_VECTORS;
	rig->bus.iommu = tp_dma_iommu(rig->dm.domain);
	rig->avf = tp_zalloc_aligned(64, sizeof(*rig->avf));
	assert_non_null(rig->avf);
	rig->avf->bus = &rig->bus;
	rig->avf->domain = rig->dm.domain;
	rig->avf->node = TP_NODE_NONE;
	tp_avf_queues_init(rig->avf);
	rig_make_netdev(rig, config, 1024);
	must(tp_avf_rings_alloc(rig->avf));
	tp_avf_rings_fill(rig->avf);
	tp_avf_unquiesce(rig->avf);
	rig->wakes = 0;
}

static inline void rig_stop(void)
{
	tp_avf_quiesce(rig->avf);
	tp_avf_rings_clean(rig->avf);
}

/* Everything must come back. */
static inline int rig_end(void **state)
{
	(void)state;
	tp_fault_reset();
	rig_free_got();
	rig_stop();
	tp_avf_rings_free(rig->avf);
	must(tp_avf_pools_fini(rig->avf));
	must(tp_dma_pool_destroy(rig->avf->nd.pool));
	tp_free(rig->avf);
	end_dma_machine(&rig->dm);
	tp_free(rig);
	return 0;
}

static inline int rig_begin(void **state)
{
	(void)state;
	rig_make(rig_config(512, 1500));
	return 0;
}

static inline int rig_begin_small(void **state)
{
	(void)state;
	rig_make(rig_config(64, 1500));
	return 0;
}

#define RIG_TEST(test)	     cmocka_unit_test_setup_teardown(test, rig_begin, rig_end)
#define SMALL_RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_begin_small, rig_end)

/* ---- short words ----------------------------------------------------------------------------- */

static inline struct tp_avf_tx_ring *tx(void)
{
	return &rig->avf->queues[0].tx;
}

static inline struct tp_avf_rx_ring *rx(void)
{
	return &rig->avf->queues[0].rx;
}

static inline struct tp_sq_values sq(void)
{
	struct tp_sq_values values;

	tp_sq_stats_read(&rig->avf->nd.sq_stats[0], &values);
	return values;
}

static inline struct tp_rq_values rq(void)
{
	struct tp_rq_values values;

	tp_rq_stats_read(&rig->avf->nd.rq_stats[0], &values);
	return values;
}

static inline unsigned poll_once(unsigned budget)
{
	return tp_netdev_poll(&rig->avf->nd, 0, budget);
}

static inline unsigned xmit(struct tp_netbuf **frames, unsigned n)
{
	return tp_netdev_xmit(&rig->avf->nd, 0, frames, n, false);
}

static inline bool xmit_one(struct tp_netbuf *frame)
{
	return xmit(&frame, 1);
}

static inline uint64_t bufs_out(struct tp_dma_pool *pool)
{
	struct tp_dma_pool_stat stat;

	tp_dma_pool_stat(pool, &stat);
	return stat.bufs_out;
}

/* A frame whose bytes are numbered. */
static inline struct tp_netbuf *frame_of(uint32_t len)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(rig->avf->nd.pool, len);

	assert_non_null(frame);
	for (uint32_t i = 0; i < len; i++) {
		unsigned char byte = pattern(i);

		tp_netbuf_copy_in(frame, i, &byte, 1);
	}
	return frame;
}

/* One of @n buffers with @len bytes each. */
static inline struct tp_netbuf *chain_of(unsigned n, uint16_t len)
{
	struct tp_netbuf *frame = frame_of(len);

	while (--n)
		tp_netbuf_append(frame, frame_of(len));
	return frame;
}

/* ---- the device's hand: send ----------------------------------------------------------------- */

static inline uint32_t tx_tail(void)
{
	return rig->regs[TP_AVF_QTX_TAIL(0) / 4];
}

/* Take one frame's descriptors and write back what asks for it.  False: there is none. */
static inline bool device_sends_one(void)
{
	uint64_t qw1;

	if (rig->tx_head == tx_tail())
		return false;
	do {
		struct tp_avf_tx_desc *desc = &tx()->desc[rig->tx_head];

		assert_int_not_equal(rig->tx_head, tx_tail());
		qw1 = tp_atomic_load(&desc->qw1, TP_ACQUIRE);
		rig->tx_head = tp_avf_next(rig->tx_head, tx()->count);
		if (qw1 >> TP_AVF_TXD_CMD_SHIFT & TP_AVF_TXC_RS)
			tp_atomic_store(&desc->qw1, qw1 | TP_AVF_TXD_DONE, TP_RELEASE);
	} while ((qw1 & TP_AVF_TXD_DTYPE) == TP_AVF_TXD_CONTEXT ||
		 !(qw1 >> TP_AVF_TXD_CMD_SHIFT & TP_AVF_TXC_EOP));
	return true;
}

static inline unsigned device_sends(void)
{
	unsigned n = 0;

	while (device_sends_one())
		n++;
	return n;
}

/* ---- the device's hand: receive -------------------------------------------------------------- */

static inline uint32_t rx_tail(void)
{
	return rig->regs[TP_AVF_QRX_TAIL(0) / 4];
}

/* Write the next descriptor back: @len bytes from @data, and what @bits say. */
static inline void device_writes(const void *data, uint32_t len, uint64_t bits, uint64_t qw0)
{
	struct tp_avf_rx_desc *desc = &rx()->desc[rig->rx_head];

	assert_int_not_equal(rig->rx_head, rx_tail());
	assert_int_equal(tp_atomic_load(&desc->qw1, TP_RELAXED), 0);
	if (data)
		assert_true(tp_iommu_write(rig->bus.iommu, (tp_dma_addr){ desc->qw0 }, data, len));
	desc->qw0 = qw0;
	tp_atomic_store(&desc->qw1, bits | TP_AVF_RXD_DD | (uint64_t)len << TP_AVF_RXD_LEN_SHIFT,
			TP_RELEASE);
	rig->rx_head = tp_avf_next(rig->rx_head, rx()->count);
}

/* A whole frame of numbered bytes, in as many buffers as it takes. */
static inline void device_receives(uint32_t len, uint64_t bits)
{
	static unsigned char data[1 << 16];
	uint32_t at = 0, piece;

	for (uint32_t i = 0; i < len; i++)
		data[i] = pattern(i);
	do {
		piece = TP_MIN(len - at, rx()->buf_len);
		device_writes(data + at, piece,
			      at + piece == len ? bits | TP_AVF_RXD_EOP : TP_AVF_RXD_LPBK, 0);
		at += piece;
	} while (at < len);
}

/* The content of a frame is what device_receives() wrote. */
static inline bool is_numbered(const struct tp_netbuf *frame)
{
	for (uint32_t i = 0; i < frame->frame_len; i++) {
		unsigned char byte;

		tp_netbuf_copy_out(frame, i, &byte, 1);
		if (byte != pattern(i))
			return false;
	}
	return true;
}

#endif
