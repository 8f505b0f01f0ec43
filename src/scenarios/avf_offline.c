/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_offline - a block goes offline in which posted receive buffers lie, while the queue is polled
 * and filled again (T27).
 *
 * Must hold: the offline succeeds, for the driver exchanges what the device has; every frame is
 * accounted for; and the device reaches nothing of the block afterwards.
 */
#include "scenarios/avf_scene.h"

enum { BOOT = 32, FRAMES = 2 };

static void *prepare(void)
{
	struct tp_avf_scene *s = tp_avf_scene_make(BOOT);

	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s), "avf0"));
	tp_avf_scene_arrive(s, FRAMES);
	return s;
}

static bool has_work(struct tp_avf_scene *s)
{
	return tp_atomic_load(&s->avf->refresh, TP_ACQUIRE) || tp_atomic_load(&s->gone, TP_ACQUIRE);
}

static void serve(void *arg)
{
	struct tp_avf_scene *s = arg;

	while (!tp_atomic_load(&s->gone, TP_ACQUIRE)) {
		tp_wait_event(&s->avf->service_wake, has_work(s));
		tp_avf_service(s->avf);
	}
}

static void poll(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_netdev_poll(&s->avf->nd, 0, FRAMES);
}

static void take_offline(void *arg)
{
	struct tp_avf_scene *s = arg;

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, NULL, NULL));
	tp_atomic_store(&s->gone, 1, TP_RELEASE);
	tp_wake_all(&s->avf->service_wake);
}

static void start(void *state)
{
	tp_sim_start("offline", take_offline, state);
	tp_sim_start("service", serve, state);
	tp_sim_start("poll", poll, state);
}

static void check(void *state)
{
	struct tp_avf_scene *s = state;

	TP_EXPECT(tp_scene_block_state(s->scene, 0) == TP_BLOCK_OFFLINE);
	tp_avf_scene_arrive(s, 1);
	tp_netdev_poll(&s->avf->nd, 0, 16);
	TP_EXPECT(tp_atomic_load(&s->delivered, TP_RELAXED) > 0);
	tp_avf_scene_end(s, true);
}

TP_SCENARIO(offline_refill, {
				    .name = "avf/offline-vs-refill",
				    .summary = "posted buffers go with their block",
				    .prepare = prepare,
				    .start = start,
				    .check = check,
			    })
