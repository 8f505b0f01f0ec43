/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_unbind - an object is unbound and its memory given back while an engine reads it: the whole
 * driver over the whole simulated device.
 *
 * The work that reads it does not say that it uses it, so nobody waits for that.
 *
 * Must hold: the engine reads what was there, or zeroes; never memory that is somebody else's.
 */
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/internal.h"
#include "model/intel/intel_model.h"
#include "scenarios/scene.h"

/* Virtual pages; the batch for binding only, the batch that spins. */
enum { END_VA = 0x1000, SPIN_VA = 0x1080, VICTIM_VA = 0x1100 };

enum { BOOT = 24, ENGINE = 0, BEGIN = 10, TURN = 3 /* commands */ };

struct reading {
	struct tp_scene *scene;
	struct tp_intel_model *model;
	struct tp_intel *gpu;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batches, *victim;
	struct tp_fence *fence;
};

static void make_device(struct reading *r)
{
	const struct tp_intel_model_config config = {
		.name = "gpu0",
		.platform = TP_INTEL_TGL,
		.mode = TP_INTEL_MODEL_MANUAL,
		.invalidate_ns = TP_INTEL_MODEL_AT_ONCE,
		.reset_ns = TP_INTEL_MODEL_AT_ONCE,
		.wake_ns = TP_INTEL_MODEL_AT_ONCE,
		.tlb_entries = 4,
		.walk_entries = 1,
	};

	TP_SCENE_MUST(tp_intel_model_create(&config, &r->model));
}

static void make_driver(struct reading *r)
{
	const struct tp_intel_config config = { .name = "gpu0",
						.machine = r->scene->machine,
						.bus = tp_intel_model_bus(r->model),
						.platform = TP_INTEL_TGL,
						.node = TP_NODE_NONE };

	TP_SCENE_MUST(tp_intel_create(&config, &r->gpu));
	TP_SCENE_MUST(tp_intel_vm_create(r->gpu, &r->vm));
}

static struct tp_intel_object *make_object(struct reading *r, const char *name, uint64_t va,
					   const uint32_t *words, size_t size)
{
	struct tp_intel_object *object;

	TP_SCENE_MUST(tp_intel_object_create(r->gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, name, &object));
	TP_SCENE_MUST(tp_intel_vm_bind(r->vm, object, 0, va, TP_PAGE_SIZE));
	TP_SCENE_MUST(tp_intel_object_write(object, 0, words, size));
	return object;
}

static void make_objects(struct reading *r)
{
	static const uint32_t one = 1;
	static const uint32_t words[] = {
		[0] = TP_INTEL_MI_BATCH_END,
		[(SPIN_VA - END_VA) / 4] = TP_INTEL_MI_CONDITIONAL_END,
		0,
		VICTIM_VA,
		0,
		TP_INTEL_MI_BATCH_START,
		SPIN_VA,
		0,
	};

	r->batches = make_object(r, "batches", END_VA, words, sizeof(words));
	r->victim = make_object(r, "victim", VICTIM_VA, &one, sizeof(one));
}

static void submit(struct reading *r, uint64_t start, unsigned nr_uses, struct tp_fence **fence)
{
	const struct tp_intel_use uses[] = { { r->batches, false }, { r->victim, true } };
	const struct tp_intel_batch batch = { .vm = r->vm,
					      .class = TP_INTEL_RENDER,
					      .start = start,
					      .uses = uses,
					      .nr_uses = nr_uses };

	TP_SCENE_MUST(tp_intel_submit(r->gpu, &batch, fence));
}

/* The engine spins, and remembers the victim. */
static void *prepare(void)
{
	struct reading *r = tp_sim_alloc(sizeof(*r));
	struct tp_fence *bound;

	r->scene = tp_scene_make(BOOT, 1);
	make_device(r);
	make_driver(r);
	make_objects(r);
	submit(r, END_VA, 2, &bound);
	while (tp_intel_model_run(r->model, BEGIN))
		;
	TP_EXPECT(tp_fence_is_signaled(bound));
	tp_fence_put(bound);
	tp_intel_service(r->gpu);
	submit(r, SPIN_VA, 1, &r->fence);
	tp_intel_model_run_engine(r->model, ENGINE, BEGIN);
	return r;
}

static void read_on(void *arg)
{
	struct reading *r = arg;

	tp_intel_model_run_engine(r->model, ENGINE, TURN);
}

static void unbind(void *arg)
{
	struct reading *r = arg;

	TP_SCENE_MUST(tp_intel_vm_unbind(r->vm, VICTIM_VA, TP_PAGE_SIZE));
	tp_intel_object_put(r->victim);
}

/* What the caches may not have forgotten is kept (T7); the engine may read it. */
static void try_unbind(void *arg)
{
	struct reading *r = arg;

	tp_intel_vm_unbind(r->vm, VICTIM_VA, TP_PAGE_SIZE);
	tp_intel_object_put(r->victim);
}

static void invalidate(void *arg)
{
	struct reading *r = arg;

	TP_SCENE_MUST(tp_intel_tlb_invalidate_full(&r->gpu->gts[0]));
}

static void start(void *state)
{
	tp_sim_start("engine", read_on, state);
	tp_sim_start("unbind", unbind, state);
}

static void start_three(void *state)
{
	start(state);
	tp_sim_start("other", invalidate, state);
}

static void start_faults(void *state)
{
	tp_sim_start("engine", read_on, state);
	tp_sim_start("unbind", try_unbind, state);
}

static void end(struct reading *r)
{
	tp_fence_put(r->fence);
	tp_intel_vm_put(r->vm);
	tp_intel_object_put(r->batches);
	tp_intel_service(r->gpu);
	TP_EXPECT(!tp_intel_destroy(r->gpu));
	tp_intel_model_destroy(r->model);
	tp_scene_check(r->scene);
}

static void go_on(struct reading *r)
{
	tp_intel_model_run_engine(r->model, ENGINE, BEGIN);
	TP_EXPECT(!tp_intel_model_harms(r->model, NULL, 0));
}

static void check(void *state)
{
	struct reading *r = state;

	go_on(r);
	TP_EXPECT(tp_fence_is_signaled(r->fence) && !tp_fence_error(r->fence));
	end(r);
}

/* The service does what was left to be done: the quarantine is empty after its round. */
static void check_faults(void *state)
{
	struct reading *r = state;

	go_on(r);
	tp_intel_service(r->gpu);
	go_on(r);
	TP_EXPECT(!tp_bo_quarantined(&r->gpu->bos));
	if (!tp_fence_is_signaled(r->fence))
		tp_intel_reset(r->gpu);
	end(r);
}

TP_SCENARIO(unbind_two, {
				.name = "gpu/unbind-vs-engine",
				.summary = "an object goes while an engine reads it",
				.prepare = prepare,
				.start = start,
				.check = check,
			})

TP_SCENARIO(unbind_three, {
				  .name = "gpu/unbind-vs-engine-vs-invalidation",
				  .summary = "the same, and somebody else invalidates",
				  .prepare = prepare,
				  .start = start_three,
				  .check = check,
			  })

TP_SCENARIO(unbind_faults, {
				   .name = "gpu/unbind-vs-engine-faults",
				   .summary = "an object goes, and the caches may not forget it",
				   .prepare = prepare,
				   .start = start_faults,
				   .check = check_faults,
				   .faults = 1,
			   })
