/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf - a driver for Intel's Adaptive Virtual Function, over a bus device.
 */
#ifndef TP_NET_AVF_H
#define TP_NET_AVF_H

#include "core/bus.h"
#include "net/netdev.h"

/* How the queues are run. */
enum tp_avf_run {
	TP_AVF_RUN_NONE,      /* the user calls tp_netdev_poll() */
	TP_AVF_RUN_POLL,      /* a thread that polls all queues without a pause */
	TP_AVF_RUN_INTERRUPT, /* a thread per vector, which sleeps until its interrupt */
};

/*
 * How long the device may take, ns; 0: the usual.  What takes longer is tried again after a reset,
 * and what then still takes longer makes the device FAILED.
 */
struct tp_avf_patience {
	uint64_t taken_ns;  /* until a message was taken from the queue; 250 ms */
	uint64_t answer_ns; /* until it was answered; 2 s */
	uint64_t begin_ns;  /* until a reset that was asked for begins; 2.5 s */
	uint64_t end_ns;    /* until one that began is over; 20 s */
};

struct tp_avf_config {
	const char *name; /* of the network device */
	struct tp_machine *machine;
	struct tp_bus_device *bus;
	int node; /* near which rings and buffers lie; TP_NODE_NONE: anywhere */
	enum tp_avf_run run;
	/* A thread that watches the device: admin queue, statistics, hung queues, resets.  Without,
	 * the user calls tp_avf_service(). */
	bool service;
	unsigned queues;	   /* pairs at first; 0: as many as the device offers */
	unsigned rx_ring, tx_ring; /* 0: 512 */
	unsigned mtu;		   /* 0: 1500 */
	unsigned pool_bufs;	   /* buffers for senders; 0: 2048 */
	/* As tp_avf_set_user(); for those whose device may be opened by others at once. */
	struct tp_netdev_user user;
	struct tp_avf_patience patience;
};

struct tp_avf;

/*
 * Take the device: reset it, shake hands, make its network device, closed.  -ENOMEM, -EEXIST: the
 * name is taken, -EIO: the device does not answer or answers nonsense, -EINVAL.
 */
int tp_avf_create(const struct tp_avf_config *config, struct tp_avf **avf);
/*
 * Closes it if need be.  -EBUSY: a frame that it handed out is not back (tp_last_error() names a
 * holder); the device is gone for its users, but must be destroyed again.
 */
int tp_avf_destroy(struct tp_avf *avf);
struct tp_netdev *tp_avf_netdev(struct tp_avf *avf);
/* Set before open. */
void tp_avf_set_user(struct tp_avf *avf, const struct tp_netdev_user *user);

/*
 * One round of what the service thread does, for tests and explored scenarios: read messages, take
 * up resets, ask for statistics, look for hung queues.  Returns when it wants to be called again.
 */
uint64_t tp_avf_service(struct tp_avf *avf);

#endif
