/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* amd_rig - machine, device, driver, an address space and work in it. */
#include "amd_rig.h"

#include <tidepool/tidepool.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "measure.h"

/* Beyond all copies of the object. */
#define STREAM_VA (UINT64_C(1) << 40)

enum { RWX = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE, STORED = 0x100 };

/* ---- life ------------------------------------------------------------------------------------ */

static void make_stream(struct tp_bench_amd *a)
{
	const uint64_t to = STREAM_VA + STORED;
	const uint32_t words[TP_SDMA_IB_ALIGN_DW] = {
		TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR),
		(uint32_t)to,
		(uint32_t)(to >> 32),
		0,
		1,
	};

	tp_bench_gpu_must(tp_amd_object_create(a->gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "stream",
					       &a->stream),
			  "stream");
	tp_bench_gpu_must(tp_amd_object_write(a->stream, 0, words, sizeof(words)), "stream");
	tp_bench_gpu_must(tp_amd_vm_map(a->vm, a->stream, 0, STREAM_VA, TP_PAGE_SIZE, RWX),
			  "mapping of the stream");
}

static void make_driver(struct tp_bench_amd *a, enum tp_amd_updates updates, bool shadows)
{
	const struct tp_amd_model_config device = { .name = "gpu0",
						    .mode = TP_AMD_MODEL_THREAD,
						    .memory = TP_MIB(128),
						    .invalidate_ns = TP_AMD_MODEL_AT_ONCE,
						    .reset_ns = TP_AMD_MODEL_AT_ONCE,
						    .mode1_ns = TP_AMD_MODEL_AT_ONCE,
						    .no_check = true,
						    .no_trace = true };
	struct tp_amd_config driver = { .name = "gpu0",
					.machine = a->machine,
					.node = TP_NODE_NONE,
					.updates = updates,
					.shadows = shadows,
					.patience.hang_ns = TP_SECONDS(100) };

	tp_bench_gpu_must(tp_amd_model_create(&device, &a->model), "device");
	driver.bus = tp_amd_model_bus(a->model);
	tp_bench_gpu_must(tp_amd_create(&driver, &a->gpu), "driver");
	tp_bench_gpu_must(tp_amd_vm_create(a->gpu, NULL, &a->vm), "address space");
	tp_bench_gpu_must(tp_amd_object_create(a->gpu, TP_BENCH_GPU_PAGES * TP_PAGE_SIZE,
					       TP_BO_SYSTEM, NULL, "bench", &a->object),
			  "object");
}

struct tp_bench_amd *tp_bench_amd_create(enum tp_amd_updates updates, bool shadows)
{
	struct tp_bench_amd *a = tp_zalloc(sizeof(*a));

	if (!a)
		tp_bench_die("memory");
	a->machine = tp_bench_gpu_machine();
	make_driver(a, updates, shadows);
	make_stream(a);
	return a;
}

void tp_bench_amd_destroy(struct tp_bench_amd *a)
{
	tp_amd_vm_put(a->vm);
	tp_amd_object_put(a->stream);
	tp_amd_object_put(a->object);
	tp_bench_gpu_must(tp_amd_destroy(a->gpu), "end of the driver");
	tp_amd_model_destroy(a->model);
	tp_machine_destroy(a->machine);
	tp_free(a);
}

/* ---- mappings -------------------------------------------------------------------------------- */

void tp_bench_amd_map(struct tp_bench_amd *a, unsigned times)
{
	const uint64_t size = a->object->bo.size;

	for (unsigned i = 0; i < times; i++)
		tp_bench_gpu_must(tp_amd_vm_map(a->vm, a->object, 0, i * size, size, RWX),
				  "mapping");
}

void tp_bench_amd_unmap(struct tp_bench_amd *a, unsigned times)
{
	tp_bench_gpu_must(tp_amd_vm_clear(a->vm, 0, times * a->object->bo.size), "unmap");
	tp_bench_gpu_detach(&a->object->bo);
}

static struct tp_fence *write_locked(struct tp_amd_vm *vm)
{
	struct tp_amd_update update;
	struct tp_amd_spares none;
	struct tp_fence *fence;

	tp_amd_spares_init(&none);
	tp_amd_update_begin(&update, vm);
	tp_amd_update_map(&update, tp_amd_mapping_first(&vm->mappings, 0), &none);
	tp_bench_gpu_must(tp_amd_update_end(&update), "update");
	fence = update.last ? tp_fence_get(update.last) : NULL;
	tp_amd_update_release(&update);
	return fence;
}

void tp_bench_amd_write(struct tp_bench_amd *a)
{
	struct tp_amd_vm *vm = a->vm;
	struct tp_fence *fence;

	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	fence = write_locked(vm);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
	if (fence)
		tp_bench_gpu_must(tp_amd_wait(a->gpu, fence, tp_clock_after(TP_SECONDS(100))),
				  "update");
	tp_fence_put(fence);
}

/* ---- losses and work ------------------------------------------------------------------------- */

/* What it takes to fill memory with garbage is no part of a reset. */
void tp_bench_amd_lose(struct tp_bench_amd *a)
{
	tp_amd_model_lose_as(a->model, TP_AMD_LOSS_GARBAGE);
	tp_amd_model_lose(a->model);
	tp_amd_model_lose_as(a->model, TP_AMD_LOSS_NOTHING);
}

void tp_bench_amd_work(struct tp_bench_amd *a)
{
	const struct tp_amd_use use = { a->stream, true };
	const struct tp_amd_work work = { .ring = TP_AMD_RING_SDMA0,
					  .ib = STREAM_VA,
					  .dwords = TP_SDMA_IB_ALIGN_DW,
					  .uses = &use,
					  .nr_uses = 1 };
	struct tp_amd_ctx *ctx;
	struct tp_fence *fence;

	tp_bench_gpu_must(tp_amd_ctx_create(a->gpu, a->vm, &ctx), "context");
	tp_bench_gpu_must(tp_amd_submit(ctx, &work, &fence), "work");
	tp_bench_gpu_must(tp_amd_wait(a->gpu, fence, tp_clock_after(TP_SECONDS(100))), "work");
	tp_fence_put(fence);
	tp_amd_ctx_put(ctx);
}
