/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stream - the stores: one by one, or past the caches two at a time. */
#include "core/stream.h"

#include <string.h>

static uint64_t word_at(const char *from, size_t i)
{
	uint64_t word;

	memcpy(&word, from + i * sizeof(word), sizeof(word));
	return word;
}

/* ---- one by one ------------------------------------------------------------------------------ */

static void copy_words(tp_atomic_u64 *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tp_atomic_store(&to[i], word_at(from, i), TP_RELEASE);
}

static void fill_words(tp_atomic_u64 *to, uint64_t first, uint64_t step, uint64_t bits, size_t n)
{
	for (size_t i = 0; i < n; i++, first += step)
		tp_atomic_store(&to[i], first | bits, TP_RELEASE);
}

/* ---- past the caches ------------------------------------------------------------------------- */

/* Not where somebody watches each store. */
#if defined(__SSE2__) && !defined(TP_SIM) && !TP_TSAN

#include <emmintrin.h>

enum { LONG = 384 }; /* words: shorter runs are read again soon */

/* So many of @n as lie between multiples of two words, beginning with *@before single ones. */
static size_t pairs_of(const tp_atomic_u64 *to, size_t n, size_t *before)
{
	*before = n >= LONG ? (uintptr_t)to / sizeof(*to) % 2 : n;
	return (n - *before) & ~(size_t)1;
}

void tp_stream_copy(tp_atomic_u64 *to, const void *from, size_t n)
{
	const char *words = from;
	size_t before, pairs = pairs_of(to, n, &before);

	copy_words(to, words, before);
	for (size_t i = before; i < before + pairs; i += 2)
		_mm_stream_si128(
			(__m128i *)(void *)&to[i],
			_mm_loadu_si128((const __m128i *)(const void *)(words + i * sizeof(*to))));
	copy_words(to + before + pairs, words + (before + pairs) * sizeof(*to), n - before - pairs);
	if (pairs)
		_mm_sfence();
}

void tp_stream_fill(tp_atomic_u64 *to, uint64_t first, uint64_t step, uint64_t bits, size_t n)
{
	size_t before, pairs = pairs_of(to, n, &before);
	const __m128i steps = _mm_set1_epi64x((long long)(2 * step));
	const __m128i or = _mm_set1_epi64x((long long)bits);
	__m128i pair;

	fill_words(to, first, step, bits, before);
	first += before * step;
	pair = _mm_set_epi64x((long long)(first + step), (long long)first);
	for (size_t i = before; i < before + pairs; i += 2) {
		_mm_stream_si128((__m128i *)(void *)&to[i], _mm_or_si128(pair, or));
		pair = _mm_add_epi64(pair, steps);
	}
	fill_words(to + before + pairs, first + pairs * step, step, bits, n - before - pairs);
	if (pairs)
		_mm_sfence();
}

#else

void tp_stream_copy(tp_atomic_u64 *to, const void *from, size_t n)
{
	copy_words(to, from, n);
}

void tp_stream_fill(tp_atomic_u64 *to, uint64_t first, uint64_t step, uint64_t bits, size_t n)
{
	fill_words(to, first, step, bits, n);
}

#endif
