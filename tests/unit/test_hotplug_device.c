/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_device - where devices lie, what they are called, what they cost and what they give
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_fault.h"
#include "hotplug_snapshot.h"

static struct tp_device *plug_at(struct tp_machine *m, unsigned block, unsigned blocks)
{
	struct tp_device_config config = blocks_on(1, blocks, TP_ONLINE_NONE);
	struct tp_device *d;

	config.start = block * SMALL_BLOCK;
	must(tp_device_plug(m, &config, &d));
	return d;
}

static struct tp_device *plug_as(struct tp_machine *m, const char *name)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);
	struct tp_device *d;

	config.name = name;
	must(tp_device_plug(m, &config, &d));
	return d;
}

/* ---- where ----------------------------------------------------------------------------------- */

static void devices_follow_one_another(void **state)
{
	struct tp_device *a = plug(*state, 1, 2, TP_ONLINE_NONE);
	struct tp_device *b = plug(*state, 2, 1, TP_ONLINE_NONE);

	assert_int_equal(first_block(a), BOOT_BLOCKS);
	assert_int_equal(first_block(b), BOOT_BLOCKS + 2);
}

static void the_first_gap_that_fits_is_taken(void **state)
{
	struct tp_device *gap = plug(*state, 1, 1, TP_ONLINE_NONE);
	struct tp_device *wide;

	plug(*state, 1, 1, TP_ONLINE_NONE);
	must(tp_device_unplug(gap, NULL, NULL));
	wide = plug(*state, 1, 2, TP_ONLINE_NONE);
	assert_int_equal(first_block(wide), BOOT_BLOCKS + 2);
	assert_int_equal(first_block(plug(*state, 1, 1, TP_ONLINE_NONE)), BOOT_BLOCKS);
}

static void a_device_lies_where_it_was_told_to(void **state)
{
	struct tp_device *d = plug_at(*state, 40, 2);

	assert_int_equal(first_block(d), 40);
	assert_int_equal(block_info(*state, 41).node, 1);
}

static void the_whole_range_can_be_plugged(void **state)
{
	struct tp_device *d = plug(*state, 1, 64, TP_ONLINE_MOVABLE);

	assert_int_equal(device_info(d).nr_online, 64);
	must(tp_device_unplug(d, NULL, NULL));
}

/* ---- names ----------------------------------------------------------------------------------- */

static void a_nameless_device_is_called_mem_something(void **state)
{
	assert_string_equal(device_info(plug(*state, 1, 1, TP_ONLINE_NONE)).name, "mem0");
	assert_string_equal(device_info(plug(*state, 1, 1, TP_ONLINE_NONE)).name, "mem1");
}

static void a_name_that_was_taken_by_hand_is_stepped_over(void **state)
{
	plug_as(*state, "mem0");
	assert_string_equal(device_info(plug(*state, 1, 1, TP_ONLINE_NONE)).name, "mem1");
}

static void the_longest_name_is_kept_whole(void **state)
{
	const char *name = "0123456789012345678901234567890";

	assert_string_equal(device_info(plug_as(*state, name)).name, name);
	assert_string_equal(block_info(*state, BOOT_BLOCKS).device, name);
}

static void a_device_is_found_by_name(void **state)
{
	struct tp_device *d = plug_as(*state, "dimm");

	assert_ptr_equal(tp_device_find(*state, "dimm"), d);
	assert_non_null(tp_device_find(*state, "boot0"));
	assert_null(tp_device_find(*state, "dim"));
	must(tp_device_unplug(d, NULL, NULL));
	assert_null(tp_device_find(*state, "dimm"));
}

/* ---- looking --------------------------------------------------------------------------------- */

static int note_start(struct tp_device *device, void *arg)
{
	char *names = arg;

	strcat(names, device_info(device).name);
	strcat(names, " ");
	return 0;
}

