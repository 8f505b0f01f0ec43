/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu - a GPU as views and commands find it, whatever drives it.
 *
 * Invariant G1: a GPU found by its name stays until the call that found it has ended (unregister
 * waits).
 *
 * Locking: the machine's table has a spinlock (rank GPU_TABLE).  Operations are called without it.
 */
#ifndef TP_GPU_GPU_H
#define TP_GPU_GPU_H

#include <tidepool/gpu.h>

#include "core/registry.h"

struct tp_gpu;

struct tp_gpu_ops {
	void (*info)(struct tp_gpu *gpu, struct tp_gpu_info *info);
	void (*stats)(struct tp_gpu *gpu, struct tp_gpu_stats *stats);
	int (*reset)(struct tp_gpu *gpu);
};

struct tp_gpu {
	char name[TP_GPU_NAME];
	const struct tp_gpu_ops *ops;
	struct tp_machine *machine;
	struct tp_registry_entry entry; /* of the machine's GPUs; its number from register on */
};

/* Fill in name, ops and machine before.  -EEXIST, -EINVAL: it is no name. */
int tp_gpu_register(struct tp_gpu *gpu);
void tp_gpu_unregister(struct tp_gpu *gpu);

#endif
