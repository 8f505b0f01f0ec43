/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet_csum - sums of 16-bit words, taken 32 bytes at a time where there are many.
 *
 * Words of 32 bits are added up in 64-bit lanes: the halves come together when the sum is folded.
 * A lane overflows after 2^32 words, far beyond any frame.
 *
 * Each helper takes @to, where the bytes are copied, or NULL: a constant where they are inlined.
 */
#include "model/packet_csum.h"

#define always_inline inline __attribute__((always_inline))

typedef uint64_t lanes __attribute__((vector_size(32)));

enum { STEP = sizeof(lanes), WORTH_IT = 2 * STEP };

static always_inline uint64_t sum_lanes(char *to, const char *from, size_t steps)
{
	lanes low = { 0 }, high = { 0 };

	for (size_t i = 0; i < steps; i++) {
		lanes v;

		memcpy(&v, from + i * STEP, STEP);
		if (to)
			memcpy(to + i * STEP, &v, STEP);
		low += v & 0xffffffff;
		high += v >> 32;
	}
	low += high;
	return tp_csum_join(tp_csum_join(low[0], low[1]), tp_csum_join(low[2], low[3]));
}

static uint64_t sum_plain(char *to, const char *from, size_t steps)
{
	return to ? sum_lanes(to, from, steps) : sum_lanes(NULL, from, steps);
}

#if defined(__x86_64__)
static __attribute__((target("avx2"))) uint64_t sum_wide(char *to, const char *from, size_t steps)
{
	return to ? sum_lanes(to, from, steps) : sum_lanes(NULL, from, steps);
}

static uint64_t sum_many(char *to, const char *from, size_t steps)
{
	return __builtin_cpu_supports("avx2") ? sum_wide(to, from, steps)
					      : sum_plain(to, from, steps);
}
#else
#define sum_many sum_plain
#endif

/* One number of the type of @word. */
#define take(word, to, from, at)                                    \
	do {                                                        \
		memcpy(&(word), (from) + (at), sizeof(word));       \
		if (to)                                             \
			memcpy((to) + (at), &(word), sizeof(word)); \
	} while (0)

/* The last 0 to 7 bytes from @at, as the lower ones of words. */
static always_inline uint64_t sum_last(char *to, const char *from, size_t at, size_t len)
{
	uint64_t sum = 0;
	uint32_t four;
	uint16_t two;
	uint8_t one;

	if (len & 4) {
		take(four, to, from, at);
		sum = four;
		at += 4;
	}
	if (len & 2) {
		take(two, to, from, at);
		sum += two;
		at += 2;
	}
	if (len & 1) {
		take(one, to, from, at);
		sum += one;
	}
	return sum;
}

static always_inline uint64_t sum_all(uint64_t sum, char *to, const char *from, size_t len)
{
	size_t wide = len < WORTH_IT ? 0 : len / STEP * STEP;
	size_t at = wide;
	uint64_t word;

	if (wide)
		sum = tp_csum_join(sum, sum_many(to, from, wide / STEP));
	for (; len - at >= sizeof(word); at += sizeof(word)) {
		take(word, to, from, at);
		sum = tp_csum_join(sum, word);
	}
	return tp_csum_join(sum, sum_last(to, from, at, len - at));
}

uint64_t tp_csum_add(uint64_t sum, const void *data, size_t len)
{
	return sum_all(sum, NULL, data, len);
}

uint64_t tp_csum_copy(uint64_t sum, void *to, const void *from, size_t len)
{
	return sum_all(sum, to, from, len);
}

uint64_t tp_csum_pieces(uint64_t sum, const struct tp_wire_piece *pieces, size_t from, size_t len)
{
	bool odd = false;

	for (; len; pieces++) {
		size_t n = pieces->len > from ? TP_MIN(pieces->len - from, len) : 0;
		uint64_t part = tp_csum_add(0, (const char *)pieces->data + from, n);

		sum = tp_csum_join(sum, odd ? tp_csum_odd(part) : part);
		odd ^= n & 1;
		from -= TP_MIN(from, pieces->len);
		len -= n;
	}
	return sum;
}
