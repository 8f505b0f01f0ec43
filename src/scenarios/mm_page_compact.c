/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_compact - pageblocks are emptied to make large runs while others need the same.
 *
 * Who finds no run makes one himself: he picks a pageblock under the zone lock, but isolates it in
 * another hold of it, when somebody else may have done so (S2), its pages may be free, and the
 * block may be on its way offline (R1 of mm/reclaim.h).
 *
 * Must hold: what was moved on the way has its content, nothing stays isolated, an allocation that
 * gets its run has it alone, and an offline is held up but not turned away.
 */
#include <errno.h>

#include "mm/pcp.h"
#include "mm/reclaim_internal.h"
#include "scenarios/scene_range.h"

static void *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);
	tp_pfn filler[TP_PAGEBLOCK_PAGES];

	/* One page in each pageblock. */
	TP_SCENE_MUST(tp_scene_fill(scene, 0));
	for (unsigned i = 0; i < TP_PAGEBLOCK_PAGES - 1; i++)
		filler[i] = tp_scene_loose_fill(scene, 0);
	TP_SCENE_MUST(tp_scene_fill(scene, 1));
	for (unsigned i = 0; i < TP_PAGEBLOCK_PAGES - 1; i++)
		tp_pages_free(scene->machine, filler[i], 0);
	tp_pcp_drain_zone(tp_scene_range(scene, 0).zone);
	return scene;
}

static void take_run(void *arg)
{
	struct tp_scene *scene = arg;
	struct tp_alloc request = tp_scene_loose(scene, TP_PAGEBLOCK_ORDER);
	tp_pfn pfn;
	int err;

	request.flags = TP_ALLOC_THISNODE;
	err = tp_pages_alloc(scene->machine, &request, &pfn);
	TP_EXPECT(!err || err == -ENOMEM);
	if (!err)
		tp_pages_free(scene->machine, pfn, TP_PAGEBLOCK_ORDER);
}

static void compact(void *arg)
{
	tp_compact_zone(tp_scene_range(arg, 0).zone, TP_PAGEBLOCK_ORDER, NULL);
}

static void free_page(void *arg)
{
	TP_EXPECT(tp_scene_give(arg, 0));
}

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_blocks_offline(scene->machine, scene->first_block, 1, NULL, NULL));
}

static void start_two(void *state)
{
	tp_sim_start("compact0", compact, state);
	tp_sim_start("compact1", compact, state);
}

static void start_free(void *state)
{
	tp_sim_start("alloc", take_run, state);
	tp_sim_start("free", free_page, state);
}

static void start_offline(void *state)
{
	tp_sim_start("compact", compact, state);
	tp_sim_start("offline", take_offline, state);
}

TP_SCENARIO(compact_compact, {
				     .name = "mm/compact-vs-compact",
				     .summary = "two empty pageblocks of one zone",
				     .prepare = prepare,
				     .start = start_two,
				     .check = tp_scene_check,
			     })

TP_SCENARIO(alloc_free,
	    {
		    .name = "mm/alloc-run-vs-free",
		    .summary = "a page is freed while its pageblock is emptied for a run",
		    .prepare = prepare,
		    .start = start_free,
		    .check = tp_scene_check,
	    })

TP_SCENARIO(compact_offline,
	    {
		    .name = "mm/compact-vs-offline",
		    .summary = "a pageblock is emptied while its block goes offline",
		    .prepare = prepare,
		    .start = start_offline,
		    .check = tp_scene_check,
	    })
