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
#include "scenarios/gpu_scene.h"

/* Virtual pages; the batch for binding only, the batch that spins. */
enum { END_VA = 0x1000, SPIN_VA = 0x1080, VICTIM_VA = 0x1100 };

enum { ENGINE = 0, BEGIN = 10, TURN = 3 /* commands */ };

struct reading {
	struct tp_intel_scene scene;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batches, *victim;
	struct tp_fence *fence;
};

static struct tp_intel_object *make_object(struct reading *r, const char *name, uint64_t va,
					   const uint32_t *words, size_t size)
{
	struct tp_intel_object *object;

	TP_SCENE_MUST(
		tp_intel_object_create(r->scene.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, name, &object));
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

	TP_SCENE_MUST(tp_intel_submit(r->scene.gpu, &batch, fence));
}

/* The engine spins, and remembers the victim. */
static void *prepare(void)
{
	const struct tp_intel_model_config model = { .platform = TP_INTEL_TGL, .walk_entries = 1 };
	const struct tp_intel_config driver = { .node = TP_NODE_NONE };
	struct reading *r = tp_sim_alloc(sizeof(*r));
	struct tp_fence *bound;

	tp_intel_scene_bare(&r->scene, model);
	TP_SCENE_MUST(tp_intel_scene_create(&r->scene, driver));
	TP_SCENE_MUST(tp_intel_vm_create(r->scene.gpu, &r->vm));
	make_objects(r);
	submit(r, END_VA, 2, &bound);
	while (tp_intel_model_run(r->scene.model, BEGIN))
		;
	TP_EXPECT(tp_fence_is_signaled(bound));
	tp_fence_put(bound);
	tp_intel_service(r->scene.gpu);
	submit(r, SPIN_VA, 1, &r->fence);
	tp_intel_model_run_engine(r->scene.model, ENGINE, BEGIN);
	return r;
}

static void read_on(void *arg)
{
	struct reading *r = arg;

	tp_intel_model_run_engine(r->scene.model, ENGINE, TURN);
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

	TP_SCENE_MUST(tp_intel_tlb_invalidate_full(&r->scene.gpu->gts[0]));
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
	tp_intel_service(r->scene.gpu);
	tp_intel_scene_end(&r->scene);
}

static void go_on(struct reading *r)
{
	tp_intel_model_run_engine(r->scene.model, ENGINE, BEGIN);
	TP_EXPECT(!tp_intel_model_harms(r->scene.model, NULL, 0));
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
	tp_intel_service(r->scene.gpu);
	go_on(r);
	TP_EXPECT(!tp_bo_quarantined(&r->scene.gpu->bos));
	if (!tp_fence_is_signaled(r->fence))
		tp_intel_reset(r->scene.gpu);
	end(r);
}

TP_SCENE_PLAY(unbind_two, "gpu/unbind-vs-engine", "an object goes while an engine reads it",
	      prepare, start, check)
TP_SCENE_PLAY(unbind_three, "gpu/unbind-vs-engine-vs-invalidation",
	      "the same, and somebody else invalidates", prepare, start_three, check)
TP_SCENE_FAULTS(unbind_faults, "gpu/unbind-vs-engine-faults",
		"an object goes, and the caches may not forget it", prepare, start_faults,
		check_faults)
