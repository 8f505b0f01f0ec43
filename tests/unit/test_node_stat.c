/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_node_stat - what nodes count: pages of mappings and slabs, and what became of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mapping_machine.h"
#include "mm/reclaim_internal.h"

enum { NR_NODES = 2 };

static struct tp_machine *m;
static struct tp_device *device; /* movable memory of node 1, a lower tier */

static int begin(void **state)
{
	const struct tp_device_config slow = { .node = 1,
					       .size = MAP_BLOCK,
					       .online = TP_ONLINE_MOVABLE,
					       .latency_ns = 400,
					       .bandwidth_mbps = 10000 };

	(void)state;
	m = make_still_machine(two_nodes());
	must(tp_device_plug(m, &slow, &device));
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	end_machine(m);
	return 0;
}

static struct tp_node_stat node_stat(int node)
{
	struct tp_node_stat stat;

	must(tp_node_stat(m, node, &stat));
	return stat;
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* The mappings of a machine, one or none, against what it says itself. */
static void expect_mapped(struct tp_mapping *map)
{
	struct tp_mapping_stat stat = { 0 };

	if (map)
		stat = mapping_stat(map);
	for (int n = 0; n < NR_NODES; n++)
		assert_int_equal(node_stat(n).mapping_pages, stat.pages_on_node[n]);
}

static void mappings_count_while_they_live(void **state)
{
	struct tp_mapping *map = map_on(m, 1, 2 * CHUNK + 5 * TP_PAGE_SIZE);

	(void)state;
	assert_int_equal(node_stat(1).mapping_pages, 2 * TP_PAGEBLOCK_PAGES + 5);
	expect_mapped(map);
	must(tp_mapping_destroy(map));
	expect_mapped(NULL);
}

static void a_mapping_that_fails_leaves_no_count(void **state)
{
	/* More than a list gets at once: the second time pages are fetched fails. */
	const struct tp_mapping_config config = { .size = TP_CONST_MAX(2 * CHUNK, TP_MIB(1)),
						  .policy = TP_PREFERRED(1),
						  .small_pages = true };
	struct tp_mapping *map;

	(void)state;
	must(tp_fault_arm("mm/page-alloc", 2, UINT64_MAX));
	assert_int_equal(tp_mapping_create(m, &config, &map), -ENOMEM);
	tp_fault_reset();
	expect_mapped(NULL);
	must(tp_fault_arm("mm/mapping-show", 1, 1));
	assert_int_equal(tp_mapping_create(m, &config, &map), -ENOMEM);
	expect_mapped(NULL);
}

static void moved_pages_count_where_they_went(void **state)
{
	struct tp_mapping *map = map_on(m, 1, CHUNK + 3 * TP_PAGE_SIZE);

	(void)state;
	must(tp_device_offline(device, NULL, NULL));
	assert_int_equal(node_stat(0).mapping_pages, TP_PAGEBLOCK_PAGES + 3);
	assert_int_equal(node_stat(1).migrated, TP_PAGEBLOCK_PAGES + 3);
	assert_int_equal(node_stat(0).migrated, 0);
	assert_int_equal(node_stat(1).demoted, 0);
	expect_mapped(map);
	must(tp_mapping_destroy(map));
	expect_mapped(NULL);
}

static void moves_that_fail_count_where_they_were_tried(void **state)
{
	static const char *const sites[] = { "mm/migrate", "mm/hold", "mm/mapping-show" };
	struct tp_mapping *map = map_on(m, 1, CHUNK);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		must(tp_fault_arm(sites[i], 1, 1));
		must(tp_device_offline(device, NULL, NULL)); /* by a second try */
		assert_int_equal(node_stat(1).migrate_failures, i + 1);
		expect_mapped(map);
		must(tp_device_online(device, TP_ONLINE_MOVABLE));
		must(tp_mapping_destroy(map));
		map = map_on(m, 1, CHUNK);
	}
	assert_int_equal(node_stat(0).migrate_failures, 0);
	must(tp_mapping_destroy(map));
	expect_mapped(NULL);
}

