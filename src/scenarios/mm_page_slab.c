/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_slab - the last object of a slab is freed while another is taken and empty slabs go.
 *
 * A slab that has just become empty may be handed to who wants an object, or given back to the
 * allocator with everything on it, but not both (L3 of mm/slab_internal.h).
 *
 * Must hold: an object is in a page that its cache owns for as long as it is used, nobody else
 * writes to it, and the counts add up when all is over.
 */
#include <string.h>

#include "scenarios/scene.h"

enum { SIZE = 32 };

struct slabs {
	struct tp_scene *scene;
	struct tp_slab_cache *cache;
	void *object; /* the only one of its slab */
};

static void *prepare(void)
{
	struct slabs *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 0);
	TP_SCENE_MUST(tp_slab_cache_create(s->scene->machine, "things", SIZE, 0, &s->cache));
	s->object = tp_slab_alloc(s->cache, 0);
	TP_EXPECT(s->object);
	return s;
}

static void free_object(void *arg)
{
	struct slabs *s = arg;

	tp_slab_free(s->cache, s->object);
}

static bool is_ours(const struct slabs *s, const char *object)
{
	const char *base = tp_page_address(s->scene->machine, (tp_pfn){ 0 });
	struct tp_page_info info;

	TP_SCENE_MUST(tp_page_query(s->scene->machine,
				    (tp_pfn){ (uint64_t)(object - base) >> TP_PAGE_SHIFT }, &info));
	return info.allocated && !strcmp(info.owner, "things");
}

static void use_object(void *arg)
{
	struct slabs *s = arg;
	char *object = tp_slab_alloc(s->cache, 0), mine[SIZE];

	TP_EXPECT(object);
	memset(mine, (int)tp_sim_self() + 1, sizeof(mine));
	memcpy(object, mine, sizeof(mine));
	TP_EXPECT(is_ours(s, object));
	TP_EXPECT(!memcmp(object, mine, sizeof(mine)));
	tp_slab_free(s->cache, object);
}

static void shrink(void *arg)
{
	struct slabs *s = arg;

	tp_slab_cache_shrink(s->cache);
}

static void start_shrink(void *state)
{
	tp_sim_start("free", free_object, state);
	tp_sim_start("use", use_object, state);
	tp_sim_start("shrink", shrink, state);
}

static void start_use(void *state)
{
	tp_sim_start("free", free_object, state);
	tp_sim_start("use1", use_object, state);
	tp_sim_start("use2", use_object, state);
}

static void check(void *state)
{
	struct slabs *s = state;
	struct tp_slab_stat stat;

	tp_slab_stat(s->cache, &stat);
	TP_EXPECT(!stat.objects && stat.slabs == stat.empty_slabs);
	TP_SCENE_MUST(tp_slab_cache_destroy(s->cache));
	tp_scene_check(s->scene);
}

TP_SCENARIO(slab_shrink, {
				 .name = "mm/slab-free-vs-alloc-vs-shrink",
				 .summary = "a slab becomes empty while somebody wants an object",
				 .prepare = prepare,
				 .start = start_shrink,
				 .check = check,
			 })

TP_SCENARIO(slab_use, {
			      .name = "mm/slab-free-vs-two-allocs",
			      .summary = "objects of one slab are taken and freed by three",
			      .prepare = prepare,
			      .start = start_use,
			      .check = check,
		      })
