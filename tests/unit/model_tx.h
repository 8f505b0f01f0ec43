/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_tx - a transmit ring of a simulated function, filled by hand.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MODEL_TX_H
#define TESTS_UNIT_MODEL_TX_H

#include "model_engine.h"

enum { EOP = TP_AVF_TXC_EOP, RS = TP_AVF_TXC_RS, ICRC = TP_AVF_TXC_ICRC, PLAIN = EOP | RS | ICRC };

static unsigned tx_tail, tx_count;
static uint64_t tx_room; /* data is put here next */

static inline void begin_tx(struct tp_avf_model_config config, unsigned count)
{
	const struct tp_vc_txq_info info = { .ring_len = (uint16_t)count,
					     .dma_ring_addr = dma(TX_RING_PAGE * PAGE) };

	make_function(config);
	tp_avf_engine_config_tx(m, 0, &info);
	m->tx[0].vector = 1;
	m->tx[0].itr = TP_AVF_ITR_NONE;
	tp_avf_engine_enable(m, 0, true, true);
	tx_tail = 0;
	tx_count = count;
	tx_room = DATA_PAGE * PAGE;
}

static inline struct tp_avf_tx_desc *tx_desc(unsigned i)
{
	return (void *)host(TX_RING_PAGE * PAGE + i % tx_count * sizeof(struct tp_avf_tx_desc));
}

static inline uint64_t tx_qw1(unsigned i)
{
	return tp_atomic_load(&tx_desc(i)->qw1, TP_ACQUIRE);
}

static inline bool is_done(unsigned i)
{
	return (tx_qw1(i) & TP_AVF_TXD_DTYPE) == TP_AVF_TXD_DONE;
}

static inline void post_raw(uint64_t addr, uint64_t qw1)
{
	tx_desc(tx_tail)->addr = addr;
	tp_atomic_store(&tx_desc(tx_tail)->qw1, qw1, TP_RELAXED);
	tx_tail = (tx_tail + 1) % tx_count;
}

static inline void post_at(uint64_t at, unsigned len, uint64_t cmd, uint64_t fields)
{
	post_raw(dma(at), TP_AVF_TXD_DATA | cmd << TP_AVF_TXD_CMD_SHIFT |
				  (uint64_t)len << TP_AVF_TXD_BUFSZ_SHIFT | fields);
}

static inline void post_context(uint64_t cmd, unsigned mss, unsigned tso_len, uint16_t tag2)
{
	post_raw((uint64_t)tag2 << TP_AVF_TXX_L2TAG2_SHIFT,
		 TP_AVF_TXD_CONTEXT | cmd << TP_AVF_TXD_CMD_SHIFT |
			 (uint64_t)tso_len << TP_AVF_TXX_TSOLEN_SHIFT |
			 (uint64_t)mss << TP_AVF_TXX_MSS_SHIFT);
}

/* Put data behind what is there, with a gap, so that buffers cross pages every now and then. */
static inline uint64_t put_data(const void *bytes, unsigned len)
{
	uint64_t at = tx_room;

	if (at + len + 13 > (uint64_t)PAGES * PAGE)
		at = DATA_PAGE * PAGE;
	put(at, bytes, len);
	tx_room = at + len + 13;
	return at;
}

static inline void post_data(const void *bytes, unsigned len, uint64_t cmd, uint64_t fields)
{
	post_at(put_data(bytes, len), len, cmd, fields);
}

/* A frame cut into buffers of @size bytes. */
static inline void post_cut(const uint8_t *bytes, unsigned len, unsigned size, uint64_t cmd,
			    uint64_t fields)
{
	for (unsigned at = 0; at < len; at += size) {
		unsigned n = TP_MIN(size, len - at);

		post_data(bytes + at, n, at + n < len ? cmd & ~(uint64_t)(EOP | RS) : cmd, fields);
	}
}

static inline void ring_tx(void)
{
	tp_bus_write(&m->bus, TP_AVF_QTX_TAIL(0), tx_tail);
}

/* Fields of a data descriptor for the headers of @f. */
static inline uint64_t header_fields(const struct frame *f)
{
	return (uint64_t)(f->l3_at / 2) << TP_AVF_TXD_MACLEN_SHIFT |
	       (uint64_t)((f->l4_at - f->l3_at) / 4) << TP_AVF_TXD_IPLEN_SHIFT |
	       (uint64_t)((f->payload_at - f->l4_at) / 4) << TP_AVF_TXD_L4LEN_SHIFT;
}

/* Commands for the checksums of a frame made by @spec. */
static inline uint64_t csum_cmd(const struct frame_spec *spec)
{
	return (spec->ipv6 ? TP_AVF_TXC_IIPT_IPV6 : TP_AVF_TXC_IIPT_IPV4_CSUM) |
	       (spec->proto == TP_IP_TCP    ? TP_AVF_TXC_L4T_TCP
		: spec->proto == TP_IP_SCTP ? TP_AVF_TXC_L4T_SCTP
					    : TP_AVF_TXC_L4T_UDP);
}

/* Leave in a bare frame what a driver leaves: the sum of the pseudo header. */
static inline void put_seed(const struct frame_spec *spec, struct frame *f, unsigned l4_len)
{
	put16(f->bytes + f->l4_at + (spec->proto == TP_IP_TCP ? 16 : 6),
	      slow_pseudo(spec, f, l4_len));
}

#endif
