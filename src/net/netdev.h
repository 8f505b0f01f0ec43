/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netdev - a network device as its users see it, whatever drives it.
 *
 * Queues come in pairs: receive queue n and send queue n are polled together.  A queue pair is
 * polled by one thread at a time and its sends come from one thread at a time; the two may be
 * different threads.  Nothing else is asked of users: configuration may change under them.
 *
 *	         open                    carrier
 *	CLOSED ---------> OPEN, no link ---------> OPEN, link
 *	   ^--- close ---------'---------------------'
 *
 * Invariants
 *  N1  Frames are delivered and completed in the order of their queue.
 *  N2  After close() returned no frame of the device's is delivered, and all it had were freed.
 *  N3  Statistics live as long as the device (Q2 of queue_stats).
 *  N4  Names, number and values of a statistics report are of one moment, whatever the queue count
 *      is doing (T1).
 *
 * Locking: @config_lock (rank NET_CONFIG, a mutex) for everything that changes the configuration.
 */
#ifndef TP_NET_NETDEV_H
#define TP_NET_NETDEV_H

#include <tidepool/net.h>

#include "net/netbuf.h"
#include "net/queue_stats.h"

struct tp_netdev;

struct tp_netdev_ops {
	/* Under config_lock. */
	int (*open)(struct tp_netdev *nd);
	void (*close)(struct tp_netdev *nd);
	int (*set_config)(struct tp_netdev *nd, const struct tp_net_config *config);
	int (*set_vlan)(struct tp_netdev *nd, uint16_t vid, bool add);
	int (*set_multicast)(struct tp_netdev *nd, const uint8_t mac[6], bool add);
	int (*reset)(struct tp_netdev *nd);
	/* state, speed, resets and driver; the rest is netdev's */
	void (*info)(struct tp_netdev *nd, struct tp_net_info *info);
	/* What the device itself counts, in the order of tp_net_device_stat_name(). */
	void (*device_stats)(struct tp_netdev *nd, uint64_t values[TP_NET_DEVICE_STATS]);
	/* Any time. */
	unsigned (*xmit)(struct tp_netdev *nd, unsigned queue, struct tp_netbuf **frames,
			 unsigned n, bool more);
	unsigned (*poll)(struct tp_netdev *nd, unsigned queue, unsigned budget);
};

/* Up-calls to whoever uses the device; set while it is closed. */
struct tp_netdev_user {
	const char *name; /* shown as the holder of the frames it was given; static */
	/* @n frames of one poll; they are the user's now. */
	void (*receive)(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n);
	/* A send queue that had refused a frame has room again; may be NULL. */
	void (*wake)(void *arg, unsigned queue);
	/* The link came or went; may be NULL. */
	void (*carrier)(void *arg, bool up);
	void *arg;
};

struct tp_netdev {
	char name[TP_NET_NAME];
	const struct tp_netdev_ops *ops;
	struct tp_machine *machine;
	struct tp_list link; /* of the machine's devices (net/netdev.c) */
	struct tp_mutex config_lock;
	struct tp_net_config config; /* under config_lock */
	struct tp_net_limits limits;
	struct tp_netdev_user user;
	struct tp_dma_pool *pool; /* where senders take buffers; lives as long as the device */
	bool is_open;		  /* under config_lock */
	tp_atomic_u32 carrier;	  /* 1: link up and queues running */
	tp_atomic_u32 nr_queues;  /* active pairs; 0 while closed or in reset */
	struct tp_rq_stats rq_stats[TP_NET_MAX_QUEUES];
	struct tp_sq_stats sq_stats[TP_NET_MAX_QUEUES];
};

/* A driver's: fill in name, machine, ops, limits and first config before. */
int tp_netdev_register(struct tp_netdev *nd);
void tp_netdev_unregister(struct tp_netdev *nd);

/*
 * Send up to @n frames; returns how many were taken, sent or dropped and counted.  The others stay
 * the caller's, who waits for the user's wake (or polls) and tries again.  @more: another call
 * follows at once, so the device need not be told yet.
 */
static inline unsigned tp_netdev_xmit(struct tp_netdev *nd, unsigned queue,
				      struct tp_netbuf **frames, unsigned n, bool more)
{
	return nd->ops->xmit(nd, queue, frames, n, more);
}

/*
 * Deliver up to @budget received frames and complete sent ones.  Returns @budget if there is more
 * to do, otherwise how many were delivered.
 */
static inline unsigned tp_netdev_poll(struct tp_netdev *nd, unsigned queue, unsigned budget)
{
	return nd->ops->poll(nd, queue, budget);
}

#endif
