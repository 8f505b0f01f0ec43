/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_machine_create - what a machine may be made of, what it is made of by default, and that a
 * failure at any step leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>

#include "hotplug_machine.h"

static void expect_refused(struct tp_machine_config config, int err)
{
	struct tp_machine *m = NULL;

	assert_int_equal(tp_machine_create(&config, &m), err);
	assert_int_equal(tp_last_error()->err, err);
	assert_null(m);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static void refuses_a_block_size_that_is_no_power_of_two(void **state)
{
	struct tp_machine_config config = small_machine(6);

	(void)state;
	config.block_size = 3 * TP_PAGEBLOCK_SIZE;
	expect_refused(config, -EINVAL);
}

static void refuses_a_block_smaller_than_a_pageblock(void **state)
{
	struct tp_machine_config config = small_machine(6);

	(void)state;
	config.block_size = TP_PAGEBLOCK_SIZE / 2;
	expect_refused(config, -EINVAL);
}

static void refuses_a_block_over_2_gib(void **state)
{
	struct tp_machine_config config = { .block_size = TP_GIB(4) };

	(void)state;
	expect_refused(config, -EINVAL);
}

static void refuses_a_hotplug_range_over_16_tib(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.hotplug_size = TP_GIB(16384) + SMALL_BLOCK;
	expect_refused(config, -EINVAL);
}

/* Together they would have more pages than a page number can tell apart. */
static void refuses_a_physical_range_over_16_tib(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.hotplug_size = TP_GIB(16384);
	expect_refused(config, -EINVAL);
}

static void refuses_zone_limits_within_a_pageblock(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.dma_size = TP_PAGEBLOCK_SIZE / 2;
	expect_refused(config, -EINVAL);
	config.dma_size = TP_PAGEBLOCK_SIZE;
	config.dma32_size = TP_PAGEBLOCK_SIZE * 3 / 2;
	expect_refused(config, -EINVAL);
}

static void refuses_zone_limits_out_of_order(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.dma_size = 2 * SMALL_BLOCK;
	config.dma32_size = SMALL_BLOCK;
	expect_refused(config, -EINVAL);
}

static void refuses_zone_limits_beyond_any_address(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.dma32_size = UINT64_C(1) << 60;
	expect_refused(config, -EINVAL);
	config.dma32_size = -TP_PAGEBLOCK_SIZE;
	expect_refused(config, -EINVAL);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void refuses_more_nodes_than_there_can_be(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.nr_nodes = TP_MAX_NODES + 1;
	expect_refused(config, -EINVAL);
}

static void refuses_memory_on_a_node_beyond_the_last(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.nodes[1].dram = SMALL_BLOCK;
	expect_refused(config, -EINVAL);
}

static void refuses_cpus_on_a_node_beyond_the_last(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.nodes[3].cpus = 1;
	expect_refused(config, -EINVAL);
}

static void refuses_part_of_a_block(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.nodes[0].dram += TP_PAGEBLOCK_SIZE;
	expect_refused(config, -EINVAL);
}

static void refuses_boot_memory_over_16_tib(void **state)
{
	struct tp_machine_config config = { .nodes = { { .dram = TP_GIB(16384) },
						       { .dram = TP_GIB(1) } } };

	(void)state;
	expect_refused(config, -EINVAL);
}

static void refuses_a_machine_without_boot_memory(void **state)
{
	struct tp_machine_config config = { .nr_nodes = 1, .nodes = { { .cpus = 1 } } };

	(void)state;
	expect_refused(config, -EINVAL);
}

/* ---- distances and kinds --------------------------------------------------------------------- */

static void expect_distances_refused(unsigned local, unsigned remote)
{
	const unsigned distance[] = { local, remote, remote, local };
	struct tp_machine_config config = small_machine(2);

	config.nr_nodes = 2;
	config.distance = distance;
	expect_refused(config, -EINVAL);
}

static void refuses_distances_out_of_range(void **state)
{
	(void)state;
	expect_distances_refused(10, 9);
	expect_distances_refused(10, 256);
	expect_distances_refused(10, 0);
}

static void refuses_a_node_that_is_not_nearest_to_itself(void **state)
{
	(void)state;
	expect_distances_refused(11, 20);
	expect_distances_refused(10, 10);
}

static void refuses_kinds_that_do_not_exist(void **state)
{
	struct tp_machine_config config = small_machine(2);

	(void)state;
	config.hold = (enum tp_hold_kind)9;
	expect_refused(config, -EINVAL);
	config = small_machine(2);
	config.backing = (enum tp_backing_kind)9;
	expect_refused(config, -EINVAL);
	config = small_machine(2);
	config.auto_rule = (enum tp_auto_rule)9;
	expect_refused(config, -EINVAL);
}

static void huge_backing_is_given_or_refused_as_a_whole(void **state)
{
	struct tp_machine_config config = small_machine(2);
	struct tp_machine *m;
	int err;

	(void)state;
	config.backing = TP_BACKING_HUGE;
	err = tp_machine_create(&config, &m);
	assert_true(!err || err == -EPERM);
	if (err)
		return;
	assert_string_equal(tp_machine_backing(m), "huge tmpfs");
	end_machine(m);
}

/* ---- what one gets --------------------------------------------------------------------------- */

static void the_default_is_one_node_of_one_block(void **state)
{
	struct tp_machine *m;

	(void)state;
	must(tp_machine_create(NULL, &m));
	assert_int_equal(tp_machine_nr_nodes(m), 1);
	assert_int_equal(tp_machine_block_size(m), TP_MIB(128));
	assert_int_equal(tp_machine_nr_blocks(m), (TP_GIB(4) + TP_GIB(64)) / TP_MIB(128));
	assert_int_equal(device_info(tp_device_find(m, "boot0")).size, TP_MIB(128));
	assert_int_equal(zone_stat(m, 0, TP_ZONE_DMA).present, TP_MIB(16) / TP_PAGE_SIZE);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_DMA32).present, TP_MIB(112) / TP_PAGE_SIZE);
	assert_true(node_has(m, 0, TP_N_CPU));
	end_machine(m);
}

