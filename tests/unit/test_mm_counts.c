/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mm_counts - what zones count, against what the test did: pages allocated and freed, requests
 * by who wanted and who served them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "counts_machine.h"
#include "mm/isolate.h"

/* ---- pages ----------------------------------------------------------------------------------- */

static void a_page_counts_when_it_comes_and_when_it_goes(void **state)
{
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	pfn = take(0, 0, 0);
	expect_truth();
	give(pfn, 0);
	expect_truth();
}

static void a_run_counts_its_pages_but_one_request(void **state)
{
	tp_pfn pfn[TP_NR_ORDERS];

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		pfn[o] = take(0, o, 0);
	expect_truth();
	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		give(pfn[o], o);
	expect_truth();
	assert_int_equal(truth[0].allocated, (UINT64_C(1) << TP_NR_ORDERS) - 1);
}

static void a_drain_counts_nothing(void **state)
{
	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	give(take(0, 0, 0), 0);
	drain_all();
	expect_truth();
}

static void a_list_that_overflows_counts_each_free_once(void **state)
{
	static tp_pfn pfn[3 * TP_PCP_HIGH];

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	for (unsigned i = 0; i < 3 * TP_PCP_HIGH; i++)
		pfn[i] = take(0, 0, 0);
	for (unsigned i = 0; i < 3 * TP_PCP_HIGH; i++)
		give(pfn[i], 0);
	expect_truth();
}

static void stopped_lists_count_what_passes_them(void **state)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);
	struct tp_range range = { { zone->start_pfn }, TP_PAGEBLOCK_PAGES, zone };
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	tp_spin_lock(&zone->lock);
	tp_pcp_stop(zone);
	tp_spin_unlock(&zone->lock);
	pfn = take(1, 0, 1);
	must(tp_isolate_range(&range));
	give(pfn, 0);
	tp_unisolate_range(&range);
	tp_spin_lock(&zone->lock);
	tp_pcp_resume(zone);
	tp_spin_unlock(&zone->lock);
	expect_truth();
}

static void a_request_that_fails_counts_nothing(void **state)
{
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	must(tp_fault_arm("mm/page-alloc", 1, UINT64_MAX));
	assert_int_equal(try(0, 1, TP_MIGRATE_MOVABLE, 0, &pfn), -ENOMEM);
	tp_fault_reset();
	assert_int_equal(try(2, 0, TP_MIGRATE_MOVABLE, TP_ALLOC_THISNODE, &pfn), -ENOMEM);
	expect_truth();
}

/* ---- requests and nodes ---------------------------------------------------------------------- */

static void who_asks_tells_local_from_other(void **state)
{
	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		stay_on(cpu);
		for (int node = 0; node < 2; node++)
			for (unsigned order = 0; order < 3; order++)
				for (int i = 0; i < 5; i++)
					give(take(node, order, node), order);
		give(take(TP_NODE_NONE, 0, tp_node_here(m)), 0);
	}
	expect_truth();
}

static void a_full_node_is_missed(void **state)
{
	tp_pfn pfn[40];
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	hogs = hog(1, 20);
	begin_counting();
	for (unsigned i = 0; i < 40; i++)
		pfn[i] = take(1, 0, 1);
	expect_truth();
	assert_int_equal(truth[1].numa.hit, 20);
	assert_int_equal(truth[0].numa.miss, 20);
	assert_int_equal(truth[1].numa.foreign, 20);
	for (unsigned i = 0; i < 40; i++)
		give(pfn[i], 0);
	expect_truth();
	unhog(hogs);
}

static void a_lower_zone_of_the_node_is_no_miss(void **state)
{
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	hogs = hog(0, 0);
	assert_int_equal(count_node(0).numa.hit - before[0].numa.hit, hogs);
	assert_int_equal(count_node(0).numa.miss, 0);
	assert_int_equal(count_node(0).numa.foreign, 0);
	/* A DMA zone of a few small pageblocks is all reserve. */
	assert_true(TP_PAGEBLOCK_ORDER < 9 || zone_stat(m, 0, TP_ZONE_DMA).numa.hit);
	unhog(hogs);
}

