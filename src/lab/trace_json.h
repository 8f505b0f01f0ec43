/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_json - the lines of a Chrome trace: bars, marks, counters, and what lanes are called.
 *
 * A lane is a thread of a process of the trace; neither is one of the system's.  Both have numbers
 * from 1, because viewers take 0 for the idle task.  Times are nanoseconds of core/clock.h and are
 * written as microseconds since the trace began.
 */
#ifndef TP_LAB_TRACE_JSON_H
#define TP_LAB_TRACE_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct tp_trace_json {
	FILE *out;
	const char *separator;
	uint64_t origin_ns;
};

struct tp_trace_lane {
	unsigned process, number;
};

void tp_trace_json_begin(struct tp_trace_json *json, FILE *out);
void tp_trace_json_end(struct tp_trace_json *json, uint64_t lost);

/* Where the process stands among the others, from the top. */
void tp_trace_name_process(struct tp_trace_json *json, unsigned process, const char *name,
			   unsigned place);
/* Lanes of a process stand in the order of their numbers. */
void tp_trace_name_lane(struct tp_trace_json *json, struct tp_trace_lane lane, const char *name);

/* What an event shows beside its time; @args is taken over. */
struct tp_trace_label {
	const char *name, *category;
	json_t *args;
};

void tp_trace_bar(struct tp_trace_json *json, struct tp_trace_lane lane,
		  const struct tp_trace_label *label, uint64_t begin_ns, uint64_t end_ns);
void tp_trace_mark(struct tp_trace_json *json, struct tp_trace_lane lane,
		   const struct tp_trace_label *label, uint64_t time_ns);
void tp_trace_counter(struct tp_trace_json *json, unsigned process, const char *name,
		      uint64_t value, uint64_t time_ns);

/* Names come from scripts and may be no UTF-8; then this says so. */
json_t *tp_trace_text(const char *text);

#endif
