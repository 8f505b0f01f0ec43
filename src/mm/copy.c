/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy - move page contents past the caches.
 *
 * Pages that move are read and written once; streaming stores spare the caches and the read of the
 * destination line. Four pages at a time keep four streams of the memory controller busy, which is
 * where the gain over memcpy comes from.
 */
#include <string.h>

#include "core/invariant.h"
#include "mm/machine.h"

#if defined(__SSE2__) && !defined(TP_SIM)

#include <emmintrin.h>

enum { STREAMS = 4, LINE = 64, CHUNK = STREAMS * TP_PAGE_SIZE };

static inline void stream_line(char *to, const char *from)
{
	for (unsigned i = 0; i < LINE; i += sizeof(__m128i)) {
		__m128i v = _mm_load_si128((const __m128i *)(const void *)(from + i));

		_mm_stream_si128((__m128i *)(void *)(to + i), v);
	}
}

static void copy_streaming(char *to, const char *from, size_t size)
{
	for (size_t at = 0; at < size; at += CHUNK)
		for (size_t line = 0; line < TP_PAGE_SIZE; line += 2 * LINE)
			for (size_t s = at + line; s < at + CHUNK; s += TP_PAGE_SIZE) {
				stream_line(to + s, from + s);
				stream_line(to + s + LINE, from + s + LINE);
			}
	_mm_sfence();
}

#else

enum { CHUNK = 4 * TP_PAGE_SIZE };

static void copy_streaming(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
}

#endif

void tp_page_copy(struct tp_machine *m, tp_pfn to, tp_pfn from, unsigned order)
{
	char *dst = tp_page_address(m, to);
	const char *src = tp_page_address(m, from);
	size_t size = TP_PAGE_SIZE << order;

	TP_INVARIANT(order <= TP_MAX_ORDER);
	if (size < CHUNK)
		memcpy(dst, src, size);
	else
		copy_streaming(dst, src, size);
}
