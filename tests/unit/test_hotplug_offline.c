/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_offline - memory leaves under load: pages move, nobody notices, and all blocks go or
 * none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_listener.h"
#include "hotplug_snapshot.h"
#include "hotplug_thread.h"

static struct snapshot before;

/* ---- pages move ------------------------------------------------------------------------------ */

static void fill_page(struct tp_machine *m, struct shelf *shelf, unsigned cookie)
{
	memset(tp_page_address(m, shelf->where[cookie]), (int)cookie + 1, TP_PAGE_SIZE);
}

static void expect_page(struct tp_machine *m, struct shelf *shelf, unsigned cookie)
{
	const unsigned char *p = tp_page_address(m, shelf->where[cookie]);

	for (unsigned i = 0; i < TP_PAGE_SIZE; i++)
		assert_int_equal(p[i], cookie + 1);
}

static void pages_move_with_their_content(void **state)
{
	enum { N = 4 };
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	struct tp_offline_report report;
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	for (unsigned i = 0; i < N; i++) {
		shelve(*state, &shelf, i, 1, first_block(d) + i % 2, 0);
		fill_page(*state, &shelf, i);
	}
	must(tp_device_offline(d, NULL, &report));
	assert_int_equal(report.pages_moved, N);
	assert_int_equal(report.bytes_moved, N * TP_PAGE_SIZE);
	for (unsigned i = 0; i < N; i++) {
		expect_page(*state, &shelf, i);
		shelf_take(&shelf, i, 0);
	}
	must(tp_owner_unregister(&shelf.owner));
}

static void pages_stay_on_their_node_if_some_of_it_stays(void **state)
{
	struct tp_device *leaving = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_page_info info;
	struct shelf shelf;

	plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	shelf_open(*state, &shelf, "shelf");
	shelve(*state, &shelf, 0, 1, first_block(leaving), 0);
	must(tp_device_offline(leaving, NULL, NULL));
	must(tp_page_query(*state, shelf.where[0], &info));
	assert_int_equal(info.node, 1);
	shelf_take(&shelf, 0, 0);
	must(tp_owner_unregister(&shelf.owner));
}

static int release_page(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)cookie;
	tp_pages_free(owner->machine, pfn, order);
	return 0;
}

static void pages_are_given_up_by_who_can_do_no_more(void **state)
{
	static const struct tp_owner_ops ops = { .release = release_page };
	struct tp_owner cache = { .name = "cache", .ops = &ops };
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_offline_report report;

	must(tp_owner_register(*state, &cache));
	page_in_block(*state, &cache, 0, 1, first_block(d), 1);
	must(tp_device_offline(d, NULL, &report));
	assert_int_equal(report.pages_released, 2);
	assert_int_equal(report.pages_moved, 0);
	must(tp_owner_unregister(&cache));
}

/* ---- what others see meanwhile --------------------------------------------------------------- */

static void other_blocks_of_the_node_go_on_serving(void **state) /* T19 */
{
	struct offliner offliner;
	struct stuck stuck;
	struct shelf others;
	struct tp_device *d;

	get_stuck(*state, &stuck);
	d = plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	shelf_open(*state, &others, "others");
	offliner_start(*state, &offliner, stuck.device, within_ms(20000));
	shelve(*state, &others, 0, 1, first_block(d), 0);
	shelve(*state, &others, 1, 1, first_block(d) + 1, 1);
	shelf_take(&others, 0, 0);
	shelf_take(&others, 1, 1);
	let_go(*state, &stuck);
	assert_int_equal(offliner_join(&offliner), 0);
	clear_stuck(&stuck);
	must(tp_owner_unregister(&others.owner));
}

static void leaving_pages_are_not_free_but_managed(void **state)
{
	struct offliner offliner;
	struct tp_zone_stat stat;
	struct stuck stuck;

	get_stuck(*state, &stuck);
	offliner_start(*state, &offliner, stuck.device, within_ms(20000));
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.free, 0);
	assert_int_equal(stat.isolated_pageblocks, 4);
	assert_int_equal(stat.isolated_free, 4 * TP_PAGEBLOCK_PAGES - 2);
	assert_int_equal(stat.managed, 4 * TP_PAGEBLOCK_PAGES);
	let_go(*state, &stuck);
	assert_int_equal(offliner_join(&offliner), 0);
	clear_stuck(&stuck);
}

