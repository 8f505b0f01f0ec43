/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_raw - the simulated function handled by hand: registers poked, descriptors written, messages
 * sent and read as a driver would, but with nothing in between that is careful.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_AVF_RAW_H
#define TESTS_UNIT_AVF_RAW_H

#include <string.h>

#include "core/clock.h"
#include "dma/dma.h"
#include "mm_machine.h"
#include "model/avf/avf_model.h"
#include "net/avf/avf_regs.h"
#include "net/avf/virtchnl_regs.h"

enum { RAW_VSI = 7, RAW_RING = 64, RAW_RXBUF = 2048 };

struct raw_message {
	uint32_t op;
	int32_t status;
	uint16_t len;
	union {
		uint8_t bytes[TP_AVF_AQ_BUF];
		uint64_t words[TP_AVF_AQ_BUF / 8];
		struct tp_vc_version version;
		struct tp_vc_pf_event event;
		struct tp_vc_eth_stats stats;
		struct tp_vc_vlan_caps vlan_caps;
		struct tp_vc_vf_res_request request;
		struct tp_vc_rss_hena hena;
		struct tp_vc_supported_rxdids rxdids;
	};
};

/* One admin queue: 32 descriptors, a buffer of 4096 bytes for each. */
struct raw_ring {
	struct tp_dma_coherent desc, bufs;
	unsigned next;
};

struct raw {
	struct tp_machine *machine;
	struct tp_dma_domain *domain;
	struct tp_avf_model *model;
	struct tp_bus_device *bus;
	struct raw_ring atq, arq;
	struct tp_dma_coherent rings[2 * TP_AVF_MAX_QUEUES]; /* of queues: receive, transmit */
	struct raw_message message;			     /* the last one */
	unsigned irqs[TP_AVF_MAX_VECTORS];		     /* counted by raw_count_irqs() */
};

/* Of an answer to GET_VF_RESOURCES. */
static inline const struct tp_vc_vf_resource *raw_resource(const struct raw *r)
{
	return (const void *)r->message.bytes;
}

/* ---- registers ------------------------------------------------------------------------------- */

static inline uint32_t raw_read(struct raw *r, uint32_t offset)
{
	return tp_bus_read(r->bus, offset);
}

static inline void raw_write(struct raw *r, uint32_t offset, uint32_t value)
{
	tp_bus_write(r->bus, offset, value);
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* A machine, and what of it the device may reach: nothing yet. */
static inline void raw_begin_machine(struct raw *r)
{
	const struct tp_machine_config machine = {
		.nr_nodes = 1,
		.nodes = { { .dram = TP_MIB(16), .cpus = 2 } },
		.dma_size = TP_MIB(4),
		.dma32_size = TP_MIB(4),
		.block_size = TP_MIB(4),
	};

	memset(r, 0, sizeof(*r));
	r->machine = make_machine(machine);
	must(tp_dma_domain_create(r->machine, "raw", &r->domain));
}

static inline void raw_begin_device(struct raw *r, struct tp_avf_model_config config)
{
	if (!config.name)
		config.name = "raw0";
	must(tp_avf_model_create(&config, &r->model));
	r->bus = tp_avf_model_bus(r->model);
	r->bus->iommu = tp_dma_iommu(r->domain);
	tp_bus_power_get(r->bus);
}

/* A device that nobody has touched, in a machine of its own. */
static inline void raw_begin(struct raw *r, struct tp_avf_model_config config)
{
	raw_begin_machine(r);
	raw_begin_device(r, config);
}

static inline void raw_free_rings(struct raw *r)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(r->rings); i++) {
		tp_dma_free(&r->rings[i]);
		r->rings[i].address = NULL;
	}
}

static inline void raw_aq_free(struct raw *r)
{
	struct tp_dma_coherent *all[] = { &r->atq.desc, &r->atq.bufs, &r->arq.desc, &r->arq.bufs };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(all); i++) {
		tp_dma_free(all[i]);
		all[i]->address = NULL;
	}
}

