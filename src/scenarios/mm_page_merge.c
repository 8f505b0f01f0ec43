/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_merge - runs are freed and grow together while others look for large ones.
 *
 * Two free halves are one run, of a pageblock and of a pair of pageblocks, whoever freed last; an
 * allocation that comes between takes its part, and no page is ever handed out twice.
 *
 * Must hold: what is taken at one time does not overlap, each in one piece and aligned; and when
 * all is free again it is one run of the highest order.
 */
#include <string.h>

#include "scenarios/scene_range.h"

enum { NR_PARTS = 2, PART_ORDER = TP_PAGEBLOCK_ORDER - 1 };

struct merge {
	struct tp_scene *scene;
	struct tp_range range;
	tp_pfn part[NR_PARTS]; /* the halves of a pageblock */
	uint8_t used[TP_SCENE_BLOCK / TP_PAGE_SIZE];
};

static void mark(struct merge *s, tp_pfn pfn, unsigned order, bool used)
{
	uint64_t n = UINT64_C(1) << order;

	TP_EXPECT(!(pfn.v & (n - 1)) && pfn.v - s->range.start.v + n <= s->range.nr_pages);
	for (uint64_t i = pfn.v - s->range.start.v; n--; i++) {
		TP_EXPECT(s->used[i] != used);
		s->used[i] = used;
	}
}

static void *prepare(void)
{
	struct merge *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	s->range = tp_scene_range(s->scene, 0);
	for (unsigned i = 0; i < NR_PARTS; i++) {
		s->part[i] = tp_scene_loose_fill(s->scene, PART_ORDER);
		mark(s, s->part[i], PART_ORDER, true);
	}
	return s;
}

static void give(struct merge *s, tp_pfn pfn, unsigned order)
{
	mark(s, pfn, order, false);
	tp_pages_free(s->scene->machine, pfn, order);
}

static bool take(struct merge *s, unsigned order, tp_pfn *pfn)
{
	struct tp_alloc request = tp_scene_loose(s->scene, order);

	request.flags |= TP_ALLOC_THISNODE;
	if (tp_pages_alloc(s->scene->machine, &request, pfn))
		return false;
	mark(s, *pfn, order, true);
	return true;
}

static void free_part(void *arg)
{
	struct merge *s = arg;

	give(s, s->part[tp_sim_self()], PART_ORDER);
}

static void take_and_give(struct merge *s, unsigned order)
{
	tp_pfn pfn;

	if (take(s, order, &pfn))
		give(s, pfn, order);
}

static void take_largest(void *arg)
{
	take_and_give(arg, TP_MAX_ORDER);
}

static void take_pageblock(void *arg)
{
	take_and_give(arg, TP_PAGEBLOCK_ORDER);
}

static void take_part(void *arg)
{
	take_and_give(arg, PART_ORDER);
}

static void start_largest(void *state)
{
	tp_sim_start("free0", free_part, state);
	tp_sim_start("free1", free_part, state);
	tp_sim_start("alloc", take_largest, state);
}

/* There is one whole pageblock in the beginning: no more than one of the two need fail. */
static void start_two_allocs(void *state)
{
	tp_sim_start("free0", free_part, state);
	tp_sim_start("alloc-block", take_pageblock, state);
	tp_sim_start("alloc-half", take_part, state);
}

static void check(void *state)
{
	struct merge *s = state;
	struct tp_zone_stat stat;

	tp_scene_check(s->scene);
	for (unsigned i = 0; i < NR_PARTS; i++)
		if (s->used[s->part[i].v - s->range.start.v])
			give(s, s->part[i], PART_ORDER);
	TP_SCENE_MUST(tp_zone_stat(s->scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	TP_EXPECT(stat.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER] == 1);
	TP_EXPECT(!memchr(s->used, true, sizeof(s->used)));
	tp_scene_check(s->scene);
}

TP_SCENARIO(merge_largest,
	    {
		    .name = "mm/merge-vs-alloc",
		    .summary = "two halves are freed while a large run is looked for",
		    .prepare = prepare,
		    .start = start_largest,
		    .check = check,
	    })

TP_SCENARIO(merge_two_allocs,
	    {
		    .name = "mm/free-vs-two-allocs",
		    .summary = "runs of two orders are taken while another is freed",
		    .prepare = prepare,
		    .start = start_two_allocs,
		    .check = check,
	    })
