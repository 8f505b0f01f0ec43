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
 *  N5  A device found by its name stays until the call that found it has ended (unregister waits).
 *
 * Locking: @config_lock (rank NET_CONFIG, a mutex) for everything that changes the configuration.
 * The machine's table of devices has a spinlock of its own (rank NET_TABLE).
 */
#ifndef TP_NET_NETDEV_H
#define TP_NET_NETDEV_H

#include <tidepool/net.h>

#include "core/registry.h"
#include "net/netbuf.h"
#include "net/queue_stats.h"

struct tp_netdev;

struct tp_netdev_ops {
	/*
	 * All under config_lock.  open: it is closed; close: it is open; netdev keeps is_open.
	 * set_config: @config is valid and differs from nd->config, which the driver replaces at
	 * the moment it suits it, or leaves to netdev; if it fails netdev puts the old one back.
	 * set_vlan, set_multicast, reset may be NULL: -EOPNOTSUPP.  @vid is valid, @mac a group's.
	 */
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
	struct tp_registry_entry entry; /* of the machine's devices (N5) */
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
	/* Where a report's queues begin to count (keep_stats); under config_lock. */
	struct tp_rq_values rq_base[TP_NET_MAX_QUEUES];
	struct tp_sq_values sq_base[TP_NET_MAX_QUEUES];
};

/* What the device itself counts, by place. */
enum tp_net_device_stat {
	TP_NET_DEVICE_RX_BYTES, /* with FCS (T23) */
	TP_NET_DEVICE_RX_UNICAST,
	TP_NET_DEVICE_RX_MULTICAST,
	TP_NET_DEVICE_RX_BROADCAST,
	TP_NET_DEVICE_RX_DISCARDS, /* there was no descriptor for them */
	TP_NET_DEVICE_RX_UNKNOWN_PROTOCOL,
	TP_NET_DEVICE_TX_BYTES,
	TP_NET_DEVICE_TX_UNICAST,
	TP_NET_DEVICE_TX_MULTICAST,
	TP_NET_DEVICE_TX_BROADCAST,
	TP_NET_DEVICE_TX_DISCARDS,
	TP_NET_DEVICE_TX_ERRORS,
};

/* The configuration of this moment. */
struct tp_net_config tp_netdev_config(struct tp_netdev *nd);

/*
 * A driver's: fill in name, machine, ops, limits and first config before; the rest is 0 but what
 * the driver itself sets (user, pool).  -EEXIST: the name is taken.  -EINVAL: it is no name, or
 * the first config is wrong.
 */
int tp_netdev_register(struct tp_netdev *nd);
/* Take it off its machine, wait for calls under way (N5), close it if it is open. */
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
