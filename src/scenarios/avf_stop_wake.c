/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_stop_wake - a send queue has no room for a frame, and gets some just when its sender looks
 * (T12).
 *
 * The sender stops the queue, looks once more for room and sleeps until it is woken; the poll makes
 * room and looks for a stopped queue.  All that was sent before is done, in one group, so that this
 * poll is the only one that can wake anybody.  The device is a stub that does nothing.
 *
 * Must hold: the sender does not sleep for ever, and a stop is taken back by one of the two (T11).
 */
#include "scenarios/avf_stub.h"

/* The frame takes 3 descriptors and leaves 5 free; 7 are. */
enum { RING = 16, STOP_BELOW = 2, BEFORE = 8, FRAME_LEN = 60, BUFS = 3 };

struct model {
	struct tp_avf_stub stub;
	struct tp_netbuf *frame;
	struct tp_wait_queue woken;
};

/* ---- the device ------------------------------------------------------------------------------ */

static void write_register(tp_unused struct tp_bus_device *bus, tp_unused uint32_t offset,
			   tp_unused uint32_t value)
{
}

static const struct tp_bus_ops bus_ops = { .write = write_register };

/* It is done with all that it was told of. */
static void finish(struct model *m)
{
	struct tp_avf_tx_ring *ring = &m->stub.avf.queues[0].tx;

	tp_atomic_store(&ring->desc[BEFORE - 1].qw1, TP_AVF_TXD_DONE, TP_RELEASE);
}

/* ---- the driver ------------------------------------------------------------------------------ */

static void wake(void *arg, tp_unused unsigned queue)
{
	tp_wake_all(&((struct model *)arg)->woken);
}

static struct tp_netbuf *make_frame(struct model *m, unsigned bufs)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(m->stub.avf.nd.pool, FRAME_LEN);

	TP_EXPECT(frame);
	while (--bufs)
		tp_netbuf_append(frame, tp_netbuf_alloc_frame(m->stub.avf.nd.pool, 1));
	return frame;
}

static void *prepare(void)
{
	struct model *m = tp_sim_alloc(sizeof(*m));
	struct tp_dma_pool_config config = { .name = "tx",
					     .nr_bufs = BEFORE + BUFS,
					     .buf_size = TP_PAGE_SIZE / 2,
					     .node = TP_NODE_NONE };
	const struct tp_netdev_user user = { .name = "user", .wake = wake, .arg = m };
	struct tp_netbuf *frames[BEFORE];
	struct tp_avf_tx_ring *ring;

	tp_wait_queue_init(&m->woken);
	tp_avf_stub_init(&m->stub, RING, TP_NODE_NONE, 0, &bus_ops, &user);
	ring = &m->stub.avf.queues[0].tx;
	ring->stop_below = ring->wake_at = STOP_BELOW;
	config.domain = m->stub.avf.domain;
	TP_SCENE_MUST(tp_netbuf_pool_create(config, &m->stub.avf.nd.pool));
	for (unsigned i = 0; i < BEFORE; i++)
		frames[i] = make_frame(m, 1);
	TP_EXPECT(tp_avf_xmit(&m->stub.avf.nd, 0, frames, BEFORE, false) == BEFORE);
	m->frame = make_frame(m, BUFS);
	finish(m);
	return m;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void send(void *arg)
{
	struct model *m = arg;

	for (;;) {
		uint32_t ticket = tp_wait_prepare(&m->woken);

		if (tp_avf_xmit(&m->stub.avf.nd, 0, &m->frame, 1, false))
			break;
		tp_wait_commit(&m->woken, ticket, TP_WAIT_FOREVER);
	}
	tp_wait_abandon(&m->woken);
}

static void poll(void *arg)
{
	struct model *m = arg;

	tp_mutex_lock(&m->stub.avf.queues[0].poll_lock);
	tp_avf_tx_clean(&m->stub.avf.queues[0]);
	tp_mutex_unlock(&m->stub.avf.queues[0].poll_lock);
}

static void start(void *state)
{
	tp_sim_start("send", send, state);
	tp_sim_start("poll", poll, state);
}

static void check(void *state)
{
	struct model *m = state;
	struct tp_sq_values sq;

	tp_sq_stats_read(&m->stub.avf.nd.sq_stats[0], &sq);
	TP_EXPECT(sq.packets == BEFORE && sq.bytes == BEFORE * FRAME_LEN);
	TP_EXPECT(sq.stops == sq.restarts);
	TP_EXPECT(!tp_atomic_load(&m->stub.avf.queues[0].tx.stopped, TP_RELAXED));
	TP_EXPECT(tp_atomic_load(&m->stub.avf.queues[0].tx.next_to_use, TP_RELAXED) ==
		  BEFORE + BUFS);
}

TP_SCENARIO(stop_wake, {
			       .name = "avf/stop-wake",
			       .summary = "a send queue stops just when a poll makes room",
			       .prepare = prepare,
			       .start = start,
			       .check = check,
			       .memory = TP_MEMORY_C11,
		       })
