/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_errors - what plug, online, offline and unplug refuse, and that it changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_snapshot.h"

static struct snapshot before;

static int setup_snapshot(void **state)
{
	setup_machine(state);
	take_snapshot(*state, &before);
	return 0;
}

#define REFUSAL_TEST(test) cmocka_unit_test_setup_teardown(test, setup_snapshot, teardown_machine)

/* ---- plug ------------------------------------------------------------------------------------ */

static void expect_plug_refused(struct tp_machine *m, struct tp_device_config config, int err)
{
	struct tp_device *d;

	assert_int_equal(tp_device_plug(m, &config, &d), err);
	expect_same(m, &before);
}

/* P6: refused, never put on node 0 instead. */
static void plug_on_a_node_that_does_not_exist(void **state)
{
	expect_plug_refused(*state, blocks_on(NR_TEST_NODES, 1, TP_ONLINE_NONE), -EINVAL);
	expect_plug_refused(*state, blocks_on(-1, 1, TP_ONLINE_NONE), -EINVAL);
}

static void plug_of_no_bytes(void **state)
{
	expect_plug_refused(*state, blocks_on(1, 0, TP_ONLINE_NONE), -EINVAL);
}

static void plug_of_part_of_a_block(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);

	config.size += SMALL_BLOCK / 2;
	expect_plug_refused(*state, config, -EINVAL);
}

static void plug_at_part_of_a_block(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);

	config.start = 40 * SMALL_BLOCK + TP_PAGE_SIZE;
	expect_plug_refused(*state, config, -EINVAL);
}

static void plug_of_an_unknown_kind(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);

	config.kind = (enum tp_device_kind)7;
	expect_plug_refused(*state, config, -EINVAL);
}

static void plug_with_an_unknown_policy(void **state)
{
	expect_plug_refused(*state, blocks_on(1, 1, (enum tp_online_policy)9), -EINVAL);
}

static void plug_of_more_than_fits(void **state)
{
	expect_plug_refused(*state, blocks_on(1, 65, TP_ONLINE_NONE), -ENOSPC);
	expect_plug_refused(*state, blocks_on(1, 1u << 20, TP_ONLINE_NONE), -ENOSPC);
}

static void plug_beyond_the_end(void **state)
{
	struct tp_device_config config = blocks_on(1, 2, TP_ONLINE_NONE);

	config.start = (BOOT_BLOCKS + 63) * SMALL_BLOCK;
	expect_plug_refused(*state, config, -ENOSPC);
	config.start = -2 * SMALL_BLOCK;
	expect_plug_refused(*state, config, -ENOSPC);
}

static void plug_over_boot_memory(void **state)
{
	struct tp_device_config config = blocks_on(1, 2, TP_ONLINE_NONE);

	config.start = (BOOT_BLOCKS - 1) * SMALL_BLOCK;
	expect_plug_refused(*state, config, -EEXIST);
}

static void plug_over_another_device(void **state)
{
	struct tp_device_config config = blocks_on(1, 2, TP_ONLINE_NONE);

	config.start = 30 * SMALL_BLOCK;
	plug(*state, 1, 1, TP_ONLINE_NONE);
	must(tp_device_plug(*state, &config, &(struct tp_device *){ NULL }));
	take_snapshot(*state, &before);
	for (unsigned at = 29; at <= 31; at++) {
		config.start = at * SMALL_BLOCK;
		expect_plug_refused(*state, config, -EEXIST);
	}
}

static void plug_under_a_name_in_use(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);

	config.name = "boot0";
	expect_plug_refused(*state, config, -EEXIST);
}

static void plug_under_a_name_too_long(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);

	config.name = "0123456789012345678901234567890x";
	expect_plug_refused(*state, config, -EINVAL);
}

static void plug_without_memory_for_the_record(void **state)
{
	must(tp_fault_arm("core/alloc", 1, 1));
	expect_plug_refused(*state, blocks_on(1, 1, TP_ONLINE_NONE), -ENOMEM);
}

/* ---- online ---------------------------------------------------------------------------------- */

