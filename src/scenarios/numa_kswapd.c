/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_kswapd - a node's own threads, and the node's memory.
 *
 * They run as long as the node has memory.  Someone may wake one that is being stopped, one may be
 * at work in the zone that leaves and hold a pageblock of it, and each must end when its node's
 * memory does: an offline that waits for a thread that was never told would wait for ever.
 */
#include "mm/isolate.h"
#include "mm/reclaim.h"
#include "scenarios/scene.h"

static void *prepare(void)
{
	return tp_scene_make(1, 1);
}

static void *prepare_offline(void)
{
	struct tp_scene *scene = prepare();

	TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
	return scene;
}

/* Pages of the device's first or second pageblock only. */
static void fill(struct tp_scene *scene, uint32_t cookie, unsigned pageblock)
{
	struct tp_machine *m = scene->machine;
	uint64_t other = scene->first_block * m->block_pages + (1 - pageblock) * TP_PAGEBLOCK_PAGES;
	struct tp_range range = { { other },
				  TP_PAGEBLOCK_PAGES,
				  tp_zone_of(m, TP_SCENE_NODE, TP_ZONE_MOVABLE) };

	TP_SCENE_MUST(tp_isolate_range(&range));
	TP_SCENE_MUST(tp_scene_fill(scene, cookie));
	tp_unisolate_range(&range);
}

/* Neither pageblock is whole, and the second's one page fits into the first: work for kcompactd. */
static void *prepare_scattered(void)
{
	struct tp_scene *scene = prepare();

	fill(scene, 0, 0);
	fill(scene, 1, 0);
	fill(scene, 2, 1);
	return scene;
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

static void wake(struct tp_scene *scene, unsigned order)
{
	struct tp_machine *m = scene->machine;

	tp_reclaim_wake(m, &m->nodes[TP_SCENE_NODE].zonelist[TP_ZONE_MOVABLE],
			TP_NODE_BIT(TP_SCENE_NODE), order);
}

static void wake_kswapd(void *scene)
{
	wake(scene, 0);
}

static void wake_both(void *scene)
{
	wake(scene, TP_PAGEBLOCK_ORDER);
}

/* ---- the threads end ------------------------------------------------------------------------- */

static void start_stop(void *scene)
{
	tp_sim_start("offline", offline, scene);
	tp_sim_start("wake", wake_kswapd, scene);
}

TP_SCENARIO(stop, { .name = "numa/kswapd-vs-offline",
		    .summary = "a node's threads are woken and stopped as its last memory leaves",
		    .prepare = prepare,
		    .start = start_stop,
		    .check = tp_scene_check,
		    .threads = true })

static void start_compact(void *scene)
{
	tp_sim_start("offline", offline, scene);
	tp_sim_start("wake", wake_both, scene);
}

/* Six tasks are too many for a search of all orders: by chance and by bounded preemptions. */
TP_SCENARIO(compacting, { .name = "numa/kcompactd-vs-offline",
			  .summary = "kcompactd moves a page of the memory that leaves",
			  .prepare = prepare_scattered,
			  .start = start_compact,
			  .check = tp_scene_check,
			  .threads = true })

/* ---- the threads begin ----------------------------------------------------------------------- */

static void start_begin(void *scene)
{
	tp_sim_start("online", online, scene);
	tp_sim_start("wake", wake_kswapd, scene);
}

TP_SCENARIO(begin, { .name = "numa/kswapd-vs-online",
		     .summary = "a node's threads begin with its first memory",
		     .prepare = prepare_offline,
		     .start = start_begin,
		     .check = tp_scene_check,
		     .threads = true })

/* ---- one of them does not begin -------------------------------------------------------------- */

static void try_online(void *arg)
{
	struct tp_scene *scene = arg;
	bool done = !tp_device_online(scene->device, TP_ONLINE_MOVABLE);

	TP_EXPECT(done == !!scene->machine->nodes[TP_SCENE_NODE].kswapd);
	TP_EXPECT(done == !!scene->machine->nodes[TP_SCENE_NODE].kcompactd);
}

static void start_faulty(void *scene)
{
	tp_sim_start("online", try_online, scene);
	tp_sim_start("wake", wake_kswapd, scene);
}

TP_SCENARIO(faulty, { .name = "numa/faults-kswapd-vs-online",
		      .summary = "one of a node's threads does not begin, the other must end",
		      .prepare = prepare_offline,
		      .start = start_faulty,
		      .check = tp_scene_check,
		      .threads = true,
		      .faults = 1 })
