/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_view - what can be seen of an operation from outside, while it runs.
 *
 * A view of a block never waits (T16), so it looks in the middle of things: state, zone, node and
 * device must be of one moment, and states must come in the order of the operation (T14).  A device
 * that goes takes its name along while somebody reads it.
 */
#include <errno.h>
#include <string.h>

#include "scenarios/scene.h"

enum { LOOKS = 2 };

struct view {
	struct tp_memory_notifier notifier;
	TP_ATOMIC(uint32_t) told; /* the last event */
	int answer[LOOKS];
	struct tp_block_info info[LOOKS];
};

static int hear(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct view *view = tp_container_of(notifier, struct view, notifier);

	tp_atomic_store(&view->told, event->type, TP_RELEASE);
	return 0;
}

static void *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);
	struct view *view = scene->own = tp_sim_alloc(sizeof(*view));

	TP_SCENE_MUST(tp_scene_fill(scene, 0));
	view->notifier =
		(struct tp_memory_notifier){ .call = hear, .priority = -1, .name = "view" };
	TP_SCENE_MUST(tp_memory_notifier_register(scene->machine, &view->notifier, 0));
	return scene;
}

static void *prepare_offline(void)
{
	struct tp_scene *scene = prepare();

	TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
	return scene;
}

/* Whoever sees that it is over, it is over for: everybody has been told (H5). */
static void expect_told(struct view *view, enum tp_block_state before, enum tp_block_state now)
{
	uint32_t told = tp_atomic_load(&view->told, TP_ACQUIRE);

	if (now != before && now == TP_BLOCK_ONLINE)
		TP_EXPECT(told == TP_MEM_ONLINE);
	if (now != before && (now == TP_BLOCK_OFFLINE || now == TP_BLOCK_ABSENT))
		TP_EXPECT(told == TP_MEM_FINISH_OFFLINE);
}

static void look(struct tp_scene *scene, enum tp_block_state before)
{
	struct view *view = scene->own;

	for (unsigned i = 0; i < LOOKS; i++) {
		view->answer[i] = tp_block_info(scene->machine, scene->first_block, &view->info[i]);
		expect_told(view, before, view->info[i].state);
	}
}

static void look_out(void *scene)
{
	look(scene, TP_BLOCK_ONLINE);
}

static void look_in(void *scene)
{
	look(scene, TP_BLOCK_OFFLINE);
}

static void unplug(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_device_unplug(scene->device, NULL, NULL));
}

static void bring_online(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_device_online(scene->device, TP_ONLINE_MOVABLE));
}

/* How far the block's way is behind it, out or in. */
static unsigned progress_out(const struct tp_block_info *info)
{
	switch (info->state) {
	case TP_BLOCK_ONLINE:
		return 0;
	case TP_BLOCK_GOING_OFFLINE:
		return 1;
	case TP_BLOCK_OFFLINE:
		return 2;
	default:
		TP_EXPECT(info->state == TP_BLOCK_ABSENT);
		return 3;
	}
}

static unsigned progress_in(const struct tp_block_info *info)
{
	switch (info->state) {
	case TP_BLOCK_OFFLINE:
		return 0;
	case TP_BLOCK_GOING_ONLINE:
		return 1;
	default:
		TP_EXPECT(info->state == TP_BLOCK_ONLINE);
		return 2;
	}
}

static void check_look(const struct tp_scene *scene, unsigned i)
{
	const struct view *view = scene->own;
	const struct tp_block_info *info = &view->info[i];

	TP_EXPECT(view->answer[i] == (info->state == TP_BLOCK_ABSENT ? -ENOENT : 0));
	TP_EXPECT(info->id == scene->first_block);
	if (view->answer[i])
		return;
	TP_EXPECT(info->node == TP_SCENE_NODE && !strcmp(info->device, "mem0"));
	TP_EXPECT(info->zone_valid && info->nr_valid_zones);
	if (info->state == TP_BLOCK_ONLINE)
		TP_EXPECT(info->zone == TP_ZONE_MOVABLE && info->nr_valid_zones == 1);
}

static void check(void *arg, unsigned (*progress)(const struct tp_block_info *info))
{
	struct tp_scene *scene = arg;
	const struct view *view = scene->own;

	for (unsigned i = 0; i < LOOKS; i++)
		check_look(scene, i);
	TP_EXPECT(progress(&view->info[0]) <= progress(&view->info[1]));
	tp_scene_check(scene);
}

static void check_out(void *scene)
{
	check(scene, progress_out);
}

static void check_in(void *scene)
{
	check(scene, progress_in);
}

static void start_out(void *scene)
{
	tp_sim_start("unplug", unplug, scene);
	tp_sim_start("look", look_out, scene);
}

TP_SCENARIO(out, { .name = "mm/view-vs-unplug",
		   .summary = "a block is looked at twice as its device is unplugged",
		   .prepare = prepare,
		   .start = start_out,
		   .check = check_out })

static void start_in(void *scene)
{
	tp_sim_start("online", bring_online, scene);
	tp_sim_start("look", look_in, scene);
}

TP_SCENARIO(in, { .name = "mm/view-vs-online",
		  .summary = "a block is looked at twice as it comes online",
		  .prepare = prepare_offline,
		  .start = start_in,
		  .check = check_in })