static void online_without_a_policy(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);

	assert_int_equal(tp_device_online(d, TP_ONLINE_NONE), -EINVAL);
	assert_int_equal(tp_device_online(d, (enum tp_online_policy)9), -EINVAL);
	assert_int_equal(tp_blocks_online(*state, first_block(d), 1, TP_ONLINE_NONE), -EINVAL);
	assert_int_equal(block_state(*state, first_block(d)), TP_BLOCK_OFFLINE);
}

static void online_of_blocks_that_are_online(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_NONE);
	unsigned first = first_block(d);

	must(tp_blocks_online(*state, first + 1, 1, TP_ONLINE_KERNEL));
	assert_int_equal(tp_blocks_online(*state, first, 3, TP_ONLINE_KERNEL), -EINVAL);
	assert_int_equal(block_state(*state, first), TP_BLOCK_OFFLINE);
	assert_int_equal(block_state(*state, first + 2), TP_BLOCK_OFFLINE);
}

static void online_of_a_device_that_is_online_is_done_already(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_KERNEL);

	take_snapshot(*state, &before);
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	expect_same(*state, &before);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void expect_no_such_blocks(struct tp_machine *m, unsigned first, unsigned count)
{
	assert_int_equal(tp_blocks_online(m, first, count, TP_ONLINE_KERNEL), -ENOENT);
	assert_int_equal(tp_blocks_offline(m, first, count, NULL, NULL), -ENOENT);
	expect_same(m, &before);
}

static void blocks_that_are_not_there(void **state)
{
	unsigned end = tp_machine_nr_blocks(*state);

	expect_no_such_blocks(*state, BOOT_BLOCKS, 1);
	expect_no_such_blocks(*state, end, 1);
	expect_no_such_blocks(*state, end - 1, 2);
	expect_no_such_blocks(*state, 1, UINT32_MAX);
	expect_no_such_blocks(*state, UINT32_MAX, 2);
	expect_no_such_blocks(*state, 1, 0);
}

static void blocks_with_a_gap_between(void **state)
{
	struct tp_device_config config = blocks_on(0, 1, TP_ONLINE_NONE);
	struct tp_device *d;

	config.start = (BOOT_BLOCKS + 1) * SMALL_BLOCK;
	must(tp_device_plug(*state, &config, &d));
	must(tp_device_online(d, TP_ONLINE_KERNEL));
	take_snapshot(*state, &before);
	assert_int_equal(tp_blocks_offline(*state, BOOT_BLOCKS - 1, 3, NULL, NULL), -ENOENT);
	expect_same(*state, &before);
}

static void blocks_of_several_nodes(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);

	plug(*state, 2, 1, TP_ONLINE_NONE);
	assert_int_equal(tp_blocks_online(*state, first_block(d), 2, TP_ONLINE_KERNEL), -EINVAL);
	assert_int_equal(block_state(*state, first_block(d)), TP_BLOCK_OFFLINE);
}

static void offline_of_blocks_that_are_offline(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_KERNEL);
	unsigned first = first_block(d);
	struct tp_offline_report report;

	must(tp_blocks_offline(*state, first + 1, 1, NULL, NULL));
	assert_int_equal(tp_blocks_offline(*state, first, 3, NULL, &report), -EINVAL);
	assert_int_equal(report.err, -EINVAL);
	assert_int_equal(block_state(*state, first), TP_BLOCK_ONLINE);
	assert_int_equal(block_state(*state, first + 2), TP_BLOCK_ONLINE);
}

static void offline_of_a_device_that_is_offline_is_done_already(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);
	struct tp_offline_report report;

	take_snapshot(*state, &before);
	must(tp_device_offline(d, NULL, &report));
	assert_int_equal(report.err, 0);
	assert_string_equal(report.reason, "done");
	expect_same(*state, &before);
}

/* ---- boot memory ----------------------------------------------------------------------------- */

static struct tp_machine *multi_zone_machine(void)
{
	struct tp_machine_config config = hotplug_config();

	config.dma_size = SMALL_BLOCK / 2;
	return make_machine(config);
}

