/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_engine_tx_offload - tags, checksums and segments made by the device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model_tx.h"

static struct frame f;

static int begin(void **state)
{
	(void)state;
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, 512);
	return 0;
}

static uint64_t malformed(void)
{
	return counts_of(0).tx_drop_malformed;
}

/* ---- tags ------------------------------------------------------------------------------------ */

static void assert_tagged(unsigned i, const uint16_t *tags, unsigned n)
{
	const uint8_t *bytes = kept[i].bytes;

	assert_int_equal(kept[i].len, f.len + 4 * n);
	assert_memory_equal(bytes, f.bytes, 12);
	for (unsigned t = 0; t < n; t++) {
		assert_int_equal(tp_be16(bytes + 12 + 4 * t), 0x8100);
		assert_int_equal(tp_be16(bytes + 14 + 4 * t), tags[t]);
	}
	assert_memory_equal(bytes + 12 + 4 * n, f.bytes + 12, f.len - 12);
}

static void tags_are_inserted_behind_the_addresses(void **state)
{
	const uint64_t tag1 = 0xa064ull << TP_AVF_TXD_L2TAG1_SHIFT;

	(void)state;
	make_frame((struct frame_spec){ .payload = 100 }, &f);
	for (unsigned size = 5; size <= f.len; size += 30) {
		unsigned n = nr_kept;
		uint64_t bad = malformed();

		post_cut(f.bytes, f.len, size, PLAIN | TP_AVF_TXC_IL2TAG1, tag1);
		post_context(TP_AVF_TXX_IL2TAG2, 0, 0, 0x6001);
		post_cut(f.bytes, f.len, size, PLAIN, tag1);
		post_context(TP_AVF_TXX_IL2TAG2, 0, 0, 0x6001);
		post_cut(f.bytes, f.len, size, PLAIN | TP_AVF_TXC_IL2TAG1, tag1);
		ring_tx();
		if (size < f.len / 8) {
			assert_int_equal(malformed(), bad + 3);
			continue;
		}
		assert_int_equal(nr_kept, n + 3);
		assert_tagged(n, (const uint16_t[]){ 0xa064 }, 1);
		assert_tagged(n + 1, (const uint16_t[]){ 0x6001 }, 1);
		assert_tagged(n + 2, (const uint16_t[]){ 0x6001, 0xa064 }, 2);
	}
}

/* A tag makes the frame longer, so that less padding is needed. */
static void a_tag_counts_for_the_shortest_frame(void **state)
{
	(void)state;
	make_frame((struct frame_spec){ .payload = 8 }, &f);
	post_data(f.bytes, f.len, PLAIN | TP_AVF_TXC_IL2TAG1, 0x64ull << TP_AVF_TXD_L2TAG1_SHIFT);
	ring_tx();
	assert_int_equal(kept[0].len, 60);
	assert_memory_equal(kept[0].bytes + 16, f.bytes + 12, f.len - 12);
}

/* ---- checksums ------------------------------------------------------------------------------- */

static const struct frame_spec specs[] = {
	{ .proto = TP_IP_TCP, .payload = 99, .bare = true },
	{ .proto = TP_IP_UDP, .payload = 100, .bare = true },
	{ .proto = TP_IP_SCTP, .payload = 100, .bare = true },
	{ .proto = TP_IP_TCP, .payload = 3000, .tcp_options = 10, .ip_options = 10, .bare = true },
	{ .proto = TP_IP_TCP, .ipv6 = true, .payload = 0, .bare = true },
	{ .proto = TP_IP_UDP, .ipv6 = true, .payload = 1471, .tags = 1, .bare = true },
	{ .proto = TP_IP_SCTP, .ipv6 = true, .payload = 4, .tags = 2, .bare = true },
};

/* A frame as it has to be, and what a driver gives for it. */
static void make_bare(const struct frame_spec *spec, struct frame *right)
{
	struct frame_spec full = *spec;

	full.bare = false;
	make_frame(full, right);
	make_frame(*spec, &f);
	if (spec->proto != TP_IP_SCTP)
		put_seed(spec, &f, f.len - f.l4_at);
}

