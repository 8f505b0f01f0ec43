/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_alloc - someone allocates near a node that loses its last memory, or gets its first.
 *
 * Zonelists are rewritten under a reader's feet: he could walk a list that is half old and half new
 * and find nothing though the other node has memory, or take a page of a block that has left.
 */
#include <errno.h>

#include "scenarios/scene.h"

struct demand {
	struct tp_scene *scene;
	bool strict; /* that node or none */
	int answer;
};

static struct demand *make(unsigned blocks, bool strict)
{
	struct demand *d = tp_sim_alloc(sizeof(*d));

	d->scene = tp_scene_make(1, blocks);
	d->strict = strict;
	return d;
}

static struct demand *make_offline(bool strict)
{
	struct demand *d = make(1, strict);

	TP_SCENE_MUST(tp_device_offline(d->scene->device, NULL, NULL));
	return d;
}

static void *prepare_online(void)
{
	return make(1, false);
}

static void *prepare_online_strict(void)
{
	return make(1, true);
}

static void *prepare_two_blocks(void)
{
	return make(2, true);
}

static void *prepare_offline(void)
{
	return make_offline(false);
}

static void *prepare_offline_strict(void)
{
	return make_offline(true);
}

static void take(void *arg)
{
	struct demand *d = arg;

	d->answer = (d->strict ? tp_scene_fill : tp_scene_take)(d->scene, 0);
}

static void offline(void *arg)
{
	struct demand *d = arg;

	TP_SCENE_MUST(tp_device_offline(d->scene->device, NULL, NULL));
}

static void offline_half(void *arg)
{
	struct demand *d = arg;

	TP_SCENE_MUST(tp_blocks_offline(d->scene->machine, d->scene->first_block, 1, NULL, NULL));
}

static void online(void *arg)
{
	struct demand *d = arg;

	TP_SCENE_MUST(tp_device_online(d->scene->device, TP_ONLINE_MOVABLE));
}

static void start_offline(void *demand)
{
	tp_sim_start("offline", offline, demand);
	tp_sim_start("alloc", take, demand);
}

static void start_offline_half(void *demand)
{
	tp_sim_start("offline", offline_half, demand);
	tp_sim_start("alloc", take, demand);
}

static void start_online(void *demand)
{
	tp_sim_start("online", online, demand);
	tp_sim_start("alloc", take, demand);
}

/* There was memory at all times where he may take it. */
static void check_served(void *arg)
{
	struct demand *d = arg;

	TP_EXPECT(!d->answer);
	tp_scene_check(d->scene);
}

static void check_strict(void *arg)
{
	struct demand *d = arg;

	TP_EXPECT(d->answer == 0 || d->answer == -ENOMEM);
	tp_scene_check(d->scene);
}

TP_SCENARIO(leaves, { .name = "numa/alloc-vs-offline",
		      .summary = "a page is taken near a node whose last memory leaves",
		      .prepare = prepare_online,
		      .start = start_offline,
		      .check = check_served })

TP_SCENARIO(leaves_strict, { .name = "numa/alloc-here-vs-offline",
			     .summary = "a page is taken of a node whose last memory leaves",
			     .prepare = prepare_online_strict,
			     .start = start_offline,
			     .check = check_strict })

TP_SCENARIO(half_leaves, { .name = "numa/alloc-here-vs-offline-of-half",
			   .summary = "a page is taken of a node that loses half its memory (T19)",
			   .prepare = prepare_two_blocks,
			   .start = start_offline_half,
			   .check = check_served })

TP_SCENARIO(comes, { .name = "numa/alloc-vs-online",
		     .summary = "a page is taken near a node whose first memory comes",
		     .prepare = prepare_offline,
		     .start = start_online,
		     .check = check_served })

TP_SCENARIO(comes_strict, { .name = "numa/alloc-here-vs-online",
			    .summary = "a page is taken of a node whose first memory comes",
			    .prepare = prepare_offline_strict,
			    .start = start_online,
			    .check = check_strict })
