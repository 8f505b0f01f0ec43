/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_reset - the driver for AMD's graphics over the simulated device: a job runs, or is
 * pushed, while the GPU is reset and does not come back.  It is a virtual function, whose reset
 * stops nothing before it happens.
 *
 * Must hold: each job ends, done or with an error, once (J1 of gpu/amd/internal.h); none is done
 * after the GPU was said to be wedged, for the memory may be somebody else's (RS1, T8).
 */
#include "gpu/amd/vm.h"
#include "scenarios/gpu_scene.h"

enum { COMMANDS = 64, PART = 2, STORED = 42, OTHERS = 7 };

struct stage {
	struct tp_amd_scene scene;
	struct tp_dma_coherent memory; /* that jobs store to */
	uint64_t address;
	tp_atomic_u32 *word;
	struct tp_fence *first, *second;
};

/* ---- before ---------------------------------------------------------------------------------- */

static struct tp_fence *push(struct stage *s)
{
	struct tp_amd_job *job;
	struct tp_fence *fence;

	TP_SCENE_MUST(tp_amd_job_create(s->scene.gpu, TP_AMD_RING_GFX, TP_SDMA_IB_ALIGN_DW, &job));
	tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR));
	tp_amd_ib_put64(&job->ib, s->address);
	tp_amd_ib_put(&job->ib, 0);
	tp_amd_ib_put(&job->ib, STORED);
	fence = tp_fence_get(job->fence);
	tp_mutex_lock(&s->scene.gpu->push_lock);
	tp_amd_job_push(job);
	tp_mutex_unlock(&s->scene.gpu->push_lock);
	return fence;
}

static void run(void *arg)
{
	struct stage *s = arg;

	tp_amd_model_run_ring(s->scene.model, TP_AMD_RING_GFX, COMMANDS);
}

/* A job has run, another one is in the ring, and the device does not come out of resets. */
static void *prepare(void)
{
	const struct tp_amd_model_config model = { .virtual_function = true,
						   .no_check = true,
						   .trace = 1 };
	const struct tp_amd_config driver = { .node = TP_NODE_NONE,
					      .patience = { .access_ns = 1, .reset_ns = 1 } };
	struct stage *s = tp_sim_alloc(sizeof(*s));

	tp_amd_scene_bare(&s->scene, model);
	TP_SCENE_MUST(tp_amd_scene_create(&s->scene, driver));
	TP_SCENE_MUST(tp_dma_alloc(s->scene.gpu->bos.domain, TP_PAGE_SIZE, TP_NODE_NONE, "data",
				   &s->memory));
	TP_SCENE_MUST(tp_amd_gart_insert(s->scene.gpu, s->memory.dma, 1, &s->address));
	s->word = s->memory.address;
	tp_fence_put(push(s));
	run(s);
	TP_EXPECT(tp_atomic_exchange(s->word, 0, TP_ACQ_REL) == STORED);
	tp_amd_run(s->scene.gpu);
	tp_amd_model_refuse_resets(s->scene.model, UINT32_MAX);
	s->first = push(s);
	return s;
}

/* ---- at once --------------------------------------------------------------------------------- */

/* Not all of the job. */
static void run_part(void *arg)
{
	struct stage *s = arg;

	for (unsigned i = 0; i < PART; i++)
		tp_amd_model_run_ring(s->scene.model, TP_AMD_RING_GFX, 1);
}

static void wedge(void *arg)
{
	struct stage *s = arg;

	TP_EXPECT(tp_amd_reset(s->scene.gpu, TP_AMD_RESET_AUTO));
	tp_atomic_store(s->word, OTHERS, TP_RELEASE);
}

static void push_one(void *arg)
{
	struct stage *s = arg;

	s->second = push(s);
}

static void start_run(void *state)
{
	tp_sim_start("device", run_part, state);
	tp_sim_start("wedge", wedge, state);
}

static void start_push(void *state)
{
	tp_sim_start("push", push_one, state);
	tp_sim_start("wedge", wedge, state);
}

/* ---- after ----------------------------------------------------------------------------------- */

static void check(void *state)
{
	struct stage *s = state;
	const struct tp_amd_ring *ring = &s->scene.gpu->rings[TP_AMD_RING_GFX];

	run(s);
	TP_EXPECT(tp_fence_is_signaled(s->first));
	TP_EXPECT(!s->second || tp_fence_error(s->second));
	TP_EXPECT(tp_quiet_load(&ring->submitted) ==
		  tp_quiet_load(&ring->completed) + tp_quiet_load(&ring->failed));
	TP_EXPECT(tp_atomic_load(s->word, TP_ACQUIRE) == OTHERS);
	tp_fence_put(s->first);
	tp_fence_put(s->second);
	TP_SCENE_MUST(tp_amd_gart_remove(s->scene.gpu, s->address, 1));
	tp_dma_free(&s->memory);
	tp_amd_scene_end(&s->scene);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

TP_SCENE_PLAY(amd_run_wedge, "gpu/amd-run-vs-wedge", "a job runs while its GPU does not come back",
	      prepare, start_run, check)
TP_SCENE_PLAY(amd_push_wedge, "gpu/amd-push-vs-wedge",
	      "a job is pushed while its GPU does not come back", prepare, start_push, check)