static void checksums_are_filled_in(void **state)
{
	struct frame right;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(specs); i++)
		for (unsigned size = 5; size < 4000; size = 2 * size + 1) {
			unsigned n = nr_kept;

			make_bare(&specs[i], &right);
			if (f.len > 8 * size)
				continue;
			post_cut(f.bytes, f.len, size, PLAIN | csum_cmd(&specs[i]),
				 header_fields(&f));
			ring_tx();
			assert_int_equal(nr_kept, n + 1);
			assert_memory_equal(kept[n].bytes, right.bytes, f.len);
			assert_int_equal(kept[n].flags, TP_WIRE_CSUM_GOOD);
		}
}

static void a_tag_and_a_checksum_go_together(void **state)
{
	struct frame right;
	struct tp_packet packet;

	(void)state;
	make_bare(&specs[0], &right);
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&specs[0]) | TP_AVF_TXC_IL2TAG1,
		  header_fields(&f) | 0x64ull << TP_AVF_TXD_L2TAG1_SHIFT);
	ring_tx();
	assert_int_equal(kept[0].len, f.len + 4);
	parse_exact(&packet, kept[0].bytes, kept[0].len);
	assert_int_equal(packet.tci, 0x64);
	assert_true(l4_good(&packet, kept[0].bytes, kept[0].len));
	assert_memory_equal(kept[0].bytes + 16, right.bytes + 12, f.len - 12);
}

/* Only the IP header, as asked. */
static void the_ip_checksum_alone_can_be_had(void **state)
{
	struct frame right;

	(void)state;
	make_bare(&specs[0], &right);
	post_data(f.bytes, f.len, PLAIN | TP_AVF_TXC_IIPT_IPV4_CSUM, header_fields(&f));
	ring_tx();
	assert_memory_equal(kept[0].bytes + f.l3_at, right.bytes + f.l3_at, 20);
	assert_memory_equal(kept[0].bytes + f.l4_at, f.bytes + f.l4_at, f.len - f.l4_at);
	assert_int_equal(kept[0].flags, 0);
}

/* What the wire is told must be true: the receiver looks itself. */
static void a_wrong_seed_makes_a_wrong_checksum(void **state)
{
	struct frame right;
	struct tp_packet packet;

	(void)state;
	make_bare(&specs[0], &right);
	f.bytes[f.l4_at + 17] ^= 1;
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&specs[0]), header_fields(&f));
	ring_tx();
	parse_exact(&packet, kept[0].bytes, kept[0].len);
	assert_false(l4_good(&packet, kept[0].bytes, kept[0].len));
	assert_int_equal(kept[0].flags, 0);
}

/* Headers that are not where the descriptor says: done as told, but nothing is promised. */
static void a_wrong_place_is_no_good(void **state)
{
	struct frame right;

	(void)state;
	make_bare(&specs[0], &right);
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&specs[0]),
		  header_fields(&f) + (2ull << TP_AVF_TXD_MACLEN_SHIFT));
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_int_equal(kept[0].flags, 0);
}

/* The device sums up to the end of the frame, a receiver to the end of the packet. */
static void bytes_behind_the_packet_are_no_good(void **state)
{
	struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 30, .padding = 6, .bare = true };

	(void)state;
	make_frame(spec, &f);
	put_seed(&spec, &f, f.len - 6 - f.l4_at);
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&spec), header_fields(&f));
	put_seed(&spec, &f, f.len - f.l4_at);
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&spec), header_fields(&f));
	ring_tx();
	assert_int_equal(kept[0].flags, 0);
	assert_int_equal(kept[1].flags, 0);
}

static void a_udp_checksum_of_zero_becomes_ones(void **state)
{
	struct frame_spec spec = { .proto = TP_IP_UDP, .payload = 2, .bare = true };

	(void)state;
	make_frame(spec, &f);
	put16(f.bytes + f.payload_at, 0);
	put16(f.bytes + f.payload_at, slow_l4(&spec, &f, 6));
	put_seed(&spec, &f, 10);
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&spec), header_fields(&f));
	ring_tx();
	assert_int_equal(tp_be16(kept[0].bytes + f.l4_at + 6), 0xffff);
}

