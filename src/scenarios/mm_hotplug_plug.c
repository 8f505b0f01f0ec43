/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_plug - two devices come at the same time, or one comes as another goes.
 *
 * Where a device lies and what it is called is decided under the hotplug lock: decided before, two
 * devices could get one address or one name.  A device that came in vain must leave nothing.
 */
#include <errno.h>
#include <string.h>

#include "scenarios/listener.h"

enum { DEVICES = 2 };

struct arrivals {
	struct tp_scene *scene;
	struct tp_listener listener;
	struct arrival {
		struct tp_device_config config;
		struct tp_device *device;
		int answer;
	} arrivals[DEVICES];
};

/* @room blocks for devices of one block each. */
static struct arrivals *prepare(unsigned room)
{
	struct arrivals *a = tp_sim_alloc(sizeof(*a));

	a->scene = tp_scene_make(1, room - 1);
	if (a->scene->device)
		TP_SCENE_MUST(tp_device_unplug(a->scene->device, NULL, NULL));
	tp_listener_init(&a->listener, a->scene->machine, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&a->listener));
	for (unsigned i = 0; i < DEVICES; i++)
		a->arrivals[i].config = (struct tp_device_config){ .node = TP_SCENE_NODE,
								   .size = TP_SCENE_BLOCK,
								   .online = TP_ONLINE_MOVABLE };
	return a;
}

static void *prepare_one_gap(void)
{
	return prepare(1);
}

static void *prepare_two_gaps(void)
{
	return prepare(2);
}

static void *prepare_one_name(void)
{
	struct arrivals *a = prepare(2);

	for (unsigned i = 0; i < DEVICES; i++)
		a->arrivals[i].config.name = "twin";
	return a;
}

/* The first device is there; the second wants its place. */
static void *prepare_replace(void)
{
	struct arrivals *a = prepare(1);

	TP_SCENE_MUST(
		tp_device_plug(a->scene->machine, &a->arrivals[0].config, &a->arrivals[0].device));
	return a;
}

static void plug(struct arrivals *a, unsigned i)
{
	struct arrival *arrival = &a->arrivals[i];

	arrival->answer = tp_device_plug(a->scene->machine, &arrival->config, &arrival->device);
}

static void plug_first(void *arrivals)
{
	plug(arrivals, 0);
}

static void plug_second(void *arrivals)
{
	plug(arrivals, 1);
}

static void unplug_first(void *arg)
{
	struct arrivals *a = arg;

	TP_SCENE_MUST(tp_device_unplug(a->arrivals[0].device, NULL, NULL));
}

static void start(void *arrivals)
{
	tp_sim_start("first", plug_first, arrivals);
	tp_sim_start("second", plug_second, arrivals);
}

static void check_machine(struct arrivals *a)
{
	tp_listener_check(&a->listener);
	tp_scene_check(a->scene);
}

static unsigned block_of(const struct arrival *arrival)
{
	struct tp_device_info info;

	tp_device_info(arrival->device, &info);
	TP_EXPECT(info.nr_online == info.nr_blocks && info.node == TP_SCENE_NODE);
	return info.first_block;
}

/* ---- one place ------------------------------------------------------------------------------- */

static void check_one(struct arrivals *a, int error)
{
	unsigned winner = a->arrivals[0].answer ? 1 : 0;

	TP_EXPECT(a->arrivals[winner].answer == 0);
	TP_EXPECT(a->arrivals[1 - winner].answer == error);
	TP_EXPECT(block_of(&a->arrivals[winner]) == 1);
	check_machine(a);
}

static void check_one_gap(void *arrivals)
{
	check_one(arrivals, -ENOSPC);
}

TP_SCENARIO(one_gap, { .name = "mm/plug-vs-plug",
		       .summary = "two devices want the only gap: one gets it",
		       .prepare = prepare_one_gap,
		       .start = start,
		       .check = check_one_gap })

static void check_one_name(void *arrivals)
{
	check_one(arrivals, -EEXIST);
}

TP_SCENARIO(one_name, { .name = "mm/plug-vs-plug-name",
			.summary = "two devices want one name: one gets it",
			.prepare = prepare_one_name,
			.start = start,
			.check = check_one_name })

/* ---- two places ------------------------------------------------------------------------------ */

static void check_two_gaps(void *arg)
{
	struct arrivals *a = arg;
	struct tp_device_info first, second;

	TP_EXPECT(!a->arrivals[0].answer && !a->arrivals[1].answer);
	TP_EXPECT(block_of(&a->arrivals[0]) + block_of(&a->arrivals[1]) == 1 + 2);
	tp_device_info(a->arrivals[0].device, &first);
	tp_device_info(a->arrivals[1].device, &second);
	TP_EXPECT(strcmp(first.name, second.name));
	check_machine(a);
}

TP_SCENARIO(two_gaps, { .name = "mm/plug-vs-plug-apart",
			.summary = "two devices come: two places, two names, one first memory",
			.prepare = prepare_two_gaps,
			.start = start,
			.check = check_two_gaps })

/* ---- one place after the other --------------------------------------------------------------- */

static void start_replace(void *arrivals)
{
	tp_sim_start("leaves", unplug_first, arrivals);
	tp_sim_start("comes", plug_second, arrivals);
}

static void check_replace(void *arg)
{
	struct arrivals *a = arg;
	int answer = a->arrivals[1].answer;

	TP_EXPECT(answer == 0 || answer == -ENOSPC);
	if (!answer)
		TP_EXPECT(block_of(&a->arrivals[1]) == 1);
	check_machine(a);
}

TP_SCENARIO(replace, { .name = "mm/plug-vs-unplug",
		       .summary = "a device comes as the one in its place goes (T23)",
		       .prepare = prepare_replace,
		       .start = start_replace,
		       .check = check_replace })
