/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_zonelist - which zones are tried, in which order, and how requests narrow that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "skip.h"
#include "mm/zonelist.h"
#include "mm_tracker.h"

enum { NODES = 4 };

static struct tp_machine *m;
static struct tracker tracker;

/*
 * From node 0: 3 is nearest, then 1, then 2.  Node 2 has no memory at first, node 1's is movable.
 * Node 0 has a block of DMA, two of DMA32 and one of Normal.
 */
static struct tp_machine_config four_nodes(void)
{
	static const unsigned distance[NODES][NODES] = {
		{ 10, 30, 40, 20 }, { 30, 10, 25, 25 }, { 40, 25, 10, 40 }, { 20, 25, 40, 10 }
	};

	return (struct tp_machine_config){
		.nr_nodes = NODES,
		.nodes = { { .dram = 4 * SMALL_BLOCK, .cpus = 1 },
			   { .dram = 2 * SMALL_BLOCK, .movable = true },
			   { .cpus = 1 },
			   { .dram = 2 * SMALL_BLOCK } },
		.distance = &distance[0][0],
		.block_size = SMALL_BLOCK,
		.hotplug_size = 64 * SMALL_BLOCK,
		.dma_size = SMALL_BLOCK,
		.dma32_size = 3 * SMALL_BLOCK,
	};
}

static int begin(void **state)
{
	(void)state;
	if (!TP_CONFIG_NUMA)
		return 0;
	m = make_still_machine(four_nodes());
	tracker = (struct tracker){ 0 };
	tracker_begin(&tracker, m, &tracker_moves);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (!TP_CONFIG_NUMA)
		return 0;
	tracker_end(&tracker);
	end_machine(m);
	return 0;
}

#define SKIP_WITHOUT_NODES()                          \
	do {                                          \
		if (!TP_CONFIG_NUMA)                  \
			SKIP("NUMA is compiled out"); \
	} while (0)

struct place {
	int node;
	enum tp_zone_type zone;
};

static void must_list(int node, enum tp_zone_type highest, const struct place *places, unsigned n)
{
	const struct tp_zonelist *list = &m->nodes[node].zonelist[highest];
	struct tp_zone *zone;
	unsigned i = 0;

	tp_for_each_zone_in(zone, m, list) {
		assert_true(i < n);
		assert_int_equal(zone->node, places[i].node);
		assert_int_equal(zone->type, places[i].zone);
		i++;
	}
	assert_int_equal(i, n);
}

#define MUST_LIST(node, highest, ...)                                   \
	must_list(node, highest, (const struct place[]){ __VA_ARGS__ }, \
		  sizeof((const struct place[]){ __VA_ARGS__ }) / sizeof(struct place))

static void nodes_come_by_distance_and_zones_from_the_top(void **state)
{
	(void)state;
	SKIP_WITHOUT_NODES();
	MUST_LIST(0, TP_ZONE_MOVABLE, { 0, TP_ZONE_NORMAL }, { 0, TP_ZONE_DMA32 },
		  { 0, TP_ZONE_DMA }, { 3, TP_ZONE_NORMAL }, { 1, TP_ZONE_MOVABLE });
}

static void a_node_without_memory_begins_with_the_nearest(void **state)
{
	(void)state;
	SKIP_WITHOUT_NODES();
	MUST_LIST(2, TP_ZONE_MOVABLE, { 1, TP_ZONE_MOVABLE }, { 0, TP_ZONE_NORMAL },
		  { 0, TP_ZONE_DMA32 }, { 0, TP_ZONE_DMA }, { 3, TP_ZONE_NORMAL });
}

static void lower_requests_see_lower_zones_only(void **state)
{
	(void)state;
	SKIP_WITHOUT_NODES();
	MUST_LIST(3, TP_ZONE_NORMAL, { 3, TP_ZONE_NORMAL }, { 0, TP_ZONE_NORMAL },
		  { 0, TP_ZONE_DMA32 }, { 0, TP_ZONE_DMA });
	MUST_LIST(3, TP_ZONE_DMA32, { 0, TP_ZONE_DMA32 }, { 0, TP_ZONE_DMA });
	MUST_LIST(3, TP_ZONE_DMA, { 0, TP_ZONE_DMA });
}