/* ---- headers that make no sense -------------------------------------------------------------- */

static uint64_t fields(unsigned mac, unsigned ip, unsigned l4)
{
	return (uint64_t)mac << TP_AVF_TXD_MACLEN_SHIFT | (uint64_t)ip << TP_AVF_TXD_IPLEN_SHIFT |
	       (uint64_t)l4 << TP_AVF_TXD_L4LEN_SHIFT;
}

static void nonsense_about_headers_is_refused(void **state)
{
	static const struct {
		uint64_t cmd;
		unsigned mac, ip, l4;
	} cases[] = {
		{ TP_AVF_TXC_IIPT_IPV4_CSUM, 6, 5, 0 },
		{ TP_AVF_TXC_IIPT_IPV4_CSUM, 64, 5, 0 },
		{ TP_AVF_TXC_IIPT_IPV4_CSUM, 127, 5, 0 },
		{ TP_AVF_TXC_IIPT_IPV4_CSUM, 7, 4, 0 },
		{ TP_AVF_TXC_IIPT_IPV6, 7, 9, 0 },
		{ TP_AVF_TXC_IIPT_IPV4, 7, 127, 0 },
		{ TP_AVF_TXC_L4T_TCP, 7, 5, 5 },
		{ TP_AVF_TXC_IIPT_IPV4 | TP_AVF_TXC_L4T_TCP, 7, 5, 4 },
		{ TP_AVF_TXC_IIPT_IPV4 | TP_AVF_TXC_L4T_UDP, 7, 5, 1 },
		{ TP_AVF_TXC_IIPT_IPV4 | TP_AVF_TXC_L4T_SCTP, 7, 5, 2 },
		{ TP_AVF_TXC_IIPT_IPV4 | TP_AVF_TXC_L4T_TCP, 7, 15, 12 },
	};

	(void)state;
	make_frame((struct frame_spec){ .proto = TP_IP_TCP, .payload = 60 }, &f);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		/* where the frame would be long enough the numbers themselves are too large */
		f.len = cases[i].mac > 7 ? 1000 : 114;
		post_data(f.bytes, f.len, PLAIN | cases[i].cmd,
			  fields(cases[i].mac, cases[i].ip, cases[i].l4));
		ring_tx();
		assert_int_equal(malformed(), i + 1);
	}
	assert_int_equal(nr_kept, 0);
}

/* The longest headers that can be described do no harm. */
static void the_longest_headers_fit(void **state)
{
	static uint8_t bytes[2000];

	(void)state;
	post_data(bytes, sizeof(bytes),
		  PLAIN | TP_AVF_TXC_IIPT_IPV4_CSUM | TP_AVF_TXC_L4T_TCP | TP_AVF_TXC_IL2TAG1,
		  fields(63, 127, 15));
	post_context(TP_AVF_TXX_TSO | TP_AVF_TXX_IL2TAG2, 64, sizeof(bytes) - 694, 1);
	post_data(bytes, sizeof(bytes),
		  PLAIN | TP_AVF_TXC_IIPT_IPV4_CSUM | TP_AVF_TXC_L4T_TCP | TP_AVF_TXC_IL2TAG1,
		  fields(63, 127, 15));
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_int_equal(kept[0].len, sizeof(bytes) + 4);
	assert_int_equal(malformed(), 1);
}

/* ---- segments -------------------------------------------------------------------------------- */

