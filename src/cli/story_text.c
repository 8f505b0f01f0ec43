/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story_text - a run as swim-lanes: a column per task, time downwards.
 *
 *   step    0 free                  | 1 offline                   at
 *           cpu 0                   | cpu 1
 *   ----- -- -----------------------+---------------------------  ----------
 *       0    load m->type = 0       |                             model.c:31
 *   --- >> offline goes first here; free could have gone on ----------------
 *       1 >>                        | lock m->zone_lock           model.c:45
 *
 * Only one task acts in a line, so a text may reach over the lanes to its right.  What is still too
 * long goes on in the next line.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/story.h"
#include "cli/style.h"
#include "core/compiler.h"

enum {
	MAX_LANES = TP_ARRAY_SIZE(((struct tp_story *)0)->tasks),
	GUTTER = 9,	/* step and mark */
	EVEN_LANE = 24, /* narrower ones are of uneven width: */
	NARROW_LANE = 10,
	LAST_LANE = 30,	     /* nothing is to its right */
	LANE_FOR_PATH = 36,  /* what must be left to say more than a file's name */
	NAME_MAX_SHOWN = 20, /* of a place without and */
	PATH_MAX_SHOWN = 48, /* with its folders */
	LINE = 640,
};

struct page {
	FILE *out;
	const struct tp_story *story;
	int nr_lanes;
	int begin[MAX_LANES + 1]; /* columns where lanes begin; where the next one would */
	int place;		  /* where the places begin; 0: there are none */
	int width;
	bool full_path;
};

static const char *place_of(const struct page *page, const struct tp_story_event *event)
{
	const char *name = strrchr(event->where, '/');

	return page->full_path || !name ? event->where : name + 1;
}

/* How many columns places take; of those that are longer the end is shown. */
static int columns_of_places(const struct page *page)
{
	size_t longest = 0, most = page->full_path ? PATH_MAX_SHOWN : NAME_MAX_SHOWN;

	for (size_t i = 0; i < page->story->nr_events; i++)
		longest = TP_MAX(longest, strlen(place_of(page, &page->story->events[i])));
	return (int)TP_MIN(longest, most);
}

/* Columns for lanes, without what separates them, if that many are for places. */
static int room_for_lanes(const struct page *page, int columns, int place)
{
	return columns - GUTTER - 3 * (page->nr_lanes - 1) - (place ? place + 2 : 0);
}

static void place_lanes(struct page *page, int room)
{
	int n = page->nr_lanes, even = room / n;
	int lane = even, last = even;

	if (even < EVEN_LANE && n > 1) {
		lane = TP_MAX((room - LAST_LANE) / (n - 1), (int)NARROW_LANE);
		last = TP_MAX(room - lane * (n - 1), (int)LAST_LANE);
	}
	for (int i = 0; i < n; i++)
		page->begin[i] = GUTTER + i * (lane + 3);
	page->begin[n] = page->begin[n - 1] + last + 3;
}

