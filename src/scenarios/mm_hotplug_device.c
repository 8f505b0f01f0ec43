/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_device - a device of two blocks goes, or stays: all of it (H1).
 *
 * Its second block has a page that stands in the way for a while: pinned, or refused by its owner.
 * By then the first block is empty and both are isolated; if the device stays, both serve again
 * with every count as before (H4), and what had moved stays where it is now.
 */
#include <errno.h>

#include "scenarios/facts.h"
#include "scenarios/listener.h"
#include "scenarios/scene_range.h"

/* Time for two passes. */
static const uint64_t deadline_ns = TP_MICROSECONDS(120);

struct removal {
	struct tp_listener listener;
	struct tp_facts before;
	int answer;
};

static struct removal *removal_of(struct tp_scene *scene)
{
	return scene->own;
}

/* A page of the one block, of two, that is not @other; cookies by block. */
static void fill_beside(struct tp_scene *scene, unsigned other)
{
	struct tp_range range = tp_scene_range(scene, other);

	TP_SCENE_MUST(tp_isolate_range(&range));
	TP_SCENE_MUST(tp_scene_fill(scene, 1 - other));
	tp_unisolate_range(&range);
}

static struct tp_scene *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 2);
	struct removal *r = scene->own = tp_sim_alloc(sizeof(*r));

	fill_beside(scene, 0);
	fill_beside(scene, 1);
	tp_listener_init(&r->listener, scene->machine, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&r->listener));
	tp_facts_take(scene->machine, &r->before);
	return scene;
}

static void *prepare_pinned(void)
{
	struct tp_scene *scene = prepare();

	TP_SCENE_MUST(tp_page_pin(scene->machine, scene->shelf.page[1]));
	return scene;
}

static void *prepare_refused(void)
{
	struct tp_scene *scene = prepare();

	scene->shelf.answer = -EPERM;
	return scene;
}

static void unplug(void *arg)
{
	struct tp_scene *scene = arg;
	const struct tp_offline_options options = { .deadline_ns = deadline_ns };

	removal_of(scene)->answer = tp_device_unplug(scene->device, &options, NULL);
}

static void unpin(void *arg)
{
	struct tp_scene *scene = arg;

	tp_page_unpin(scene->machine, scene->shelf.page[1]);
}

static void relent(void *arg)
{
	struct tp_scene *scene = arg;

	tp_mutex_lock(&scene->shelf.lock);
	scene->shelf.answer = 0;
	tp_mutex_unlock(&scene->shelf.lock);
}

static void give(void *scene)
{
	TP_EXPECT(tp_scene_give(scene, 1));
}

static void expect_gone(struct tp_scene *scene)
{
	struct tp_block_info info;

	for (unsigned block = 0; block < 2; block++)
		TP_EXPECT(tp_block_info(scene->machine, scene->first_block + block, &info) ==
			  -ENOENT);
	TP_EXPECT(!tp_device_find(scene->machine, "mem0"));
}

static void check(void *arg)
{
	struct tp_scene *scene = arg;
	struct removal *r = removal_of(scene);

	TP_EXPECT(r->answer == 0 || r->answer == -ETIMEDOUT);
	if (r->answer)
		tp_facts_expect(scene->machine, &r->before);
	else
		expect_gone(scene);
	tp_listener_check(&r->listener);
	tp_scene_check(scene);
}

/* ---- a pin that goes ------------------------------------------------------------------------- */

static void start_unpin(void *scene)
{
	tp_sim_start("unplug", unplug, scene);
	tp_sim_start("unpin", unpin, scene);
}

TP_SCENARIO(pinned, { .name = "mm/unplug-vs-unpin",
		      .summary = "a device's second block has a page that is pinned for a while",
		      .prepare = prepare_pinned,
		      .start = start_unpin,
		      .check = check,
		      .timers = 2 })

/* ---- an owner who relents -------------------------------------------------------------------- */

static void start_relent(void *scene)
{
	tp_sim_start("unplug", unplug, scene);
	tp_sim_start("relent", relent, scene);
}

TP_SCENARIO(refused, { .name = "mm/unplug-vs-refusal",
		       .summary = "an owner lets his pages move only after a while",
		       .prepare = prepare_refused,
		       .start = start_relent,
		       .check = check,
		       .timers = 2 })

/* ---- a page that goes by itself -------------------------------------------------------------- */

static void start_give(void *scene)
{
	tp_sim_start("unplug", unplug, scene);
	tp_sim_start("free", give, scene);
}

TP_SCENARIO(given, { .name = "mm/unplug-vs-free",
		     .summary = "the last page of a device is freed as the device goes",
		     .prepare = prepare_refused,
		     .start = start_give,
		     .check = check,
		     .timers = 1 })
