/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mm_zone_choice - in which zone a block goes online, and what a view says about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "skip.h"
#include "mm/hotplug.h"
#include "mm_machine.h"

enum { BLOCKS = 8, DMA_BLOCKS = 2 };

static struct tp_machine *m;

static struct tp_machine_config base(enum tp_auto_rule rule)
{
	struct tp_machine_config config = small_machine(BLOCKS);

	config.nr_nodes = TP_CONFIG_NUMA ? 2 : 1;
	config.dma_size = DMA_BLOCKS * SMALL_BLOCK;
	config.dma32_size = DMA_BLOCKS * SMALL_BLOCK;
	config.auto_rule = rule;
	return config;
}

static int begin(void **state)
{
	(void)state;
	m = make_machine(base(TP_AUTO_CONTIG_ZONES));
	return 0;
}

static int begin_with_ratio(void **state)
{
	struct tp_machine_config config = base(TP_AUTO_MOVABLE);

	(void)state;
	config.auto_movable_ratio = 50;
	m = make_machine(config);
	return 0;
}

static int end(void **state)
{
	(void)state;
	end_machine(m);
	return 0;
}

/* @blocks of them; @at counts in blocks, too. */
static struct tp_device *plug(int node, unsigned at, unsigned blocks, enum tp_online_policy policy)
{
	const struct tp_device_config config = { .node = node,
						 .start = at * SMALL_BLOCK,
						 .size = blocks * SMALL_BLOCK,
						 .online = policy };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static void unplug(struct tp_device *device)
{
	must(tp_device_unplug(device, NULL, NULL));
}

static enum tp_zone_type chosen(int node, unsigned at, unsigned blocks,
				enum tp_online_policy policy)
{
	uint64_t pages = SMALL_BLOCK / TP_PAGE_SIZE;
	enum tp_zone_type zone;

	must(tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL));
	zone = tp_zone_choose(m, node, (tp_pfn){ at * pages }, blocks * pages, policy)->type;
	tp_hotplug_end(m);
	return zone;
}

static void kernel_memory_goes_to_the_low_zone_it_meets(void **state)
{
	(void)state;
	assert_int_equal(chosen(0, 0, 1, TP_ONLINE_KERNEL), TP_ZONE_DMA);
	assert_int_equal(chosen(0, DMA_BLOCKS - 1, 2, TP_ONLINE_KERNEL), TP_ZONE_DMA);
	assert_int_equal(chosen(0, DMA_BLOCKS, 1, TP_ONLINE_KERNEL), TP_ZONE_NORMAL);
	assert_int_equal(chosen(0, BLOCKS, 1, TP_ONLINE_KERNEL), TP_ZONE_NORMAL);
}

static void a_low_zone_of_another_node_is_not_met(void **state)
{
	(void)state;
	if (!TP_CONFIG_NUMA)
		SKIP("NUMA is compiled out");
	assert_int_equal(chosen(1, 0, 1, TP_ONLINE_KERNEL), TP_ZONE_NORMAL);
}

static void movable_memory_goes_to_movable_wherever_it_lies(void **state)
{
	(void)state;
	assert_int_equal(chosen(0, 0, 1, TP_ONLINE_MOVABLE), TP_ZONE_MOVABLE);
	assert_int_equal(chosen(0, BLOCKS, 1, TP_ONLINE_MOVABLE), TP_ZONE_MOVABLE);
}

