/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_blocks - single blocks: what they say of themselves, and how they go alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_snapshot.h"
#include "hotplug_thread.h"

static void expect_zones(struct tp_machine *m, unsigned id, unsigned n, enum tp_zone_type a,
			 enum tp_zone_type b)
{
	struct tp_block_info info = block_info(m, id);

	assert_true(info.zone_valid);
	assert_int_equal(info.zone, a);
	assert_int_equal(info.nr_valid_zones, n);
	assert_int_equal(info.valid_zones[0], a);
	if (n > 1)
		assert_int_equal(info.valid_zones[1], b);
}

/* ---- what they say --------------------------------------------------------------------------- */

static void an_absent_block_does_not_exist(void **state)
{
	struct tp_block_info info;

	assert_int_equal(tp_block_info(*state, BOOT_BLOCKS, &info), -ENOENT);
	assert_int_equal(tp_block_info(*state, tp_machine_nr_blocks(*state), &info), -ENOENT);
	assert_int_equal(tp_block_info(*state, UINT32_MAX, &info), -ENOENT);
}

static void a_block_knows_its_node_and_device(void **state)
{
	struct tp_block_info info =
		block_info(*state, first_block(plug(*state, 2, 1, TP_ONLINE_NONE)));

	assert_int_equal(info.id, BOOT_BLOCKS);
	assert_int_equal(info.node, 2);
	assert_int_equal(info.state, TP_BLOCK_OFFLINE);
	assert_string_equal(info.device, "mem0");
}

static void an_online_block_has_the_zone_it_is_in(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_zones(*state, 0, 1, TP_ZONE_DMA, 0);
	expect_zones(*state, 1, 1, TP_ZONE_NORMAL, 0);
	expect_zones(*state, BOOT_BLOCKS, 1, TP_ZONE_MOVABLE, 0);
}

static void an_offline_block_prefers_the_kernel(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_NONE);
	expect_zones(*state, BOOT_BLOCKS, 2, TP_ZONE_NORMAL, TP_ZONE_MOVABLE);
}

static void a_gap_in_movable_memory_prefers_movable(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_MOVABLE);

	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	expect_zones(*state, first_block(d) + 1, 2, TP_ZONE_MOVABLE, TP_ZONE_NORMAL);
}

static void an_offline_block_of_a_low_zone_goes_back_there(void **state)
{
	struct tp_machine_config config = hotplug_config();
	struct tp_machine *m;

	(void)state;
	config.dma_size = config.dma32_size = 3 * SMALL_BLOCK;
	m = make_machine(config);
	must(tp_blocks_offline(m, 1, 1, NULL, NULL));
	expect_zones(m, 1, 2, TP_ZONE_DMA, TP_ZONE_MOVABLE);
	must(tp_blocks_online(m, 1, 1, TP_ONLINE_KERNEL));
	expect_zones(m, 1, 1, TP_ZONE_DMA, 0);
	end_machine(m);
}

static void a_block_in_several_zones_has_none(void **state)
{
	struct tp_machine_config config = hotplug_config();
	struct tp_machine *m;
	struct tp_block_info info;

	(void)state;
	config.dma_size = SMALL_BLOCK / 2;
	m = make_machine(config);
	info = block_info(m, 0);
	assert_int_equal(info.state, TP_BLOCK_ONLINE);
	assert_false(info.zone_valid);
	assert_int_equal(info.nr_valid_zones, 0);
	end_machine(m);
}

/* ---- readers (T16) --------------------------------------------------------------------------- */

static void a_reader_does_not_wait_for_an_offline(void **state) /* T16 */
{
	struct offliner offliner;
	struct stuck stuck;
	uint64_t begin;

	get_stuck(*state, &stuck);
	offliner_start(*state, &offliner, stuck.device, within_ms(20000));
	begin = tp_clock_now();
	assert_int_equal(block_state(*state, first_block(stuck.device)), TP_BLOCK_GOING_OFFLINE);
	assert_int_equal(device_info(stuck.device).nr_online, 0);
	assert_true(tp_clock_now() - begin < TP_SECONDS(5));
	let_go(*state, &stuck);
	assert_int_equal(offliner_join(&offliner), 0);
	clear_stuck(&stuck);
}

struct reader {
	pthread_t thread;
	struct tp_machine *machine;
	unsigned id;
	bool stop;
	unsigned bad;
};

