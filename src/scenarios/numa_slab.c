/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_slab - caches follow the normal memory of nodes (T1, T2, T3).
 *
 * A cache that is made while normal memory comes to a node must have lists there, whoever was
 * first; objects that are taken while the last normal memory leaves come from elsewhere, or keep
 * it.
 */
#include <errno.h>

#include "scenarios/scene.h"

struct caches {
	struct tp_scene *scene;
	struct tp_slab_cache *cache;
	void *object;
	int answer;
};

/* The first of two blocks is movable throughout: the second brings and takes normal memory only. */
static struct caches *make(void)
{
	struct caches *c = tp_sim_alloc(sizeof(*c));

	c->scene = tp_scene_make(1, 2);
	TP_SCENE_MUST(
		tp_blocks_offline(c->scene->machine, c->scene->first_block + 1, 1, NULL, NULL));
	return c;
}

static void *prepare_no_cache(void)
{
	return make();
}

static void set_normal(struct caches *c)
{
	TP_SCENE_MUST(tp_blocks_online(c->scene->machine, c->scene->first_block + 1, 1,
				       TP_ONLINE_KERNEL));
}

static void *prepare_cache(void)
{
	struct caches *c = make();

	TP_SCENE_MUST(tp_slab_cache_create(c->scene->machine, "objects", 64, 0, &c->cache));
	set_normal(c);
	return c;
}

static void *prepare_empty_slab(void)
{
	struct caches *c = prepare_cache();

	tp_slab_free(c->cache, tp_slab_alloc(c->cache, TP_SCENE_NODE));
	return c;
}

static void create(void *arg)
{
	struct caches *c = arg;

	TP_SCENE_MUST(tp_slab_cache_create(c->scene->machine, "objects", 64, 0, &c->cache));
}

static void online(void *caches)
{
	set_normal(caches);
}

static void offline(void *arg)
{
	struct caches *c = arg;

	c->answer = tp_blocks_offline(c->scene->machine, c->scene->first_block + 1, 1, NULL, NULL);
}

static void take(void *arg)
{
	struct caches *c = arg;

	c->object = tp_slab_alloc(c->cache, TP_SCENE_NODE);
	TP_EXPECT(c->object);
}

static void take_and_give(void *arg)
{
	struct caches *c = arg;

	take(c);
	tp_slab_free(c->cache, c->object);
	c->object = NULL;
}

static bool has_lists(struct caches *c)
{
	struct tp_slab_stat stat;

	tp_slab_stat(c->cache, &stat);
	TP_EXPECT(stat.objects == !!c->object);
	return stat.nodes.v & TP_NODE_BIT(TP_SCENE_NODE).v;
}

/* ---- coming ---------------------------------------------------------------------------------- */

static void start_create(void *caches)
{
	tp_sim_start("create", create, caches);
	tp_sim_start("online", online, caches);
}

/* An object of that node can be had. */
static void check_create(void *arg)
{
	struct caches *c = arg;
	struct tp_slab_stat stat;

	TP_EXPECT(has_lists(c));
	take(c);
	tp_slab_stat(c->cache, &stat);
	TP_EXPECT(stat.objects == 1);
	tp_slab_free(c->cache, c->object);
	TP_EXPECT(!tp_slab_cache_destroy(c->cache));
	tp_scene_check(c->scene);
}

TP_SCENARIO(create_online, { .name = "numa/slab-create-vs-online",
			     .summary = "a cache is made as normal memory comes to a movable node",
			     .prepare = prepare_no_cache,
			     .start = start_create,
			     .check = check_create })

/* ---- going ----------------------------------------------------------------------------------- */

/* The memory has gone, or an object lies in it. */
static void check_offline(void *arg)
{
	struct caches *c = arg;

	TP_EXPECT(c->answer == 0 || c->answer == -EBUSY);
	TP_EXPECT(has_lists(c) == !!c->answer);
	TP_EXPECT((tp_scene_block_state(c->scene, 1) == TP_BLOCK_ONLINE) == !!c->answer);
	tp_scene_check(c->scene);
}

static void start_take(void *caches)
{
	tp_sim_start("offline", offline, caches);
	tp_sim_start("take", take, caches);
}

/* A third of a million runs to its end: by default by chance and by bounded preemptions. */
TP_SCENARIO(take_offline, { .name = "numa/slab-alloc-vs-offline",
			    .summary = "an object is taken as a node's last normal memory leaves",
			    .prepare = prepare_cache,
			    .start = start_take,
			    .check = check_offline,
			    .cpus = 1 })

static void start_take_and_give(void *caches)
{
	tp_sim_start("offline", offline, caches);
	tp_sim_start("use", take_and_give, caches);
}

TP_SCENARIO(use_offline, { .name = "numa/slab-use-vs-offline",
			   .summary = "an empty slab is used as its memory leaves (T9)",
			   .prepare = prepare_empty_slab,
			   .start = start_take_and_give,
			   .check = check_offline })
