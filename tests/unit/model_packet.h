/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_packet - frames for the tests of the model, and slow, independent ways to judge them.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MODEL_PACKET_H
#define TESTS_UNIT_MODEL_PACKET_H

#include "core/rng.h"
#include "model/packet.h"

enum { FRAME_ROOM = 16384 };

/* What a test wants to see in a frame; 0: as usual. */
struct frame_spec {
	bool ipv6;
	uint8_t proto;	      /* 0: UDP */
	unsigned tags;	      /* VLAN tags, all of type 0x8100 */
	unsigned ip_options;  /* 32-bit words behind the IPv4 header */
	unsigned tcp_options; /* likewise */
	unsigned payload;     /* bytes */
	unsigned padding;     /* bytes behind the packet */
	uint16_t src_port, dst_port;
	bool bare; /* leave the checksums zero */
};

struct frame {
	unsigned len, l3_at, l4_at, payload_at;
	uint8_t bytes[FRAME_ROOM];
};

static inline void put16(uint8_t *to, unsigned v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

/* ---- checksums, word by word ----------------------------------------------------------------- */

static inline uint32_t slow_sum(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Sum of the pseudo header. */
static inline uint32_t slow_pseudo(const struct frame_spec *spec, const struct frame *f,
				   uint32_t l4_len)
{
	const uint8_t *ip = f->bytes + f->l3_at;
	uint32_t sum = spec->ipv6 ? slow_sum(0, ip + 8, 32) : slow_sum(0, ip + 12, 8);
	uint8_t rest[8] = { 0, 0, (uint8_t)(l4_len >> 8), (uint8_t)l4_len, 0, 0, 0, spec->proto };

	return slow_sum(sum, rest, sizeof(rest));
}

/* As it stands in the header when it is right. */
static inline uint16_t slow_l4(const struct frame_spec *spec, const struct frame *f, unsigned field)
{
	uint8_t copy[FRAME_ROOM];
	unsigned len = f->len - spec->padding - f->l4_at;
	uint16_t csum;

	memcpy(copy, f->bytes + f->l4_at, len);
	put16(copy + field, 0);
	csum = (uint16_t)~slow_sum(slow_pseudo(spec, f, len), copy, len);
	return spec->proto == TP_IP_UDP && !csum ? 0xffff : csum;
}

static inline uint32_t slow_crc(uint32_t poly, const uint8_t *bytes, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < 8 * len; i++) {
		uint32_t bit = (uint32_t)(bytes[i / 8] >> (i % 8)) & 1;

		crc = (crc >> 1) ^ (((crc ^ bit) & 1) ? poly : 0);
	}
	return ~crc;
}

/* ---- building -------------------------------------------------------------------------------- */

static inline unsigned frame_l4_header(const struct frame_spec *spec)
{
	switch (spec->proto) {
	case TP_IP_TCP:
		return 20 + 4 * spec->tcp_options;
	case TP_IP_SCTP:
		return 12;
	default:
		return 8;
	}
}

static inline void frame_ethernet(const struct frame_spec *spec, struct frame *f)
{
	static const uint8_t addresses[12] = { 2, 0xaf, 0, 0, 0, 2, 2, 0xaf, 0, 0, 0, 1 };
	unsigned at = 12;

	memcpy(f->bytes, addresses, sizeof(addresses));
	for (unsigned i = 0; i < spec->tags; i++, at += 4) {
		put16(f->bytes + at, 0x8100);
		put16(f->bytes + at + 2, 0x6000 + 100 + i);
	}
	put16(f->bytes + at, spec->ipv6 ? 0x86dd : 0x0800);
	f->l3_at = at + 2;
}

static inline void frame_ip(const struct frame_spec *spec, struct frame *f, unsigned l4_len)
{
	uint8_t *ip = f->bytes + f->l3_at;
	unsigned header = 20 + 4 * spec->ip_options;

	if (spec->ipv6) {
		ip[0] = 0x60;
		put16(ip + 4, l4_len);
		ip[6] = spec->proto;
		ip[7] = 64;
		for (unsigned i = 0; i < 32; i++)
			ip[8 + i] = (uint8_t)(0x20 + i);
		f->l4_at = f->l3_at + 40;
		return;
	}
	ip[0] = (uint8_t)(0x40 | header / 4);
	put16(ip + 2, header + l4_len);
	put16(ip + 4, 0xfffe);
	ip[8] = 64;
	ip[9] = spec->proto;
	memcpy(ip + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	memset(ip + 20, 1, header - 20);
	f->l4_at = f->l3_at + header;
	if (!spec->bare)
		put16(ip + 10, ~slow_sum(0, ip, header) & 0xffff);
}

static inline void frame_l4(const struct frame_spec *spec, struct frame *f, unsigned l4_len)
{
	uint8_t *l4 = f->bytes + f->l4_at;

	put16(l4, spec->src_port ? spec->src_port : 1000);
	put16(l4 + 2, spec->dst_port ? spec->dst_port : 2000);
	if (spec->proto == TP_IP_TCP) {
		memcpy(l4 + 4, "\xff\xff\xff\x00\x00\x00\x00\x07", 8);
		l4[12] = (uint8_t)(frame_l4_header(spec) / 4 << 4);
		l4[13] = 0x10;
		memset(l4 + 20, 1, 4 * spec->tcp_options);
	} else if (spec->proto == TP_IP_UDP) {
		put16(l4 + 4, l4_len);
	}
}

static inline void frame_csum(const struct frame_spec *spec, struct frame *f)
{
	uint8_t *l4 = f->bytes + f->l4_at;
	uint32_t crc;

	if (spec->proto == TP_IP_TCP)
		put16(l4 + 16, slow_l4(spec, f, 16));
	else if (spec->proto == TP_IP_UDP)
		put16(l4 + 6, slow_l4(spec, f, 6));
	if (spec->proto != TP_IP_SCTP)
		return;
	crc = slow_crc(0x82f63b78, l4, f->len - spec->padding - f->l4_at);
	memcpy(l4 + 8, &crc, 4);
}

static inline void make_frame(struct frame_spec spec, struct frame *f)
{
	unsigned l4_len;

	memset(f, 0, sizeof(*f));
	spec.proto = spec.proto ? spec.proto : TP_IP_UDP;
	l4_len = frame_l4_header(&spec) + spec.payload;
	frame_ethernet(&spec, f);
	frame_ip(&spec, f, l4_len);
	frame_l4(&spec, f, l4_len);
	f->payload_at = f->l4_at + frame_l4_header(&spec);
	for (unsigned i = 0; i < spec.payload; i++)
		f->bytes[f->payload_at + i] = (uint8_t)(i * 7 + i / 256);
	f->len = f->payload_at + spec.payload + spec.padding;
	if (!spec.bare)
		frame_csum(&spec, f);
}

/* ---- filling in, the way the model does it -------------------------------------------------- */

static inline void fill_sum(const struct tp_packet *packet, uint8_t *bytes)
{
	uint8_t *field = bytes + packet->l4_at + tp_packet_csum_at(packet->proto);
	uint32_t len = packet->l4_end - packet->l4_at;
	uint64_t sum;

	memset(field, 0, 2);
	sum = tp_csum_add(tp_packet_pseudo(packet, bytes, len), bytes + packet->l4_at, len);
	tp_csum_put(field, sum, packet->proto == TP_IP_UDP);
}

static inline void fill_crc(const struct tp_packet *packet, uint8_t *bytes)
{
	uint8_t *sctp = bytes + packet->l4_at;
	uint32_t crc;

	memset(sctp + 8, 0, 4);
	crc = ~tp_crc32c_add(~0u, sctp, packet->l4_end - packet->l4_at);
	memcpy(sctp + 8, &crc, 4);
}

/* All checksums of a frame in one piece, whatever its bytes are. */
static inline void fill_checksums(uint8_t *bytes, uint32_t len)
{
	struct tp_packet packet;

	tp_packet_parse(&packet, bytes, TP_MIN(len, (uint32_t)TP_PACKET_HEADERS), len);
	if (packet.flags & TP_PACKET_IPV4)
		tp_packet_fill_ip(bytes + packet.l3_at, 4u * (bytes[packet.l3_at] & 15));
	if (!packet.l4_end)
		return;
	if (packet.proto == TP_IP_TCP || packet.proto == TP_IP_UDP)
		fill_sum(&packet, bytes);
	else if (packet.proto == TP_IP_SCTP)
		fill_crc(&packet, bytes);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Of a copy of the first @have bytes, behind which a sanitizer watches. */
static inline void parse_beginning(struct tp_packet *packet, const uint8_t *bytes, unsigned have,
				   unsigned len)
{
	uint8_t *copy = malloc(have ? have : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, have);
	tp_packet_parse(packet, copy, TP_MIN(have, (unsigned)TP_PACKET_HEADERS), len);
	tp_packet_ip_good(packet, copy); /* looks at what was found, and no further */
	free(copy);
}

static inline void parse_exact(struct tp_packet *packet, const uint8_t *bytes, unsigned len)
{
	parse_beginning(packet, bytes, len, len);
}

static inline bool l4_good(const struct tp_packet *packet, const uint8_t *bytes, unsigned len)
{
	const struct tp_wire_piece piece = { bytes, len };

	return tp_packet_l4_good(packet, bytes, &piece);
}

#endif
