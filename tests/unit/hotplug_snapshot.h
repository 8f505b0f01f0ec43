/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug_snapshot - all that a failed operation must leave as it was: zones, masks, blocks,
 * devices, and what they cost.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_HOTPLUG_SNAPSHOT_H
#define TESTS_UNIT_HOTPLUG_SNAPSHOT_H

#include "hotplug_machine.h"

enum { SNAPSHOT_BLOCKS = BOOT_BLOCKS + 64, REST_TRIES = 10000 };

struct snapshot {
	struct tp_zone_stat zones[NR_TEST_NODES][TP_NR_ZONE_TYPES];
	uint64_t masks[TP_NR_NODE_STATES];
	struct tp_block_info blocks[SNAPSHOT_BLOCKS];
	unsigned nr_devices;
	uint64_t mappings_used, metadata_bytes;
};

static inline int count_device(struct tp_device *device, void *n)
{
	(void)device;
	++*(unsigned *)n;
	return 0;
}

/*
 * Whoever found no memory woke kswapd and kcompactd, and each pageblock they look at is isolated
 * for a moment.  Theirs always ends; one that a failed operation left behind is still there when
 * the tries are used up.
 */
static inline struct tp_zone_stat zone_at_rest(struct tp_machine *m, int node,
					       enum tp_zone_type zone)
{
	struct tp_zone_stat stat = zone_stat(m, node, zone);

	for (unsigned i = 0; i < REST_TRIES && stat.isolated_pageblocks; i++) {
		tp_sleep_ns(TP_MILLISECONDS(1));
		stat = zone_stat(m, node, zone);
	}
	return stat;
}

/* A zone as it is, without what was ever asked of it: that stays, whatever is rolled back. */
static inline struct tp_zone_stat zone_snapshot(struct tp_machine *m, int node,
						enum tp_zone_type zone)
{
	struct tp_zone_stat stat = zone_at_rest(m, node, zone);

	stat.nr_allocated = stat.nr_freed = 0;
	stat.numa = (struct tp_numa_counts){ 0 };
	return stat;
}

static inline void take_snapshot(struct tp_machine *m, struct snapshot *s)
{
	struct tp_machine_stat stat = machine_stat(m);

	memset(s, 0, sizeof(*s));
	for (int n = 0; n < NR_TEST_NODES; n++)
		for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
			s->zones[n][t] = zone_snapshot(m, n, (enum tp_zone_type)t);
	for (unsigned i = 0; i < TP_NR_NODE_STATES; i++)
		s->masks[i] = tp_node_states(m, (enum tp_node_state)i).v;
	assert_true(tp_machine_nr_blocks(m) <= SNAPSHOT_BLOCKS);
	for (unsigned id = 0; id < tp_machine_nr_blocks(m); id++)
		tp_block_info(m, id, &s->blocks[id]);
	tp_device_for_each(m, count_device, &s->nr_devices);
	s->mappings_used = stat.mappings_used;
	s->metadata_bytes = stat.metadata_bytes;
}

static inline void expect_same_block(const struct tp_block_info *was,
				     const struct tp_block_info *is)
{
	assert_int_equal(is->state, was->state);
	assert_int_equal(is->node, was->node);
	assert_int_equal(is->zone, was->zone);
	assert_int_equal(is->zone_valid, was->zone_valid);
	assert_int_equal(is->nr_valid_zones, was->nr_valid_zones);
	assert_memory_equal(is->valid_zones, was->valid_zones,
			    was->nr_valid_zones * sizeof(was->valid_zones[0]));
	assert_string_equal(is->device, was->device);
}

static inline void expect_same_machine(const struct snapshot *was, const struct snapshot *is)
{
	for (unsigned id = 0; id < SNAPSHOT_BLOCKS; id++)
		expect_same_block(&was->blocks[id], &is->blocks[id]);
	assert_memory_equal(is->masks, was->masks, sizeof(was->masks));
	assert_int_equal(is->nr_devices, was->nr_devices);
	assert_int_equal(is->mappings_used, was->mappings_used);
	assert_int_equal(is->metadata_bytes, was->metadata_bytes);
}

/* Not a page, not a list, not a watermark has changed. */
static inline void expect_same(struct tp_machine *m, const struct snapshot *was)
{
	static struct snapshot is;

	take_snapshot(m, &is);
	expect_same_machine(was, &is);
	assert_memory_equal(is.zones, was->zones, sizeof(was->zones));
}

/* Pages may have moved to other places before the operation was given up; nothing else changed. */
static inline void expect_same_but_for_moves(struct tp_machine *m, const struct snapshot *was)
{
	static struct snapshot is;

	take_snapshot(m, &is);
	expect_same_machine(was, &is);
	for (int n = 0; n < NR_TEST_NODES; n++)
		for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++) {
			const struct tp_zone_stat *a = &was->zones[n][t], *b = &is.zones[n][t];

			assert_int_equal(b->start_pfn, a->start_pfn);
			assert_int_equal(b->spanned, a->spanned);
			assert_int_equal(b->present, a->present);
			assert_int_equal(b->managed, a->managed);
			assert_int_equal(b->isolated_free, 0);
			assert_int_equal(b->isolated_pageblocks, 0);
			assert_memory_equal(b->watermark, a->watermark, sizeof(a->watermark));
		}
}

#endif
