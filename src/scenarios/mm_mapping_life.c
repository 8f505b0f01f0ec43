/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_mapping_life - a mapping is made, or destroyed, while the memory it lies in goes away.
 *
 * A mapping that is half made cannot be moved, one that is half destroyed need not be; a mover may
 * have one of its pages in hand in either case (O4 of mm/owner.h).  And each step of the making may
 * fail, a second time where the first failure only took another way: what there was must be undone
 * as it was made (two faults).
 *
 * The largest trees, of two moves and of a split, do not end in a minute where memory is as C11 has
 * it; they do otherwise.
 *
 * Must hold: a page of it is freed once, the owner goes when nobody calls it any more, and an
 * offline that began in time has its block empty.
 */
#include <errno.h>

#include "mm/migrate.h"
#include "scenarios/scene_range.h"

struct mapping_life {
	struct tp_scene *scene;
	struct tp_mapping *map;
};

static struct tp_range pageblock(const struct mapping_life *s, unsigned i)
{
	struct tp_range range = tp_scene_range(s->scene, 0);

	range.start.v += i * TP_PAGEBLOCK_PAGES;
	range.nr_pages = TP_PAGEBLOCK_PAGES;
	return range;
}

static void create(struct mapping_life *s, uint64_t size)
{
	const struct tp_mapping_config config = { .size = size,
						  .policy = TP_PREFERRED(TP_SCENE_NODE) };
	int err = tp_mapping_create(s->scene->machine, &config, &s->map);

	/* Where faults are injected it may fail; elsewhere there is memory for it. */
	if (err != -ENOMEM)
		TP_SCENE_MUST(err);
	TP_EXPECT(!err == !!s->map);
}

static void *prepare_none(void)
{
	struct mapping_life *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	return s;
}

static void *prepare_made(void)
{
	struct mapping_life *s = prepare_none();

	create(s, TP_PAGE_SIZE);
	return s;
}

/* The first pageblock is isolated already: that is no part of the question. */
static void *prepare_leaving(void)
{
	struct mapping_life *s = prepare_made();
	const struct tp_range range = pageblock(s, 0);

	TP_SCENE_MUST(tp_isolate_range(&range));
	return s;
}

/* One that has to be split to move. */
static void *prepare_chunk(void)
{
	struct mapping_life *s = prepare_none();

	create(s, TP_PAGEBLOCK_SIZE);
	tp_scene_scatter(s->scene);
	return s;
}

static void destroy_it(void *arg)
{
	struct mapping_life *s = arg;

	TP_SCENE_MUST(tp_mapping_destroy(s->map));
	s->map = NULL;
}

static void create_page(void *arg)
{
	struct mapping_life *s = arg;

	create(s, TP_PAGE_SIZE);
	TP_EXPECT(s->map);
}

static void create_chunk(void *arg)
{
	create(arg, TP_PAGEBLOCK_SIZE);
}

static void take_offline(void *arg)
{
	struct mapping_life *s = arg;

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, NULL, NULL));
}

static void evacuate(struct mapping_life *s, unsigned i, int target)
{
	const struct tp_range range = pageblock(s, i);
	struct tp_evacuation e = { .machine = s->scene->machine,
				   .node = target,
				   .targets = TP_NODE_BIT(target) };

	tp_evacuate_begin(&e);
	tp_evacuate(&e, &range);
}

static void move_next_door(void *arg)
{
	evacuate(arg, 0, TP_SCENE_NODE);
}

static void move_away(void *arg)
{
	const struct tp_range range = pageblock(arg, 1);

	TP_SCENE_MUST(tp_isolate_range(&range));
	evacuate(arg, 1, 0);
}

static void start_destroy(void *state)
{
	tp_sim_start("destroy", destroy_it, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_destroy_moves(void *state)
{
	tp_sim_start("destroy", destroy_it, state);
	tp_sim_start("move1", move_next_door, state);
	tp_sim_start("move2", move_away, state);
}

static void start_create(void *state)
{
	tp_sim_start("create", create_page, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_create_alone(void *state)
{
	tp_sim_start("create", create_chunk, state);
}

static void check_alone(void *state)
{
	struct mapping_life *s = state;
	struct tp_zone_stat stat;

	TP_SCENE_MUST(tp_mapping_destroy(s->map));
	tp_scene_check(s->scene);
	TP_SCENE_MUST(tp_zone_stat(s->scene->machine, TP_SCENE_NODE, TP_ZONE_MOVABLE, &stat));
	TP_EXPECT(stat.free + stat.pcp == stat.managed);
}

static void check_moves(void *state)
{
	struct mapping_life *s = state;

	for (unsigned i = 0; i < 2; i++) {
		const struct tp_range range = pageblock(s, i);

		tp_unisolate_range(&range);
	}
	check_alone(state);
}

static void check(void *state)
{
	struct mapping_life *s = state;

	TP_EXPECT(tp_scene_block_state(s->scene, 0) == TP_BLOCK_OFFLINE);
	check_alone(state);
}

TP_SCENARIO(mapping_destroy_offline,
	    {
		    .name = "mm/mapping-destroy-vs-move",
		    .summary = "a mapping is destroyed while its page moves",
		    .prepare = prepare_made,
		    .start = start_destroy,
		    .check = check,
	    })

TP_SCENARIO(mapping_destroy_split,
	    {
		    .name = "mm/mapping-destroy-vs-split",
		    .summary = "a mapping is destroyed while a chunk of it is split",
		    .prepare = prepare_chunk,
		    .start = start_destroy,
		    .check = check,
	    })

TP_SCENARIO(mapping_destroy_moves,
	    {
		    .name = "mm/mapping-destroy-vs-two-moves",
		    .summary = "the same, and the place it moves to is emptied as well",
		    .prepare = prepare_leaving,
		    .start = start_destroy_moves,
		    .check = check_moves,
	    })

TP_SCENARIO(mapping_create_offline, {
					    .name = "mm/mapping-create-vs-offline",
					    .summary = "a mapping is made in memory that goes away",
					    .prepare = prepare_none,
					    .start = start_create,
					    .check = check,
				    })

TP_SCENARIO(mapping_create_faults, {
					   .name = "mm/mapping-create-faults",
					   .summary = "one or two steps of making a mapping fail",
					   .prepare = prepare_none,
					   .start = start_create_alone,
					   .check = check_alone,
					   .faults = 2,
				   })
