/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_private - device memory that is addressable and never in the allocator.
 *
 * It shares addresses, blocks, names and spans with ordinary memory: it must not meet it, nor be
 * told of as memory, nor leave anything when one step of its coming fails.
 */
#include <errno.h>

#include "scenarios/facts.h"
#include "scenarios/listener.h"

enum { PRIVATE, ORDINARY, DEVICES };

struct neighbours {
	struct tp_scene *scene;
	struct tp_listener listener;
	struct tp_facts before;
	struct tp_device *device[DEVICES];
	int answer[DEVICES];
};

static void *prepare(void)
{
	struct neighbours *n = tp_sim_alloc(sizeof(*n));

	n->scene = tp_scene_make(1, 1);
	TP_SCENE_MUST(tp_device_unplug(n->scene->device, NULL, NULL));
	tp_listener_init(&n->listener, n->scene->machine, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&n->listener));
	tp_facts_take(n->scene->machine, &n->before);
	return n;
}

static void plug_private(void *arg)
{
	struct neighbours *n = arg;
	const struct tp_device_config config = { .node = TP_SCENE_NODE,
						 .size = TP_SCENE_BLOCK,
						 .kind = TP_DEVICE_PRIVATE };

	n->answer[PRIVATE] = tp_device_plug(n->scene->machine, &config, &n->device[PRIVATE]);
}

static void plug_and_unplug(void *arg)
{
	struct neighbours *n = arg;

	plug_private(n);
	if (!n->answer[PRIVATE])
		TP_SCENE_MUST(tp_device_unplug(n->device[PRIVATE], NULL, NULL));
}

static void plug_ordinary(void *arg)
{
	struct neighbours *n = arg;
	const struct tp_device_config config = { .node = TP_SCENE_NODE,
						 .size = TP_SCENE_BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	n->answer[ORDINARY] = tp_device_plug(n->scene->machine, &config, &n->device[ORDINARY]);
}

static void check_machine(struct neighbours *n)
{
	tp_listener_check(&n->listener);
	tp_scene_check(n->scene);
}

/* ---- alone ----------------------------------------------------------------------------------- */

static void start_alone(void *neighbours)
{
	tp_sim_start("private", plug_and_unplug, neighbours);
}

static void check_alone(void *arg)
{
	struct neighbours *n = arg;

	tp_facts_expect(n->scene->machine, &n->before);
	check_machine(n);
}

TP_SCENARIO(alone, { .name = "mm/faults-plug-private",
		     .summary = "private memory comes and goes, every step failing once",
		     .prepare = prepare,
		     .start = start_alone,
		     .check = check_alone,
		     .faults = 1 })

/* ---- beside ordinary memory ------------------------------------------------------------------ */

static void start_beside(void *neighbours)
{
	tp_sim_start("private", plug_private, neighbours);
	tp_sim_start("ordinary", plug_ordinary, neighbours);
}

static void check_beside(void *arg)
{
	struct neighbours *n = arg;
	struct tp_block_info info;
	struct tp_device_info device;

	TP_EXPECT(!n->answer[PRIVATE] && !n->answer[ORDINARY]);
	tp_device_info(n->device[PRIVATE], &device);
	TP_SCENE_MUST(tp_block_info(n->scene->machine, device.first_block, &info));
	TP_EXPECT(!info.zone_valid && info.state == TP_BLOCK_OFFLINE);
	TP_EXPECT(tp_blocks_online(n->scene->machine, device.first_block, 1, TP_ONLINE_KERNEL) ==
		  -EINVAL);
	tp_device_info(n->device[ORDINARY], &device);
	TP_EXPECT(device.nr_online == 1);
	check_machine(n);
}

TP_SCENARIO(beside, { .name = "mm/plug-private-vs-plug",
		      .summary = "private and ordinary memory come to one node at the same time",
		      .prepare = prepare,
		      .start = start_beside,
		      .check = check_beside })
