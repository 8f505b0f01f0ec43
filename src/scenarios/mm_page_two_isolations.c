/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_two_isolations - two want to isolate the same pageblocks.
 *
 * Offline isolates all its ranges or none, compaction takes single pageblocks and asks nobody
 * before; the second of them must find out (S2 of mm/isolate.h), and undo what is his and nothing
 * else.
 *
 * Must hold: nobody undoes what he did not isolate, nothing stays isolated, and who got the whole
 * of it got it alone.
 */
#include <errno.h>

#include "scenarios/scene_range.h"

enum { NR_BLOCKS = 2 };

struct two_isolations {
	struct tp_scene *scene;
	struct tp_range range[NR_BLOCKS];
	TP_ATOMIC(uint32_t) inside; /* who has isolated the second block */
};

static void *prepare(void)
{
	struct two_isolations *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, NR_BLOCKS);
	for (unsigned i = 0; i < NR_BLOCKS; i++)
		s->range[i] = tp_scene_range(s->scene, i);
	return s;
}

static void isolate(struct two_isolations *s, unsigned first, unsigned n)
{
	int err = tp_isolate_ranges(&s->range[first], n);

	TP_EXPECT(!err || err == -EBUSY);
	if (err)
		return;
	TP_EXPECT(!tp_atomic_exchange(&s->inside, 1, TP_RELAXED));
	TP_EXPECT(tp_range_free_pages(&s->range[1]) == s->range[1].nr_pages);
	TP_EXPECT(tp_atomic_exchange(&s->inside, 0, TP_RELAXED));
	tp_unisolate_ranges(&s->range[first], n);
}

static void isolate_both(void *arg)
{
	isolate(arg, 0, 2);
}

static void isolate_second(void *arg)
{
	isolate(arg, 1, 1);
}

static void start(void *state)
{
	tp_sim_start("both", isolate_both, state);
	tp_sim_start("second", isolate_second, state);
}

static void check(void *state)
{
	struct two_isolations *s = state;
	struct tp_zone_stat stat;

	TP_SCENE_MUST(tp_zone_stat(s->scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	TP_EXPECT(!stat.isolated_pageblocks && !stat.isolated_free);
	tp_scene_check(s->scene);
}

TP_SCENARIO(two_isolations, {
				    .name = "mm/isolate-vs-isolate",
				    .summary = "one wants two blocks, the other one of them",
				    .prepare = prepare,
				    .start = start,
				    .check = check,
			    })
