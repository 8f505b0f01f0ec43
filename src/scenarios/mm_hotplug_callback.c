/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_callback - callbacks that take and give pages while they are called.
 *
 * They run under the hotplug lock and no other, so they may allocate.  In the middle of an
 * operation the node's memory is isolated, or in the zones but not in the lists, or gone from the
 * masks: at each of these moments an allocation must find the other node, and a page taken may
 * have to move out again.
 */
#include "scenarios/scene.h"

enum { OF_CALLBACK, OF_OTHER };

struct caller {
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	struct tp_scene *scene;
	unsigned nr_calls;
};

static void take_another(struct caller *caller)
{
	tp_scene_give(caller->scene, OF_CALLBACK);
	TP_SCENE_MUST(tp_scene_take(caller->scene, OF_CALLBACK));
	caller->nr_calls++;
}

static int hear_memory(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	(void)event;
	take_another(tp_container_of(notifier, struct caller, memory));
	return 0;
}

static int hear_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	(void)event;
	take_another(tp_container_of(notifier, struct caller, node));
	return 0;
}

static struct tp_scene *make(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);
	struct caller *caller = scene->own = tp_sim_alloc(sizeof(*caller));

	*caller = (struct caller){ .memory = { .call = hear_memory, .name = "caller" },
				   .node = { .call = hear_node, .name = "caller" },
				   .scene = scene };
	return scene;
}

static void *listen(struct tp_scene *scene)
{
	struct caller *caller = scene->own;

	TP_SCENE_MUST(tp_memory_notifier_register(scene->machine, &caller->memory, 0));
	TP_SCENE_MUST(tp_node_notifier_register(scene->machine, &caller->node, 0));
	return scene;
}

static void *prepare_online(void)
{
	return listen(make());
}

static void *prepare_offline(void)
{
	struct tp_scene *scene = make();

	TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
	return listen(scene);
}

static void offline(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
}

static void online(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_device_online(scene->device, TP_ONLINE_MOVABLE));
}

static void use(void *scene)
{
	TP_SCENE_MUST(tp_scene_take(scene, OF_OTHER));
	TP_EXPECT(tp_scene_give(scene, OF_OTHER));
}

static void check(void *arg)
{
	struct tp_scene *scene = arg;
	const struct caller *caller = scene->own;

	TP_EXPECT(caller->nr_calls == 5);
	tp_scene_check(scene);
}

/* ---- alone ----------------------------------------------------------------------------------- */

static void start_offline(void *scene)
{
	tp_sim_start("offline", offline, scene);
}

TP_SCENARIO(alone_offline, { .name = "mm/callback-offline",
			     .summary = "callbacks of an offline take and give pages",
			     .prepare = prepare_online,
			     .start = start_offline,
			     .check = check })

/* ---- with another ---------------------------------------------------------------------------- */

static void start_online(void *scene)
{
	tp_sim_start("online", online, scene);
	tp_sim_start("use", use, scene);
}

TP_SCENARIO(beside_online, { .name = "mm/callback-vs-alloc",
			     .summary = "callbacks of an online take pages, and so does another",
			     .prepare = prepare_offline,
			     .start = start_online,
			     .check = check })