static void *read_block(void *arg)
{
	struct reader *r = arg;
	struct tp_block_info info;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		if (tp_block_info(r->machine, r->id, &info))
			continue;
		r->bad += info.node != 1 || strcmp(info.device, "passing") != 0;
	}
	return NULL;
}

/* What is read belongs together, and to a device that is there. */
static void a_reader_sees_devices_come_and_go(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct reader reader = { .machine = *state, .id = BOOT_BLOCKS };
	struct tp_device *d;

	config.name = "passing";
	assert_int_equal(pthread_create(&reader.thread, NULL, read_block, &reader), 0);
	for (unsigned i = 0; i < 50; i++) {
		must(tp_device_plug(*state, &config, &d));
		must(tp_device_unplug(d, NULL, NULL));
	}
	__atomic_store_n(&reader.stop, true, __ATOMIC_RELEASE);
	pthread_join(reader.thread, NULL);
	assert_int_equal(reader.bad, 0);
}

/* ---- alone ----------------------------------------------------------------------------------- */

static void one_block_of_several_goes_and_comes_back(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_MOVABLE);
	static struct snapshot before;

	take_snapshot(*state, &before);
	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	assert_int_equal(block_state(*state, first_block(d) + 1), TP_BLOCK_OFFLINE);
	assert_int_equal(block_state(*state, first_block(d)), TP_BLOCK_ONLINE);
	assert_int_equal(zone_stat(*state, 1, TP_ZONE_MOVABLE).present, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(zone_stat(*state, 1, TP_ZONE_MOVABLE).spanned, 6 * TP_PAGEBLOCK_PAGES);
	must(tp_blocks_online(*state, first_block(d) + 1, 1, TP_ONLINE_MOVABLE));
	expect_same(*state, &before);
}

static void a_zone_shrinks_at_its_ends(void **state)
{
	struct tp_device *d = plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	uint64_t start = device_info(d).start >> TP_PAGE_SHIFT;
	struct tp_zone_stat stat;

	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	must(tp_blocks_offline(*state, first_block(d), 1, NULL, NULL));
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.start_pfn, start + 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(stat.spanned, 4 * TP_PAGEBLOCK_PAGES);
	must(tp_blocks_offline(*state, first_block(d) + 3, 1, NULL, NULL));
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.spanned, 2 * TP_PAGEBLOCK_PAGES);
	must(tp_blocks_offline(*state, first_block(d) + 2, 1, NULL, NULL));
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.start_pfn, 0);
	assert_int_equal(stat.spanned, 0);
}

static void blocks_of_two_devices_go_together(void **state)
{
	struct tp_device *a = plug(*state, 1, 2, TP_ONLINE_KERNEL);
	struct tp_device *b = plug(*state, 1, 2, TP_ONLINE_MOVABLE);

	must(tp_blocks_offline(*state, first_block(a) + 1, 2, NULL, NULL));
	assert_int_equal(device_info(a).nr_online, 1);
	assert_int_equal(device_info(b).nr_online, 1);
	must(tp_blocks_online(*state, first_block(a) + 1, 2, TP_ONLINE_KERNEL));
	assert_int_equal(block_info(*state, first_block(b)).zone, TP_ZONE_NORMAL);
}

static void boot_memory_goes_offline_and_comes_back(void **state)
{
	static struct snapshot before;

	take_snapshot(*state, &before);
	must(tp_blocks_offline(*state, 0, 1, NULL, NULL));
	assert_int_equal(block_state(*state, 0), TP_BLOCK_OFFLINE);
	must(tp_blocks_online(*state, 0, 1, TP_ONLINE_KERNEL));
	assert_int_equal(block_info(*state, 0).state, TP_BLOCK_ONLINE);
	assert_int_equal(block_info(*state, 0).device[0], 'b');
	assert_int_equal(zone_stat(*state, 0, TP_ZONE_NORMAL).present +
				 zone_stat(*state, 0, TP_ZONE_DMA).present,
			 before.zones[0][TP_ZONE_NORMAL].present +
				 before.zones[0][TP_ZONE_DMA].present);
}

/* ---- runs of the highest order lie in two blocks (T21) --------------------------------------- */

static int setup_single_pageblocks(void **state)
{
	struct tp_machine_config config = hotplug_config();

	config.block_size = TP_PAGEBLOCK_SIZE;
	config.nodes[0].dram = BOOT_BLOCKS * TP_PAGEBLOCK_SIZE;
	*state = make_machine(config);
	return 0;
}

