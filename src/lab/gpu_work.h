/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_work - what a load of work on a GPU is asked to be. */
#ifndef TP_LAB_GPU_WORK_H
#define TP_LAB_GPU_WORK_H

#include "lab/gpu.h"
#include "lab/load.h"

struct tp_gpu_work_config {
	struct tp_lab_gpu *gpu;
	unsigned objects;     /* of each worker */
	uint64_t object_size; /* bytes, whole pages */
	unsigned vram;	      /* percent of the objects that prefer video memory */
	unsigned user;	      /* and that lie in the worker's own memory, */
	int node;	      /* which is rather there than elsewhere; TP_NODE_NONE: anywhere */
	/* Each worker also lets an engine read where objects are or were, without saying so. */
	bool trespass;
	/* What it finds there that is others' is counted, and no finding. */
	bool strays;
};

#endif
