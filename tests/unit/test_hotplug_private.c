/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_private - private device memory: there to be read and written, never allocated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_fault.h"
#include "hotplug_listener.h"
#include "hotplug_snapshot.h"

static struct tp_device_config private_config(unsigned blocks)
{
	struct tp_device_config config = blocks_on(1, blocks, TP_ONLINE_NONE);

	config.kind = TP_DEVICE_PRIVATE;
	return config;
}

static struct tp_device *plug_private(struct tp_machine *m, unsigned blocks)
{
	const struct tp_device_config config = private_config(blocks);
	struct tp_device *d;

	must(tp_device_plug(m, &config, &d));
	return d;
}

static unsigned char *address_of(struct tp_machine *m, struct tp_device *d)
{
	return tp_page_address(m, (tp_pfn){ device_info(d).start >> TP_PAGE_SHIFT });
}

static void it_is_addressable_while_plugged(void **state)
{
	struct tp_device *d = plug_private(*state, 2);
	unsigned char *p = address_of(*state, d);

	memset(p, 0x11, 2 * SMALL_BLOCK);
	assert_int_equal(p[2 * SMALL_BLOCK - 1], 0x11);
}

static void it_faults_once_unplugged(void **state)
{
	struct tp_device *d = plug_private(*state, 1);
	unsigned char *p = address_of(*state, d);

	assert_false(faults(p));
	must(tp_device_unplug(d, NULL, NULL));
	assert_true(faults(p));
}

static void it_reads_as_zero_when_it_comes_back(void **state)
{
	struct tp_device *d = plug_private(*state, 1);

	memset(address_of(*state, d), 0x11, SMALL_BLOCK);
	must(tp_device_unplug(d, NULL, NULL));
	d = plug_private(*state, 1);
	assert_int_equal(address_of(*state, d)[100], 0);
}

static void its_memory_goes_back_to_the_system(void **state)
{
	uint64_t bytes = machine_stat(*state).backing_bytes;
	struct tp_device *d = plug_private(*state, 2);

	memset(address_of(*state, d), 0x11, 2 * SMALL_BLOCK);
	assert_int_equal(machine_stat(*state).backing_bytes - bytes, 2 * SMALL_BLOCK);
	must(tp_device_unplug(d, NULL, NULL));
	assert_int_equal(machine_stat(*state).backing_bytes, bytes);
}

static void it_never_goes_online(void **state)
{
	struct tp_device *d = plug_private(*state, 1);

	assert_int_equal(tp_device_online(d, TP_ONLINE_KERNEL), -EINVAL);
	assert_int_equal(tp_blocks_online(*state, first_block(d), 1, TP_ONLINE_KERNEL), -EINVAL);
	assert_int_equal(tp_blocks_offline(*state, first_block(d), 1, NULL, NULL), -EINVAL);
	assert_int_equal(device_info(d).nr_online, 0);
}

static void a_policy_for_it_is_refused(void **state)
{
	struct tp_device_config config = private_config(1);
	struct tp_device *d;

	config.online = TP_ONLINE_MOVABLE;
	assert_int_equal(tp_device_plug(*state, &config, &d), -EINVAL);
	assert_null(tp_device_find(*state, "mem0"));
}

static void its_blocks_have_no_zone_to_go_to(void **state)
{
	struct tp_block_info info = block_info(*state, first_block(plug_private(*state, 1)));

	assert_int_equal(info.state, TP_BLOCK_OFFLINE);
	assert_int_equal(info.node, 1);
	assert_false(info.zone_valid);
	assert_int_equal(info.nr_valid_zones, 0);
}

static void it_makes_a_node_online_but_gives_it_no_memory(void **state)
{
	struct tp_device *d = plug_private(*state, 1);

	assert_true(node_has(*state, 1, TP_N_ONLINE));
	assert_false(node_has(*state, 1, TP_N_MEMORY));
	must(tp_device_unplug(d, NULL, NULL));
	assert_false(node_has(*state, 1, TP_N_ONLINE));
}

static void it_is_present_in_the_device_zone_and_managed_by_nobody(void **state)
{
	struct tp_device *d = plug_private(*state, 2);
	struct tp_zone_stat stat = zone_stat(*state, 1, TP_ZONE_DEVICE);

	assert_int_equal(stat.start_pfn, device_info(d).start >> TP_PAGE_SHIFT);
	assert_int_equal(stat.present, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(stat.spanned, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(stat.managed, 0);
	assert_int_equal(stat.free, 0);
}

static void it_takes_part_in_no_isolation(void **state)
{
	struct tp_device *d = plug_private(*state, 1);
	struct tp_page_info info;

	must(tp_page_query(*state, (tp_pfn){ device_info(d).start >> TP_PAGE_SHIFT }, &info));
	assert_int_equal(info.zone, TP_ZONE_DEVICE);
	assert_false(info.isolated);
	assert_int_equal(zone_stat(*state, 1, TP_ZONE_DEVICE).isolated_pageblocks, 0);
}

static void nobody_is_told_of_it(void **state)
{
	static struct heard_log log;
	struct listener l;

	listen(*state, &l, "a", 0, &log);
	must(tp_device_unplug(plug_private(*state, 1), NULL, NULL));
	expect_heard(&log, "");
	stop_listening(&l);
}

static void offline_leaves_it_as_it_is(void **state)
{
	struct tp_device *d = plug_private(*state, 1);

	must(tp_device_offline(d, NULL, NULL));
	assert_false(faults(address_of(*state, d)));
}

static void unplug_leaves_no_trace(void **state)
{
	static struct snapshot before;

	take_snapshot(*state, &before);
	must(tp_device_unplug(plug_private(*state, 3), NULL, NULL));
	expect_same(*state, &before);
}

static void a_plug_that_fails_leaves_no_trace(void **state)
{
	const struct tp_device_config config = private_config(1);
	static struct snapshot before;
	struct tp_device *d;

	take_snapshot(*state, &before);
	must(tp_fault_arm("mm/backing-open", 1, 1));
	assert_int_equal(tp_device_plug(*state, &config, &d), -ENOMEM);
	expect_same(*state, &before);
}

static void its_neighbours_go_online_around_it(void **state)
{
	struct tp_device *left = plug(*state, 1, 1, TP_ONLINE_MOVABLE), *mine;

	mine = plug_private(*state, 1);
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	memset(address_of(*state, mine), 0x33, SMALL_BLOCK);
	must(tp_device_offline(left, NULL, NULL));
	assert_int_equal(address_of(*state, mine)[0], 0x33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(it_is_addressable_while_plugged),
		HOTPLUG_TEST(it_faults_once_unplugged),
		HOTPLUG_TEST(it_reads_as_zero_when_it_comes_back),
		HOTPLUG_TEST(its_memory_goes_back_to_the_system),
		HOTPLUG_TEST(it_never_goes_online),
		HOTPLUG_TEST(a_policy_for_it_is_refused),
		HOTPLUG_TEST(its_blocks_have_no_zone_to_go_to),
		HOTPLUG_TEST(it_makes_a_node_online_but_gives_it_no_memory),
		HOTPLUG_TEST(it_is_present_in_the_device_zone_and_managed_by_nobody),
		HOTPLUG_TEST(it_takes_part_in_no_isolation),
		HOTPLUG_TEST(nobody_is_told_of_it),
		HOTPLUG_TEST(offline_leaves_it_as_it_is),
		HOTPLUG_TEST(unplug_leaves_no_trace),
		HOTPLUG_TEST(a_plug_that_fails_leaves_no_trace),
		HOTPLUG_TEST(its_neighbours_go_online_around_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