static void devices_are_visited_by_address(void **state)
{
	char names[128] = "";

	plug_at(*state, 40, 1);
	plug_at(*state, 50, 1);
	plug_at(*state, 30, 1);
	assert_int_equal(tp_device_for_each(*state, note_start, names), 0);
	assert_string_equal(names, "boot0 mem2 mem0 mem1 ");
}

static int stop_at_once(struct tp_device *device, void *arg)
{
	(void)device;
	return ++*(int *)arg;
}

static void a_visit_ends_when_told_to(void **state)
{
	int visits = 6;

	plug(*state, 1, 1, TP_ONLINE_NONE);
	assert_int_equal(tp_device_for_each(*state, stop_at_once, &visits), 7);
	assert_int_equal(visits, 7);
}

static void the_info_says_what_was_plugged(void **state)
{
	const struct tp_device_config config = {
		.name = "slow",
		.node = 2,
		.size = 3 * SMALL_BLOCK,
		.start = 20 * SMALL_BLOCK,
		.online = TP_ONLINE_MOVABLE,
		.latency_ns = 300,
		.bandwidth_mbps = 9000,
	};
	struct tp_device_info info;
	struct tp_device *d;

	must(tp_device_plug(*state, &config, &d));
	info = device_info(d);
	assert_string_equal(info.name, "slow");
	assert_int_equal(info.kind, TP_DEVICE_DRAM);
	assert_int_equal(info.node, 2);
	assert_false(info.boot);
	assert_int_equal(info.start, config.start);
	assert_int_equal(info.size, config.size);
	assert_int_equal(info.nr_blocks, 3);
	assert_int_equal(info.nr_online, 3);
	assert_int_equal(info.first_block, 20);
	assert_int_equal(info.latency_ns, 300);
	assert_int_equal(info.bandwidth_mbps, 9000);
	assert_int_equal(info.online, TP_ONLINE_MOVABLE);
}

static void boot_memory_is_a_device(void **state)
{
	struct tp_device_info info = device_info(tp_device_find(*state, "boot0"));

	assert_true(info.boot);
	assert_int_equal(info.nr_online, BOOT_BLOCKS);
	assert_int_equal(info.first_block, 0);
}

static void partial_state_is_counted(void **state) /* P7 */
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_KERNEL);

	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	assert_int_equal(device_info(d).nr_online, 2);
	assert_int_equal(device_info(d).nr_blocks, 3);
}

