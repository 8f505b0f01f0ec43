/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_args - what the numbers of an event stand for, as JSON. */
#ifndef TP_LAB_TRACE_ARGS_H
#define TP_LAB_TRACE_ARGS_H

#include <jansson.h>

#include "core/trace.h"

/* All arguments under their names. */
json_t *tp_trace_args(const struct tp_trace_event *event);
/* "EBUSY"; null for 0. */
json_t *tp_trace_errno(uint64_t err);
/* "offline", or "offline: EBUSY", so that a failure is seen without a click. */
void tp_trace_bar_name(char *name, size_t size, const char *what, uint64_t err);
/* Of either chain: they share no value (T7). */
const char *tp_trace_event_type(uint64_t type);

#endif
