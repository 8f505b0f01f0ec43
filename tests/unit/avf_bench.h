/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_bench - two simulated functions joined by a wire, a driver for each, and numbered frames
 * between them.  Nothing runs but when the test says so: no thread, no timer (but see @run).
 *
 * The first function's registers are written through the bench, which can reset it at any message.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_AVF_BENCH_H
#define TESTS_UNIT_AVF_BENCH_H

#include <tidepool/fault.h>

#include "core/clock.h"
#include "mm_machine.h"
#include "model/avf/internal.h"
#include "net/avf/avf_internal.h"

enum {
	BENCH_BLOCKS = 16,
	BENCH_QUEUES = 2,
	BENCH_RING = 64,
	BENCH_MIN_FRAME = 64,
	BENCH_SIDES = 2,
};

/* When the bench resets the first function. */
enum bench_moment { BENCH_NEVER, BENCH_BEFORE, BENCH_AFTER, BENCH_ANNOUNCED };

struct bench_side {
	struct bench *bench;
	struct tp_avf_model *model;
	struct tp_avf *avf; /* NULL: no driver */
	struct tp_netdev *nd;
	uint64_t taken[TP_NET_MAX_QUEUES];     /* frames that xmit took */
	tp_quiet delivered[TP_NET_MAX_QUEUES]; /* to the user */
	tp_quiet damaged;		       /* of those: not as sent */
	uint64_t next;			       /* the number of the next frame */
	tp_quiet wakes;
	unsigned ups, downs;
	struct tp_avf_model_stat before; /* what the device had done when the driver came */
};

struct bench {
	struct tp_machine *m;
	struct tp_wire *wire;
	struct bench_side side[BENCH_SIDES];
	/* messages of side 0: counted; at the nth, see @moment */
	unsigned messages, nth;
	enum bench_moment moment;
	/* called instead of the reset, if it is there */
	void (*at_nth)(struct bench *bench);
	/* set before bench_make(): who polls; with interrupts there are timers too */
	enum tp_avf_run run;
	/* likewise: its machine, if it is to be another, and where drivers take memory there */
	struct tp_machine *given;
	int node;
};

static struct bench *bench_now; /* of the test under way */

/* ---- registers of the first function --------------------------------------------------------- */

static const struct tp_bus_ops *bench_real_ops;

static inline void bench_strike(struct bench *b)
{
	if (b->at_nth)
		b->at_nth(b);
	else
		tp_avf_model_pf_reset(b->side[0].model, b->moment == BENCH_ANNOUNCED);
}

static inline void bench_write(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	struct bench *b = bench_now;
	bool now = offset == TP_AVF_ATQT && value && ++b->messages == b->nth;

	if (now && b->moment == BENCH_BEFORE)
		bench_strike(b);
	bench_real_ops->write(bus, offset, value);
	if (now && (b->moment == BENCH_AFTER || b->moment == BENCH_ANNOUNCED))
		bench_strike(b);
}

static inline uint32_t bench_read(struct tp_bus_device *bus, uint32_t offset)
{
	return bench_real_ops->read(bus, offset);
}

static inline void bench_reset(struct tp_bus_device *bus)
{
	bench_real_ops->reset(bus);
}

static const struct tp_bus_ops bench_ops = { .read = bench_read,
					     .write = bench_write,
					     .reset = bench_reset };

/* From now on: at the @nth message. */
static inline void bench_arm(struct bench *b, unsigned nth, enum bench_moment moment)
{
	b->messages = 0;
	b->nth = nth;
	b->moment = moment;
}

/* ---- users ----------------------------------------------------------------------------------- */

/* Frames carry a number and bytes that follow from it. */
static inline bool bench_is_sound(const struct tp_netbuf *frame)
{
	uint8_t number, byte;

	if (frame->frame_len < BENCH_MIN_FRAME)
		return false;
	tp_netbuf_copy_out(frame, 14, &number, 1);
	for (uint32_t i = 15; i < BENCH_MIN_FRAME; i++) {
		tp_netbuf_copy_out(frame, i, &byte, 1);
		if (byte != (uint8_t)(number + i))
			return false;
	}
	return true;
}

