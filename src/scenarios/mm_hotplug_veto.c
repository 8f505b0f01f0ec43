/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_veto - one of two listeners refuses, whichever announcement it likes.
 *
 * After a refusal exactly those who had accepted hear the cancel, memory before node (T5, T6), and
 * everything is as it was: spans, counts, masks, the types of the pageblocks (T15).  The device has
 * a hole, so that there are two runs and the second can be refused after the first was accepted.
 */
#include <errno.h>
#include <string.h>

#include "scenarios/facts.h"
#include "scenarios/listener.h"

enum { HIGH, LOW, LISTENERS };

struct vote {
	struct tp_listener listener[LISTENERS];
	struct tp_facts before;
	struct tp_offline_report report;
	int answer, join_answer;
};

static struct vote *vote_of(struct tp_scene *scene)
{
	return scene->own;
}

/*
 * An empty slab is left: it goes when the memory does (T9), and its pageblock has a type of its own
 * (T15).
 */
static void leave_a_slab_behind(struct tp_scene *scene)
{
	struct tp_slab_cache *cache;

	TP_SCENE_MUST(tp_slab_cache_create(scene->machine, "objects", 64, 0, &cache));
	tp_slab_free(cache, tp_slab_alloc(cache, TP_SCENE_NODE));
}

static void add_listeners(struct tp_scene *scene)
{
	struct tp_listener *listener = vote_of(scene)->listener;

	tp_listener_init(&listener[HIGH], scene->machine, "high", 150);
	tp_listener_init(&listener[LOW], scene->machine, "low", -150);
	for (unsigned i = 0; i < LISTENERS; i++) {
		TP_SCENE_MUST(tp_listener_join(&listener[i]));
		listener[i].may_refuse = 1;
	}
}

static void set_block(struct tp_scene *scene, unsigned block, enum tp_online_policy policy)
{
	TP_SCENE_MUST(tp_blocks_online(scene->machine, scene->first_block + block, 1, policy));
}

static struct tp_scene *prepare_dark(void)
{
	struct tp_scene *scene = tp_scene_make(1, 3);

	TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
	scene->own = tp_sim_alloc(sizeof(struct vote));
	return scene;
}

/* Two runs of normal memory are all the node has. */
static void *prepare_online(void)
{
	struct tp_scene *scene = prepare_dark();

	set_block(scene, 0, TP_ONLINE_KERNEL);
	set_block(scene, 2, TP_ONLINE_KERNEL);
	leave_a_slab_behind(scene);
	add_listeners(scene);
	tp_facts_take(scene->machine, &vote_of(scene)->before);
	return scene;
}

/* Movable memory is between the two runs: their normal memory is the node's first (T1). */
static void *prepare_offline(void)
{
	struct tp_scene *scene = prepare_dark();

	set_block(scene, 1, TP_ONLINE_MOVABLE);
	add_listeners(scene);
	tp_facts_take(scene->machine, &vote_of(scene)->before);
	return scene;
}

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;

	vote_of(scene)->answer = tp_device_offline(scene->device, NULL, &vote_of(scene)->report);
}

static void bring_online(void *arg)
{
	struct tp_scene *scene = arg;

	vote_of(scene)->answer = tp_device_online(scene->device, TP_ONLINE_KERNEL);
}

static void join(void *arg)
{
	struct tp_scene *scene = arg;

	vote_of(scene)->join_answer = tp_listener_join(&vote_of(scene)->listener[LOW]);
}

static void leave(void *arg)
{
	struct tp_scene *scene = arg;

	tp_listener_leave(&vote_of(scene)->listener[LOW]);
}

static void check(void *arg)
{
	struct tp_scene *scene = arg;
	struct vote *vote = vote_of(scene);
	unsigned refused = vote->listener[HIGH].refused + vote->listener[LOW].refused;

	TP_EXPECT(vote->answer == (refused ? -EPERM : 0));
	if (refused)
		tp_facts_expect(scene->machine, &vote->before);
	for (unsigned i = 0; i < LISTENERS; i++)
		tp_listener_check(&vote->listener[i]);
	tp_scene_check(scene);
}

/* ---- offline --------------------------------------------------------------------------------- */

/* T4: whichever chain refused, the report says so and names who did. */
static void check_offline(void *arg)
{
	struct tp_scene *scene = arg;
	struct vote *vote = vote_of(scene);
	const struct tp_offline_report *r = &vote->report;

	check(scene);
	TP_EXPECT(r->err == vote->answer && r->reason);
	if (vote->answer)
		TP_EXPECT(!strcmp(r->vetoed_by, vote->listener[HIGH].refused ? "high" : "low"));
	for (unsigned block = 0; block < 3; block++)
		TP_EXPECT((tp_scene_block_state(scene, block) == TP_BLOCK_ONLINE) ==
			  (vote->answer && block != 1));
}

static void start_offline(void *scene)
{
	tp_sim_start("offline", take_offline, scene);
}

TP_SCENARIO(offline, { .name = "mm/veto-offline",
		       .summary = "listeners refuse to let a device with two runs of memory go",
		       .prepare = prepare_online,
		       .start = start_offline,
		       .check = check_offline })

static void start_offline_leave(void *scene)
{
	tp_sim_start("offline", take_offline, scene);
	tp_sim_start("leave", leave, scene);
}

TP_SCENARIO(offline_leave, { .name = "mm/veto-vs-unregister",
			     .summary = "one who may refuse leaves while he is asked",
			     .prepare = prepare_online,
			     .start = start_offline_leave,
			     .check = check_offline })

/* ---- joining --------------------------------------------------------------------------------- */

/* One listener is there, the other is about to be. */
static void *prepare_half(void)
{
	struct tp_scene *scene = prepare_online();

	leave(scene);
	tp_facts_take(scene->machine, &vote_of(scene)->before);
	return scene;
}

/* What a listener refuses to be told, as it registers or later, is one thing: one of two fails. */
static void check_join(void *arg)
{
	struct tp_scene *scene = arg;
	struct vote *vote = vote_of(scene);
	unsigned refused = vote->listener[HIGH].refused + vote->listener[LOW].refused;

	TP_EXPECT((vote->answer == -EPERM) + (vote->join_answer == -EPERM) == (int)refused);
	TP_EXPECT(vote->listener[LOW].on_both == !vote->join_answer);
	if (vote->answer)
		tp_facts_expect(scene->machine, &vote->before);
	for (unsigned i = 0; i < LISTENERS; i++)
		tp_listener_check(&vote->listener[i]);
	tp_scene_check(scene);
}

static void start_offline_join(void *scene)
{
	tp_sim_start("offline", take_offline, scene);
	tp_sim_start("join", join, scene);
}

TP_SCENARIO(offline_join, { .name = "mm/veto-vs-register",
			    .summary = "one who may refuse, the replay too, registers",
			    .prepare = prepare_half,
			    .start = start_offline_join,
			    .check = check_join })

/* ---- online ---------------------------------------------------------------------------------- */

static void check_online(void *arg)
{
	struct tp_scene *scene = arg;

	check(scene);
	for (unsigned block = 0; block < 3; block++)
		TP_EXPECT((tp_scene_block_state(scene, block) == TP_BLOCK_ONLINE) ==
			  (!vote_of(scene)->answer || block == 1));
}

static void start_online(void *scene)
{
	tp_sim_start("online", bring_online, scene);
}

TP_SCENARIO(online, { .name = "mm/veto-online",
		      .summary = "listeners refuse to let two runs of memory come",
		      .prepare = prepare_offline,
		      .start = start_online,
		      .check = check_online })
