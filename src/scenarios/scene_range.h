/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scene_range - the device's memory as isolation and migration speak of it. */
#ifndef TP_SCENARIOS_SCENE_RANGE_H
#define TP_SCENARIOS_SCENE_RANGE_H

#include "mm/isolate.h"
#include "scenarios/scene.h"

/* Block @block of the device, counted from 0. */
static inline struct tp_range tp_scene_range(const struct tp_scene *scene, unsigned block)
{
	struct tp_machine *m = scene->machine;

	return (struct tp_range){ .start = { (scene->first_block + block) * m->block_pages },
				  .nr_pages = m->block_pages,
				  .zone = tp_zone_of(m, TP_SCENE_NODE, TP_ZONE_MOVABLE) };
}

#endif
