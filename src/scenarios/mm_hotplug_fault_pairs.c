/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_fault_pairs - one of two operations fails at some step while the other waits for it.
 *
 * The one that failed must leave the machine as it found it for the other: a session not ended, a
 * name or place not given back, an announcement without its end would all be met here.
 */
#include <errno.h>

#include "scenarios/listener.h"

enum { FIRST, SECOND, TASKS };

struct couple {
	struct tp_scene *scene;
	struct tp_listener listener, joins;
	struct tp_device *device[TASKS];
	int answer[TASKS];
};

static struct couple *make(unsigned blocks)
{
	struct couple *c = tp_sim_alloc(sizeof(*c));

	c->scene = tp_scene_make(1, blocks);
	tp_listener_init(&c->listener, c->scene->machine, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&c->listener));
	tp_listener_init(&c->joins, c->scene->machine, "joins", 0);
	return c;
}

static void *prepare_room(void)
{
	return make(0);
}

static void *prepare_online(void)
{
	struct couple *c = make(2);

	TP_SCENE_MUST(tp_scene_fill(c->scene, 0));
	return c;
}

static void *prepare_offline(void)
{
	struct couple *c = make(1);

	TP_SCENE_MUST(tp_device_offline(c->scene->device, NULL, NULL));
	return c;
}

/* ---- what the two do ------------------------------------------------------------------------- */

static void plug(struct couple *c, unsigned task)
{
	const struct tp_device_config config = { .node = TP_SCENE_NODE,
						 .size = TP_SCENE_BLOCK,
						 .online = TP_ONLINE_MOVABLE,
						 .name = "twin" };

	c->answer[task] = tp_device_plug(c->scene->machine, &config, &c->device[task]);
}

static void plug_first(void *couple)
{
	plug(couple, FIRST);
}

static void plug_second(void *couple)
{
	plug(couple, SECOND);
}

static void offline(struct couple *c, unsigned task)
{
	c->answer[task] =
		tp_blocks_offline(c->scene->machine, c->scene->first_block + task, 1, NULL, NULL);
}

static void offline_first(void *couple)
{
	offline(couple, FIRST);
}

static void offline_second(void *couple)
{
	offline(couple, SECOND);
}

static void online(void *arg)
{
	struct couple *c = arg;

	c->answer[FIRST] = tp_device_online(c->scene->device, TP_ONLINE_MOVABLE);
}

static void join(void *arg)
{
	struct couple *c = arg;

	c->answer[SECOND] = tp_listener_join(&c->joins);
}

static void check(struct couple *c)
{
	tp_listener_check(&c->listener);
	tp_listener_check(&c->joins);
	tp_scene_check(c->scene);
}

/* ---- plug and plug --------------------------------------------------------------------------- */

static void start_plugs(void *couple)
{
	tp_sim_start("first", plug_first, couple);
	tp_sim_start("second", plug_second, couple);
}

/* The place and the name of the one that failed are the other's. */
static void check_plugs(void *arg)
{
	struct couple *c = arg;

	TP_EXPECT(c->answer[FIRST] || c->answer[SECOND]);
	TP_EXPECT(c->answer[FIRST] != -EEXIST || !c->answer[SECOND]);
	TP_EXPECT(c->answer[SECOND] != -EEXIST || !c->answer[FIRST]);
	check(c);
}

TP_SCENARIO(plugs, { .name = "mm/faults-plug-vs-plug",
		     .summary = "a plug fails while another waits for its place and name",
		     .prepare = prepare_room,
		     .start = start_plugs,
		     .check = check_plugs,
		     .faults = 1 })

/* ---- offline and offline --------------------------------------------------------------------- */

static void start_offlines(void *couple)
{
	tp_sim_start("first", offline_first, couple);
	tp_sim_start("second", offline_second, couple);
}

static void check_offlines(void *arg)
{
	struct couple *c = arg;

	for (unsigned task = 0; task < TASKS; task++)
		TP_EXPECT((tp_scene_block_state(c->scene, task) == TP_BLOCK_OFFLINE) ==
			  !c->answer[task]);
	check(c);
}

TP_SCENARIO(offlines, { .name = "mm/faults-offline-vs-offline",
			.summary = "of two offlines at one node one meets a fault",
			.prepare = prepare_online,
			.start = start_offlines,
			.check = check_offlines,
			.faults = 1 })

/* ---- registration and online ----------------------------------------------------------------- */

static void start_join(void *couple)
{
	tp_sim_start("online", online, couple);
	tp_sim_start("join", join, couple);
}

static void check_join(void *arg)
{
	struct couple *c = arg;

	TP_EXPECT((tp_scene_block_state(c->scene, 0) == TP_BLOCK_ONLINE) == !c->answer[FIRST]);
	TP_EXPECT(c->joins.on_both == !c->answer[SECOND]);
	check(c);
}

TP_SCENARIO(joins, { .name = "mm/faults-register-vs-online",
		     .summary = "a listener registers while an online fails, or fails itself",
		     .prepare = prepare_offline,
		     .start = start_join,
		     .check = check_join,
		     .faults = 1 })
