/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story - a growing list of events, owned by nobody until it is taken.
 *
 * Values that are addresses of the process itself (functions, stacks) differ between runs of the
 * program; they are left out.
 */
#include "sim/story.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/invariant.h"
#include "sim/arena.h"
#include "sim/run.h"

static struct tp_story_event *events;
static size_t nr, room;

static void free_events(struct tp_story_event *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)(uintptr_t)list[i].verb);
		free((char *)(uintptr_t)list[i].object);
		free((char *)(uintptr_t)list[i].where);
	}
	free(list);
}

void tp_story_begin(void)
{
	free_events(events, nr);
	events = NULL;
	nr = room = 0;
}

static struct tp_story_event *add(enum tp_story_kind kind, unsigned task)
{
	if (nr == room) {
		room = room ? room * 2 : 64;
		events = realloc(events, room * sizeof(*events));
		TP_INVARIANT(events);
	}
	events[nr] = (struct tp_story_event){
		.kind = kind, .task = task, .step = tp_run.steps, .now_ns = tp_run.now_ns
	};
	return &events[nr++];
}

static char *copy(const char *text)
{
	char *s = strdup(text);

	TP_INVARIANT(s);
	return s;
}

/* "expression@place" */
static void set_where(struct tp_story_event *event, const char *where)
{
	const char *at = strrchr(where, '@');
	char *object = copy(where);

	if (at)
		object[at - where] = '\0';
	event->object = object;
	event->where = copy(at ? at + 1 : "");
}

static bool is_own_address(uint64_t value)
{
	return value >> 40 && !(value >> 47) && !tp_arena_has((const void *)(uintptr_t)value);
}

static bool shows_value(const struct tp_op *op, uint64_t value)
{
	return op->nr && op->access[0].kind <= TP_WRITES && strcmp(op->verb, "relax") &&
	       strcmp(op->verb, "fence") && !is_own_address(value);
}

void tp_story_step(const struct tp_task *task, uint64_t value)
{
	struct tp_story_event *event = add(TP_STORY_STEP, task->number);

	event->deciding = tp_run.deciding;
	event->verb = copy(task->next.verb);
	event->object_number = task->next.nr ? task->next.access[0].object + 1 : 0;
	event->has_value = shows_value(&task->next, value);
	event->value = event->has_value ? value : 0;
	set_where(event, task->next.where);
}

void tp_story_answer(enum tp_story_kind kind, const char *what, unsigned answer)
{
	struct tp_story_event *event = add(kind, tp_sim_self());

	event->deciding = answer;
	event->verb = copy(what);
	event->has_value = true;
	event->value = answer;
	set_where(event, "");
}

void tp_story_task(enum tp_story_kind kind, const struct tp_task *task)
{
	struct tp_story_event *event = add(kind, task->number);

	event->verb = copy(kind == TP_STORY_START ? "start" : "end");
	set_where(event, task->name);
}

void tp_sim_note(const char *format, ...)
{
	char text[256];
	struct tp_story_event *event;
	va_list args;

	if (!tp_run.recording)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	event = add(TP_STORY_NOTE, tp_sim_self());
	event->verb = copy("note");
	event->object = copy(text);
	event->where = copy("");
}

/* ---- taking ---------------------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	for (const unsigned char *p = data; size--; p++)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

static uint64_t hash_event(uint64_t hash, const struct tp_story_event *event)
{
	const uint64_t numbers[] = { event->kind,     event->task,	event->step, event->now_ns,
				     event->deciding, event->has_value, event->value };

	hash = hash_bytes(hash, numbers, sizeof(numbers));
	hash = hash_text(hash, event->verb);
	hash = hash_text(hash, event->object);
	return hash_text(hash, event->where);
}

void tp_story_take(struct tp_story *story)
{
	story->events = events;
	story->nr_events = nr;
	events = NULL;
	nr = room = 0;
	story->hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < story->nr_events; i++)
		story->hash = hash_event(story->hash, &story->events[i]);
	story->nr_tasks = tp_run.nr_tasks;
	for (unsigned i = 0; i < tp_run.nr_tasks; i++)
		snprintf(story->tasks[i], sizeof(story->tasks[i]), "%s", tp_run.tasks[i].name);
}

void tp_story_destroy(struct tp_story *story)
{
	if (!story)
		return;
	free_events(story->events, story->nr_events);
	free(story);
}