/* The new home has no whole pageblock: the chunk is split and its pages go one by one. */
static void split_chunks_count_the_same(void **state)
{
	struct tp_owner rock = { .name = "rock" };
	struct tp_mapping *map;
	tp_pfn *pfns;
	size_t n;

	(void)state;
	skip_if_tiny();
	must(tp_owner_register(m, &rock));
	map = map_on(m, 1, CHUNK);
	pfns = scatter(m, &rock, 0, &n);
	must(tp_device_offline(device, NULL, NULL));
	assert_int_equal(mapping_stat(map).huge_chunks, 0);
	assert_int_equal(node_stat(0).mapping_pages, TP_PAGEBLOCK_PAGES);
	expect_mapped(map);
	must(tp_mapping_destroy(map));
	expect_mapped(NULL);
	gather(m, pfns, n);
	must(tp_owner_unregister(&rock));
}

static void mappings_that_move_all_the_time_stay_counted(void **state)
{
	struct tp_mapping *map = map_on(m, 1, 3 * CHUNK);
	struct writer *writer;
	struct pusher pusher;

	(void)state;
	pusher_start(&pusher, device, plug_movable(m, 1, 1), 6);
	writer = writer_start(map, 0);
	for (unsigned i = 0; i < 20; i++)
		must(tp_mapping_destroy(map_small(m, 1, CHUNK)));
	writer_end(writer);
	pusher_end(&pusher);
	expect_mapped(map);
	assert_int_equal(node_stat(1).migrated, machine_stat(m).pages_migrated);
	must(tp_mapping_destroy(map));
	expect_mapped(NULL);
}

/* ---- reclaim --------------------------------------------------------------------------------- */

/* Reclaim all that can be had of a zone, in this thread. */
static void reclaim(int node, enum tp_zone_type type)
{
	struct tp_zone *zone = tp_zone_of(m, node, type);
	uint64_t high;

	tp_spin_lock(&zone->lock);
	high = zone->watermark[TP_WMARK_HIGH];
	zone->watermark[TP_WMARK_HIGH] = zone->managed;
	tp_spin_unlock(&zone->lock);
	tp_reclaim_zone(zone, NULL);
	tp_spin_lock(&zone->lock);
	zone->watermark[TP_WMARK_HIGH] = high;
	tp_spin_unlock(&zone->lock);
}

static void demoted_pages_count_at_the_node_they_left(void **state)
{
	struct tp_mapping *map = map_on(m, 0, CHUNK);

	(void)state;
	tp_demotion_enable(m, true);
	reclaim(0, TP_ZONE_NORMAL);
	assert_int_equal(node_stat(0).demoted, TP_PAGEBLOCK_PAGES);
	assert_int_equal(node_stat(0).migrated, TP_PAGEBLOCK_PAGES);
	assert_int_equal(node_stat(1).demoted, 0);
	assert_int_equal(node_stat(1).mapping_pages, TP_PAGEBLOCK_PAGES);
	assert_int_equal(machine_stat(m).pages_demoted, TP_PAGEBLOCK_PAGES);
	expect_mapped(map);
	must(tp_mapping_destroy(map));
}

/* Pages that their owner gives up when asked. */
static int give_up(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)cookie;
	tp_pages_free(owner->machine, pfn, order);
	return 0;
}

static const struct tp_owner_ops generous = { .release = give_up };

static void take_two_runs(struct tp_owner *owner)
{
	for (unsigned order = 0; order < 2; order++) {
		const struct tp_alloc request = { .owner = owner,
						  .order = order,
						  .type = TP_MIGRATE_MOVABLE,
						  .node = 1,
						  .flags = TP_ALLOC_THISNODE };
		tp_pfn pfn;

		must(tp_pages_alloc(m, &request, &pfn));
	}
}

static void only_reclaim_counts_what_was_given_up(void **state)
{
	struct tp_owner owner = { .name = "generous", .ops = &generous };

	(void)state;
	must(tp_owner_register(m, &owner));
	take_two_runs(&owner);
	must(tp_device_offline(device, NULL, NULL));
	must(tp_device_online(device, TP_ONLINE_MOVABLE));
	assert_int_equal(node_stat(1).released, 0);
	take_two_runs(&owner);
	reclaim(1, TP_ZONE_MOVABLE);
	assert_int_equal(node_stat(1).released, 3);
	assert_int_equal(node_stat(0).released, 0);
	must(tp_owner_unregister(&owner));
}