static void lay_out(struct page *page)
{
	int columns = tp_style_columns(page->out), place;

	page->nr_lanes = (int)TP_MAX(page->story->nr_tasks, 1u);
	page->full_path = true;
	place = columns_of_places(page);
	if (room_for_lanes(page, columns, place) / page->nr_lanes < LANE_FOR_PATH) {
		page->full_path = false;
		place = columns_of_places(page);
	}
	place_lanes(page, room_for_lanes(page, columns, place));
	page->width = page->begin[page->nr_lanes] - 3;
	if (place && page->width + 2 + place > columns) {
		place_lanes(page, room_for_lanes(page, columns, 0));
		page->width = page->begin[page->nr_lanes] - 3;
	} else if (place) {
		page->place = page->width + 2;
		page->width = page->place + place;
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* An empty line of the table, to be written over. */
static void begin_line(const struct page *page, char line[LINE], char fill, char separator)
{
	memset(line, ' ', LINE);
	memset(line, fill, (size_t)page->begin[page->nr_lanes] - 3);
	for (int i = 1; i < page->nr_lanes; i++)
		line[page->begin[i] - 2] = separator;
	line[LINE - 1] = '\0';
}

static void write_over(char line[LINE], int at, const char *text)
{
	size_t length = TP_MIN(strlen(text), (size_t)(LINE - 1 - at));

	memcpy(line + at, text, length);
}

static void write_place(const struct page *page, char line[LINE], const char *place)
{
	int length = (int)strlen(place), most = page->width - page->place;

	if (length <= most) {
		write_over(line, page->place, place);
	} else {
		write_over(line, page->place, "..");
		write_over(line, page->place + 2, place + length - most + 2);
	}
}

/* What is from @from to @to is styled; spaces at the end are not printed. */
static void print_line(const struct page *page, char line[LINE], int from, int to,
		       enum tp_style style)
{
	int end = LINE - 1;

	while (end && line[end - 1] == ' ')
		end--;
	line[end] = '\0';
	from = TP_MIN(from, end);
	to = TP_MIN(to, end);
	fprintf(page->out, "%.*s%s%.*s%s%s\n", from, line, tp_style_on(page->out, style), to - from,
		line + from, style == TP_STYLE_PLAIN ? "" : tp_style_off(page->out), line + to);
}

/* How much of @text to put into @room columns: up to where a name or word can be parted. */
static size_t piece_length(const char *text, size_t room)
{
	size_t length = strlen(text);

	if (length <= room)
		return length;
	for (size_t at = room; at > room / 2; at--) {
		if (text[at] == ' ' || strchr(" >.,(/_:", text[at - 1]))
			return at;
	}
	return room;
}

struct look {
	const char *mark;
	enum tp_style style;
};

/* @text in the lane of @task; if it is none, from the first lane on. */
static void print_text(const struct page *page, const char *step, struct look look, unsigned task,
		       const char *text, const char *place)
{
	int begin = page->begin[(int)task < page->nr_lanes ? task : 0], inset = 0;

	do {
		size_t room = (size_t)(page->begin[page->nr_lanes] - 3 - begin - inset);
		size_t length = piece_length(text, room);
		char piece[TP_STORY_TEXT + 1], line[LINE];

		/* A space keeps it off the next separator. */
		snprintf(piece, sizeof(piece), "%.*s%s", (int)length, text,
			 length < room ? " " : "");
		begin_line(page, line, ' ', '|');
		write_over(line, 5 - (int)strlen(step), step);
		write_over(line, 6, look.mark);
		write_over(line, begin + inset, piece);
		if (page->place)
			write_place(page, line, place);
		print_line(page, line, begin + inset, begin + inset + (int)length, look.style);
		text += length;
		text += strspn(text, " ");
		step = place = "";
		look.mark = "";
		inset = 2;
	} while (*text);
}

/* A line from edge to edge. */
static void print_rule(const struct page *page, const char *text)
{
	char line[LINE];

	memset(line, ' ', sizeof(line));
	memset(line, '-', (size_t)page->width);
	line[LINE - 1] = '\0';
	write_over(line, 3, text);
	print_line(page, line, 0, page->width, TP_STYLE_WARN);
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct look look_of(const struct tp_story_event *event)
{
	if (event->kind == TP_STORY_NOTE)
		return (struct look){ "", TP_STYLE_BOLD };
	if (event->kind == TP_STORY_STEP)
		return (struct look){ event->deciding ? ">>" : "", TP_STYLE_PLAIN };
	if (!event->deciding)
		return (struct look){ "", TP_STYLE_DIM };
	if (event->kind == TP_STORY_FAULT)
		return (struct look){ "!!", TP_STYLE_BAD };
	return (struct look){ event->kind == TP_STORY_VALUE ? "==" : "??", TP_STYLE_WARN };
}

static void print_event(const struct page *page, const struct tp_story_event *event)
{
	char text[TP_STORY_TEXT], step[6] = "";

	if (event->kind == TP_STORY_STEP)
		snprintf(step, sizeof(step), "%5u", (unsigned)(event->step % 100000));
	print_text(page, step, look_of(event), event->task, tp_story_event_text(text, event),
		   place_of(page, event));
}

static void print_switch(const struct page *page, size_t before, size_t i)
{
	const struct tp_story *story = page->story;
	char text[96];

	snprintf(text, sizeof(text), " >> %s goes first here; %s could have gone on ",
		 tp_story_task_name(story, story->events[i].task),
		 tp_story_task_name(story, story->events[before].task));
	print_rule(page, text);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void print_names(const struct page *page)
{
	const struct tp_story *story = page->story;
	char names[LINE], cpus[LINE], line[LINE];

	begin_line(page, names, ' ', '|');
	begin_line(page, cpus, ' ', '|');
	begin_line(page, line, '-', '+');
	write_over(names, 1, "step");
	for (unsigned i = 0; i < story->nr_tasks; i++) {
		int lane = page->begin[i + 1] - page->begin[i] - 3;
		char text[32];

		snprintf(text, TP_MIN(sizeof(text), (size_t)lane + 1), "%u %s", i, story->tasks[i]);
		write_over(names, page->begin[i], text);
		snprintf(text, sizeof(text), "cpu %u", i % tp_story_nr_cpus(story));
		write_over(cpus, page->begin[i], text);
	}
	line[5] = line[8] = ' ';
	if (page->place) {
		write_over(names, page->place, "at");
		memset(line + page->place, '-', (size_t)(page->width - page->place));
	}
	print_line(page, names, GUTTER, page->width, TP_STYLE_BOLD);
	print_line(page, cpus, GUTTER, page->width, TP_STYLE_DIM);
	print_line(page, line, 0, page->width, TP_STYLE_DIM);
}

static void print_heading(const struct page *page)
{
	const struct tp_scenario *scenario = page->story->scenario;

	fprintf(page->out, "%s%s%s  %s\ntoken %s\n\n", tp_style_on(page->out, TP_STYLE_BOLD),
		scenario->name, tp_style_off(page->out), scenario->summary ? scenario->summary : "",
		page->story->token);
	print_names(page);
}

void tp_story_print_text(FILE *out, const struct tp_story *story)
{
	struct page page = { .out = out, .story = story };
	size_t before;

	lay_out(&page);
	print_heading(&page);
	for (size_t i = 0; i < story->nr_events; i++) {
		if (tp_story_switches(story, i, &before))
			print_switch(&page, before, i);
		print_event(&page, &story->events[i]);
	}
	fputc('\n', out);
	tp_story_print_verdict(out, story);
}
