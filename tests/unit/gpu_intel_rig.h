/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_intel_rig - a machine, a simulated device and its driver, with one address space and objects
 * for batches and data.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_INTEL_RIG_H
#define TESTS_UNIT_GPU_INTEL_RIG_H

#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/internal.h"
#include "gpu_rig.h"
#include "model/intel/intel_model.h"

enum {
	RIG_BATCHES = 8,
	/* Some thousand pages, whatever the order of a pageblock. */
	RIG_BLOCKS = TP_CONST_MAX(8, 2048 / (2 * TP_PAGEBLOCK_PAGES)),
};

/* Where batch objects and data are bound. */
#define RIG_BATCH_VA(n) (UINT64_C(0x10000000) + (uint64_t)(n)*TP_PAGE_SIZE)
#define RIG_DATA_VA	UINT64_C(0x40000000)

struct rig {
	struct tp_machine *m;
	struct tp_intel_model *model;
	struct tp_intel *gpu;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batches; /* a page for each */
	struct tp_intel_object *data;	 /* a few pages */
};

/* ---- life ------------------------------------------------------------------------------------ */

struct rig_config {
	enum tp_intel_platform platform;
	struct tp_intel_model_config model; /* but for name and platform */
	struct tp_intel_config driver;	    /* but for name, machine, bus and platform */
};

/* The machine and the device only. */
static inline void rig_make_device(struct rig *rig, const struct rig_config *config)
{
	struct tp_intel_model_config model = config->model;

	*rig = (struct rig){ .m = make_machine(small_machine(RIG_BLOCKS)) };
	model.name = "gpu0";
	model.platform = config->platform;
	if (!model.memory && tp_intel_platform(config->platform)->local_memory)
		model.memory = TP_MIB(4);
	must(tp_intel_model_create(&model, &rig->model));
}

static inline int rig_try_driver(struct rig *rig, const struct rig_config *config)
{
	struct tp_intel_config driver = config->driver;

	driver.name = "gpu0";
	driver.machine = rig->m;
	driver.bus = tp_intel_model_bus(rig->model);
	driver.platform = config->platform;
	driver.gt3 = config->model.gt3;
	driver.node = TP_NODE_NONE;
	return tp_intel_create(&driver, &rig->gpu);
}

static inline void rig_make_objects(struct rig *rig)
{
	must(tp_intel_vm_create(rig->gpu, &rig->vm));
	must(tp_intel_object_create(rig->gpu, RIG_BATCHES * TP_PAGE_SIZE, TP_BO_SYSTEM, "batches",
				    &rig->batches));
	must(tp_intel_object_create(rig->gpu, 4 * TP_PAGE_SIZE, TP_BO_SYSTEM, "data", &rig->data));
	must(tp_intel_vm_bind(rig->vm, rig->batches, 0, RIG_BATCH_VA(0),
			      RIG_BATCHES * TP_PAGE_SIZE));
	must(tp_intel_vm_bind(rig->vm, rig->data, 0, RIG_DATA_VA, 4 * TP_PAGE_SIZE));
}

static inline void rig_make(struct rig *rig, const struct rig_config *config)
{
	rig_make_device(rig, config);
	must(rig_try_driver(rig, config));
	rig_make_objects(rig);
}

static inline void rig_put_objects(struct rig *rig)
{
	if (!rig->vm)
		return;
	tp_intel_vm_put(rig->vm);
	tp_intel_object_put(rig->batches);
	tp_intel_object_put(rig->data);
	rig->vm = NULL;
}

/* How many keep the device awake. */
static inline unsigned rig_power(struct rig *rig)
{
	return tp_atomic_load(&tp_intel_model_bus(rig->model)->power, TP_RELAXED);
}

static inline void rig_end_device(struct rig *rig)
{
	assert_int_equal(rig_power(rig), 0);
	assert_int_equal(tp_intel_model_harms(rig->model, NULL, 0), 0);
	tp_intel_model_destroy(rig->model);
	end_machine(rig->m);
}