static inline void bench_receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct bench_side *side = arg;

	for (unsigned i = 0; i < n; i++)
		tp_quiet_add(&side->damaged, !bench_is_sound(frames[i]));
	tp_quiet_add(&side->delivered[queue], n);
	tp_netbuf_free_bulk(frames, n);
}

static inline void bench_wake(void *arg, unsigned queue)
{
	(void)queue;
	tp_quiet_add(&((struct bench_side *)arg)->wakes, 1);
}

static inline void bench_carrier(void *arg, bool up)
{
	struct bench_side *side = arg;

	side->ups += up;
	side->downs += !up;
}

/* ---- making it ------------------------------------------------------------------------------- */

static inline struct tp_avf_config bench_driver_config(struct bench *b, unsigned s)
{
	static const char *const names[] = { "avf0", "avf1" };

	return (struct tp_avf_config){
		.name = names[s],
		.machine = b->m,
		.bus = tp_avf_model_bus(b->side[s].model),
		.node = b->node,
		.run = b->run,
		.rx_ring = BENCH_RING,
		.tx_ring = BENCH_RING,
		.pool_bufs = 512,
		.patience = { .taken_ns = TP_MILLISECONDS(20),
			      .answer_ns = TP_MILLISECONDS(20),
			      .begin_ns = TP_MILLISECONDS(20),
			      .end_ns = TP_MILLISECONDS(200) },
	};
}

static inline void bench_make_model(struct bench *b, unsigned s, struct tp_avf_model_config config)
{
	static const char *const names[] = { "fn0", "fn1" };
	struct bench_side *side = &b->side[s];

	config.name = names[s];
	config.no_timers = b->run != TP_AVF_RUN_INTERRUPT;
	config.queues = config.queues ? config.queues : BENCH_QUEUES;
	side->bench = b;
	must(tp_avf_model_create(&config, &side->model));
	must(tp_avf_model_plug(side->model, b->wire, s));
	if (s)
		return;
	bench_real_ops = tp_avf_model_bus(side->model)->ops;
	tp_avf_model_bus(side->model)->ops = &bench_ops;
}

static inline void bench_make_driver(struct bench *b, unsigned s, bool service)
{
	struct tp_avf_config config = bench_driver_config(b, s);
	struct bench_side *side = &b->side[s];
	const struct tp_netdev_user user = { .name = "bench",
					     .receive = bench_receive,
					     .wake = bench_wake,
					     .carrier = bench_carrier,
					     .arg = side };

	config.service = service;
	must(tp_avf_create(&config, &side->avf));
	side->nd = tp_avf_netdev(side->avf);
	tp_avf_set_user(side->avf, &user);
	memset(side->taken, 0, sizeof(side->taken));
	memset(side->delivered, 0, sizeof(side->delivered));
	tp_avf_model_stat(side->model, &side->before);
}

/* Both sides, closed. */
static inline void bench_make(struct bench *b, struct tp_avf_model_config config)
{
	*b = (struct bench){ .run = b->run, .given = b->given, .node = b->node };
	bench_now = b;
	b->m = b->given ? b->given : make_machine(small_machine(BENCH_BLOCKS));
	must(tp_wire_create(&b->wire));
	for (unsigned s = 0; s < BENCH_SIDES; s++) {
		bench_make_model(b, s, config);
		bench_make_driver(b, s, false);
	}
}

/* ---- short words ----------------------------------------------------------------------------- */

static inline struct tp_net_info bench_info(struct bench *b, unsigned s)
{
	struct tp_net_info info;

	must(tp_net_info(b->m, b->side[s].nd->name, &info));
	return info;
}

static inline void bench_open(struct bench *b)
{
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		must(tp_net_open(b->m, b->side[s].nd->name));
}

static inline void bench_close(struct bench *b)
{
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		must(tp_net_close(b->m, b->side[s].nd->name));
}

