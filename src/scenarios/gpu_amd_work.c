/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_work - the driver for AMD's graphics over the simulated device: work of address spaces
 * that have one VMID after the other, whose mappings are replaced under it, or whose tables are
 * lost before it began; and of two that share an object, which leaves the device's reach.
 *
 * Each address space has a page at VA, with a command stream that stores into that page.  Must
 * hold: work finds the page of its own address space as it is or will be, at no time none (H1 of
 * gpu/amd/internal.h, tp_amd_vm_replace()); it does not begin by the tables of before a loss (J2,
 * T27), nor for a context of before one (CX1 of gpu/amd/ctx.c); what counts as up to date leads to
 * where the object is (V1 of gpu/amd/vm.h).
 */
#include <errno.h>

#include "gpu/amd/vm.h"
#include "scenarios/gpu_scene.h"

enum {
	VMS = 2,
	VA = 0x4000,
	STORE_AT = TP_PAGE_SIZE / 2,
	COMMANDS = 64,
	STREAM_DW = TP_SDMA_IB_ALIGN_DW,
	STORED = 42,
};

struct stage {
	struct tp_amd_scene scene;
	struct tp_amd_vm *vms[VMS];
	struct tp_amd_ctx *ctxs[VMS];
	struct tp_amd_object *objects[VMS];
	struct tp_fence *fences[VMS];
};

static const unsigned rwx = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE;

/* ---- before ---------------------------------------------------------------------------------- */

/* The page says what to do, and is in reach. */
static void make_object(struct stage *s, unsigned i)
{
	const uint32_t stream[STREAM_DW] = { TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR),
					     VA + STORE_AT, 0, 0, STORED };

	TP_SCENE_MUST(tp_amd_object_create(s->scene.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "object",
					   &s->objects[i]));
	TP_SCENE_MUST(tp_amd_object_write(s->objects[i], 0, stream, sizeof(stream)));
}

static void make_vm(struct stage *s, unsigned i, struct tp_amd_object *object, unsigned flags)
{
	TP_SCENE_MUST(tp_amd_vm_create(s->scene.gpu, NULL, &s->vms[i]));
	TP_SCENE_MUST(tp_amd_ctx_create(s->scene.gpu, s->vms[i], &s->ctxs[i]));
	TP_SCENE_MUST(tp_amd_vm_map(s->vms[i], object, 0, VA, TP_PAGE_SIZE, rwx | flags));
}

static void *make_stage(void)
{
	const struct tp_amd_model_config model = { .no_check = true, .trace = 1 };
	const struct tp_amd_config driver = { .node = TP_NODE_NONE, .updates = TP_AMD_UPDATE_CPU };
	struct stage *s = tp_sim_alloc(sizeof(*s));

	tp_amd_scene_bare(&s->scene, model);
	TP_SCENE_MUST(tp_amd_scene_create(&s->scene, driver));
	for (unsigned i = 0; i < VMS; i++)
		make_object(s, i);
	make_vm(s, 0, s->objects[0], 0);
	return s;
}

static int submit(struct stage *s, unsigned i)
{
	const struct tp_amd_use use = { s->objects[i], true };
	const struct tp_amd_work work = {
		.ring = TP_AMD_RING_GFX, .ib = VA, .dwords = STREAM_DW, .uses = &use, .nr_uses = 1
	};

	return tp_amd_submit(s->ctxs[i], &work, &s->fences[i]);
}

static void execute(void *arg)
{
	struct stage *s = arg;

	tp_amd_model_run_ring(s->scene.model, TP_AMD_RING_GFX, COMMANDS);
}

/* The device and the driver, until nothing moves. */
static void go(struct stage *s)
{
	do
		execute(s);
	while (tp_amd_run(s->scene.gpu));
	tp_amd_bury(s->scene.gpu);
}

/* The first one's is in the ring. */
static void *prepare_work(void)
{
	struct stage *s = make_stage();

	TP_SCENE_MUST(submit(s, 0));
	return s;
}

/* And there is one VMID that is not somebody else's, or used later than that. */
static void *prepare_two(void)
{
	struct stage *s = make_stage();
	struct tp_amd_hub *hub = &s->scene.gpu->hubs[TP_AMD_GFXHUB];

	make_vm(s, 1, s->objects[1], 0);
	for (unsigned n = 2; n < TP_AMD_FIRST_COMPUTE_VMID; n++)
		hub->vmids[n].used_ns = UINT64_MAX;
	TP_SCENE_MUST(submit(s, 0));
	return s;
}

/* The device remembers where the first one's object is, which the second is about to look up. */
static void *prepare_shared(void)
{
	struct stage *s = prepare_work();

	go(s);
	make_vm(s, 1, s->objects[0], TP_AMD_MAP_LAZY);
	return s;
}

/* ---- at once --------------------------------------------------------------------------------- */

static void submit_second(void *arg)
{
	TP_SCENE_MUST(submit(arg, 1));
}

static void replace(void *arg)
{
	struct stage *s = arg;

	TP_SCENE_MUST(tp_amd_vm_replace(s->vms[0], s->objects[1], 0, VA, TP_PAGE_SIZE, rwx));
}

static void validate_second(void *arg)
{
	struct stage *s = arg;

	TP_SCENE_MUST(tp_amd_vm_validate(s->vms[1]));
}

static void swap_out(void *arg)
{
	struct stage *s = arg;
	int err = tp_amd_object_swap_out(s->objects[0]);

	TP_EXPECT(!err || err == -EBUSY);
}

