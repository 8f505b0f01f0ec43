/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_exchange - memory under a receive ring goes offline while a poll delivers a frame and
 * fills the ring again (T27).
 *
 * One buffer is posted, a page of the memory that goes, and has a frame in it.  The service,
 * told by the pool, exchanges what is posted.  The device is a stub that begins anew with each
 * configuration of its queue, as real ones do.
 *
 * Must hold: the offline succeeds; the frame is delivered, once; the device knows of every buffer
 * that is posted, and none of them is wanted back.
 */
#include <errno.h>

#include "dma/pool_internal.h"
#include "mm/machine.h"
#include "scenarios/avf_stub.h"

enum { RING = 2, POSTED = 1, FRAME_LEN = 60, BUDGET = 4 };

struct model {
	struct tp_avf_stub stub;
	unsigned tail; /* of the receive queue, as the device has it; under poll_lock */
	unsigned delivered;
	tp_atomic_u32 gone; /* the offline is over */
};

/* ---- device and user ------------------------------------------------------------------------- */

static void write_register(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	struct model *m = tp_container_of(bus, struct model, stub.bus);

	if (offset == TP_AVF_QRX_TAIL(0))
		m->tail = value;
}

static const struct tp_bus_ops bus_ops = { .write = write_register };

static void receive(void *arg, tp_unused unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct model *m = arg;

	m->delivered += n;
	tp_netbuf_free_bulk(frames, n);
}

static void *prepare(void)
{
	struct model *m = tp_sim_alloc(sizeof(*m));
	const struct tp_netdev_user user = { .name = "user", .receive = receive, .arg = m };

	tp_avf_stub_init(&m->stub, RING, TP_SCENE_NODE, 1, &bus_ops, &user);
	TP_EXPECT(m->tail == POSTED);
	tp_avf_stub_write_frame(&m->stub, 0, FRAME_LEN);
	return m;
}

/* An offline asks for the page of @buf, and gives up. */
static void ask_for(struct model *m, struct tp_dma_buf *buf)
{
	struct tp_dma_pool *pool = buf->pool;
	struct tp_pool_page *page = tp_pool_page_of(buf);
	struct tp_block *block = tp_pfn_block(m->stub.scene->machine, page->pfn);
	uint32_t slot = (uint32_t)(page - pool->pages);

	tp_atomic_store(&block->state, TP_BLOCK_GOING_OFFLINE, TP_RELEASE);
	TP_EXPECT(tp_pool_owner_ops.release(&pool->owner, slot, page->pfn, 0) == -EAGAIN);
	tp_atomic_store(&block->state, TP_BLOCK_ONLINE, TP_RELEASE);
}

/* The posted pages are wanted back already. */
static void *prepare_leaving(void)
{
	struct model *m = prepare();

	for (unsigned i = 0; i < POSTED; i++)
		ask_for(m, m->stub.avf.queues[0].rx.bufs[i]);
	TP_EXPECT(tp_avf_rx_posts_leaving(&m->stub.avf.queues[0]));
	tp_atomic_store(&m->gone, 1, TP_RELAXED);
	return m;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void poll(void *arg)
{
	struct model *m = arg;

	tp_avf_poll(&m->stub.avf.nd, 0, BUDGET);
}

static void take_offline(void *arg)
{
	struct model *m = arg;

	TP_SCENE_MUST(tp_blocks_offline(m->stub.scene->machine, m->stub.scene->first_block, 1, NULL,
					NULL));
	tp_atomic_store(&m->gone, 1, TP_RELEASE);
	tp_wake_all(&m->stub.avf.service_wake);
}

/* Between the two the device is told to begin anew. */
static void exchange(struct model *m)
{
	struct tp_avf_queue *q = &m->stub.avf.queues[0];

	tp_avf_rx_park(q);
	tp_mutex_lock(&q->poll_lock);
	m->tail = 0;
	tp_mutex_unlock(&q->poll_lock);
	tp_avf_rx_unpark(q);
}

static void serve(void *arg)
{
	struct model *m = arg;

	for (;;) {
		uint32_t ticket = tp_wait_prepare(&m->stub.avf.service_wake);

		if (tp_atomic_exchange(&m->stub.avf.refresh, 0, TP_ACQ_REL)) {
			if (tp_avf_rx_posts_leaving(&m->stub.avf.queues[0]))
				exchange(m);
		} else if (tp_atomic_load(&m->gone, TP_ACQUIRE)) {
			break;
		} else {
			tp_wait_commit(&m->stub.avf.service_wake, ticket, TP_WAIT_FOREVER);
		}
	}
	tp_wait_abandon(&m->stub.avf.service_wake);
}

static void start(void *state)
{
	tp_sim_start("poll", poll, state);
	tp_sim_start("offline", take_offline, state);
	tp_sim_start("service", serve, state);
}

static void start_exchange(void *state)
{
	tp_sim_start("poll", poll, state);
	tp_sim_start("service", serve, state);
}

static void check_ring(void *state)
{
	struct model *m = state;
	const struct tp_avf_rx_ring *ring = &m->stub.avf.queues[0].rx;
	struct tp_rq_values rq;

	tp_rq_stats_read(&m->stub.avf.nd.rq_stats[0], &rq);
	TP_EXPECT(m->delivered == 1 && rq.packets == 1 && !tp_rq_drops(&rq));
	TP_EXPECT(m->tail == ring->next_to_use);
	TP_EXPECT(tp_avf_ring_unused(RING, ring->next_to_clean, ring->next_to_use) == 0);
	TP_EXPECT(!tp_avf_rx_posts_leaving(&m->stub.avf.queues[0]));
	tp_scene_check(m->stub.scene);
}

static void check(void *state)
{
	struct model *m = state;

	TP_EXPECT(tp_scene_block_state(m->stub.scene, 0) == TP_BLOCK_OFFLINE);
	check_ring(m);
}

TP_SCENARIO(exchange_refill,
	    {
		    .name = "avf/exchange-vs-refill",
		    .summary = "posted buffers are exchanged while the ring is filled",
		    .prepare = prepare_leaving,
		    .start = start_exchange,
		    .check = check_ring,
	    })

TP_SCENARIO(offline_refill,
	    {
		    .name = "avf/ring-vs-offline",
		    .summary = "posted buffers are wanted back while the ring is filled",
		    .prepare = prepare,
		    .start = start,
		    .check = check,
	    })
