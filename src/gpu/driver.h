/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * driver - what drivers of GPUs take and give back alike: memory for objects, a name, two threads.
 *
 * Locking: none; who makes a GPU, or lets it go, is alone with it.
 */
#ifndef TP_GPU_DRIVER_H
#define TP_GPU_DRIVER_H

#include "gpu/bo.h"
#include "gpu/gpu.h"
#include "gpu/worker.h"

/* The second gives back what work had; it may wait for what the first does. */
struct tp_gpu_threads {
	struct tp_gpu_worker service, burier;
};

/* -EINVAL: no name.  -EBUSY: the device has a driver. */
int tp_gpu_check(const char *name, const struct tp_bus_device *bus);

/*
 * A DMA domain, through which the device reaches the machine, and its own memory if it has some:
 * tp_bo_device_init() with what it says but for those two.
 */
int tp_gpu_take_memory(struct tp_bo_device *bos);
/* Nothing, if it could not be taken. */
void tp_gpu_give_memory_back(struct tp_bo_device *bos);

/* It is seen from here on, and its number is known; threads, if there are any, run.  -EEXIST,
 * -EINVAL: it is no name.  -EAGAIN: no thread. */
int tp_gpu_show(struct tp_gpu *gpu, struct tp_bo_device *bos, struct tp_gpu_threads *threads);

/* -EAGAIN: no thread. */
int tp_gpu_threads_start(struct tp_gpu_threads *threads, const char *name);
void tp_gpu_threads_stop(struct tp_gpu_threads *threads);

#endif
