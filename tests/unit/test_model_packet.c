/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_packet - what the bytes of a frame mean, and bytes that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model_packet.h"
#include "net/avf/avf_regs.h"

static struct frame f;

static struct tp_packet parsed(void)
{
	struct tp_packet packet;

	parse_exact(&packet, f.bytes, f.len);
	return packet;
}

/* ---- what there is --------------------------------------------------------------------------- */

static void each_protocol_has_its_type(void **state)
{
	static const struct {
		bool ipv6;
		uint8_t proto;
		unsigned ptype;
	} cases[] = {
		{ false, TP_IP_UDP, TP_AVF_PTYPE_IPV4_UDP },
		{ false, TP_IP_TCP, TP_AVF_PTYPE_IPV4_TCP },
		{ false, TP_IP_SCTP, TP_AVF_PTYPE_IPV4_SCTP },
		{ false, TP_IP_ICMP, TP_AVF_PTYPE_IPV4_ICMP },
		{ false, TP_IP_ICMPV6, TP_AVF_PTYPE_IPV4 },
		{ false, 47, TP_AVF_PTYPE_IPV4 },
		{ true, TP_IP_UDP, TP_AVF_PTYPE_IPV6_UDP },
		{ true, TP_IP_TCP, TP_AVF_PTYPE_IPV6_TCP },
		{ true, TP_IP_SCTP, TP_AVF_PTYPE_IPV6_SCTP },
		{ true, TP_IP_ICMPV6, TP_AVF_PTYPE_IPV6_ICMP },
		{ true, TP_IP_ICMP, TP_AVF_PTYPE_IPV6 },
		{ true, 59, TP_AVF_PTYPE_IPV6 },
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		struct tp_packet packet;

		make_frame((struct frame_spec){ .ipv6 = cases[i].ipv6,
						.proto = cases[i].proto,
						.payload = 30,
						.padding = 5 },
			   &f);
		packet = parsed();
		assert_int_equal(packet.ptype, cases[i].ptype);
		assert_int_equal(packet.l3_at, f.l3_at);
		assert_int_equal(packet.proto, cases[i].proto);
		if (packet.ptype != TP_AVF_PTYPE_IPV4 && packet.ptype != TP_AVF_PTYPE_IPV6) {
			assert_int_equal(packet.l4_at, f.l4_at);
			assert_int_equal(packet.l4_end, f.len - 5);
		}
		assert_true(tp_packet_ip_good(&packet, f.bytes));
		assert_true(l4_good(&packet, f.bytes, f.len));
	}
}

static void tags_options_and_padding_move_things(void **state)
{
	(void)state;
	for (unsigned tags = 0; tags <= 2; tags++)
		for (unsigned options = 0; options <= 10; options++) {
			struct tp_packet packet;

			make_frame((struct frame_spec){ .proto = TP_IP_TCP,
							.tags = tags,
							.ip_options = options,
							.tcp_options = options,
							.payload = 77 },
				   &f);
			packet = parsed();
			assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV4_TCP);
			assert_int_equal(packet.l3_at, 14 + 4 * tags);
			assert_int_equal(packet.l4_at, 34 + 4 * tags + 4 * options);
			assert_int_equal(!!(packet.flags & TP_PACKET_TAGGED), tags > 0);
			assert_int_equal(packet.tci, tags ? 0x6000 + 100 : 0);
			assert_true(l4_good(&packet, f.bytes, f.len));
		}
}

static void three_tags_are_too_many(void **state)
{
	(void)state;
	make_frame((struct frame_spec){ .tags = 3, .payload = 30 }, &f);
	assert_int_equal(parsed().ptype, TP_AVF_PTYPE_L2);
}

static void arp_and_strangers_are_told_apart(void **state)
{
	(void)state;
	make_frame((struct frame_spec){ .payload = 30 }, &f);
	put16(f.bytes + 12, 0x0806);
	assert_int_equal(parsed().ptype, TP_AVF_PTYPE_ARP);
	put16(f.bytes + 12, 0x88cc);
	assert_int_equal(parsed().ptype, TP_AVF_PTYPE_L2);
}

/* First, middle and last fragments alike: their L4 checksum is nobody's here. */
static void fragments_have_no_l4(void **state)
{
	static const uint16_t offsets[] = { 0x2000, 0x2001, 0x0001, 0x1fff };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(offsets); i++) {
		struct tp_packet packet;

		make_frame((struct frame_spec){ .payload = 64 }, &f);
		put16(f.bytes + f.l3_at + 6, offsets[i]);
		f.bytes[f.payload_at] ^= 1;
		packet = parsed();
		assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV4_FRAG);
		assert_true(packet.flags & TP_PACKET_FRAGMENT);
		assert_int_equal(packet.l4_at, 0);
		assert_true(l4_good(&packet, f.bytes, f.len));
	}
	put16(f.bytes + f.l3_at + 6, 0x4000); /* "don't fragment" is none */
	assert_int_equal(parsed().ptype, TP_AVF_PTYPE_IPV4_UDP);
}

