/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_move - a page that is being moved is freed, or two want to move it.
 *
 * The mover looks at the owner word, freezes it, asks the owner, and thaws it if he says no; the
 * owner may free the page at any moment of that (O2 of mm/owner.h, G2 of mm/migrate.h).  A page
 * that was just taken to move something to lies in the owner's name before the owner knows of it,
 * perhaps in a block that is emptied as well.  And an allocation across two pageblocks moves only
 * for who has isolated both.
 *
 * Must hold: whoever is first, each page is free or its owner's afterwards, once, and what it says
 * is the owner's.
 */
#include <errno.h>

#include "mm/migrate.h"
#include "scenarios/scene_range.h"

enum { COOKIE, NR_BLOCKS = 2 };

static struct tp_scene *prepare(unsigned order)
{
	struct tp_scene *scene = tp_scene_make(1, NR_BLOCKS);
	struct tp_alloc request = tp_scene_loose(scene, order);

	TP_SCENE_MUST(tp_scene_alloc(scene, COOKIE, &request));
	return scene;
}

static void *prepare_willing(void)
{
	return prepare(0);
}

static void *prepare_refusing(void)
{
	struct tp_scene *scene = prepare(0);

	scene->shelf.answer = -EBUSY;
	return scene;
}

static void *prepare_across(void)
{
	return prepare(TP_MAX_ORDER);
}

/* One pass, as compaction, but to any node. */
static void evacuate_isolated(struct tp_scene *scene, const struct tp_range *range)
{
	struct tp_evacuation e = { .machine = scene->machine,
				   .node = TP_SCENE_NODE,
				   .targets = { TP_NODE_BIT(0).v | TP_NODE_BIT(1).v } };

	tp_evacuate_begin(&e);
	tp_evacuate(&e, range);
}

/* It stays isolated. */
static void evacuate_block(struct tp_scene *scene, unsigned block)
{
	const struct tp_range range = tp_scene_range(scene, block);

	TP_SCENE_MUST(tp_isolate_range(&range));
	evacuate_isolated(scene, &range);
}

static void evacuate_first(void *arg)
{
	evacuate_block(arg, 0);
}

static void evacuate_second(void *arg)
{
	evacuate_block(arg, 1);
}

/* One of the pageblocks that the allocation lies across; the other mover may hold it. */
static void evacuate_half(struct tp_scene *scene, unsigned half)
{
	const tp_pfn start = { scene->shelf.page[COOKIE].v + half * TP_PAGEBLOCK_PAGES };
	const struct tp_range range = { start, TP_PAGEBLOCK_PAGES, tp_scene_range(scene, 0).zone };

	if (tp_isolate_range(&range))
		return;
	evacuate_isolated(scene, &range);
	tp_unisolate_range(&range);
}

static void evacuate_lower(void *arg)
{
	evacuate_half(arg, 0);
}

static void evacuate_upper(void *arg)
{
	evacuate_half(arg, 1);
}

static void free_page(void *arg)
{
	TP_EXPECT(tp_scene_give(arg, COOKIE));
}

static void start_free(void *state)
{
	tp_sim_start("move", evacuate_first, state);
	tp_sim_start("free", free_page, state);
}

static void start_two_moves(void *state)
{
	tp_sim_start("move1", evacuate_first, state);
	tp_sim_start("move2", evacuate_second, state);
}

static void start_halves(void *state)
{
	tp_sim_start("lower", evacuate_lower, state);
	tp_sim_start("upper", evacuate_upper, state);
}

static void check_free(void *state)
{
	struct tp_range range = tp_scene_range(state, 0);

	TP_EXPECT(tp_range_free_pages(&range) == range.nr_pages);
	tp_scene_check(state);
}

TP_SCENARIO(free_move, {
			       .name = "mm/free-vs-move",
			       .summary = "a page is freed while it is moved",
			       .prepare = prepare_willing,
			       .start = start_free,
			       .check = check_free,
		       })

TP_SCENARIO(free_refused_move,
	    {
		    .name = "mm/free-vs-refused-move",
		    .summary = "a page is freed while its owner refuses to move it",
		    .prepare = prepare_refusing,
		    .start = start_free,
		    .check = check_free,
	    })

TP_SCENARIO(move_move, {
			       .name = "mm/move-vs-move",
			       .summary = "the block that a page moves to is emptied as well",
			       .prepare = prepare_willing,
			       .start = start_two_moves,
			       .check = tp_scene_check,
		       })

TP_SCENARIO(move_across,
	    {
		    .name = "mm/move-vs-move-across",
		    .summary = "an allocation is moved out of both its pageblocks at once",
		    .prepare = prepare_across,
		    .start = start_halves,
		    .check = tp_scene_check,
	    })
