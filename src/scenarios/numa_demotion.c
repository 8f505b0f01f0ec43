/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_demotion - reclaim demotes pages to a node that loses its memory.
 *
 * Reclaim reads its targets without a lock: by the time it allocates there the node may be
 * isolated or gone (D2 of numa/demotion.c), and a page that got there in time has to come back, to
 * a node that is full.  No page may be lost on the way, and an offline that cannot be is none at
 * all.
 */
#include <errno.h>

#include "mm/reclaim_internal.h"
#include "scenarios/facts.h"

enum { DEMOTED = 0 };

static const struct tp_access slow = { .read_latency_ns = 400,
				       .write_latency_ns = 400,
				       .read_bandwidth_mbps = 1024,
				       .write_bandwidth_mbps = 1024 };
static const uint64_t deadline_ns = TP_MICROSECONDS(40);

struct pressure {
	struct tp_facts before;
	struct tp_owner rocks; /* nothing can be done about its pages */
	int answer;
};

/* Node 0 has no free page left, and one that can move. */
static void fill_node(struct tp_scene *scene, struct tp_owner *rocks)
{
	struct tp_alloc request = { .type = TP_MIGRATE_MOVABLE,
				    .node = 0,
				    .flags = TP_ALLOC_THISNODE | TP_ALLOC_ATOMIC };
	tp_pfn pfn;

	TP_SCENE_MUST(tp_scene_alloc(scene, DEMOTED, &request));
	rocks->name = "rocks";
	TP_SCENE_MUST(tp_owner_register(scene->machine, rocks));
	request.owner = rocks;
	request.type = TP_MIGRATE_UNMOVABLE;
	while (!tp_pages_alloc(scene->machine, &request, &pfn))
		;
}

static void *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);
	struct pressure *p = scene->own = tp_sim_alloc(sizeof(*p));

	TP_SCENE_MUST(tp_hmat_set(scene->machine, TP_SCENE_NODE, 1, &slow));
	fill_node(scene, &p->rocks);
	tp_facts_take(scene->machine, &p->before);
	return scene;
}

static void reclaim(void *arg)
{
	struct tp_scene *scene = arg;

	tp_reclaim_zone(tp_zone_of(scene->machine, 0, TP_ZONE_NORMAL), NULL);
}

static void offline(void *arg)
{
	struct tp_scene *scene = arg;
	struct pressure *p = scene->own;
	const struct tp_offline_options options = { .deadline_ns = deadline_ns };

	p->answer = tp_device_offline(scene->device, &options, NULL);
}

static void check(void *arg)
{
	struct tp_scene *scene = arg;
	struct pressure *p = scene->own;

	TP_EXPECT(p->answer == 0 || p->answer == -ETIMEDOUT);
	if (p->answer)
		tp_facts_expect(scene->machine, &p->before);
	tp_scene_check(scene);
}

static void start(void *scene)
{
	tp_sim_start("reclaim", reclaim, scene);
	tp_sim_start("offline", offline, scene);
}

/* Half a million runs to its end: by default by chance and by bounded preemptions. */
TP_SCENARIO(demotion, { .name = "numa/demotion-vs-offline",
			.summary = "reclaim demotes a page to a node whose last memory leaves",
			.prepare = prepare,
			.start = start,
			.check = check,
			.cpus = 1 })
