/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_compact - compaction of a node on request, as far as it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "skip.h"
#include "mm/pcp.h"
#include "mm_tracker.h"

enum { NODE = 1, BLOCKS = 6 }; /* pageblocks */

static struct tp_machine *m;
static struct tracker tracker;
static uint32_t nr_pages; /* cookies 0 to nr_pages - 1 */

/* ---- pages ----------------------------------------------------------------------------------- */

/* Every page that the node gives, one by one. */
static void take_all(void)
{
	struct tp_alloc request = {
		.owner = &tracker.owner,
		.type = TP_MIGRATE_MOVABLE,
		.node = NODE,
		.flags = TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM,
	};
	tp_pfn pfn;

	for (nr_pages = 0;; nr_pages++) {
		request.cookie = nr_pages;
		if (tp_pages_alloc(m, &request, &pfn))
			return;
		tracker_put(&tracker, nr_pages, pfn);
	}
}

static unsigned pageblock_of(uint32_t cookie)
{
	uint64_t start = tp_zone_of(m, NODE, TP_ZONE_MOVABLE)->start_pfn;

	return (unsigned)((tracker.pfn[cookie] - start) / TP_PAGEBLOCK_PAGES);
}

/* Of each pageblock's pages the first @keep[] stay in use, or as many as were to be had. */
static void shape(const unsigned *keep)
{
	unsigned kept[BLOCKS] = { 0 };

	take_all();
	for (uint32_t c = 0; c < nr_pages; c++)
		if (kept[pageblock_of(c)]++ >= keep[pageblock_of(c)])
			tracker_free(&tracker, c, 0);
	tp_pcp_drain_zone(tp_zone_of(m, NODE, TP_ZONE_MOVABLE));
}

static void drop_all(void)
{
	for (uint32_t c = 0; c < nr_pages; c++)
		if (tracker.pfn[c]) {
			tracker_verify(&tracker, c);
			tracker_free(&tracker, c, 0);
		}
}

static uint64_t whole_pageblocks(void)
{
	struct tp_zone_stat stat = zone_stat(m, NODE, TP_ZONE_MOVABLE);
	uint64_t n = 0;

	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		n += stat.nr_free[t][TP_PAGEBLOCK_ORDER] + 2 * stat.nr_free[t][TP_MAX_ORDER];
	return n;
}

static struct tp_node_stat node_stat(void)
{
	struct tp_node_stat stat;

	must(tp_node_stat(m, NODE, &stat));
	return stat;
}

static int begin(void **state)
{
	struct tp_machine_config config = small_machine(8);

	(void)state;
	config.nr_nodes = 3;
	config.nodes[NODE] =
		(struct tp_node_config){ .dram = BLOCKS * TP_PAGEBLOCK_SIZE, .movable = true };
	m = make_still_machine(config);
	tracker = (struct tracker){ .owner = { 0 } };
	tracker_begin(&tracker, m, &tracker_moves);
	return 0;
}

static int end(void **state)
{
	(void)state;
	drop_all();
	tracker_end(&tracker);
	end_machine(m);
	return 0;
}

/* A smaller pageblock is all watermark. */
static void skip_if_tiny(void)
{
	if (TP_PAGEBLOCK_ORDER < 9)
		SKIP("needs pageblocks of full size");
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void single_pages_gather_in_one_pageblock(void **state)
{
	(void)state;
	skip_if_tiny();
	shape((unsigned[BLOCKS]){ 1, 1, 1, 1, 1, 1 });
	assert_int_equal(tp_node_compact(m, NODE), BLOCKS - 1);
	assert_int_equal(whole_pageblocks(), BLOCKS - 1);
	assert_int_equal(node_stat().compacted, BLOCKS - 1);
	assert_int_equal(node_stat().migrated, BLOCKS - 1);
}

/* What kcompactd leaves alone: no pageblock is half empty, but together they are too many. */
static void fuller_pageblocks_are_emptied_too(void **state)
{
	const unsigned used = TP_PAGEBLOCK_PAGES * 5 / 8;

	(void)state;
	skip_if_tiny();
	shape((unsigned[BLOCKS]){ used, used, used, used, used, used });
	assert_int_equal(tp_node_compact(m, NODE), 2); /* 30/8 of a pageblock fit into four */
	assert_int_equal(whole_pageblocks(), 2);
}

static void a_second_time_gains_nothing(void **state)
{
	uint64_t moved;

	(void)state;
	skip_if_tiny();
	shape((unsigned[BLOCKS]){ 30, 200, 1, 400, 77, 5 });
	assert_true(tp_node_compact(m, NODE) > 0);
	moved = node_stat().migrated;
	assert_int_equal(tp_node_compact(m, NODE), 0);
	assert_int_equal(node_stat().migrated, moved);
}

static void a_whole_pageblock_is_not_broken_to_make_another(void **state)
{
	(void)state;
	skip_if_tiny();
	shape((unsigned[BLOCKS]){ 0, 0, 10, 0, 0, 0 });
	assert_int_equal(tp_node_compact(m, NODE), 0);
	assert_int_equal(node_stat().migrated, 0);
}

static void a_page_that_stays_is_tried_once(void **state)
{
	(void)state;
	skip_if_tiny();
	shape((unsigned[BLOCKS]){ 1, 1, 1, 1, 1, 1 });
	must(tp_page_pin(m, (tp_pfn){ tracker.pfn[0] }));
	assert_int_equal(tp_node_compact(m, NODE), BLOCKS - 1);
	tp_page_unpin(m, (tp_pfn){ tracker.pfn[0] });
	assert_int_equal(whole_pageblocks(), BLOCKS - 1);
}

static void owners_that_refuse_end_it(void **state)
{
	(void)state;
	skip_if_tiny();
	shape((unsigned[BLOCKS]){ 1, 1, 1, 1, 1, 1 });
	tracker.answer = -EAGAIN;
	assert_int_equal(tp_node_compact(m, NODE), 0);
	/* A pageblock that a freed page in a CPU's list makes look fuller is tried again. */
	assert_true(node_stat().migrate_failures >= BLOCKS);
}

static void nodes_without_memory_and_no_nodes_have_none(void **state)
{
	(void)state;
	nr_pages = 0;
	assert_int_equal(tp_node_compact(m, 0), 0);
	assert_int_equal(tp_node_compact(m, 2), 0);
	assert_int_equal(tp_node_compact(m, 3), 0);
	assert_int_equal(tp_node_compact(m, -1), 0);
	assert_int_equal(tp_last_error()->err, -EINVAL);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(single_pages_gather_in_one_pageblock),
		TEST(fuller_pageblocks_are_emptied_too),
		TEST(a_second_time_gains_nothing),
		TEST(a_whole_pageblock_is_not_broken_to_make_another),
		TEST(a_page_that_stays_is_tried_once),
		TEST(owners_that_refuse_end_it),
		TEST(nodes_without_memory_and_no_nodes_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
