/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_offline - two hotplug operations want the same block, or blocks side by side.
 *
 * Whoever comes second must find the machine as the first left it: an operation that looked before
 * it had the hotplug lock would take a block offline twice, or tell the node's end twice.  A
 * listener holds what both say against what is so in the end.
 */
#include <errno.h>

#include "scenarios/listener.h"

struct pair {
	struct tp_listener listener;
	int answer[2]; /* of the first task and the second */
};

static struct pair *pair_of(struct tp_scene *scene)
{
	return scene->own;
}

static void *prepare(unsigned blocks)
{
	struct tp_scene *scene = tp_scene_make(1, blocks);

	scene->own = tp_sim_alloc(sizeof(struct pair));
	tp_listener_init(&pair_of(scene)->listener, scene->machine, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&pair_of(scene)->listener));
	TP_SCENE_MUST(tp_scene_fill(scene, 0));
	return scene;
}

static void *prepare_one(void)
{
	return prepare(1);
}

static void *prepare_two(void)
{
	return prepare(2);
}

static void take_offline(struct tp_scene *scene, unsigned task, unsigned block)
{
	pair_of(scene)->answer[task] =
		tp_blocks_offline(scene->machine, scene->first_block + block, 1, NULL, NULL);
}

static void first_offline(void *scene)
{
	take_offline(scene, 0, 0);
}

static void again_offline(void *scene)
{
	take_offline(scene, 1, 0);
}

static void neighbour_offline(void *scene)
{
	take_offline(scene, 1, 1);
}

static void bring_online(void *arg)
{
	struct tp_scene *scene = arg;

	pair_of(scene)->answer[1] =
		tp_blocks_online(scene->machine, scene->first_block, 1, TP_ONLINE_MOVABLE);
}

static void device_offline(void *arg)
{
	struct tp_scene *scene = arg;

	pair_of(scene)->answer[1] = tp_device_offline(scene->device, NULL, NULL);
}

static bool answers(struct tp_scene *scene, int first, int second)
{
	return pair_of(scene)->answer[0] == first && pair_of(scene)->answer[1] == second;
}

static void check_all(struct tp_scene *scene)
{
	tp_scene_check(scene);
	tp_listener_check(&pair_of(scene)->listener);
}

/* ---- the same block -------------------------------------------------------------------------- */

static void start_same(void *scene)
{
	tp_sim_start("first", first_offline, scene);
	tp_sim_start("second", again_offline, scene);
}

static void check_same(void *scene)
{
	TP_EXPECT(answers(scene, 0, -EINVAL) || answers(scene, -EINVAL, 0));
	TP_EXPECT(tp_scene_block_state(scene, 0) == TP_BLOCK_OFFLINE);
	check_all(scene);
}

TP_SCENARIO(same, { .name = "mm/offline-vs-offline-same",
		    .summary = "two take one block offline: one does, the other is told",
		    .prepare = prepare_one,
		    .start = start_same,
		    .check = check_same })

/* ---- blocks side by side --------------------------------------------------------------------- */

static void start_neighbours(void *scene)
{
	tp_sim_start("first", first_offline, scene);
	tp_sim_start("second", neighbour_offline, scene);
}

/* The node's memory ends with the second, whichever that is. */
static void check_neighbours(void *scene)
{
	TP_EXPECT(answers(scene, 0, 0));
	TP_EXPECT(tp_scene_block_state(scene, 0) == TP_BLOCK_OFFLINE);
	TP_EXPECT(tp_scene_block_state(scene, 1) == TP_BLOCK_OFFLINE);
	check_all(scene);
}

TP_SCENARIO(neighbours, { .name = "mm/offline-vs-offline-neighbours",
			  .summary = "the last two blocks of a node leave at the same time",
			  .prepare = prepare_two,
			  .start = start_neighbours,
			  .check = check_neighbours })

/* ---- a block and its device ------------------------------------------------------------------ */

static void start_device(void *scene)
{
	tp_sim_start("block", first_offline, scene);
	tp_sim_start("device", device_offline, scene);
}

/* The device takes what is left of it; a block that it has taken is not there for another. */
static void check_device(void *scene)
{
	TP_EXPECT(answers(scene, 0, 0) || answers(scene, -EINVAL, 0));
	TP_EXPECT(tp_scene_block_state(scene, 0) == TP_BLOCK_OFFLINE);
	TP_EXPECT(tp_scene_block_state(scene, 1) == TP_BLOCK_OFFLINE);
	check_all(scene);
}

TP_SCENARIO(device, { .name = "mm/offline-vs-offline-device",
		      .summary = "a block goes offline while all of its device does",
		      .prepare = prepare_two,
		      .start = start_device,
		      .check = check_device })

/* ---- offline and online ---------------------------------------------------------------------- */

static void start_online(void *scene)
{
	tp_sim_start("offline", first_offline, scene);
	tp_sim_start("online", bring_online, scene);
}

/* Online comes too early, or brings it back. */
static void check_online(void *scene)
{
	enum tp_block_state state = tp_scene_block_state(scene, 0);

	TP_EXPECT(answers(scene, 0, -EINVAL) ? state == TP_BLOCK_OFFLINE
					     : answers(scene, 0, 0) && state == TP_BLOCK_ONLINE);
	check_all(scene);
}

TP_SCENARIO(online, { .name = "mm/offline-vs-online",
		      .summary = "one takes a block offline, another brings it online",
		      .prepare = prepare_one,
		      .start = start_online,
		      .check = check_online })
