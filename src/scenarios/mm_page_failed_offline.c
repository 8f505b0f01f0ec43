/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_failed_offline - a page is freed, or taken, while the offline of its block fails.
 *
 * A pinned page outlasts the deadline, a notifier refuses, or the operation is cancelled with the
 * pinned page still there: which of them is the explorer's choice.  The whole undo, not only that
 * of the isolation, meets the allocator here (T4, T15, T26).
 *
 * Must hold: the offline fails with the reason's own error, the pinned page is where it was, and
 * the machine is as if nobody had tried.
 */
#include <errno.h>

#include "scenarios/scene.h"

enum why { PINNED, REFUSED, CANCELLED, NR_WHYS };

enum { PINNED_COOKIE, FREED_COOKIE, TAKEN_COOKIE };

struct failed_offline {
	struct tp_scene *scene;
	struct tp_memory_notifier notifier;
	struct tp_cancel *cancel;
	enum why why;
	tp_pfn pinned;
};

static int hear(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct failed_offline *s = tp_container_of(notifier, struct failed_offline, notifier);

	if (event->type != TP_MEM_GOING_OFFLINE)
		return 0;
	if (s->why == CANCELLED)
		tp_cancel_request(s->cancel);
	return s->why == REFUSED ? -EPERM : 0;
}

static void *prepare(void)
{
	struct failed_offline *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	TP_SCENE_MUST(tp_scene_fill(s->scene, PINNED_COOKIE));
	TP_SCENE_MUST(tp_scene_fill(s->scene, FREED_COOKIE));
	s->pinned = s->scene->shelf.page[PINNED_COOKIE];
	TP_SCENE_MUST(tp_page_pin(s->scene->machine, s->pinned));
	TP_SCENE_MUST(tp_cancel_create(&s->cancel));
	s->notifier = (struct tp_memory_notifier){ .call = hear, .name = "refuser" };
	TP_SCENE_MUST(tp_memory_notifier_register(s->scene->machine, &s->notifier, 0));
	return s;
}

static void try_offline(void *arg)
{
	static const int errors[NR_WHYS] = {
		[PINNED] = -ETIMEDOUT, [REFUSED] = -EPERM, [CANCELLED] = -ECANCELED
	};
	struct failed_offline *s = arg;
	/* So short that the first pass is the last. */
	const struct tp_offline_options options = { .deadline_ns = 1, .cancel = s->cancel };

	s->why = tp_sim_choose("why it fails", NR_WHYS);
	TP_EXPECT(tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, &options, NULL) ==
		  errors[s->why]);
}

static void free_page(void *arg)
{
	struct failed_offline *s = arg;

	TP_EXPECT(tp_scene_give(s->scene, FREED_COOKIE));
}

static void take_page(void *arg)
{
	struct failed_offline *s = arg;

	TP_SCENE_MUST(tp_scene_take(s->scene, TAKEN_COOKIE));
}

static void start_free(void *state)
{
	tp_sim_start("offline", try_offline, state);
	tp_sim_start("free", free_page, state);
}

static void start_alloc(void *state)
{
	tp_sim_start("offline", try_offline, state);
	tp_sim_start("alloc", take_page, state);
}

static void check(void *state)
{
	struct failed_offline *s = state;
	struct tp_zone_stat stat;

	TP_EXPECT(tp_scene_block_state(s->scene, 0) == TP_BLOCK_ONLINE);
	TP_EXPECT(s->scene->shelf.page[PINNED_COOKIE].v == s->pinned.v);
	TP_SCENE_MUST(tp_zone_stat(s->scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	TP_EXPECT(!stat.isolated_pageblocks && !stat.isolated_free);
	TP_EXPECT(stat.managed == stat.present && stat.present == TP_SCENE_BLOCK / TP_PAGE_SIZE);
	tp_scene_check(s->scene);
}

TP_SCENARIO(failed_offline_free,
	    {
		    .name = "mm/failed-offline-vs-free",
		    .summary = "a page is freed while the offline of its block fails",
		    .prepare = prepare,
		    .start = start_free,
		    .check = check,
	    })

TP_SCENARIO(failed_offline_alloc,
	    {
		    .name = "mm/failed-offline-vs-alloc",
		    .summary = "a page is taken while the offline of a block fails",
		    .prepare = prepare,
		    .start = start_alloc,
		    .check = check,
	    })