/* Rounds of both services until there is nothing that waits. */
static inline void bench_serve(struct bench *b)
{
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		for (unsigned n = 0; n < 8 && tp_avf_service(b->side[s].avf) <= tp_clock_now(); n++)
			;
}

static inline void bench_poll(struct bench_side *side)
{
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++)
		for (unsigned n = 0; n < 64 && tp_netdev_poll(side->nd, q, 64) == 64; n++)
			;
}

/* ---- traffic --------------------------------------------------------------------------------- */

static inline struct tp_netbuf *bench_frame(struct bench_side *from, const struct bench_side *to,
					    uint32_t len)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(from->nd->pool, len);
	uint8_t head[BENCH_MIN_FRAME];

	if (!frame)
		return NULL;
	memcpy(head, to->nd->config.mac, 6);
	memcpy(head + 6, from->nd->config.mac, 6);
	head[12] = 0x88;
	head[13] = 0xB5;
	head[14] = (uint8_t)from->next++;
	for (unsigned i = 15; i < sizeof(head); i++)
		head[i] = (uint8_t)(head[14] + i);
	tp_netbuf_copy_in(frame, 0, head, sizeof(head));
	return frame;
}

/* Offer @n frames to a send queue; returns how many were taken. */
static inline unsigned bench_send(struct bench *b, unsigned s, unsigned queue, unsigned n)
{
	struct bench_side *from = &b->side[s];
	unsigned taken = 0;

	while (taken < n) {
		struct tp_netbuf *frame = bench_frame(from, &b->side[!s], BENCH_MIN_FRAME);

		if (!frame)
			break;
		if (!tp_netdev_xmit(from->nd, queue, &frame, 1, false)) {
			tp_netbuf_free(frame);
			break;
		}
		taken++;
	}
	from->taken[queue] += taken;
	return taken;
}

/* Some frames both ways, over all queues there are. */
static inline void bench_exchange(struct bench *b)
{
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		for (unsigned q = 0; q < b->side[s].nd->config.queues; q++)
			bench_send(b, s, q, 16);
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		bench_poll(&b->side[s]);
}

static inline uint64_t bench_delivered(const struct bench *b, unsigned s)
{
	uint64_t n = 0;

	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++)
		n += tp_quiet_load(&b->side[s].delivered[q]);
	return n;
}

/* ---- conservation ---------------------------------------------------------------------------- */

/* For a queue of a closed device: Q3. */
static inline void bench_assert_queue(const struct bench_side *side,
				      const struct tp_avf_model_stat *stat, unsigned q)
{
	const struct tp_avf_queue_counts *now = &stat->queue[q], *then = &side->before.queue[q];
	struct tp_rq_values rq;
	struct tp_sq_values sq;

	tp_rq_stats_read(&side->nd->rq_stats[q], &rq);
	tp_sq_stats_read(&side->nd->sq_stats[q], &sq);
	assert_int_equal(side->taken[q], sq.packets + tp_sq_drops(&sq));
	assert_int_equal(tp_quiet_load(&side->delivered[q]), rq.packets);
	assert_int_equal(now->rx_written - then->rx_written, rq.packets + tp_rq_drops(&rq));
	assert_int_equal(sq.bytes, sq.packets * BENCH_MIN_FRAME);
	assert_int_equal(rq.bytes, rq.packets * BENCH_MIN_FRAME);
	assert_in_range(now->tx_frames - then->tx_frames, sq.packets, sq.packets + sq.drop_reset);
}

/* Of a closed device. */
static inline void bench_assert_conserved(const struct bench_side *side)
{
	struct tp_avf_model_stat stat;

	tp_avf_model_stat(side->model, &stat);
	assert_int_equal(tp_quiet_load(&side->damaged), 0);
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++)
		bench_assert_queue(side, &stat, q);
}

/* ---- what the device was told ---------------------------------------------------------------- */