static void near_a_node_without_memory_nobody_misses(void **state)
{
	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	for (unsigned i = 0; i < 10; i++)
		give(take(2, i % 2, WANTED_NEAR_2), i % 2);
	expect_truth();
	assert_int_equal(truth[1].numa.hit, 10);
	assert_int_equal(count_node(2).numa.foreign, 0);
}

static void a_request_for_other_nodes_wants_the_first_of_them(void **state)
{
	const struct tp_alloc request = {
		.owner = &owner, .type = TP_MIGRATE_MOVABLE, .node = 0, .nodes = TP_NODE_BIT(1)
	};
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	must(tp_pages_alloc(m, &request, &pfn));
	note_alloc(truth, pfn, 0, 1, tp_node_here(m));
	give(pfn, 0);
	expect_truth();
}

/* ---- turns ----------------------------------------------------------------------------------- */

static struct tp_mapping *map_in_turn(unsigned chunks)
{
	const struct tp_mapping_config config = {
		.size = chunks * TP_PAGEBLOCK_SIZE,
		.policy = { .mode = TP_POLICY_INTERLEAVE, .nodes = { 3 } },
		.small_pages = true,
	};
	struct tp_mapping *map;

	must(tp_mapping_create(m, &config, &map));
	return map;
}

static uint64_t turns(int node)
{
	return count_node(node).numa.interleave - before[node].numa.interleave;
}

static void mappings_that_take_turns_are_counted(void **state)
{
	const struct tp_mapping_config preferred = { .size = TP_PAGE_SIZE,
						     .policy = TP_PREFERRED(0) };
	struct tp_mapping *map;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	map = map_in_turn(4);
	assert_int_equal(turns(0), 2 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(turns(1), 2 * TP_PAGEBLOCK_PAGES);
	must(tp_mapping_destroy(map));
	must(tp_mapping_create(m, &preferred, &map));
	assert_int_equal(turns(0), 2 * TP_PAGEBLOCK_PAGES);
	must(tp_mapping_destroy(map));
}

static void a_turn_that_another_node_took_is_none(void **state)
{
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0); /* else the three may lie in the list of another CPU */
	hogs = hog(1, 3);
	begin_counting();
	must(tp_mapping_destroy(map_in_turn(2)));
	assert_int_equal(turns(0), TP_PAGEBLOCK_PAGES);
	assert_int_equal(turns(1), 3);
	unhog(hogs);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void counts_are_the_statistics_without_the_lists(void **state)
{
	struct tp_zone_stat full, counts;

	(void)state;
	SKIP_WITHOUT_LISTS();
	give(take(0, 0, 0), 0);
	full = zone_stat(m, 0, TP_ZONE_NORMAL);
	must(tp_zone_counts(m, 0, TP_ZONE_NORMAL, &counts));
	assert_true(full.pageblocks[TP_MIGRATE_MOVABLE] && full.pcp && full.nr_allocated);
	memset(full.nr_free, 0, sizeof(full.nr_free));
	memset(full.nr_isolated, 0, sizeof(full.nr_isolated));
	memset(full.pageblocks, 0, sizeof(full.pageblocks));
	memset(full.isolated_by_type, 0, sizeof(full.isolated_by_type));
	assert_memory_equal(&full, &counts, sizeof(full));
}

static void lists_are_those_of_simulated_cpus(void **state)
{
	uint64_t mine, all = 0;
	unsigned cpu;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(1);
	cpu = tp_cpu_current() % 2;
	give(take(1, 0, 1), 0);
	mine = tp_zone_pcp(m, 1, TP_ZONE_NORMAL, cpu);
	assert_int_equal(mine, TP_PCP_BATCH);
	for (unsigned c = 0; c < tp_machine_nr_cpus(m); c++)
		all += tp_zone_pcp(m, 1, TP_ZONE_NORMAL, c);
	assert_int_equal(all, zone_stat(m, 1, TP_ZONE_NORMAL).pcp);
	assert_int_equal(tp_zone_pcp(m, 1, TP_ZONE_NORMAL, 2), 0);
	assert_int_equal(tp_zone_pcp(m, NODES, TP_ZONE_NORMAL, 0), 0);
}

static void isolated_pageblocks_are_told_by_type(void **state)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);
	struct tp_range range = { { zone->start_pfn }, 2 * TP_PAGEBLOCK_PAGES, zone };
	struct tp_zone_stat stat;

	(void)state;
	SKIP_WITHOUT_LISTS();
	must(tp_isolate_range(&range));
	stat = zone_stat(m, 1, TP_ZONE_NORMAL);
	tp_unisolate_range(&range);
	assert_int_equal(stat.isolated_by_type[TP_MIGRATE_MOVABLE], 2);
	assert_int_equal(stat.isolated_by_type[TP_MIGRATE_UNMOVABLE], 0);
	assert_int_equal(stat.isolated_pageblocks, 2);
}