static inline void rig_end(struct rig *rig)
{
	rig_put_objects(rig);
	must(tp_intel_destroy(rig->gpu));
	rig_end_device(rig);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Let the device go on until nothing moves any more, and the driver do what it does. */
static inline void rig_run(struct rig *rig)
{
	while (tp_intel_model_run(rig->model, 64))
		;
	tp_intel_service(rig->gpu);
}

/* ---- batches --------------------------------------------------------------------------------- */

static inline void rig_store(struct rig_words *b, uint64_t va, uint32_t value)
{
	rig_put(b, TP_INTEL_MI_STORE_DWORD);
	rig_put64(b, va);
	rig_put(b, value);
}

static inline void rig_copy_word(struct rig_words *b, uint64_t to, uint64_t from)
{
	rig_put(b, TP_INTEL_MI_COPY_MEM);
	rig_put64(b, to);
	rig_put64(b, from);
}

/* Spin here until the word at @va is <= @value; what stands before is done once. */
static inline void rig_spin_until(struct rig_words *b, uint64_t va, uint32_t value)
{
	uint64_t here = RIG_BATCH_VA(b->page) + 4 * b->n;

	rig_put(b, TP_INTEL_MI_CONDITIONAL_END);
	rig_put(b, value);
	rig_put64(b, va);
	rig_put(b, TP_INTEL_MI_BATCH_START);
	rig_put64(b, here);
}

/* Write it to its page; nothing that is there is running. */
static inline void rig_finish(struct rig *rig, struct rig_words *b)
{
	rig_put(b, TP_INTEL_MI_BATCH_END);
	must(tp_intel_object_write(rig->batches, b->page * TP_PAGE_SIZE, b->words, b->n * 4));
}

/* One that stores a value. */
static inline void rig_make_store(struct rig *rig, unsigned page, unsigned word, uint32_t value)
{
	struct rig_words b = { .page = page };

	rig_store(&b, RIG_DATA_VA + 4 * word, value);
	rig_finish(rig, &b);
}

/* One that spins while data word @word is not 0. */
static inline void rig_make_spinner(struct rig *rig, unsigned page, unsigned word)
{
	struct rig_words b = { .page = page };

	rig_spin_until(&b, RIG_DATA_VA + 4 * word, 0);
	rig_finish(rig, &b);
}

static inline int rig_try_submit(struct rig *rig, enum tp_intel_class class, unsigned instance,
				 unsigned page, bool write, struct tp_fence **fence)
{
	const struct tp_intel_use uses[] = { { rig->batches, false }, { rig->data, write } };
	const struct tp_intel_batch batch = {
		.vm = rig->vm,
		.class = class,
		.instance = instance,
		.start = RIG_BATCH_VA(page),
		.uses = uses,
		.nr_uses = TP_ARRAY_SIZE(uses),
	};

	return tp_intel_submit(rig->gpu, &batch, fence);
}

static inline struct tp_fence *rig_submit(struct rig *rig, enum tp_intel_class class,
					  unsigned instance, unsigned page, bool write)
{
	struct tp_fence *fence;

	must(rig_try_submit(rig, class, instance, page, write, &fence));
	return fence;
}

static inline void rig_wait(struct tp_fence *fence, int err)
{
	assert_int_equal(tp_fence_wait(fence, tp_clock_after(TP_SECONDS(20))), 0);
	rig_expect(fence, err);
}

static inline uint32_t rig_read(struct rig *rig, unsigned word)
{
	uint32_t value;

	must(tp_intel_object_read(rig->data, 4 * word, &value, 4));
	return value;
}

static inline void rig_write(struct rig *rig, unsigned word, uint32_t value)
{
	must(tp_intel_object_write(rig->data, 4 * word, &value, 4));
}

/* The same while work uses it. */
static inline tp_atomic_u32 *rig_live(struct rig *rig, unsigned word)
{
	return rig_live_word(rig->m, tp_intel_object_bo(rig->data), word);
}

static inline struct tp_intel_engine *rig_engine(struct rig *rig, const char *name)
{
	tp_intel_for_each_engine(engine, rig->gpu)
	{
		if (!strcmp(engine->name, name))
			return engine;
	}
	fail_msg("no engine %s", name);
	return NULL;
}

#endif
