/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story_chrome - a run in the Chrome trace format, which Perfetto and browsers open.
 *
 * The process is the run, a thread of it is a task.  Virtual time stands still while tasks run, so
 * an event's time is its place in the run, one microsecond each.  A bar of a task is the time it
 * ran without a switch; in it are its steps.  Faults, old values, choices and notes are instants;
 * a switch that decides is one too, with an arrow from the task that could have gone on.
 */
#include <inttypes.h>
#include <jansson.h>

#include "cli/json_out.h"
#include "cli/story.h"

enum { PROCESS = 1 };

struct trace {
	FILE *out;
	const struct tp_story *story;
	const char *separator;
	unsigned nr_arrows;
};

static void put(struct trace *trace, json_t *event)
{
	fputs(trace->separator, trace->out);
	json_dumpf(event, trace->out, JSON_COMPACT);
	trace->separator = ",\n";
	json_decref(event);
}

static json_t *event_at(const char *name, const char *category, const char *phase, double time_us,
			unsigned task)
{
	return json_pack("{s:o, s:s, s:s, s:f, s:i, s:i}", "name", tp_json_text(name), "cat",
			 category, "ph", phase, "ts", time_us, "pid", PROCESS, "tid",
			 (int)task + 1);
}

static void put_name(struct trace *trace, const char *what, unsigned tid, const char *name)
{
	put(trace, json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "name", what, "ph", "M", "pid",
			     PROCESS, "tid", (int)tid, "args", "name", tp_json_text(name)));
}

static void put_names(struct trace *trace)
{
	const struct tp_story *story = trace->story;
	char name[64];

	put_name(trace, "process_name", 0, story->scenario->name);
	for (unsigned i = 0; i < story->nr_tasks; i++) {
		snprintf(name, sizeof(name), "%s (cpu %u)", story->tasks[i],
			 i % tp_story_nr_cpus(story));
		put_name(trace, "thread_name", i + 1, name);
	}
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_switch(struct trace *trace, size_t before, size_t i)
{
	const struct tp_story *story = trace->story;
	unsigned from = story->events[before].task, to = story->events[i].task;
	char name[80];
	json_t *event;

	snprintf(name, sizeof(name), "%s goes first; %s could have gone on",
		 tp_story_task_name(story, to), tp_story_task_name(story, from));
	event = event_at(name, "switch", "i", (double)i, to);
	json_object_set_new(event, "s", json_string("p"));
	put(trace, event);

	trace->nr_arrows++;
	/* An arrow joins the bars that are open at its ends. */
	event = event_at("goes first", "switch", "s", (double)before + 0.5, from);
	json_object_set_new(event, "id", json_integer((json_int_t)trace->nr_arrows));
	put(trace, event);
	event = event_at("goes first", "switch", "f", (double)i + 0.5, to);
	json_object_set_new(event, "id", json_integer((json_int_t)trace->nr_arrows));
	json_object_set_new(event, "bp", json_string("e"));
	put(trace, event);
}

static json_t *arguments(const struct tp_story_event *e)
{
	json_t *args = json_pack("{s:I, s:I, s:b}", "step", (json_int_t)e->step, "now_ns",
				 (json_int_t)e->now_ns, "deciding", (int)e->deciding);

	if (*e->where)
		json_object_set_new(args, "at", tp_json_text(e->where));
	if (*e->object)
		json_object_set_new(args, "object", tp_json_text(e->object));
	if (e->has_value)
		json_object_set_new(args, "value", json_integer((json_int_t)e->value));
	return args;
}

static const char *category_of(enum tp_story_kind kind)
{
	static const char *const names[] = {
		[TP_STORY_STEP] = "step",   [TP_STORY_FAULT] = "fault",
		[TP_STORY_VALUE] = "value", [TP_STORY_CHOICE] = "choice",
		[TP_STORY_NOTE] = "note",   [TP_STORY_START] = "task",
		[TP_STORY_END] = "task",
	};

	return names[kind];
}

static void put_event(struct trace *trace, size_t i)
{
	const struct tp_story_event *e = &trace->story->events[i];
	bool is_step = e->kind == TP_STORY_STEP;
	char text[TP_STORY_TEXT];
	json_t *event = event_at(tp_story_event_text(text, e), category_of(e->kind),
				 is_step ? "X" : "i", (double)i, e->task);

	if (is_step)
		json_object_set_new(event, "dur", json_real(1));
	else
		json_object_set_new(event, "s", json_string("t"));
	json_object_set_new(event, "args", arguments(e));
	put(trace, event);
}

/* The bar that holds the events from @first up to, not with, @end. */
static void put_bar(struct trace *trace, size_t first, size_t end)
{
	const struct tp_story_event *e = &trace->story->events[first];
	json_t *event = event_at(tp_story_task_name(trace->story, e->task), "runs", "X",
				 (double)first, e->task);

	json_object_set_new(event, "dur", json_real((double)(end - first)));
	put(trace, event);
}

/* A task begins whoever runs, so that is part of no bar. */
static void put_bars(struct trace *trace)
{
	const struct tp_story *story = trace->story;
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < story->nr_events; i++) {
		const struct tp_story_event *event = &story->events[i];
		bool begins = event->kind == TP_STORY_START;

		if (first != SIZE_MAX && (begins || event->task != story->events[first].task)) {
			put_bar(trace, first, i);
			first = SIZE_MAX;
		}
		if (first == SIZE_MAX && !begins)
			first = i;
	}
	if (first != SIZE_MAX)
		put_bar(trace, first, story->nr_events);
}

static void put_finding(struct trace *trace)
{
	const struct tp_story *story = trace->story;
	json_t *event;

	if (!story->finding[0] || !story->nr_events)
		return;
	event = event_at(story->finding, "finding", "i", (double)story->nr_events,
			 story->events[story->nr_events - 1].task);
	json_object_set_new(event, "s", json_string("g"));
	put(trace, event);
}

void tp_story_print_chrome(FILE *out, const struct tp_story *story)
{
	struct trace trace = { .out = out, .story = story, .separator = "" };
	json_t *other =
		json_pack("{s:o, s:o, s:o}", "scenario", tp_json_text(story->scenario->name),
			  "token", tp_json_text(story->token), "hash",
			  json_sprintf("%016" PRIx64, story->hash));
	size_t before;

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
	put_names(&trace);
	put_bars(&trace);
	for (size_t i = 0; i < story->nr_events; i++) {
		if (tp_story_switches(story, i, &before))
			put_switch(&trace, before, i);
		put_event(&trace, i);
	}
	put_finding(&trace);
	fputs("\n],\"otherData\":", out);
	json_dumpf(other, out, JSON_COMPACT);
	fputs("}\n", out);
	json_decref(other);
}