static void reserves_are_shown(void **state)
{
	struct tp_zone *dma = tp_zone_of(m, 0, TP_ZONE_DMA);
	struct tp_zone_stat stat = zone_stat(m, 0, TP_ZONE_DMA);

	(void)state;
	SKIP_WITHOUT_LISTS();
	assert_int_equal(stat.reserve[TP_ZONE_DMA], 0);
	assert_int_equal(stat.reserve[TP_ZONE_NORMAL], dma->reserve[TP_ZONE_NORMAL]);
	assert_true(TP_PAGEBLOCK_ORDER < 9 || stat.reserve[TP_ZONE_NORMAL]);
}

static void zones_that_are_not_there_have_no_counts(void **state)
{
	struct tp_zone_stat stat;

	(void)state;
	assert_int_equal(tp_zone_counts(m, NODES, TP_ZONE_NORMAL, &stat), -EINVAL);
	assert_int_equal(tp_zone_counts(m, -1, TP_ZONE_NORMAL, &stat), -EINVAL);
	assert_int_equal(tp_zone_counts(m, 0, TP_NR_ZONE_TYPES, &stat), -EINVAL);
}

static void cpus_are_numbered_node_by_node(void **state)
{
	struct tp_machine_config config = small_machine(4);
	struct tp_machine *other;

	(void)state;
	config.nr_nodes = 3;
	config.nodes[2].cpus = 3;
	other = make_machine(config);
	assert_int_equal(tp_machine_nr_cpus(other), 5);
	assert_int_equal(tp_cpu_to_node(other, 0), 0);
	assert_int_equal(tp_cpu_to_node(other, 1), 0);
	assert_int_equal(tp_cpu_to_node(other, 2), 2);
	assert_int_equal(tp_cpu_to_node(other, 4), 2);
	assert_int_equal(tp_cpu_to_node(other, 5), TP_NODE_NONE);
	tp_machine_destroy(other);
	config.nodes[0].cpus = config.nodes[2].cpus = 0;
	other = make_machine(config);
	assert_int_equal(tp_machine_nr_cpus(other), 0);
	assert_int_equal(tp_cpu_to_node(other, 0), TP_NODE_NONE);
	assert_int_equal(tp_zone_pcp(other, 0, TP_ZONE_NORMAL, 0), 0);
	tp_machine_destroy(other);
}

static void the_checker_sees_a_count_that_is_off(void **state)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);

	(void)state;
	zone->nr_freed++;
	assert_int_equal(tp_machine_check(m, true, NULL), 1);
	zone->nr_freed--;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_page_counts_when_it_comes_and_when_it_goes),
		BOTH(a_run_counts_its_pages_but_one_request),
		BOTH(a_drain_counts_nothing),
		BOTH(a_list_that_overflows_counts_each_free_once),
		BOTH(stopped_lists_count_what_passes_them),
		BOTH(a_request_that_fails_counts_nothing),
		BOTH(who_asks_tells_local_from_other),
		BOTH(a_full_node_is_missed),
		BOTH(a_lower_zone_of_the_node_is_no_miss),
		BOTH(near_a_node_without_memory_nobody_misses),
		BOTH(a_request_for_other_nodes_wants_the_first_of_them),
		BOTH(mappings_that_take_turns_are_counted),
		BOTH(a_turn_that_another_node_took_is_none),
		BOTH(counts_are_the_statistics_without_the_lists),
		BOTH(lists_are_those_of_simulated_cpus),
		BOTH(isolated_pageblocks_are_told_by_type),
		BOTH(reserves_are_shown),
		BOTH(zones_that_are_not_there_have_no_counts),
		BOTH(cpus_are_numbered_node_by_node),
		BOTH(the_checker_sees_a_count_that_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
