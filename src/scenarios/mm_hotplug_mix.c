/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_hotplug_mix - three tasks do whatever they like: what nobody thought of.
 *
 * Each does a few things that are chosen, each may fail for a reason, and in the end the machine is
 * sound and the listener believes what is so.  Far too large for a search of all orders: searched
 * by chance and by bounded preemptions.
 */
#include <errno.h>

#include "scenarios/listener.h"

enum { TASKS = 3, DEEDS = 3, BLOCKS = 2 };

static const uint64_t pin_ns = TP_MICROSECONDS(100);

struct mix {
	struct tp_scene *scene;
	struct tp_listener listener;
	struct tp_listener visitors[TASKS];
	struct tp_slab_cache *cache;
};

struct worker {
	struct mix *mix;
	uint32_t cookie;
};

static void *prepare(void)
{
	struct mix *mix = tp_sim_alloc(sizeof(*mix));
	struct tp_machine *m;

	mix->scene = tp_scene_make(2, BLOCKS);
	m = mix->scene->machine;
	TP_SCENE_MUST(tp_blocks_offline(m, mix->scene->first_block, 1, NULL, NULL));
	TP_SCENE_MUST(tp_slab_cache_create(m, "objects", 64, 0, &mix->cache));
	tp_listener_init(&mix->listener, m, "listener", 0);
	TP_SCENE_MUST(tp_listener_join(&mix->listener));
	for (unsigned i = 0; i < TASKS; i++)
		tp_listener_init(&mix->visitors[i], m, "visitor", (int)i);
	return mix;
}

/* ---- deeds ----------------------------------------------------------------------------------- */

static unsigned some_block(struct worker *w)
{
	return w->mix->scene->first_block + tp_sim_choose("block", BLOCKS);
}

static void offline(struct worker *w)
{
	int err = tp_blocks_offline(w->mix->scene->machine, some_block(w), 1, NULL, NULL);

	TP_EXPECT(!err || err == -EINVAL || err == -EBUSY || err == -ENOMEM || err == -ETIMEDOUT);
}

static void online(struct worker *w)
{
	enum tp_online_policy policy =
		tp_sim_choose("policy", 2) ? TP_ONLINE_KERNEL : TP_ONLINE_MOVABLE;
	int err = tp_blocks_online(w->mix->scene->machine, some_block(w), 1, policy);

	TP_EXPECT(!err || err == -EINVAL);
}

static void use_page(struct worker *w)
{
	struct tp_scene *scene = w->mix->scene;

	if (tp_scene_take(scene, w->cookie))
		return;
	if (tp_sim_choose("keep", 2))
		TP_EXPECT(tp_scene_give(scene, w->cookie));
}

static void give_page(struct worker *w)
{
	tp_scene_give(w->mix->scene, w->cookie);
}

/* The lock keeps the page from moving until it is pinned. */
static void pin_page(struct worker *w)
{
	struct tp_shelf *shelf = &w->mix->scene->shelf;
	tp_pfn page;
	int err = -ENOENT;

	tp_mutex_lock(&shelf->lock);
	page = shelf->page[w->cookie];
	if (page.v != TP_SCENE_NOWHERE)
		err = tp_page_pin(shelf->owner.machine, page);
	tp_mutex_unlock(&shelf->lock);
	if (err)
		return;
	tp_sleep_ns(pin_ns);
	tp_page_unpin(shelf->owner.machine, page);
}

static void use_object(struct worker *w)
{
	tp_slab_free(w->mix->cache, tp_slab_alloc(w->mix->cache, TP_SCENE_NODE));
}

static void visit(struct worker *w)
{
	struct tp_listener *visitor = &w->mix->visitors[w->cookie];

	TP_SCENE_MUST(tp_listener_join(visitor));
	tp_listener_leave(visitor);
}

static void look(struct worker *w)
{
	struct tp_block_info info;

	TP_SCENE_MUST(tp_block_info(w->mix->scene->machine, some_block(w), &info));
}

static void (*const deeds[])(struct worker *w) = { offline,  online,	 use_page, give_page,
						   pin_page, use_object, visit,	   look };

/* ---- the tasks ------------------------------------------------------------------------------- */

static void work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < DEEDS; i++) {
		unsigned deed = tp_sim_choose("deed", TP_ARRAY_SIZE(deeds));

		/* A page that is on the shelf is not taken twice. */
		if (deeds[deed] == use_page)
			tp_scene_give(w->mix->scene, w->cookie);
		deeds[deed](w);
	}
}

static void start(void *arg)
{
	static const char *const names[TASKS] = { "first", "second", "third" };

	for (uint32_t i = 0; i < TASKS; i++) {
		struct worker *w = tp_sim_alloc(sizeof(*w));

		*w = (struct worker){ arg, i };
		tp_sim_start(names[i], work, w);
	}
}

static void check(void *arg)
{
	struct mix *mix = arg;

	tp_listener_check(&mix->listener);
	tp_scene_check(mix->scene);
}

TP_SCENARIO(mix, { .name = "mm/hotplug-mix",
		   .summary = "three tasks do whatever they like",
		   .prepare = prepare,
		   .start = start,
		   .check = check,
		   .timers = 2 })
