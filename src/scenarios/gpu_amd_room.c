/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_room - the driver for AMD's graphics over the simulated device: a job is made while there
 * is no room for its command stream, which others give back meanwhile.
 *
 * Must hold: whoever waits for room gets it if there is some in time (J3 of gpu/amd/internal.h),
 * whether a job that had it ends, or is let go before it was pushed.
 */
#include "gpu/amd/internal.h"
#include "scenarios/gpu_scene.h"

enum {
	COMMANDS = 64,
	NR = TP_AMD_IB_UNITS * TP_AMD_IB_UNIT_DW / TP_AMD_JOB_MAX_DW, /* take all there is */
};

struct stage {
	struct tp_amd_scene scene;
	struct tp_amd_job *jobs[NR];
};

/* ---- before ---------------------------------------------------------------------------------- */

static void *prepare(void)
{
	const struct tp_amd_model_config model = { .no_check = true, .trace = 1 };
	struct stage *s = tp_sim_alloc(sizeof(*s));

	tp_amd_scene_bare(&s->scene, model);
	TP_SCENE_MUST(
		tp_amd_scene_create(&s->scene, (struct tp_amd_config){ .node = TP_NODE_NONE }));
	for (unsigned i = 0; i < NR; i++)
		TP_SCENE_MUST(tp_amd_job_create(s->scene.gpu, TP_AMD_RING_GFX, TP_AMD_JOB_MAX_DW,
						&s->jobs[i]));
	return s;
}

static void push(struct stage *s, unsigned i)
{
	tp_amd_ib_put(&s->jobs[i]->ib, TP_SDMA_HEADER(TP_SDMA_NOP, 0));
	tp_mutex_lock(&s->scene.gpu->push_lock);
	tp_amd_job_push(s->jobs[i]);
	tp_mutex_unlock(&s->scene.gpu->push_lock);
	s->jobs[i] = NULL;
}

/* The first one is in the ring. */
static void *prepare_pushed(void)
{
	struct stage *s = prepare();

	push(s, 0);
	return s;
}

/* ---- at once --------------------------------------------------------------------------------- */

static void create(void *arg)
{
	struct stage *s = arg;
	struct tp_amd_job *job;

	TP_SCENE_MUST(tp_amd_job_create(s->scene.gpu, TP_AMD_RING_SDMA1, 1, &job));
	tp_amd_job_free(job);
}

static void end_one(void *arg)
{
	struct stage *s = arg;

	tp_amd_model_run_ring(s->scene.model, TP_AMD_RING_GFX, COMMANDS);
	tp_amd_ring_run(&s->scene.gpu->rings[TP_AMD_RING_GFX]);
}

static void let_go_one(void *arg)
{
	struct stage *s = arg;

	tp_amd_job_free(s->jobs[0]);
	s->jobs[0] = NULL;
}

static void start_end(void *state)
{
	tp_sim_start("create", create, state);
	tp_sim_start("device", end_one, state);
}

static void start_let_go(void *state)
{
	tp_sim_start("create", create, state);
	tp_sim_start("let go", let_go_one, state);
}

/* ---- after ----------------------------------------------------------------------------------- */

static void check(void *state)
{
	struct stage *s = state;

	for (unsigned i = 0; i < NR; i++)
		if (s->jobs[i])
			tp_amd_job_free(s->jobs[i]);
	tp_amd_scene_end(&s->scene);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

TP_SCENE_PLAY(amd_room_end, "gpu/amd-room-vs-end",
	      "a job is made while another one ends that had the room", prepare_pushed, start_end,
	      check)
TP_SCENE_PLAY(amd_room_let_go, "gpu/amd-room-vs-let-go",
	      "a job is made while another one is let go that was never pushed", prepare,
	      start_let_go, check)
