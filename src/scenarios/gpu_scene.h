/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_scene - what the scenarios of GPUs' drivers begin and end with: a machine, a simulated device
 * that does nothing by itself and takes no time for what it does, and its driver.
 */
#ifndef TP_SCENARIOS_GPU_SCENE_H
#define TP_SCENARIOS_GPU_SCENE_H

#include "gpu/amd/amd.h"
#include "gpu/intel/intel.h"
#include "model/amd/amd_model.h"
#include "model/intel/intel_model.h"
#include "scenarios/scene.h"

struct tp_intel_scene {
	struct tp_scene *base;
	struct tp_intel_model *model;
	struct tp_intel *gpu; /* NULL: there is no driver */
};

/* @config: but for name, mode and times; small caches if it does not say. */
struct tp_intel_model *tp_intel_scene_device(struct tp_intel_model_config config);
/* The same, and a machine. */
void tp_intel_scene_bare(struct tp_intel_scene *s, struct tp_intel_model_config config);
/* The driver; @config: but for name, machine, bus and platform.  0 or the error. */
int tp_intel_scene_create(struct tp_intel_scene *s, struct tp_intel_config config);
/* Nobody uses it any more. */
void tp_intel_scene_destroy(struct tp_intel_scene *s);
/*
 * For a check: the driver goes, if there is one, and leaves nothing; no engine ever met memory that
 * was not its own.
 */
void tp_intel_scene_end(struct tp_intel_scene *s);

struct tp_amd_scene {
	struct tp_scene *base;
	struct tp_amd_model *model;
	struct tp_amd *gpu;
};

/* The same of AMD's; @config: but for name, mode, memory, times and caches. */
void tp_amd_scene_bare(struct tp_amd_scene *s, struct tp_amd_model_config config);
/* @config: but for name, machine, bus and virtual_function. */
int tp_amd_scene_create(struct tp_amd_scene *s, struct tp_amd_config config);
void tp_amd_scene_destroy(struct tp_amd_scene *s);
void tp_amd_scene_end(struct tp_amd_scene *s);

#endif
