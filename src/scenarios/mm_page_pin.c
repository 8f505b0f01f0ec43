/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_pin - a page is pinned while it is about to be moved.
 *
 * The mover freezes the page by the same word that counts its pins, so one of the two comes first
 * and the other sees it (O3 of mm/owner.h).  What the mover saw before it froze may be old.
 *
 * Must hold: from pin to unpin the page is where it was, with its content; who is told -EAGAIN can
 * look the page up again; and an offline that met the pin ends once it is gone.
 */
#include <errno.h>

#include "mm/migrate.h"
#include "scenarios/scene_range.h"

enum { COOKIE };

static void *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);

	TP_SCENE_MUST(tp_scene_fill(scene, COOKIE));
	return scene;
}

static tp_pfn place_of(struct tp_scene *scene)
{
	tp_pfn pfn;

	tp_mutex_lock(&scene->shelf.lock);
	pfn = scene->shelf.page[COOKIE];
	tp_mutex_unlock(&scene->shelf.lock);
	return pfn;
}

static void pin_page(void *arg)
{
	struct tp_scene *scene = arg;
	tp_pfn pfn;
	int err;

	/* A place may be out of date when it is pinned: then the pin says so, or is of no use. */
	tp_mutex_lock(&scene->shelf.lock);
	while ((err = tp_page_pin(scene->machine, pfn = scene->shelf.page[COOKIE])) == -EAGAIN) {
		tp_mutex_unlock(&scene->shelf.lock);
		tp_sim_relax();
		tp_mutex_lock(&scene->shelf.lock);
	}
	tp_mutex_unlock(&scene->shelf.lock);
	TP_SCENE_MUST(err);
	TP_EXPECT(place_of(scene).v == pfn.v);
	tp_page_unpin(scene->machine, pfn);
}

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_blocks_offline(scene->machine, scene->first_block, 1, NULL, NULL));
}

/* One pass, as compaction does it: what is pinned stays. */
static void evacuate(void *arg)
{
	struct tp_scene *scene = arg;
	const struct tp_range range = tp_scene_range(scene, 0);
	struct tp_evacuation e = { .machine = scene->machine, .targets = TP_NODE_BIT(0) };

	TP_SCENE_MUST(tp_isolate_range(&range));
	tp_evacuate_begin(&e);
	tp_evacuate(&e, &range);
	tp_unisolate_range(&range);
}

static void start_offline(void *state)
{
	tp_sim_start("pin", pin_page, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_evacuation(void *state)
{
	tp_sim_start("pin", pin_page, state);
	tp_sim_start("evacuate", evacuate, state);
}

static void check_offline(void *state)
{
	TP_EXPECT(tp_scene_block_state(state, 0) == TP_BLOCK_OFFLINE);
	tp_scene_check(state);
}

TP_SCENARIO(pin_evacuation, {
				    .name = "mm/pin-vs-move",
				    .summary = "a page is pinned while it is about to be moved",
				    .prepare = prepare,
				    .start = start_evacuation,
				    .check = tp_scene_check,
			    })

TP_SCENARIO(pin_offline, {
				 .name = "mm/pin-vs-offline",
				 .summary = "a page is pinned and unpinned while its block goes",
				 .prepare = prepare,
				 .start = start_offline,
				 .check = check_offline,
			 })
