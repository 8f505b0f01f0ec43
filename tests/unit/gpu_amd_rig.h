/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_rig - a machine, a simulated device of AMD's and its driver; and, for who wants more, an
 * address space with a context, and objects for command streams and data.
 *
 * What takes the device time takes none, if the test does not say otherwise.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_AMD_RIG_H
#define TESTS_UNIT_GPU_AMD_RIG_H

#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "gpu/amd/vm.h"
#include "gpu_rig.h"
#include "model/amd/amd_model.h"

enum {
	RIG_STREAMS = 8, /* a page for each */
	RIG_DATA_PAGES = 4,
	/* Some thousand pages, whatever the order of a pageblock. */
	RIG_BLOCKS = TP_CONST_MAX(8, 4096 / (2 * TP_PAGEBLOCK_PAGES)),
};

/* Where command streams and data are mapped. */
#define RIG_STREAM_VA(n) (UINT64_C(0x10000000) + (uint64_t)(n)*TP_PAGE_SIZE)
#define RIG_DATA_VA	 UINT64_C(0x40000000)

struct rig {
	struct tp_machine *m;
	struct tp_amd_model *model;
	struct tp_amd *gpu;
	/* of rig_make() only */
	struct tp_amd_vm *vm;
	struct tp_amd_ctx *ctx;
	struct tp_amd_object *streams, *data; /* shared, in system memory */
};

/* ---- life ------------------------------------------------------------------------------------ */

struct rig_config {
	unsigned blocks;		  /* of the machine's memory; 0: RIG_BLOCKS */
	struct tp_amd_model_config model; /* but for name */
	struct tp_amd_config driver;	  /* but for name, machine, bus and virtual_function */
};

/* The machine and the device only. */
static inline void rig_make_device(struct rig *rig, const struct rig_config *config)
{
	struct tp_amd_model_config model = config->model;

	*rig = (struct rig){
		.m = make_machine(small_machine(config->blocks ? config->blocks : RIG_BLOCKS)),
	};
	model.name = "gpu0";
	model.memory = model.memory ? model.memory : TP_MIB(16);
	model.invalidate_ns = tp_or_usual(model.invalidate_ns, TP_AMD_MODEL_AT_ONCE);
	model.reset_ns = tp_or_usual(model.reset_ns, TP_AMD_MODEL_AT_ONCE);
	model.mode1_ns = tp_or_usual(model.mode1_ns, TP_AMD_MODEL_AT_ONCE);
	must(tp_amd_model_create(&model, &rig->model));
}

static inline int rig_try_driver(struct rig *rig, const struct rig_config *config)
{
	struct tp_amd_config driver = config->driver;

	driver.name = "gpu0";
	driver.machine = rig->m;
	driver.bus = tp_amd_model_bus(rig->model);
	driver.node = TP_NODE_NONE;
	driver.virtual_function = config->model.virtual_function;
	return tp_amd_create(&driver, &rig->gpu);
}

/* Without an address space. */
static inline void rig_make_driver(struct rig *rig, const struct rig_config *config)
{
	rig_make_device(rig, config);
	must(rig_try_driver(rig, config));
}

static inline void rig_make_objects(struct rig *rig)
{
	const unsigned rwx = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE;

	must(tp_amd_vm_create(rig->gpu, NULL, &rig->vm));
	must(tp_amd_ctx_create(rig->gpu, rig->vm, &rig->ctx));
	must(tp_amd_object_create(rig->gpu, RIG_STREAMS * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL,
				  "streams", &rig->streams));
	must(tp_amd_object_create(rig->gpu, RIG_DATA_PAGES * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL,
				  "data", &rig->data));
	must(tp_amd_vm_map(rig->vm, rig->streams, 0, RIG_STREAM_VA(0), RIG_STREAMS * TP_PAGE_SIZE,
			   rwx));
	must(tp_amd_vm_map(rig->vm, rig->data, 0, RIG_DATA_VA, RIG_DATA_PAGES * TP_PAGE_SIZE, rwx));
}

static inline void rig_make(struct rig *rig, const struct rig_config *config)
{
	rig_make_driver(rig, config);
	rig_make_objects(rig);
}

static inline void rig_put_objects(struct rig *rig)
{
	if (!rig->vm)
		return;
	tp_amd_ctx_put(rig->ctx);
	tp_amd_vm_put(rig->vm);
	tp_amd_object_put(rig->streams);
	tp_amd_object_put(rig->data);
	rig->vm = NULL;
}

static inline struct tp_amd_model_stat rig_stat(struct rig *rig)
{
	struct tp_amd_model_stat stat;

	tp_amd_model_stat(rig->model, &stat);
	return stat;
}

/* Nobody used what the tables said no more, and each request to MMHUB had its semaphore. */
static inline void rig_check_harm(struct rig *rig)
{
	struct tp_amd_model_stat stat = rig_stat(rig);

	assert_int_equal(tp_amd_model_harms(rig->model, NULL, 0), 0);
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++)
		assert_int_equal(stat.hub[i].unguarded, 0);
}