/* In whatever state the device is. */
static inline void raw_end_device(struct raw *r)
{
	tp_bus_power_put(r->bus);
	tp_avf_model_destroy(r->model);
}

static inline void raw_end(struct raw *r)
{
	raw_end_device(r);
	raw_free_rings(r);
	raw_aq_free(r);
	tp_dma_domain_destroy(r->domain);
	end_machine(r->machine);
}

/* How many accesses the IOMMU refused. */
static inline uint64_t raw_faults(struct raw *r)
{
	struct tp_dma_fault first;

	return tp_dma_faults(r->domain, &first, 1);
}

static inline void raw_alloc(struct raw *r, struct tp_dma_coherent *memory, size_t size)
{
	must(tp_dma_alloc(r->domain, size, TP_NODE_NONE, "raw", memory));
}

/* ---- admin queue ----------------------------------------------------------------------------- */

static inline struct tp_avf_aq_desc *raw_desc(struct raw_ring *ring, unsigned i)
{
	return (struct tp_avf_aq_desc *)ring->desc.address + i;
}

static inline void *raw_buf(struct raw_ring *ring, unsigned i)
{
	return (char *)ring->bufs.address + (size_t)i * TP_AVF_AQ_BUF;
}

static inline void raw_point_at_buf(struct raw_ring *ring, unsigned i)
{
	uint64_t dma = ring->bufs.dma.v + (uint64_t)i * TP_AVF_AQ_BUF;

	raw_desc(ring, i)->addr_high = (uint32_t)(dma >> 32);
	raw_desc(ring, i)->addr_low = (uint32_t)dma;
}

/* A descriptor of the receiving ring as drivers post it. */
static inline void raw_post(struct raw *r, unsigned i)
{
	*raw_desc(&r->arq, i) = (struct tp_avf_aq_desc){ .flags = TP_AVF_AQF_BUF | TP_AVF_AQF_LB,
							 .datalen = TP_AVF_AQ_BUF };
	raw_point_at_buf(&r->arq, i);
}

