/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* story - words and switches of a run. */
#include "cli/story.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/story_objects.h"
#include "cli/style.h"
#include "core/alloc.h"

/* Steps are numbered from 1; what is no step has the number of the one before. */
uint64_t tp_story_nr_steps(const struct tp_story *story)
{
	return story->nr_events ? story->events[story->nr_events - 1].step : 0;
}

unsigned tp_story_nr_cpus(const struct tp_story *story)
{
	return story->scenario->cpus ? story->scenario->cpus : 2;
}

const char *tp_story_task_name(const struct tp_story *story, unsigned task)
{
	return task < story->nr_tasks ? story->tasks[task] : "outside";
}

void tp_story_print_verdict(FILE *out, const struct tp_story *story)
{
	bool found = story->finding[0];

	fprintf(out, "%s%s%s  %s\n", tp_style_on(out, found ? TP_STYLE_BAD : TP_STYLE_GOOD),
		found ? "FOUND" : "HELD", tp_style_off(out),
		found ? story->finding : "nothing was wrong in this run");
	fprintf(out, "%" PRIu64 " steps of %u tasks, hash %016" PRIx64 "\n",
		tp_story_nr_steps(story), story->nr_tasks, story->hash);
}

/* ---- words ----------------------------------------------------------------------------------- */

const char *tp_story_value(char buf[TP_STORY_VALUE_TEXT], uint64_t value)
{
	const uint64_t large = 1 << 20, negative = -large;

	if (value < large)
		snprintf(buf, TP_STORY_VALUE_TEXT, "%" PRIu64, value);
	else if (value > negative)
		snprintf(buf, TP_STORY_VALUE_TEXT, "%" PRId64, (int64_t)value);
	else
		snprintf(buf, TP_STORY_VALUE_TEXT, "%#" PRIx64, value);
	return buf;
}

const char *tp_story_object(const struct tp_story_event *event)
{
	return event->object + (*event->object == '&');
}

static void put_step(char buf[TP_STORY_TEXT], const struct tp_story_event *event)
{
	const char *object = tp_story_object(event);
	char value[TP_STORY_VALUE_TEXT];
	bool same = !strcmp(object, event->verb);

	snprintf(buf, TP_STORY_TEXT, "%s%s%s%s%s", event->verb, same || !*object ? "" : " ",
		 same ? "" : object, event->has_value ? " = " : "",
		 event->has_value ? tp_story_value(value, event->value) : "");
}

static void put_age(char buf[TP_STORY_TEXT], uint64_t age)
{
	if (age)
		snprintf(buf, TP_STORY_TEXT, "sees an old value, %" PRIu64 " store%s back", age,
			 age == 1 ? "" : "s");
	else
		snprintf(buf, TP_STORY_TEXT, "sees the newest value");
}

const char *tp_story_event_text(char buf[TP_STORY_TEXT], const struct tp_story_event *event)
{
	switch (event->kind) {
	case TP_STORY_STEP:
		put_step(buf, event);
		break;
	case TP_STORY_FAULT:
		snprintf(buf, TP_STORY_TEXT, "%s %s", event->verb,
			 event->value ? "FAILS" : "could fail");
		break;
	case TP_STORY_VALUE:
		put_age(buf, event->value);
		break;
	case TP_STORY_CHOICE:
		snprintf(buf, TP_STORY_TEXT, "chooses %s: %" PRIu64, event->verb, event->value);
		break;
	case TP_STORY_NOTE:
		snprintf(buf, TP_STORY_TEXT, "\"%s\"", event->object);
		break;
	case TP_STORY_START:
		snprintf(buf, TP_STORY_TEXT, "begins");
		break;
	case TP_STORY_END:
		snprintf(buf, TP_STORY_TEXT, "ends");
		break;
	}
	return buf;
}

/* ---- switches -------------------------------------------------------------------------------- */

size_t tp_story_before(const struct tp_story *story, size_t i)
{
	unsigned task = story->events[i].task;

	while (i-- > 0) {
		const struct tp_story_event *event = &story->events[i];

		/* A task begins whoever runs. */
		if (event->task != task && event->kind != TP_STORY_START &&
		    event->task < story->nr_tasks)
			return i;
	}
	return SIZE_MAX;
}

static bool belongs_to_next(const struct tp_story *story, size_t i)
{
	return story->events[i].kind == TP_STORY_VALUE && i + 1 < story->nr_events &&
	       story->events[i + 1].task == story->events[i].task;
}

bool tp_story_switches(const struct tp_story *story, size_t i, size_t *before)
{
	size_t step = i;

	if (i && belongs_to_next(story, i - 1))
		return false;
	while (belongs_to_next(story, step))
		step++;
	if (story->events[step].kind != TP_STORY_STEP || !story->events[step].deciding)
		return false;
	*before = tp_story_before(story, i);
	return *before != SIZE_MAX;
}

/* ---- shorter --------------------------------------------------------------------------------- */

static bool is_about_order(const char *verb)
{
	static const char *const words[] = { "lock", "wait", "wake", "join", "sleep" };

	for (size_t i = 0; i < TP_ARRAY_SIZE(words); i++) {
		if (strstr(verb, words[i]))
			return true;
	}
	return false;
}

static bool matters(const struct tp_story *story, const struct tp_story_objects *objects, size_t i)
{
	const struct tp_story_event *event = &story->events[i];

	if (event->deciding || event->kind == TP_STORY_NOTE || i + 1 == story->nr_events)
		return true;
	return event->kind == TP_STORY_STEP &&
	       (is_about_order(event->verb) ||
		tp_story_object_is_shared(tp_story_object_of(objects, i)));
}

static void mark_what_matters(const struct tp_story *story, const struct tp_story_objects *objects,
			      bool *keep)
{
	size_t before;

	for (size_t i = 0; i < story->nr_events; i++) {
		keep[i] |= matters(story, objects, i);
		/* What the task did that could have gone on. */
		if (tp_story_switches(story, i, &before))
			keep[before] = true;
	}
}

int tp_story_shorten(const struct tp_story *story, struct tp_story *brief)
{
	struct tp_story_event *events = tp_zalloc_array(story->nr_events, sizeof(*events));
	bool *keep = tp_zalloc_array(story->nr_events, sizeof(*keep));
	struct tp_story_objects objects;
	int err = events && keep ? tp_story_objects_init(&objects, story) : -ENOMEM;

	if (!err) {
		mark_what_matters(story, &objects, keep);
		tp_story_objects_fini(&objects);
		*brief = *story;
		brief->events = events;
		brief->nr_events = 0;
		for (size_t i = 0; i < story->nr_events; i++) {
			if (keep[i])
				events[brief->nr_events++] = story->events[i];
		}
	} else {
		tp_free(events);
	}
	tp_free(keep);
	return err;
}

void tp_story_shorten_undo(struct tp_story *brief)
{
	tp_free(brief->events);
}