/* ---- IPv6 extension headers ------------------------------------------------------------------ */

/* Put an extension header of @len bytes before the L4 header. */
static void insert_ext(uint8_t type, unsigned len)
{
	uint8_t *ip = f.bytes + f.l3_at, *ext = ip + 40;

	memmove(ext + len, ext, f.len - f.l3_at - 40);
	memset(ext, 0, len);
	ext[0] = ip[6];
	ext[1] = (uint8_t)(type == 51 ? len / 4 - 2 : len / 8 - 1);
	ip[6] = type;
	put16(ip + 4, (unsigned)tp_be16(ip + 4) + len);
	f.len += len;
}

static void extension_headers_are_passed(void **state)
{
	struct tp_packet packet;

	(void)state;
	make_frame((struct frame_spec){ .ipv6 = true, .proto = TP_IP_TCP, .payload = 30 }, &f);
	insert_ext(51, 24);
	insert_ext(0, 16);
	packet = parsed();
	assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV6_TCP);
	assert_int_equal(packet.l4_at, 14 + 40 + 40);
	assert_int_equal(packet.proto, TP_IP_TCP);
	assert_false(packet.flags & TP_PACKET_ADDRESSES);
	assert_true(l4_good(&packet, f.bytes, f.len));
	f.bytes[f.len - 1] ^= 1;
	assert_false(l4_good(&packet, f.bytes, f.len));
}

static void headers_that_change_addresses_spare_the_checksum(void **state)
{
	static const uint8_t types[] = { 43, 60 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(types); i++) {
		struct tp_packet packet;

		make_frame((struct frame_spec){ .ipv6 = true, .payload = 30 }, &f);
		f.bytes[f.len - 1] ^= 1;
		insert_ext(types[i], 24);
		packet = parsed();
		assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV6_UDP);
		assert_true(packet.flags & TP_PACKET_ADDRESSES);
		assert_true(l4_good(&packet, f.bytes, f.len));
	}
}

static void an_ipv6_fragment_ends_the_search(void **state)
{
	struct tp_packet packet;

	(void)state;
	make_frame((struct frame_spec){ .ipv6 = true, .payload = 30 }, &f);
	insert_ext(44, 8);
	packet = parsed();
	assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV6_FRAG);
	assert_int_equal(packet.l4_at, 0);
}

static void a_chain_beyond_the_limit_is_no_l4(void **state)
{
	struct tp_packet packet;

	(void)state;
	make_frame((struct frame_spec){ .ipv6 = true, .payload = 30 }, &f);
	for (unsigned i = 0; i < 3; i++)
		insert_ext(0, 80);
	packet = parsed();
	assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV6);
	assert_int_equal(packet.l4_at, 0);
}

/* ---- lengths that lie ------------------------------------------------------------------------ */

static void an_ip_length_that_lies_is_no_ip(void **state)
{
	static const unsigned lies[] = { 0, 19, 59, 0xffff };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(lies); i++) {
		make_frame((struct frame_spec){ .payload = 30 }, &f);
		put16(f.bytes + f.l3_at + 2, lies[i]);
		assert_int_equal(parsed().ptype, TP_AVF_PTYPE_L2);
	}
	make_frame((struct frame_spec){ .ipv6 = true, .payload = 30 }, &f);
	put16(f.bytes + f.l3_at + 4, 39);
	assert_int_equal(parsed().ptype, TP_AVF_PTYPE_L2);
}

static void an_l4_length_that_lies_is_a_bad_checksum(void **state)
{
	struct tp_packet packet;

	(void)state;
	make_frame((struct frame_spec){ .payload = 30 }, &f);
	put16(f.bytes + f.l4_at + 4, 39);
	packet = parsed();
	assert_int_equal(packet.ptype, TP_AVF_PTYPE_IPV4_UDP);
	assert_int_equal(packet.l4_end, 0);
	assert_false(l4_good(&packet, f.bytes, f.len));
	put16(f.bytes + f.l4_at + 4, 7);
	packet = parsed();
	assert_false(l4_good(&packet, f.bytes, f.len));

	make_frame((struct frame_spec){ .proto = TP_IP_TCP, .payload = 8 }, &f);
	f.bytes[f.l4_at + 12] = 0x80; /* 32 bytes of header in 28 */
	packet = parsed();
	assert_false(l4_good(&packet, f.bytes, f.len));
}

