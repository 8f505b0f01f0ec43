/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_mapping_pin - a range of a mapping is pinned while its pages move.
 *
 * The range may be one chunk of a whole pageblock, which an offline that finds no other one splits
 * into single pages at the very moment; or single pages that are pinned one by one, each of which
 * may be moving.
 *
 * Must hold: from pin to unpin no page of the range moves, a pin waits for a move under way instead
 * of failing, the pins are gone in the end, and the content is what it was.
 */
#include <string.h>

#include "mm/mapping_internal.h"
#include "scenarios/scene.h"

struct pinned_mapping {
	struct tp_scene *scene;
	struct tp_mapping *map;
	uint64_t size, pinned; /* bytes */
};

static char byte_at(uint64_t offset)
{
	return (char)(offset / TP_PAGE_SIZE + 1);
}

static void *prepare(uint64_t size)
{
	const struct tp_mapping_config config = { .size = size,
						  .policy = TP_PREFERRED(TP_SCENE_NODE) };
	struct pinned_mapping *s = tp_sim_alloc(sizeof(*s));

	s->size = s->pinned = size;
	s->scene = tp_scene_make(1, 1);
	TP_SCENE_MUST(tp_mapping_create(s->scene->machine, &config, &s->map));
	for (uint64_t at = 0; at < size; at += TP_PAGE_SIZE) {
		char byte = byte_at(at);

		TP_SCENE_MUST(tp_mapping_write(s->map, at, &byte, sizeof(byte)));
	}
	return s;
}

static void *prepare_pages(void)
{
	return prepare(2 * TP_PAGE_SIZE);
}

static void *prepare_chunk(void)
{
	return prepare(TP_PAGEBLOCK_SIZE);
}

static void *prepare_split(void)
{
	struct pinned_mapping *s = prepare_chunk();

	s->pinned = 2 * TP_PAGE_SIZE; /* more would be more of the same */
	tp_scene_scatter(s->scene);
	return s;
}

static void places(const struct pinned_mapping *s, uint32_t *pfns)
{
	tp_mutex_lock(&s->map->lock);
	memcpy(pfns, s->map->pfns, s->map->nr_pages * sizeof(*pfns));
	tp_mutex_unlock(&s->map->lock);
}

static void pin_all(void *arg)
{
	struct pinned_mapping *s = arg;
	uint32_t before[TP_PAGEBLOCK_PAGES], after[TP_PAGEBLOCK_PAGES];

	TP_SCENE_MUST(tp_mapping_pin(s->map, 0, s->pinned, "pinner"));
	places(s, before);
	places(s, after);
	TP_EXPECT(!memcmp(before, after, (s->pinned >> TP_PAGE_SHIFT) * sizeof(*before)));
	tp_mapping_unpin(s->map, 0, s->pinned);
}

static void take_offline(void *arg)
{
	struct pinned_mapping *s = arg;

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, NULL, NULL));
}

static void start(void *state)
{
	tp_sim_start("pin", pin_all, state);
	tp_sim_start("offline", take_offline, state);
}

static void check(void *state)
{
	struct pinned_mapping *s = state;

	for (uint64_t at = 0; at < s->size; at += TP_PAGE_SIZE) {
		char byte;

		TP_SCENE_MUST(tp_mapping_read(s->map, at, &byte, sizeof(byte)));
		TP_EXPECT(byte == byte_at(at));
	}
	TP_SCENE_MUST(tp_mapping_destroy(s->map)); /* no pin was left */
	TP_EXPECT(tp_scene_block_state(s->scene, 0) == TP_BLOCK_OFFLINE);
	tp_scene_check(s->scene);
}

TP_SCENARIO(pin_pages_offline, {
				       .name = "mm/mapping-pin-vs-move",
				       .summary = "pages of a mapping are pinned while they move",
				       .prepare = prepare_pages,
				       .start = start,
				       .check = check,
			       })

TP_SCENARIO(pin_chunk_offline, {
				       .name = "mm/mapping-pin-vs-chunk-move",
				       .summary = "a whole chunk is pinned while it moves",
				       .prepare = prepare_chunk,
				       .start = start,
				       .check = check,
			       })

TP_SCENARIO(pin_split_offline, {
				       .name = "mm/mapping-pin-vs-split",
				       .summary = "a chunk is pinned while it is split and moves",
				       .prepare = prepare_split,
				       .start = start,
				       .check = check,
			       })