/* As a driver leaves it: lengths zero, the seed without the length. */
static void make_large(const struct frame_spec *spec)
{
	make_frame(*spec, &f);
	put16(f.bytes + f.l3_at + (spec->ipv6 ? 4 : 2), 0);
	put_seed(spec, &f, 0);
	if (spec->proto == TP_IP_TCP)
		f.bytes[f.l4_at + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	else
		put16(f.bytes + f.l4_at + 4, 0);
}

static void post_large(const struct frame_spec *spec, unsigned mss, unsigned size, uint64_t cmd,
		       uint64_t more)
{
	make_large(spec);
	post_context(TP_AVF_TXX_TSO, mss, spec->payload, 0);
	post_cut(f.bytes, f.len, size, PLAIN | csum_cmd(spec) | cmd, header_fields(&f) | more);
}

/* @tags bytes were inserted. */
static void assert_segments(unsigned first, const struct frame_spec *spec, unsigned mss,
			    unsigned tags)
{
	unsigned n = (spec->payload + mss - 1) / mss, at = f.payload_at;

	assert_int_equal(nr_kept, first + n);
	for (unsigned i = 0; i < n; i++) {
		const struct kept *k = &kept[first + i];
		unsigned len = TP_MIN(mss, f.len - at), l4_at = f.l4_at + tags;
		struct tp_packet packet;

		parse_exact(&packet, k->bytes, k->len);
		assert_int_equal(k->len, TP_MAX(f.payload_at + tags + len, 60u));
		assert_int_equal(packet.l4_at, l4_at);
		assert_int_equal(packet.l4_end, f.payload_at + tags + len);
		assert_true(tp_packet_ip_good(&packet, k->bytes));
		assert_true(l4_good(&packet, k->bytes, k->len));
		assert_memory_equal(k->bytes + f.payload_at + tags, f.bytes + at, len);
		assert_int_equal(k->flags, TP_WIRE_CSUM_GOOD);
		if (spec->proto == TP_IP_TCP)
			assert_int_equal(k->bytes[l4_at + 13],
					 0x10 | (i ? 0 : 0x80) | (i + 1 == n ? 0x09 : 0));
		at += len;
	}
}

static void large_packets_are_cut(void **state)
{
	static const unsigned sizes[] = { 1000, 4096, 12288, 16383 };

	(void)state;
	for (unsigned kind = 0; kind < 8; kind++)
		for (unsigned i = 0; i < TP_ARRAY_SIZE(sizes); i++) {
			const struct frame_spec spec = { .ipv6 = kind & 1,
							 .proto = kind & 2 ? TP_IP_TCP : TP_IP_UDP,
							 .tags = kind / 4,
							 .tcp_options = 3,
							 .payload = 15000,
							 .bare = true };

			forget_kept();
			post_large(&spec, 1400, sizes[i], 0, 0);
			ring_tx();
			assert_segments(0, &spec, 1400, 0);
			assert_true(is_done(tx_tail - 1));
		}
	assert_int_equal(counts_of(0).tx_frames, 8 * 4 * 11);
}

static void a_tag_is_in_every_segment(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 5000, .bare = true };

	(void)state;
	post_large(&spec, 1000, 4000, TP_AVF_TXC_IL2TAG1, 0x123ull << TP_AVF_TXD_L2TAG1_SHIFT);
	ring_tx();
	assert_segments(0, &spec, 1000, 4);
	for (unsigned i = 0; i < nr_kept; i++)
		assert_int_equal(tp_be16(kept[i].bytes + 14), 0x123);
}

/* More segments than a batch has frames, of a packet in many buffers. */
static void a_packet_may_be_many_segments(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 16000, .bare = true };

	(void)state;
	post_large(&spec, 64, 100, 0, 0);
	ring_tx();
	assert_segments(0, &spec, 64, 0);
	assert_true(nr_calls > 1);
}

static void a_small_packet_may_ask_for_segments(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 100, .bare = true };

	(void)state;
	post_large(&spec, 1000, 4000, 0, 0);
	ring_tx();
	assert_segments(0, &spec, 1000, 0);
}

static void a_wrong_seed_spoils_all_segments(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 2000, .bare = true };

	(void)state;
	make_large(&spec);
	f.bytes[f.l4_at + 16] ^= 4;
	post_context(TP_AVF_TXX_TSO, 1000, spec.payload, 0);
	post_data(f.bytes, f.len, PLAIN | csum_cmd(&spec), header_fields(&f));
	ring_tx();
	assert_int_equal(nr_kept, 2);
	for (unsigned i = 0; i < 2; i++) {
		struct tp_packet packet;

		parse_exact(&packet, kept[i].bytes, kept[i].len);
		assert_false(l4_good(&packet, kept[i].bytes, kept[i].len));
		assert_int_equal(kept[i].flags, 0);
	}
}

