/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_life - a GPU's whole life over the simulated device: driver, address space, objects, a batch,
 * an unbinding, a reset, the end; and each step of it fails once.
 *
 * Must hold: whatever failed, nobody is left waiting, the GPU can be let go of, and nothing of it
 * is left in the machine.  No engine ever reached memory that was not the objects'.
 */
#include <string.h>

#include "gpu/intel/intel_command_regs.h"
#include "scenarios/gpu_scene.h"

enum { VRAM_PAGES = 32, ROUNDS = 8, STORED = 42 };

/* Pages of virtual addresses. */
enum { BATCH_VA = 0x1000, DATA_VA = 0x2000 };

struct life {
	struct tp_intel_scene scene;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batch, *data;
};

static void *prepare(enum tp_intel_platform platform, uint64_t memory)
{
	struct life *l = tp_sim_alloc(sizeof(*l));

	tp_intel_scene_bare(&l->scene, (struct tp_intel_model_config){ .platform = platform,
								       .memory = memory });
	return l;
}

static void *prepare_registers(void)
{
	return prepare(TP_INTEL_DG1, VRAM_PAGES * TP_PAGE_SIZE);
}

static void *prepare_firmware(void)
{
	return prepare(TP_INTEL_MTL, 0);
}

/* ---- a life ---------------------------------------------------------------------------------- */

static int make_objects(struct life *l)
{
	bool vram = tp_intel_model_bus(l->scene.model)->memory_size;
	int err = tp_intel_vm_create(l->scene.gpu, &l->vm);

	if (!err)
		err = tp_intel_object_create(l->scene.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, "batch",
					     &l->batch);
	if (!err)
		err = tp_intel_object_create(l->scene.gpu, TP_PAGE_SIZE,
					     vram ? TP_BO_VRAM : TP_BO_SYSTEM, "data", &l->data);
	if (!err)
		err = tp_intel_vm_bind(l->vm, l->batch, 0, BATCH_VA, TP_PAGE_SIZE);
	if (!err)
		err = tp_intel_vm_bind(l->vm, l->data, 0, DATA_VA, TP_PAGE_SIZE);
	return err;
}

static int submit(struct life *l, struct tp_fence **fence)
{
	const uint32_t words[] = { TP_INTEL_MI_STORE_DWORD, DATA_VA, 0, STORED,
				   TP_INTEL_MI_BATCH_END,   0 };
	const struct tp_intel_use uses[] = { { l->batch, false }, { l->data, true } };
	const struct tp_intel_batch batch = { .vm = l->vm,
					      .class = TP_INTEL_COPY,
					      .start = BATCH_VA,
					      .uses = uses,
					      .nr_uses = TP_ARRAY_SIZE(uses) };
	int err = tp_intel_object_write(l->batch, 0, words, sizeof(words));

	return err ? err : tp_intel_submit(l->scene.gpu, &batch, fence);
}

/* The device goes on, and the driver sees it. */
static void go_on(struct life *l)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		while (tp_intel_model_run(l->scene.model, ROUNDS))
			;
		tp_intel_service(l->scene.gpu);
	}
}

static void work(struct life *l)
{
	struct tp_fence *fence;
	uint32_t value = 0;
	int err = submit(l, &fence);

	go_on(l);
	if (err)
		return;
	TP_EXPECT(tp_fence_is_signaled(fence));
	if (!tp_fence_error(fence) && !tp_intel_object_read(l->data, 0, &value, sizeof(value)))
		TP_EXPECT(value == STORED);
	tp_fence_put(fence);
}

static void put_objects(struct life *l)
{
	if (l->vm)
		tp_intel_vm_put(l->vm);
	if (l->batch)
		tp_intel_object_put(l->batch);
	if (l->data)
		tp_intel_object_put(l->data);
}

static void live(void *arg)
{
	struct life *l = arg;

	if (tp_intel_scene_create(&l->scene, (struct tp_intel_config){ .node = TP_NODE_NONE }))
		return;
	if (!make_objects(l)) {
		work(l);
		tp_intel_vm_unbind(l->vm, DATA_VA, TP_PAGE_SIZE);
		tp_intel_reset(l->scene.gpu);
	}
	put_objects(l);
	go_on(l);
	tp_intel_scene_destroy(&l->scene);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start(void *state)
{
	tp_sim_start("life", live, state);
}

static void check(void *state)
{
	struct life *l = state;

	tp_intel_scene_end(&l->scene);
}

TP_SCENE_FAULTS(life_registers, "gpu/life-faults-registers",
		"each step of a GPU's life fails once; it has memory of its own", prepare_registers,
		start, check)
TP_SCENE_FAULTS(life_firmware, "gpu/life-faults-firmware",
		"each step of a GPU's life fails once; its firmware empties the caches",
		prepare_firmware, start, check)