/* ---- slab ------------------------------------------------------------------------------------ */

enum { OBJECTS = 3000 };

static void slabs_count_while_they_live(void **state)
{
	static void *objects[OBJECTS];
	struct tp_slab_cache *cache;
	struct tp_slab_stat stat;

	(void)state;
	must(tp_slab_cache_create(m, "objects", 200, 0, &cache));
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_non_null(objects[i] = tp_slab_alloc(cache, 0));
	tp_slab_stat(cache, &stat);
	assert_true(stat.pages >= OBJECTS * 200 / TP_PAGE_SIZE);
	assert_int_equal(node_stat(0).slab_pages, stat.pages);
	assert_int_equal(node_stat(1).slab_pages, 0);
	for (unsigned i = 0; i < OBJECTS; i++)
		tp_slab_free(cache, objects[i]);
	tp_slab_stat(cache, &stat);
	assert_int_equal(node_stat(0).slab_pages, stat.pages);
	must(tp_slab_cache_destroy(cache));
	assert_int_equal(node_stat(0).slab_pages, 0);
}

static void a_slab_that_cannot_be_had_leaves_no_count(void **state)
{
	struct tp_slab_cache *cache;

	(void)state;
	must(tp_slab_cache_create(m, "objects", 3000, 0, &cache));
	must(tp_fault_arm("mm/page-alloc", 1, UINT64_MAX));
	assert_null(tp_slab_alloc(cache, 0));
	assert_int_equal(node_stat(0).slab_pages, 0);
	tp_fault_reset();
	must(tp_slab_cache_destroy(cache));
}

static void caches_are_counted_together_and_by_node(void **state)
{
	const struct tp_device_config kernel = { .node = 1,
						 .size = MAP_BLOCK,
						 .online = TP_ONLINE_KERNEL };
	struct tp_slab_cache *caches[2];
	void *objects[2][NR_NODES];
	struct tp_slab_stat stat;
	uint64_t pages = 0;

	(void)state;
	must(tp_device_plug(m, &kernel, &(struct tp_device *){ NULL }));
	for (unsigned i = 0; i < 2; i++) {
		must(tp_slab_cache_create(m, "objects", 1000 << i, 0, &caches[i]));
		for (int n = 0; n < NR_NODES; n++)
			assert_non_null(objects[i][n] = tp_slab_alloc(caches[i], n));
		tp_slab_stat(caches[i], &stat);
		pages += stat.pages;
	}
	assert_int_equal(node_stat(0).slab_pages, pages / 2);
	assert_int_equal(node_stat(1).slab_pages, pages / 2);
	for (unsigned i = 0; i < 2; i++) {
		for (int n = 0; n < NR_NODES; n++)
			tp_slab_free(caches[i], objects[i][n]);
		must(tp_slab_cache_destroy(caches[i]));
	}
	assert_int_equal(node_stat(0).slab_pages + node_stat(1).slab_pages, 0);
}

static void nodes_that_do_not_exist_have_no_counts(void **state)
{
	struct tp_node_stat stat;

	(void)state;
	assert_int_equal(tp_node_stat(m, NR_NODES, &stat), -EINVAL);
	assert_int_equal(tp_node_stat(m, -1, &stat), -EINVAL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mappings_count_while_they_live),
		TEST(a_mapping_that_fails_leaves_no_count),
		TEST(moved_pages_count_where_they_went),
		TEST(moves_that_fail_count_where_they_were_tried),
		TEST(split_chunks_count_the_same),
		TEST(mappings_that_move_all_the_time_stay_counted),
		TEST(demoted_pages_count_at_the_node_they_left),
		TEST(only_reclaim_counts_what_was_given_up),
		TEST(slabs_count_while_they_live),
		TEST(a_slab_that_cannot_be_had_leaves_no_count),
		TEST(caches_are_counted_together_and_by_node),
		TEST(nodes_that_do_not_exist_have_no_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
