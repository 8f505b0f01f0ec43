/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_cancel - an offline is told to stop, or runs out of time, at any moment.
 *
 * It ends in success, or in its error with everything put back; never in between, and never in
 * both: a cancel that comes after the commit is too late (H2).  A listener hears which of the two
 * it was (T6).  Time is virtual; where timers may fire early, so may the deadline (T18).
 */
#include <errno.h>

#include "scenarios/facts.h"
#include "scenarios/listener.h"

static const uint64_t short_ns = TP_MICROSECONDS(40), long_ns = TP_SECONDS(1);
/* An offline that was cancelled looks that often whether it was. */
static const uint64_t prompt_ns = TP_MILLISECONDS(10);

struct attempt {
	struct tp_listener listener;
	struct tp_facts before;
	struct tp_offline_options options;
	struct tp_offline_report report;
	int answer;
	uint64_t ended_ns;
};

static struct attempt *attempt_of(struct tp_scene *scene)
{
	return scene->own;
}

static void *prepare(uint64_t deadline_ns, bool pinned)
{
	struct tp_scene *scene = tp_scene_make(1, 1);
	struct attempt *a = scene->own = tp_sim_alloc(sizeof(*a));

	TP_SCENE_MUST(tp_scene_fill(scene, 0));
	if (pinned)
		TP_SCENE_MUST(tp_page_pin(scene->machine, scene->shelf.page[0]));
	tp_listener_init(&a->listener, scene->machine, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&a->listener));
	TP_SCENE_MUST(tp_cancel_create(&a->options.cancel));
	a->options.deadline_ns = deadline_ns;
	tp_facts_take(scene->machine, &a->before);
	return scene;
}

static void *prepare_free(void)
{
	return prepare(long_ns, false);
}

static void *prepare_pinned(void)
{
	return prepare(long_ns, true);
}

static void *prepare_hurried(void)
{
	return prepare(short_ns, true);
}

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;
	struct attempt *a = attempt_of(scene);

	a->answer = tp_device_offline(scene->device, &a->options, &a->report);
	a->ended_ns = tp_sim_now();
}

static void cancel(void *arg)
{
	tp_cancel_request(attempt_of(arg)->options.cancel);
}

static void unpin(void *arg)
{
	struct tp_scene *scene = arg;

	tp_page_unpin(scene->machine, scene->shelf.page[0]);
}

/* The answer, the blocks, the counts and what was heard are all of one story. */
static void check(struct tp_scene *scene, int error)
{
	struct attempt *a = attempt_of(scene);

	TP_EXPECT(a->answer == 0 || a->answer == error);
	TP_EXPECT(a->report.err == a->answer);
	if (a->answer)
		tp_facts_expect(scene->machine, &a->before);
	else
		TP_EXPECT(tp_scene_block_state(scene, 0) == TP_BLOCK_OFFLINE);
	tp_listener_check(&a->listener);
	tp_scene_check(scene);
}

static void check_cancel(void *scene)
{
	check(scene, -ECANCELED);
}

static void check_deadline(void *scene)
{
	check(scene, -ETIMEDOUT);
}

/* ---- cancelled ------------------------------------------------------------------------------- */

static void start_cancel(void *scene)
{
	tp_sim_start("offline", take_offline, scene);
	tp_sim_start("cancel", cancel, scene);
}

TP_SCENARIO(cancel_free, { .name = "mm/cancel-vs-offline",
			   .summary = "an offline that could succeed is cancelled",
			   .prepare = prepare_free,
			   .start = start_cancel,
			   .check = check_cancel })

static void start_cancel_unpin(void *scene)
{
	start_cancel(scene);
	tp_sim_start("unpin", unpin, scene);
}

TP_SCENARIO(cancel_pinned, { .name = "mm/cancel-vs-unpin",
			     .summary = "an offline that waits for a page is cancelled",
			     .prepare = prepare_pinned,
			     .start = start_cancel_unpin,
			     .check = check_cancel })

/* Nothing else can end it, and it is not a matter of the deadline. */
static void check_cancelled(void *arg)
{
	struct tp_scene *scene = arg;

	TP_EXPECT(attempt_of(scene)->answer == -ECANCELED);
	TP_EXPECT(attempt_of(scene)->ended_ns < prompt_ns);
	check_cancel(scene);
}

TP_SCENARIO(cancel_stuck, { .name = "mm/cancel-vs-stuck-offline",
			    .summary = "an offline that waits in vain is cancelled",
			    .prepare = prepare_pinned,
			    .start = start_cancel,
			    .check = check_cancelled })

/* ---- out of time ----------------------------------------------------------------------------- */

static void start_deadline(void *scene)
{
	tp_sim_start("offline", take_offline, scene);
	tp_sim_start("unpin", unpin, scene);
}

TP_SCENARIO(deadline, { .name = "mm/deadline-vs-unpin",
			.summary = "the deadline passes as the last page becomes movable",
			.prepare = prepare_hurried,
			.start = start_deadline,
			.check = check_deadline,
			.timers = 1 })