/* Length before base, as drivers do (T17). */
static inline void raw_aq_announce(struct raw *r)
{
	raw_write(r, TP_AVF_ATQH, 0);
	raw_write(r, TP_AVF_ATQT, 0);
	raw_write(r, TP_AVF_ATQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	raw_write(r, TP_AVF_ATQBAL, (uint32_t)r->atq.desc.dma.v);
	raw_write(r, TP_AVF_ATQBAH, (uint32_t)(r->atq.desc.dma.v >> 32));
	raw_write(r, TP_AVF_ARQH, 0);
	raw_write(r, TP_AVF_ARQT, 0);
	raw_write(r, TP_AVF_ARQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	raw_write(r, TP_AVF_ARQBAL, (uint32_t)r->arq.desc.dma.v);
	raw_write(r, TP_AVF_ARQBAH, (uint32_t)(r->arq.desc.dma.v >> 32));
	raw_write(r, TP_AVF_ARQT, TP_AVF_AQ_LEN - 1);
	r->atq.next = r->arq.next = 0;
}

/* Make both rings, fill the receiving one; may be done again after a reset. */
static inline void raw_aq_init(struct raw *r)
{
	if (!r->atq.desc.address) {
		raw_alloc(r, &r->atq.desc, TP_AVF_AQ_LEN * sizeof(struct tp_avf_aq_desc));
		raw_alloc(r, &r->arq.desc, TP_AVF_AQ_LEN * sizeof(struct tp_avf_aq_desc));
		raw_alloc(r, &r->atq.bufs, TP_AVF_AQ_LEN * TP_AVF_AQ_BUF);
		raw_alloc(r, &r->arq.bufs, TP_AVF_AQ_LEN * TP_AVF_AQ_BUF);
	}
	for (unsigned i = 0; i < TP_AVF_AQ_LEN; i++)
		raw_post(r, i);
	raw_aq_announce(r);
}

/* Write the next descriptor and the tail behind it; returns the descriptor. */
static inline struct tp_avf_aq_desc *raw_send_desc(struct raw *r, struct tp_avf_aq_desc desc,
						   const void *message, size_t len)
{
	unsigned i = r->atq.next;
	struct tp_avf_aq_desc *at = raw_desc(&r->atq, i);

	*at = desc;
	if (len) {
		memcpy(raw_buf(&r->atq, i), message, len);
		raw_point_at_buf(&r->atq, i);
	}
	r->atq.next = (i + 1) % TP_AVF_AQ_LEN;
	raw_write(r, TP_AVF_ATQT, r->atq.next);
	return at;
}

static inline struct tp_avf_aq_desc *raw_send(struct raw *r, uint32_t op, const void *message,
					      size_t len)
{
	const struct tp_avf_aq_desc desc = {
		.flags = (uint16_t)(TP_AVF_AQF_SI | (len ? TP_AVF_AQF_BUF | TP_AVF_AQF_RD : 0) |
				    (len > 512 ? TP_AVF_AQF_LB : 0)),
		.opcode = TP_AVF_AQ_TO_PF,
		.datalen = (uint16_t)len,
		.cookie_high = op,
	};

	return raw_send_desc(r, desc, message, len);
}

/* The next message into r->message; false: there is none. */
static inline bool raw_receive(struct raw *r)
{
	unsigned i = r->arq.next;
	struct tp_avf_aq_desc *desc = raw_desc(&r->arq, i);

	if (raw_read(r, TP_AVF_ARQH) == i)
		return false;
	assert_true(desc->flags & TP_AVF_AQF_DD);
	assert_int_equal(desc->opcode, TP_AVF_AQ_TO_VF);
	assert_in_range(desc->datalen, 0, TP_AVF_AQ_BUF);
	r->message.op = desc->cookie_high;
	r->message.status = (int32_t)desc->cookie_low;
	r->message.len = desc->datalen;
	memcpy(r->message.bytes, raw_buf(&r->arq, i), desc->datalen);
	raw_post(r, i);
	raw_write(r, TP_AVF_ARQT, i);
	r->arq.next = (i + 1) % TP_AVF_AQ_LEN;
	return true;
}

/* Send and read the answer, which must be there at once (TP_AVF_INLINE, TP_AVF_MANUAL). */
static inline int32_t raw_call(struct raw *r, uint32_t op, const void *message, size_t len)
{
	raw_send(r, op, message, len);
	assert_true(raw_receive(r));
	assert_int_equal(r->message.op, op);
	return r->message.status;
}

/* ---- the way up ------------------------------------------------------------------------------ */

/* Both rings, VERSION, GET_VF_RESOURCES. */
static inline void raw_handshake(struct raw *r, uint32_t caps)
{
	const struct tp_vc_version version = { TP_VC_MAJOR, TP_VC_MINOR };

	raw_aq_init(r);
	assert_int_equal(raw_call(r, TP_VC_VERSION, &version, sizeof(version)), TP_VC_SUCCESS);
	assert_int_equal(raw_call(r, TP_VC_GET_VF_RESOURCES, &caps, sizeof(caps)), TP_VC_SUCCESS);
}

/* Room for a CONFIG_VSI_QUEUES or CONFIG_IRQ_MAP of all queues. */
struct raw_queue_config {
	uint16_t vsi_id, nr;
	uint32_t pad;
	struct tp_vc_queue_pair_info pairs[TP_AVF_MAX_QUEUES + 1]; /* one more counts as length */
};

struct raw_vector_map {
	uint16_t nr;
	struct tp_vc_vector_map maps[TP_AVF_MAX_VECTORS + 1];
};

static inline size_t raw_queue_config_len(unsigned pairs)
{
	return sizeof(struct tp_vc_vsi_queue_config_info) +
	       (pairs + 1) * sizeof(struct tp_vc_queue_pair_info);
}

static inline size_t raw_vector_map_len(unsigned vectors)
{
	return sizeof(uint16_t) + (vectors + 1) * sizeof(struct tp_vc_vector_map);
}

/* Rings of RAW_RING descriptors for @n pairs, each in a page of its own. */
static inline struct raw_queue_config raw_queue_config(struct raw *r, unsigned n)
{
	struct raw_queue_config c = { .vsi_id = RAW_VSI, .nr = (uint16_t)n };

	for (unsigned q = 0; q < n; q++) {
		for (unsigned i = 2 * q; i < 2 * q + 2; i++)
			if (!r->rings[i].address)
				raw_alloc(r, &r->rings[i], TP_PAGE_SIZE);
		c.pairs[q].rxq = (struct tp_vc_rxq_info){ .vsi_id = RAW_VSI,
							  .queue_id = (uint16_t)q,
							  .ring_len = RAW_RING,
							  .databuffer_size = RAW_RXBUF,
							  .max_pkt_size = 1522,
							  .rxdid = 1,
							  .dma_ring_addr = r->rings[2 * q].dma.v };
		c.pairs[q].txq = (struct tp_vc_txq_info){
			.vsi_id = RAW_VSI,
			.queue_id = (uint16_t)q,
			.ring_len = RAW_RING,
			.dma_ring_addr = r->rings[2 * q + 1].dma.v,
		};
	}
	return c;
}

static inline int32_t raw_config_queues(struct raw *r, unsigned n)
{
	struct raw_queue_config c = raw_queue_config(r, n);

	return raw_call(r, TP_VC_CONFIG_VSI_QUEUES, &c, raw_queue_config_len(n));
}

/* Queue n at vector n + 1; its receive side at interval 0, its transmit side at 1. */
static inline int32_t raw_map_irqs(struct raw *r, unsigned n)
{
	struct raw_vector_map map = { .nr = (uint16_t)n };

	for (unsigned q = 0; q < n; q++)
		map.maps[q] = (struct tp_vc_vector_map){ .vsi_id = RAW_VSI,
							 .vector_id = (uint16_t)(q + 1),
							 .rxq_map = (uint16_t)(1u << q),
							 .txq_map = (uint16_t)(1u << q),
							 .rxitr_idx = 0,
							 .txitr_idx = 1 };
	return raw_call(r, TP_VC_CONFIG_IRQ_MAP, &map, raw_vector_map_len(n));
}

/* ENABLE_QUEUES or DISABLE_QUEUES; the link event that follows an enable is left to be read. */
static inline int32_t raw_select(struct raw *r, uint32_t op, uint32_t rx, uint32_t tx)
{
	const struct tp_vc_queue_select select = { .vsi_id = RAW_VSI,
						   .rx_queues = rx,
						   .tx_queues = tx };

	return raw_call(r, op, &select, sizeof(select));
}

/* All of it: @n pairs configured, mapped and enabled; all messages read. */
static inline void raw_up(struct raw *r, uint32_t caps, unsigned n)
{
	raw_handshake(r, caps);
	assert_int_equal(raw_config_queues(r, n), TP_VC_SUCCESS);
	assert_int_equal(raw_map_irqs(r, n), TP_VC_SUCCESS);
	assert_int_equal(raw_select(r, TP_VC_ENABLE_QUEUES, (1u << n) - 1, (1u << n) - 1),
			 TP_VC_SUCCESS);
	while (raw_receive(r))
		;
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static inline void raw_count_irq(void *arg)
{
	++*(unsigned *)arg;
}

/* Handlers of all vectors that only count. */
static inline void raw_count_irqs(struct raw *r)
{
	for (unsigned v = 0; v < r->bus->nr_vectors; v++)
		must(tp_bus_irq_request(r->bus, v, raw_count_irq, &r->irqs[v]));
}

#endif
