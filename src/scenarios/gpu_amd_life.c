/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_life - the whole life of the driver for AMD's graphics, each step of which fails once:
 * nothing is left behind, and nobody's memory is met.
 *
 * One task does it all, so what waits for the device waits in vain, until its patience ends: rings
 * do not come back from a reset, and the GPU is wedged.
 */
#include "gpu/amd/vm.h"
#include "scenarios/gpu_scene.h"

enum {
	VA = 0x4000,
	ROUNDS = 4,
	STREAM_DW = TP_SDMA_IB_ALIGN_DW,
};

struct life {
	struct tp_amd_scene scene;
	struct tp_amd_vm *by_engine, *by_processor, *compute;
	struct tp_amd_ctx *ctx;
	struct tp_amd_object *object;
};

static void *prepare(bool virtual_function)
{
	struct life *l = tp_sim_alloc(sizeof(*l));

	tp_amd_scene_bare(&l->scene,
			  (struct tp_amd_model_config){ .virtual_function = virtual_function });
	tp_amd_model_lose_as(l->scene.model, TP_AMD_LOSS_NOTHING); /* each word would be a step */
	return l;
}

static void *prepare_whole(void)
{
	return prepare(false);
}

static void *prepare_function(void)
{
	return prepare(true);
}

/* ---- a life ---------------------------------------------------------------------------------- */

static int make_vms(struct life *l)
{
	const struct tp_amd_vm_config by_processor = { .updates_given = true,
						       .updates = TP_AMD_UPDATE_CPU };
	const struct tp_amd_vm_config compute = { .compute = true };
	int err = tp_amd_vm_create(l->scene.gpu, NULL, &l->by_engine);

	if (!err)
		err = tp_amd_vm_create(l->scene.gpu, &by_processor, &l->by_processor);
	if (!err)
		err = tp_amd_vm_create(l->scene.gpu, &compute, &l->compute);
	if (!err)
		err = tp_amd_ctx_create(l->scene.gpu, l->by_processor, &l->ctx);
	if (!err)
		err = tp_amd_object_create(l->scene.gpu, TP_PAGE_SIZE, TP_BO_VRAM, NULL, "object",
					   &l->object);
	return err;
}

/* The device goes on, and the driver sees it. */
static void go_on(struct life *l)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		while (tp_amd_model_run(l->scene.model, ROUNDS))
			;
		tp_amd_service(l->scene.gpu);
	}
}

static void submit(struct life *l)
{
	const uint32_t stream[STREAM_DW] = { TP_SDMA_NOP };
	const struct tp_amd_use use = { l->object, true };
	const struct tp_amd_work work = {
		.ring = TP_AMD_RING_SDMA1, .ib = VA, .dwords = STREAM_DW, .uses = &use, .nr_uses = 1
	};

	if (!tp_amd_object_write(l->object, 0, stream, sizeof(stream)))
		tp_amd_submit(l->ctx, &work, NULL);
	go_on(l);
}

static void work(struct life *l)
{
	const unsigned rwx = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE;

	if (!tp_amd_vm_map(l->by_processor, l->object, 0, VA, TP_PAGE_SIZE, rwx))
		submit(l);
	tp_amd_vm_clear(l->by_processor, VA, TP_PAGE_SIZE);
	tp_amd_vm_map(l->by_engine, l->object, 0, VA, TP_PAGE_SIZE, rwx);
	go_on(l);
	tp_amd_reset(l->scene.gpu, TP_AMD_RESET_AUTO);
}

static void put_all(struct life *l)
{
	if (l->ctx)
		tp_amd_ctx_put(l->ctx);
	if (l->by_engine)
		tp_amd_vm_put(l->by_engine);
	if (l->by_processor)
		tp_amd_vm_put(l->by_processor);
	if (l->compute)
		tp_amd_vm_put(l->compute);
	if (l->object)
		tp_amd_object_put(l->object);
}

static void live(void *arg)
{
	const struct tp_amd_config config = { .node = TP_NODE_NONE,
					      .patience.test_ns = TP_MICROSECONDS(50) };
	struct life *l = arg;

	if (tp_amd_scene_create(&l->scene, config))
		return;
	if (!make_vms(l))
		work(l);
	go_on(l);
	put_all(l);
	go_on(l);
	tp_amd_scene_destroy(&l->scene);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start(void *state)
{
	tp_sim_start("life", live, state);
}

static void check(void *state)
{
	struct life *l = state;

	tp_amd_scene_end(&l->scene);
}

TP_SCENE_FAULTS(amd_life, "gpu/amd-life-faults", "each step of an AMD GPU's life fails once",
		prepare_whole, start, check)
TP_SCENE_FAULTS(amd_life_function, "gpu/amd-life-faults-function", "the same of a virtual function",
		prepare_function, start, check)
