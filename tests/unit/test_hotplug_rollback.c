/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_rollback - a plug, online or offline that fails leaves the machine as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_listener.h"
#include "hotplug_snapshot.h"

static struct snapshot before;
static struct listener vetoer;

/* ---- online ---------------------------------------------------------------------------------- */

static struct tp_device *plug_offline(struct tp_machine *m)
{
	struct tp_device *d = plug(m, 1, 3, TP_ONLINE_NONE);

	take_snapshot(m, &before);
	return d;
}

static void expect_refused_online_is_undone(struct tp_machine *m, int type)
{
	struct tp_device *d = plug_offline(m);

	listen(m, &vetoer, "vetoer", -100, NULL);
	vetoer.refuse = type;
	vetoer.answer = -EIO;
	assert_int_equal(tp_device_online(d, TP_ONLINE_KERNEL), -EIO);
	expect_same(m, &before);
	vetoer.refuse = 0;
	must(tp_device_online(d, TP_ONLINE_KERNEL));
	stop_listening(&vetoer);
}

static void refused_prepare(void **state)
{
	expect_refused_online_is_undone(*state, TP_MEM_PREPARE_ONLINE);
}

static void refused_going_online(void **state)
{
	expect_refused_online_is_undone(*state, TP_MEM_GOING_ONLINE);
}

static void refused_becoming_mem_aware(void **state)
{
	expect_refused_online_is_undone(*state, TP_NODE_BECOMING_MEM_AWARE);
}

/* Fail each hit of the site in turn until an online gets through; returns how many there were. */
static unsigned fail_every_hit_of_online(struct tp_machine *m, const char *site, int err)
{
	struct tp_device *d = plug_offline(m);
	unsigned n = 0;

	for (;; n++) {
		int got;

		must(tp_fault_arm(site, n + 1, 1));
		got = tp_device_online(d, TP_ONLINE_KERNEL);
		tp_fault_reset();
		if (!got)
			break;
		assert_int_equal(got, err);
		expect_same(m, &before);
	}
	return n;
}

static void fault_before_online(void **state)
{
	assert_int_equal(fail_every_hit_of_online(*state, "mm/online-prepare", -ENOMEM), 1);
}

static void fault_when_memory_is_opened(void **state)
{
	assert_int_equal(fail_every_hit_of_online(*state, "mm/backing-open", -ENOMEM), 1);
}

/* Per-CPU lists, slab lists, the tiers: whoever needs memory for a node. */
static void no_memory_for_a_consumer(void **state)
{
	struct tp_slab_cache *cache;

	must(tp_slab_cache_create(*state, "things", 64, 0, &cache));
	assert_true(fail_every_hit_of_online(*state, "core/alloc", -ENOMEM) >= 2);
	must(tp_slab_cache_destroy(cache));
}

static void no_thread_for_the_node(void **state)
{
	assert_true(fail_every_hit_of_online(*state, "core/thread", -ENOMEM) >= 1);
}

static void second_run_cannot_be_opened(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_NONE);

	must(tp_blocks_online(*state, first_block(d) + 1, 1, TP_ONLINE_MOVABLE));
	take_snapshot(*state, &before);
	must(tp_fault_arm("mm/backing-open", 2, 1));
	assert_int_equal(tp_device_online(d, TP_ONLINE_MOVABLE), -ENOMEM);
	expect_same(*state, &before);
}

static void failed_online_gives_memory_back(void **state)
{
	struct tp_device *d = plug_offline(*state);
	uint64_t bytes = machine_stat(*state).backing_bytes;

	must(tp_fault_arm("core/thread", 1, 1));
	assert_int_equal(tp_device_online(d, TP_ONLINE_KERNEL), -ENOMEM);
	assert_int_equal(machine_stat(*state).backing_bytes, bytes);
}

static void failed_plug_leaves_no_device(void **state)
{
	const struct tp_device_config config = blocks_on(2, 2, TP_ONLINE_KERNEL);
	struct tp_device *d;

	take_snapshot(*state, &before);
	must(tp_fault_arm("mm/online-prepare", 1, 1));
	assert_int_equal(tp_device_plug(*state, &config, &d), -ENOMEM);
	expect_same(*state, &before);
}

/* ---- offline, before a page was moved -------------------------------------------------------- */

/* Three blocks, of which the first is in use and has pageblocks of each type (T15). */
static struct shelf shelf;
static struct tp_owner rock;

static struct tp_device *plug_used(struct tp_machine *m, enum tp_online_policy policy)
{
	struct tp_device *d = plug(m, 1, 3, policy);

