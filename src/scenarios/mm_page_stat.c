/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_stat - a zone's statistics are read while its pages come, go and are isolated.
 *
 * A reader that adds up what belongs to different moments sees pages twice or not at all, which is
 * how free memory comes to exceed what there is.
 *
 * Must hold in every answer: free and isolated pages are what the runs of each order add up to,
 * managed is what is present, and managed = free + isolated + in per-CPU lists + used, where a page
 * on its way counts as used.
 */
#include "scenarios/scene_range.h"

enum { ORDER = 1, USED = 1 << ORDER };

struct reading {
	struct tp_scene *scene;
	struct tp_range range; /* the first of two blocks */
	tp_pfn used;
};

static void *prepare(void)
{
	struct reading *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 2);
	s->range = tp_scene_range(s->scene, 0);
	s->used = tp_scene_loose_fill(s->scene, ORDER);
	return s;
}

static void *prepare_half(void)
{
	struct reading *s = prepare();
	unsigned block = s->scene->first_block + (s->used.v < s->range.start.v + s->range.nr_pages);

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, block, 1, NULL, NULL));
	return s;
}

static uint64_t sum_of(const uint64_t runs[TP_NR_ORDERS])
{
	uint64_t sum = 0;

	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		sum += runs[o] << o;
	return sum;
}

static void read_stat(void *arg)
{
	const struct reading *s = arg;
	struct tp_zone_stat stat;
	uint64_t free = 0, blocks = 0, idle;

	TP_SCENE_MUST(tp_zone_stat(s->scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++) {
		free += sum_of(stat.nr_free[t]);
		blocks += stat.pageblocks[t];
	}
	idle = stat.free + stat.isolated_free + stat.pcp;
	TP_EXPECT(stat.free == free && stat.isolated_free == sum_of(stat.nr_isolated));
	TP_EXPECT(stat.managed == stat.present && stat.present <= stat.spanned);
	TP_EXPECT(idle <= stat.managed && idle + USED >= stat.managed);
	TP_EXPECT(stat.present <= blocks * TP_PAGEBLOCK_PAGES);
	TP_EXPECT(stat.isolated_free <= stat.isolated_pageblocks * TP_PAGEBLOCK_PAGES);
}

static void free_run(void *arg)
{
	const struct reading *s = arg;

	tp_pages_free(s->scene->machine, s->used, ORDER);
}

static void isolate_and_undo(void *arg)
{
	const struct reading *s = arg;

	TP_SCENE_MUST(tp_isolate_range(&s->range));
	tp_unisolate_range(&s->range);
}

/* Whichever block is empty goes or comes. */
static void replug(void *arg)
{
	const struct reading *s = arg;

	TP_SCENE_MUST(tp_device_online(s->scene->device, TP_ONLINE_MOVABLE));
}

static void take_offline(void *arg)
{
	const struct reading *s = arg;
	unsigned block = s->scene->first_block + (s->used.v < s->range.start.v + s->range.nr_pages);

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, block, 1, NULL, NULL));
}

static void start_isolation(void *state)
{
	tp_sim_start("read", read_stat, state);
	tp_sim_start("free", free_run, state);
	tp_sim_start("isolate", isolate_and_undo, state);
}

static void start_online(void *state)
{
	tp_sim_start("read", read_stat, state);
	tp_sim_start("online", replug, state);
}

static void start_offline(void *state)
{
	tp_sim_start("read", read_stat, state);
	tp_sim_start("offline", take_offline, state);
}

static void check(void *state)
{
	const struct reading *s = state;

	tp_scene_check(s->scene);
}

TP_SCENARIO(stat_isolation, {
				    .name = "mm/zone-stat-vs-isolate-vs-free",
				    .summary = "statistics are read during an isolation",
				    .prepare = prepare,
				    .start = start_isolation,
				    .check = check,
			    })

TP_SCENARIO(stat_online, {
				 .name = "mm/zone-stat-vs-online",
				 .summary = "statistics are read while a block comes online",
				 .prepare = prepare_half,
				 .start = start_online,
				 .check = check,
			 })

TP_SCENARIO(stat_offline, {
				  .name = "mm/zone-stat-vs-offline",
				  .summary = "statistics are read while a block goes offline",
				  .prepare = prepare,
				  .start = start_offline,
				  .check = check,
			  })
