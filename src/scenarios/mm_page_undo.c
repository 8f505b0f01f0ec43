/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_undo - an isolation is undone while a page of the block is freed, or taken.
 *
 * Flag, lists and counts of a pageblock change together or a page that comes by in between is
 * counted twice, or not at all (T22, T26).  One pageblock is of another type than the other: the
 * undo restores both (T15).
 *
 * Must hold afterwards: nothing is isolated, the types are what they were, and the free pages are
 * those from before, more or less what the other task did.
 */
#include "mm/zone.h"
#include "scenarios/scene_range.h"

enum { ORDER = 1 }; /* of what is freed: it goes to the zone, not to a per-CPU list */

struct undo {
	struct tp_scene *scene;
	struct tp_range range;
	tp_pfn used;
	struct tp_zone_stat before;
	int64_t freed; /* pages */
};

static struct tp_zone_stat stat_of(const struct undo *s)
{
	struct tp_zone_stat stat;

	TP_SCENE_MUST(tp_zone_stat(s->scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	return stat;
}

static void set_type(const struct tp_range *range, uint32_t pb, enum tp_migratetype type)
{
	tp_spin_lock(&range->zone->lock);
	tp_zone_set_type(range->zone, pb, type);
	tp_spin_unlock(&range->zone->lock);
}

static void *prepare(void)
{
	struct undo *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	s->range = tp_scene_range(s->scene, 0);
	s->used = tp_scene_loose_fill(s->scene, ORDER);
	set_type(&s->range, tp_pb_of(s->used) ^ 1, TP_MIGRATE_RECLAIMABLE);
	s->before = stat_of(s);
	return s;
}

static void isolate_and_undo(void *arg)
{
	struct undo *s = arg;

	TP_SCENE_MUST(tp_isolate_range(&s->range));
	tp_unisolate_range(&s->range);
}

static void free_run(void *arg)
{
	struct undo *s = arg;

	tp_pages_free(s->scene->machine, s->used, ORDER);
	s->freed += 1 << ORDER;
}

static void take_page(void *arg)
{
	struct undo *s = arg;
	const struct tp_alloc request = tp_scene_loose(s->scene, 0);
	tp_pfn pfn;

	TP_SCENE_MUST(tp_pages_alloc(s->scene->machine, &request, &pfn));
	s->freed -= pfn.v - s->range.start.v < s->range.nr_pages;
}

static void start_free(void *state)
{
	tp_sim_start("undo", isolate_and_undo, state);
	tp_sim_start("free", free_run, state);
}

static void start_alloc(void *state)
{
	tp_sim_start("undo", isolate_and_undo, state);
	tp_sim_start("alloc", take_page, state);
}

static void start_both(void *state)
{
	start_free(state);
	tp_sim_start("alloc", take_page, state);
}

static void check(void *state)
{
	const struct undo *s = state;
	const struct tp_zone_stat *before = &s->before, now = stat_of(s);

	tp_scene_check(s->scene);
	TP_EXPECT(!now.isolated_pageblocks && !now.isolated_free);
	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		TP_EXPECT(now.pageblocks[t] == before->pageblocks[t]);
	TP_EXPECT((int64_t)(now.free + now.pcp - before->free - before->pcp) == s->freed);
}

TP_SCENARIO(undo_free, {
			       .name = "mm/undo-vs-free",
			       .summary = "pages are freed while their isolation is undone",
			       .prepare = prepare,
			       .start = start_free,
			       .check = check,
		       })

TP_SCENARIO(undo_alloc, {
				.name = "mm/undo-vs-alloc",
				.summary = "a page is taken while an isolation is undone",
				.prepare = prepare,
				.start = start_alloc,
				.check = check,
			})

TP_SCENARIO(undo_free_alloc, {
				     .name = "mm/undo-vs-free-vs-alloc",
				     .summary = "both at once",
				     .prepare = prepare,
				     .start = start_both,
				     .check = check,
			     })