/* ---- T14: how many buffers a segment may come from ------------------------------------------- */

/* Segment by segment and byte by byte. */
static bool fits(const unsigned *lens, unsigned n, unsigned header, unsigned mss)
{
	unsigned buf_of_byte[16384], len = 0, header_bufs;

	for (unsigned i = 0; i < n; i++)
		for (unsigned b = 0; b < lens[i]; b++)
			buf_of_byte[len++] = i;
	header_bufs = buf_of_byte[header - 1] + 1;
	for (unsigned at = header; at < len; at += mss) {
		unsigned last = TP_MIN(at + mss, len) - 1;

		if (header_bufs + buf_of_byte[last] - buf_of_byte[at] + 1 > TP_AVF_MAX_BUFS)
			return false;
	}
	return true;
}

static void the_limit_holds_for_every_segment(void **state)
{
	unsigned good = 0, bad = 0;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 3);
	for (unsigned n = 0; n < 600; n++) {
		const struct frame_spec spec = { .proto = TP_IP_TCP,
						 .payload =
							 500 + (unsigned)tp_rng_below(&rng, 4000),
						 .bare = true };
		unsigned lens[512], nr = 0, mss = 64 + (unsigned)tp_rng_below(&rng, 800);
		unsigned most = 20 + (unsigned)tp_rng_below(&rng, 300);

		forget_kept();
		make_large(&spec);
		post_context(TP_AVF_TXX_TSO, mss, spec.payload, 0);
		for (unsigned at = 0; at < f.len; at += lens[nr++]) {
			uint64_t cmd = ICRC | csum_cmd(&spec);

			lens[nr] = 1 + (unsigned)tp_rng_below(&rng, TP_MIN(most, f.len - at));
			post_data(f.bytes + at, lens[nr],
				  cmd | (at + lens[nr] == f.len ? EOP | RS : 0), header_fields(&f));
		}
		ring_tx();
		assert_true(is_done(tx_tail + tx_count - 1));
		if (nr <= 256 && fits(lens, nr, f.payload_at, mss)) {
			assert_segments(0, &spec, mss, 0);
			good++;
		} else {
			assert_int_equal(nr_kept, 0);
			bad++;
		}
		assert_int_equal(malformed(), bad);
	}
	assert_true(good > 100);
	assert_true(bad > 100);
}

/* ---- requests for segments that make no sense ------------------------------------------------ */

static void refuse_large(const struct frame_spec *spec, unsigned mss, unsigned tso_len,
			 uint64_t cmd, uint64_t more)
{
	uint64_t before = malformed();

	make_large(spec);
	post_context(TP_AVF_TXX_TSO, mss, tso_len, 0);
	post_data(f.bytes, f.len, PLAIN | cmd, header_fields(&f) + more);
	ring_tx();
	assert_int_equal(malformed(), before + 1);
	assert_int_equal(nr_kept, 0);
}

static void nonsense_about_segments_is_refused(void **state)
{
	const struct frame_spec tcp = { .proto = TP_IP_TCP, .payload = 5000, .bare = true };
	const struct frame_spec sctp = { .proto = TP_IP_SCTP, .payload = 5000, .bare = true };
	const struct frame_spec none = { .proto = TP_IP_TCP, .bare = true };
	const uint64_t cmd = csum_cmd(&tcp);

	(void)state;
	refuse_large(&tcp, 63, 5000, cmd, 0);
	refuse_large(&tcp, 0, 5000, cmd, 0);
	refuse_large(&tcp, 9669, 5000, cmd, 0);
	refuse_large(&tcp, 1000, 4999, cmd, 0);
	refuse_large(&tcp, 1000, 5001, cmd, 0);
	refuse_large(&tcp, 1000, 0, cmd, 0);
	refuse_large(&tcp, 1000, 5000, 0, 0);
	refuse_large(&tcp, 1000, 5000, TP_AVF_TXC_IIPT_IPV4_CSUM, 0);
	refuse_large(&tcp, 1000, 5000, TP_AVF_TXC_IIPT_IPV4 | TP_AVF_TXC_L4T_TCP, 0);
	refuse_large(&tcp, 1000, 5000, TP_AVF_TXC_IIPT_IPV4_CSUM | TP_AVF_TXC_L4T_UDP, 0);
	refuse_large(&tcp, 1000, 4996, cmd, 1ull << TP_AVF_TXD_L4LEN_SHIFT);
	refuse_large(&tcp, 1000, 4996, cmd, 1ull << TP_AVF_TXD_IPLEN_SHIFT);
	refuse_large(&tcp, 1000, 4998, cmd, 1ull << TP_AVF_TXD_MACLEN_SHIFT);
	refuse_large(&sctp, 1000, 5000, csum_cmd(&sctp), 0);
	refuse_large(&none, 1000, 0, cmd, 0);
}

