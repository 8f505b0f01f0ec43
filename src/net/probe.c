/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe - make frames and know them again. */
#include "net/probe.h"

#include <string.h>

#include "core/byteorder.h"
#include "core/rng.h"

enum {
	ETH = 14,
	IPV4 = 20,
	IPV6 = 40,
	UDP = 8,
	TCP = 20,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	MAGIC = 0x54506e67,
};

/* ---- checksums ------------------------------------------------------------------------------- */

/* The words of network order, added up; an odd byte only at the end. */
static uint64_t add_words(uint64_t sum, const uint8_t *bytes, size_t len)
{
	for (; len >= 4; bytes += 4, len -= 4)
		sum += tp_be32(bytes);
	if (len >= 2)
		sum += tp_be16(bytes);
	if (len & 1)
		sum += (uint64_t)bytes[len - 1] << 8;
	return sum;
}

static unsigned fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned)sum;
}

/* Addresses, protocol and length. */
static uint64_t pseudo(const uint8_t *ip, bool ipv6, unsigned proto, uint32_t l4_len)
{
	return add_words(proto + (uint64_t)l4_len, ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
}

static unsigned csum_at(unsigned proto)
{
	return proto == PROTO_TCP ? 16 : 6;
}

/* ---- content --------------------------------------------------------------------------------- */

uint64_t tp_probe_key(uint64_t seed, unsigned flow, uint64_t number)
{
	return tp_rng_mix(tp_rng_mix(seed + flow * TP_RNG_STEP) + number * TP_RNG_STEP);
}

static uint64_t word_at(uint64_t key, uint64_t at)
{
	return tp_rng_mix(key + at / 8 * TP_RNG_STEP);
}

/* How many bytes until the next word. */
static size_t part(uint64_t at, size_t len)
{
	return TP_MIN(8 - at % 8, (uint64_t)len);
}

void tp_probe_fill(uint64_t key, uint64_t at, void *to, size_t len)
{
	for (size_t n; len; at += n, to = (char *)to + n, len -= n) {
		uint64_t word = word_at(key, at) >> at % 8 * 8;

		n = part(at, len);
		memcpy(to, &word, n);
	}
}

bool tp_probe_check(uint64_t key, uint64_t at, const void *from, size_t len)
{
	for (size_t n; len; at += n, from = (const char *)from + n, len -= n) {
		uint64_t word = word_at(key, at) >> at % 8 * 8;

		n = part(at, len);
		if (memcmp(from, &word, n))
			return false;
	}
	return true;
}

void tp_probe_put_tag(unsigned flow, uint64_t number, uint8_t *to)
{
	tp_put_be32(to, MAGIC);
	tp_put_be32(to + 4, flow);
	tp_put_be32(to + 8, (uint32_t)(number >> 32));
	tp_put_be32(to + 12, (uint32_t)number);
}

/* ---- headers --------------------------------------------------------------------------------- */

struct tp_probe_layout tp_probe_layout(const struct tp_probe *probe)
{
	struct tp_probe_layout l = { .l3_at = ETH };

	l.l4_at = l.l3_at + (probe->ipv6 ? IPV6 : IPV4);
	l.payload_at = l.l4_at + (probe->tcp ? TCP : UDP);
	return l;
}

static const uint8_t default_ipv4[4] = { 10, 99, 0, 0 }, default_ipv6[16] = { 0xfd, 0x99 };

static void put_address(uint8_t *to, const uint8_t *address, bool ipv6, uint8_t last)
{
	static const uint8_t none[16];
	size_t len = ipv6 ? 16 : 4;
	bool given = memcmp(address, none, len);

	memcpy(to, given ? address : ipv6 ? default_ipv6 : default_ipv4, len);
	if (!given)
		to[len - 1] = last;
}

static void put_ipv4(const struct tp_probe *p, uint32_t l4_len, uint8_t *ip)
{
	ip[0] = 0x45;
	tp_put_be16(ip + 2, IPV4 + l4_len);
	tp_put_be16(ip + 6, 0x4000); /* don't fragment */
	ip[8] = 64;
	ip[9] = p->tcp ? PROTO_TCP : PROTO_UDP;
	put_address(ip + 12, p->src_ip, false, 1);
	put_address(ip + 16, p->dst_ip, false, 2);
}

static void put_ipv6(const struct tp_probe *p, uint32_t l4_len, uint8_t *ip)
{
	ip[0] = 0x60;
	tp_put_be16(ip + 4, l4_len);
	ip[6] = p->tcp ? PROTO_TCP : PROTO_UDP;
	ip[7] = 64;
	put_address(ip + 8, p->src_ip, true, 1);
	put_address(ip + 24, p->dst_ip, true, 2);
}

static void put_l4(const struct tp_probe *p, unsigned flow, uint32_t sequence, uint32_t payload,
		   uint8_t *l4)
{
	tp_put_be16(l4, TP_PROBE_FIRST_FLOW + flow);
	tp_put_be16(l4 + 2, TP_PROBE_PORT);
	if (!p->tcp) {
		tp_put_be16(l4 + 4, UDP + payload);
		return;
	}
	tp_put_be32(l4 + 4, sequence);
	l4[12] = TCP / 4 << 4;
	l4[13] = 0x10; /* ACK */
	tp_put_be16(l4 + 14, 0xffff);
}

void tp_probe_headers(const struct tp_probe *p, unsigned flow, uint32_t sequence, uint32_t payload,
		      uint8_t *to)
{
	struct tp_probe_layout l = tp_probe_layout(p);
	uint32_t l4_len = l.payload_at - l.l4_at + payload;

	memset(to, 0, l.payload_at);
	memcpy(to, p->dst_mac, 6);
	memcpy(to + 6, p->src_mac, 6);
	tp_put_be16(to + 12, p->ipv6 ? 0x86dd : 0x0800);
	if (p->ipv6)
		put_ipv6(p, l4_len, to + l.l3_at);
	else
		put_ipv4(p, l4_len, to + l.l3_at);
	put_l4(p, flow, sequence, payload, to + l.l4_at);
}

void tp_probe_checksums(const struct tp_probe *p, uint8_t *headers, const void *payload,
			uint32_t len)
{
	struct tp_probe_layout l = tp_probe_layout(p);
	unsigned proto = p->tcp ? PROTO_TCP : PROTO_UDP, csum;
	uint8_t *ip = headers + l.l3_at, *l4 = headers + l.l4_at;
	uint64_t sum = pseudo(ip, p->ipv6, proto, l.payload_at - l.l4_at + len);

	if (!p->ipv6)
		tp_put_be16(ip + 10, ~fold(add_words(0, ip, IPV4)) & 0xffff);
	sum = add_words(sum, l4, l.payload_at - l.l4_at);
	csum = ~fold(add_words(sum, payload, len)) & 0xffff;
	tp_put_be16(l4 + csum_at(proto), csum || p->tcp ? csum : 0xffff);
}

/* ---- known again ----------------------------------------------------------------------------- */

struct packet {
	const uint8_t *ip, *l4;
	uint32_t l4_len; /* by the IP header */
	bool ipv6;
	unsigned proto;
};

/* False: it is no IP without options that carries TCP or UDP and is all there. */
static bool find_l4(const uint8_t *frame, uint32_t len, struct packet *p)
{
	unsigned type = len >= ETH + IPV6 || (len >= ETH + IPV4 && tp_be16(frame + 12) == 0x0800)
				? tp_be16(frame + 12)
				: 0;

	if (type != 0x0800 && type != 0x86dd)
		return false;
	p->ip = frame + ETH;
	p->ipv6 = type == 0x86dd;
	p->l4 = p->ip + (p->ipv6 ? IPV6 : IPV4);
	p->proto = p->ip[p->ipv6 ? 6 : 9];
	if (p->ipv6)
		p->l4_len = tp_be16(p->ip + 4);
	else if (p->ip[0] == 0x45 && tp_be16(p->ip + 2) >= IPV4)
		p->l4_len = tp_be16(p->ip + 2) - IPV4;
	else
		return false;
	return (p->proto == PROTO_TCP || p->proto == PROTO_UDP) &&
	       p->l4_len >= (p->proto == PROTO_TCP ? TCP : UDP) &&
	       p->l4_len <= len - (uint32_t)(p->l4 - frame);
}

static bool checksums_right(const struct packet *p)
{
	uint64_t sum = pseudo(p->ip, p->ipv6, p->proto, p->l4_len);

	if (!p->ipv6 && fold(add_words(0, p->ip, IPV4)) != 0xffff)
		return false;
	/* A datagram without a checksum is none of ours. */
	return (p->proto == PROTO_TCP || tp_be16(p->l4 + csum_at(PROTO_UDP))) &&
	       fold(add_words(sum, p->l4, p->l4_len)) == 0xffff;
}

static enum tp_probe_verdict parse_tcp(const struct packet *p, struct tp_probe_frame *found)
{
	if (p->l4[12] >> 4 != TCP / 4)
		return TP_PROBE_DAMAGED;
	found->sequence = tp_be32(p->l4 + 4);
	found->content = p->l4 + TCP;
	found->len = p->l4_len - TCP;
	return TP_PROBE_OURS;
}

static enum tp_probe_verdict parse_udp(const struct packet *p, struct tp_probe_frame *found)
{
	const uint8_t *tag = p->l4 + UDP;

	if (tp_be16(p->l4 + 4) != p->l4_len || p->l4_len < UDP + TP_PROBE_TAG ||
	    tp_be32(tag) != MAGIC || tp_be32(tag + 4) != found->flow)
		return TP_PROBE_DAMAGED;
	found->number = (uint64_t)tp_be32(tag + 8) << 32 | tp_be32(tag + 12);
	if (found->number > INT64_MAX)
		return TP_PROBE_DAMAGED;
	found->content = tag + TP_PROBE_TAG;
	found->len = p->l4_len - UDP - TP_PROBE_TAG;
	return TP_PROBE_OURS;
}

enum tp_probe_verdict tp_probe_parse(const uint8_t *frame, uint32_t len, unsigned flows,
				     struct tp_probe_frame *found)
{
	struct packet p;

	if (!find_l4(frame, len, &p) || tp_be16(p.l4 + 2) != TP_PROBE_PORT)
		return TP_PROBE_FOREIGN;
	*found = (struct tp_probe_frame){ .tcp = p.proto == PROTO_TCP,
					  .flow = tp_be16(p.l4) - TP_PROBE_FIRST_FLOW };
	if (found->flow >= flows || !checksums_right(&p))
		return TP_PROBE_DAMAGED;
	return found->tcp ? parse_tcp(&p, found) : parse_udp(&p, found);
}