	shelf_open(m, &shelf, "shelf");
	rock_open(m, &rock, "rock");
	shelve(m, &shelf, 0, 1, first_block(d), 1);
	return d;
}

static void give_all_back(struct tp_machine *m)
{
	shelf_take(&shelf, 0, 1);
	must(tp_owner_unregister(&shelf.owner));
	must(tp_owner_unregister(&rock));
	assert_int_equal(tp_machine_check(m, true, stderr), 0);
}

static void expect_refused_offline_is_undone(struct tp_machine *m, int type)
{
	struct tp_device *d = plug_used(m, TP_ONLINE_KERNEL);

	listen(m, &vetoer, "vetoer", -100, NULL);
	vetoer.refuse = type;
	vetoer.answer = -EIO;
	take_snapshot(m, &before);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	expect_same(m, &before);
	stop_listening(&vetoer);
	must(tp_device_offline(d, NULL, NULL));
	give_all_back(m);
}

static void refused_going_offline(void **state)
{
	expect_refused_offline_is_undone(*state, TP_MEM_GOING_OFFLINE);
}

static void refused_becoming_memoryless(void **state)
{
	expect_refused_offline_is_undone(*state, TP_NODE_BECOMING_MEMORYLESS);
}

static void pinned_page_past_the_deadline(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(30);

	must(tp_page_pin(*state, shelf.where[0]));
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_same(*state, &before);
	tp_page_unpin(*state, shelf.where[0]);
	give_all_back(*state);
}

static void page_that_never_moves(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_KERNEL);
	tp_pfn pfn = page_in_block(*state, &rock, 0, 1, first_block(d), 1);

	take_snapshot(*state, &before);
	shelf.answer = -EAGAIN;
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EBUSY);
	expect_same_but_for_moves(*state, &before);
	tp_pages_free(*state, pfn, 1);
	give_all_back(*state);
}

/* T15: what Linux turns into MOVABLE stays what it was. */
static void pageblocks_keep_their_types(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_KERNEL);
	tp_pfn pfn = page_in_block(*state, &rock, 0, 1, first_block(d) + 2, 1);

	take_snapshot(*state, &before);
	assert_true(before.zones[1][TP_ZONE_NORMAL].pageblocks[TP_MIGRATE_UNMOVABLE] > 0);
	assert_true(before.zones[1][TP_ZONE_NORMAL].pageblocks[TP_MIGRATE_MOVABLE] > 0);
	must(tp_page_pin(*state, shelf.where[0]));
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EBUSY);
	tp_page_unpin(*state, shelf.where[0]);
	expect_same(*state, &before);
	tp_pages_free(*state, pfn, 1);
	give_all_back(*state);
}

static void isolation_that_fails(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_MOVABLE);

	take_snapshot(*state, &before);
	must(tp_fault_arm("mm/isolate", 1, UINT64_MAX));
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EBUSY);
	tp_fault_reset();
	expect_same(*state, &before);
	give_all_back(*state);
}

/* The second range of an operation is the one that cannot be isolated. */
static void isolation_that_fails_half_way(void **state)
{
	struct tp_device *kernel = plug(*state, 1, 1, TP_ONLINE_KERNEL);
	struct tp_device *movable = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_offline_options options = within_ms(1);

	take_snapshot(*state, &before);
	must(tp_fault_arm("mm/isolate", 2, UINT64_MAX));
	assert_true(tp_blocks_offline(*state, first_block(kernel), 2, &options, NULL) < 0);
	tp_fault_reset();
	expect_same(*state, &before);
	must(tp_device_offline(movable, NULL, NULL));
}

/* ---- offline, page by page ------------------------------------------------------------------- */