static void a_partial_device_goes_offline_and_online_as_a_whole(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_KERNEL);

	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	must(tp_device_online(d, TP_ONLINE_KERNEL));
	assert_int_equal(device_info(d).nr_online, 3);
	must(tp_blocks_offline(*state, first_block(d), 1, NULL, NULL));
	must(tp_device_offline(d, NULL, NULL));
	assert_int_equal(device_info(d).nr_online, 0);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void online_memory_is_managed(void **state) /* T20 */
{
	struct tp_zone_stat stat;

	plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.managed, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(stat.present, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(stat.spanned, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(stat.free, 4 * TP_PAGEBLOCK_PAGES);
}

static void online_memory_can_be_allocated(void **state) /* T20 */
{
	struct tp_owner rock;
	struct tp_device *d;
	tp_pfn pfn;

	rock_open(*state, &rock, "rock");
	d = plug(*state, 1, 1, TP_ONLINE_KERNEL);
	pfn = page_in_block(*state, &rock, 0, 1, first_block(d), 0);
	memset(tp_page_address(*state, pfn), 1, TP_PAGE_SIZE);
	tp_pages_free(*state, pfn, 0);
	must(tp_owner_unregister(&rock));
}

/* T23: what was once isolated and is gone must not matter to what goes next. */
static void offline_unplug_replug_and_offline_another(void **state)
{
	static struct snapshot before;
	struct tp_device *a, *b;

	take_snapshot(*state, &before);
	for (unsigned i = 0; i < 3; i++) {
		a = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
		b = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
		must(tp_device_offline(a, NULL, NULL));
		must(tp_device_unplug(a, NULL, NULL));
		a = plug(*state, 1, 1, TP_ONLINE_KERNEL);
		must(tp_device_unplug(b, NULL, NULL));
		must(tp_device_unplug(a, NULL, NULL));
	}
	expect_same(*state, &before);
}

static void unplug_takes_an_online_device_offline_first(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	unsigned first = first_block(d);
	struct tp_offline_report report;

	must(tp_device_unplug(d, NULL, &report));
	assert_int_equal(report.pages_total, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(block_state(*state, first), TP_BLOCK_ABSENT);
	assert_int_equal(block_state(*state, first + 1), TP_BLOCK_ABSENT);
	assert_false(node_has(*state, 1, TP_N_MEMORY));
}

static void a_node_is_online_as_long_as_it_has_a_device(void **state)
{
	struct tp_device *a = plug(*state, 1, 1, TP_ONLINE_NONE);
	struct tp_device *b = plug(*state, 1, 1, TP_ONLINE_NONE);

	assert_true(node_has(*state, 1, TP_N_ONLINE));
	must(tp_device_unplug(a, NULL, NULL));
	assert_true(node_has(*state, 1, TP_N_ONLINE));
	must(tp_device_unplug(b, NULL, NULL));
	assert_false(node_has(*state, 1, TP_N_ONLINE));
	assert_true(node_has(*state, 0, TP_N_ONLINE));
}

static void a_plug_is_online_as_its_policy_says(void **state)
{
	struct tp_device *kernel = plug(*state, 1, 1, TP_ONLINE_KERNEL);
	struct tp_device *movable = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	assert_int_equal(block_info(*state, first_block(kernel)).zone, TP_ZONE_NORMAL);
	assert_int_equal(block_info(*state, first_block(movable)).zone, TP_ZONE_MOVABLE);
}

/* ---- what it costs --------------------------------------------------------------------------- */

static void fill_and_drop(struct tp_machine *m, struct tp_device *d)
{
	tp_pfn pfn = { device_info(d).start >> TP_PAGE_SHIFT };

	memset(tp_page_address(m, pfn), 0x5a, device_info(d).size);
}

static void memory_goes_back_to_the_system(void **state)
{
	struct tp_device *d = plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	struct tp_machine_stat before = machine_stat(*state), full, after;
	struct tp_offline_report report;

	fill_and_drop(*state, d);
	full = machine_stat(*state);
	assert_int_equal(full.backing_bytes - before.backing_bytes, 4 * SMALL_BLOCK);
	must(tp_device_offline(d, NULL, &report));
	after = machine_stat(*state);
	assert_int_equal(after.backing_bytes, before.backing_bytes);
	assert_int_equal(report.bytes_returned, 4 * SMALL_BLOCK);
	/* The kernel counts in kilobytes and may round. */
	assert_in_range(full.resident_bytes - after.resident_bytes, 4 * SMALL_BLOCK - 8192,
			4 * SMALL_BLOCK + 8192);
}

static void memory_that_comes_back_reads_as_zero(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	const unsigned char *p =
		tp_page_address(*state, (tp_pfn){ device_info(d).start >> TP_PAGE_SHIFT });

	fill_and_drop(*state, d);
	must(tp_device_offline(d, NULL, NULL));
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	for (uint64_t i = 0; i < SMALL_BLOCK; i += 64)
		assert_int_equal(p[i], 0);
}

static void a_stray_access_to_an_offlined_block_faults(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	unsigned char *p =
		tp_page_address(*state, (tp_pfn){ device_info(d).start >> TP_PAGE_SHIFT });

	assert_false(faults(p));
	must(tp_blocks_offline(*state, first_block(d), 1, NULL, NULL));
	assert_true(faults(p));
	assert_true(faults(p + SMALL_BLOCK - 1));
	assert_false(faults(p + SMALL_BLOCK));
}

static void a_block_that_was_never_online_faults(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);

	assert_true(
		faults(tp_page_address(*state, (tp_pfn){ device_info(d).start >> TP_PAGE_SHIFT })));
}

/* However a device came online, in one piece or in four, and however it goes. */
static void kernel_mappings_are_paid_back(void **state)
{
	uint64_t used = machine_stat(*state).mappings_used;
	struct tp_device *d = plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	unsigned first = first_block(d);

	for (unsigned i = 0; i < 4; i++)
		must(tp_blocks_offline(*state, first + i, 1, NULL, NULL));
	assert_int_equal(machine_stat(*state).mappings_used, used);
	for (unsigned i = 0; i < 4; i++)
		must(tp_blocks_online(*state, first + i, 1, TP_ONLINE_MOVABLE));
	must(tp_device_unplug(d, NULL, NULL));
	assert_int_equal(machine_stat(*state).mappings_used, used);
}

static void metadata_is_counted_for_plugged_memory_only(void **state)
{
	uint64_t bytes = machine_stat(*state).metadata_bytes;
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);

	assert_true(machine_stat(*state).metadata_bytes > bytes);
	must(tp_device_unplug(d, NULL, NULL));
	assert_int_equal(machine_stat(*state).metadata_bytes, bytes);
}

/* Owner words of small blocks share pages with those of their neighbours. */
static void unplug_leaves_the_neighbours_pages_to_their_owners(void **state)
{
	struct tp_device *gone = plug_at(*state, 64, 1), *left = plug_at(*state, 63, 1);
	struct tp_device *right = plug_at(*state, 65, 1);
	struct tp_page_info info;
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	must(tp_device_online(left, TP_ONLINE_MOVABLE));
	must(tp_device_online(right, TP_ONLINE_MOVABLE));
	shelve(*state, &shelf, 0, 1, 63, 0);
	shelve(*state, &shelf, 1, 1, 65, 0);
	must(tp_device_unplug(gone, NULL, NULL));
	for (unsigned i = 0; i < 2; i++) {
		must(tp_page_query(*state, shelf.where[i], &info));
		assert_true(info.allocated);
		shelf_take(&shelf, i, 0);
	}
	must(tp_owner_unregister(&shelf.owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(devices_follow_one_another),
		HOTPLUG_TEST(the_first_gap_that_fits_is_taken),
		HOTPLUG_TEST(a_device_lies_where_it_was_told_to),
		HOTPLUG_TEST(the_whole_range_can_be_plugged),
		HOTPLUG_TEST(a_nameless_device_is_called_mem_something),
		HOTPLUG_TEST(a_name_that_was_taken_by_hand_is_stepped_over),
		HOTPLUG_TEST(the_longest_name_is_kept_whole),
		HOTPLUG_TEST(a_device_is_found_by_name),
		HOTPLUG_TEST(devices_are_visited_by_address),
		HOTPLUG_TEST(a_visit_ends_when_told_to),
		HOTPLUG_TEST(the_info_says_what_was_plugged),
		HOTPLUG_TEST(boot_memory_is_a_device),
		HOTPLUG_TEST(partial_state_is_counted),
		HOTPLUG_TEST(a_partial_device_goes_offline_and_online_as_a_whole),
		HOTPLUG_TEST(online_memory_is_managed),
		HOTPLUG_TEST(online_memory_can_be_allocated),
		HOTPLUG_TEST(offline_unplug_replug_and_offline_another),
		HOTPLUG_TEST(unplug_takes_an_online_device_offline_first),
		HOTPLUG_TEST(a_node_is_online_as_long_as_it_has_a_device),
		HOTPLUG_TEST(a_plug_is_online_as_its_policy_says),
		HOTPLUG_TEST(memory_goes_back_to_the_system),
		HOTPLUG_TEST(memory_that_comes_back_reads_as_zero),
		HOTPLUG_TEST(a_stray_access_to_an_offlined_block_faults),
		HOTPLUG_TEST(a_block_that_was_never_online_faults),
		HOTPLUG_TEST(kernel_mappings_are_paid_back),
		HOTPLUG_TEST(metadata_is_counted_for_plugged_memory_only),
		HOTPLUG_TEST(unplug_leaves_the_neighbours_pages_to_their_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
