/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_reset - the function is reset while its queues are polled and filled, and while it is
 * configured.
 *
 * Must hold: no frame is lost from the count, whoever had it (Q3); nobody is in a ring that is
 * cleaned (A2); nothing is reached that is not mapped; and the device ends running, as configured.
 */
#include "scenarios/avf_scene.h"

enum { BOOT = 24, FRAMES = 2, OTHER_RING = 96 };

static void *prepare(void)
{
	struct tp_avf_scene *s = tp_avf_scene_make(BOOT);

	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s), "avf0"));
	tp_avf_scene_arrive(s, FRAMES);
	TP_EXPECT(tp_avf_scene_send(s));
	return s;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void poll(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_netdev_poll(&s->avf->nd, 0, FRAMES);
}

static void send(void *arg)
{
	tp_avf_scene_send(arg);
}

static void arrive(void *arg)
{
	tp_avf_scene_arrive(arg, 1);
}

static void run_device(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_avf_model_run(s->model);
}

static void ask_for_reset(void *arg)
{
	TP_SCENE_MUST(tp_net_reset(tp_avf_scene_machine(arg), "avf0"));
}

static void be_reset(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_avf_model_pf_reset(s->model, false);
	tp_avf_service(s->avf);
}

static void configure(void *arg)
{
	struct tp_avf_scene *s = arg;
	struct tp_net_config config = s->avf->nd.config;

	config.tx_ring = OTHER_RING;
	TP_SCENE_MUST(tp_net_configure(tp_avf_scene_machine(s), "avf0", &config));
}

static void lose_function(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_avf_model_pf_reset(s->model, false);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start_poll(void *state)
{
	tp_sim_start("poll", poll, state);
	tp_sim_start("reset", ask_for_reset, state);
}

static void start_send(void *state)
{
	tp_sim_start("send", send, state);
	tp_sim_start("reset", ask_for_reset, state);
}

static void start_frame(void *state)
{
	tp_sim_start("wire", arrive, state);
	tp_sim_start("reset", ask_for_reset, state);
}

static void start_traffic(void *state)
{
	tp_sim_start("poll", poll, state);
	tp_sim_start("send", send, state);
	tp_sim_start("service", be_reset, state);
}

static void start_device(void *state)
{
	tp_sim_start("device", run_device, state);
	tp_sim_start("service", be_reset, state);
}

static void start_configure(void *state)
{
	tp_sim_start("configure", configure, state);
	tp_sim_start("function", lose_function, state);
}

static void check(void *state)
{
	tp_avf_scene_end(state, true);
}

static void check_configured(void *state)
{
	struct tp_avf_scene *s = state;

	TP_EXPECT(s->avf->nd.config.tx_ring == OTHER_RING);
	tp_avf_scene_end(s, true);
}

TP_SCENARIO(reset_poll, {
				.name = "avf/reset-vs-poll",
				.summary = "queues are polled while the function is reset",
				.prepare = prepare,
				.start = start_poll,
				.check = check,
			})

TP_SCENARIO(reset_send, {
				.name = "avf/reset-vs-send",
				.summary = "a frame is sent while the function is reset",
				.prepare = prepare,
				.start = start_send,
				.check = check,
			})

TP_SCENARIO(reset_frame, {
				 .name = "avf/reset-vs-frame",
				 .summary = "a frame arrives while the function is reset",
				 .prepare = prepare,
				 .start = start_frame,
				 .check = check,
			 })

TP_SCENARIO(reset_traffic, {
				   .name = "avf/reset-vs-traffic",
				   .summary = "the function goes under a poll and a sender",
				   .prepare = prepare,
				   .start = start_traffic,
				   .check = check,
			   })

TP_SCENARIO(reset_device, {
				  .name = "avf/reset-vs-device",
				  .summary = "the device works while it is reset behind its driver",
				  .prepare = prepare,
				  .start = start_device,
				  .check = check,
			  })

TP_SCENARIO(reset_configure, {
				     .name = "avf/reset-vs-configure",
				     .summary = "the function is reset while it is configured",
				     .prepare = prepare,
				     .start = start_configure,
				     .check = check_configured,
			     })
