/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet - headers, one after the other.
 *
 * Every step knows how many bytes there are to read (@have) and how long the frame is (@len); what
 * lies outside, or says nonsense about lengths, is left as "not there".
 */
#include "model/packet.h"
#include "net/avf/avf_regs.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_TAG = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_OUTER_TAG = 0x88a8,
	TYPE_OLD_OUTER_TAG = 0x9100,
	MAX_TAGS = 2,
};

/* IPv6 headers between the first and L4 */
enum {
	EXT_HOPS = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_AUTH = 51,
	EXT_DESTINATION = 60,
};

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20, UDP_HEADER = 8, SCTP_HEADER = 12 };

/* ---- L4 -------------------------------------------------------------------------------------- */

/* By protocol; of ICMP each version of IP has its own. */
static inline unsigned ptype_of(uint8_t proto, bool ipv6)
{
	unsigned plain = ipv6 ? TP_AVF_PTYPE_IPV6 : TP_AVF_PTYPE_IPV4;

	switch (proto) {
	case TP_IP_UDP:
		return plain + TP_AVF_PTYPE_IPV4_UDP - TP_AVF_PTYPE_IPV4;
	case TP_IP_TCP:
		return plain + TP_AVF_PTYPE_IPV4_TCP - TP_AVF_PTYPE_IPV4;
	case TP_IP_SCTP:
		return plain + TP_AVF_PTYPE_IPV4_SCTP - TP_AVF_PTYPE_IPV4;
	case TP_IP_ICMP:
		return ipv6 ? plain : TP_AVF_PTYPE_IPV4_ICMP;
	case TP_IP_ICMPV6:
		return ipv6 ? TP_AVF_PTYPE_IPV6_ICMP : plain;
	default:
		return plain;
	}
}

static inline unsigned l4_header(uint8_t proto)
{
	switch (proto) {
	case TP_IP_TCP:
		return TCP_HEADER;
	case TP_IP_SCTP:
		return SCTP_HEADER;
	default:
		return UDP_HEADER;
	}
}

/* 0: they contradict each other. */
static inline uint32_t l4_end(uint8_t proto, const uint8_t *l4, uint32_t at, uint32_t end)
{
	uint32_t said;

	if (proto == TP_IP_TCP) {
		said = 4u * (l4[12] >> 4);
		return said >= TCP_HEADER && said <= end - at ? end : 0;
	}
	if (proto == TP_IP_UDP) {
		said = tp_be16(l4 + 4);
		return said >= UDP_HEADER && said <= end - at ? at + said : 0;
	}
	return end;
}

/* What @packet->proto says lies at @at, up to @end of the frame. */
static inline __attribute__((always_inline)) void parse_l4(struct tp_packet *packet,
							   const uint8_t *bytes, uint32_t at,
							   uint32_t end, uint32_t have)
{
	bool ipv6 = packet->flags & TP_PACKET_IPV6;
	unsigned plain = ipv6 ? TP_AVF_PTYPE_IPV6 : TP_AVF_PTYPE_IPV4;
	unsigned ptype = ptype_of(packet->proto, ipv6);

	packet->ptype = (uint8_t)plain;
	if (ptype == plain || at + l4_header(packet->proto) > TP_MIN(end, have))
		return;
	packet->ptype = (uint8_t)ptype;
	packet->l4_at = (uint16_t)at;
	packet->l4_end = l4_end(packet->proto, bytes + at, at, end);
}

/* ---- IP -------------------------------------------------------------------------------------- */

static inline void parse_ipv4(struct tp_packet *packet, const uint8_t *bytes, uint32_t at,
			      uint32_t have, uint32_t len)
{
	const uint8_t *ip = bytes + at;
	uint32_t header, total;

	if (at + IPV4_HEADER > have || ip[0] >> 4 != 4)
		return;
	header = 4u * (ip[0] & 15);
	total = tp_be16(ip + 2);
	if (header < IPV4_HEADER || at + header > have || total < header || total > len - at)
		return;
	packet->flags |= TP_PACKET_IPV4;
	packet->l3_at = (uint16_t)at;
	packet->proto = ip[9];
	if (tp_be16(ip + 6) & 0x3fff) {
		packet->flags |= TP_PACKET_FRAGMENT;
		packet->ptype = TP_AVF_PTYPE_IPV4_FRAG;
		return;
	}
	parse_l4(packet, bytes, at + header, at + total, have);
}

/* Length of the extension header @ext of type @type. */
static uint32_t ext_len(uint8_t type, const uint8_t *ext)
{
	if (type == EXT_FRAGMENT)
		return 8;
	return type == EXT_AUTH ? 4u * (ext[1] + 2u) : 8u * (ext[1] + 1u);
}

static bool is_ext(uint8_t type)
{
	return type == EXT_HOPS || type == EXT_ROUTING || type == EXT_FRAGMENT ||
	       type == EXT_AUTH || type == EXT_DESTINATION;
}

/* From the first extension header at @at to the one behind the last; returns where that is. */
static uint32_t skip_exts(struct tp_packet *packet, const uint8_t *bytes, uint32_t at, uint32_t end)
{
	while (is_ext(packet->proto) && at + 8 <= end) {
		uint32_t len = ext_len(packet->proto, bytes + at);

		if (len > end - at)
			break;
		if (packet->proto == EXT_FRAGMENT)
			packet->flags |= TP_PACKET_FRAGMENT;
		if (packet->proto == EXT_ROUTING || packet->proto == EXT_DESTINATION)
			packet->flags |= TP_PACKET_ADDRESSES;
		packet->proto = bytes[at];
		at += len;
		if (packet->flags & TP_PACKET_FRAGMENT)
			break;
	}
	return at;
}

