/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_mapping_move - a mapping is written and read while its page moves.
 *
 * The mover holds writers off, copies, shows the new page and lets them go.  A write that reaches
 * the old page after the copy is lost; one that is held and never woken hangs (W1 of mm/hold.h, V1
 * of mm/mapping_internal.h).  Showing or holding may fail, too: then the mapping is as it was, and
 * the offline tries again.  A chunk of a whole pageblock may move as such, or be split and move
 * page by page.
 *
 * Must hold: a reader sees nothing that was not written, and nothing older than what it saw before;
 * in the end the last write of everybody is there, and the page is elsewhere.
 */
#include "scenarios/scene.h"

enum { NR_WRITERS = 2, NR_WRITES = 2 };

struct moving_mapping {
	struct tp_scene *scene;
	struct tp_mapping *map;
};

static struct moving_mapping *prepare(uint64_t size)
{
	const struct tp_mapping_config config = { .size = size,
						  .policy = TP_PREFERRED(TP_SCENE_NODE) };
	struct moving_mapping *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	TP_SCENE_MUST(tp_mapping_create(s->scene->machine, &config, &s->map));
	return s;
}

static void *prepare_page(void)
{
	return prepare(TP_PAGE_SIZE);
}

static void *prepare_chunk(void)
{
	return prepare(TP_PAGEBLOCK_SIZE);
}

static void *prepare_split(void)
{
	struct moving_mapping *s = prepare(TP_PAGEBLOCK_SIZE);

	tp_scene_scatter(s->scene);
	return s;
}

static uint32_t content(const struct moving_mapping *s, unsigned writer)
{
	uint32_t value;

	TP_SCENE_MUST(tp_mapping_read(s->map, writer * sizeof(value), &value, sizeof(value)));
	return value;
}

static void write_word(const struct moving_mapping *s, uint32_t value)
{
	TP_SCENE_MUST(
		tp_mapping_write(s->map, tp_sim_self() * sizeof(value), &value, sizeof(value)));
	tp_sim_note("wrote %u", value);
}

/* Each writer has a word of the page and counts it up to NR_WRITES. */
static void write_words(void *arg)
{
	for (uint32_t value = 1; value <= NR_WRITES; value++)
		write_word(arg, value);
}

static void write_one(void *arg)
{
	write_word(arg, NR_WRITES);
}

static void read_twice(void *arg)
{
	const struct moving_mapping *s = arg;
	uint32_t before = content(s, 0), after = content(s, 0);

	tp_sim_note("read %u, then %u", before, after);
	TP_EXPECT(before <= after && after <= NR_WRITES);
}

static void take_offline(void *arg)
{
	struct moving_mapping *s = arg;
	struct tp_scene *scene = s->scene;

	TP_SCENE_MUST(tp_blocks_offline(scene->machine, scene->first_block, 1, NULL, NULL));
}

static void start_writer(void *state)
{
	tp_sim_start("writer", write_words, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_reader(void *state)
{
	tp_sim_start("writer", write_words, state);
	tp_sim_start("reader", read_twice, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_writers(void *state)
{
	tp_sim_start("writer0", write_one, state);
	tp_sim_start("writer1", write_one, state);
	tp_sim_start("offline", take_offline, state);
}

static void check_moved(const struct moving_mapping *s)
{
	struct tp_mapping_stat stat;

	tp_mapping_stat(s->map, &stat);
	TP_EXPECT(stat.pages_on_node[0] == stat.pages && stat.pages_moved == stat.pages);
	TP_EXPECT(tp_scene_block_state(s->scene, 0) == TP_BLOCK_OFFLINE);
	tp_scene_check(s->scene);
}

static void check_one(void *state)
{
	TP_EXPECT(content(state, 0) == NR_WRITES);
	check_moved(state);
}

static void check_both(void *state)
{
	TP_EXPECT(content(state, 1) == NR_WRITES);
	check_one(state);
}

TP_SCENARIO(write_move, {
				.name = "mm/write-vs-move",
				.summary = "a mapping is written while its page moves",
				.prepare = prepare_page,
				.start = start_writer,
				.check = check_one,
			})

TP_SCENARIO(write_move_faults, {
				       .name = "mm/write-vs-failing-move",
				       .summary = "the same, and a step of the move may fail",
				       .prepare = prepare_page,
				       .start = start_writer,
				       .check = check_one,
				       .faults = 1,
			       })

TP_SCENARIO(write_read_move, {
				     .name = "mm/write-vs-read-vs-move",
				     .summary = "somebody reads what is written while it moves",
				     .prepare = prepare_page,
				     .start = start_reader,
				     .check = check_one,
			     })

TP_SCENARIO(two_writers_move, {
				      .name = "mm/two-writers-vs-move",
				      .summary = "two write to one page while it moves",
				      .prepare = prepare_page,
				      .start = start_writers,
				      .check = check_both,
			      })

TP_SCENARIO(write_chunk_move, {
				      .name = "mm/write-vs-chunk-move",
				      .summary = "a chunk is written while it moves as a whole",
				      .prepare = prepare_chunk,
				      .start = start_writer,
				      .check = check_one,
			      })

TP_SCENARIO(write_split,
	    {
		    .name = "mm/write-vs-split",
		    .summary = "a chunk is written while it is split and its pages move",
		    .prepare = prepare_split,
		    .start = start_writer,
		    .check = check_one,
	    })
