/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_work - the driver over the simulated device: work is queued while its engine is parked, is
 * reset, has no room, or never comes back.
 *
 * Must hold: each request ends, done or with an error (K3 of gpu/intel/internal.h); none is done
 * after the GPU was said to be wedged (T8).
 */
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/internal.h"
#include "scenarios/gpu_scene.h"

enum { COMMANDS = 64, PART = 3, STORED = 42, OTHERS = 7 };

/* Pages of virtual addresses. */
enum { BATCH_VA = 0x1000, DATA_VA = 0x2000 };

struct work {
	struct tp_intel_scene scene;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batch, *data;
	tp_atomic_u32 *word; /* that the batch stores to */
	struct tp_fence *queued, *fence;
};

/* ---- before ---------------------------------------------------------------------------------- */

static void make_objects(struct work *w)
{
	const uint32_t words[] = { TP_INTEL_MI_STORE_DWORD, DATA_VA, 0, STORED,
				   TP_INTEL_MI_BATCH_END };

	TP_SCENE_MUST(tp_intel_vm_create(w->scene.gpu, &w->vm));
	TP_SCENE_MUST(tp_intel_object_create(w->scene.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, "batch",
					     &w->batch));
	TP_SCENE_MUST(
		tp_intel_object_create(w->scene.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, "data", &w->data));
	TP_SCENE_MUST(tp_intel_vm_bind(w->vm, w->batch, 0, BATCH_VA, TP_PAGE_SIZE));
	TP_SCENE_MUST(tp_intel_vm_bind(w->vm, w->data, 0, DATA_VA, TP_PAGE_SIZE));
	TP_SCENE_MUST(tp_intel_object_write(w->batch, 0, words, sizeof(words)));
}

/* Its objects are bound since the first time, and nobody moves them. */
static struct tp_fence *submit(struct work *w, bool first)
{
	const struct tp_intel_use uses[] = { { w->batch, false }, { w->data, true } };
	const struct tp_intel_batch batch = { .vm = w->vm,
					      .class = TP_INTEL_RENDER,
					      .start = BATCH_VA,
					      .uses = uses,
					      .nr_uses = first ? TP_ARRAY_SIZE(uses) : 0 };
	struct tp_fence *fence = NULL;

	return tp_intel_submit(w->scene.gpu, &batch, &fence) ? NULL : fence;
}

static void run(void *arg)
{
	struct work *w = arg;

	tp_intel_model_run_engine(w->scene.model, 0, COMMANDS);
}

/* Not as far as the batch's store. */
static void run_part(void *arg)
{
	struct work *w = arg;

	for (unsigned i = 0; i < PART; i++)
		tp_intel_model_run_engine(w->scene.model, 0, 1);
}

/* One request has run; its engine is awake and idle. */
static void *prepare(void)
{
	const struct tp_intel_model_config model = { .platform = TP_INTEL_BDW, .no_check = true };
	const struct tp_intel_config driver = { .node = TP_NODE_NONE, .patience.reset_ns = 1 };
	struct work *w = tp_sim_alloc(sizeof(*w));
	const struct tp_bo_chunk *chunk;

	tp_intel_scene_bare(&w->scene, model);
	TP_SCENE_MUST(tp_intel_scene_create(&w->scene, driver));
	make_objects(w);
	tp_fence_put(submit(w, true));
	run(w);
	tp_intel_engine_retire(&w->scene.gpu->engines[0]);
	chunk = tp_bo_chunk_at(tp_intel_object_bo(w->data), 0);
	w->word = tp_page_address(w->scene.base->machine, chunk->pfn);
	TP_EXPECT(tp_atomic_load(w->word, TP_ACQUIRE) == STORED);
	return w;
}

/* And one is queued: there is no room for another. */
static void *prepare_full(void)
{
	struct work *w = prepare();

	w->queued = submit(w, false);
	return w;
}

/* The device does not come out of resets. */
static void *prepare_broken(void)
{
	struct work *w = prepare();

	tp_intel_model_refuse_resets(w->scene.model, UINT32_MAX);
	w->fence = submit(w, false);
	return w;
}

/* ---- at once --------------------------------------------------------------------------------- */

static void submit_one(void *arg)
{
	struct work *w = arg;

	w->fence = submit(w, false);
}

static void park(void *arg)
{
	struct work *w = arg;

	tp_intel_engine_park(&w->scene.gpu->engines[0], UINT64_MAX);
}

static void reset(void *arg)
{
	struct work *w = arg;

	TP_EXPECT(!tp_intel_gt_reset(&w->scene.gpu->gts[0], NULL));
}

/* Once it is wedged, the memory is somebody else's. */
static void wedge(void *arg)
{
	struct work *w = arg;

	TP_EXPECT(tp_intel_gt_reset(&w->scene.gpu->gts[0], NULL));
	tp_atomic_store(w->word, OTHERS, TP_RELEASE);
}

static void start_park(void *state)
{
	tp_sim_start("submit", submit_one, state);
	tp_sim_start("park", park, state);
}

static void start_reset(void *state)
{
	tp_sim_start("submit", submit_one, state);
	tp_sim_start("reset", reset, state);
}

static void start_room(void *state)
{
	tp_sim_start("submit", submit_one, state);
	tp_sim_start("device", run, state);
}

static void start_wedge(void *state)
{
	tp_sim_start("device", run_part, state);
	tp_sim_start("wedge", wedge, state);
}

/* ---- after ----------------------------------------------------------------------------------- */

static void end(struct work *w)
{
	const struct tp_intel_engine *rcs = &w->scene.gpu->engines[0];

	tp_intel_service(w->scene.gpu);
	TP_EXPECT(tp_quiet_load(&rcs->submitted) ==
		  tp_quiet_load(&rcs->completed) + tp_quiet_load(&rcs->failed));
	tp_intel_vm_put(w->vm);
	tp_intel_object_put(w->batch);
	tp_intel_object_put(w->data);
	tp_fence_put(w->queued);
	tp_fence_put(w->fence);
	tp_intel_scene_end(&w->scene);
}

static void check_done(void *state)
{
	struct work *w = state;
	struct tp_intel_model_stat stat;

	run(w);
	TP_EXPECT(w->fence && tp_fence_is_signaled(w->fence) && !tp_fence_error(w->fence));
	tp_intel_model_stat(w->scene.model, &stat);
	TP_EXPECT(!stat.dropped_writes);
	end(w);
}

static void check_ended(void *state)
{
	struct work *w = state;

	run(w);
	TP_EXPECT(w->fence && tp_fence_is_signaled(w->fence));
	end(w);
}

static void check_wedged(void *state)
{
	struct work *w = state;

	run(w);
	TP_EXPECT(tp_fence_is_signaled(w->fence));
	TP_EXPECT(tp_atomic_load(w->word, TP_ACQUIRE) == OTHERS);
	end(w);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

TP_SCENE_PLAY(work_park, "gpu/submit-vs-park", "work is queued while its engine is parked", prepare,
	      start_park, check_done)
TP_SCENE_PLAY(work_reset, "gpu/submit-vs-reset", "work is queued while its GT is reset", prepare,
	      start_reset, check_ended)
TP_SCENE_PLAY(work_room, "gpu/submit-vs-full-ring", "a ring is full, and its engine makes room",
	      prepare_full, start_room, check_done)
TP_SCENE_PLAY(work_wedge, "gpu/run-vs-wedge", "an engine runs while its GPU is wedged",
	      prepare_broken, start_wedge, check_wedged)
