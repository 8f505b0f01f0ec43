/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_drain - per-CPU lists are drained while pages enter and leave them, on two CPUs.
 *
 * A drain stops the lists, empties them and lets them go on; who comes by meanwhile takes the way
 * through the zone.  P1 and P2 of mm/pcp.h.
 *
 * Must hold: no page is lost or in two places; behind an isolation no list holds a page of the
 * block; and when all is over no list is stopped, which the next free would show.
 */
#include "mm/pcp.h"
#include "scenarios/scene_range.h"

enum { NR_CPUS = 2 };

struct drain {
	struct tp_scene *scene;
	struct tp_range range;
	tp_pfn used[NR_CPUS];
};

static void *prepare(void)
{
	struct drain *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	s->range = tp_scene_range(s->scene, 0);
	for (unsigned i = 0; i < NR_CPUS; i++)
		s->used[i] = tp_scene_loose_fill(s->scene, 0);
	/* What the list got beside the two. */
	tp_pcp_drain_zone(s->range.zone);
	return s;
}

static void free_page(void *arg)
{
	struct drain *s = arg;

	tp_pages_free(s->scene->machine, s->used[tp_cpu_current()], 0);
}

static void take_and_free(void *arg)
{
	struct drain *s = arg;
	const struct tp_alloc request = tp_scene_loose(s->scene, 0);
	tp_pfn pfn;

	TP_SCENE_MUST(tp_pages_alloc(s->scene->machine, &request, &pfn));
	tp_pages_free(s->scene->machine, pfn, 0);
}

static void isolate(void *arg)
{
	struct drain *s = arg;

	TP_SCENE_MUST(tp_isolate_range(&s->range));
}

static void drain(void *arg)
{
	struct drain *s = arg;

	tp_pcp_drain_zone(s->range.zone);
}

static void start_pushes(void *state)
{
	tp_sim_start("free0", free_page, state);
	tp_sim_start("free1", free_page, state);
	tp_sim_start("isolate", isolate, state);
}

static void start_drains(void *state)
{
	tp_sim_start("alloc", take_and_free, state);
	tp_sim_start("drain1", drain, state);
	tp_sim_start("drain2", drain, state);
}

static void check_pushes(void *state)
{
	struct drain *s = state;

	tp_scene_check(s->scene);
	TP_EXPECT(!tp_pcp_count(s->range.zone));
	TP_EXPECT(tp_range_free_pages(&s->range) == s->range.nr_pages);
}

static void check_drains(void *state)
{
	struct drain *s = state;
	uint64_t listed = tp_pcp_count(s->range.zone);

	tp_scene_check(s->scene);
	tp_pages_free(s->scene->machine, s->used[0], 0);
	TP_EXPECT(tp_pcp_count(s->range.zone) == listed + 1);
}

TP_SCENARIO(drain_push, {
				.name = "mm/isolate-vs-push-on-two-cpus",
				.summary = "two CPUs free pages of a block that is isolated",
				.prepare = prepare,
				.start = start_pushes,
				.check = check_pushes,
			})

TP_SCENARIO(drain_drain, {
				 .name = "mm/drain-vs-drain",
				 .summary = "two drains while a page is taken and freed",
				 .prepare = prepare,
				 .start = start_drains,
				 .check = check_drains,
			 })
