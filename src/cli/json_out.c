/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* json_out - runs as JSON lines on stdout. */
#include "cli/json_out.h"

#include <string.h>

#include "lab/lab_machine.h"

void tp_json_print(const char *type, json_t *object)
{
	json_t *line = json_pack("{s:i, s:s}", "schema", TP_JSON_SCHEMA, "type", type);

	json_object_update(line, object);
	json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	fflush(stdout);
	json_decref(line);
	json_decref(object);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

void tp_json_result(const struct tp_json_result *result)
{
	tp_json_print("result",
		      json_pack("{s:s, s:i, s:s, s:o, s:o, s:o}", "verdict", result->verdict,
				"exit", result->exit, "command", result->command, "message",
				tp_json_text_or_null(result->message), "replay",
				tp_json_text_or_null(result->replay), "totals",
				result->totals ? result->totals : json_null()));
}

void tp_json_begin(const char *command, const struct tp_run_config *config)
{
	tp_json_print("begin",
		      json_pack("{s:s, s:o, s:o}", "command", command, "script",
				tp_json_text(config->script), "seed", number(config->seed)));
}

void tp_json_log(const char *line)
{
	tp_json_print("log", json_pack("{s:o}", "text", tp_json_text(line)));
}

static json_t *events(const struct tp_step *step)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < TP_MIN(step->nr_events, (unsigned)TP_RECORDED_EVENTS); i++)
		json_array_append_new(list, json_pack("{s:s, s:i}", "event",
						      tp_recorded_event_name(&step->events[i]),
						      "node", (int)step->events[i].node));
	return list;
}

static json_t *errno_name(int err)
{
	const char *name = err ? strerrorname_np(-err) : NULL;

	return name ? json_string(name) : json_null();
}

void tp_json_step(const struct tp_step *step)
{
	json_t *json = json_pack("{s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:b}", "step",
				 (int)step->number, "machine", (int)step->machine, "verb",
				 step->verb, "object", tp_json_text_or_null(step->object), "detail",
				 tp_json_text_or_null(step->detail), "err", errno_name(step->err),
				 "error", tp_json_text_or_null(step->err ? step->error : NULL),
				 "injected", (int)step->injected);

	json_object_set_new(json, "elapsed_ns", number(step->elapsed_ns));
	json_object_set_new(json, "bytes_held_before", number(step->backing_before));
	json_object_set_new(json, "bytes_held_after", number(step->backing_after));
	json_object_set_new(json, "worst_write_ns", number(step->worst_write_ns));
	json_object_set_new(json, "nr_events", number(step->nr_events));
	json_object_set_new(json, "events", events(step));
	json_object_set_new(json, "report",
			    step->has_report ? tp_report_json(&step->report) : json_null());
	tp_json_print("step", json);
}

static void print_load(struct tp_load *load, unsigned machine)
{
	struct tp_load_stat stat;
	json_t *json;

	tp_load_read_stat(load, &stat);
	json = json_pack("{s:i, s:o, s:s}", "machine", (int)machine, "name",
			 tp_json_text(load->name), "kind", load->kind->name);
	json_object_set_new(json, "work", number(stat.work));
	json_object_set_new(json, "starved", number(stat.starved));
	json_object_set_new(json, "pages_moved", number(stat.pages_moved));
	json_object_set_new(json, "pages_released", number(stat.pages_released));
	json_object_set_new(json, "worst_write_ns", number(load->worst_write_ever_ns));
	json_object_set_new(json, "bytes_verified", number(load->bytes_verified));
	tp_json_print("load", json);
}

static void print_findings(const struct tp_run *run)
{
	const char *line = run->findings.text;

	while (*line) {
		size_t length = strcspn(line, "\n");
		char copy[TP_RUN_TEXT];

		snprintf(copy, sizeof(copy), "%.*s", (int)length, line);
		tp_json_print("finding", json_pack("{s:o}", "text", tp_json_text(copy)));
		line += length + (line[length] != '\0');
	}
}

static json_t *totals_json(const struct tp_run *run)
{
	struct tp_run_totals t;
	json_t *json = json_object();

	tp_run_totals(run, &t);
	json_object_set_new(json, "steps", number(t.steps));
	json_object_set_new(json, "refused", number(t.refused));
	json_object_set_new(json, "writes", number(t.writes));
	json_object_set_new(json, "allocations", number(t.allocations));
	json_object_set_new(json, "frames", number(t.frames));
	json_object_set_new(json, "bytes_moved", number(t.bytes_moved));
	json_object_set_new(json, "bytes_verified", number(t.bytes_verified));
	json_object_set_new(json, "worst_write_ns", number(t.worst_write_ns));
	json_object_set_new(json, "worst_hold_ns", number(t.worst_hold_ns));
	json_object_set_new(json, "elapsed_ns", number(run->elapsed_ns));
	return json;
}

void tp_json_end(const char *command, const struct tp_run *run, const char *replay)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link) {
		tp_list_for_each(load, &lm->loads, struct tp_load, link)
			print_load(load, lm->number);
	}
	print_findings(run);
	tp_json_result(&(struct tp_json_result){ .command = command,
						 .verdict = tp_verdict_name(run->verdict),
						 .exit = tp_verdict_exit_code(run->verdict),
						 .message = run->message,
						 .replay = replay,
						 .totals = totals_json(run) });
}
