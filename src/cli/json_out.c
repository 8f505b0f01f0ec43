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
	json_decref(line);
	json_decref(object);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

void tp_json_begin(const struct tp_run_config *config)
{
	tp_json_print("begin", json_pack("{s:o, s:o}", "script", tp_json_text(config->script),
					 "seed", number(config->seed)));
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
				 step->verb, "object", tp_json_text(step->object), "detail",
				 tp_json_text(step->detail), "err", errno_name(step->err), "error",
				 step->err ? tp_json_text(step->error) : json_null(), "injected",
				 (int)step->injected);

	json_object_set_new(json, "elapsed_ns", number(step->elapsed_ns));
	json_object_set_new(json, "backing_before", number(step->backing_before));
	json_object_set_new(json, "backing_after", number(step->backing_after));
	json_object_set_new(json, "worst_write_ns", number(step->worst_write_ns));
	json_object_set_new(json, "events", events(step));
	if (step->has_report)
		tp_report_json(json, &step->report);
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

void tp_json_end(const struct tp_run *run, const char *replay)
{
	struct tp_run_totals t;
	json_t *json;

	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link) {
		tp_list_for_each(load, &lm->loads, struct tp_load, link)
			print_load(load, lm->number);
	}
	print_findings(run);
	tp_run_totals(run, &t);
	json = json_pack("{s:s, s:i, s:o, s:o}", "verdict", tp_verdict_name(run->verdict), "exit",
			 tp_verdict_exit_code(run->verdict), "message",
			 run->message[0] ? tp_json_text(run->message) : json_null(), "replay",
			 tp_json_text(replay));
	json_object_set_new(json, "steps", number(t.steps));
	json_object_set_new(json, "refused", number(t.refused));
	json_object_set_new(json, "writes", number(t.writes));
	json_object_set_new(json, "allocations", number(t.allocations));
	json_object_set_new(json, "bytes_moved", number(t.bytes_moved));
	json_object_set_new(json, "bytes_verified", number(t.bytes_verified));
	json_object_set_new(json, "worst_write_ns", number(t.worst_write_ns));
	json_object_set_new(json, "worst_hold_ns", number(t.worst_hold_ns));
	json_object_set_new(json, "elapsed_ns", number(run->elapsed_ns));
	tp_json_print("result", json);
}