static void expect_fault_is_undone(struct tp_machine *m, const char *site, int err)
{
	struct tp_device *d = plug_used(m, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(300);

	take_snapshot(m, &before);
	must(tp_fault_arm(site, 1, UINT64_MAX));
	assert_int_equal(tp_device_offline(d, &options, NULL), err);
	tp_fault_reset();
	expect_same(m, &before);
	give_all_back(m);
}

static void pages_that_never_move_this_moment(void **state)
{
	expect_fault_is_undone(*state, "mm/migrate", -ETIMEDOUT);
}

static void no_memory_to_move_to(void **state)
{
	expect_fault_is_undone(*state, "mm/migrate-target", -ENOMEM);
}

static void owner_that_refuses(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(30);

	shelf.answer = -EPERM;
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_same(*state, &before);
	give_all_back(*state);
}

/* Two pages move, then a third cannot: where they are now is fine, and the rest as it was. */
static void pages_that_moved_already_stay_where_they_are(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(30);
	struct tp_page_info info;

	shelve(*state, &shelf, 1, 1, first_block(d) + 1, 0);
	must(tp_page_pin(*state, shelve(*state, &shelf, 2, 1, first_block(d) + 2, 0)));
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_same_but_for_moves(*state, &before);
	must(tp_page_query(*state, shelf.where[0], &info));
	assert_int_equal(info.node, 0);
	assert_int_equal(info.order, 1);
	tp_page_unpin(*state, shelf.where[2]);
	shelf_take(&shelf, 1, 0);
	shelf_take(&shelf, 2, 0);
	give_all_back(*state);
}

/* ---- offline under a mapping ----------------------------------------------------------------- */

static struct tp_mapping *map_on_node_1(struct tp_machine *m)
{
	const struct tp_mapping_config config = {
		.name = "data", .size = SMALL_BLOCK / 2, .policy = TP_BIND(1), .small_pages = true
	};
	struct tp_mapping *map;

	must(tp_mapping_create(m, &config, &map));
	memset(tp_mapping_base(map), 0xa5, tp_mapping_size(map));
	return map;
}

static void expect_intact(struct tp_mapping *map)
{
	const unsigned char *p = tp_mapping_base(map);

	for (uint64_t i = 0; i < tp_mapping_size(map); i++)
		assert_int_equal(p[i], 0xa5);
}

static void expect_mapping_survives(struct tp_machine *m, const char *site)
{
	struct tp_device *d = plug(m, 1, 2, TP_ONLINE_MOVABLE);
	struct tp_mapping *map = map_on_node_1(m);
	const struct tp_offline_options options = within_ms(50);

	take_snapshot(m, &before);
	must(tp_fault_arm(site, 3, UINT64_MAX));
	assert_true(tp_device_offline(d, &options, NULL) < 0);
	tp_fault_reset();
	/* Two pages moved away, each at the price of a kernel mapping or two. */
	before.mappings_used = machine_stat(m).mappings_used;
	expect_same_but_for_moves(m, &before);
	expect_intact(map);
	must(tp_device_offline(d, NULL, NULL));
	expect_intact(map);
	must(tp_mapping_destroy(map));
}

static void mapping_that_cannot_show_a_page_elsewhere(void **state)
{
	expect_mapping_survives(*state, "mm/mapping-show");
}

static void mapping_that_cannot_hold_its_writers(void **state)
{
	expect_mapping_survives(*state, "mm/hold");
}

/* ---- undo costs nothing ---------------------------------------------------------------------- */

static void failing_again_and_again_leaves_no_trace(void **state)
{
	struct tp_device *d = plug_used(*state, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(1);

	must(tp_page_pin(*state, shelf.where[0]));
	take_snapshot(*state, &before);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_same(*state, &before);
	tp_page_unpin(*state, shelf.where[0]);
	give_all_back(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(refused_prepare),
		HOTPLUG_TEST(refused_going_online),
		HOTPLUG_TEST(refused_becoming_mem_aware),
		HOTPLUG_TEST(fault_before_online),
		HOTPLUG_TEST(fault_when_memory_is_opened),
		HOTPLUG_TEST(no_memory_for_a_consumer),
		HOTPLUG_TEST(no_thread_for_the_node),
		HOTPLUG_TEST(second_run_cannot_be_opened),
		HOTPLUG_TEST(failed_online_gives_memory_back),
		HOTPLUG_TEST(failed_plug_leaves_no_device),
		HOTPLUG_TEST(refused_going_offline),
		HOTPLUG_TEST(refused_becoming_memoryless),
		HOTPLUG_TEST(pinned_page_past_the_deadline),
		HOTPLUG_TEST(page_that_never_moves),
		HOTPLUG_TEST(pageblocks_keep_their_types),
		HOTPLUG_TEST(isolation_that_fails),
		HOTPLUG_TEST(isolation_that_fails_half_way),
		HOTPLUG_TEST(pages_that_never_move_this_moment),
		HOTPLUG_TEST(no_memory_to_move_to),
		HOTPLUG_TEST(owner_that_refuses),
		HOTPLUG_TEST(pages_that_moved_already_stay_where_they_are),
		HOTPLUG_TEST(mapping_that_cannot_show_a_page_elsewhere),
		HOTPLUG_TEST(mapping_that_cannot_hold_its_writers),
		HOTPLUG_TEST(failing_again_and_again_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
