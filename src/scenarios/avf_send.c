/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_send - a send queue fills up while the device has just done what was in it (T12).
 *
 * The frame that fills the queue stops it, the next is refused; a poll finds all the others sent.
 *
 * Must hold: a sender that was refused is woken once the queue has room; stops and restarts are
 * counted in pairs (T11).
 */
#include "scenarios/avf_scene.h"

enum {
	BOOT = 32,
	/* Of a ring of 64, one slot of which stays free, so many frames leave just enough. */
	ALMOST = TP_NET_MIN_RING - 1 - 23,
};

static void *prepare(void)
{
	struct tp_avf_scene *s = tp_avf_scene_make(BOOT);
	struct tp_netbuf *frames[ALMOST];

	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s), "avf0"));
	TP_EXPECT(tp_avf_scene_build(s, frames, ALMOST) == ALMOST);
	TP_EXPECT(tp_avf_scene_build(s, s->ready, 2) == 2);
	TP_EXPECT(tp_avf_scene_offer(s, frames, ALMOST) == ALMOST);
	tp_avf_model_run(s->model);
	tp_atomic_store(&s->woken, 0, TP_RELAXED);
	return s;
}

static void fill_up(void *arg)
{
	struct tp_avf_scene *s = arg;

	s->refused = tp_avf_scene_offer(s, s->ready, 2) < 2;
}

static void poll(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_netdev_poll(&s->avf->nd, 0, 16);
}

static void start(void *state)
{
	tp_sim_start("send", fill_up, state);
	tp_sim_start("poll", poll, state);
}

static void check(void *state)
{
	struct tp_avf_scene *s = state;
	struct tp_sq_values sq;

	if (s->refused)
		TP_EXPECT(tp_atomic_load(&s->woken, TP_RELAXED));
	tp_sq_stats_read(&s->avf->nd.sq_stats[0], &sq);
	TP_EXPECT(sq.stops - sq.restarts <= 1);
	TP_EXPECT(tp_avf_scene_send(s)); /* there is room, and it is known */
	tp_avf_scene_end(s, true);
}

TP_SCENARIO(stop_wake, {
			       .name = "avf/stop-vs-wake",
			       .summary = "a send queue stops at the moment it gets room",
			       .prepare = prepare,
			       .start = start,
			       .check = check,
			       .memory = TP_MEMORY_C11,
		       })
