/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_report - what an offline says of itself, while pages go and pins come off.
 *
 * Progress must never run backwards, and the report must be of the run it is about: whatever is
 * left in the range is named with the reason why it stays (P1).
 */
#include <errno.h>
#include <string.h>

#include "scenarios/scene_range.h"

enum { PAGES = TP_SCENE_BLOCK >> TP_PAGE_SHIFT, PINNED = 0, FREED = 1 };

/* The first pass and one more. */
static const uint64_t deadline_ns = TP_MICROSECONDS(40);

struct account {
	struct tp_offline_options options;
	struct tp_offline_report report;
	struct tp_progress last;
	unsigned nr_progress;
	int answer;
};

static struct account *account_of(struct tp_scene *scene)
{
	return scene->own;
}

static void hear_progress(const struct tp_progress *now, void *arg)
{
	struct account *a = arg;

	TP_EXPECT(now->pages_total == PAGES && now->pages_left <= now->pages_total);
	TP_EXPECT(now->pages_moved >= a->last.pages_moved);
	TP_EXPECT(now->elapsed_ns >= a->last.elapsed_ns);
	TP_EXPECT(now->pass > a->last.pass);
	a->last = *now;
	a->nr_progress++;
}

static void *prepare(void)
{
	struct tp_scene *scene = tp_scene_make(1, 1);
	struct account *a = scene->own = tp_sim_alloc(sizeof(*a));

	TP_SCENE_MUST(tp_scene_fill(scene, PINNED));
	TP_SCENE_MUST(tp_scene_fill(scene, FREED));
	TP_SCENE_MUST(tp_page_pin(scene->machine, scene->shelf.page[PINNED]));
	a->options = (struct tp_offline_options){ .deadline_ns = deadline_ns,
						  .progress = hear_progress,
						  .progress_arg = a };
	return scene;
}

static void offline(void *arg)
{
	struct tp_scene *scene = arg;
	struct account *a = account_of(scene);

	a->answer = tp_device_offline(scene->device, &a->options, &a->report);
}

static void unpin(void *arg)
{
	struct tp_scene *scene = arg;

	tp_page_unpin(scene->machine, scene->shelf.page[PINNED]);
}

static void give(void *scene)
{
	TP_EXPECT(tp_scene_give(scene, FREED));
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static void check_done(const struct account *a)
{
	const struct tp_offline_report *r = &a->report;

	TP_EXPECT(!strcmp(r->reason, "done") && !r->nr_blockers);
	TP_EXPECT(r->bytes_returned == TP_SCENE_BLOCK);
	TP_EXPECT(!a->last.pages_left && a->last.pages_moved == r->pages_moved);
}

/* The one is pinned; the other may have been met as it was freed. */
static bool check_blocker(struct tp_scene *scene, const struct tp_blocker *b)
{
	bool pinned = b->pfn.v == scene->shelf.page[PINNED].v;

	TP_EXPECT(b->pins == pinned && !b->order);
	TP_EXPECT(!strcmp(b->owner, "shelf"));
	TP_EXPECT(!strcmp(b->reason, pinned ? "pinned" : "busy this moment"));
	return pinned;
}

/* Who stays is named; a page on its way to a list is nobody's. */
static void check_late(struct tp_scene *scene, const struct account *a)
{
	const struct tp_offline_report *r = &a->report;
	uint64_t start = tp_scene_range(scene, 0).start.v;
	bool named = false, stays = scene->shelf.page[PINNED].v - start < PAGES;

	TP_EXPECT(!strcmp(r->reason, "deadline passed") && !r->bytes_returned);
	TP_EXPECT(r->nr_blockers <= 2);
	for (unsigned i = 0; i < r->nr_blockers; i++)
		named |= check_blocker(scene, &r->blockers[i]);
	TP_EXPECT(named == stays);
}

static void check(void *arg)
{
	struct tp_scene *scene = arg;
	const struct account *a = account_of(scene);
	const struct tp_offline_report *r = &a->report;

	TP_EXPECT(r->err == a->answer && (!a->answer || a->answer == -ETIMEDOUT));
	TP_EXPECT(r->pages_total == PAGES && r->passes >= 1);
	TP_EXPECT(r->pages_moved <= 2 && !r->pages_released);
	TP_EXPECT(r->bytes_moved == r->pages_moved << TP_PAGE_SHIFT);
	TP_EXPECT(a->nr_progress);
	if (a->answer)
		check_late(scene, a);
	else
		check_done(a);
	tp_scene_check(scene);
}

static void start(void *scene)
{
	tp_sim_start("offline", offline, scene);
	tp_sim_start("unpin", unpin, scene);
	tp_sim_start("free", give, scene);
}

TP_SCENARIO(report, { .name = "mm/report-vs-free-vs-unpin",
		      .summary = "an offline reports while a page is freed and a pin comes off",
		      .prepare = prepare,
		      .start = start,
		      .check = check,
		      .timers = 1 })

/* ---- a plan ---------------------------------------------------------------------------------- */

static void *prepare_plan(void)
{
	struct tp_scene *scene = prepare();

	account_of(scene)->options = (struct tp_offline_options){ .dry_run = true };
	return scene;
}

/* Nothing has changed, and whoever stood in the way then is named. */
static void check_plan(void *arg)
{
	struct tp_scene *scene = arg;
	const struct account *a = account_of(scene);
	const struct tp_offline_report *r = &a->report;

	TP_EXPECT(r->err == a->answer && a->answer == (r->nr_blockers ? -EBUSY : 0));
	TP_EXPECT(r->nr_blockers <= 1 && !r->pages_moved && r->pages_total == PAGES);
	if (r->nr_blockers)
		TP_EXPECT(check_blocker(scene, &r->blockers[0]));
	TP_EXPECT(tp_scene_block_state(scene, 0) == TP_BLOCK_ONLINE);
	tp_scene_check(scene);
}

TP_SCENARIO(plan, { .name = "mm/plan-vs-free-vs-unpin",
		    .summary = "an offline is planned while a page is freed and a pin comes off",
		    .prepare = prepare_plan,
		    .start = start,
		    .check = check_plan })
