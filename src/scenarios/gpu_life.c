/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_life - a GPU's whole life over the simulated device: driver, address space, objects, a batch,
 * an unbinding, a reset, the end; and each step of it fails once.
 *
 * Must hold: whatever failed, nobody is left waiting, the GPU can be let go of, and nothing of it
 * is left in the machine.  No engine ever reached memory that was not the objects'.
 */
#include <string.h>

#include "gpu/intel/intel.h"
#include "gpu/intel/intel_command_regs.h"
#include "model/intel/intel_model.h"
#include "scenarios/scene.h"

enum { BOOT = 24, VRAM_PAGES = 32, ROUNDS = 8, STORED = 42 };

/* Pages of virtual addresses. */
enum { BATCH_VA = 0x1000, DATA_VA = 0x2000 };

struct life {
	struct tp_scene *scene;
	struct tp_intel_model *model;
	struct tp_intel *gpu;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batch, *data;
};

static void *prepare(enum tp_intel_platform platform, uint64_t memory)
{
	const struct tp_intel_model_config config = {
		.name = "gpu0",
		.platform = platform,
		.mode = TP_INTEL_MODEL_MANUAL,
		.memory = memory,
		.invalidate_ns = TP_INTEL_MODEL_AT_ONCE,
		.reset_ns = TP_INTEL_MODEL_AT_ONCE,
		.wake_ns = TP_INTEL_MODEL_AT_ONCE,
		.tlb_entries = 4,
		.walk_entries = 2,
	};
	struct life *l = tp_sim_alloc(sizeof(*l));

	l->scene = tp_scene_make(BOOT, 1);
	TP_SCENE_MUST(tp_intel_model_create(&config, &l->model));
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

static int make_driver(struct life *l, enum tp_intel_platform platform)
{
	const struct tp_intel_config config = {
		.name = "gpu0",
		.machine = l->scene->machine,
		.bus = tp_intel_model_bus(l->model),
		.platform = platform,
		.node = TP_NODE_NONE,
	};

	return tp_intel_create(&config, &l->gpu);
}

static int make_objects(struct life *l)
{
	bool vram = tp_intel_model_bus(l->model)->memory_size;
	int err = tp_intel_vm_create(l->gpu, &l->vm);

	if (!err)
		err = tp_intel_object_create(l->gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, "batch",
					     &l->batch);
	if (!err)
		err = tp_intel_object_create(l->gpu, TP_PAGE_SIZE, vram ? TP_BO_VRAM : TP_BO_SYSTEM,
					     "data", &l->data);
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

	return err ? err : tp_intel_submit(l->gpu, &batch, fence);
}

/* The device goes on, and the driver sees it. */
static void go_on(struct life *l)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		while (tp_intel_model_run(l->model, ROUNDS))
			;
		tp_intel_service(l->gpu);
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

static void live(struct life *l, enum tp_intel_platform platform)
{
	if (make_driver(l, platform))
		return;
	if (!make_objects(l)) {
		work(l);
		tp_intel_vm_unbind(l->vm, DATA_VA, TP_PAGE_SIZE);
		tp_intel_reset(l->gpu);
	}
	put_objects(l);
	go_on(l);
	TP_EXPECT(!tp_intel_destroy(l->gpu));
}

static void live_registers(void *arg)
{
	live(arg, TP_INTEL_DG1);
}

static void live_firmware(void *arg)
{
	live(arg, TP_INTEL_MTL);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start_registers(void *state)
{
	tp_sim_start("life", live_registers, state);
}

static void start_firmware(void *state)
{
	tp_sim_start("life", live_firmware, state);
}

static void check(void *state)
{
	struct life *l = state;

	TP_EXPECT(!tp_intel_model_harms(l->model, NULL, 0));
	TP_EXPECT(!tp_atomic_load(&tp_intel_model_bus(l->model)->power, TP_RELAXED));
	tp_intel_model_destroy(l->model);
	tp_scene_check(l->scene);
}

#define FAULTS(id, called, what, before, begin)      \
	TP_SCENARIO(id, {                            \
				.name = (called),    \
				.summary = (what),   \
				.prepare = (before), \
				.start = (begin),    \
				.check = check,      \
				.faults = 1,         \
			})

FAULTS(life_registers, "gpu/life-faults-registers",
       "each step of a GPU's life fails once; it has memory of its own", prepare_registers,
       start_registers)
FAULTS(life_firmware, "gpu/life-faults-firmware",
       "each step of a GPU's life fails once; its firmware empties the caches", prepare_firmware,
       start_firmware)
