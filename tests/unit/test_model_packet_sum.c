/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_packet_sum - checksums, CRCs and hashes against slow or published references. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model_packet.h"

static uint8_t bytes[4096];

static int begin(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 5);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)tp_rng_next(&rng);
	return 0;
}

static uint16_t as_in_header(uint64_t sum)
{
	uint16_t folded = tp_csum_fold(sum);

	return tp_be16(&folded);
}

/* 0 and 0xffff are the same number; sums of bytes that are not all 0 are never 0. */
static void sums_agree_at_every_length_and_alignment(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 400; len++)
		for (unsigned at = 0; at < 9; at++) {
			uint8_t *exact = malloc(len + 1), *copy = malloc(len + 1);
			uint64_t sum;

			assert_non_null(exact);
			assert_non_null(copy);
			memcpy(exact, bytes + at, len);
			copy[len] = 0x5a;
			sum = tp_csum_add(0, exact, len);
			assert_int_equal(as_in_header(sum), slow_sum(0, bytes + at, len));
			assert_true(tp_csum_copy(0, copy, bytes + at, len) == sum);
			assert_memory_equal(copy, bytes + at, len);
			assert_int_equal(copy[len], 0x5a);
			free(exact);
			free(copy);
		}
}

static void carries_come_round(void **state)
{
	static uint8_t ones[65536];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(tp_csum_fold(tp_csum_add(0, ones, sizeof(ones))), 0xffff);
	assert_int_equal(tp_csum_fold(tp_csum_add(UINT64_MAX, ones, sizeof(ones))), 0xffff);
	assert_int_equal(tp_csum_fold(tp_csum_join(UINT64_MAX, 1)), 1);
	assert_int_equal(tp_csum_fold(0), 0);
	assert_int_equal(tp_csum_finish(0xffff), 0);
	assert_int_equal(tp_csum_finish_udp(0xffff), 0xffff);
}

static void odd_pieces_shift_what_follows(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 6);
	for (unsigned n = 0; n < 2000; n++) {
		struct tp_wire_piece pieces[20];
		size_t at = 0, from, len;

		for (unsigned i = 0; i < 20; i++) {
			size_t piece = tp_rng_below(&rng, 100);

			pieces[i] = (struct tp_wire_piece){ bytes + at, piece };
			at += piece;
		}
		from = tp_rng_below(&rng, at);
		len = tp_rng_below(&rng, at - from + 1);
		assert_int_equal(as_in_header(tp_csum_pieces(0, pieces, from, len)),
				 slow_sum(0, bytes + from, len));
		assert_int_equal(~tp_crc_pieces(tp_crc32_add, ~0u, pieces, from, len),
				 slow_crc(0xedb88320, bytes + from, len));
	}
}

/* The published check values: of "123456789". */
static void crcs_are_those_of_the_standards(void **state)
{
	(void)state;
	assert_int_equal(~tp_crc32_add(~0u, "123456789", 9), 0xcbf43926);
	assert_int_equal(~tp_crc32c_add(~0u, "123456789", 9), 0xe3069283);
}

/* ---- the hash: published verification values ------------------------------------------------- */

static const uint8_t published_key[TP_TOEPLITZ_KEY] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static void hashes_over_ipv4_are_the_published_ones(void **state)
{
	/* source, destination, their ports; hash with ports, without */
	static const struct {
		uint8_t input[12];
		uint32_t with_ports, without;
	} cases[] = {
		{ { 66, 9, 149, 187, 161, 142, 100, 80, 2794 >> 8, 2794 & 255, 1766 >> 8,
		    1766 & 255 },
		  0x51ccc178,
		  0x323e8fc2 },
		{ { 199, 92, 111, 2, 65, 69, 140, 83, 14230 >> 8, 14230 & 255, 4739 >> 8,
		    4739 & 255 },
		  0xc626b0ea,
		  0xd718262a },
		{ { 24, 19, 198, 95, 12, 22, 207, 184, 12898 >> 8, 12898 & 255, 38024 >> 8,
		    38024 & 255 },
		  0x5c2b394a,
		  0xd2d0a5de },
		{ { 38, 27, 205, 30, 209, 142, 163, 6, 48228 >> 8, 48228 & 255, 2217 >> 8,
		    2217 & 255 },
		  0xafc7327f,
		  0x82989176 },
		{ { 153, 39, 163, 191, 202, 188, 127, 2, 44251 >> 8, 44251 & 255, 1303 >> 8,
		    1303 & 255 },
		  0x10e828a2,
		  0x5d1809c5 },
	};
	static struct tp_toeplitz toeplitz;

	(void)state;
	tp_toeplitz_init(&toeplitz, published_key);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		uint32_t hash = tp_toeplitz_hash(&toeplitz, 0, cases[i].input, 8);

		assert_int_equal(hash, cases[i].without);
		hash ^= tp_toeplitz_hash(&toeplitz, 8, cases[i].input + 8, 4);
		assert_int_equal(hash, cases[i].with_ports);
	}
}

static void hashes_over_ipv6_are_the_published_ones(void **state)
{
	/* 3ffe:2501:200:1fff::7 port 2794 to 3ffe:2501:200:3::1 port 1766 */
	static const uint8_t input[36] = { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff, 0,
					   0,	 0,    0,    0,	   0,	 0,    0x07, 0x3f, 0xfe,
					   0x25, 0x01, 0x02, 0x00, 0x00, 0x03, 0,    0,	   0,
					   0,	 0,    0,    0,	   0x01, 0x0a, 0xea, 0x06, 0xe6 };
	static struct tp_toeplitz toeplitz;

	(void)state;
	tp_toeplitz_init(&toeplitz, published_key);
	assert_int_equal(tp_toeplitz_hash(&toeplitz, 0, input, 32), 0x2cc18cd5);
	assert_int_equal(tp_toeplitz_hash(&toeplitz, 0, input, 36), 0x40207d3d);
}

/* Bit by bit, with any key. */
static void hashes_agree_with_the_definition(void **state)
{
	static struct tp_toeplitz toeplitz;

	(void)state;
	for (unsigned n = 0; n < 50; n++) {
		const uint8_t *key = bytes + 40 * n, *input = bytes + 2048 + 36 * n;
		uint32_t hash = 0;

		for (unsigned bit = 0; bit < 288; bit++)
			for (unsigned i = 0; input[bit / 8] >> (7 - bit % 8) & 1 && i < 32; i++)
				hash ^= (uint32_t)(key[(bit + i) / 8] >> (7 - (bit + i) % 8) & 1)
					<< (31 - i);
		tp_toeplitz_init(&toeplitz, key);
		assert_int_equal(tp_toeplitz_hash(&toeplitz, 0, input, 36), hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_agree_at_every_length_and_alignment),
		cmocka_unit_test(carries_come_round),
		cmocka_unit_test(odd_pieces_shift_what_follows),
		cmocka_unit_test(crcs_are_those_of_the_standards),
		cmocka_unit_test(hashes_over_ipv4_are_the_published_ones),
		cmocka_unit_test(hashes_over_ipv6_are_the_published_ones),
		cmocka_unit_test(hashes_agree_with_the_definition),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
