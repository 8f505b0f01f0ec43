/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_auto_online - which zone memory goes to when nobody says so: by contiguity or by
 * ratio.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_machine.h"

static enum tp_zone_type zone_of(struct tp_machine *m, struct tp_device *d)
{
	return block_info(m, first_block(d)).zone;
}

static struct tp_device *plug_at(struct tp_machine *m, int node, unsigned block, unsigned blocks,
				 enum tp_online_policy online)
{
	struct tp_device_config config = blocks_on(node, blocks, online);
	struct tp_device *d;

	config.start = block * SMALL_BLOCK;
	must(tp_device_plug(m, &config, &d));
	return d;
}

/* ---- contiguity ------------------------------------------------------------------------------ */

static void memory_next_to_nothing_is_kernel_memory(void **state)
{
	assert_int_equal(zone_of(*state, plug(*state, 1, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
}

static void memory_within_movable_is_movable(void **state)
{
	plug_at(*state, 1, 30, 1, TP_ONLINE_MOVABLE);
	plug_at(*state, 1, 34, 1, TP_ONLINE_MOVABLE);
	assert_int_equal(zone_of(*state, plug_at(*state, 1, 32, 1, TP_ONLINE_AUTO)),
			 TP_ZONE_MOVABLE);
}

static void memory_beside_movable_is_kernel_memory(void **state)
{
	plug_at(*state, 1, 30, 1, TP_ONLINE_MOVABLE);
	assert_int_equal(zone_of(*state, plug_at(*state, 1, 31, 1, TP_ONLINE_AUTO)),
			 TP_ZONE_NORMAL);
}

static void memory_within_both_is_kernel_memory(void **state)
{
	plug_at(*state, 1, 30, 1, TP_ONLINE_MOVABLE);
	plug_at(*state, 1, 31, 1, TP_ONLINE_KERNEL);
	plug_at(*state, 1, 33, 1, TP_ONLINE_KERNEL);
	plug_at(*state, 1, 34, 1, TP_ONLINE_MOVABLE);
	assert_int_equal(zone_of(*state, plug_at(*state, 1, 32, 1, TP_ONLINE_AUTO)),
			 TP_ZONE_NORMAL);
}

static void movable_of_another_node_does_not_count(void **state)
{
	plug_at(*state, 1, 30, 1, TP_ONLINE_MOVABLE);
	plug_at(*state, 1, 34, 1, TP_ONLINE_MOVABLE);
	assert_int_equal(zone_of(*state, plug_at(*state, 2, 32, 1, TP_ONLINE_AUTO)),
			 TP_ZONE_NORMAL);
}

static void what_left_movable_goes_back_there(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_MOVABLE);

	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	must(tp_device_online(d, TP_ONLINE_AUTO));
	assert_int_equal(block_info(*state, first_block(d) + 1).zone, TP_ZONE_MOVABLE);
}

static void kernel_memory_within_a_low_zone_is_of_that_zone(void **state)
{
	struct tp_machine_config config = hotplug_config();
	struct tp_machine *m;

	(void)state;
	config.dma_size = 2 * SMALL_BLOCK;
	config.dma32_size = 6 * SMALL_BLOCK;
	m = make_machine(config);
	must(tp_blocks_offline(m, 3, 1, NULL, NULL));
	must(tp_blocks_online(m, 3, 1, TP_ONLINE_AUTO));
	assert_int_equal(block_info(m, 3).zone, TP_ZONE_DMA32);
	end_machine(m);
}

/* ---- ratio ----------------------------------------------------------------------------------- */

static struct tp_machine_config ratio_config(unsigned percent)
{
	struct tp_machine_config config = hotplug_config();

	config.auto_rule = TP_AUTO_MOVABLE;
	config.auto_movable_ratio = percent;
	return config;
}

static int setup_ratio(void **state)
{
	*state = make_machine(ratio_config(0));
	return 0;
}

#define RATIO_TEST(test) cmocka_unit_test_setup_teardown(test, setup_ratio, teardown_machine)

static void memory_is_movable_within_301_percent(void **state)
{
	assert_int_equal(zone_of(*state, plug(*state, 0, 3 * BOOT_BLOCKS, TP_ONLINE_AUTO)),
			 TP_ZONE_MOVABLE);
	assert_int_equal(zone_of(*state, plug(*state, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
}

static void memory_that_would_break_the_ratio_is_kernel_memory(void **state)
{
	assert_int_equal(zone_of(*state, plug(*state, 0, 3 * BOOT_BLOCKS + 1, TP_ONLINE_AUTO)),
			 TP_ZONE_NORMAL);
}

static void a_node_without_boot_memory_gets_no_movable(void **state)
{
	assert_int_equal(zone_of(*state, plug(*state, 1, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
}

static void hot_added_kernel_memory_does_not_raise_the_limit(void **state)
{
	plug(*state, 0, 8, TP_ONLINE_KERNEL);
	assert_int_equal(zone_of(*state, plug(*state, 0, 3 * BOOT_BLOCKS + 1, TP_ONLINE_AUTO)),
			 TP_ZONE_NORMAL);
}

static void movable_memory_that_was_asked_for_counts(void **state)
{
	plug(*state, 1, 3 * BOOT_BLOCKS, TP_ONLINE_MOVABLE);
	assert_int_equal(zone_of(*state, plug(*state, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
}

static void movable_memory_that_left_does_not_count(void **state)
{
	struct tp_device *d = plug(*state, 1, 3 * BOOT_BLOCKS, TP_ONLINE_MOVABLE);

	must(tp_device_unplug(d, NULL, NULL));
	assert_int_equal(zone_of(*state, plug(*state, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_MOVABLE);
}

static void the_ratio_can_be_set(void **state)
{
	struct tp_machine *m = make_machine(ratio_config(50));

	(void)state;
	assert_int_equal(zone_of(m, plug(m, 0, BOOT_BLOCKS / 2, TP_ONLINE_AUTO)), TP_ZONE_MOVABLE);
	assert_int_equal(zone_of(m, plug(m, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	end_machine(m);
}

static void the_rule_can_be_changed_while_the_machine_runs(void **state)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	must(tp_machine_set_auto_rule(*state, TP_AUTO_CONTIG_ZONES, 50));
	assert_int_equal(zone_of(*state, plug(*state, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	must(tp_machine_set_auto_rule(*state, TP_AUTO_MOVABLE, 50));
	assert_int_equal(zone_of(*state, plug(*state, 0, BOOT_BLOCKS / 2, TP_ONLINE_AUTO)),
			 TP_ZONE_MOVABLE);
	assert_int_equal(zone_of(*state, plug(*state, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	must(tp_machine_set_auto_rule(*state, TP_AUTO_MOVABLE, 0));
	assert_int_equal(zone_of(*state, plug(*state, 0, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	tp_machine_auto_rule(*state, &rule, &ratio);
	assert_int_equal(rule, TP_AUTO_MOVABLE);
	assert_int_equal(ratio, 0);
}

static void a_rule_that_does_not_exist_changes_nothing(void **state)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	assert_int_equal(tp_machine_set_auto_rule(*state, (enum tp_auto_rule)2, 7), -EINVAL);
	assert_int_equal(tp_machine_set_auto_rule(*state, (enum tp_auto_rule) - 1, 7), -EINVAL);
	tp_machine_auto_rule(*state, &rule, &ratio);
	assert_int_equal(rule, TP_AUTO_MOVABLE);
	assert_int_equal(ratio, 301);
}

static tp_atomic_u32 rules_end;

static void change_rules(void *machine)
{
	for (unsigned i = 0; !tp_atomic_load(&rules_end, TP_ACQUIRE); i++)
		tp_machine_set_auto_rule(machine, (enum tp_auto_rule)(i & 1), i & 1 ? 100 : 7);
}

/* Views ask without a lock; and a choice needs both at once. */
static void rule_and_ratio_change_together(void **state)
{
	struct tp_thread thread;
	unsigned torn = 0;

	plug(*state, 0, 1, TP_ONLINE_NONE);
	must(tp_machine_set_auto_rule(*state, TP_AUTO_CONTIG_ZONES, 7));
	tp_atomic_store(&rules_end, 0, TP_RELEASE);
	must(tp_thread_start(&thread, "rules", change_rules, *state));
	for (unsigned i = 0; i < 100000; i++) {
		enum tp_auto_rule rule;
		unsigned ratio;

		tp_machine_auto_rule(*state, &rule, &ratio);
		torn += ratio != (rule == TP_AUTO_MOVABLE ? 100 : 7);
		if (!(i % 64))
			block_info(*state, BOOT_BLOCKS);
	}
	tp_atomic_store(&rules_end, 1, TP_RELEASE);
	tp_thread_join(&thread);
	assert_int_equal(torn, 0);
}

static void the_ratio_holds_for_each_node(void **state)
{
	struct tp_machine_config config = ratio_config(100);
	struct tp_machine *m;

	(void)state;
	config.nodes[1].dram = 2 * SMALL_BLOCK;
	m = make_machine(config);
	assert_int_equal(zone_of(m, plug(m, 1, 3, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	assert_int_equal(zone_of(m, plug(m, 1, 2, TP_ONLINE_AUTO)), TP_ZONE_MOVABLE);
	assert_int_equal(zone_of(m, plug(m, 1, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	end_machine(m);
}

static void movable_boot_memory_is_no_kernel_memory(void **state)
{
	struct tp_machine_config config = ratio_config(100);
	struct tp_machine *m;

	(void)state;
	config.nodes[1] = (struct tp_node_config){ .dram = 4 * SMALL_BLOCK, .movable = true };
	m = make_machine(config);
	assert_int_equal(zone_of(m, plug(m, 1, 1, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	assert_int_equal(zone_of(m, plug(m, 0, BOOT_BLOCKS - 3, TP_ONLINE_AUTO)), TP_ZONE_NORMAL);
	assert_int_equal(zone_of(m, plug(m, 0, BOOT_BLOCKS - 4, TP_ONLINE_AUTO)), TP_ZONE_MOVABLE);
	end_machine(m);
}

static void a_block_says_where_the_ratio_would_put_it(void **state)
{
	struct tp_device *d = plug(*state, 0, 1, TP_ONLINE_NONE);
	struct tp_block_info info = block_info(*state, first_block(d));

	assert_int_equal(info.nr_valid_zones, 2);
	assert_int_equal(info.valid_zones[0], TP_ZONE_MOVABLE);
	assert_int_equal(info.valid_zones[1], TP_ZONE_NORMAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(memory_next_to_nothing_is_kernel_memory),
		HOTPLUG_TEST(memory_within_movable_is_movable),
		HOTPLUG_TEST(memory_beside_movable_is_kernel_memory),
		HOTPLUG_TEST(memory_within_both_is_kernel_memory),
		HOTPLUG_TEST(movable_of_another_node_does_not_count),
		HOTPLUG_TEST(what_left_movable_goes_back_there),
		cmocka_unit_test(kernel_memory_within_a_low_zone_is_of_that_zone),
		RATIO_TEST(memory_is_movable_within_301_percent),
		RATIO_TEST(memory_that_would_break_the_ratio_is_kernel_memory),
		RATIO_TEST(a_node_without_boot_memory_gets_no_movable),
		RATIO_TEST(hot_added_kernel_memory_does_not_raise_the_limit),
		RATIO_TEST(movable_memory_that_was_asked_for_counts),
		RATIO_TEST(movable_memory_that_left_does_not_count),
		cmocka_unit_test(the_ratio_can_be_set),
		RATIO_TEST(the_rule_can_be_changed_while_the_machine_runs),
		RATIO_TEST(a_rule_that_does_not_exist_changes_nothing),
		RATIO_TEST(rule_and_ratio_change_together),
		cmocka_unit_test(the_ratio_holds_for_each_node),
		cmocka_unit_test(movable_boot_memory_is_no_kernel_memory),
		RATIO_TEST(a_block_says_where_the_ratio_would_put_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