static inline void rig_end_device(struct rig *rig)
{
	assert_false(tp_bus_has_power(tp_amd_model_bus(rig->model)));
	rig_check_harm(rig);
	tp_amd_model_destroy(rig->model);
	end_machine(rig->m);
}

static inline void rig_end(struct rig *rig)
{
	rig_put_objects(rig);
	must(tp_amd_destroy(rig->gpu));
	rig_end_device(rig);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Let device and driver go on until nothing moves any more.  For a device without a thread. */
static inline void rig_run(struct rig *rig)
{
	do {
		while (tp_amd_model_run(rig->model, 64))
			;
	} while (tp_amd_run(rig->gpu));
	tp_amd_service(rig->gpu);
}

/* ---- command streams ------------------------------------------------------------------------- */

static inline void rig_store(struct rig_words *s, uint64_t va, uint32_t value)
{
	rig_put(s, TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR));
	rig_put64(s, va);
	rig_put(s, 0);
	rig_put(s, value);
}

static inline void rig_copy(struct rig_words *s, uint64_t to, uint64_t from, uint32_t bytes)
{
	rig_put(s, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
	rig_put(s, bytes - 1);
	rig_put(s, 0);
	rig_put64(s, from);
	rig_put64(s, to);
}

/* Wait here until the word at @va is @value. */
static inline void rig_wait_word(struct rig_words *s, uint64_t va, uint32_t value)
{
	rig_put(s, TP_SDMA_HEADER(TP_SDMA_POLL_REGMEM, 0) | 1u << 31 |
			   (uint32_t)TP_SDMA_COMPARE_EQUAL << 28);
	rig_put64(s, va);
	rig_put(s, value);
	rig_put(s, ~0u);
	rig_put(s, 0xfffu << 16 | 10);
}

static inline void rig_pad(struct rig_words *s)
{
	while (s->n % TP_SDMA_IB_ALIGN_DW)
		rig_put(s, TP_SDMA_HEADER(TP_SDMA_NOP, 0));
}

/* Write it to its page; nothing that is there is running. */
static inline void rig_finish(struct rig *rig, struct rig_words *s)
{
	rig_pad(s);
	must(tp_amd_object_write(rig->streams, s->page * TP_PAGE_SIZE, s->words, s->n * 4));
}

/* ---- work ------------------------------------------------------------------------------------ */

static inline int rig_try_submit(struct rig *rig, enum tp_amd_ring_id ring,
				 const struct rig_words *s, bool write, struct tp_fence **fence)
{
	const struct tp_amd_use uses[] = { { rig->streams, false }, { rig->data, write } };
	const struct tp_amd_work work = {
		.ring = ring,
		.ib = RIG_STREAM_VA(s->page),
		.dwords = s->n,
		.uses = uses,
		.nr_uses = TP_ARRAY_SIZE(uses),
	};

	return tp_amd_submit(rig->ctx, &work, fence);
}

static inline struct tp_fence *rig_submit(struct rig *rig, enum tp_amd_ring_id ring,
					  const struct rig_words *s, bool write)
{
	struct tp_fence *fence;

	must(rig_try_submit(rig, ring, s, write, &fence));
	return fence;
}

/* One that stores @value to data word @word, from stream page @page. */
static inline struct tp_fence *rig_submit_store(struct rig *rig, enum tp_amd_ring_id ring,
						unsigned page, unsigned word, uint32_t value)
{
	struct rig_words s = { .page = page };

	rig_store(&s, RIG_DATA_VA + 4 * word, value);
	rig_finish(rig, &s);
	return rig_submit(rig, ring, &s, true);
}

/* Wait for it; for a device with a thread. */
static inline void rig_wait(struct rig *rig, struct tp_fence *fence, int err)
{
	assert_int_equal(tp_amd_wait(rig->gpu, fence, tp_clock_after(TP_SECONDS(20))), err);
	rig_expect(fence, err);
}

static inline uint32_t rig_read(struct rig *rig, unsigned word)
{
	uint32_t value;

	must(tp_amd_object_read(rig->data, 4 * word, &value, 4));
	return value;
}

static inline void rig_write(struct rig *rig, unsigned word, uint32_t value)
{
	must(tp_amd_object_write(rig->data, 4 * word, &value, 4));
}

/* The same while work uses it. */
static inline tp_atomic_u32 *rig_live(struct rig *rig, unsigned word)
{
	return rig_live_word(rig->m, tp_amd_object_bo(rig->data), word);
}

/* ---- kernel jobs ----------------------------------------------------------------------------- */

/* One of @ring's with room for @dwords. */
static inline struct tp_amd_job *rig_job(struct rig *rig, enum tp_amd_ring_id ring, uint32_t dwords)
{
	struct tp_amd_job *job;

	must(tp_amd_job_create(rig->gpu, ring, dwords, &job));
	return job;
}

/* Push it; its fence, with a reference of the caller's. */
static inline struct tp_fence *rig_push(struct rig *rig, struct tp_amd_job *job)
{
	struct tp_fence *fence = tp_fence_get(job->fence);

	tp_mutex_lock(&rig->gpu->push_lock);
	tp_amd_job_push(job);
	tp_mutex_unlock(&rig->gpu->push_lock);
	return fence;
}

#endif
