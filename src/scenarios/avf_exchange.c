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
#include <string.h>

#include "dma/pool_internal.h"
#include "mm/machine.h"
#include "net/avf/avf_traffic.h"
#include "scenarios/scene.h"

enum { RING = 2, POSTED = 1, FRAME_LEN = 60, BUDGET = 4 };

struct model {
	struct tp_scene *scene;
	struct tp_bus_device bus;
	struct tp_avf *avf;
	unsigned tail; /* of the receive queue, as the device has it; under poll_lock */
	unsigned delivered;
	tp_atomic_u32 gone; /* the offline is over */
};

/* ---- device and user ------------------------------------------------------------------------- */

static void write_register(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	struct model *m = tp_container_of(bus, struct model, bus);

	if (offset == TP_AVF_QRX_TAIL(0))
		m->tail = value;
}

static const struct tp_bus_ops bus_ops = { .write = write_register };

static void write_frame(struct model *m)
{
	tp_atomic_store(&m->avf->queues[0].rx.desc[0].qw1,
			TP_AVF_RXD_DD | TP_AVF_RXD_EOP |
				(uint64_t)FRAME_LEN << TP_AVF_RXD_LEN_SHIFT,
			TP_RELEASE);
}

static void receive(void *arg, tp_unused unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct model *m = arg;

	m->delivered += n;
	tp_netbuf_free_bulk(frames, n);
}

/* ---- the driver ------------------------------------------------------------------------------ */

static void make_driver(struct model *m)
{
	struct tp_avf *avf = m->avf = tp_sim_alloc(sizeof(*avf));

	strcpy(avf->nd.name, "net0");
	avf->nd.machine = m->scene->machine;
	avf->nd.user = (struct tp_netdev_user){ .name = "user", .receive = receive, .arg = m };
	avf->nd.config = (struct tp_net_config){
		.mtu = TP_NET_MIN_MTU, .queues = 1, .rx_ring = RING, .tx_ring = RING
	};
	avf->bus = &m->bus;
	avf->node = TP_SCENE_NODE;
	TP_SCENE_MUST(tp_dma_domain_create(m->scene->machine, "dev0", &avf->domain));
	tp_avf_queues_init(avf);
	tp_wait_queue_init(&avf->service_wake);
	tp_sq_stats_init(&avf->nd.sq_stats[0]);
	tp_rq_stats_init(&avf->nd.rq_stats[0]);
	TP_SCENE_MUST(tp_avf_rings_alloc(avf));
	avf->queues[0].rx.fill_step = 1;
	tp_avf_rings_fill(avf);
	tp_avf_unquiesce(avf);
}

static void *prepare(void)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->scene = tp_scene_make(4, 1);
	tp_bus_init(&m->bus, &bus_ops, "dev0");
	make_driver(m);
	TP_EXPECT(m->tail == POSTED);
	write_frame(m);
	return m;
}

/* An offline asks for the page of @buf, and gives up. */
static void ask_for(struct model *m, struct tp_dma_buf *buf)
{
	struct tp_dma_pool *pool = buf->pool;
	struct tp_pool_page *page = tp_pool_page_of(buf);
	struct tp_block *block = tp_pfn_block(m->scene->machine, page->pfn);
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
		ask_for(m, m->avf->queues[0].rx.bufs[i]);
	TP_EXPECT(tp_avf_rx_posts_leaving(&m->avf->queues[0]));
	tp_atomic_store(&m->gone, 1, TP_RELAXED);
	return m;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void poll(void *arg)
{
	struct model *m = arg;

	tp_avf_poll(&m->avf->nd, 0, BUDGET);
}

static void take_offline(void *arg)
{
	struct model *m = arg;

	TP_SCENE_MUST(tp_blocks_offline(m->scene->machine, m->scene->first_block, 1, NULL, NULL));
	tp_atomic_store(&m->gone, 1, TP_RELEASE);
	tp_wake_all(&m->avf->service_wake);
}

/* Between the two the device is told to begin anew. */
static void exchange(struct model *m)
{
	struct tp_avf_queue *q = &m->avf->queues[0];

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
		uint32_t ticket = tp_wait_prepare(&m->avf->service_wake);

		if (tp_atomic_exchange(&m->avf->refresh, 0, TP_ACQ_REL)) {
			if (tp_avf_rx_posts_leaving(&m->avf->queues[0]))
				exchange(m);
		} else if (tp_atomic_load(&m->gone, TP_ACQUIRE)) {
			break;
		} else {
			tp_wait_commit(&m->avf->service_wake, ticket, TP_WAIT_FOREVER);
		}
	}
	tp_wait_abandon(&m->avf->service_wake);
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
	const struct tp_avf_rx_ring *ring = &m->avf->queues[0].rx;
	struct tp_rq_values rq;

	tp_rq_stats_read(&m->avf->nd.rq_stats[0], &rq);
	TP_EXPECT(m->delivered == 1 && rq.packets == 1 && !tp_rq_drops(&rq));
	TP_EXPECT(m->tail == ring->next_to_use);
	TP_EXPECT(tp_avf_ring_unused(RING, ring->next_to_clean, ring->next_to_use) == 0);
	TP_EXPECT(!tp_avf_rx_posts_leaving(&m->avf->queues[0]));
	tp_scene_check(m->scene);
}

static void check(void *state)
{
	struct model *m = state;

	TP_EXPECT(tp_scene_block_state(m->scene, 0) == TP_BLOCK_OFFLINE);
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
