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
	int err;

	if (cookie == TP_SCENE_LOOSE)
		return -EBUSY;
	tp_mutex_lock(&shelf->lock);
	err = shelf->answer;
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

int tp_scene_alloc(struct tp_scene *scene, uint32_t cookie, const struct tp_alloc *wish)
{
	struct tp_shelf *shelf = &scene->shelf;
	struct tp_alloc request = *wish;
	int err;

	request.owner = &shelf->owner;
	request.cookie = cookie;
	/* Held throughout: a page may be asked to move before its number is in the table. */
	tp_mutex_lock(&shelf->lock);
	err = tp_pages_alloc(scene->machine, &request, &shelf->page[cookie]);
	if (!err) {
		shelf->order[cookie] = request.order;
		*label_of(shelf, cookie) = cookie;
		tp_sim_note("takes pfn %#llx as %u", (unsigned long long)shelf->page[cookie].v,
			    cookie);
	}
	tp_mutex_unlock(&shelf->lock);
	return err;
}

static int shelve(struct tp_scene *scene, uint32_t cookie, unsigned flags)
{
	const struct tp_alloc request = { .type = TP_MIGRATE_MOVABLE,
					  .node = TP_SCENE_NODE,
					  .flags = flags | TP_ALLOC_NORECLAIM };

	return tp_scene_alloc(scene, cookie, &request);
}

int tp_scene_fill(struct tp_scene *scene, uint32_t cookie)
{
	return shelve(scene, cookie, TP_ALLOC_THISNODE);
}

int tp_scene_take(struct tp_scene *scene, uint32_t cookie)
{
	return shelve(scene, cookie, 0);
}

bool tp_scene_give(struct tp_scene *scene, uint32_t cookie)
{
	struct tp_shelf *shelf = &scene->shelf;
	tp_pfn page;

	tp_mutex_lock(&shelf->lock);
	page = shelf->page[cookie];
	if (is_there(shelf, cookie))
		TP_EXPECT(*label_of(shelf, cookie) == cookie);
	shelf->page[cookie].v = TP_SCENE_NOWHERE;
	tp_mutex_unlock(&shelf->lock);
	if (page.v == TP_SCENE_NOWHERE)
		return false;
	tp_sim_note("gives back %u, at pfn %#llx", cookie, (unsigned long long)page.v);
	/* Without the lock: a mover may have it in hand, and ask for it, at this moment. */
	tp_pages_free(scene->machine, page, shelf->order[cookie]);
	return true;
}

struct tp_alloc tp_scene_loose(struct tp_scene *scene, unsigned order)
{
	return (struct tp_alloc){ .owner = &scene->shelf.owner,
				  .cookie = TP_SCENE_LOOSE,
				  .order = order,
				  .type = TP_MIGRATE_MOVABLE,
				  .node = TP_SCENE_NODE,
				  .flags = TP_ALLOC_NORECLAIM };
}

tp_pfn tp_scene_loose_fill(struct tp_scene *scene, unsigned order)
{
	struct tp_alloc request = tp_scene_loose(scene, order);
	tp_pfn pfn;

	request.flags |= TP_ALLOC_THISNODE;
	TP_SCENE_MUST(tp_pages_alloc(scene->machine, &request, &pfn));
	return pfn;
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

void tp_scene_scatter(struct tp_scene *scene)
{
	struct tp_alloc request = tp_scene_loose(scene, 0);
	tp_pfn pfn[TP_SCENE_BLOCK / TP_PAGE_SIZE];
	unsigned n = 0;

	request.node = 0;
	request.flags |= TP_ALLOC_THISNODE;
	while (n < TP_ARRAY_SIZE(pfn) && !tp_pages_alloc(scene->machine, &request, &pfn[n]))
		n++;
	for (unsigned i = 0; i < n; i++)
		if (pfn[i].v % TP_PAGEBLOCK_PAGES)
			tp_pages_free(scene->machine, pfn[i], 0);
}

/* ---- what must hold -------------------------------------------------------------------------- */

void tp_scene_must(int err, const char *where, const char *what)
{
	char why[TP_FINDING_TEXT / 2] = "";

	if (!err)
		return;
	if (tp_last_error()->err == err)
		tp_error_format(tp_last_error(), why, sizeof(why));
	tp_sim_fail(where, "%s returned %d%s%s", what, err, *why ? ": " : "", why);
}

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

static void check_machine(struct tp_scene *scene, bool quiescent)
{
	char findings[256] = "";
	FILE *out = fmemopen(findings, sizeof(findings), "w");
	unsigned nr = tp_machine_check(scene->machine, quiescent, out);

	if (out)
		fclose(out);
	if (nr)
		tp_sim_fail(NULL, "the machine is not sound: %s", findings);
}

void tp_scene_check_in_flight(struct tp_scene *scene)
{
	check_machine(scene, false);
}

void tp_scene_check(void *state)
{
	check_machine(state, true);
	check_shelf(state);
}
