/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_isolate - a page is freed, and another one taken, while their block is isolated.
 *
 * The race that Linux had (commit ad53f92eb416): a free that looks at the pageblock's state too
 * early puts the page where the allocator finds it, after isolation has emptied that place.  A
 * single page is on its way into a per-CPU list, or lies there already; a run goes to the zone.
 * T26.
 *
 * Must hold: whoever begins to take a page when the isolation is done gets none of the block, no
 * per-CPU list holds one of it, and what was freed is counted as isolated.
 */
#include "mm/pcp.h"
#include "scenarios/scene_range.h"

struct isolation {
	struct tp_scene *scene;
	struct tp_range range;
	unsigned order;
	tp_pfn used; /* is freed */
	TP_ATOMIC(uint32_t) done;
	bool took;
};

static void *prepare(unsigned order)
{
	struct isolation *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	s->range = tp_scene_range(s->scene, 0);
	s->used = tp_scene_loose_fill(s->scene, order);
	s->order = order;
	return s;
}

static void *prepare_page(void)
{
	return prepare(0);
}

static void *prepare_run(void)
{
	return prepare(1);
}

static void free_used(void *arg)
{
	struct isolation *s = arg;

	tp_pages_free(s->scene->machine, s->used, s->order);
}

static void isolate(void *arg)
{
	struct isolation *s = arg;

	TP_SCENE_MUST(tp_isolate_range(&s->range));
	tp_atomic_store(&s->done, 1, TP_RELEASE);
}

static void take_page(void *arg)
{
	struct isolation *s = arg;
	const struct tp_alloc request = tp_scene_loose(s->scene, 0);
	bool done = tp_atomic_load(&s->done, TP_ACQUIRE);
	tp_pfn pfn;

	TP_SCENE_MUST(tp_pages_alloc(s->scene->machine, &request, &pfn));
	s->took = pfn.v - s->range.start.v < s->range.nr_pages;
	tp_sim_note("got a page of %s block", s->took ? "the" : "another");
	TP_EXPECT(!done || !s->took);
}

static void start_two(void *state)
{
	tp_sim_start("free", free_used, state);
	tp_sim_start("isolate", isolate, state);
}

static void start_three(void *state)
{
	start_two(state);
	tp_sim_start("alloc", take_page, state);
}

static void check(void *state)
{
	struct isolation *s = state;

	tp_scene_check(s->scene);
	TP_EXPECT(!tp_pcp_count(s->range.zone));
	TP_EXPECT(tp_range_free_pages(&s->range) == s->range.nr_pages - s->took);
}

TP_SCENARIO(free_isolate, {
				  .name = "mm/free-vs-isolate",
				  .summary = "a page is freed while its block is isolated",
				  .prepare = prepare_page,
				  .start = start_two,
				  .check = check,
			  })

TP_SCENARIO(free_isolate_alloc, {
					.name = "mm/free-vs-isolate-vs-alloc",
					.summary = "the same, and somebody looks for a page",
					.prepare = prepare_page,
					.start = start_three,
					.check = check,
				})

TP_SCENARIO(free_run_isolate_alloc,
	    {
		    .name = "mm/free-run-vs-isolate-vs-alloc",
		    .summary = "the same with two pages that go to the zone",
		    .prepare = prepare_run,
		    .start = start_three,
		    .check = check,
	    })
