/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text - a string that grows; a lack of memory is remembered and asked for once, at the end. */
#include "view/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"

static bool grow(struct tp_text *text, size_t needed)
{
	size_t size = TP_MAX(text->size * 2, TP_MAX(needed, (size_t)512));
	char *bytes = tp_zalloc(size);

	if (!bytes) {
		text->failed = true;
		return false;
	}
	if (text->length)
		memcpy(bytes, text->bytes, text->length);
	tp_free(text->bytes);
	text->bytes = bytes;
	text->size = size;
	return true;
}

/* The length that the whole has; what does not fit is cut. */
static tp_printf(2, 0) size_t print(struct tp_text *text, const char *format, va_list args)
{
	size_t room = text->size - text->length;
	int n = vsnprintf(text->bytes ? text->bytes + text->length : NULL, room, format, args);

	return n < 0 ? 0 : (size_t)n;
}

void tp_text_add(struct tp_text *text, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = print(text, format, args);
	va_end(args);
	if (text->length + length >= text->size) {
		if (!grow(text, text->length + length + 1))
			return;
		va_start(args, format);
		length = print(text, format, args);
		va_end(args);
	}
	text->length += length;
}

void tp_text_add_list(struct tp_text *text, uint64_t set)
{
	const char *comma = "";

	while (set) {
		unsigned first = (unsigned)__builtin_ctzll(set);
		uint64_t from = set >> first;
		unsigned run = ~from ? (unsigned)__builtin_ctzll(~from) : 64 - first;

		if (run == 1)
			tp_text_add(text, "%s%u", comma, first);
		else
			tp_text_add(text, "%s%u-%u", comma, first, first + run - 1);
		comma = ",";
		set = first + run < 64 ? set >> (first + run) << (first + run) : 0;
	}
}

void tp_text_add_map(struct tp_text *text, uint64_t set, unsigned bits)
{
	unsigned high = bits > 32 ? bits - 32 : 0;

	if (high)
		tp_text_add(text, "%0*x,", (int)(high + 3) / 4, (unsigned)(set >> 32));
	tp_text_add(text, "%0*x", high ? 8 : (int)(bits + 3) / 4, (unsigned)set);
}

void tp_text_clear(struct tp_text *text)
{
	text->length = 0;
	text->failed = false;
}

void tp_text_fini(struct tp_text *text)
{
	tp_free(text->bytes);
	*text = (struct tp_text){ .length = 0 };
}
