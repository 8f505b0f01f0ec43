/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_wire - whatever arrives over a wire, the device writes only where it may, every frame is in
 * one count exactly, and every buffer comes back.
 *
 * Two functions with their drivers, each on a wire of its own; at the other end of both wires is
 * the input.  Each byte that arrives there, or at a user, is read.  Pieces of frames are
 * allocations of their own, so that a sanitizer sees every access beside them.
 *
 * A line is a letter and hexadecimal numbers:
 *	f FLAGS CUT LEN BYTES	a frame of LEN bytes, in pieces of CUT (0: one): BYTES, and again
 *				FLAGS: 1 bad FCS, 2 checksums are said to be good, 4 not to the
 *				device's address, 8 with right checksums, 10 to the other device,
 *				20 with an empty piece in front
 *	p KIND FLOW NUMBER LEN	a frame as generators make them
 *				KIND: 1 IPv6, 2 TCP, 4 wrong content, 10 to the other device
 *	b TIMES			the last frame again, as one batch
 *	q			poll until there is nothing
 *	c WHAT VALUE		change the first device; WHAT: 0 MTU, 1 queues, 2 rings,
 *				3 features, 4 receive everything
 *	v VID ADD		let a VLAN in, or no longer
 *	r, R			the physical function resets, announcing it or not
 *	s			what the drivers' service threads do
 *	z SEED			frames meet mishaps on the way, or no longer: 0
 *	l			the link goes and comes back
 *	o KIND			close, count, open for another user: 0 nobody, who frees, 1 a sink,
 *				2 a forwarder to the other device, 3 somebody who keeps them
 * A line that begins otherwise is one of these by its first byte.
 */
#define FUZZ_LINES 64
#include "fuzz.h"

#include "fuzz_unit.h"

#include "core/alloc.h"
#include "core/rng.h"
#include "mm_machine.h"
#include "model/avf/avf_model.h"
#include "model_packet.h"
#include "net/avf/avf_internal.h"
#include "net/forwarder.h"
#include "net/sink.h"

enum {
	SIDES = 2,
	QUEUES = 2,
	RING = 64,
	LONGEST = 17000,
	MAX_BATCH = 300,
	MAX_KEPT = 200,
	FLOWS = 4,
	SEED = 7,
};

enum { FOR_NOBODY, FOR_SINK, FOR_FORWARDER, FOR_KEEPER, NR_KINDS };

struct world;

struct side {
	struct world *w;
	struct tp_avf_model *model;
	struct tp_avf *avf;
	struct tp_netdev *nd;
	struct tp_wire *wire; /* the device is end 0, the input end 1 */
	struct tp_wire_end other;
	struct tp_netdev_user user; /* to whom frames go on; receive is NULL: nobody */
	uint64_t given[TP_NET_MAX_QUEUES];
};

struct world {
	struct tp_machine *machine; /* for all inputs: it costs more than one */
	struct side sides[SIDES];
	struct tp_sink *sink;
	struct tp_forwarder *forwarder;
	unsigned kind;
	struct tp_netbuf *kept[MAX_KEPT];
	unsigned nr_kept;
	/* the frame that is sent */
	uint8_t bytes[LONGEST];
	struct tp_wire_piece pieces[TP_WIRE_PIECES];
	struct tp_wire_frame frame;
	struct side *to;
	uint64_t sunk; /* frames that were for the sink */
	uint64_t seen; /* of what came out: it can be read */
};

/* ---- what comes out -------------------------------------------------------------------------- */

static void read_all(struct world *w, const void *data, size_t len)
{
	for (size_t at = 0; at < len; at++)
		w->seen += ((const uint8_t *)data)[at];
}

/* Frames that the device sent. */
static void look_at(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	struct side *side = arg;

	for (unsigned i = 0; i < n; i++) {
		size_t len = 0;

		for (unsigned p = 0; p < frames[i].nr_pieces; p++) {
			read_all(side->w, frames[i].pieces[p].data, frames[i].pieces[p].len);
			len += frames[i].pieces[p].len;
		}
		TP_INVARIANT(len == frames[i].len && len >= TP_ETH_MIN);
	}
}

