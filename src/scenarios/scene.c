/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scene - making the small machine and its shelf, and looking at them afterwards. */
#include "scenarios/scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mm/machine.h"

/* ---- the shelf ------------------------------------------------------------------------------- */

static uint32_t *label_of(struct tp_shelf *shelf, uint32_t cookie)
{
	return tp_page_address(shelf->owner.machine, shelf->page[cookie]);
}

static bool is_there(const struct tp_shelf *shelf, uint32_t cookie)
{
	return shelf->page[cookie].v != TP_SCENE_NOWHERE;
}

static int shelf_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
			 unsigned order)
{
	struct tp_shelf *shelf = tp_container_of(owner, struct tp_shelf, owner);
	int err = shelf->answer;

	tp_mutex_lock(&shelf->lock);
	if (!err && shelf->page[cookie].v != old.v)
		err = -ENOENT;
	if (!err) {
		tp_page_copy(owner->machine, new, old, order);
		shelf->page[cookie] = new;
	}
	tp_mutex_unlock(&shelf->lock);
	return err;
}

static const struct tp_owner_ops shelf_ops = { .migrate = shelf_migrate };

static int shelve(struct tp_scene *scene, uint32_t cookie, int node, unsigned flags)
{
	struct tp_shelf *shelf = &scene->shelf;
	const struct tp_alloc request = { .owner = &shelf->owner,
					  .cookie = cookie,
					  .type = TP_MIGRATE_MOVABLE,
					  .node = node,
					  .flags = flags | TP_ALLOC_NORECLAIM };
	int err;

	/* Held throughout: a page may be asked to move before its number is in the table. */
	tp_mutex_lock(&shelf->lock);
	err = tp_pages_alloc(scene->machine, &request, &shelf->page[cookie]);
	if (!err)
		*label_of(shelf, cookie) = cookie;
	tp_mutex_unlock(&shelf->lock);
	return err;
}

int tp_scene_fill(struct tp_scene *scene, uint32_t cookie)
{
	return shelve(scene, cookie, TP_SCENE_NODE, TP_ALLOC_THISNODE);
}

int tp_scene_take(struct tp_scene *scene, uint32_t cookie)
{
	return shelve(scene, cookie, TP_SCENE_NODE, 0);
}

bool tp_scene_give(struct tp_scene *scene, uint32_t cookie)
{
	struct tp_shelf *shelf = &scene->shelf;
	bool was_there;

	tp_mutex_lock(&shelf->lock);
	was_there = is_there(shelf, cookie);
	if (was_there) {
		TP_EXPECT(*label_of(shelf, cookie) == cookie);
		tp_pages_free(scene->machine, shelf->page[cookie], 0);
		shelf->page[cookie].v = TP_SCENE_NOWHERE;
	}
	tp_mutex_unlock(&shelf->lock);
	return was_there;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void plug(struct tp_scene *scene, unsigned blocks)
{
	const struct tp_device_config config = { .node = TP_SCENE_NODE,
						 .size = blocks * (uint64_t)TP_SCENE_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	struct tp_device_info info;

	TP_SCENE_MUST(tp_device_plug(scene->machine, &config, &scene->device));
	tp_device_info(scene->device, &info);
	scene->first_block = info.first_block;
}

static void make_shelf(struct tp_scene *scene)
{
	struct tp_shelf *shelf = &scene->shelf;

	tp_mutex_init(&shelf->lock, TP_RANK_OWNER, 0);
	for (uint32_t cookie = 0; cookie < TP_SCENE_COOKIES; cookie++)
		shelf->page[cookie].v = TP_SCENE_NOWHERE;
	shelf->owner.name = "shelf";
	shelf->owner.ops = &shelf_ops;
	TP_SCENE_MUST(tp_owner_register(scene->machine, &shelf->owner));
}

struct tp_scene *tp_scene_make(unsigned boot, unsigned blocks)
{
	const struct tp_machine_config config = {
		.nr_nodes = 2,
		.nodes = { { .dram = boot * (uint64_t)TP_SCENE_BLOCK, .cpus = 2 } },
		.block_size = TP_SCENE_BLOCK,
		.hotplug_size = (blocks + 1) * (uint64_t)TP_SCENE_BLOCK,
	};
	struct tp_scene *scene = tp_sim_alloc(sizeof(*scene));

	TP_SCENE_MUST(tp_machine_create(&config, &scene->machine));
	if (blocks)
		plug(scene, blocks);
	make_shelf(scene);
	return scene;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

enum tp_block_state tp_scene_block_state(struct tp_scene *scene, unsigned block)
{
	struct tp_block_info info;

	TP_SCENE_MUST(tp_block_info(scene->machine, scene->first_block + block, &info));
	return info.state;
}

static void check_shelf(struct tp_scene *scene)
{
	struct tp_shelf *shelf = &scene->shelf;

	for (uint32_t cookie = 0; cookie < TP_SCENE_COOKIES; cookie++) {
		struct tp_page_info info;

		if (!is_there(shelf, cookie))
			continue;
		TP_SCENE_MUST(tp_page_query(scene->machine, shelf->page[cookie], &info));
		TP_EXPECT(info.allocated && info.cookie == cookie &&
			  !strcmp(info.owner, shelf->owner.name));
		TP_EXPECT(*label_of(shelf, cookie) == cookie);
	}
}

void tp_scene_check(void *state)
{
	struct tp_scene *scene = state;
	char findings[256] = "";
	FILE *out = fmemopen(findings, sizeof(findings), "w");
	unsigned nr = tp_machine_check(scene->machine, true, out);

	if (out)
		fclose(out);
	if (nr)
		tp_sim_fail(NULL, "the machine is not sound: %s", findings);
	check_shelf(scene);
}
