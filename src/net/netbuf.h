/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netbuf - a frame: one or more buffers of a pool, chained, with what was asked of the device or
 * learned from it in the first.
 *
 * A frame has one owner at a time and is passed on, never shared.
 */
#ifndef TP_NET_NETBUF_H
#define TP_NET_NETBUF_H

#include "dma/pool.h"

enum {
	TP_NETBUF_HEADROOM = 64, /* bytes before a received or built frame */
	TP_NETBUF_MAX_BUFS = 45, /* of one frame */
	TP_NETBUF_MAX_LEN = 65535 + 14 + 4,
};

/* Wishes to the device on the way out, and what the device found on the way in. */
enum {
	TP_NB_CSUM_IP = 1 << 0, /* out: fill in the IPv4 header checksum */
	/* out: fill in the TCP or UDP checksum, whatever stands there; in: it is right */
	TP_NB_CSUM_L4 = 1 << 1,
	TP_NB_TSO = 1 << 2,	 /* out: cut into segments of @mss; implies both checksums */
	TP_NB_VLAN = 1 << 3,	 /* out: insert @vlan_tci; in: it was there and was taken out */
	TP_NB_IPV6 = 1 << 4,	 /* out: the packet is IPv6, otherwise IPv4 */
	TP_NB_UDP = 1 << 5,	 /* out: the payload is UDP, otherwise TCP */
	TP_NB_CSUM_BAD = 1 << 6, /* in: a checksum is wrong */
	TP_NB_HASH = 1 << 7,	 /* in: @hash is the device's */
	TP_NB_MULTICAST = 1 << 8,
	TP_NB_BROADCAST = 1 << 9,
	TP_NB_CSUM_IP_OK = 1 << 10, /* in: the IPv4 header checksum is right */
};

/* What receiving, sending and freeing a plain frame touch is one cache line. */
struct tp_netbuf {
	struct tp_dma_buf buf;
	struct tp_netbuf *next; /* of the same frame; NULL: the last */
	uint16_t offset, len;	/* data in this buffer, bytes */
	/* of the frame; in the first buffer */
	uint32_t frame_len;
	uint16_t nr_bufs;
	uint16_t flags; /* TP_NB_* */
	uint32_t hash;
	/* wishes; they count only with their flags */
	uint16_t mss; /* TCP payload bytes of a segment */
	uint16_t vlan_tci;
	uint8_t l2_len, l4_len; /* header bytes, as the offloads need them */
	uint16_t l3_len;
	struct tp_netbuf *link; /* for whoever owns the frame */
};

/* The queue that it came from, and its packet type as the device tells it. */
static inline unsigned tp_netbuf_queue(const struct tp_netbuf *nb)
{
	return nb->buf.own[0];
}

static inline unsigned tp_netbuf_ptype(const struct tp_netbuf *nb)
{
	return nb->buf.own[1];
}

static inline void tp_netbuf_set_origin(struct tp_netbuf *nb, unsigned queue, unsigned ptype)
{
	nb->buf.own[0] = (uint16_t)queue;
	nb->buf.own[1] = (uint16_t)ptype;
}

static inline void *tp_netbuf_data(const struct tp_netbuf *nb)
{
	return (char *)nb->buf.data + nb->offset;
}

static inline tp_dma_addr tp_netbuf_dma(const struct tp_netbuf *nb)
{
	return (tp_dma_addr){ nb->buf.dma.v + nb->offset };
}

/* A pool whose objects are frames' buffers; as tp_dma_pool_create() (object_size is set here). */
int tp_netbuf_pool_create(struct tp_dma_pool_config config, struct tp_dma_pool **pool);

/* One empty buffer with TP_NETBUF_HEADROOM, or NULL; and up to @n at once. */
struct tp_netbuf *tp_netbuf_alloc(struct tp_dma_pool *pool);
unsigned tp_netbuf_alloc_bulk(struct tp_dma_pool *pool, struct tp_netbuf **frames, unsigned n);
/* A frame of @len bytes in as many buffers as it takes, content undefined, or NULL. */
struct tp_netbuf *tp_netbuf_alloc_frame(struct tp_dma_pool *pool, uint32_t len);
/* Free frames, of any pools; NULL entries are passed over.  Any thread. */
void tp_netbuf_free(struct tp_netbuf *frame);
void tp_netbuf_free_bulk(struct tp_netbuf **frames, unsigned n);

/* Copy @len bytes at @at of the frame; they must be there. */
void tp_netbuf_copy_out(const struct tp_netbuf *frame, uint32_t at, void *to, uint32_t len);
void tp_netbuf_copy_in(struct tp_netbuf *frame, uint32_t at, const void *from, uint32_t len);
/* Add @extra, a chain, to the end of @frame. */
void tp_netbuf_append(struct tp_netbuf *frame, struct tp_netbuf *extra);
/* Say who has the frame, for those who ask (tp_dma_buf_hold). */
void tp_netbuf_hold(struct tp_netbuf *frame, const char *holder);
/* How many frames leave the wire for it: its segments, at least 1. */
unsigned tp_netbuf_segments(const struct tp_netbuf *frame);

#endif
