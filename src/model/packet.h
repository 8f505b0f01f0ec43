/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet - what the bytes of a frame mean: where its headers are, which packet type the device
 * calls it, and whether its checksums are right.
 *
 * Pure functions.  Whatever the bytes are, nothing beyond the length given is read.
 */
#ifndef TP_MODEL_PACKET_H
#define TP_MODEL_PACKET_H

#include "core/byteorder.h"
#include "model/packet_csum.h"
#include "model/packet_hash.h"

enum {
	TP_ETH_HEADER = 14,
	TP_ETH_MIN = 60, /* of a frame, without FCS */
	TP_ETH_TAG = 4,
	TP_PACKET_HEADERS = 256, /* bytes that are looked at; headers beyond are not found */
};

/* IP protocols */
enum {
	TP_IP_ICMP = 1,
	TP_IP_TCP = 6,
	TP_IP_UDP = 17,
	TP_IP_ICMPV6 = 58,
	TP_IP_SCTP = 132,
};

enum {
	TP_PACKET_TAGGED = 1 << 0, /* VLAN tag of type 0x8100 right behind the addresses */
	TP_PACKET_IPV4 = 1 << 1,
	TP_PACKET_IPV6 = 1 << 2,
	TP_PACKET_FRAGMENT = 1 << 3,
	/* IPv6 with a header that may change the addresses: the L4 checksum cannot be judged */
	TP_PACKET_ADDRESSES = 1 << 4,
};

/* Offsets are bytes from the beginning of the frame. */
struct tp_packet {
	uint8_t ptype;	 /* TP_AVF_PTYPE_* */
	uint8_t flags;	 /* TP_PACKET_* */
	uint8_t proto;	 /* what the IP packet carries, behind extension headers */
	uint16_t tci;	 /* of the tag */
	uint16_t l3_at;	 /* 0: no IP header */
	uint16_t l4_at;	 /* 0: no header of TCP, UDP, SCTP or ICMP, or only part of it */
	uint32_t l4_end; /* where its data ends, padding may follow; 0: lengths are wrong */
};

/* @bytes: the first @have of a frame of @len; as many as TP_PACKET_HEADERS are enough. */
void tp_packet_parse(struct tp_packet *packet, const uint8_t *bytes, uint32_t have, uint32_t len);

/*
 * The first bytes of a frame as one piece: those of the frame itself, or copied to @room.  @have:
 * how many.
 */
static inline const uint8_t *tp_packet_bytes(const struct tp_wire_frame *frame,
					     uint8_t room[TP_PACKET_HEADERS], uint32_t *have)
{
	*have = TP_MIN(frame->len, (uint32_t)TP_PACKET_HEADERS);
	if (tp_likely(frame->pieces->len >= *have))
		return frame->pieces->data;
	tp_wire_gather(frame, room, *have);
	return room;
}

/* ---- checksums; @bytes as given to tp_packet_parse() ----------------------------------------- */

/* Of an IPv4 header with options. */
bool tp_packet_ip_options_good(const uint8_t *ip);

/* The header checksum is right; so it is with IPv6, which has none. */
static inline bool tp_packet_ip_good(const struct tp_packet *packet, const uint8_t *bytes)
{
	const uint8_t *ip = bytes + packet->l3_at;
	uint64_t first, second;
	uint32_t third;

	if (!(packet->flags & TP_PACKET_IPV4))
		return true;
	if (tp_unlikely(ip[0] != 0x45))
		return tp_packet_ip_options_good(ip);
	memcpy(&first, ip, sizeof(first));
	memcpy(&second, ip + 8, sizeof(second));
	memcpy(&third, ip + 16, sizeof(third));
	return tp_csum_fold(tp_csum_join(tp_csum_join(first, second), third)) == 0xffff;
}

/* How the L4 checksum is checked. */
enum tp_packet_check {
	TP_CHECK_NOTHING, /* there is none, or it cannot be judged */
	TP_CHECK_SUM,	  /* [l4_at, l4_end) and the pseudo header sum up to 0xffff */
	TP_CHECK_CRC,	  /* SCTP */
	TP_CHECK_BAD,	  /* it cannot be right */
};

enum tp_packet_check tp_packet_l4_check(const struct tp_packet *packet, const uint8_t *bytes);

/* Sum of the pseudo header for @l4_len bytes; 0: as TSO wants it, without the length. */
static inline uint64_t tp_packet_pseudo(const struct tp_packet *packet, const uint8_t *bytes,
					uint32_t l4_len)
{
	/* the protocol and the length as 16-bit words among the addresses, as they are in memory */
	uint64_t sum = (uint64_t)__builtin_bswap32(l4_len) + ((uint64_t)packet->proto << 8);
	const uint8_t *ip = bytes + packet->l3_at;
	uint64_t addresses;

	if (!(packet->flags & TP_PACKET_IPV4))
		return tp_csum_add(sum, ip + 8, 32);
	memcpy(&addresses, ip + 12, sizeof(addresses));
	return tp_csum_join(sum, addresses);
}

/* Read it all: the L4 checksum is right, or there is nothing to check. */
bool tp_packet_l4_good(const struct tp_packet *packet, const uint8_t *bytes,
		       const struct tp_wire_piece *pieces);
/* Of TCP or UDP: where the checksum is, from the beginning of its header. */
unsigned tp_packet_csum_at(uint8_t proto);

/* Fill in the checksum of an IPv4 header of @header_len bytes. */
static inline void tp_packet_fill_ip(uint8_t *ip, unsigned header_len)
{
	memset(ip + 10, 0, 2);
	tp_csum_put(ip + 10, tp_csum_add(0, ip, header_len), false);
}

#endif