static void an_empty_config_is_the_default(void **state)
{
	struct tp_machine *m = make_machine((struct tp_machine_config){ 0 });

	(void)state;
	assert_int_equal(tp_machine_nr_nodes(m), 1);
	assert_int_equal(device_info(tp_device_find(m, "boot0")).size, TP_MIB(128));
	end_machine(m);
}

static void there_are_as_many_nodes_as_have_something(void **state)
{
	struct tp_machine_config config = small_machine(2);
	struct tp_machine *m;

	(void)state;
	config.nr_nodes = 0;
	config.nodes[4].cpus = 1;
	m = make_machine(config);
	assert_int_equal(tp_machine_nr_nodes(m), 5);
	assert_int_equal(tp_node_states(m, TP_N_POSSIBLE).v, 31);
	assert_int_equal(tp_node_states(m, TP_N_CPU).v, 17);
	assert_int_equal(tp_node_states(m, TP_N_MEMORY).v, 1);
	end_machine(m);
}

static void all_nodes_there_can_be(void **state)
{
	struct tp_machine_config config = small_machine(2);
	struct tp_machine *m;

	(void)state;
	config.nr_nodes = TP_MAX_NODES;
	for (unsigned i = 0; i < TP_MAX_NODES; i++)
		config.nodes[i].dram = 2 * SMALL_BLOCK;
	m = make_machine(config);
	assert_int_equal(tp_node_states(m, TP_N_MEMORY).v, UINT32_MAX);
	end_machine(m);
}

static void distances_are_as_given(void **state)
{
	const unsigned distance[] = { 10, 42, 255, 10 };
	struct tp_machine_config config = small_machine(2);
	struct tp_machine *m;

	(void)state;
	config.nr_nodes = 2;
	config.distance = distance;
	m = make_machine(config);
	assert_int_equal(tp_node_distance(m, 0, 1), 42);
	assert_int_equal(tp_node_distance(m, 1, 0), 255);
	assert_int_equal(tp_node_distance(m, 1, 1), 10);
	end_machine(m);
}

static void distances_are_10_and_20_by_default(void **state)
{
	struct tp_machine *m = make_machine(hotplug_config());

	(void)state;
	assert_int_equal(tp_node_distance(m, 1, 1), 10);
	assert_int_equal(tp_node_distance(m, 2, 0), 20);
	end_machine(m);
}

