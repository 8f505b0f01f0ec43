/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story_html - a run as one web page that needs nothing else.
 *
 * What does not depend on the run is story_page.html; its {{parts}} are written here.  Whatever
 * comes from a scenario is escaped.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/story.h"
#include "cli/story_objects.h"
#include "cli/story_page.h"
#include "core/compiler.h"

struct page {
	FILE *out;
	const struct tp_story *story;
	struct tp_story_objects objects;
};

static void put_part(const struct page *page, const char *text, size_t length)
{
	for (; length--; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", page->out);
			break;
		case '>':
			fputs("&gt;", page->out);
			break;
		case '&':
			fputs("&amp;", page->out);
			break;
		case '"':
			fputs("&quot;", page->out);
			break;
		default:
			putc(*text, page->out);
		}
	}
}

static void put(const struct page *page, const char *text)
{
	put_part(page, text, strlen(text));
}

/* ---- the head of the page -------------------------------------------------------------------- */

static void put_title(const struct page *page)
{
	put(page, page->story->scenario->name);
}

static void put_summary(const struct page *page)
{
	put(page, page->story->scenario->summary ? page->story->scenario->summary : "");
}

static void put_verdict(const struct page *page)
{
	bool found = page->story->finding[0];

	fprintf(page->out, "<p class=\"verdict %s\"><b>%s</b>", found ? "found" : "held",
		found ? "FOUND" : "HELD");
	put(page, found ? page->story->finding : "nothing was wrong in this run");
	fputs("</p>", page->out);
}

static void put_fact(const struct page *page, const char *name, const char *value)
{
	fprintf(page->out, "<div><dt>%s</dt><dd><code>", name);
	put(page, value);
	fputs("</code></dd></div>\n", page->out);
}

static void put_facts(const struct page *page)
{
	char text[24];

	put_fact(page, "token", page->story->token);
	snprintf(text, sizeof(text), "%" PRIu64, tp_story_nr_steps(page->story));
	put_fact(page, "steps", text);
	snprintf(text, sizeof(text), "%016" PRIx64, page->story->hash);
	put_fact(page, "hash", text);
}

static void put_objects(const struct page *page)
{
	for (size_t i = 0; i < page->objects.nr; i++) {
		fputs("<option value=\"", page->out);
		put(page, page->objects.items[i].name);
		fputs("\">\n", page->out);
	}
}

static void put_lanes(const struct page *page)
{
	fprintf(page->out, "%u", TP_MAX(page->story->nr_tasks, 1u));
}

static void put_lifelines(const struct page *page)
{
	for (unsigned i = 0; i < page->story->nr_tasks; i++)
		fprintf(page->out, "<i class=\"life\" style=\"--t:%u\" aria-hidden=\"true\"></i>\n",
			i);
}

static unsigned colour_of(unsigned task)
{
	return task % 6;
}

