/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_numa_absent - T8: built without NUMA all functions are there, and say what is so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "numa_machine.h"

static int make_one_node(void **state)
{
	const struct tp_machine_config config = {
		.nodes = { { .dram = 8 * BLOCK, .cpus = 1 } },
		.block_size = BLOCK,
		.backing = TP_BACKING_SMALL,
	};

	return tp_machine_create(&config, (struct tp_machine **)state);
}

static void states_and_distance_are_those_of_one_node(void **state)
{
	assert_int_equal(nodes_in(*state, TP_N_POSSIBLE), 0x1);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x1);
	assert_int_equal(tp_node_distance(*state, 0, 0), 10);
	assert_int_equal(tp_node_distance(*state, 0, 1), 0);
}

static void all_memory_is_in_the_tier_of_dram(void **state)
{
	struct tp_tier_info tier;

	assert_int_equal(tp_tiers(*state, &tier, 1), 1);
	assert_int_equal(tier.id, 4);
	assert_int_equal(tier.nodes.v, 0x1);
	assert_int_equal(tp_abstract_distance(*state, 40, 2048), 11520);
}

static void there_is_nowhere_to_demote_to(void **state)
{
	assert_int_equal(preferred_of(*state, 0) | allowed_of(*state, 0), 0);
	tp_demotion_enable(*state, true);
	assert_false(tp_demotion_enabled(*state));
}

static void no_figures_are_taken(void **state)
{
	struct tp_access access = even_access(10, 10);

	assert_int_equal(tp_hmat_set(*state, 0, 0, &access), -EOPNOTSUPP);
	assert_int_equal(tp_cxl_region_add(*state, 0, &access), -EOPNOTSUPP);
	assert_int_equal(tp_cxl_region_remove(*state, 0), -EOPNOTSUPP);
	assert_int_equal(latency_of(*state, 0, 0), 0);
}

static void no_cpuset_is_made(void **state)
{
	struct tp_cpuset *cpuset = NULL;

	assert_int_equal(tp_cpuset_create(*state, "test", TP_NODE_BIT(0), &cpuset), -EOPNOTSUPP);
	assert_null(cpuset);
	tp_cpuset_destroy(NULL);
}

#define ONE_NODE_TEST(test) cmocka_unit_test_setup_teardown(test, make_one_node, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE_NODE_TEST(states_and_distance_are_those_of_one_node),
		ONE_NODE_TEST(all_memory_is_in_the_tier_of_dram),
		ONE_NODE_TEST(there_is_nowhere_to_demote_to),
		ONE_NODE_TEST(no_figures_are_taken),
		ONE_NODE_TEST(no_cpuset_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