static void check_frame(struct world *w, const struct tp_netbuf *frame)
{
	uint32_t len = 0;
	unsigned bufs = 0;

	for (const struct tp_netbuf *nb = frame; nb; nb = nb->next, bufs++) {
		read_all(w, tp_netbuf_data(nb), nb->len);
		len += nb->len;
	}
	TP_INVARIANT(bufs == frame->nr_bufs && len == frame->frame_len);
	TP_INVARIANT(len >= TP_ETH_MIN && len <= TP_NET_MAX_MTU + 18);
}

static void keep(struct world *w, struct tp_netbuf *frame)
{
	if (w->nr_kept < MAX_KEPT)
		w->kept[w->nr_kept++] = frame;
	else
		tp_netbuf_free(frame);
}

static void take(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct side *side = arg;
	struct world *w = side->w;

	for (unsigned i = 0; i < n; i++)
		check_frame(w, frames[i]);
	side->given[queue] += n;
	w->sunk += w->kind == FOR_SINK ? n : 0;
	if (side->user.receive)
		side->user.receive(side->user.arg, queue, frames, n);
	else if (w->kind == FOR_KEEPER)
		for (unsigned i = 0; i < n; i++)
			keep(w, frames[i]);
	else
		tp_netbuf_free_bulk(frames, n);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void begin_side(struct world *w, unsigned s)
{
	static const char *const names[][2] = { { "fn0", "avf0" }, { "fn1", "avf1" } };
	const struct tp_avf_model_config function = { .name = names[s][0],
						      .queues = QUEUES,
						      .no_timers = true };
	struct side *side = &w->sides[s];
	struct tp_avf_config driver = {
		.name = names[s][1],
		.machine = w->machine,
		.node = TP_NODE_NONE,
		.rx_ring = RING,
		.tx_ring = RING,
		.pool_bufs = 64,
		.patience = { .taken_ns = TP_MILLISECONDS(20),
			      .answer_ns = TP_MILLISECONDS(20),
			      .begin_ns = TP_MILLISECONDS(20),
			      .end_ns = TP_MILLISECONDS(200) },
	};

	memset(side, 0, sizeof(*side));
	side->w = w;
	side->other = (struct tp_wire_end){ .receive = look_at, .arg = side };
	must(tp_wire_create(&side->wire));
	must(tp_wire_plug(side->wire, 1, &side->other));
	must(tp_avf_model_create(&function, &side->model));
	must(tp_avf_model_plug(side->model, side->wire, 0));
	driver.bus = tp_avf_model_bus(side->model);
	must(tp_avf_create(&driver, &side->avf));
	side->nd = tp_avf_netdev(side->avf);
	tp_avf_set_user(side->avf,
			&(struct tp_netdev_user){ .name = "fuzz", .receive = take, .arg = side });
}

static void use(struct world *w, unsigned kind)
{
	w->kind = kind % NR_KINDS;
	for (unsigned s = 0; s < SIDES; s++) {
		struct tp_netdev_user *user = &w->sides[s].user;

		*user = (struct tp_netdev_user){ 0 };
		if (w->kind == FOR_SINK)
			*user = (struct tp_netdev_user){ .receive = tp_sink_receive,
							 .arg = w->sink };
		else if (w->kind == FOR_FORWARDER)
			*user = tp_forwarder_user(w->forwarder, s);
		tp_net_open(w->machine, w->sides[s].nd->name); /* or not: a fault */
	}
}

static void begin(struct world *w)
{
	const struct tp_sink_config sink = { .seed = SEED, .flows = FLOWS };
	struct tp_forwarder_config forwarder = { .peer_mac = { { 2, 9, 9, 9, 9, 0 },
							       { 2, 9, 9, 9, 9, 1 } } };

	if (!w->machine)
		w->machine = make_machine(small_machine(16));
	for (unsigned s = 0; s < SIDES; s++) {
		begin_side(w, s);
		forwarder.nd[s] = w->sides[s].nd;
	}
	must(tp_sink_create(&sink, &w->sink));
	must(tp_forwarder_create(&forwarder, &w->forwarder));
	w->nr_kept = 0;
	w->sunk = 0;
	w->to = &w->sides[0];
	use(w, FOR_NOBODY);
}

/* ---- conservation, at rest ------------------------------------------------------------------- */

static void check_queue(const struct side *side, const struct tp_avf_queue_counts *c, unsigned q)
{
	struct tp_rq_values rq;

	tp_rq_stats_read(&side->nd->rq_stats[q], &rq);
	TP_INVARIANT(c->rx_offered == c->rx_written + c->rx_drop_disabled + c->rx_drop_no_desc +
					      c->rx_drop_fault + c->rx_drop_oversize);
	TP_INVARIANT(!c->rx_drop_fault);
	TP_INVARIANT(c->rx_written == rq.packets + tp_rq_drops(&rq));
	TP_INVARIANT(side->given[q] == rq.packets);
}

/* What the wire delivered is in one of the device's counts. */
static void check_arrivals(const struct side *side)
{
	struct tp_avf_model_stat stat;
	struct tp_wire_stat wire;
	uint64_t arrived;

	tp_avf_model_stat(side->model, &stat);
	tp_wire_stat(side->wire, 1, &wire);
	arrived = stat.rx_filtered + stat.rx_fcs_bad + stat.rx_no_link;
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		check_queue(side, &stat.queue[q], q);
		arrived += stat.queue[q].rx_offered;
	}
	TP_INVARIANT(wire.delivered == arrived);
	TP_INVARIANT(wire.sent + wire.duplicated ==
		     wire.delivered + wire.lost + wire.unplugged + wire.held);
}

