/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_rig - a driver over a simulated device, and objects that pretend to have a GiB of memory.
 */
#ifndef TP_BENCH_GPU_RIG_H
#define TP_BENCH_GPU_RIG_H

#include "gpu/intel/internal.h"
#include "gpu_memory.h"

struct tp_bench_gpu {
	struct tp_machine *machine;
	struct tp_intel_model *model;
	struct tp_intel *gpu;
	struct tp_intel_vm *vm;
};

struct tp_bench_gpu *tp_bench_gpu_create(enum tp_intel_platform platform,
					 enum tp_intel_tlb_rule rule);
void tp_bench_gpu_destroy(struct tp_bench_gpu *g);

/* Bound at the address 0 of the address space: 1 GiB in chunks of 2^@order pages, scattered. */
struct tp_intel_object *tp_bench_gpu_object(struct tp_bench_gpu *g, unsigned order);
/* Unbound and gone. */
void tp_bench_gpu_put(struct tp_bench_gpu *g, struct tp_intel_object *object);

/* An engine is awake, so that invalidations have something to do. */
void tp_bench_gpu_wake(struct tp_bench_gpu *g);

#endif
