/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_irq - a frame arrives while the thread of a queue pair polls, lets the device interrupt again
 * and goes to sleep; or while the function is reset, so that the thread wakes too early to poll
 * and is woken once more when it may (T6).
 *
 * The device notes what happens while its interrupt is off.
 *
 * Must hold: each frame is delivered without another one that would wake the thread (L1, L2), and
 * every frame is accounted for (Q3).
 */
#include "scenarios/avf_scene.h"

enum { BOOT = 24 };

struct serving {
	struct tp_avf_scene *scene;
	struct tp_wait_queue news; /* a frame was delivered */
	unsigned wire;		   /* the task that brings frames */
};

static void receive(void *arg, tp_unused unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct serving *s = arg;

	tp_netbuf_free_bulk(frames, n);
	tp_atomic_count(&s->scene->delivered, n);
	tp_wake_all(&s->news);
}

/* The thread, which begins with each run, has nothing to do. */
static void *prepare_idle(void)
{
	struct serving *s = tp_sim_alloc(sizeof(*s));
	const struct tp_netdev_user user = { .name = "scene", .receive = receive, .arg = s };
	struct tp_avf *avf;

	tp_wait_queue_init(&s->news);
	s->scene = tp_avf_scene_make(BOOT);
	avf = s->scene->avf;
	avf->run = TP_AVF_RUN_INTERRUPT;
	avf->nd.config.rx_usecs = avf->nd.config.tx_usecs = 0; /* nobody waits for throttled ones */
	tp_avf_set_user(avf, &user);
	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s->scene), "avf0"));
	tp_atomic_store(&avf->queues[0].scheduled, 0, TP_RELAXED);
	return s;
}

/* It has a frame to deliver. */
static void *prepare(void)
{
	struct serving *s = prepare_idle();

	tp_avf_scene_arrive(s->scene, 1);
	return s;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static uint32_t delivered(struct serving *s)
{
	return tp_atomic_load(&s->scene->delivered, TP_RELAXED);
}

static void wait_and_stop(struct serving *s, uint64_t n)
{
	tp_wait_event(&s->news, delivered(s) == n);
	tp_avf_run_stop(s->scene->avf);
}

static void bring_and_stop(void *arg)
{
	struct serving *s = arg;

	tp_avf_scene_arrive(s->scene, 1);
	wait_and_stop(s, 2);
}

static void bring(void *arg)
{
	struct serving *s = arg;

	tp_avf_scene_arrive(s->scene, 1);
}

/* What the device wrote before the reset may be lost with it, and nothing after. */
static void reset_and_stop(void *arg)
{
	struct serving *s = arg;
	struct tp_avf_model_stat stat;
	struct tp_rq_values rq;

	TP_SCENE_MUST(tp_net_reset(tp_avf_scene_machine(s->scene), "avf0"));
	tp_sim_join(s->wire);
	tp_avf_model_stat(s->scene->model, &stat);
	tp_rq_stats_read(&s->scene->avf->nd.rq_stats[0], &rq);
	wait_and_stop(s, stat.queue[0].rx_written - tp_rq_drops(&rq));
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start(void *state)
{
	tp_sim_start("wire", bring_and_stop, state);
}

static void start_reset(void *state)
{
	struct serving *s = state;

	s->wire = tp_sim_start("wire", bring, state);
	tp_sim_start("reset", reset_and_stop, state);
}

static void check(void *state)
{
	struct serving *s = state;

	tp_avf_scene_end(s->scene, true);
}

TP_SCENARIO(irq_rearm, {
			       .name = "avf/irq-vs-rearm",
			       .summary = "a frame arrives as the interrupt is enabled again",
			       .prepare = prepare,
			       .start = start,
			       .check = check,
			       .threads = true,
		       })

TP_SCENARIO(irq_reset, {
			       .name = "avf/irq-vs-reset",
			       .summary = "a frame arrives as a reset ends",
			       .prepare = prepare_idle,
			       .start = start_reset,
			       .check = check,
			       .threads = true,
		       })