static void a_page_freed_meanwhile_lets_the_block_go(void **state)
{
	struct offliner offliner;
	struct stuck stuck;

	get_stuck(*state, &stuck);
	offliner_start(*state, &offliner, stuck.device, within_ms(20000));
	let_go(*state, &stuck);
	assert_int_equal(offliner_join(&offliner), 0);
	assert_int_equal(offliner.report.pages_moved, 2);
	assert_true(offliner.report.passes > 1);
	clear_stuck(&stuck);
}

/* ---- all or none ----------------------------------------------------------------------------- */

static void one_page_in_the_last_block_keeps_all_blocks(void **state)
{
	struct tp_device *d = plug(*state, 1, 8, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(30);
	struct shelf shelf;
	tp_pfn pfn;

	shelf_open(*state, &shelf, "shelf");
	pfn = shelve(*state, &shelf, 0, 1, first_block(d) + 7, 1);
	must(tp_page_pin(*state, pfn));
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_same(*state, &before);
	tp_page_unpin(*state, pfn);
	shelf_take(&shelf, 0, 1);
	must(tp_owner_unregister(&shelf.owner));
}

static void a_device_that_cannot_leave_stays_plugged(void **state)
{
	const struct tp_offline_options options = within_ms(30);
	struct stuck stuck;

	get_stuck(*state, &stuck);
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_unplug(stuck.device, &options, NULL), -ETIMEDOUT);
	expect_same(*state, &before);
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

static void memory_that_fits_nowhere_stays(void **state)
{
	enum { ORDER = TP_PAGEBLOCK_ORDER - 1, N = 140 };
	struct tp_device *d = plug(*state, 1, 40, TP_ONLINE_MOVABLE);
	struct tp_offline_report report;
	struct shelf shelf;
	struct tp_alloc request = { .owner = &shelf.owner,
				    .order = ORDER,
				    .type = TP_MIGRATE_MOVABLE,
				    .node = 1,
				    .flags = TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM };

	shelf_open(*state, &shelf, "shelf");
	for (request.cookie = 0; request.cookie < N; request.cookie++)
		must(tp_pages_alloc(*state, &request, &shelf.where[request.cookie]));
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, NULL, &report), -ENOMEM);
	assert_string_equal(report.blockers[0].reason, "no memory to move it to");
	expect_same_but_for_moves(*state, &before);
	for (unsigned i = 0; i < N; i++)
		shelf_take(&shelf, i, ORDER);
	must(tp_owner_unregister(&shelf.owner));
}

/* Nobody has a page, so nobody is in the way. */
static void all_memory_of_the_machine_leaves_and_comes_back(void **state)
{
	struct tp_device *d = tp_device_find(*state, "boot0");
	struct shelf shelf;
	struct tp_alloc request = { .owner = &shelf.owner, .type = TP_MIGRATE_MOVABLE };
	tp_pfn pfn;

	must(tp_device_offline(d, NULL, NULL));
	assert_int_equal(tp_node_states(*state, TP_N_MEMORY).v, 0);
	shelf_open(*state, &shelf, "shelf");
	assert_int_equal(tp_pages_alloc(*state, &request, &pfn), -ENOMEM);
	must(tp_device_online(d, TP_ONLINE_KERNEL));
	must(tp_pages_alloc(*state, &request, &pfn));
	tp_pages_free(*state, pfn, 0);
	must(tp_owner_unregister(&shelf.owner));
}

/* ---- dry run --------------------------------------------------------------------------------- */

static const struct tp_offline_options dry = { .dry_run = true };

static void a_dry_run_names_blockers_and_touches_nothing(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_KERNEL);
	struct tp_offline_report report;
	struct tp_owner rock;
	tp_pfn pfn;

	rock_open(*state, &rock, "rock");
	pfn = page_in_block(*state, &rock, 0, 1, first_block(d) + 1, 1);
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, &dry, &report), -EBUSY);
	expect_same(*state, &before);
	assert_int_equal(report.nr_blockers, 1);
	assert_int_equal(report.blockers[0].pfn.v, pfn.v);
	assert_string_equal(report.blockers[0].owner, "rock");
	assert_string_equal(report.blockers[0].reason, "owner cannot move it");
	assert_string_equal(report.reason, "would be blocked");
	assert_int_equal(report.err, -EBUSY);
	tp_pages_free(*state, pfn, 1);
	must(tp_owner_unregister(&rock));
}

static void a_dry_run_moves_no_page(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	struct tp_offline_report report;
	struct shelf shelf;
	tp_pfn pfn;

	shelf_open(*state, &shelf, "shelf");
	pfn = shelve(*state, &shelf, 0, 1, first_block(d), 1);
	take_snapshot(*state, &before);
	must(tp_device_offline(d, &dry, &report));
	assert_string_equal(report.reason, "nothing would block");
	assert_int_equal(shelf.where[0].v, pfn.v);
	assert_int_equal(report.pages_moved, 0);
	expect_same(*state, &before);
	shelf_take(&shelf, 0, 1);
	must(tp_owner_unregister(&shelf.owner));
}