static struct tp_device *plug(int node, enum tp_online_policy policy)
{
	const struct tp_device_config config = { .node = node,
						 .size = SMALL_BLOCK,
						 .online = policy };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static void a_zone_appears_with_its_first_page_and_goes_with_its_last(void **state)
{
	struct tp_device *device;

	(void)state;
	SKIP_WITHOUT_NODES();
	device = plug(2, TP_ONLINE_MOVABLE);
	MUST_LIST(2, TP_ZONE_MOVABLE, { 2, TP_ZONE_MOVABLE }, { 1, TP_ZONE_MOVABLE },
		  { 0, TP_ZONE_NORMAL }, { 0, TP_ZONE_DMA32 }, { 0, TP_ZONE_DMA },
		  { 3, TP_ZONE_NORMAL });
	must(tp_device_unplug(device, NULL, NULL));
	a_node_without_memory_begins_with_the_nearest(state);
}

/* A walk may meet a list that is just growing: what follows its old end must be an end too. */
static void nothing_lies_behind_the_end_of_a_list(void **state)
{
	(void)state;
	SKIP_WITHOUT_NODES();
	must(tp_device_unplug(plug(2, TP_ONLINE_MOVABLE), NULL, NULL));
	for (int node = 0; node < NODES; node++)
		for (int t = 0; t < TP_NR_ZONE_TYPES; t++) {
			const struct tp_zonelist *list = &m->nodes[node].zonelist[t];
			unsigned i = 0;

			while (tp_zonelist_entry(m, list, i))
				i++;
			for (; i <= TP_MAX_ZONES; i++)
				assert_null(tp_zonelist_entry(m, list, i));
		}
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct tp_alloc request(int node)
{
	return (struct tp_alloc){ .owner = &tracker.owner,
				  .type = TP_MIGRATE_MOVABLE,
				  .node = node,
				  .flags = TP_ALLOC_NORECLAIM };
}

static struct tp_page_info query(tp_pfn pfn)
{
	struct tp_page_info info;

	must(tp_page_query(m, pfn, &info));
	return info;
}

static tp_pfn pages[16 * 2 * TP_PAGEBLOCK_PAGES];

/* Take all that @r may have; the nodes they came from must be those of @nodes, in that order. */
static void must_drain(const struct tp_alloc *r, const int *nodes, unsigned n)
{
	unsigned seen = 0, taken = 0;
	uint64_t met = 0;
	int err;

	while (!(err = tp_pages_alloc(m, r, &pages[taken]))) {
		int node = query(pages[taken++]).node;

		if (met & TP_NODE_BIT(node).v)
			continue;
		met |= TP_NODE_BIT(node).v;
		assert_true(seen < n);
		assert_int_equal(node, nodes[seen++]);
	}
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(seen, n);
	while (taken)
		tp_pages_free(m, pages[--taken], 0);
}

static void a_request_falls_back_by_distance(void **state)
{
	struct tp_alloc r = request(0);

	(void)state;
	SKIP_WITHOUT_NODES();
	must_drain(&r, (const int[]){ 0, 3, 1 }, 3);
}

static void thisnode_never_falls_back(void **state)
{
	struct tp_alloc r = request(3);

	(void)state;
	SKIP_WITHOUT_NODES();
	r.flags |= TP_ALLOC_THISNODE;
	must_drain(&r, (const int[]){ 3 }, 1);
	r.node = 2;
	must_drain(&r, NULL, 0);
}

static void a_mask_narrows_the_nodes(void **state)
{
	struct tp_alloc r = request(0);

	(void)state;
	SKIP_WITHOUT_NODES();
	r.nodes = (tp_nodemask){ TP_NODE_BIT(1).v | TP_NODE_BIT(3).v };
	must_drain(&r, (const int[]){ 3, 1 }, 2);
	r.nodes = TP_NODE_BIT(2);
	must_drain(&r, NULL, 0);
}

static void a_full_list_of_the_own_cpu_does_not_widen_a_mask(void **state)
{
	struct tp_alloc r = request(0);
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_NODES();
	must(tp_pages_alloc(m, &r, &pfn));
	tp_pages_free(m, pfn, 0); /* node 0's lists have pages now */
	r.nodes = TP_NODE_BIT(3);
	must(tp_pages_alloc(m, &r, &pfn));
	assert_int_equal(query(pfn).node, 3);
	tp_pages_free(m, pfn, 0);
}

static void unmovable_requests_never_reach_a_movable_node(void **state)
{
	struct tp_alloc r = request(1);

	(void)state;
	SKIP_WITHOUT_NODES();
	r.type = TP_MIGRATE_UNMOVABLE;
	must_drain(&r, (const int[]){ 3, 0 }, 2);
}

static void a_nodes_own_cpus_begin_there(void **state)
{
	struct tp_alloc r = request(TP_NODE_NONE);
	tp_pfn pfn;
	int node;

	(void)state;
	SKIP_WITHOUT_NODES();
	must(tp_pages_alloc(m, &r, &pfn));
	node = query(pfn).node;
	/* The CPUs are of nodes 0 and 2; the latter has no memory, and 1 is its nearest. */
	assert_true(node == 0 || node == 1);
	tp_pages_free(m, pfn, 0);
}

#define LIST_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIST_TEST(nodes_come_by_distance_and_zones_from_the_top),
		LIST_TEST(a_node_without_memory_begins_with_the_nearest),
		LIST_TEST(lower_requests_see_lower_zones_only),
		LIST_TEST(a_zone_appears_with_its_first_page_and_goes_with_its_last),
		LIST_TEST(nothing_lies_behind_the_end_of_a_list),
		LIST_TEST(a_request_falls_back_by_distance),
		LIST_TEST(thisnode_never_falls_back),
		LIST_TEST(a_mask_narrows_the_nodes),
		LIST_TEST(a_full_list_of_the_own_cpu_does_not_widen_a_mask),
		LIST_TEST(unmovable_requests_never_reach_a_movable_node),
		LIST_TEST(a_nodes_own_cpus_begin_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
