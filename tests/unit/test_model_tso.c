/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_tso - large packets cut into segments, judged frame by frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/packet_tso.h"
#include "model_packet.h"

static struct frame f;

static struct tp_tso tso_of(const struct frame_spec *spec, unsigned mss)
{
	return (struct tp_tso){
		.header = f.bytes,
		.header_len = f.payload_at,
		.l3_at = f.l3_at,
		.l4_at = f.l4_at,
		.ipv6 = spec->ipv6,
		.udp = spec->proto == TP_IP_UDP,
		.mss = mss,
		.payload_len = spec->payload,
	};
}

/* Segment @i as a frame of its own. */
static unsigned segment(const struct tp_tso *tso, unsigned i, uint8_t *to)
{
	const uint8_t *payload = f.bytes + f.payload_at + i * tso->mss;
	unsigned len = tp_tso_len(tso, i);

	memcpy(to + tso->header_len, payload, len);
	tp_tso_header(tso, i, tp_csum_add(0, payload, len), to);
	return tso->header_len + len;
}

static void check_numbers(const struct tp_tso *tso, unsigned i, const uint8_t *bytes)
{
	const uint8_t *tcp = bytes + tso->l4_at;
	bool last = i + 1 == tp_tso_segments(tso);

	if (!tso->ipv6)
		assert_int_equal(tp_be16(bytes + tso->l3_at + 4), (0xfffe + i) & 0xffff);
	if (tso->udp)
		return;
	assert_int_equal(tp_be32(tcp + 4), (uint32_t)(0xffffff00 + i * tso->mss));
	assert_int_equal(tp_be32(tcp + 8), 7);
	/* ACK and ECE stay; FIN and PSH are of the last, CWR of the first */
	assert_int_equal(tcp[13], 0x50 | (last ? 0x09 : 0) | (i ? 0 : 0x80));
}

static void check_segments(struct frame_spec spec, unsigned mss)
{
	static uint8_t bytes[FRAME_ROOM];
	struct tp_tso tso;
	unsigned total = 0;

	make_frame(spec, &f);
	if (spec.proto == TP_IP_TCP)
		f.bytes[f.l4_at + 13] = 0xd9;
	tso = tso_of(&spec, mss);
	assert_true(tp_tso_valid(&tso));
	for (unsigned i = 0; i < tp_tso_segments(&tso); i++) {
		unsigned len = segment(&tso, i, bytes);
		struct tp_packet packet;

		tp_packet_parse(&packet, bytes, TP_MIN(len, (unsigned)TP_PACKET_HEADERS), len);
		assert_int_equal(packet.l4_at, f.l4_at);
		assert_int_equal(packet.l4_end, len);
		assert_true(tp_packet_ip_good(&packet, bytes));
		assert_true(l4_good(&packet, bytes, len));
		check_numbers(&tso, i, bytes);
		assert_memory_equal(bytes + tso.header_len, f.bytes + f.payload_at + total,
				    len - tso.header_len);
		total += len - tso.header_len;
	}
	assert_int_equal(total, spec.payload);
}

static void segments_are_whole_packets(void **state)
{
	static const unsigned payloads[] = { 1, 63, 64, 65, 128, 1000, 9001 };
	static const unsigned sizes[] = { 64, 65, 536, 1448, 9000 };

	(void)state;
	for (unsigned p = 0; p < TP_ARRAY_SIZE(payloads); p++)
		for (unsigned m = 0; m < TP_ARRAY_SIZE(sizes); m++)
			for (unsigned kind = 0; kind < 4; kind++)
				check_segments((struct frame_spec){ .ipv6 = kind & 1,
								    .proto = kind & 2 ? TP_IP_TCP
										      : TP_IP_UDP,
								    .tags = p % 3,
								    .ip_options =
									    kind & 1 ? 0 : m * 2,
								    .tcp_options = p,
								    .payload = payloads[p] },
					       sizes[m]);
}

/* What a driver leaves in the fields that the device fills in does not matter. */
static void lengths_and_checksums_of_the_template_are_ignored(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 500 };
	uint8_t first[FRAME_ROOM], second[FRAME_ROOM];
	struct tp_tso tso;
	unsigned len;

	(void)state;
	make_frame(spec, &f);
	tso = tso_of(&spec, 300);
	len = segment(&tso, 1, first);
	memset(f.bytes + f.l3_at + 2, 0, 2);
	memset(f.bytes + f.l3_at + 10, 0xa5, 2);
	memset(f.bytes + f.l4_at + 16, 0x5a, 2);
	assert_int_equal(segment(&tso, 1, second), len);
	assert_memory_equal(first, second, len);
}

static void a_wrong_seed_spoils_every_checksum(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 500 };
	struct tp_tso tso;

	(void)state;
	make_frame(spec, &f);
	tso = tso_of(&spec, 300);
	tso.csum_bias = 0x0100;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t bytes[FRAME_ROOM];
		unsigned len = segment(&tso, i, bytes);
		struct tp_packet packet;

		parse_exact(&packet, bytes, len);
		assert_true(tp_packet_ip_good(&packet, bytes));
		assert_false(l4_good(&packet, bytes, len));
	}
}

/* ---- templates that make no sense ------------------------------------------------------------ */

#define refuse(field, value)                                                            \
	do {                                                                            \
		const struct frame_spec spec_ = { .proto = TP_IP_TCP, .payload = 500 }; \
		struct tp_tso tso;                                                      \
                                                                                        \
		make_frame(spec_, &f);                                                  \
		tso = tso_of(&spec_, 300);                                              \
		assert_true(tp_tso_valid(&tso));                                        \
		field = value;                                                          \
		assert_false(tp_tso_valid(&tso));                                       \
	} while (0)

static void nonsense_is_not_cut(void **state)
{
	(void)state;
	refuse(tso.ipv6, true);
	refuse(tso.udp, true);
	refuse(tso.l3_at, 13);
	refuse(tso.l3_at, 15);
	refuse(tso.l3_at, tso.l4_at);
	refuse(tso.l4_at, tso.header_len);
	refuse(tso.l4_at, tso.l4_at + 4);
	refuse(tso.header_len, tso.l4_at + 19);
	refuse(tso.header_len, tso.l4_at + 24);
	refuse(tso.header_len, (unsigned)TP_TSO_MAX_HEADER + 1);
	refuse(tso.payload_len, 0);
	refuse(tso.mss, 0);
	refuse(f.bytes[f.l3_at], 0x55);
	refuse(f.bytes[f.l3_at], 0x46);
	refuse(f.bytes[f.l4_at + 12], 0x60);
}

static void a_segment_must_fit_an_ip_packet(void **state)
{
	struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 1 };
	struct tp_tso tso;

	(void)state;
	make_frame(spec, &f);
	tso = tso_of(&spec, 70000);
	tso.payload_len = 0xffff - 40;
	assert_true(tp_tso_valid(&tso));
	tso.payload_len++;
	assert_false(tp_tso_valid(&tso));
	tso.mss = 0xffff - 40;
	assert_true(tp_tso_valid(&tso));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_whole_packets),
		cmocka_unit_test(lengths_and_checksums_of_the_template_are_ignored),
		cmocka_unit_test(a_wrong_seed_spoils_every_checksum),
		cmocka_unit_test(nonsense_is_not_cut),
		cmocka_unit_test(a_segment_must_fit_an_ip_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