static void parse_ipv6(struct tp_packet *packet, const uint8_t *bytes, uint32_t at, uint32_t have,
		       uint32_t len)
{
	const uint8_t *ip = bytes + at;
	uint32_t end;

	if (at + IPV6_HEADER > have || ip[0] >> 4 != 6)
		return;
	end = at + IPV6_HEADER + tp_be16(ip + 4);
	if (end > len)
		return;
	packet->flags |= TP_PACKET_IPV6;
	packet->l3_at = (uint16_t)at;
	packet->proto = ip[6];
	at = skip_exts(packet, bytes, at + IPV6_HEADER, TP_MIN(end, have));
	if (packet->flags & TP_PACKET_FRAGMENT)
		packet->ptype = TP_AVF_PTYPE_IPV6_FRAG;
	else
		parse_l4(packet, bytes, at, end, have);
}

/* ---- Ethernet -------------------------------------------------------------------------------- */

static bool is_tag(uint16_t type)
{
	return type == TYPE_TAG || type == TYPE_OUTER_TAG || type == TYPE_OLD_OUTER_TAG;
}

/* Behind the tags, the first of which is of type @type; @at: behind the addresses and a type. */
static tp_noinline uint16_t skip_tags(struct tp_packet *packet, const uint8_t *bytes, uint32_t have,
				      uint16_t type, uint32_t *at)
{
	if (type == TYPE_TAG && have >= TP_ETH_HEADER + TP_ETH_TAG) {
		packet->flags |= TP_PACKET_TAGGED;
		packet->tci = tp_be16(bytes + 14);
	}
	for (unsigned tags = 0; is_tag(type) && tags < MAX_TAGS && *at + TP_ETH_TAG <= have;
	     tags++) {
		type = tp_be16(bytes + *at + 2);
		*at += TP_ETH_TAG;
	}
	return type;
}

void tp_packet_parse(struct tp_packet *packet, const uint8_t *bytes, uint32_t have, uint32_t len)
{
	uint32_t at = TP_ETH_HEADER;
	uint16_t type;

	*packet = (struct tp_packet){ .ptype = TP_AVF_PTYPE_L2 };
	have = TP_MIN(have, len);
	if (have < TP_ETH_HEADER)
		return;
	type = tp_be16(bytes + 12);
	if (is_tag(type))
		type = skip_tags(packet, bytes, have, type, &at);
	if (type == TYPE_IPV4)
		parse_ipv4(packet, bytes, at, have, len);
	else if (type == TYPE_IPV6)
		parse_ipv6(packet, bytes, at, have, len);
	else if (type == TYPE_ARP)
		packet->ptype = TP_AVF_PTYPE_ARP;
}

/* ---- checksums ------------------------------------------------------------------------------- */

bool tp_packet_ip_options_good(const uint8_t *ip)
{
	return tp_csum_fold(tp_csum_add(0, ip, 4u * (ip[0] & 15))) == 0xffff;
}

unsigned tp_packet_csum_at(uint8_t proto)
{
	return proto == TP_IP_UDP ? 6 : 16;
}

/* Without a checksum UDP goes over IPv4 only. */
static enum tp_packet_check check_udp(const struct tp_packet *packet, const uint8_t *udp)
{
	if (tp_be16(udp + 6))
		return TP_CHECK_SUM;
	return packet->flags & TP_PACKET_IPV4 ? TP_CHECK_NOTHING : TP_CHECK_BAD;
}

enum tp_packet_check tp_packet_l4_check(const struct tp_packet *packet, const uint8_t *bytes)
{
	if (!packet->l4_at || packet->flags & TP_PACKET_ADDRESSES)
		return TP_CHECK_NOTHING;
	if (!packet->l4_end)
		return TP_CHECK_BAD;
	switch (packet->proto) {
	case TP_IP_TCP:
		return TP_CHECK_SUM;
	case TP_IP_UDP:
		return check_udp(packet, bytes + packet->l4_at);
	case TP_IP_SCTP:
		return TP_CHECK_CRC;
	default:
		return TP_CHECK_NOTHING;
	}
}

/* An SCTP packet's CRC is computed as if its field were zero. */
static bool crc_good(const struct tp_packet *packet, const uint8_t *bytes,
		     const struct tp_wire_piece *pieces)
{
	static const uint8_t zero[4];
	const uint8_t *sctp = bytes + packet->l4_at;
	size_t behind = packet->l4_at + SCTP_HEADER;
	uint32_t crc, said;

	crc = tp_crc32c_add(~0u, sctp, 8);
	crc = tp_crc32c_add(crc, zero, 4);
	crc = ~tp_crc_pieces(tp_crc32c_add, crc, pieces, behind, packet->l4_end - behind);
	memcpy(&said, sctp + 8, sizeof(said));
	return crc == said;
}

bool tp_packet_l4_good(const struct tp_packet *packet, const uint8_t *bytes,
		       const struct tp_wire_piece *pieces)
{
	uint32_t len = packet->l4_end - packet->l4_at;

	switch (tp_packet_l4_check(packet, bytes)) {
	case TP_CHECK_SUM:
		return tp_csum_fold(tp_csum_pieces(tp_packet_pseudo(packet, bytes, len), pieces,
						   packet->l4_at, len)) == 0xffff;
	case TP_CHECK_CRC:
		return crc_good(packet, bytes, pieces);
	case TP_CHECK_BAD:
		return false;
	default:
		return true;
	}
}