static void a_dry_run_tells_nobody(void **state)
{
	static struct heard_log log;
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	struct listener l;

	listen(*state, &l, "a", 0, &log);
	must(tp_device_offline(d, &dry, NULL));
	must(tp_device_unplug(d, &dry, NULL));
	expect_heard(&log, "");
	stop_listening(&l);
	assert_int_equal(device_info(d).nr_online, 2);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void without_options_an_offline_takes_ten_seconds_at_most(void **state)
{
	struct tp_offline_report report;
	struct stuck stuck;
	uint64_t begin;

	get_stuck(*state, &stuck);
	begin = tp_clock_now();
	assert_int_equal(tp_device_offline(stuck.device, NULL, &report), -ETIMEDOUT);
	assert_in_range(tp_clock_now() - begin, TP_SECONDS(10), TP_SECONDS(15));
	assert_string_equal(report.reason, "deadline passed");
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

static void a_deadline_is_kept(void **state)
{
	const struct tp_offline_options options = within_ms(100);
	struct tp_offline_report report;
	struct stuck stuck;
	uint64_t begin;

	get_stuck(*state, &stuck);
	begin = tp_clock_now();
	assert_int_equal(tp_device_offline(stuck.device, &options, &report), -ETIMEDOUT);
	assert_in_range(tp_clock_now() - begin, TP_MILLISECONDS(100), TP_SECONDS(5));
	assert_in_range(report.elapsed_ns, TP_MILLISECONDS(50), TP_SECONDS(5));
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

struct seen_progress {
	unsigned calls;
	struct tp_progress last;
	uint64_t max_left;
};

static void see_progress(const struct tp_progress *progress, void *arg)
{
	struct seen_progress *seen = arg;

	seen->calls++;
	seen->last = *progress;
	if (progress->pages_left > seen->max_left)
		seen->max_left = progress->pages_left;
}

static void progress_is_shown_while_it_lasts(void **state)
{
	struct seen_progress seen = { 0 };
	struct tp_offline_options options = within_ms(200);
	struct stuck stuck;

	get_stuck(*state, &stuck);
	options.progress = see_progress;
	options.progress_arg = &seen;
	assert_int_equal(tp_device_offline(stuck.device, &options, NULL), -ETIMEDOUT);
	assert_in_range(seen.calls, 2, 21);
	assert_int_equal(seen.last.pages_total, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(seen.max_left, 2);
	assert_true(seen.last.pass > 1);
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

static void the_end_is_shown_as_nothing_left(void **state)
{
	struct seen_progress seen = { 0 };
	struct tp_offline_options options = { .progress = see_progress, .progress_arg = &seen };
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	shelve(*state, &shelf, 0, 1, first_block(d), 1);
	must(tp_device_offline(d, &options, NULL));
	assert_true(seen.calls > 0);
	assert_int_equal(seen.last.pages_left, 0);
	assert_int_equal(seen.last.pages_moved, 2);
	shelf_take(&shelf, 0, 1);
	must(tp_owner_unregister(&shelf.owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(pages_move_with_their_content),
		HOTPLUG_TEST(pages_stay_on_their_node_if_some_of_it_stays),
		HOTPLUG_TEST(pages_are_given_up_by_who_can_do_no_more),
		HOTPLUG_TEST(other_blocks_of_the_node_go_on_serving),
		HOTPLUG_TEST(leaving_pages_are_not_free_but_managed),
		HOTPLUG_TEST(a_page_freed_meanwhile_lets_the_block_go),
		HOTPLUG_TEST(one_page_in_the_last_block_keeps_all_blocks),
		HOTPLUG_TEST(a_device_that_cannot_leave_stays_plugged),
		HOTPLUG_TEST(memory_that_fits_nowhere_stays),
		HOTPLUG_TEST(all_memory_of_the_machine_leaves_and_comes_back),
		HOTPLUG_TEST(a_dry_run_names_blockers_and_touches_nothing),
		HOTPLUG_TEST(a_dry_run_moves_no_page),
		HOTPLUG_TEST(a_dry_run_tells_nobody),
		HOTPLUG_TEST(without_options_an_offline_takes_ten_seconds_at_most),
		HOTPLUG_TEST(a_deadline_is_kept),
		HOTPLUG_TEST(progress_is_shown_while_it_lasts),
		HOTPLUG_TEST(the_end_is_shown_as_nothing_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
