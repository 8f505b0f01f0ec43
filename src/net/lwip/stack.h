/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stack - Debian's lwIP on top of a network device.
 *
 * lwIP is one stack per process and keeps its state for good; devices join and leave it.  Received
 * buffers are lent to it, not copied, as long as it wants them (holder "lwip"); those whose page is
 * wanted back are copied at once.  lwIP makes and checks all checksums itself, for Debian builds it
 * without a choice, so of the device's offloads only segmentation is used: full-sized segments of
 * one stream that follow each other are sent as one frame for the device to cut.
 *
 * Invariants
 *  L1  Frames received = given + dropped; frames lent that are not back: held.
 *  L2  Frames to send = sent + refused + no_buffer + pending + those joined to another.
 *
 * Locking: lwIP's core lock, an own one of that library, is taken under NET_POLL and before
 * NET_USER; nothing takes NET_CONFIG or NET_POLL under it.  @lock (rank NET_USER) for what waits to
 * be sent.
 */
#ifndef TP_NET_LWIP_STACK_H
#define TP_NET_LWIP_STACK_H

#include "net/netdev.h"

struct tp_lwip;

struct tp_lwip_config {
	struct tp_netdev *nd;
	uint8_t ipv4[4]; /* zero: none */
	unsigned ipv4_bits;
	uint8_t ipv6[16]; /* beside the link-local one; zero: none */
	bool no_tso;
};

struct tp_lwip_stat {
	uint64_t given, copied; /* received; of which could not be lent */
	uint64_t dropped;	/* a checksum that the device found wrong, a tag, no memory */
	uint64_t held;		/* buffers lent, now */
	uint64_t to_send, sent, refused, no_buffer, pending;
	uint64_t joined;      /* segments that became part of a larger frame */
	uint64_t large, wire; /* frames for the device to cut; all frames as the wire counts */
};

/* The device is closed.  -ENOMEM, -EIO: lwIP would not start. */
int tp_lwip_create(const struct tp_lwip_config *config, struct tp_lwip **lwip);
/*
 * The device is closed, and nobody uses the stack's addresses any more.  Waits until lwIP gave
 * every buffer back, which for packets that came in part takes it some seconds.
 */
void tp_lwip_destroy(struct tp_lwip *lwip);
/* To be the device's user. */
struct tp_netdev_user tp_lwip_user(struct tp_lwip *lwip);
void tp_lwip_stat(struct tp_lwip *lwip, struct tp_lwip_stat *stat);

#endif
