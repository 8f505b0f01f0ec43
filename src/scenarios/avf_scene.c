/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* avf_scene - making a function and its driver, and looking at them afterwards. */
#include "scenarios/avf_scene.h"

#include <string.h>

enum { RING = TP_NET_MIN_RING, SENDERS_BUFS = 48, FRAME = 60 };

/* ---- who is at both ends --------------------------------------------------------------------- */

static void ignore(tp_unused void *arg, tp_unused const struct tp_wire_frame *frames,
		   tp_unused unsigned n)
{
}

static void receive(void *arg, tp_unused unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct tp_avf_scene *s = arg;

	tp_atomic_count(&s->delivered, n);
	tp_netbuf_free_bulk(frames, n);
}

static void wake(void *arg, tp_unused unsigned queue)
{
	struct tp_avf_scene *s = arg;

	tp_atomic_count(&s->woken, 1);
}

struct tp_machine *tp_avf_scene_machine(const struct tp_avf_scene *s)
{
	return s->scene->machine;
}

/* ---- making ---------------------------------------------------------------------------------- */

struct tp_avf_scene *tp_avf_scene_bare(unsigned boot)
{
	const struct tp_avf_model_config config = {
		.name = "fn0", .mode = TP_AVF_MANUAL, .queues = 1, .no_timers = true
	};
	struct tp_avf_scene *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(boot, 1);
	s->end = (struct tp_wire_end){ .receive = ignore };
	TP_SCENE_MUST(tp_wire_create(&s->wire));
	TP_SCENE_MUST(tp_wire_plug(s->wire, 1, &s->end));
	TP_SCENE_MUST(tp_avf_model_create(&config, &s->model));
	TP_SCENE_MUST(tp_avf_model_plug(s->model, s->wire, 0));
	return s;
}

int tp_avf_scene_create(struct tp_avf_scene *s)
{
	const struct tp_avf_config config = {
		.name = "avf0",
		.machine = s->scene->machine,
		.bus = tp_avf_model_bus(s->model),
		.node = TP_SCENE_NODE, /* where receive buffers lie as far as they can */
		.rx_ring = RING,
		.tx_ring = RING,
		.mtu = TP_NET_MIN_MTU,
		.pool_bufs = SENDERS_BUFS,
	};
	const struct tp_netdev_user user = {
		.name = "scene", .receive = receive, .wake = wake, .arg = s
	};
	int err = tp_avf_create(&config, &s->avf);

	if (!err)
		tp_avf_set_user(s->avf, &user);
	return err;
}

struct tp_avf_scene *tp_avf_scene_make(unsigned boot)
{
	struct tp_avf_scene *s = tp_avf_scene_bare(boot);

	TP_SCENE_MUST(tp_avf_scene_create(s));
	return s;
}

/* ---- frames ---------------------------------------------------------------------------------- */

void tp_avf_scene_arrive(struct tp_avf_scene *s, unsigned n)
{
	uint8_t data[FRAME] = { 0 };
	const struct tp_wire_piece piece = { data, sizeof(data) };
	const struct tp_wire_frame frame = { &piece, 1, sizeof(data), 0 };

	memcpy(data, s->avf->nd.config.mac, 6);
	while (n--)
		tp_wire_send(s->wire, 1, &frame, 1);
}

unsigned tp_avf_scene_build(struct tp_avf_scene *s, struct tp_netbuf **frames, unsigned n)
{
	unsigned got = 0;

	while (got < n && (frames[got] = tp_netbuf_alloc_frame(s->avf->nd.pool, FRAME)))
		memset(tp_netbuf_data(frames[got++]), 0, FRAME);
	return got;
}

unsigned tp_avf_scene_offer(struct tp_avf_scene *s, struct tp_netbuf **frames, unsigned n)
{
	unsigned taken = tp_netdev_xmit(&s->avf->nd, 0, frames, n, false);

	s->taken += taken;
	tp_netbuf_free_bulk(frames + taken, n - taken);
	return taken;
}

bool tp_avf_scene_send(struct tp_avf_scene *s)
{
	struct tp_netbuf *frame;

	return tp_avf_scene_build(s, &frame, 1) && tp_avf_scene_offer(s, &frame, 1);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void expect_conserved(struct tp_avf_scene *s)
{
	struct tp_avf_model_stat stat;
	struct tp_rq_values rq;
	struct tp_sq_values sq;

	tp_avf_model_stat(s->model, &stat);
	tp_rq_stats_read(&s->avf->nd.rq_stats[0], &rq);
	tp_sq_stats_read(&s->avf->nd.sq_stats[0], &sq);
	TP_EXPECT(s->taken == sq.packets + tp_sq_drops(&sq));
	TP_EXPECT(tp_atomic_load(&s->delivered, TP_RELAXED) == rq.packets);
	TP_EXPECT(stat.queue[0].rx_written == rq.packets + tp_rq_drops(&rq));
	TP_EXPECT(stat.queue[0].tx_frames >= sq.packets);
	TP_EXPECT(!stat.queue[0].rx_drop_fault && !stat.queue[0].tx_drop_fault);
}

void tp_avf_scene_end(struct tp_avf_scene *s, bool runs)
{
	struct tp_dma_stat stat;

	for (unsigned n = 0; n < 4; n++)
		tp_avf_service(s->avf);
	TP_EXPECT(s->avf->state == (runs ? TP_NET_RUNNING : TP_NET_DOWN));
	TP_SCENE_MUST(tp_net_close(s->scene->machine, "avf0"));
	expect_conserved(s);
	tp_dma_stat(s->avf->domain, &stat);
	TP_EXPECT(!stat.faults);
	TP_SCENE_MUST(tp_avf_destroy(s->avf));
	tp_scene_check(s->scene);
}
