/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_fault - every step of plug, online, offline and unplug fails once.
 *
 * Whatever fails, the answer is an error and everything is as it was before, or the step was tried
 * again and the answer is 0 (H1, H4).  One task alone is the sweep over all steps; with two faults
 * what takes the first one back meets the second.  The device has a hole, so that there are two
 * runs of memory; the memory is normal, the node's first and last, so that every consumer is
 * asked, and an empty slab lies in it (T9).
 */
#include <errno.h>

#include "scenarios/facts.h"
#include "scenarios/listener.h"

struct trial {
	struct tp_scene *scene;
	struct tp_listener listener;
	struct tp_slab_cache *cache;
	struct tp_facts before;
	int answer;
};

static struct trial *make(unsigned blocks)
{
	struct trial *t = tp_sim_alloc(sizeof(*t));
	struct tp_machine *m;

	t->scene = tp_scene_make(1, blocks);
	m = t->scene->machine;
	TP_SCENE_MUST(tp_device_offline(t->scene->device, NULL, NULL));
	TP_SCENE_MUST(tp_slab_cache_create(m, "objects", 64, 0, &t->cache));
	tp_listener_init(&t->listener, m, "listener", -1);
	TP_SCENE_MUST(tp_listener_join(&t->listener));
	return t;
}

static struct trial *ready(struct trial *t)
{
	tp_facts_take(t->scene->machine, &t->before);
	return t;
}

static void set_block(struct trial *t, unsigned block)
{
	TP_SCENE_MUST(tp_blocks_online(t->scene->machine, t->scene->first_block + block, 1,
				       TP_ONLINE_KERNEL));
}

static void *prepare_absent(void)
{
	struct trial *t = make(1);

	TP_SCENE_MUST(tp_device_unplug(t->scene->device, NULL, NULL));
	return ready(t);
}

static void *prepare_offline(void)
{
	return ready(make(1));
}

/* The block between the two runs is online. */
static void *prepare_offline_runs(void)
{
	struct trial *t = make(3);

	TP_SCENE_MUST(tp_blocks_online(t->scene->machine, t->scene->first_block + 1, 1,
				       TP_ONLINE_MOVABLE));
	return ready(t);
}

static void *prepare_online(void)
{
	struct trial *t = make(3);

	set_block(t, 0);
	set_block(t, 2);
	TP_SCENE_MUST(tp_scene_fill(t->scene, 0));
	tp_slab_free(t->cache, tp_slab_alloc(t->cache, TP_SCENE_NODE));
	return ready(t);
}

/* ---- what is tried --------------------------------------------------------------------------- */

static void plug(void *arg)
{
	struct trial *t = arg;
	const struct tp_device_config config = { .node = TP_SCENE_NODE,
						 .size = 2 * (uint64_t)TP_SCENE_BLOCK,
						 .online = TP_ONLINE_KERNEL };

	t->answer = tp_device_plug(t->scene->machine, &config, &t->scene->device);
}

static void online(void *arg)
{
	struct trial *t = arg;

	t->answer = tp_device_online(t->scene->device, TP_ONLINE_KERNEL);
}

static void offline(void *arg)
{
	struct trial *t = arg;

	t->answer = tp_device_offline(t->scene->device, NULL, NULL);
}

static void unplug(void *arg)
{
	struct trial *t = arg;

	t->answer = tp_device_unplug(t->scene->device, NULL, NULL);
}

static void give(void *arg)
{
	struct trial *t = arg;

	TP_EXPECT(tp_scene_give(t->scene, 0));
}

static void check(void *arg)
{
	struct trial *t = arg;

	if (t->answer)
		tp_facts_expect(t->scene->machine, &t->before);
	tp_listener_check(&t->listener);
	tp_scene_check(t->scene);
}

/* The state of every block of the device, if all went well. */
static void check_state(struct trial *t, unsigned blocks, enum tp_block_state state)
{
	check(t);
	for (unsigned block = 0; !t->answer && block < blocks; block++)
		TP_EXPECT(tp_scene_block_state(t->scene, block) == state);
}

/* ---- plug ------------------------------------------------------------------------------------ */

static void start_plug(void *trial)
{
	tp_sim_start("plug", plug, trial);
}

static void check_plug(void *trial)
{
	check_state(trial, 2, TP_BLOCK_ONLINE);
}

TP_SCENARIO(faults_plug, { .name = "mm/faults-plug",
			   .summary = "every step of a plug fails once",
			   .prepare = prepare_absent,
			   .start = start_plug,
			   .check = check_plug,
			   .faults = 1 })

/* ---- online ---------------------------------------------------------------------------------- */

static void start_online(void *trial)
{
	tp_sim_start("online", online, trial);
}

static void check_online(void *trial)
{
	check_state(trial, 3, TP_BLOCK_ONLINE);
}

TP_SCENARIO(faults_online, { .name = "mm/faults-online",
			     .summary = "every step of an online of two runs fails once",
			     .prepare = prepare_offline_runs,
			     .start = start_online,
			     .check = check_online,
			     .faults = 1 })

/* ---- offline --------------------------------------------------------------------------------- */

static void start_offline(void *trial)
{
	tp_sim_start("offline", offline, trial);
}

static void check_offline(void *trial)
{
	check_state(trial, 3, TP_BLOCK_OFFLINE);
}

TP_SCENARIO(faults_offline, { .name = "mm/faults-offline",
			      .summary = "every step of an offline of two runs fails once",
			      .prepare = prepare_online,
			      .start = start_offline,
			      .check = check_offline,
			      .faults = 1 })

static void start_offline_free(void *trial)
{
	tp_sim_start("offline", offline, trial);
	tp_sim_start("free", give, trial);
}

TP_SCENARIO(faults_free, { .name = "mm/faults-offline-vs-free",
			   .summary = "an offline meets a fault while its last page is freed",
			   .prepare = prepare_online,
			   .start = start_offline_free,
			   .check = check_offline,
			   .faults = 1 })

/* ---- unplug ---------------------------------------------------------------------------------- */

static void start_unplug(void *trial)
{
	tp_sim_start("unplug", unplug, trial);
}

static void check_unplug(void *arg)
{
	struct trial *t = arg;
	struct tp_block_info info;

	check(t);
	TP_EXPECT((tp_block_info(t->scene->machine, t->scene->first_block, &info) == -ENOENT) ==
		  !t->answer);
}

TP_SCENARIO(faults_unplug, { .name = "mm/faults-unplug",
			     .summary = "every step of an unplug fails once",
			     .prepare = prepare_online,
			     .start = start_unplug,
			     .check = check_unplug,
			     .faults = 1 })

/* ---- there and back -------------------------------------------------------------------------- */

/* Who fails tries again: two faults later it must work. */
static void replug(void *arg)
{
	struct trial *t = arg;

	do
		online(t);
	while (t->answer);
	do
		unplug(t);
	while (t->answer);
}

static void start_replug(void *trial)
{
	tp_sim_start("replug", replug, trial);
}

TP_SCENARIO(faults_replug, { .name = "mm/faults-replug",
			     .summary = "a device comes and goes, trying again whatever fails",
			     .prepare = prepare_offline,
			     .start = start_replug,
			     .check = check_unplug,
			     .faults = 2 })
