/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_rig - machine, device, driver. */
#include "gpu_rig.h"

#include <stdlib.h>
#include <tidepool/tidepool.h>

#include "core/alloc.h"
#include "gpu/bo_internal.h"
#include "measure.h"
#include "model/intel/intel_model.h"

static void make_driver(struct tp_bench_gpu *g, enum tp_intel_platform platform,
			enum tp_intel_tlb_rule rule)
{
	const struct tp_intel_model_config device = { .name = "gpu0",
						      .platform = platform,
						      .mode = TP_INTEL_MODEL_MANUAL };
	struct tp_intel_config driver = { .name = "gpu0", .platform = platform, .rule = rule };

	tp_bench_gpu_must(tp_intel_model_create(&device, &g->model), "device");
	driver.machine = g->machine;
	driver.bus = tp_intel_model_bus(g->model);
	driver.node = TP_NODE_NONE;
	driver.patience.hang_ns = TP_SECONDS(1000);
	tp_bench_gpu_must(tp_intel_create(&driver, &g->gpu), "driver");
	tp_bench_gpu_must(tp_intel_vm_create(g->gpu, &g->vm), "address space");
}

struct tp_bench_gpu *tp_bench_gpu_create(enum tp_intel_platform platform,
					 enum tp_intel_tlb_rule rule)
{
	struct tp_bench_gpu *g = tp_zalloc(sizeof(*g));

	if (!g)
		tp_bench_die("memory");
	g->machine = tp_bench_gpu_machine();
	make_driver(g, platform, rule);
	return g;
}

void tp_bench_gpu_destroy(struct tp_bench_gpu *g)
{
	tp_intel_vm_put(g->vm);
	tp_bench_gpu_must(tp_intel_destroy(g->gpu), "end of the driver");
	tp_intel_model_destroy(g->model);
	tp_machine_destroy(g->machine);
	tp_free(g);
}

/* ---- objects --------------------------------------------------------------------------------- */

struct tp_intel_object *tp_bench_gpu_object(struct tp_bench_gpu *g, unsigned order)
{
	const uint64_t size = TP_BENCH_GPU_PAGES * TP_PAGE_SIZE;
	struct tp_intel_object *object;

	tp_bench_gpu_must(tp_intel_object_create(g->gpu, size, TP_BO_SYSTEM, "bench", &object),
			  "object");
	tp_bench_gpu_must(tp_intel_vm_bind(g->vm, object, 0, 0, size), "binding");
	tp_bench_gpu_attach(&object->bo, order);
	return object;
}

void tp_bench_gpu_put(struct tp_bench_gpu *g, struct tp_intel_object *object)
{
	tp_bench_gpu_must(tp_intel_vm_unbind(g->vm, 0, object->bo.size), "unbind");
	tp_bench_gpu_detach(&object->bo);
	tp_intel_object_put(object);
}

void tp_bench_gpu_wake(struct tp_bench_gpu *g)
{
	tp_bench_gpu_must(tp_intel_engine_unpark(&g->gpu->engines[0]), "wake");
}