static void auto_is_kernel_where_neither_zone_is_met(void **state)
{
	(void)state;
	assert_int_equal(chosen(0, BLOCKS, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
}

static void auto_fills_a_gap_in_the_movable_span(void **state)
{
	struct tp_device *a = plug(0, BLOCKS + 2, 1, TP_ONLINE_MOVABLE),
			 *b = plug(0, BLOCKS + 4, 1, TP_ONLINE_MOVABLE);

	(void)state;
	assert_int_equal(chosen(0, BLOCKS + 3, 1, TP_ONLINE_AUTO), TP_ZONE_MOVABLE);
	assert_int_equal(chosen(0, BLOCKS + 1, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	assert_int_equal(chosen(0, BLOCKS + 5, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	unplug(a);
	assert_int_equal(chosen(0, BLOCKS + 3, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	unplug(b);
}

static void auto_is_kernel_where_both_zones_are_met(void **state)
{
	struct tp_device *a = plug(0, BLOCKS + 1, 1, TP_ONLINE_MOVABLE),
			 *b = plug(0, BLOCKS + 4, 1, TP_ONLINE_MOVABLE),
			 *c = plug(0, BLOCKS + 6, 1, TP_ONLINE_KERNEL);

	(void)state;
	assert_int_equal(chosen(0, BLOCKS + 2, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	unplug(a);
	unplug(b);
	unplug(c);
}

/* Half of the eight boot blocks may be movable. */
static void the_ratio_admits_movable_memory_up_to_its_limit(void **state)
{
	struct tp_device *device;

	(void)state;
	assert_int_equal(chosen(0, BLOCKS, 4, TP_ONLINE_AUTO), TP_ZONE_MOVABLE);
	assert_int_equal(chosen(0, BLOCKS, 5, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	device = plug(0, BLOCKS, 3, TP_ONLINE_MOVABLE);
	assert_int_equal(chosen(0, BLOCKS + 3, 1, TP_ONLINE_AUTO), TP_ZONE_MOVABLE);
	assert_int_equal(chosen(0, BLOCKS + 3, 2, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	unplug(device);
}

static void kernel_memory_that_came_later_does_not_raise_the_limit(void **state)
{
	struct tp_device *device = plug(0, BLOCKS, 8, TP_ONLINE_KERNEL);

	(void)state;
	assert_int_equal(chosen(0, BLOCKS + 8, 5, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	unplug(device);
}

static void the_ratio_never_gives_movable_to_a_node_without_boot_memory(void **state)
{
	(void)state;
	if (!TP_CONFIG_NUMA)
		SKIP("NUMA is compiled out");
	assert_int_equal(chosen(1, BLOCKS, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
}

static void the_ratio_counts_movable_memory_of_all_nodes(void **state)
{
	struct tp_device *device;

	(void)state;
	if (!TP_CONFIG_NUMA)
		SKIP("NUMA is compiled out");
	device = plug(1, BLOCKS, 4, TP_ONLINE_MOVABLE);
	assert_int_equal(chosen(0, BLOCKS + 4, 1, TP_ONLINE_AUTO), TP_ZONE_NORMAL);
	unplug(device);
}

/* ---- views ----------------------------------------------------------------------------------- */

static void must_view(unsigned id, unsigned n, const enum tp_zone_type *zones)
{
	struct tp_block_info info;

	must(tp_block_info(m, id, &info));
	assert_true(info.zone_valid);
	assert_int_equal(info.nr_valid_zones, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(info.valid_zones[i], zones[i]);
	assert_int_equal(info.zone, zones[0]);
}

static void an_offline_block_lists_its_default_first(void **state)
{
	struct tp_device *a = plug(0, BLOCKS + 2, 1, TP_ONLINE_MOVABLE),
			 *b = plug(0, BLOCKS + 4, 1, TP_ONLINE_MOVABLE),
			 *gap = plug(0, BLOCKS + 3, 1, TP_ONLINE_NONE),
			 *behind = plug(0, BLOCKS + 5, 1, TP_ONLINE_NONE);

	(void)state;
	must_view(BLOCKS + 3, 2, (enum tp_zone_type[]){ TP_ZONE_MOVABLE, TP_ZONE_NORMAL });
	must_view(BLOCKS + 5, 2, (enum tp_zone_type[]){ TP_ZONE_NORMAL, TP_ZONE_MOVABLE });
	unplug(a);
	unplug(b);
	unplug(gap);
	unplug(behind);
}

static void an_online_block_lists_its_zone_only(void **state)
{
	(void)state;
	must_view(0, 1, (enum tp_zone_type[]){ TP_ZONE_DMA });
	must_view(DMA_BLOCKS, 1, (enum tp_zone_type[]){ TP_ZONE_NORMAL });
}

static void a_block_of_several_zones_has_none(void **state)
{
	struct tp_machine_config config = small_machine(2);
	struct tp_machine *split;
	struct tp_block_info info;

	(void)state;
	config.dma_size = config.dma32_size = TP_PAGEBLOCK_SIZE;
	split = make_machine(config);
	must(tp_block_info(split, 0, &info));
	assert_int_equal(info.state, TP_BLOCK_ONLINE);
	assert_false(info.zone_valid);
	assert_int_equal(info.nr_valid_zones, 0);
	end_machine(split);
}

static void an_absent_block_is_not_there(void **state)
{
	struct tp_block_info info;

	(void)state;
	assert_int_equal(tp_block_info(m, BLOCKS, &info), -ENOENT);
	assert_int_equal(tp_block_info(m, tp_machine_nr_blocks(m), &info), -ENOENT);
	assert_int_equal(tp_block_info(m, UINT32_MAX, &info), -ENOENT);
}

static tp_atomic_u32 stop_looking;

static void look(void *arg)
{
	struct tp_block_info info;

	(void)arg;
	while (!tp_atomic_load(&stop_looking, TP_ACQUIRE))
		for (unsigned id = BLOCKS; id < BLOCKS + 4; id++)
			tp_block_info(m, id, &info);
}

/* A view waits for nobody, and stays sound while blocks come, change and go. */
static void looking_on_while_blocks_come_and_go_is_sound(void **state)
{
	struct tp_thread thread;

	(void)state;
	tp_atomic_store(&stop_looking, 0, TP_RELEASE);
	must(tp_thread_start(&thread, "look", look, NULL));
	for (int i = 0; i < 20; i++) {
		struct tp_device *device = plug(0, BLOCKS, 2, TP_ONLINE_MOVABLE);

		unplug(plug(0, BLOCKS + 2, 2, TP_ONLINE_KERNEL));
		unplug(device);
	}
	tp_atomic_store(&stop_looking, 1, TP_RELEASE);
	tp_thread_join(&thread);
}

#define CHOICE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
#define RATIO_TEST(test)  cmocka_unit_test_setup_teardown(test, begin_with_ratio, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHOICE_TEST(kernel_memory_goes_to_the_low_zone_it_meets),
		CHOICE_TEST(a_low_zone_of_another_node_is_not_met),
		CHOICE_TEST(movable_memory_goes_to_movable_wherever_it_lies),
		CHOICE_TEST(auto_is_kernel_where_neither_zone_is_met),
		CHOICE_TEST(auto_fills_a_gap_in_the_movable_span),
		CHOICE_TEST(auto_is_kernel_where_both_zones_are_met),
		RATIO_TEST(the_ratio_admits_movable_memory_up_to_its_limit),
		RATIO_TEST(kernel_memory_that_came_later_does_not_raise_the_limit),
		RATIO_TEST(the_ratio_never_gives_movable_to_a_node_without_boot_memory),
		RATIO_TEST(the_ratio_counts_movable_memory_of_all_nodes),
		CHOICE_TEST(an_offline_block_lists_its_default_first),
		CHOICE_TEST(an_online_block_lists_its_zone_only),
		CHOICE_TEST(a_block_of_several_zones_has_none),
		CHOICE_TEST(an_absent_block_is_not_there),
		CHOICE_TEST(looking_on_while_blocks_come_and_go_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