static void boot_memory_is_cut_at_the_zone_limits(void **state)
{
	struct tp_machine_config config = small_machine(8);
	struct tp_machine *m;

	(void)state;
	config.dma_size = TP_PAGEBLOCK_SIZE;
	config.dma32_size = 5 * TP_PAGEBLOCK_SIZE;
	m = make_machine(config);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_DMA).present, TP_PAGEBLOCK_PAGES);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_DMA32).present, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(zone_stat(m, 0, TP_ZONE_NORMAL).present, 11 * TP_PAGEBLOCK_PAGES);
	end_machine(m);
}

static void boot_memory_can_be_movable(void **state)
{
	struct tp_machine_config config = hotplug_config();
	struct tp_machine *m;

	(void)state;
	config.nodes[1] = (struct tp_node_config){ .dram = 2 * SMALL_BLOCK, .movable = true };
	m = make_machine(config);
	assert_int_equal(zone_stat(m, 1, TP_ZONE_MOVABLE).present, 4 * TP_PAGEBLOCK_PAGES);
	assert_false(node_has(m, 1, TP_N_NORMAL_MEMORY));
	end_machine(m);
}

/* Somewhere must be what nobody can move. */
static void the_first_boot_memory_is_never_movable(void **state)
{
	struct tp_machine_config config = hotplug_config();
	struct tp_machine *m;

	(void)state;
	config.nodes[1] = (struct tp_node_config){ .dram = 4 * SMALL_BLOCK, .movable = true };
	config.nodes[0].dram = 0;
	m = make_machine(config);
	assert_int_equal(zone_stat(m, 1, TP_ZONE_MOVABLE).present, 0);
	assert_true(node_has(m, 1, TP_N_NORMAL_MEMORY));
	end_machine(m);
}

static void each_way_to_hold_writers_that_is_permitted(void **state)
{
	static const char *const names[] = { NULL, "userfaultfd", "userfaultfd (user mode)",
					     "mprotect" };

	(void)state;
	for (enum tp_hold_kind kind = TP_HOLD_USERFAULTFD; kind <= TP_HOLD_MPROTECT; kind++) {
		struct tp_machine_config config = small_machine(2);
		struct tp_machine *m;
		int err;

		config.hold = kind;
		err = tp_machine_create(&config, &m);
		assert_true(!err || (err == -EPERM && kind != TP_HOLD_MPROTECT));
		if (err)
			continue;
		assert_string_equal(tp_machine_hold(m), names[kind]);
		end_machine(m);
	}
}

/* ---- nothing is left behind ------------------------------------------------------------------ */

static unsigned entries_of(const char *directory)
{
	DIR *dir = opendir(directory);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static unsigned kernel_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned n = 0;
	int c;

	assert_non_null(maps);
	while ((c = getc(maps)) != EOF)
		n += c == '\n';
	fclose(maps);
	return n;
}

/* Make each hit of @site fail in turn, until a machine comes of it; returns how many there were. */
static unsigned fail_every_hit(const char *site)
{
	struct tp_machine_config config = hotplug_config();
	unsigned files = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");

	for (unsigned nth = 1;; nth++) {
		struct tp_machine *m;
		int err;

		must(tp_fault_arm(site, nth, 1));
		err = tp_machine_create(&config, &m);
		tp_fault_reset();
		if (!err)
			tp_machine_destroy(m);
		assert_int_equal(entries_of("/proc/self/fd"), files);
		assert_int_equal(entries_of("/proc/self/task"), threads);
		if (!err)
			return nth - 1;
		assert_int_equal(err, -ENOMEM);
	}
}

static void no_memory_at_any_step(void **state)
{
	(void)state;
	assert_true(fail_every_hit("core/alloc") > 5);
}

static void no_address_space_for_metadata(void **state)
{
	(void)state;
	assert_int_equal(fail_every_hit("mm/metadata"), 3);
}

static void no_address_space_for_memory(void **state)
{
	(void)state;
	assert_int_equal(fail_every_hit("mm/backing-reserve"), 1);
}

static void boot_memory_cannot_be_opened(void **state)
{
	(void)state;
	assert_int_equal(fail_every_hit("mm/backing-open"), 1);
}

static void boot_memory_cannot_go_online(void **state)
{
	(void)state;
	assert_int_equal(fail_every_hit("mm/online-prepare"), 1);
}

static void no_thread_for_the_boot_node(void **state)
{
	(void)state;
	assert_true(fail_every_hit("core/thread") >= 1);
}

