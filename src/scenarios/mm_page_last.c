/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_last - two CPUs want the last pages of a node.
 *
 * Who looks for a page fetches some more for his CPU's list, and who frees one too many takes some
 * from there back to the zone.  Pages on that way are on no list, where others would look for them.
 *
 * Must hold: where there is a free page for a request, it gets one.
 */
#include "mm/pcp.h"
#include "scenarios/scene_range.h"

enum { NR_CPUS = 2 };

struct last {
	struct tp_scene *scene;
	tp_pfn used;
	tp_pfn got[NR_CPUS];
};

static uint64_t available(struct tp_scene *scene)
{
	struct tp_zone_stat stat;

	TP_SCENE_MUST(tp_zone_stat(scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	return stat.free + stat.pcp - stat.watermark[0];
}

static struct last *prepare(void)
{
	struct last *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	return s;
}

static void *prepare_two(void)
{
	struct last *s = prepare();

	while (available(s->scene) > NR_CPUS)
		tp_scene_loose_fill(s->scene, 0);
	tp_pcp_drain_zone(tp_scene_range(s->scene, 0).zone);
	return s;
}

/* All there is lies in the list of CPU 0. */
static void *prepare_full_list(void)
{
	struct last *s = prepare();
	tp_pfn pfn[TP_SCENE_BLOCK / TP_PAGE_SIZE];
	unsigned n = 0;

	while (available(s->scene))
		pfn[n++] = tp_scene_loose_fill(s->scene, 0);
	for (unsigned i = 0; i < TP_PCP_HIGH; i++)
		tp_pages_free(s->scene->machine, pfn[--n], 0);
	s->used = pfn[--n];
	return s;
}

static void take_page(void *arg)
{
	struct last *s = arg;
	struct tp_alloc request = tp_scene_loose(s->scene, 0);

	request.flags |= TP_ALLOC_THISNODE;
	TP_SCENE_MUST(tp_pages_alloc(s->scene->machine, &request, &s->got[tp_cpu_current()]));
}

static void free_page(void *arg)
{
	struct last *s = arg;

	tp_pages_free(s->scene->machine, s->used, 0);
}

static void start_allocs(void *state)
{
	tp_sim_start("alloc0", take_page, state);
	tp_sim_start("alloc1", take_page, state);
}

static void start_free(void *state)
{
	tp_sim_start("free0", free_page, state);
	tp_sim_start("alloc1", take_page, state);
}

static void check(void *state)
{
	struct last *s = state;

	TP_EXPECT(s->got[0].v != s->got[1].v);
	tp_scene_check(s->scene);
}

TP_SCENARIO(last_two, {
			      .name = "mm/alloc-vs-alloc-of-the-last",
			      .summary = "two CPUs take the last two pages of a node",
			      .prepare = prepare_two,
			      .start = start_allocs,
			      .check = check,
		      })

TP_SCENARIO(last_in_list,
	    {
		    .name = "mm/alloc-vs-flush",
		    .summary = "a page is looked for while a list that is full is flushed",
		    .prepare = prepare_full_list,
		    .start = start_free,
		    .check = check,
	    })
