/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_avf_device - whatever an AVF says, in registers, messages and descriptors, its driver loses
 * nothing and comes back when the device behaves.
 *
 * The input is read byte by byte: what to do next, what the register that is read says, how the
 * message that was sent is answered.  When it is used up the device is a good one.
 */
#include <tidepool/tidepool.h>

#include "core/invariant.h"
#include "fake_avf.h"
#include "net/avf/avf_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUEUES = 2, RING = 64, MAX_STEPS = 64 };

static const struct tp_machine_config machine_config = {
	.nr_nodes = 1,
	.nodes = { { .dram = TP_MIB(24), .cpus = 1 } },
	.block_size = TP_MIB(4),
	.dma_size = TP_MIB(4),
	.dma32_size = TP_MIB(4),
};

static struct world {
	struct tp_machine *machine;
	struct fake_avf fake;
	struct tp_avf *avf;
	const uint8_t *data;
	size_t size;
	/* of the queues, as the driver said last */
	struct tp_vc_queue_pair_info pairs[QUEUES];
	unsigned rx_head[QUEUES], tx_head[QUEUES];
	uint64_t received;
} world;

/* ---- the input ------------------------------------------------------------------------------- */

static uint8_t next(void)
{
	if (!world.size)
		return 0;
	world.size--;
	return *world.data++;
}

static uint64_t next_number(unsigned bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | next();
	return n;
}

static void next_bytes(uint8_t *to, size_t n)
{
	while (n--)
		*to++ = next();
}

/* ---- registers ------------------------------------------------------------------------------- */

/* Lies now and then; what most bytes mean is the truth, so that something gets done. */
static uint32_t say(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	(void)fake;
	(void)offset;
	switch (next()) {
	case 0xFF:
		return (uint32_t)next_number(4);
	case 0xFE:
		return UINT32_MAX;
	case 0xFD:
		return 0;
	case 0xFC:
		return value ^ UINT32_C(1) << (next() & 31);
	default:
		return value;
	}
}

/* ---- messages -------------------------------------------------------------------------------- */

static void post_anything(struct fake_avf *fake)
{
	uint8_t data[256];
	size_t len = next();
	struct tp_avf_aq_desc desc = { .flags = TP_AVF_AQF_DD, .opcode = TP_AVF_AQ_TO_VF };

	next_bytes(data, len);
	desc.cookie_high = next();
	desc.cookie_low = next() & 1 ? 0 : (uint32_t)next_number(4);
	desc.datalen = (uint16_t)(next() & 3 ? len : next_number(2));
	if (next() == 0xFF)
		desc.flags = (uint16_t)next_number(2);
	if (next() == 0xFF)
		desc.opcode = (uint16_t)next_number(2);
	fake_post_desc(fake, desc, data, len);
}

static void remember_queues(const struct fake_message *m)
{
	const struct tp_vc_vsi_queue_config_info *info = (const void *)m->data;

	for (unsigned i = 0; i < info->num_queue_pairs; i++) {
		unsigned q = info->qpair[i].rxq.queue_id;

		TP_INVARIANT(q < QUEUES);
		world.pairs[q].rxq = info->qpair[i].rxq;
		if (info->qpair[i].txq.ring_len)
			world.pairs[q].txq = info->qpair[i].txq;
		world.rx_head[q] = world.tx_head[q] = 0;
	}
}

/* The usual answer with some bytes changed. */
static void answer_bent(struct fake_avf *fake, const struct fake_message *m)
{
	_Alignas(8) uint8_t data[256] = { 0 };
	size_t len = fake_answer(fake, m->op, data);

	for (unsigned n = next() & 7; n && len; n--)
		data[next() % len] = next();
	fake_post(fake, m->op, 0, data, len);
}

static bool answer(struct fake_avf *fake, const struct fake_message *m)
{
	if (m->op == TP_VC_CONFIG_VSI_QUEUES)
		remember_queues(m);
	switch (next()) {
	case 0xFF:
		return true; /* none */
	case 0xFE:
		fake_reset(fake);
		return true;
	case 0xFD:
		post_anything(fake);
		return true;
	case 0xFC:
		post_anything(fake);
		return false;
	case 0xFB:
		answer_bent(fake, m);
		return true;
	case 0xFA:
		fake_obey(fake, m);
		return false;
	default:
		return false;
	}
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void write_rx(unsigned q)
{
	const struct tp_vc_rxq_info *rxq = &world.pairs[q].rxq;
	uint64_t qw[4];

	if (!rxq->ring_len || !tp_atomic_load(&world.avf->running, TP_RELAXED))
		return;
	next_bytes((uint8_t *)qw, sizeof(qw));
	if (next() & 1) /* a length that fits, a whole frame */
		qw[1] = TP_AVF_RXD_DD | TP_AVF_RXD_EOP | (qw[1] & 0xFF) << TP_AVF_RXD_LEN_SHIFT;
	fake_write(&world.fake,
		   (tp_dma_addr){ rxq->dma_ring_addr +
				  world.rx_head[q] * sizeof(struct tp_avf_rx_desc) },
		   qw, sizeof(qw));
	world.rx_head[q] = (world.rx_head[q] + 1) % rxq->ring_len;
}

static void write_tx(unsigned q)
{
	const struct tp_vc_txq_info *txq = &world.pairs[q].txq;
	uint64_t qw[2];

	if (!txq->ring_len || !tp_atomic_load(&world.avf->running, TP_RELAXED))
		return;
	next_bytes((uint8_t *)qw, sizeof(qw));
	if (next() & 1)
		qw[1] |= TP_AVF_TXD_DONE;
	fake_write(&world.fake,
		   (tp_dma_addr){ txq->dma_ring_addr +
				  world.tx_head[q] * sizeof(struct tp_avf_tx_desc) },
		   qw, sizeof(qw));
	world.tx_head[q] = (world.tx_head[q] + 1) % txq->ring_len;
}

/* ---- the user -------------------------------------------------------------------------------- */

static void receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	uint8_t byte;

	(void)arg;
	TP_INVARIANT(queue < QUEUES);
	for (unsigned i = 0; i < n; i++) {
		TP_INVARIANT(frames[i]->frame_len && frames[i]->frame_len <= TP_NETBUF_MAX_LEN);
		for (uint32_t at = 0; at < frames[i]->frame_len; at += 61)
			tp_netbuf_copy_out(frames[i], at, &byte, 1);
	}
	world.received += n;
	tp_netbuf_free_bulk(frames, n);
}