/* All that has to be there again after a reset. */
struct bench_device {
	uint64_t macs; /* a sum that no order changes */
	unsigned nr_macs;
	bool promisc, allmulti, vlan_strip;
	uint64_t vlans[4096 / 64];
	uint64_t hena;
	uint8_t key[TP_AVF_HKEY_BYTES], lut[TP_AVF_HLUT_ENTRIES];
	uint32_t enabled[2];
	unsigned rx_count[TP_AVF_MAX_QUEUES], tx_count[TP_AVF_MAX_QUEUES];
	uint32_t intervals[TP_AVF_MAX_QUEUES];
};

static inline struct bench_device bench_look(struct bench *b, unsigned s)
{
	struct tp_avf_model *m = b->side[s].model;
	struct bench_device d;

	memset(&d, 0, sizeof(d));
	d.nr_macs = m->port.nr_macs;
	for (unsigned i = 0; i < m->port.nr_macs; i++) {
		uint64_t mac = 0;

		memcpy(&mac, m->port.macs[i], 6);
		d.macs += tp_rng_mix(mac);
	}
	d.promisc = m->port.promisc;
	d.allmulti = m->port.allmulti;
	d.vlan_strip = m->port.vlan_strip;
	memcpy(d.vlans, m->port.vlans, sizeof(d.vlans));
	d.hena = m->port.hena;
	memcpy(d.key, m->port.key, sizeof(d.key));
	memcpy(d.lut, m->port.lut, sizeof(d.lut));
	memcpy(d.enabled, m->enabled, sizeof(d.enabled));
	for (unsigned q = 0; q < m->config.queues; q++) {
		if (m->enabled[0] >> q & 1)
			d.rx_count[q] = m->rx[q].count;
		if (m->enabled[1] >> q & 1)
			d.tx_count[q] = m->tx[q].count;
		if (m->enabled[0] >> q & 1)
			d.intervals[q] =
				m->vectors[q + 1].interval[0] << 16 | m->vectors[q + 1].interval[1];
	}
	return d;
}

static inline void bench_assert_same(const struct bench_device *a, const struct bench_device *b)
{
	assert_int_equal(a->nr_macs, b->nr_macs);
	assert_int_equal(a->macs, b->macs);
	assert_int_equal(a->promisc, b->promisc);
	assert_int_equal(a->allmulti, b->allmulti);
	assert_int_equal(a->vlan_strip, b->vlan_strip);
	assert_memory_equal(a->vlans, b->vlans, sizeof(a->vlans));
	assert_int_equal(a->hena, b->hena);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
	assert_memory_equal(a->lut, b->lut, sizeof(a->lut));
	assert_int_equal(a->enabled[0], b->enabled[0]);
	assert_int_equal(a->enabled[1], b->enabled[1]);
	assert_memory_equal(a->rx_count, b->rx_count, sizeof(a->rx_count));
	assert_memory_equal(a->tx_count, b->tx_count, sizeof(a->tx_count));
	assert_memory_equal(a->intervals, b->intervals, sizeof(a->intervals));
}

/* ---- the end --------------------------------------------------------------------------------- */

static inline void bench_end_driver(struct bench_side *side)
{
	struct tp_dma_stat stat;

	tp_dma_stat(side->avf->domain, &stat);
	assert_int_equal(stat.faults, 0); /* nothing was reached that was not mapped */
	must(tp_avf_destroy(side->avf));
	side->avf = NULL;
	assert_null(tp_avf_model_bus(side->model)->iommu);
}

static inline void bench_end(struct bench *b)
{
	tp_fault_reset();
	b->nth = 0;
	bench_close(b);
	for (unsigned s = 0; s < BENCH_SIDES; s++) {
		bench_assert_conserved(&b->side[s]);
		bench_end_driver(&b->side[s]);
		tp_avf_model_destroy(b->side[s].model);
	}
	tp_wire_destroy(b->wire);
	end_machine(b->m);
}

/* ---- around each test: *state is the bench --------------------------------------------------- */

static inline int bench_setup(void **state, enum tp_avf_run run, struct tp_avf_model_config config)
{
	static struct bench b;

	b.run = run;
	bench_make(&b, config);
	*state = &b;
	return 0;
}

static inline int bench_teardown(void **state)
{
	bench_end(*state);
	return 0;
}

#endif
