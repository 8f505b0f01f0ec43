/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_close - a device is closed while frames arrive, and while its queues are polled and filled.
 *
 * Must hold: the device is out of the rings before they are emptied (A3), and so is everybody else
 * (A2); every frame is accounted for (Q3); and nothing is left.
 */
#include "scenarios/avf_scene.h"

enum { BOOT = 24, FRAMES = 2 };

static void *prepare(void)
{
	struct tp_avf_scene *s = tp_avf_scene_make(BOOT);

	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s), "avf0"));
	tp_avf_scene_arrive(s, FRAMES);
	TP_EXPECT(tp_avf_scene_send(s));
	return s;
}

static void close_device(void *arg)
{
	TP_SCENE_MUST(tp_net_close(tp_avf_scene_machine(arg), "avf0"));
}

static void arrive(void *arg)
{
	tp_avf_scene_arrive(arg, 1);
}

static void send(void *arg)
{
	tp_avf_scene_send(arg);
}

static void poll(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_netdev_poll(&s->avf->nd, 0, FRAMES);
}

static void start_frame(void *state)
{
	tp_sim_start("wire", arrive, state);
	tp_sim_start("close", close_device, state);
}

static void start_traffic(void *state)
{
	tp_sim_start("poll", poll, state);
	tp_sim_start("send", send, state);
	tp_sim_start("close", close_device, state);
}

static void check(void *state)
{
	tp_avf_scene_end(state, false);
}

TP_SCENARIO(close_frame, {
				 .name = "avf/close-vs-frame",
				 .summary = "a frame arrives while the device is closed",
				 .prepare = prepare,
				 .start = start_frame,
				 .check = check,
			 })

TP_SCENARIO(close_traffic, {
				   .name = "avf/close-vs-traffic",
				   .summary = "a device is closed that is polled and sent to",
				   .prepare = prepare,
				   .start = start_traffic,
				   .check = check,
			   })