static void too_many_buffers_are_refused(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 15000, .bare = true };

	(void)state;
	post_large(&spec, 300, 58, 0, 0);
	ring_tx();
	assert_int_equal(malformed(), 1);
	post_large(&spec, 300, 60, 0, 0);
	ring_tx();
	assert_int_equal(malformed(), 1);
}

/* ---- memory that is not there ---------------------------------------------------------------- */

/* What was cut before is sent; the rest is counted. */
static void segments_up_to_a_hole_are_sent(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 15000, .bare = true };
	uint64_t at = (DATA_PAGE + 64) * PAGE;

	(void)state;
	make_large(&spec);
	put(at, f.bytes, f.len);
	unmap_page(DATA_PAGE + 65);
	post_context(TP_AVF_TXX_TSO, 1000, spec.payload, 0);
	post_at(at, f.len, PLAIN | csum_cmd(&spec), header_fields(&f));
	ring_tx();
	assert_int_equal(counts_of(0).tx_frames, 15);
	assert_int_equal(counts_of(0).tx_sent, 4);
	assert_int_equal(counts_of(0).tx_drop_fault, 11);
	assert_int_equal(nr_kept, 4);
	assert_true(is_done(tx_tail - 1));
}

static void headers_in_a_hole_are_not_sent(void **state)
{
	const struct frame_spec spec = { .proto = TP_IP_TCP, .payload = 5000, .bare = true };

	(void)state;
	make_large(&spec);
	unmap_page(DATA_PAGE + 64);
	post_context(TP_AVF_TXX_TSO, 1000, spec.payload, 0);
	post_at((DATA_PAGE + 64) * PAGE, f.len, PLAIN | csum_cmd(&spec), header_fields(&f));
	post_at((DATA_PAGE + 64) * PAGE, 500, PLAIN | csum_cmd(&spec), header_fields(&f));
	post_at((DATA_PAGE + 64) * PAGE, 500, PLAIN | TP_AVF_TXC_IL2TAG1, 0);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	assert_int_equal(counts_of(0).tx_drop_fault, 5 + 1 + 1);
}

#define tx_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tx_test(tags_are_inserted_behind_the_addresses),
		tx_test(a_tag_counts_for_the_shortest_frame),
		tx_test(checksums_are_filled_in),
		tx_test(a_tag_and_a_checksum_go_together),
		tx_test(the_ip_checksum_alone_can_be_had),
		tx_test(a_wrong_seed_makes_a_wrong_checksum),
		tx_test(a_wrong_place_is_no_good),
		tx_test(bytes_behind_the_packet_are_no_good),
		tx_test(a_udp_checksum_of_zero_becomes_ones),
		tx_test(nonsense_about_headers_is_refused),
		tx_test(the_longest_headers_fit),
		tx_test(large_packets_are_cut),
		tx_test(a_tag_is_in_every_segment),
		tx_test(a_packet_may_be_many_segments),
		tx_test(a_small_packet_may_ask_for_segments),
		tx_test(a_wrong_seed_spoils_all_segments),
		tx_test(the_limit_holds_for_every_segment),
		tx_test(nonsense_about_segments_is_refused),
		tx_test(too_many_buffers_are_refused),
		tx_test(segments_up_to_a_hole_are_sent),
		tx_test(headers_in_a_hole_are_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
