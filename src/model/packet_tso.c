/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet_tso - the headers of segments.
 *
 * Of the template, lengths and checksums are not looked at: whoever asks for segmentation leaves
 * there what suits the device.
 */
#include "model/packet_tso.h"

enum { FIN = 0x01, PSH = 0x08, CWR = 0x80 };
enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20, UDP_HEADER = 8 };

static bool valid_l3(const struct tp_tso *tso)
{
	const uint8_t *ip = tso->header + tso->l3_at;
	unsigned header = tso->ipv6 ? IPV6_HEADER : IPV4_HEADER;

	if (tso->l3_at < TP_ETH_HEADER || tso->l3_at + header > tso->l4_at)
		return false;
	header = tso->l4_at - tso->l3_at;
	if (tso->ipv6)
		return ip[0] >> 4 == 6; /* extension headers may lie between */
	return ip[0] >> 4 == 4 && 4u * (ip[0] & 15) == header;
}

static bool valid_l4(const struct tp_tso *tso)
{
	unsigned len = tso->header_len - tso->l4_at;

	if (tso->udp)
		return len == UDP_HEADER;
	return len >= TCP_HEADER && tso->header[tso->l4_at + 12] >> 4 == len / 4 && len % 4 == 0;
}

/* A segment's IP length fits its field. */
static bool valid_lengths(const struct tp_tso *tso)
{
	uint32_t segment = TP_MIN((uint32_t)tso->mss, tso->payload_len);

	return segment && segment + tso->header_len - tso->l3_at <= 0xffff;
}

bool tp_tso_valid(const struct tp_tso *tso)
{
	return tso->l4_at < tso->header_len && tso->header_len <= TP_TSO_MAX_HEADER &&
	       valid_l3(tso) && valid_l4(tso) && valid_lengths(tso);
}

static void make_ipv4(uint8_t *ip, unsigned header, uint32_t total, unsigned i)
{
	tp_put_be16(ip + 2, (uint16_t)total);
	tp_put_be16(ip + 4, (uint16_t)(tp_be16(ip + 4) + i));
	tp_packet_fill_ip(ip, header);
}

static void make_tcp(const struct tp_tso *tso, unsigned i, uint8_t *tcp)
{
	tp_put_be32(tcp + 4, tp_be32(tcp + 4) + i * tso->mss);
	if (i)
		tcp[13] &= (uint8_t)~CWR;
	if (i + 1 < tp_tso_segments(tso))
		tcp[13] &= (uint8_t) ~(FIN | PSH);
}

static void make_l4_csum(const struct tp_tso *tso, uint8_t *to, uint32_t l4_len, uint64_t sum)
{
	const struct tp_packet packet = {
		.flags = tso->ipv6 ? TP_PACKET_IPV6 : TP_PACKET_IPV4,
		.proto = tso->udp ? TP_IP_UDP : TP_IP_TCP,
		.l3_at = (uint16_t)tso->l3_at,
	};
	uint8_t *field = to + tso->l4_at + tp_packet_csum_at(packet.proto);

	memset(field, 0, 2);
	sum = tp_csum_join(sum, tp_packet_pseudo(&packet, to, l4_len));
	sum = tp_csum_add(sum, to + tso->l4_at, tso->header_len - tso->l4_at);
	sum = tp_csum_join(sum, tso->csum_bias);
	tp_csum_put(field, sum, tso->udp);
}

void tp_tso_header(const struct tp_tso *tso, unsigned i, uint64_t payload_sum, uint8_t *to)
{
	uint32_t l4_len = tso->header_len - tso->l4_at + tp_tso_len(tso, i);
	uint32_t l3_header = tso->l4_at - tso->l3_at;

	memcpy(to, tso->header, tso->header_len);
	if (tso->ipv6)
		tp_put_be16(to + tso->l3_at + 4, (uint16_t)(l3_header - IPV6_HEADER + l4_len));
	else
		make_ipv4(to + tso->l3_at, l3_header, l3_header + l4_len, i);
	if (tso->udp)
		tp_put_be16(to + tso->l4_at + 4, (uint16_t)l4_len);
	else
		make_tcp(tso, i, to + tso->l4_at);
	make_l4_csum(tso, to, l4_len, payload_sum);
}
