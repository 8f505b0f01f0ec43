/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_scene - making simulated GPUs with their drivers, and looking at what they leave. */
#include "scenarios/gpu_scene.h"

#include "model/amd/internal.h"
#include "model/intel/internal.h"

enum { INTEL_BOOT = 24, AMD_BOOT = 64, AMD_PAGES = 256, TLB_ENTRIES = 4, WALK_ENTRIES = 2 };

/* ---- Intel's --------------------------------------------------------------------------------- */

struct tp_intel_model *tp_intel_scene_device(struct tp_intel_model_config config)
{
	struct tp_intel_model *model;

	config.name = "gpu0";
	config.mode = TP_INTEL_MODEL_MANUAL;
	config.invalidate_ns = TP_INTEL_MODEL_AT_ONCE;
	config.reset_ns = TP_INTEL_MODEL_AT_ONCE;
	config.wake_ns = TP_INTEL_MODEL_AT_ONCE;
	config.tlb_entries = config.tlb_entries ? config.tlb_entries : TLB_ENTRIES;
	config.walk_entries = config.walk_entries ? config.walk_entries : WALK_ENTRIES;
	TP_SCENE_MUST(tp_intel_model_create(&config, &model));
	return model;
}

void tp_intel_scene_bare(struct tp_intel_scene *s, struct tp_intel_model_config config)
{
	s->base = tp_scene_make(INTEL_BOOT, 1);
	s->model = tp_intel_scene_device(config);
}

int tp_intel_scene_create(struct tp_intel_scene *s, struct tp_intel_config config)
{
	config.name = "gpu0";
	config.machine = s->base->machine;
	config.bus = tp_intel_model_bus(s->model);
	config.platform = s->model->config.platform;
	return tp_intel_create(&config, &s->gpu);
}

void tp_intel_scene_destroy(struct tp_intel_scene *s)
{
	TP_EXPECT(!tp_intel_destroy(s->gpu));
	s->gpu = NULL;
}

void tp_intel_scene_end(struct tp_intel_scene *s)
{
	if (s->gpu)
		tp_intel_scene_destroy(s);
	TP_EXPECT(!tp_intel_model_harms(s->model, NULL, 0));
	TP_EXPECT(!tp_bus_has_power(tp_intel_model_bus(s->model)));
	tp_intel_model_destroy(s->model);
	tp_scene_check(s->base);
}

/* ---- AMD's ----------------------------------------------------------------------------------- */

void tp_amd_scene_bare(struct tp_amd_scene *s, struct tp_amd_model_config config)
{
	config.name = "gpu0";
	config.mode = TP_AMD_MODEL_MANUAL;
	config.memory = AMD_PAGES * TP_PAGE_SIZE;
	config.invalidate_ns = TP_AMD_MODEL_AT_ONCE;
	config.reset_ns = TP_AMD_MODEL_AT_ONCE;
	config.mode1_ns = TP_AMD_MODEL_AT_ONCE;
	config.tlb_entries = TLB_ENTRIES;
	config.walk_entries = WALK_ENTRIES;
	s->base = tp_scene_make(AMD_BOOT, 1);
	TP_SCENE_MUST(tp_amd_model_create(&config, &s->model));
}

int tp_amd_scene_create(struct tp_amd_scene *s, struct tp_amd_config config)
{
	config.name = "gpu0";
	config.machine = s->base->machine;
	config.bus = tp_amd_model_bus(s->model);
	config.virtual_function = s->model->config.virtual_function;
	return tp_amd_create(&config, &s->gpu);
}

void tp_amd_scene_destroy(struct tp_amd_scene *s)
{
	TP_EXPECT(!tp_amd_destroy(s->gpu));
	s->gpu = NULL;
}

void tp_amd_scene_end(struct tp_amd_scene *s)
{
	if (s->gpu)
		tp_amd_scene_destroy(s);
	TP_EXPECT(!tp_amd_model_harms(s->model, NULL, 0));
	TP_EXPECT(!tp_bus_has_power(tp_amd_model_bus(s->model)));
	tp_amd_model_destroy(s->model);
	tp_scene_check(s->base);
}