/* What left at the other device, or did not, is what was forwarded there. */
static void check_forwarded(struct world *w, unsigned s)
{
	struct tp_forwarder_stat stat;
	uint64_t sent = 0;

	tp_forwarder_stat(w->forwarder, s, &stat);
	TP_INVARIANT(stat.received == stat.forwarded + stat.refused + stat.runts);
	TP_INVARIANT(!stat.runts);
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		struct tp_sq_values sq;

		tp_sq_stats_read(&w->sides[!s].nd->sq_stats[q], &sq);
		sent += sq.packets + tp_sq_drops(&sq);
	}
	TP_INVARIANT(stat.forwarded == sent);
}

static void check_side(struct world *w, unsigned s)
{
	struct side *side = &w->sides[s];
	struct tp_dma_pool_stat pool;
	struct tp_dma_stat dma;

	check_arrivals(side);
	check_forwarded(w, s);
	tp_dma_stat(side->avf->domain, &dma);
	TP_INVARIANT(!dma.faults);
	tp_dma_pool_stat(side->nd->pool, &pool);
	TP_INVARIANT(!pool.bufs_out);
}

static void check_sink(struct world *w)
{
	struct tp_sink_stat s;

	tp_sink_stat(w->sink, &s);
	TP_INVARIANT(s.received == w->sunk);
	TP_INVARIANT(s.received == s.in_order + s.late + s.again + s.stale + s.damaged + s.foreign);
}

