/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_create - a machine is made and taken apart while every step of its making fails once.
 *
 * Boot memory comes online like any other, so a failure in the middle takes back an operation as
 * well as the rooms, chains and threads made before it.
 */
#include "scenarios/scene.h"

struct birth {
	struct tp_machine_config config;
};

static void *prepare(void)
{
	struct birth *birth = tp_sim_alloc(sizeof(*birth));

	birth->config = (struct tp_machine_config){
		.nodes = { { .dram = TP_SCENE_BLOCK, .cpus = 1 }, { .dram = TP_SCENE_BLOCK } },
		.block_size = TP_SCENE_BLOCK,
		.hotplug_size = TP_SCENE_BLOCK,
	};
	return birth;
}

static void create(void *arg)
{
	struct birth *birth = arg;
	struct tp_machine *machine;

	if (tp_machine_create(&birth->config, &machine))
		return;
	TP_EXPECT(!tp_machine_check(machine, true, NULL));
	tp_machine_destroy(machine);
}

static void start(void *birth)
{
	tp_sim_start("create", create, birth);
}

TP_SCENARIO(birth, { .name = "mm/faults-create",
		     .summary = "every step of making a machine fails once",
		     .prepare = prepare,
		     .start = start,
		     .faults = 1 })
