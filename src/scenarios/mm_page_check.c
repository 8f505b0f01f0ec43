/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_check - the machine is checked while its pages are on their way.
 *
 * What checks every structural rule looks at words, bitmaps, lists and counts that others change at
 * that moment, under the locks of some of them only.
 *
 * Must hold: a sound machine is never said to be unsound.
 */
#include "mm/migrate.h"
#include "scenarios/scene_range.h"

enum { ORDER = 1 };

struct checking {
	struct tp_scene *scene;
	struct tp_range range;
	tp_pfn used; /* is freed; another page is on the shelf, and is moved */
};

static void *prepare(void)
{
	struct checking *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	s->range = tp_scene_range(s->scene, 0);
	s->used = tp_scene_loose_fill(s->scene, ORDER);
	TP_SCENE_MUST(tp_scene_fill(s->scene, 0));
	return s;
}

static void check_now(void *arg)
{
	struct checking *s = arg;

	tp_scene_check_in_flight(s->scene);
}

static void free_run(void *arg)
{
	struct checking *s = arg;

	tp_pages_free(s->scene->machine, s->used, ORDER);
}

static void take_run(void *arg)
{
	struct checking *s = arg;
	const struct tp_alloc request = tp_scene_loose(s->scene, ORDER);
	tp_pfn pfn;

	TP_SCENE_MUST(tp_pages_alloc(s->scene->machine, &request, &pfn));
}

static void move_pages(void *arg)
{
	struct checking *s = arg;
	struct tp_evacuation e = { .machine = s->scene->machine, .targets = TP_NODE_BIT(0) };

	TP_SCENE_MUST(tp_isolate_range(&s->range));
	tp_evacuate_begin(&e);
	tp_evacuate(&e, &s->range);
	tp_unisolate_range(&s->range);
}

static void start_alloc(void *state)
{
	tp_sim_start("check", check_now, state);
	tp_sim_start("free", free_run, state);
	tp_sim_start("alloc", take_run, state);
}

static void start_move(void *state)
{
	tp_sim_start("check", check_now, state);
	tp_sim_start("move", move_pages, state);
}

static void check(void *state)
{
	struct checking *s = state;

	tp_scene_check(s->scene);
}

TP_SCENARIO(check_alloc,
	    {
		    .name = "mm/check-vs-free-vs-alloc",
		    .summary = "the machine is checked while pages are taken and freed",
		    .prepare = prepare,
		    .start = start_alloc,
		    .check = check,
	    })

TP_SCENARIO(check_move, {
				.name = "mm/check-vs-move",
				.summary = "the machine is checked while pages move",
				.prepare = prepare,
				.start = start_move,
				.check = check,
			})