static void rest(struct world *w)
{
	for (unsigned s = 0; s < SIDES; s++)
		tp_net_close(w->machine, w->sides[s].nd->name);
	tp_netbuf_free_bulk(w->kept, w->nr_kept);
	w->nr_kept = 0;
	for (unsigned s = 0; s < SIDES; s++)
		check_side(w, s);
	check_sink(w);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void forget_pieces(struct world *w)
{
	for (unsigned i = 0; i < w->frame.nr_pieces; i++)
		free((void *)(uintptr_t)w->pieces[i].data);
	w->frame = (struct tp_wire_frame){ 0 };
}

/* The first @len of w->bytes as pieces of @cut, the last one of what is left. */
static void make_pieces(struct world *w, uint32_t len, uint32_t cut, unsigned flags)
{
	uint32_t at = 0, n;

	forget_pieces(w);
	do {
		struct tp_wire_piece *piece = &w->pieces[w->frame.nr_pieces++];
		bool last = !cut || w->frame.nr_pieces == TP_WIRE_PIECES;
		void *data;

		n = last ? len - at : TP_MIN(cut, len - at);
		if (flags & 32 && piece == w->pieces)
			n = 0;
		data = malloc(n);
		TP_INVARIANT(data || !n);
		memcpy(data, w->bytes + at, n);
		*piece = (struct tp_wire_piece){ data, n };
		at += n;
	} while (at < len);
	w->frame.pieces = w->pieces;
	w->frame.len = len;
	w->frame.flags = flags & (TP_WIRE_FCS_BAD | TP_WIRE_CSUM_GOOD);
}

static void send(struct world *w, unsigned times)
{
	struct tp_wire_frame frames[MAX_BATCH];

	for (unsigned i = 0; i < times; i++)
		frames[i] = w->frame;
	if (w->frame.nr_pieces)
		tp_wire_send(w->to->wire, 1, frames, times);
}

static void do_frame(struct world *w, char *text)
{
	unsigned flags = (unsigned)fuzz_number(&text);
	uint32_t cut = (uint32_t)fuzz_number(&text), len = fuzz_below(&text, LONGEST + 1);
	size_t given = fuzz_bytes(text, w->bytes, len);

	for (size_t i = given; i < len; i++)
		w->bytes[i] = given ? w->bytes[i - given] : (uint8_t)i;
	w->to = &w->sides[!!(flags & 16)];
	if (!(flags & 4))
		memcpy(w->bytes, w->to->nd->config.mac, TP_MIN(6u, len));
	if (flags & 8)
		fill_checksums(w->bytes, len);
	make_pieces(w, len, cut, flags);
	send(w, 1);
}

static void do_probe(struct world *w, char *text)
{
	unsigned kind = (unsigned)fuzz_number(&text), flow = fuzz_below(&text, FLOWS + 1);
	uint64_t number = fuzz_number(&text);
	uint32_t len = fuzz_below(&text, 9000);
	struct tp_probe probe = { .ipv6 = kind & 1, .tcp = kind & 2, .seed = SEED };
	struct tp_probe_layout l = tp_probe_layout(&probe);
	uint8_t *payload = w->bytes + l.payload_at;
	uint32_t tag = probe.tcp ? 0 : TP_PROBE_TAG;

	w->to = &w->sides[!!(kind & 16)];
	memcpy(probe.dst_mac, w->to->nd->config.mac, 6);
	tp_probe_put_tag(flow, number, payload);
	tp_probe_fill(tp_probe_key(SEED, flow, probe.tcp ? 0 : number), probe.tcp ? number : 0,
		      payload + tag, len);
	payload[tag] ^= (uint8_t)(kind & 4);
	tp_probe_headers(&probe, flow, (uint32_t)number, tag + len, w->bytes);
	tp_probe_checksums(&probe, w->bytes, payload, tag + len);
	make_pieces(w, l.payload_at + tag + len, 0, 0);
	send(w, 1);
}

static void do_again(struct world *w, char *text)
{
	send(w, fuzz_below(&text, MAX_BATCH) + 1);
}

/* ---- everything else ------------------------------------------------------------------------- */

static void poll_all(struct world *w, tp_unused char *text)
{
	for (unsigned s = 0; s < SIDES; s++) {
		for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++)
			for (unsigned n = 0; n < 8 && tp_netdev_poll(w->sides[s].nd, q, 64) == 64;
			     n++)
				;
		tp_wire_run(w->sides[s].wire);
	}
}

