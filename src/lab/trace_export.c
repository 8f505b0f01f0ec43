/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_export - one JSON object per event, as the Chrome trace format wants it.
 *
 * A process of the trace is a machine; thread 0 of it is the script, with a bar for each step, and
 * the others are the real threads.  Times are microseconds.
 */
#include "lab/trace_export.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "core/alloc.h"
#include "core/trace.h"
#include "lab/lab_machine.h"
#include "mm/machine.h"

enum { BATCH = 256 };

struct tp_trace_export {
	FILE *out;
	const char *separator;
	unsigned machine; /* whose ring is read; a new machine begins at the front */
	uint64_t next, lost;
	struct tp_trace_event batch[BATCH];
};

int tp_trace_export_begin(struct tp_trace_export **export, FILE *out)
{
	struct tp_trace_export *new = tp_zalloc(sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->out = out;
	new->separator = "";
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
	*export = new;
	return 0;
}

static void put(struct tp_trace_export *export, json_t *event)
{
	fputs(export->separator, export->out);
	json_dumpf(event, export->out, JSON_COMPACT);
	export->separator = ",\n";
	json_decref(event);
}

/* "offline_begin" is the begin of "offline"; @name without the suffix, and the phase. */
static const char *split_name(const char *full, char name[32])
{
	const char *end = strrchr(full, '_');
	size_t length = strlen(full);
	const char *phase = "i";

	if (end && !strcmp(end, "_begin"))
		phase = "B";
	else if (end && !strcmp(end, "_end"))
		phase = "E";
	if (*phase != 'i')
		length = (size_t)(end - full);
	snprintf(name, 32, "%.*s", (int)length, full);
	return phase;
}

/* What a number of an event stands for, where there is a name for it. */
static json_t *argument(const struct tp_trace_event *event, unsigned i)
{
	uint64_t value = event->args[i];

	if (event->id == TP_TRACE_memory_event && i == 0)
		return json_string(tp_memory_event_name((enum tp_memory_event_type)value));
	if (event->id == TP_TRACE_node_event && i == 0)
		return json_string(tp_node_event_name((enum tp_node_event_type)value));
	return json_integer((json_int_t)value);
}

static json_t *arguments(const struct tp_trace_event *event, const struct tp_trace_info *info)
{
	json_t *args = json_object();

	for (unsigned i = 0; i < TP_ARRAY_SIZE(event->args); i++) {
		if (strcmp(info->args[i], "-"))
			json_object_set_new(args, info->args[i], argument(event, i));
	}
	return args;
}

static json_t *event_json(const struct tp_trace_event *event, unsigned machine)
{
	const struct tp_trace_info *info = tp_trace_info((enum tp_trace_id)event->id);
	char name[32];
	const char *phase = split_name(info->name, name);
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:f, s:i, s:i, s:o}", "name", name, "cat",
			  info->category, "ph", phase, "ts", (double)event->time_ns / 1e3, "pid",
			  (int)machine, "tid", (int)event->thread, "args", arguments(event, info));

	if (*phase == 'i')
		json_object_set_new(json, "s", json_string("t"));
	return json;
}

static void name_script_thread(struct tp_trace_export *export, unsigned machine)
{
	put(export, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "name", "thread_name", "ph", "M",
			      "pid", (int)machine, "tid", 0, "args", "name", "script"));
	put(export, json_pack("{s:s, s:s, s:i, s:{s:s}}", "name", "process_name", "ph", "M", "pid",
			      (int)machine, "args", "name", "tidepool machine"));
}

void tp_trace_export_drain(struct tp_trace_export *export, struct tp_lab_machine *lm)
{
	size_t nr;

	if (!export)
		return;
	if (export->machine != lm->number) {
		export->machine = lm->number;
		export->next = 0;
		name_script_thread(export, lm->number);
	}
	do {
		nr = tp_trace_read(lm->machine->trace, &export->next, export->batch, BATCH,
				   &export->lost);
		for (size_t i = 0; i < nr; i++)
			put(export, event_json(&export->batch[i], lm->number));
	} while (nr == BATCH);
}

void tp_trace_export_step(struct tp_trace_export *export, const struct tp_step *step)
{
	char name[TP_STEP_TEXT];

	if (!export)
		return;
	snprintf(name, sizeof(name), "%u %s %s", step->number, step->verb, step->object);
	put(export, json_pack("{s:s, s:s, s:s, s:f, s:f, s:i, s:i, s:{s:i, s:s, s:I}}", "name",
			      name, "cat", "step", "ph", "X", "ts", (double)step->begin_ns / 1e3,
			      "dur", (double)step->elapsed_ns / 1e3, "pid", (int)step->machine,
			      "tid", 0, "args", "err", -step->err, "detail", step->detail, "moved",
			      (json_int_t)step->report.pages_moved));
}

void tp_trace_export_end(struct tp_trace_export *export)
{
	if (!export)
		return;
	fprintf(export->out, "\n],\"otherData\":{\"lost\":\"%" PRIu64 "\"}}\n", export->lost);
	tp_free(export);
}
