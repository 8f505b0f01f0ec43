/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_free_offline - a page is freed while its block goes offline.
 *
 * The page may be in use, moving, in a per-CPU list or free when the isolation, the drain or the
 * walk comes by; the block ends offline without it, whoever was first.
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

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_blocks_offline(scene->machine, scene->first_block, 1, NULL, NULL));
}

static void start(void *state)
{
	tp_sim_start("free", free_page, state);
	tp_sim_start("offline", take_offline, state);
}

TP_SCENARIO(free_offline, {
				  .name = "mm/free-vs-offline",
				  .summary = "a page is freed while its block goes offline",
				  .prepare = prepare,
				  .start = start,
				  .check = tp_scene_check,
			  })
