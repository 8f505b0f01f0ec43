/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_lock - who waits for a hotplug operation, and how the waiting ends.
 *
 * The lock is no mutex: a waiter has a deadline and can be cancelled (T17).  Two could be inside at
 * once, a wake-up could be lost, a waiter that gave up could leave the lock taken or take the
 * wake-up of another with it.
 */
#include <errno.h>

#include "mm/hotplug.h"
#include "scenarios/scene.h"

static const uint64_t deadline_ns = TP_MILLISECONDS(1);
/* Longer than the deadline, and than a waiter goes without looking whether it is cancelled. */
static const uint64_t stay_ns = TP_MILLISECONDS(20);

struct door {
	struct tp_scene *scene;
	struct tp_cancel *cancel;
	uint64_t until_ns;
	uint32_t entered; /* under the hotplug lock */
	TP_ATOMIC(uint32_t) inside;
	int answer; /* of the one who may give up */
	uint64_t ended_ns;
};

static struct door *make_door(uint64_t until_ns)
{
	struct door *door = tp_sim_alloc(sizeof(*door));

	door->scene = tp_scene_make(1, 0);
	door->until_ns = until_ns;
	return door;
}

static void *prepare(void)
{
	return make_door(TP_WAIT_FOREVER);
}

static void *prepare_cancel(void)
{
	struct door *door = make_door(TP_WAIT_FOREVER);

	TP_SCENE_MUST(tp_cancel_create(&door->cancel));
	return door;
}

static void *prepare_deadline(void)
{
	return make_door(deadline_ns);
}

static int enter(struct door *door, uint64_t until_ns, struct tp_cancel *cancel)
{
	struct tp_machine *m = door->scene->machine;
	int err = tp_hotplug_begin(m, until_ns, cancel);

	if (err)
		return err;
	TP_EXPECT(!tp_atomic_exchange(&door->inside, 1, TP_RELAXED));
	door->entered++;
	tp_atomic_store(&door->inside, 0, TP_RELAXED);
	tp_hotplug_end(m);
	return 0;
}

static void pass(void *door)
{
	TP_SCENE_MUST(enter(door, TP_WAIT_FOREVER, NULL));
}

static void try_to_pass(void *arg)
{
	struct door *door = arg;

	door->answer = enter(door, door->until_ns, door->cancel);
	door->ended_ns = tp_sim_now();
}

static void linger(void *arg)
{
	struct door *door = arg;

	TP_SCENE_MUST(tp_hotplug_begin(door->scene->machine, TP_WAIT_FOREVER, NULL));
	tp_sleep_ns(stay_ns);
	door->entered++;
	tp_hotplug_end(door->scene->machine);
}

static void cancel(void *arg)
{
	struct door *door = arg;

	tp_cancel_request(door->cancel);
}

/* Nobody is inside, and whoever was not turned away was. */
static void check_passed(struct door *door, unsigned tasks, int error)
{
	TP_EXPECT(!door->answer || door->answer == error);
	TP_EXPECT(door->entered == tasks - !!door->answer);
	TP_SCENE_MUST(tp_hotplug_begin(door->scene->machine, 0, NULL));
	tp_hotplug_end(door->scene->machine);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void start_three(void *door)
{
	tp_sim_start("first", pass, door);
	tp_sim_start("second", pass, door);
	tp_sim_start("third", pass, door);
}

static void check_three(void *door)
{
	check_passed(door, 3, 0);
}

TP_SCENARIO(three,
	    { .name = "mm/hotplug-lock",
	      .summary = "three want the hotplug lock: one at a time, and all of them get it",
	      .prepare = prepare,
	      .start = start_three,
	      .check = check_three })

/* ---- giving up ------------------------------------------------------------------------------- */

static void start_cancel(void *door)
{
	tp_sim_start("lingers", linger, door);
	tp_sim_start("waiter", try_to_pass, door);
	tp_sim_start("cancel", cancel, door);
}

/* Cancelled at once, he does not wait until the other leaves. */
static void check_cancel(void *arg)
{
	struct door *door = arg;

	TP_EXPECT(door->ended_ns < stay_ns);
	check_passed(door, 2, -ECANCELED);
}

TP_SCENARIO(cancelled, { .name = "mm/hotplug-lock-cancel",
			 .summary = "a waiter for the hotplug lock is cancelled",
			 .prepare = prepare_cancel,
			 .start = start_cancel,
			 .check = check_cancel })

static void start_deadline(void *door)
{
	tp_sim_start("lingers", linger, door);
	tp_sim_start("waiter", try_to_pass, door);
}

static void check_deadline(void *door)
{
	check_passed(door, 2, -ETIMEDOUT);
}

TP_SCENARIO(late, { .name = "mm/hotplug-lock-deadline",
		    .summary = "a waiter for the hotplug lock runs out of time as it is given up",
		    .prepare = prepare_deadline,
		    .start = start_deadline,
		    .check = check_deadline,
		    .timers = 1 })

static void start_late_and_patient(void *door)
{
	start_deadline(door);
	tp_sim_start("patient", pass, door);
}

static void check_late_and_patient(void *door)
{
	check_passed(door, 3, -ETIMEDOUT);
}

TP_SCENARIO(late_and_patient,
	    { .name = "mm/hotplug-lock-two-waiters",
	      .summary = "one waiter runs out of time, the other must still be woken",
	      .prepare = prepare_deadline,
	      .start = start_late_and_patient,
	      .check = check_late_and_patient,
	      .timers = 1 })
