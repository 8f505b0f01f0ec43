/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_info - what the events and their arguments are called, and arguments that are text. */
#include <string.h>

#include "core/invariant.h"
#include "core/trace.h"

static const struct tp_trace_info infos[] = {
#define TRACE_INFO(id, category, a, b, c) { #id, category, { a, b, c } },
	TP_TRACE_TABLE(TRACE_INFO)
#undef TRACE_INFO
};

const struct tp_trace_info *tp_trace_info(enum tp_trace_id id)
{
	TP_INVARIANT(id < TP_ARRAY_SIZE(infos));
	return &infos[id];
}

void tp_trace_named(struct tp_trace_ring *ring, enum tp_trace_id id, uint64_t a, const char *name)
{
	uint64_t words[2] = { 0 };

	_Static_assert(sizeof(words) == TP_TRACE_NAME, "a name fills two arguments");
	memcpy(words, name, strnlen(name, sizeof(words)));
	tp_trace(ring, id, a, words[0], words[1]);
}

void tp_trace_name(char text[TP_TRACE_NAME + 1], uint64_t b, uint64_t c)
{
	const uint64_t words[2] = { b, c };

	memcpy(text, words, sizeof(words));
	text[sizeof(words)] = '\0';
}
