/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scene - what the scenarios of the memory core begin with: a small machine, a device, and an owner
 * whose pages can move.
 *
 * Node 0 boots with kernel memory and has all CPUs; a device of movable memory is at node 1.  A
 * block is two pageblocks of four pages.
 */
#ifndef TP_SCENARIOS_SCENE_H
#define TP_SCENARIOS_SCENE_H

#include <tidepool/explore.h>
#include <tidepool/sim.h>
#include <tidepool/tidepool.h>

#include "core/sync.h"

enum {
	TP_SCENE_BLOCK = 2 * TP_PAGEBLOCK_SIZE,
	TP_SCENE_COOKIES = 4,
	TP_SCENE_NODE = 1, /* where the device is */
};

#define TP_SCENE_NOWHERE UINT64_MAX

/* An owner that knows where each of its pages is and lets them move; cookies are indexes. */
struct tp_shelf {
	struct tp_owner owner;
	struct tp_mutex lock;
	tp_pfn page[TP_SCENE_COOKIES]; /* TP_SCENE_NOWHERE: none; under lock */
	int answer;			/* returned by migrate instead of doing it */
};

struct tp_scene {
	struct tp_machine *machine;
	struct tp_device *device;
	unsigned first_block; /* of the device */
	struct tp_shelf shelf;
	void *own; /* the scenario's */
};

/* @boot blocks at node 0 and a device of @blocks, online as movable memory. */
struct tp_scene *tp_scene_make(unsigned boot, unsigned blocks);

/* Put a page of the device on the shelf; 0 or the error. */
int tp_scene_fill(struct tp_scene *scene, uint32_t cookie);
/* The same on any node, from a task. */
int tp_scene_take(struct tp_scene *scene, uint32_t cookie);
/* Give it back.  False: it was not there. */
bool tp_scene_give(struct tp_scene *scene, uint32_t cookie);

/* For a scenario's check: the machine is sound, exactly, and every page says whose it is. */
void tp_scene_check(void *scene);
enum tp_block_state tp_scene_block_state(struct tp_scene *scene, unsigned block);

/* Programs expect 0 where nothing can fail. */
#define TP_SCENE_MUST(call) TP_EXPECT(!(call))

#endif