static void a_udp_packet_may_end_before_its_ip_packet(void **state)
{
	struct tp_packet packet;

	(void)state;
	make_frame((struct frame_spec){ .payload = 30, .padding = 6 }, &f);
	put16(f.bytes + f.l3_at + 2, 20 + 8 + 30 + 6);
	f.bytes[f.len - 1] = 0xaa;
	packet = parsed();
	assert_int_equal(packet.l4_end, f.len - 6);
	assert_true(l4_good(&packet, f.bytes, f.len));
}

/* At every length; a sanitizer watches the end. */
static void truncated_frames_are_read_to_their_end_only(void **state)
{
	static const struct frame_spec specs[] = {
		{ .tags = 2, .ip_options = 10, .proto = TP_IP_TCP, .tcp_options = 10 },
		{ .payload = 20 },
		{ .ipv6 = true, .tags = 1, .proto = TP_IP_TCP, .payload = 3 },
		{ .ipv6 = true, .proto = TP_IP_SCTP, .payload = 3 },
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(specs); i++) {
		make_frame(specs[i], &f);
		if (specs[i].ipv6)
			insert_ext(0, 24);
		for (unsigned len = 0; len < f.len; len++) {
			struct tp_packet packet;

			parse_exact(&packet, f.bytes, len);
			assert_int_equal(packet.l4_at, 0);
			/* the frame goes on, but nobody has the rest */
			parse_beginning(&packet, f.bytes, len, f.len);
			assert_true(packet.l4_at <= len);
		}
		assert_int_not_equal(parsed().l4_at, 0);
	}
}

/* A frame whose headers were changed at random: every offset stays inside. */
static void check_sanity(const struct tp_packet *packet, unsigned len)
{
	assert_true(packet->l3_at <= len);
	assert_true(packet->l4_at <= len && packet->l4_end <= len);
	assert_true(!packet->l4_at || packet->l4_at > packet->l3_at);
	assert_true(!packet->l4_end || packet->l4_end >= packet->l4_at + 8u);
}

static void random_headers_do_no_harm(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 1);
	for (unsigned n = 0; n < 20000; n++) {
		unsigned len;
		struct tp_packet packet;
		uint8_t *copy;

		make_frame((struct frame_spec){ .ipv6 = n & 1,
						.tags = n / 2 % 3,
						.proto = n & 8 ? TP_IP_TCP : TP_IP_SCTP,
						.payload = n % 300 },
			   &f);
		for (unsigned i = 0; i < 4; i++)
			f.bytes[12 + tp_rng_below(&rng, 60)] = (uint8_t)tp_rng_next(&rng);
		len = 1 + (unsigned)tp_rng_below(&rng, f.len);
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, f.bytes, len);
		tp_packet_parse(&packet, copy, TP_MIN(len, (unsigned)TP_PACKET_HEADERS), len);
		check_sanity(&packet, len);
		tp_packet_ip_good(&packet, copy);
		l4_good(&packet, copy, len);
		fill_checksums(copy, len);
		free(copy);
	}
}

/* ---- checksums of packets -------------------------------------------------------------------- */