#define STRADDLING_TEST(test) \
	cmocka_unit_test_setup_teardown(test, setup_single_pageblocks, teardown_machine)

static struct tp_device *plug_pair(struct tp_machine *m)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	config.start = 32 * TP_PAGEBLOCK_SIZE;
	must(tp_device_plug(m, &config, &d));
	assert_int_equal(device_info(d).nr_blocks, 2);
	return d;
}

static void half_of_a_free_run_leaves(void **state) /* T21 */
{
	struct tp_zone_stat stat;

	plug_pair(*state);
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER], 1);
	must(tp_blocks_offline(*state, 33, 1, NULL, NULL));
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER], 0);
	assert_int_equal(stat.nr_free[TP_MIGRATE_MOVABLE][TP_PAGEBLOCK_ORDER], 1);
	must(tp_blocks_online(*state, 33, 1, TP_ONLINE_MOVABLE));
	stat = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(stat.nr_free[TP_MIGRATE_MOVABLE][TP_MAX_ORDER], 1);
}

static void expect_straddling_page_moves(struct tp_machine *m, unsigned block)
{
	struct shelf shelf;
	unsigned char *p;

	plug(m, 1, 4, TP_ONLINE_MOVABLE);
	plug_pair(m);
	shelf_open(m, &shelf, "shelf");
	shelve(m, &shelf, 0, 1, 32, TP_MAX_ORDER);
	memset(tp_page_address(m, shelf.where[0]), 0x77, TP_PAGE_SIZE << TP_MAX_ORDER);
	must(tp_blocks_offline(m, block, 1, NULL, NULL));
	p = tp_page_address(m, shelf.where[0]);
	for (uint64_t i = 0; i < TP_PAGE_SIZE << TP_MAX_ORDER; i += 512)
		assert_int_equal(p[i], 0x77);
	shelf_take(&shelf, 0, TP_MAX_ORDER);
	must(tp_owner_unregister(&shelf.owner));
}

static void a_used_run_leaves_with_its_first_half(void **state) /* T21 */
{
	expect_straddling_page_moves(*state, 32);
}

static void a_used_run_leaves_with_its_second_half(void **state) /* T21 */
{
	expect_straddling_page_moves(*state, 33);
}

static void a_pinned_run_is_named_by_its_first_page(void **state)
{
	const struct tp_offline_options options = within_ms(20);
	struct tp_offline_report report;
	struct shelf shelf;
	tp_pfn pfn;

	plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	plug_pair(*state);
	shelf_open(*state, &shelf, "shelf");
	pfn = shelve(*state, &shelf, 0, 1, 32, TP_MAX_ORDER);
	must(tp_page_pin(*state, pfn));
	assert_int_equal(tp_blocks_offline(*state, 33, 1, &options, &report), -ETIMEDOUT);
	assert_int_equal(report.nr_blockers, 1);
	assert_int_equal(report.blockers[0].pfn.v, pfn.v);
	assert_int_equal(report.blockers[0].order, TP_MAX_ORDER);
	tp_page_unpin(*state, pfn);
	shelf_take(&shelf, 0, TP_MAX_ORDER);
	must(tp_owner_unregister(&shelf.owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(an_absent_block_does_not_exist),
		HOTPLUG_TEST(a_block_knows_its_node_and_device),
		HOTPLUG_TEST(an_online_block_has_the_zone_it_is_in),
		HOTPLUG_TEST(an_offline_block_prefers_the_kernel),
		HOTPLUG_TEST(a_gap_in_movable_memory_prefers_movable),
		cmocka_unit_test(an_offline_block_of_a_low_zone_goes_back_there),
		cmocka_unit_test(a_block_in_several_zones_has_none),
		HOTPLUG_TEST(a_reader_does_not_wait_for_an_offline),
		HOTPLUG_TEST(a_reader_sees_devices_come_and_go),
		HOTPLUG_TEST(one_block_of_several_goes_and_comes_back),
		HOTPLUG_TEST(a_zone_shrinks_at_its_ends),
		HOTPLUG_TEST(blocks_of_two_devices_go_together),
		HOTPLUG_TEST(boot_memory_goes_offline_and_comes_back),
		STRADDLING_TEST(half_of_a_free_run_leaves),
		STRADDLING_TEST(a_used_run_leaves_with_its_first_half),
		STRADDLING_TEST(a_used_run_leaves_with_its_second_half),
		STRADDLING_TEST(a_pinned_run_is_named_by_its_first_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
