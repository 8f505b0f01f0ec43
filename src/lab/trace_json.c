/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_json - one line per event, as the Chrome trace format wants it. */
#include "lab/trace_json.h"

#include <inttypes.h>

#include "core/clock.h"

/* DIGITS: nanoseconds are whole for eleven days, and no 0.1 shows as 0.10000000000000001. */
enum { LANES_PER_PROCESS = 1000, DIGITS = 15 };

void tp_trace_json_begin(struct tp_trace_json *json, FILE *out)
{
	*json = (struct tp_trace_json){ .out = out, .separator = "", .origin_ns = tp_clock_now() };
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
}

void tp_trace_json_end(struct tp_trace_json *json, uint64_t lost)
{
	fprintf(json->out, "\n],\"otherData\":{\"lost\":\"%" PRIu64 "\"}}\n", lost);
}

static void put(struct tp_trace_json *json, json_t *event)
{
	fputs(json->separator, json->out);
	json_dumpf(event, json->out, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS));
	json->separator = ",\n";
	json_decref(event);
}

json_t *tp_trace_text(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(no UTF-8)");
}

static double microseconds(const struct tp_trace_json *json, uint64_t time_ns)
{
	return (double)(int64_t)(time_ns - json->origin_ns) / 1e3;
}

/* Different in all processes: some viewers look for a thread by its number alone. */
static json_int_t thread_of(struct tp_trace_lane lane)
{
	return (json_int_t)lane.process * LANES_PER_PROCESS + lane.number;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void put_meta(struct tp_trace_json *json, const char *what, struct tp_trace_lane lane,
		     const char *key, json_t *value)
{
	put(json, json_pack("{s:s, s:s, s:i, s:I, s:{s:o}}", "name", what, "ph", "M", "pid",
			    (int)lane.process, "tid", thread_of(lane), "args", key, value));
}

void tp_trace_name_process(struct tp_trace_json *json, unsigned process, const char *name,
			   unsigned place)
{
	const struct tp_trace_lane any = { .process = process, .number = 1 };

	put_meta(json, "process_name", any, "name", tp_trace_text(name));
	put_meta(json, "process_sort_index", any, "sort_index", json_integer(place));
}

void tp_trace_name_lane(struct tp_trace_json *json, struct tp_trace_lane lane, const char *name)
{
	put_meta(json, "thread_name", lane, "name", tp_trace_text(name));
	put_meta(json, "thread_sort_index", lane, "sort_index", json_integer(lane.number));
}

/* ---- events ---------------------------------------------------------------------------------- */

static json_t *event_at(const struct tp_trace_json *json, struct tp_trace_lane lane,
			const struct tp_trace_label *label, const char *phase, uint64_t time_ns)
{
	return json_pack("{s:o, s:s, s:s, s:f, s:i, s:I, s:o}", "name", tp_trace_text(label->name),
			 "cat", label->category, "ph", phase, "ts", microseconds(json, time_ns),
			 "pid", (int)lane.process, "tid", thread_of(lane), "args",
			 label->args ? label->args : json_object());
}

void tp_trace_bar(struct tp_trace_json *json, struct tp_trace_lane lane,
		  const struct tp_trace_label *label, uint64_t begin_ns, uint64_t end_ns)
{
	json_t *event = event_at(json, lane, label, "X", begin_ns);

	json_object_set_new(event, "dur", json_real((double)(end_ns - begin_ns) / 1e3));
	put(json, event);
}

void tp_trace_mark(struct tp_trace_json *json, struct tp_trace_lane lane,
		   const struct tp_trace_label *label, uint64_t time_ns)
{
	json_t *event = event_at(json, lane, label, "i", time_ns);

	/* A tick in its own lane, not through all of them. */
	json_object_set_new(event, "s", json_string("t"));
	put(json, event);
}

void tp_trace_counter(struct tp_trace_json *json, unsigned process, const char *name,
		      uint64_t value, uint64_t time_ns)
{
	put(json, json_pack("{s:o, s:s, s:f, s:i, s:{s:I}}", "name", tp_trace_text(name), "ph", "C",
			    "ts", microseconds(json, time_ns), "pid", (int)process, "args", "pages",
			    (json_int_t)value));
}
