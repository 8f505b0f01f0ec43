/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_listener - who registers or leaves while memory comes or goes.
 *
 * A listener must hear whole operations only: one that joined in the middle would get a statement
 * without its announcement, one whose replay and registration were two steps would miss what came
 * between them, and one that has left must not be called any more, for its storage may be gone.
 * The checks are the listener's own (L1 to L4 of scenarios/listener.h; T5, T6).
 */
#include "scenarios/listener.h"

static struct tp_listener *listener_of(struct tp_scene *scene)
{
	return scene->own;
}

static void *prepare(bool online, bool listens)
{
	struct tp_scene *scene = tp_scene_make(1, 1);

	scene->own = tp_sim_alloc(sizeof(struct tp_listener));
	tp_listener_init(scene->own, scene->machine, "listener", 0);
	if (!online)
		TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
	if (listens)
		TP_SCENE_MUST(tp_listener_join(scene->own));
	return scene;
}

static void *prepare_online(void)
{
	return prepare(true, false);
}

static void *prepare_offline(void)
{
	return prepare(false, false);
}

static void *prepare_listening(void)
{
	return prepare(true, true);
}

static void join(void *scene)
{
	TP_SCENE_MUST(tp_listener_join(listener_of(scene)));
}

static void join_late(void *scene)
{
	TP_SCENE_MUST(tp_listener_join_late(listener_of(scene)));
}

static void leave(void *scene)
{
	tp_listener_leave(listener_of(scene));
}

static void take_offline(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_device_offline(scene->device, NULL, NULL));
}

static void bring_online(void *arg)
{
	struct tp_scene *scene = arg;

	TP_SCENE_MUST(tp_device_online(scene->device, TP_ONLINE_MOVABLE));
}

static void take_out_and_back(void *scene)
{
	take_offline(scene);
	bring_online(scene);
}

static void check(void *scene)
{
	tp_scene_check(scene);
	tp_listener_check(listener_of(scene));
}

/* ---- joining --------------------------------------------------------------------------------- */

static void start_join_offline(void *scene)
{
	tp_sim_start("join", join, scene);
	tp_sim_start("offline", take_offline, scene);
}

TP_SCENARIO(join_offline, { .name = "mm/register-vs-offline",
			    .summary = "a listener registers, with replay, while memory goes",
			    .prepare = prepare_online,
			    .start = start_join_offline,
			    .check = check })

static void start_join_online(void *scene)
{
	tp_sim_start("join", join, scene);
	tp_sim_start("online", bring_online, scene);
}

TP_SCENARIO(join_online, { .name = "mm/register-vs-online",
			   .summary = "a listener registers, with replay, while memory comes",
			   .prepare = prepare_offline,
			   .start = start_join_online,
			   .check = check })

static void start_join_both(void *scene)
{
	tp_sim_start("join", join_late, scene);
	tp_sim_start("hotplug", take_out_and_back, scene);
}

TP_SCENARIO(join_both,
	    { .name = "mm/register-late-vs-replug",
	      .summary = "a listener registers, without replay, as memory goes and comes",
	      .prepare = prepare_online,
	      .start = start_join_both,
	      .check = check })

/* ---- leaving --------------------------------------------------------------------------------- */

static void start_leave(void *scene)
{
	tp_sim_start("leave", leave, scene);
	tp_sim_start("hotplug", take_out_and_back, scene);
}

TP_SCENARIO(leave_both, { .name = "mm/unregister-vs-replug",
			  .summary = "a listener leaves as memory goes and comes",
			  .prepare = prepare_listening,
			  .start = start_leave,
			  .check = check })

/* ---- both ------------------------------------------------------------------------------------ */

static void join_and_leave(void *scene)
{
	join(scene);
	leave(scene);
}

static void start_visit(void *scene)
{
	tp_sim_start("visit", join_and_leave, scene);
	tp_sim_start("offline", take_offline, scene);
}

TP_SCENARIO(visit, { .name = "mm/visit-vs-offline",
		     .summary = "a listener comes and leaves while memory goes",
		     .prepare = prepare_online,
		     .start = start_visit,
		     .check = check })