static void put_heads(const struct page *page)
{
	const struct tp_story *story = page->story;

	for (unsigned i = 0; i < story->nr_tasks; i++) {
		fprintf(page->out, "<span role=\"columnheader\" class=\"lane t%u\">", colour_of(i));
		put(page, story->tasks[i]);
		fprintf(page->out, "<small>task %u, CPU %u</small></span>\n", i,
			i % tp_story_nr_cpus(story));
	}
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_arrow(const struct page *page, size_t before, size_t i)
{
	unsigned from = page->story->events[before].task, to = page->story->events[i].task;
	unsigned first = TP_MIN(from, to), last = TP_MAX(from, to);

	fprintf(page->out,
		"<span class=\"arrow %s\" style=\"grid-column:%u/%u;--span:%u\" "
		"aria-hidden=\"true\"></span>",
		to > from ? "right" : "left", first + 2, last + 3, last - first + 1);
}

static void put_switch(const struct page *page, size_t before, size_t i)
{
	const struct tp_story *story = page->story;

	fputs("<div class=\"row switch\" role=\"row\"><span class=\"words\" role=\"cell\">",
	      page->out);
	put(page, tp_story_task_name(story, story->events[i].task));
	fputs(" goes first here; ", page->out);
	put(page, tp_story_task_name(story, story->events[before].task));
	fputs(" could have gone on</span>", page->out);
	put_arrow(page, before, i);
	fputs("</div>\n", page->out);
}

/* A task that goes on because the one before cannot, or has ended. */
static void put_handover(const struct page *page, size_t i)
{
	const struct tp_story *story = page->story;
	unsigned task = story->events[i].task;
	size_t before = tp_story_before(story, i);

	if (before == SIZE_MAX || story->events[i].kind == TP_STORY_START ||
	    task >= story->nr_tasks || story->events[i - 1].task == task)
		return;
	fputs("<div class=\"row handover\" aria-hidden=\"true\">", page->out);
	put_arrow(page, before, i);
	fputs("</div>\n", page->out);
}

static const char *class_of(const struct tp_story_event *event)
{
	static const char *const classes[] = {
		[TP_STORY_STEP] = "step",     [TP_STORY_FAULT] = "fault", [TP_STORY_VALUE] = "old",
		[TP_STORY_CHOICE] = "choice", [TP_STORY_NOTE] = "note",	  [TP_STORY_START] = "edge",
		[TP_STORY_END] = "edge",
	};
	bool answers = event->kind == TP_STORY_FAULT || event->kind == TP_STORY_VALUE ||
		       event->kind == TP_STORY_CHOICE;

	return answers && !event->deciding ? "quiet" : classes[event->kind];
}

/* It may be parted after an arrow, not within. */
static void put_name(const struct page *page, const char *name)
{
	const char *arrow;

	while ((arrow = strstr(name, "->"))) {
		put_part(page, name, (size_t)(arrow - name));
		fputs("<span class=\"whole\">-&gt;</span><wbr>", page->out);
		name = arrow + 2;
	}
	put(page, name);
}

static void put_words(const struct page *page, const struct tp_story_event *event)
{
	char text[TP_STORY_TEXT], value[TP_STORY_VALUE_TEXT];

	fputs("<span>", page->out);
	if (event->kind != TP_STORY_STEP) {
		put(page, tp_story_event_text(text, event));
	} else {
		fputs("<b>", page->out);
		put(page, event->verb);
		fputs("</b> ", page->out);
		if (strcmp(event->verb, tp_story_object(event)))
			put_name(page, tp_story_object(event));
		if (event->has_value)
			fprintf(page->out, " <span class=\"whole\">= <i>%s</i></span>",
				tp_story_value(value, event->value));
	}
	fputs("</span>", page->out);
}

static void put_tip(const struct page *page, const struct tp_story_event *event)
{
	fputs("<span class=\"tip\" role=\"tooltip\">", page->out);
	if (*event->where) {
		put(page, event->where);
		fputs("<br>", page->out);
	}
	fprintf(page->out, "after %" PRIu64 " steps, at %" PRIu64 " ns", event->step,
		event->now_ns);
	if (event->has_value && event->kind == TP_STORY_STEP)
		fprintf(page->out, "<br>value %" PRIu64 ", %#" PRIx64, event->value, event->value);
	fputs("</span>", page->out);
}

static void put_cells(const struct page *page, const struct tp_story_event *event)
{
	unsigned lanes = TP_MAX(page->story->nr_tasks, 1u);
	unsigned lane = event->task < lanes ? event->task : 0;
	const char *file = strrchr(event->where, '/');

	fputs("<span class=\"number\" role=\"rowheader\">", page->out);
	if (event->kind == TP_STORY_STEP)
		fprintf(page->out, "%" PRIu64, event->step);
	fprintf(page->out,
		"</span><span class=\"event\" role=\"cell\" tabindex=\"0\" "
		"style=\"grid-column:%u/-2;--rest:%u\">",
		lane + 2, lanes - lane);
	put_words(page, event);
	put_tip(page, event);
	fputs("</span><span class=\"place\" role=\"cell\">", page->out);
	put(page, file ? file + 1 : event->where);
	fputs("</span>", page->out);
}

static void put_event(const struct page *page, size_t i)
{
	const struct tp_story *story = page->story;
	const struct tp_story_event *event = &story->events[i];
	const struct tp_story_object *object = tp_story_object_of(&page->objects, i);

	fprintf(page->out, "<div class=\"row of %s%s%s t%u\" role=\"row\"", class_of(event),
		tp_story_object_is_shared(object) ? " shared" : "",
		event->task && event->task + 1 == story->nr_tasks ? " far" : "",
		colour_of(event->task));
	if (object)
		fprintf(page->out, " data-object=\"%zu\"", page->objects.of[i]);
	fputs(">", page->out);
	put_cells(page, event);
	fputs("</div>\n", page->out);
}

static void put_rows(const struct page *page)
{
	const struct tp_story *story = page->story;
	size_t before;

	for (size_t i = 0; i < story->nr_events; i++) {
		if (tp_story_switches(story, i, &before))
			put_switch(page, before, i);
		else
			put_handover(page, i);
		put_event(page, i);
	}
}

/* ---- the page -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*put)(const struct page *page);
} parts[] = {
	{ "title", put_title },		{ "summary", put_summary }, { "verdict", put_verdict },
	{ "facts", put_facts },		{ "objects", put_objects }, { "lanes", put_lanes },
	{ "lifelines", put_lifelines }, { "heads", put_heads },	    { "rows", put_rows },
};

static void fill_in(const struct page *page, const char *name, size_t length)
{
	for (size_t i = 0; i < TP_ARRAY_SIZE(parts); i++) {
		if (strlen(parts[i].name) == length && !strncmp(parts[i].name, name, length))
			parts[i].put(page);
	}
}

static void put_page(const struct page *page)
{
	const char *at = tp_story_page, *part;

	while ((part = strstr(at, "{{"))) {
		const char *end = strstr(part, "}}");

		fwrite(at, 1, (size_t)(part - at), page->out);
		fill_in(page, part + 2, (size_t)(end - part - 2));
		at = end + 2;
	}
	fputs(at, page->out);
}

int tp_story_print_html(FILE *out, const struct tp_story *story)
{
	struct page page = { .out = out, .story = story };
	int err = tp_story_objects_init(&page.objects, story);

	if (err)
		return err;
	put_page(&page);
	tp_story_objects_fini(&page.objects);
	return 0;
}
