/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sink - receives the frames of generators (net/probe.h), looks at every byte, counts and frees
 * them.
 *
 * Invariants
 *  K1  received = in_order + late + again + stale + damaged + foreign.
 *  K2  Of a flow's datagrams in_order + late is how many different ones came; what was made beyond
 *      that was lost.
 *
 * Of datagrams all of this is exact as long as none comes more than TP_SINK_WINDOW numbers behind
 * the highest; those that do are stale.  Of streams only is known that a segment continued where
 * the one before it ended (in_order), or came ahead (in_order, and a gap) or behind (again).
 *
 * Locking: one spinlock (rank NET_USER) around each batch; any number of queues.
 */
#ifndef TP_NET_SINK_H
#define TP_NET_SINK_H

#include "net/netdev.h"
#include "net/probe.h"

struct tp_sink;

enum { TP_SINK_WINDOW = 4096 };

struct tp_sink_config {
	uint64_t seed;
	unsigned flows;
	bool no_content; /* is not looked at */
};

struct tp_sink_stat {
	uint64_t received, bytes; /* frames, without FCS */
	uint64_t in_order, late, again, stale;
	uint64_t damaged; /* a checksum, the content or the device's word on it is wrong */
	uint64_t foreign;
	uint64_t gaps; /* times a frame came ahead of what was expected */
	/* What the device said about the checksums of frames: good, nothing, bad. */
	uint64_t csum_good, csum_none, csum_bad;
	uint64_t vlan; /* had a tag that the device took out */
};

/* -EINVAL, -ENOMEM. */
int tp_sink_create(const struct tp_sink_config *config, struct tp_sink **sink);
void tp_sink_destroy(struct tp_sink *sink);
/* A device's receive up-call. */
void tp_sink_receive(void *sink, unsigned queue, struct tp_netbuf **frames, unsigned n);
void tp_sink_stat(struct tp_sink *sink, struct tp_sink_stat *stat);
/* How many different datagrams of a flow came. */
uint64_t tp_sink_flow_frames(struct tp_sink *sink, unsigned flow);

#endif
