/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_offline - a page is freed, or taken, while its block goes offline.
 *
 * The page may be in use, moving, in a per-CPU list or free when the isolation, the drain or the
 * walk comes by: none of them may lose it, and a page taken in time moves out.  T26.
 *
 * Must hold: the block ends offline, nothing that is in use lies in it, and the content of what
 * moved moved along.
 */
#include "scenarios/scene.h"

static void *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);

	TP_SCENE_MUST(tp_scene_fill(scene, 0));
	return scene;
}

static void free_page(void *arg)
{
	TP_EXPECT(tp_scene_give(arg, 0));
}

static void take_page(void *arg)
{
	TP_SCENE_MUST(tp_scene_take(arg, 1));
}

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_blocks_offline(scene->machine, scene->first_block, 1, NULL, NULL));
}

static void start_free(void *state)
{
	tp_sim_start("free", free_page, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_alloc(void *state)
{
	tp_sim_start("alloc", take_page, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_both(void *state)
{
	start_free(state);
	tp_sim_start("alloc", take_page, state);
}

static void check(void *state)
{
	TP_EXPECT(tp_scene_block_state(state, 0) == TP_BLOCK_OFFLINE);
	tp_scene_check(state);
}

TP_SCENARIO(free_offline, {
				  .name = "mm/free-vs-offline",
				  .summary = "a page is freed while its block goes offline",
				  .prepare = prepare,
				  .start = start_free,
				  .check = check,
			  })

TP_SCENARIO(alloc_offline, {
				   .name = "mm/alloc-vs-offline",
				   .summary = "a page is taken while its block goes offline",
				   .prepare = prepare,
				   .start = start_alloc,
				   .check = check,
			   })

TP_SCENARIO(free_offline_alloc,
	    {
		    .name = "mm/free-vs-offline-vs-alloc",
		    .summary = "a page is freed and one taken while the block goes offline",
		    .prepare = prepare,
		    .start = start_both,
		    .check = check,
	    })
