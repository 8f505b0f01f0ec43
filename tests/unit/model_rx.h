/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_rx - receive rings of a simulated function, filled by hand.
 *
 * Buffers of queue q begin at data page 64 * q; each has room around it that nobody may touch.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MODEL_RX_H
#define TESTS_UNIT_MODEL_RX_H

#include "model_engine.h"

enum { STRIDE = 2560, BUF_AT = 256 };

static unsigned rx_count, rx_buf_size;
static unsigned rx_clean[TP_AVF_MAX_QUEUES]; /* descriptor that is written next */

/* One descriptor as the driver finds it. */
struct written {
	bool dd, eop;
	unsigned len, ptype;
	uint64_t qw0, qw1, qw2;
	uint64_t buf; /* where its data is */
};

static inline struct tp_avf_rx_desc *rx_desc(unsigned q, unsigned i)
{
	return (void *)host((uint64_t)(RX_RING_PAGE + 4 * q) * PAGE +
			    i % rx_count * sizeof(struct tp_avf_rx_desc));
}

static inline uint64_t rx_buf(unsigned q, unsigned i)
{
	return (uint64_t)(DATA_PAGE + 96 * (q + 1)) * PAGE + (uint64_t)(i % rx_count) * STRIDE +
	       BUF_AT;
}

static inline void rx_arm(unsigned q, unsigned i)
{
	struct tp_avf_rx_desc *desc = rx_desc(q, i);

	desc->qw0 = dma(rx_buf(q, i));
	desc->qw2 = desc->qw3 = ~UINT64_C(0); /* the device clears what it has nothing to say in */
	tp_atomic_store(&desc->qw1, 0, TP_RELAXED);
}

static inline void rx_tail(unsigned q, uint32_t tail)
{
	tp_bus_write(&m->bus, TP_AVF_QRX_TAIL(q), tail);
}

static inline struct tp_vc_rxq_info rx_info(unsigned q)
{
	return (struct tp_vc_rxq_info){ .ring_len = rx_count,
					.databuffer_size = rx_buf_size,
					.max_pkt_size = 9728,
					.dma_ring_addr =
						dma((uint64_t)(RX_RING_PAGE + 4 * q) * PAGE) };
}

static inline void begin_rx_queue(unsigned q, const struct tp_vc_rxq_info *info)
{
	tp_avf_engine_config_rx(m, q, info);
	m->rx[q].vector = 1;
	m->rx[q].itr = TP_AVF_ITR_NONE;
	for (unsigned i = 0; i < rx_count; i++)
		rx_arm(q, i);
	rx_tail(q, rx_count - 1);
	rx_clean[q] = 0;
	tp_avf_engine_enable(m, q, false, true);
}

/* One queue; @configure may change what is said of it. */
static inline void begin_rx(struct tp_avf_model_config config, unsigned count, unsigned buf_size,
			    void (*configure)(struct tp_vc_rxq_info *info))
{
	struct tp_vc_rxq_info info;

	make_function(config);
	rx_count = count;
	rx_buf_size = buf_size;
	info = rx_info(0);
	if (configure)
		configure(&info);
	begin_rx_queue(0, &info);
	m->port.hena = 0;
	m->port.generation++;
}

static inline struct written rx_look(unsigned q, unsigned i)
{
	const struct tp_avf_rx_desc *desc = rx_desc(q, i);
	uint64_t qw1 = tp_atomic_load(&desc->qw1, TP_ACQUIRE);

	/* As long as it is as it was armed, the rest is the device's, which may be writing it. */
	return (struct written){
		.dd = qw1 & TP_AVF_RXD_DD,
		.eop = qw1 & TP_AVF_RXD_EOP,
		.len = qw1 >> TP_AVF_RXD_LEN_SHIFT & TP_AVF_RXD_LEN_MASK,
		.ptype = qw1 >> TP_AVF_RXD_PTYPE_SHIFT & 0xff,
		.qw0 = qw1 ? desc->qw0 : 0,
		.qw1 = qw1,
		.qw2 = qw1 ? desc->qw2 : 0,
		.buf = rx_buf(q, i),
	};
}

/* The next descriptor that was written. */
static inline struct written rx_take(unsigned q)
{
	struct written w = rx_look(q, rx_clean[q]);

	assert_true(w.dd);
	rx_clean[q]++;
	return w;
}

/* Give descriptors back that were taken. */
static inline void rx_refill(unsigned q)
{
	for (unsigned i = 0; i < rx_count; i++)
		if (rx_look(q, i).dd)
			rx_arm(q, i);
	rx_tail(q, (rx_clean[q] + rx_count - 1) % rx_count);
}

static inline bool rx_any(unsigned q)
{
	return rx_look(q, rx_clean[q]).dd;
}

/* A whole frame, however many buffers it came in; returns its last descriptor. */
static inline struct written rx_frame(unsigned q, uint8_t *bytes, unsigned *len)
{
	struct written w;

	*len = 0;
	do {
		w = rx_take(q);
		assert_int_equal(w.qw2, 0);
		get(w.buf, bytes + *len, w.len);
		*len += w.len;
	} while (!w.eop);
	return w;
}

/* Around the buffers nothing was written, nor behind what came in them. */
static inline void rx_check_surroundings(unsigned q)
{
	for (unsigned i = 0; i < rx_count; i++) {
		uint64_t buf = rx_buf(q, i);

		for (unsigned b = 0; b < BUF_AT; b++)
			assert_int_equal(*host(buf - BUF_AT + b), PATTERN);
		for (unsigned b = rx_buf_size; b < STRIDE - BUF_AT; b++)
			assert_int_equal(*host(buf + b), PATTERN);
	}
}

#endif
