/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_pipe - two network devices without a driver: what one takes, the other delivers when the test
 * says so.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_NET_PIPE_H
#define TESTS_UNIT_NET_PIPE_H

#include "net_dummy.h"

enum { PIPE_FRAMES = 4096, PIPE_BUFS = 4096 };

struct pipe_device {
	struct tp_netdev nd;		       /* first: it is found by it */
	struct tp_netbuf *frames[PIPE_FRAMES]; /* taken, in order */
	unsigned n, room;		       /* room: how many it takes at most */
	unsigned queue;			       /* of the last send */
	unsigned offers;
	/* Called in each send, before it returns; or NULL. */
	void (*in_xmit)(void *arg);
	void *arg;
};

struct pipe {
	struct tp_machine *machine;
	struct tp_dma_domain *domain;
	struct tp_dma_pool *pool;
	struct pipe_device ends[2];
};

static inline unsigned pipe_xmit(struct tp_netdev *nd, unsigned queue, struct tp_netbuf **frames,
				 unsigned n, bool more)
{
	struct pipe_device *d = tp_container_of(nd, struct pipe_device, nd);
	unsigned taken = TP_MIN(n, d->room - TP_MIN(d->room, d->n));

	(void)more;
	for (unsigned i = 0; i < taken; i++)
		d->frames[d->n++] = frames[i];
	d->queue = queue;
	d->offers++;
	if (d->in_xmit)
		d->in_xmit(d->arg);
	return taken;
}

static inline void pipe_ignore(struct tp_netdev *nd)
{
	(void)nd;
}

static inline int pipe_open(struct tp_netdev *nd)
{
	(void)nd;
	return 0;
}

static const struct tp_netdev_ops pipe_ops = {
	.open = pipe_open,
	.close = pipe_ignore,
	.set_config = dummy_set_config,
	.info = dummy_info,
	.device_stats = dummy_device_stats,
	.xmit = pipe_xmit,
	.poll = dummy_poll,
};

static inline void pipe_make_end(struct pipe *pipe, unsigned side)
{
	struct pipe_device *d = &pipe->ends[side];

	memset(d, 0, sizeof(*d));
	d->room = PIPE_FRAMES;
	snprintf(d->nd.name, sizeof(d->nd.name), "pipe%u", side);
	d->nd.machine = pipe->machine;
	d->nd.ops = &pipe_ops;
	d->nd.pool = pipe->pool;
	d->nd.limits =
		(struct tp_net_limits){ .max_queues = 4,
					.max_mtu = TP_NET_MAX_MTU,
					.features = TP_NET_TX_CSUM | TP_NET_TSO | TP_NET_TX_VLAN };
	d->nd.config = dummy_config();
	d->nd.config.mac[5] = (uint8_t)(1 + side);
	d->nd.config.features = d->nd.limits.features;
	must(tp_netdev_register(&d->nd));
	tp_atomic_store(&d->nd.nr_queues, 4, TP_RELEASE);
}

static inline void pipe_begin(struct pipe *pipe)
{
	pipe->machine = make_machine(small_machine(16));
	must(tp_dma_domain_create(pipe->machine, "pipe", &pipe->domain));
	must(tp_netbuf_pool_create((struct tp_dma_pool_config){ .domain = pipe->domain,
								.name = "pipe",
								.nr_bufs = PIPE_BUFS,
								.buf_size = 2048,
								.node = TP_NODE_NONE },
				   &pipe->pool));
	for (unsigned side = 0; side < 2; side++)
		pipe_make_end(pipe, side);
}

/* Nothing of the pool is anywhere else any more. */
static inline void pipe_end(struct pipe *pipe)
{
	for (unsigned side = 0; side < 2; side++) {
		tp_netbuf_free_bulk(pipe->ends[side].frames, pipe->ends[side].n);
		tp_netdev_unregister(&pipe->ends[side].nd);
	}
	must(tp_dma_pool_destroy(pipe->pool));
	tp_dma_domain_destroy(pipe->domain);
	end_machine(pipe->machine);
}

/* Deliver what end @side took to the user of the other. */
static inline void pipe_deliver(struct pipe *pipe, unsigned side, unsigned queue)
{
	struct pipe_device *from = &pipe->ends[side];
	struct tp_netdev_user *to = &pipe->ends[!side].nd.user;
	unsigned n = from->n;

	from->n = 0;
	to->receive(to->arg, queue, from->frames, n);
}

#endif
