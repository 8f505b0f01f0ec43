/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_cpuset - cpusets are made, changed and given up while a node's memory goes or comes.
 *
 * A set that looks at the masks before it is on the list of those who are told, or is told between
 * its look and its store, keeps nodes that have no memory, or lacks one that has (C1 of
 * numa/cpuset.c).
 */
#include "scenarios/scene.h"

struct sets {
	struct tp_scene *scene;
	struct tp_cpuset *cpuset;
	tp_nodemask mems;
};

static struct sets *make(bool online)
{
	struct sets *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	s->mems = TP_NODE_BIT(TP_SCENE_NODE);
	if (!online)
		TP_SCENE_MUST(tp_device_offline(s->scene->device, NULL, NULL));
	return s;
}

static void *prepare_online(void)
{
	return make(true);
}

static void *prepare_offline(void)
{
	return make(false);
}

/* There is a set already: of the other node. */
static void *prepare_set(void)
{
	struct sets *s = make(false);

	TP_SCENE_MUST(tp_cpuset_create(s->scene->machine, "set", TP_NODE_BIT(0), &s->cpuset));
	return s;
}

static void create(void *arg)
{
	struct sets *s = arg;

	TP_SCENE_MUST(tp_cpuset_create(s->scene->machine, "set", s->mems, &s->cpuset));
}

static void change(void *arg)
{
	struct sets *s = arg;

	TP_SCENE_MUST(tp_cpuset_set_mems(s->cpuset, s->mems));
}

static void destroy(void *arg)
{
	struct sets *s = arg;

	tp_cpuset_destroy(s->cpuset);
	s->cpuset = NULL;
}

static void offline(void *arg)
{
	struct sets *s = arg;

	TP_SCENE_MUST(tp_device_offline(s->scene->device, NULL, NULL));
}

static void online(void *arg)
{
	struct sets *s = arg;

	TP_SCENE_MUST(tp_device_online(s->scene->device, TP_ONLINE_MOVABLE));
}

static void check(void *arg)
{
	struct sets *s = arg;
	uint64_t memory = tp_node_states(s->scene->machine, TP_N_MEMORY).v;
	uint64_t usable = s->mems.v & memory;

	if (s->cpuset)
		TP_EXPECT(tp_cpuset_effective_mems(s->cpuset).v == (usable ? usable : memory));
	tp_scene_check(s->scene);
}

static void start_create_offline(void *sets)
{
	tp_sim_start("create", create, sets);
	tp_sim_start("offline", offline, sets);
}

TP_SCENARIO(create_offline, { .name = "numa/cpuset-create-vs-offline",
			      .summary = "a cpuset is made of a node whose last memory leaves",
			      .prepare = prepare_online,
			      .start = start_create_offline,
			      .check = check })

static void start_create_online(void *sets)
{
	tp_sim_start("create", create, sets);
	tp_sim_start("online", online, sets);
}

TP_SCENARIO(create_online, { .name = "numa/cpuset-create-vs-online",
			     .summary = "a cpuset is made of a node whose first memory comes",
			     .prepare = prepare_offline,
			     .start = start_create_online,
			     .check = check })

static void start_change(void *sets)
{
	tp_sim_start("change", change, sets);
	tp_sim_start("online", online, sets);
}

TP_SCENARIO(change_online, { .name = "numa/cpuset-change-vs-online",
			     .summary = "a cpuset turns to a node whose first memory comes",
			     .prepare = prepare_set,
			     .start = start_change,
			     .check = check })

static void start_destroy(void *sets)
{
	tp_sim_start("destroy", destroy, sets);
	tp_sim_start("online", online, sets);
}

TP_SCENARIO(destroy_online, { .name = "numa/cpuset-destroy-vs-online",
			      .summary = "a cpuset goes while all are told that memory comes",
			      .prepare = prepare_set,
			      .start = start_destroy,
			      .check = check })