static void destroy_leaves_no_kernel_mapping(void **state)
{
	unsigned before;

	(void)state;
	/* The first machine leaves what the process keeps for all. */
	tp_machine_destroy(make_machine(hotplug_config()));
	before = kernel_mappings();
	for (unsigned i = 0; i < 8; i++)
		tp_machine_destroy(make_machine(hotplug_config()));
	assert_in_range(kernel_mappings(), 0, before + 4);
}

static void destroy_of_nothing_is_fine(void **state)
{
	(void)state;
	tp_machine_destroy(NULL);
}

static void destroy_gives_pages_back_that_are_still_allocated(void **state)
{
	struct tp_machine *m = make_machine(hotplug_config());
	struct tp_owner rock;

	(void)state;
	rock_open(m, &rock, "rock");
	take_pages(m, &rock, 1, TP_MIGRATE_UNMOVABLE, 0);
	plug(m, 1, 2, TP_ONLINE_MOVABLE);
	tp_machine_destroy(m);
}

static void several_machines_live_side_by_side(void **state)
{
	struct tp_machine *a = make_machine(hotplug_config()), *b = make_machine(hotplug_config());
	struct tp_device *d = plug(a, 1, 1, TP_ONLINE_MOVABLE);

	(void)state;
	assert_false(node_has(b, 1, TP_N_MEMORY));
	plug(b, 2, 1, TP_ONLINE_MOVABLE);
	must(tp_device_unplug(d, NULL, NULL));
	end_machine(a);
	assert_true(node_has(b, 2, TP_N_MEMORY));
	end_machine(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_block_size_that_is_no_power_of_two),
		cmocka_unit_test(refuses_a_block_smaller_than_a_pageblock),
		cmocka_unit_test(refuses_a_block_over_2_gib),
		cmocka_unit_test(refuses_a_hotplug_range_over_16_tib),
		cmocka_unit_test(refuses_a_physical_range_over_16_tib),
		cmocka_unit_test(refuses_zone_limits_within_a_pageblock),
		cmocka_unit_test(refuses_zone_limits_out_of_order),
		cmocka_unit_test(refuses_zone_limits_beyond_any_address),
		cmocka_unit_test(refuses_more_nodes_than_there_can_be),
		cmocka_unit_test(refuses_memory_on_a_node_beyond_the_last),
		cmocka_unit_test(refuses_cpus_on_a_node_beyond_the_last),
		cmocka_unit_test(refuses_part_of_a_block),
		cmocka_unit_test(refuses_boot_memory_over_16_tib),
		cmocka_unit_test(refuses_a_machine_without_boot_memory),
		cmocka_unit_test(refuses_distances_out_of_range),
		cmocka_unit_test(refuses_a_node_that_is_not_nearest_to_itself),
		cmocka_unit_test(refuses_kinds_that_do_not_exist),
		cmocka_unit_test(huge_backing_is_given_or_refused_as_a_whole),
		cmocka_unit_test(the_default_is_one_node_of_one_block),
		cmocka_unit_test(an_empty_config_is_the_default),
		cmocka_unit_test(there_are_as_many_nodes_as_have_something),
		cmocka_unit_test(all_nodes_there_can_be),
		cmocka_unit_test(distances_are_as_given),
		cmocka_unit_test(distances_are_10_and_20_by_default),
		cmocka_unit_test(boot_memory_is_cut_at_the_zone_limits),
		cmocka_unit_test(boot_memory_can_be_movable),
		cmocka_unit_test(the_first_boot_memory_is_never_movable),
		cmocka_unit_test(each_way_to_hold_writers_that_is_permitted),
		cmocka_unit_test(no_memory_at_any_step),
		cmocka_unit_test(no_address_space_for_metadata),
		cmocka_unit_test(no_address_space_for_memory),
		cmocka_unit_test(boot_memory_cannot_be_opened),
		cmocka_unit_test(boot_memory_cannot_go_online),
		cmocka_unit_test(no_thread_for_the_boot_node),
		cmocka_unit_test(destroy_leaves_no_kernel_mapping),
		cmocka_unit_test(destroy_of_nothing_is_fine),
		cmocka_unit_test(destroy_gives_pages_back_that_are_still_allocated),
		cmocka_unit_test(several_machines_live_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
