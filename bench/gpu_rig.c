/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_rig - machine, device, driver, and memory that is not there. */
#include "gpu_rig.h"

#include <stdlib.h>
#include <tidepool/tidepool.h>

#include "core/alloc.h"
#include "gpu/bo_internal.h"
#include "measure.h"
#include "model/intel/intel_model.h"

static void must(int err, const char *step)
{
	if (err)
		tp_bench_die(step);
}

static void make_machine(struct tp_bench_gpu *g)
{
	const struct tp_machine_config config = {
		.nr_nodes = 1,
		.nodes = { { .dram = TP_MIB(256), .cpus = 1 } },
		.block_size = TP_MIB(128),
		.backing = TP_BACKING_SMALL,
	};

	must(tp_machine_create(&config, &g->machine), "machine");
}

static void make_driver(struct tp_bench_gpu *g, enum tp_intel_platform platform,
			enum tp_intel_tlb_rule rule)
{
	const struct tp_intel_model_config device = { .name = "gpu0",
						      .platform = platform,
						      .mode = TP_INTEL_MODEL_MANUAL };
	struct tp_intel_config driver = { .name = "gpu0", .platform = platform, .rule = rule };

	must(tp_intel_model_create(&device, &g->model), "device");
	driver.machine = g->machine;
	driver.bus = tp_intel_model_bus(g->model);
	driver.node = TP_NODE_NONE;
	driver.patience.hang_ns = TP_SECONDS(1000);
	must(tp_intel_create(&driver, &g->gpu), "driver");
	must(tp_intel_vm_create(g->gpu, &g->vm), "address space");
}

struct tp_bench_gpu *tp_bench_gpu_create(enum tp_intel_platform platform,
					 enum tp_intel_tlb_rule rule)
{
	struct tp_bench_gpu *g = tp_zalloc(sizeof(*g));

	if (!g)
		tp_bench_die("memory");
	make_machine(g);
	make_driver(g, platform, rule);
	return g;
}

void tp_bench_gpu_destroy(struct tp_bench_gpu *g)
{
	tp_intel_vm_put(g->vm);
	must(tp_intel_destroy(g->gpu), "end of the driver");
	tp_intel_model_destroy(g->model);
	tp_machine_destroy(g->machine);
	tp_free(g);
}

/* ---- objects --------------------------------------------------------------------------------- */

/* Chunks follow each other in the object, and lie anywhere, in an order that nobody guesses. */
static struct tp_bo_memory *make_memory(unsigned order)
{
	const uint32_t n = TP_BENCH_GPU_PAGES >> order;
	const uint64_t size = TP_PAGE_SIZE << order;
	struct tp_bo_memory *memory = tp_zalloc(sizeof(*memory) + n * sizeof(memory->chunks[0]));
	uint64_t state = 1;

	if (!memory)
		tp_bench_die("memory");
	memory->place = TP_BO_SYSTEM;
	memory->nr_pages = TP_BENCH_GPU_PAGES;
	memory->nr_chunks = n;
	for (uint32_t i = 0; i < n; i++)
		memory->chunks[i] = (struct tp_bo_chunk){
			.address = (1 + tp_bench_random(&state) % (UINT64_C(1) << 26)) * size,
			.page = i << order,
			.order = (uint8_t)order,
		};
	return memory;
}

struct tp_intel_object *tp_bench_gpu_object(struct tp_bench_gpu *g, unsigned order)
{
	const uint64_t size = TP_BENCH_GPU_PAGES * TP_PAGE_SIZE;
	struct tp_intel_object *object;

	must(tp_intel_object_create(g->gpu, size, TP_BO_SYSTEM, "bench", &object), "object");
	must(tp_intel_vm_bind(g->vm, object, 0, 0, size), "binding");
	tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_bo_attach(&object->bo, make_memory(order));
	tp_resv_unhold(object->bo.resv);
	return object;
}

void tp_bench_gpu_put(struct tp_bench_gpu *g, struct tp_intel_object *object)
{
	must(tp_intel_vm_unbind(g->vm, 0, object->bo.size), "unbind");
	tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_free(tp_bo_detach(&object->bo));
	tp_resv_unhold(object->bo.resv);
	tp_intel_object_put(object);
}

void tp_bench_gpu_wake(struct tp_bench_gpu *g)
{
	must(tp_intel_engine_unpark(&g->gpu->engines[0]), "wake");
}
