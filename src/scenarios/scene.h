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
	TP_SCENE_LOOSE = TP_SCENE_COOKIES, /* the cookie of a page that is not on the shelf */
	TP_SCENE_NODE = 1,		   /* where the device is */
};

#define TP_SCENE_NOWHERE UINT64_MAX

/* An owner that knows where each of its pages is and lets them move; cookies are indexes. */
struct tp_shelf {
	struct tp_owner owner;
	struct tp_mutex lock;
	tp_pfn page[TP_SCENE_COOKIES]; /* TP_SCENE_NOWHERE: none; under lock */
	unsigned order[TP_SCENE_COOKIES];
	int answer; /* returned by migrate instead of doing it */
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
/* The same, rather there than elsewhere, from a task. */
int tp_scene_take(struct tp_scene *scene, uint32_t cookie);
/* The same as @request says; owner and cookie need not be in it. */
int tp_scene_alloc(struct tp_scene *scene, uint32_t cookie, const struct tp_alloc *request);
/* Give it back.  False: it was not there. */
bool tp_scene_give(struct tp_scene *scene, uint32_t cookie);

/*
 * What to ask the allocator for: 2^@order movable pages, rather of the device than elsewhere, that
 * the shelf owns but does not know.  They stay where they are, and no lock of the shelf is between
 * the tasks that take and free them.
 */
struct tp_alloc tp_scene_loose(struct tp_scene *scene, unsigned order);
/* One of them, of the device, in prepare. */
tp_pfn tp_scene_loose_fill(struct tp_scene *scene, unsigned order);

/* For a scenario's check: the machine is sound, exactly, and every page says whose it is. */
void tp_scene_check(void *scene);
/* The machine alone, from a task, while others are at work. */
void tp_scene_check_in_flight(struct tp_scene *scene);
enum tp_block_state tp_scene_block_state(struct tp_scene *scene, unsigned block);

/* Leave of node 0 single pages only, in prepare: whatever is larger has to be split to go there. */
void tp_scene_scatter(struct tp_scene *scene);

/* Where nothing can fail: @err, which @what returned, is a finding that says why. */
void tp_scene_must(int err, const char *where, const char *what);

/* One of several that are alike but for a function or two. */
#define TP_SCENE_PLAY(id, called, what, before, begin, after) \
	TP_SCENARIO(id, { .name = (called),                   \
			  .summary = (what),                  \
			  .prepare = (before),                \
			  .start = (begin),                   \
			  .check = (after) })

/* The same; each step of it fails once. */
#define TP_SCENE_FAULTS(id, called, what, before, begin, after) \
	TP_SCENARIO(id, { .name = (called),                     \
			  .summary = (what),                    \
			  .prepare = (before),                  \
			  .start = (begin),                     \
			  .check = (after),                     \
			  .faults = 1 })

#define TP_SCENE_MUST(call) tp_scene_must(call, __FILE__ ":" TP_SIM_LINE(__LINE__), #call)

#endif
