/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_traffic - what the files of the driver's data path tell each other.
 */
#ifndef TP_NET_AVF_TRAFFIC_H
#define TP_NET_AVF_TRAFFIC_H

#include "net/avf/avf_internal.h"

static inline unsigned tp_avf_next(unsigned slot, unsigned count)
{
	return slot + 1 == count ? 0 : slot + 1;
}

/* What fits the interface: a frame of its MTU, without FCS. */
static inline uint32_t tp_avf_max_frame(unsigned mtu)
{
	return mtu + TP_AVF_FRAME_EXTRA - TP_AVF_FCS;
}

/* ---- send (avf_tx.c) ------------------------------------------------------------------------- */

/* Count and free what the device says is done; false: nothing was. */
bool tp_avf_tx_complete(struct tp_avf_tx_ring *ring);
/* Free all that is in the ring, done or not, and count it as drop_reset. */
void tp_avf_tx_drop(struct tp_avf_tx_ring *ring);

/* What a frame wishes, as descriptors say it. */
struct tp_avf_tx_wish {
	uint64_t data;		 /* of each data descriptor, but for size and EOP */
	uint64_t context[2];	 /* 0, 0: none */
	uint32_t packets, bytes; /* as they will leave the wire */
	uint32_t headers, mss;	 /* of a TSO frame; mss 0: it is none */
};

/* Read what @frame wishes of a ring that can do @features.  False: it makes no sense. */
bool tp_avf_tx_read_wish(const struct tp_netbuf *frame, unsigned features, uint32_t max_frame,
			 struct tp_avf_tx_wish *wish);
/* Change its headers to what the device needs to begin with. */
void tp_avf_tx_prepare(struct tp_netbuf *frame);

/* Data descriptors that a buffer of @len bytes takes, at most (never too few, T14). */
static inline unsigned tp_avf_tx_descs(uint32_t len)
{
	return (unsigned)((uint64_t)len * 85 >> 20) + 1;
}

/* The next piece of a buffer with @left bytes to go. */
static inline uint32_t tp_avf_tx_chunk(uint32_t left)
{
	return left > TP_AVF_MAX_TXD_BYTES ? (uint32_t)TP_AVF_TXD_CHUNK : left;
}

/* Does the device take it as it is: no packet on the wire from too many buffers (T14)? */
bool tp_avf_tx_fits(const struct tp_netbuf *frame, uint32_t headers, uint32_t mss);
/* A copy of it that the device takes, if there is memory; NULL. */
struct tp_netbuf *tp_avf_tx_linearize(const struct tp_netbuf *frame, struct tp_dma_pool *pool);

/* ---- receive (avf_rx.c, avf_rx_fill.c) ------------------------------------------------------- */

/* Deliver up to @budget frames; returns how many descriptors that took.  Fills nothing. */
unsigned tp_avf_rx_deliver(struct tp_avf_rx_ring *ring, unsigned budget, bool *again);
/* Take back all buffers, count frames in them as drop_reset, and begin at descriptor 0. */
void tp_avf_rx_empty(struct tp_avf_rx_ring *ring);

/* ---- posted buffers that are wanted back (avf_hotplug.c) ------------------------------------- */

bool tp_avf_rx_posts_leaving(struct tp_avf_queue *q);
/* The device is out of the ring: take all of it, and keep polls away from it. */
void tp_avf_rx_park(struct tp_avf_queue *q);
/* The device begins with descriptor 0 again: fill it, and let polls in. */
void tp_avf_rx_unpark(struct tp_avf_queue *q);

/* Is there something for a poll to do? */
bool tp_avf_rx_waiting(const struct tp_avf_rx_ring *ring);
bool tp_avf_tx_waiting(const struct tp_avf_tx_ring *ring);

#endif