struct wish {
	unsigned what, value;
};

static void change(struct tp_net_config *config, const void *arg)
{
	const struct wish *wish = arg;
	unsigned value = wish->value;

	switch (wish->what) {
	case 0:
		config->mtu = TP_NET_MIN_MTU + value % (TP_NET_MAX_MTU - TP_NET_MIN_MTU + 1);
		break;
	case 1:
		config->queues = 1 + value % QUEUES;
		break;
	case 2:
		config->rx_ring = TP_NET_MIN_RING + value % 4 * TP_NET_RING_STEP;
		config->tx_ring = TP_NET_MIN_RING + value / 4 % 4 * TP_NET_RING_STEP;
		break;
	case 3:
		config->features = value % 64;
		break;
	default:
		config->promisc = value & 1;
		config->allmulti = value & 2;
	}
}

static void do_change(struct world *w, char *text)
{
	struct wish wish = { .what = fuzz_below(&text, 5) };

	wish.value = (unsigned)fuzz_number(&text);
	tp_net_reconfigure(w->machine, w->sides[0].nd->name, change, &wish);
}

static void do_vlan(struct world *w, char *text)
{
	uint16_t vid = (uint16_t)fuzz_number(&text);

	tp_net_vlan(w->machine, w->sides[0].nd->name, vid, fuzz_number(&text) & 1);
}

static void do_reset(struct world *w, tp_unused char *text)
{
	tp_avf_model_pf_reset(w->sides[0].model, false);
}

static void do_announced_reset(struct world *w, tp_unused char *text)
{
	tp_avf_model_pf_reset(w->sides[0].model, true);
}

static void do_service(struct world *w, tp_unused char *text)
{
	for (unsigned s = 0; s < SIDES; s++)
		for (unsigned n = 0; n < 8; n++)
			if (tp_avf_service(w->sides[s].avf) > tp_clock_now())
				break;
}

static void do_mishaps(struct world *w, char *text)
{
	uint64_t seed = fuzz_number(&text);
	unsigned ppm = seed ? 200000 : 0;
	const struct tp_wire_mishap mishap = { ppm, ppm, ppm, ppm, 0, seed };

	tp_wire_set_mishap(w->sides[0].wire, 1, &mishap);
}

static void do_link(struct world *w, tp_unused char *text)
{
	tp_wire_unplug(w->sides[0].wire, 1);
	must(tp_wire_plug(w->sides[0].wire, 1, &w->sides[0].other));
}

static void do_user(struct world *w, char *text)
{
	rest(w);
	use(w, (unsigned)fuzz_number(&text));
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
	char letter;
	void (*run)(struct world *w, char *text);
} kinds[] = {
	{ 'f', do_frame },   { 'p', do_probe },	  { 'b', do_again }, { 'q', poll_all },
	{ 'c', do_change },  { 'v', do_vlan },	  { 'r', do_reset }, { 'R', do_announced_reset },
	{ 's', do_service }, { 'z', do_mishaps }, { 'l', do_link },  { 'o', do_user },
};

static void run_line(void *arg, char *text, tp_unused size_t length)
{
	FUZZ_KIND(kinds, text)->run(arg, text + !!text[0]);
}

static void end_side(struct side *side)
{
	must(tp_avf_destroy(side->avf)); /* -EBUSY: a frame is not back */
	must(tp_avf_model_plug(side->model, NULL, 0));
	tp_avf_model_destroy(side->model);
	tp_wire_unplug(side->wire, 1);
	tp_wire_destroy(side->wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;

	begin(&world);
	fuzz_lines(data, size, run_line, &world);
	rest(&world);
	for (unsigned s = 0; s < SIDES; s++)
		end_side(&world.sides[s]);
	tp_forwarder_destroy(world.forwarder);
	tp_sink_destroy(world.sink);
	forget_pieces(&world);
	return 0;
}