static void offline_of_a_block_in_several_zones(void **state)
{
	struct tp_machine *m = multi_zone_machine();
	struct tp_offline_report report;

	(void)state;
	take_snapshot(m, &before);
	assert_int_equal(tp_blocks_offline(m, 0, 1, NULL, &report), -EINVAL);
	assert_int_equal(report.err, -EINVAL);
	assert_string_not_equal(report.reason, "done");
	expect_same(m, &before);
	end_machine(m);
}

static void unplug_of_boot_memory(void **state)
{
	struct tp_offline_report report = { .err = 1, .reason = NULL };

	assert_int_equal(tp_device_unplug(tp_device_find(*state, "boot0"), NULL, &report), -EPERM);
	assert_int_equal(report.err, -EPERM);
	assert_non_null(report.reason);
	expect_same(*state, &before);
}

static void offline_of_the_last_memory_has_nowhere_to_move_pages(void **state)
{
	struct tp_offline_report report;
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	shelve(*state, &shelf, 0, 0, 1, 1);
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(tp_device_find(*state, "boot0"), NULL, &report),
			 -ENOMEM);
	assert_string_equal(report.reason, "no memory takes the pages");
	expect_same(*state, &before);
	shelf_take(&shelf, 0, 1);
	must(tp_owner_unregister(&shelf.owner));
}

/* ---- too scattered --------------------------------------------------------------------------- */

static void more_runs_than_an_operation_can_have(void **state)
{
	struct tp_device *d = plug(*state, 1, 64, TP_ONLINE_NONE);
	unsigned first = first_block(d);
	struct tp_offline_report report;

	for (unsigned i = 0; i < 64; i += 2)
		must(tp_blocks_online(*state, first + i, 1, TP_ONLINE_MOVABLE));
	take_snapshot(*state, &before);
	assert_int_equal(tp_device_offline(d, NULL, &report), -E2BIG);
	assert_int_equal(report.err, -E2BIG);
	assert_string_not_equal(report.reason, "done");
	assert_int_equal(tp_device_online(d, TP_ONLINE_MOVABLE), -E2BIG);
	expect_same(*state, &before);
}

static void as_many_runs_as_an_operation_can_have(void **state)
{
	struct tp_device *d = plug(*state, 1, 62, TP_ONLINE_NONE);
	unsigned first = first_block(d);

	for (unsigned i = 0; i < 62; i += 2)
		must(tp_blocks_online(*state, first + i, 1, TP_ONLINE_MOVABLE));
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	assert_int_equal(device_info(d).nr_online, 62);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REFUSAL_TEST(plug_on_a_node_that_does_not_exist),
		REFUSAL_TEST(plug_of_no_bytes),
		REFUSAL_TEST(plug_of_part_of_a_block),
		REFUSAL_TEST(plug_at_part_of_a_block),
		REFUSAL_TEST(plug_of_an_unknown_kind),
		REFUSAL_TEST(plug_with_an_unknown_policy),
		REFUSAL_TEST(plug_of_more_than_fits),
		REFUSAL_TEST(plug_beyond_the_end),
		REFUSAL_TEST(plug_over_boot_memory),
		REFUSAL_TEST(plug_over_another_device),
		REFUSAL_TEST(plug_under_a_name_in_use),
		REFUSAL_TEST(plug_under_a_name_too_long),
		REFUSAL_TEST(plug_without_memory_for_the_record),
		REFUSAL_TEST(online_without_a_policy),
		REFUSAL_TEST(online_of_blocks_that_are_online),
		REFUSAL_TEST(online_of_a_device_that_is_online_is_done_already),
		REFUSAL_TEST(blocks_that_are_not_there),
		REFUSAL_TEST(blocks_with_a_gap_between),
		REFUSAL_TEST(blocks_of_several_nodes),
		REFUSAL_TEST(offline_of_blocks_that_are_offline),
		REFUSAL_TEST(offline_of_a_device_that_is_offline_is_done_already),
		cmocka_unit_test(offline_of_a_block_in_several_zones),
		REFUSAL_TEST(unplug_of_boot_memory),
		REFUSAL_TEST(offline_of_the_last_memory_has_nowhere_to_move_pages),
		REFUSAL_TEST(more_runs_than_an_operation_can_have),
		REFUSAL_TEST(as_many_runs_as_an_operation_can_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