static void send(unsigned queue)
{
	struct tp_netdev *nd = tp_avf_netdev(world.avf);
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(nd->pool, (uint32_t)next() * 16);

	if (!frame)
		return;
	frame->flags = (uint16_t)next_number(2);
	frame->l2_len = next();
	frame->l3_len = next();
	frame->l4_len = next();
	frame->mss = (uint16_t)next_number(2);
	if (!tp_netdev_xmit(nd, queue, &frame, 1, next() & 1))
		tp_netbuf_free(frame);
}

static void configure(void)
{
	struct tp_net_config config = tp_avf_netdev(world.avf)->config;

	config.queues = 1 + next() % QUEUES;
	config.mtu = 68 + next() * 32u;
	config.rx_ring = RING << (next() & 1);
	config.promisc = next() & 1;
	config.mac[5] = next();
	config.features = next();
	tp_net_configure(world.machine, "avf0", &config);
}

static void set_filter(void)
{
	const uint8_t group[6] = { 1, 0, 0x5E, 0, 0, next() };

	tp_net_vlan(world.machine, "avf0", (uint16_t)next_number(2), next() & 1);
	tp_net_multicast(world.machine, "avf0", group, next() & 1);
}

static void step(void)
{
	struct tp_netdev *nd = tp_avf_netdev(world.avf);
	unsigned what = next(), queue = what >> 7;

	switch (what % 12) {
	case 0:
		tp_net_open(world.machine, "avf0");
		break;
	case 1:
		tp_net_close(world.machine, "avf0");
		break;
	case 2:
		configure();
		break;
	case 3:
		set_filter();
		break;
	case 4:
		tp_net_reset(world.machine, "avf0");
		break;
	case 5:
		world.avf->next_stats_ns = world.avf->next_watchdog_ns = 0;
		tp_avf_service(world.avf);
		break;
	case 6:
		post_anything(&world.fake);
		break;
	case 7:
		write_rx(queue);
		break;
	case 8:
		write_tx(queue);
		break;
	case 9:
		send(queue);
		break;
	default:
		tp_netdev_poll(nd, queue, 16);
	}
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static bool create(void)
{
	const struct tp_avf_config config = {
		.name = "avf0",
		.machine = world.machine,
		.bus = &world.fake.bus,
		.rx_ring = RING,
		.tx_ring = RING,
		.pool_bufs = 32,
		.patience = { .taken_ns = TP_MICROSECONDS(30),
			      .answer_ns = TP_MICROSECONDS(30),
			      .begin_ns = TP_MICROSECONDS(30),
			      .end_ns = TP_MICROSECONDS(30) },
	};
	const struct tp_netdev_user user = { .name = "fuzz", .receive = receive };

	if (tp_avf_create(&config, &world.avf))
		return false;
	tp_avf_set_user(world.avf, &user);
	return true;
}

/* A good device again: it must come back, and everything must be there. */
static void come_back(void)
{
	struct tp_net_info info;
	int err;

	world.size = 0;
	for (unsigned n = 0; n < 4; n++)
		tp_avf_service(world.avf);
	err = tp_net_info(world.machine, "avf0", &info);
	if (!err && info.state == TP_NET_FAILED)
		err = tp_net_reset(world.machine, "avf0");
	if (!err)
		err = tp_net_open(world.machine, "avf0");
	TP_INVARIANT(!err && world.avf->state == TP_NET_RUNNING);
	for (unsigned q = 0; q < QUEUES; q++)
		tp_netdev_poll(tp_avf_netdev(world.avf), q, 16);
}

static void end(void)
{
	int err;

	come_back();
	err = tp_net_close(world.machine, "avf0");
	TP_INVARIANT(!err);
	err = tp_avf_destroy(world.avf);
	TP_INVARIANT(!err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	memset(&world, 0, sizeof(world));
	err = tp_machine_create(&machine_config, &world.machine);
	TP_INVARIANT(!err);
	fake_init(&world.fake);
	world.fake.queues = QUEUES;
	world.fake.spy = say;
	world.fake.pf = answer;
	world.data = data;
	world.size = size;
	if (create()) {
		for (unsigned n = 0; n < MAX_STEPS && world.size; n++)
			step();
		end();
	}
	TP_INVARIANT(!world.fake.bus.iommu);
	err = tp_machine_check(world.machine, true, stderr);
	TP_INVARIANT(!err);
	tp_machine_destroy(world.machine);
	return 0;
}