static void every_wrong_bit_is_seen(void **state)
{
	static const uint8_t protos[] = { TP_IP_UDP, TP_IP_TCP, TP_IP_SCTP };

	(void)state;
	for (unsigned i = 0; i < 2 * TP_ARRAY_SIZE(protos); i++) {
		make_frame(
			(struct frame_spec){ .ipv6 = i & 1, .proto = protos[i / 2], .payload = 33 },
			&f);
		for (unsigned bit = 8 * f.l4_at; bit < 8 * f.len; bit++) {
			struct tp_packet packet;

			f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			packet = parsed();
			/* a length of UDP or TCP that lies is bad as well */
			assert_false(l4_good(&packet, f.bytes, f.len));
			f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void a_wrong_ip_header_is_seen(void **state)
{
	struct tp_packet packet;

	(void)state;
	make_frame((struct frame_spec){ .ip_options = 3, .payload = 33 }, &f);
	f.bytes[f.l3_at + 8] ^= 4;
	packet = parsed();
	assert_false(tp_packet_ip_good(&packet, f.bytes));
	assert_true(l4_good(&packet, f.bytes, f.len));
}

static void udp_without_checksum_is_for_ipv4_only(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct tp_packet packet;

		make_frame((struct frame_spec){ .ipv6 = v6, .payload = 33 }, &f);
		put16(f.bytes + f.l4_at + 6, 0);
		packet = parsed();
		assert_int_equal(tp_packet_l4_check(&packet, f.bytes),
				 v6 ? TP_CHECK_BAD : TP_CHECK_NOTHING);
	}
}

static void what_is_filled_in_is_right(void **state)
{
	static const uint8_t protos[] = { TP_IP_UDP, TP_IP_TCP, TP_IP_SCTP, TP_IP_ICMP };
	struct frame right;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct frame_spec spec = { .ipv6 = i & 1,
					   .proto = protos[i / 2 % 4],
					   .tags = i % 3,
					   .ip_options = i & 1 ? 0 : i % 11,
					   .payload = i * 17,
					   .padding = i % 5 };

		make_frame(spec, &right);
		spec.bare = true;
		make_frame(spec, &f);
		fill_checksums(f.bytes, f.len);
		assert_memory_equal(f.bytes, right.bytes, f.len);
	}
}

/* The sum of a UDP packet can come out as zero, which would say that there is none. */
static void a_udp_checksum_is_never_zero(void **state)
{
	struct frame_spec spec = { .payload = 2, .bare = true, .proto = TP_IP_UDP };

	(void)state;
	make_frame(spec, &f);
	put16(f.bytes + f.payload_at, 0);
	put16(f.bytes + f.payload_at, slow_l4(&spec, &f, 6));
	fill_checksums(f.bytes, f.len);
	assert_int_equal(tp_be16(f.bytes + f.l4_at + 6), 0xffff);
}

/* ---- frames in pieces ------------------------------------------------------------------------ */

static void pieces_are_one_frame(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 7);
	for (unsigned n = 0; n < 500; n++) {
		struct tp_wire_piece pieces[TP_WIRE_PIECES];
		struct tp_wire_frame frame = { .pieces = pieces };
		uint8_t room[TP_PACKET_HEADERS];
		const uint8_t *bytes;
		struct tp_packet packet;
		uint32_t have;

		make_frame((struct frame_spec){ .proto = n & 1 ? TP_IP_TCP : TP_IP_SCTP,
						.payload = 20 + 5 * n },
			   &f);
		while (frame.len < f.len) {
			unsigned left = f.len - frame.len;
			unsigned len =
				frame.nr_pieces == TP_WIRE_PIECES - 1
					? left
					: (unsigned)tp_rng_below(&rng, TP_MIN(left, 60u) + 1);

			pieces[frame.nr_pieces++] =
				(struct tp_wire_piece){ f.bytes + frame.len, len };
			frame.len += len;
		}
		bytes = tp_packet_bytes(&frame, room, &have);
		assert_int_equal(have, TP_MIN(f.len, (unsigned)TP_PACKET_HEADERS));
		assert_memory_equal(bytes, f.bytes, have);
		tp_packet_parse(&packet, bytes, have, frame.len);
		assert_true(tp_packet_l4_good(&packet, bytes, pieces));
		f.bytes[f.payload_at + tp_rng_below(&rng, f.len - f.payload_at)] ^= 0x10;
		assert_false(tp_packet_l4_good(&packet, bytes, pieces));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_protocol_has_its_type),
		cmocka_unit_test(tags_options_and_padding_move_things),
		cmocka_unit_test(three_tags_are_too_many),
		cmocka_unit_test(arp_and_strangers_are_told_apart),
		cmocka_unit_test(fragments_have_no_l4),
		cmocka_unit_test(extension_headers_are_passed),
		cmocka_unit_test(headers_that_change_addresses_spare_the_checksum),
		cmocka_unit_test(an_ipv6_fragment_ends_the_search),
		cmocka_unit_test(a_chain_beyond_the_limit_is_no_l4),
		cmocka_unit_test(an_ip_length_that_lies_is_no_ip),
		cmocka_unit_test(an_l4_length_that_lies_is_a_bad_checksum),
		cmocka_unit_test(a_udp_packet_may_end_before_its_ip_packet),
		cmocka_unit_test(truncated_frames_are_read_to_their_end_only),
		cmocka_unit_test(random_headers_do_no_harm),
		cmocka_unit_test(every_wrong_bit_is_seen),
		cmocka_unit_test(a_wrong_ip_header_is_seen),
		cmocka_unit_test(udp_without_checksum_is_for_ipv4_only),
		cmocka_unit_test(what_is_filled_in_is_right),
		cmocka_unit_test(a_udp_checksum_is_never_zero),
		cmocka_unit_test(pieces_are_one_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