static void submit_first(void *arg)
{
	int err = submit(arg, 0);

	TP_EXPECT(!err || err == -ECANCELED);
}

/* What a reset does, but for the device, which has executed nothing yet. */
static void lose(void *arg)
{
	struct stage *s = arg;
	struct tp_amd *gpu = s->scene.gpu;

	tp_atomic_add(&gpu->resets, 1, TP_ACQ_REL);
	tp_atomic_store(&gpu->state, TP_GPU_RESETTING, TP_RELEASE);
	tp_amd_for_each_ring(ring, gpu) tp_amd_ring_is_idle(ring); /* nobody moves it (J4) */
	tp_amd_vmids_reset(gpu);
	tp_atomic_add(&gpu->vram_lost, 1, TP_ACQ_REL);
	tp_amd_for_each_ring(ring, gpu) tp_amd_ring_force(ring, NULL);
	tp_amd_for_each_ring(ring, gpu) tp_amd_ring_start(ring);
	tp_atomic_store(&gpu->state, TP_GPU_RUNNING, TP_RELEASE);
	tp_atomic_add(&gpu->resets, 1, TP_ACQ_REL);
	tp_wake_all(&gpu->resumed);
	tp_amd_run(gpu);
}

/* And somebody else brings the address space up to date: nothing of it was lost in truth. */
static void lose_and_rebuild(void *arg)
{
	struct stage *s = arg;

	lose(arg);
	tp_mutex_lock(&s->vms[0]->lock);
	s->vms[0]->generation = tp_amd_vm_generation(s->vms[0]);
	tp_mutex_unlock(&s->vms[0]->lock);
}

static void start_two(void *state)
{
	tp_sim_start("device", execute, state);
	tp_sim_start("submit", submit_second, state);
}

static void start_replace(void *state)
{
	tp_sim_start("device", execute, state);
	tp_sim_start("replace", replace, state);
}

static void start_shared(void *state)
{
	tp_sim_start("validate", validate_second, state);
	tp_sim_start("swap", swap_out, state);
}

static void start_loss(void *state)
{
	tp_sim_start("submit", submit_first, state);
	tp_sim_start("loss", lose, state);
}

static void start_renewal(void *state)
{
	tp_sim_start("submit", submit_first, state);
	tp_sim_start("loss", lose_and_rebuild, state);
}

/* ---- after ----------------------------------------------------------------------------------- */

static bool is_stored(struct stage *s, unsigned i)
{
	uint32_t word;

	TP_SCENE_MUST(tp_amd_object_read(s->objects[i], STORE_AT, &word, sizeof(word)));
	return word == STORED;
}

static void end(struct stage *s)
{
	for (unsigned i = 0; i < VMS; i++) {
		tp_fence_put(s->fences[i]);
		if (s->vms[i]) {
			tp_amd_ctx_put(s->ctxs[i]);
			tp_amd_vm_put(s->vms[i]);
		}
		tp_amd_object_put(s->objects[i]);
	}
	tp_amd_scene_end(&s->scene);
}

static void expect_done(struct stage *s, unsigned i)
{
	TP_EXPECT(tp_amd_fence_is_over(s->fences[i]) && !tp_fence_error(s->fences[i]));
}

static void check_two(void *state)
{
	struct stage *s = state;

	go(s);
	for (unsigned i = 0; i < VMS; i++) {
		expect_done(s, i);
		TP_EXPECT(is_stored(s, i));
	}
	end(s);
}

static void check_replaced(void *state)
{
	struct stage *s = state;
	struct tp_amd_model_stat stat;

	go(s);
	expect_done(s, 0);
	tp_amd_model_stat(s->scene.model, &stat);
	TP_EXPECT(!stat.hub[TP_AMD_GFXHUB].faults);
	TP_EXPECT(is_stored(s, 0) + is_stored(s, 1) == 1);
	end(s);
}

static void check_shared(void *state)
{
	struct stage *s = state;
	bool ready;

	tp_mutex_lock(&s->vms[1]->lock);
	ready = tp_amd_vm_is_ready(s->vms[1]);
	tp_mutex_unlock(&s->vms[1]->lock);
	TP_EXPECT(!ready || tp_bo_is_in_reach(tp_amd_object_bo(s->objects[0])));
	end(s);
}

/* Whether it was queued before the loss, which ended it, or is old. */
static void check_lost(void *state)
{
	struct stage *s = state;

	go(s);
	if (s->fences[0])
		TP_EXPECT(tp_amd_fence_is_over(s->fences[0]) &&
			  tp_fence_error(s->fences[0]) == -ECANCELED);
	TP_EXPECT(!is_stored(s, 0));
	end(s);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

TP_SCENE_PLAY(amd_vm_vm, "gpu/amd-work-vs-submit",
	      "work of an address space is queued while that of another ends", prepare_two,
	      start_two, check_two)
TP_SCENE_PLAY(amd_replace_work, "gpu/amd-replace-vs-work",
	      "a mapping is replaced while work uses it", prepare_work, start_replace,
	      check_replaced)
TP_SCENE_PLAY(amd_validate_swap, "gpu/amd-validate-vs-swap",
	      "an object leaves while an address space looks it up", prepare_shared, start_shared,
	      check_shared)
TP_SCENE_PLAY(amd_submit_loss, "gpu/amd-submit-vs-loss",
	      "video memory is lost while work is queued", make_stage, start_loss, check_lost)
TP_SCENE_PLAY(amd_submit_renewal, "gpu/amd-submit-vs-renewal",
	      "work is queued while its address space is rebuilt after a loss", make_stage,
	      start_renewal, check_lost)
