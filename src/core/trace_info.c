/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_info - what the events and their arguments are called. */
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
