/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pktgen - makes numbered frames (net/probe.h) and sends them through one queue of a device.
 *
 * Invariants
 *  G1  made = sent + pending: what the device refuses stays here and goes first, so every number is
 *      sent, once and in order.
 *  G2  After a refusal nothing is offered until the device's wake came (or was missed: the wake's
 *      count is read before the frames are offered).
 *
 * Locking: none; one thread runs a generator.  tp_pktgen_wake() and tp_pktgen_stat() from any.
 */
#ifndef TP_NET_PKTGEN_H
#define TP_NET_PKTGEN_H

#include "net/netdev.h"
#include "net/probe.h"

struct tp_pktgen;

enum { TP_PKTGEN_MAX_BURST = 64 };

struct tp_pktgen_config {
	struct tp_netdev *nd;
	unsigned queue;
	struct tp_probe probe; /* a source MAC of zeros: the device's */
	/* Bytes of a frame, without FCS and tag; lengths are drawn from [min_len, max_len]. */
	uint32_t min_len, max_len;
	unsigned mss; /* bytes, to 65535; not 0: TCP is cut by the device (TSO) */
	bool csum;    /* the device fills in checksums; otherwise they are made here */
	bool vlan;    /* the device inserts @vlan_tci */
	uint16_t vlan_tci;
	uint64_t count; /* frames; 0: no end */
	uint64_t rate;	/* frames per second, to 1e9; 0: as fast as they are taken */
	unsigned burst; /* frames at once, at most TP_PKTGEN_MAX_BURST; 0: 32 */
};

struct tp_pktgen_stat {
	uint64_t made, sent; /* frames */
	uint64_t bytes;	     /* of those sent */
	uint64_t segments;   /* that they become on the wire */
	uint64_t refused;    /* frames that were not taken at first, each time */
	uint64_t no_buffer;  /* times the pool was empty */
};

/* -EINVAL, -EOPNOTSUPP: an offload that the device does not have, -ENOMEM. */
int tp_pktgen_create(const struct tp_pktgen_config *config, struct tp_pktgen **gen);
/* What is pending is freed. */
void tp_pktgen_destroy(struct tp_pktgen *gen);
/* Make and offer one burst, as far as count, rate and the device let it; how many were taken. */
unsigned tp_pktgen_run(struct tp_pktgen *gen);
/* All of @count were taken. */
bool tp_pktgen_done(const struct tp_pktgen *gen);
/* The device's wake, for its user's. */
void tp_pktgen_wake(struct tp_pktgen *gen);
void tp_pktgen_stat(const struct tp_pktgen *gen, struct tp_pktgen_stat *stat);
/* How many frames of its @flow-th flow were made: their numbers are below. */
uint64_t tp_pktgen_flow_frames(const struct tp_pktgen *gen, unsigned flow);

#endif
