/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forwarder - what comes in at one of two devices goes out at the other, readdressed.
 *
 * Invariants
 *  R1  In each direction received = forwarded + refused + runts, at rest.
 *
 * Locking: a spinlock per send queue (rank NET_USER), for more than one receive queue may lead to
 * it.
 */
#ifndef TP_NET_FORWARDER_H
#define TP_NET_FORWARDER_H

#include "net/netdev.h"

struct tp_forwarder;

struct tp_forwarder_config {
	struct tp_netdev *nd[2];
	uint8_t peer_mac[2][6]; /* to whom frames are addressed that leave at nd[i] */
};

/* Frames that came in at one device. */
struct tp_forwarder_stat {
	uint64_t received, forwarded;
	uint64_t refused; /* the other device had no room, or is closed */
	uint64_t runts;	  /* without a whole Ethernet header in front */
};

/* -ENOMEM. */
int tp_forwarder_create(const struct tp_forwarder_config *config, struct tp_forwarder **forwarder);
/* Both devices closed, or somebody else's. */
void tp_forwarder_destroy(struct tp_forwarder *forwarder);
/* To be the user of nd[@side]. */
struct tp_netdev_user tp_forwarder_user(struct tp_forwarder *forwarder, unsigned side);
void tp_forwarder_stat(struct tp_forwarder *forwarder, unsigned side,
		       struct tp_forwarder_stat *stat);

#endif
