/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_memory - what the rigs of GPUs share: a small machine, and objects that pretend to have a GiB
 * of memory.
 *
 * No engine reads or writes these objects, so addresses in page tables may lead nowhere.
 */
#ifndef TP_BENCH_GPU_MEMORY_H
#define TP_BENCH_GPU_MEMORY_H

#include "gpu/bo.h"

enum { TP_BENCH_GPU_PAGES = 1 << 18 }; /* 1 GiB */

struct tp_machine *tp_bench_gpu_machine(void);

/* @bo, of TP_BENCH_GPU_PAGES, has them in chunks of 2^@order, scattered; until it is taken back. */
void tp_bench_gpu_attach(struct tp_bo *bo, unsigned order);
void tp_bench_gpu_detach(struct tp_bo *bo);

/* What must not fail. */
void tp_bench_gpu_must(int err, const char *step);

#endif
