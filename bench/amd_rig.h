/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amd_rig - the driver for AMD's graphics over a simulated device that runs on a thread of its own,
 * an address space, and an object that pretends to have a GiB of memory (gpu_memory.h).
 *
 * The device takes no time for resets and invalidations: what is measured is the driver's time, and
 * what the simulated engine takes to write.
 */
#ifndef TP_BENCH_AMD_RIG_H
#define TP_BENCH_AMD_RIG_H

#include "gpu/amd/vm.h"
#include "gpu_memory.h"
#include "model/amd/amd_model.h"

struct tp_bench_amd {
	struct tp_machine *machine;
	struct tp_amd_model *model;
	struct tp_amd *gpu;
	struct tp_amd_vm *vm;
	struct tp_amd_object *object; /* without memory: tp_bench_gpu_attach() */
	struct tp_amd_object *stream; /* a page that stores to itself */
};

struct tp_bench_amd *tp_bench_amd_create(enum tp_amd_updates updates, bool shadows);
/* Its object has no memory and is not mapped. */
void tp_bench_amd_destroy(struct tp_bench_amd *a);

/* The object, @times, at multiples of its size from 0 on. */
void tp_bench_amd_map(struct tp_bench_amd *a, unsigned times);
/* It has no memory any more, and is mapped nowhere. */
void tp_bench_amd_unmap(struct tp_bench_amd *a, unsigned times);
/* Write again what the mapping at 0 says, and see it done. */
void tp_bench_amd_write(struct tp_bench_amd *a);

/* Video memory is lost, and holds what looks like tables. */
void tp_bench_amd_lose(struct tp_bench_amd *a);
/* A new context's work is done. */
void tp_bench_amd_work(struct tp_bench_amd *a);

#endif
