/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_policy - from which node each chunk of a mapping comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping_machine.h"

/*
 * Node 0 has the CPUs; 1 and 2 have memory, 2 being nearer to 0; 3 has nothing.  All but 0 are
 * ZONE_MOVABLE.
 */
static int make_four(void **state)
{
	static const unsigned distance[4][4] = {
		{ 10, 30, 20, 15 }, { 30, 10, 40, 35 }, { 20, 40, 10, 17 }, { 15, 35, 17, 10 }
	};
	struct tp_machine_config config = two_nodes();

	config.nr_nodes = 4;
	config.distance = &distance[0][0];
	config.nodes[1] = (struct tp_node_config){ .dram = MAP_BLOCK, .movable = true };
	config.nodes[2] = (struct tp_node_config){ .dram = MAP_BLOCK, .movable = true };
	*state = make_machine(config);
	return 0;
}

static int end_four(void **state)
{
	end_machine(*state);
	return 0;
}

enum { BLOCK_PAGES = MAP_BLOCK / TP_PAGE_SIZE };

static tp_nodemask nodes(unsigned mask)
{
	return (tp_nodemask){ mask };
}

/* Chunks on each node of a mapping with this policy, as "n0 n1 n2 n3". */
static void expect_chunks(struct tp_machine *m, struct tp_policy policy, unsigned chunks,
			  const char *expected)
{
	struct tp_mapping *map =
		map_with(m, (struct tp_mapping_config){ .size = chunks * CHUNK, .policy = policy });
	struct tp_mapping_stat stat = mapping_stat(map);
	char found[64];

	snprintf(found, sizeof(found), "%u %u %u %u",
		 (unsigned)(stat.pages_on_node[0] / TP_PAGEBLOCK_PAGES),
		 (unsigned)(stat.pages_on_node[1] / TP_PAGEBLOCK_PAGES),
		 (unsigned)(stat.pages_on_node[2] / TP_PAGEBLOCK_PAGES),
		 (unsigned)(stat.pages_on_node[3] / TP_PAGEBLOCK_PAGES));
	assert_string_equal(found, expected);
	must(tp_mapping_destroy(map));
}

static void local_is_the_node_of_the_cpu(void **state)
{
	expect_chunks(*state, (struct tp_policy){ .mode = TP_POLICY_LOCAL }, 4, "4 0 0 0");
}

static void local_goes_on_by_distance(void **state)
{
	struct tp_machine *m = *state;
	struct tp_mapping *hog = map_on(m, 0, BOOT_BYTES - MAP_BLOCK / 2);
	struct tp_mapping *map = map_with(m, (struct tp_mapping_config){ .size = MAP_BLOCK });

	assert_true(mapping_stat(map).pages_on_node[2] >= BLOCK_PAGES / 2);
	assert_int_equal(mapping_stat(map).pages_on_node[1], 0);
	must(tp_mapping_destroy(map));
	must(tp_mapping_destroy(hog));
}

static void bind_stays_on_its_nodes(void **state)
{
	struct tp_machine *m = *state;
	const struct tp_mapping_config config = { .size = MAP_BLOCK, .policy = TP_BIND(1) };
	uint64_t free = free_of_machine(m);
	struct tp_mapping *map;

	expect_chunks(m, TP_BIND(1), 4, "0 4 0 0");
	/* Not all of it: a zone keeps something back. */
	assert_int_equal(tp_mapping_create(m, &config, &map), -ENOMEM);
	expect_free(m, free);
}

static void bind_takes_the_nearest_of_its_nodes_first(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_BIND, .nodes = nodes(6) };

	expect_chunks(*state, policy, 4, "0 0 4 0");
}

static void bind_fills_one_node_after_the_other(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_BIND, .nodes = nodes(6) };
	struct tp_mapping *map = map_with(
		*state, (struct tp_mapping_config){ .size = 3 * MAP_BLOCK / 2, .policy = policy });

	assert_int_equal(mapping_stat(map).pages_on_node[0], 0);
	assert_true(mapping_stat(map).pages_on_node[1] >= BLOCK_PAGES / 2);
	assert_true(mapping_stat(map).pages_on_node[2] >= BLOCK_PAGES * 3 / 4);
	must(tp_mapping_destroy(map));
}

static void bind_to_a_memoryless_node_finds_nothing(void **state)
{
	struct tp_machine *m = *state;
	const struct tp_mapping_config config = { .size = CHUNK, .policy = TP_BIND(3) };
	struct tp_mapping *map;

	assert_int_equal(tp_mapping_create(m, &config, &map), -ENOMEM);
	plug_movable(m, 3, 1);
	expect_chunks(m, TP_BIND(3), 2, "0 0 0 2");
}

static void bind_skips_a_memoryless_node_among_others(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_BIND, .nodes = nodes(8 | 2) };

	expect_chunks(*state, policy, 2, "0 2 0 0");
}

static void preferred_is_a_wish(void **state)
{
	struct tp_machine *m = *state;
	struct tp_mapping *map;

	expect_chunks(m, TP_PREFERRED(1), 4, "0 4 0 0");
	map = map_on(m, 1, 3 * MAP_BLOCK / 2);
	assert_true(mapping_stat(map).pages_on_node[1] >= BLOCK_PAGES * 3 / 4);
	assert_true(mapping_stat(map).pages_on_node[0] >= BLOCK_PAGES / 2); /* the nearest */
	must(tp_mapping_destroy(map));
}

static void preferred_without_memory_means_its_nearest(void **state)
{
	/* Node 0 is nearer to 3 than 2 is. */
	expect_chunks(*state, TP_PREFERRED(3), 3, "3 0 0 0");
}

static void interleave_takes_turns(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_INTERLEAVE, .nodes = nodes(7) };

	expect_chunks(*state, policy, 6, "2 2 2 0");
	expect_chunks(*state, policy, 5, "2 2 1 0");
}

static void interleave_skips_memoryless_nodes(void **state)
{
	struct tp_machine *m = *state;
	const struct tp_policy policy = { .mode = TP_POLICY_INTERLEAVE, .nodes = nodes(14) };

	expect_chunks(m, policy, 6, "0 3 3 0");
	plug_movable(m, 3, 1);
	expect_chunks(m, policy, 6, "0 2 2 2");
}

static void interleave_over_nothing_falls_back(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_INTERLEAVE, .nodes = nodes(8) };

	expect_chunks(*state, policy, 2, "2 0 0 0");
}

static void weights_are_shares(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_WEIGHTED,
					  .nodes = nodes(7),
					  .weight = { 3, 1, 2 } };

	expect_chunks(*state, policy, 6, "3 1 2 0");
	expect_chunks(*state, policy, 4, "3 1 0 0");
	expect_chunks(*state, policy, 9, "6 1 2 0");
}

static void a_weight_of_zero_is_no_share(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_WEIGHTED,
					  .nodes = nodes(7),
					  .weight = { 1, 0, 1 } };

	expect_chunks(*state, policy, 4, "2 0 2 0");
}

static void weights_skip_memoryless_nodes(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_WEIGHTED,
					  .nodes = nodes(14),
					  .weight = { 0, 1, 1, 200 } };

	expect_chunks(*state, policy, 4, "0 2 2 0");
}

static void every_weight_may_be_the_highest(void **state)
{
	struct tp_policy policy = { .mode = TP_POLICY_WEIGHTED, .nodes = nodes(6) };

	policy.weight[1] = policy.weight[2] = UINT8_MAX;
	expect_chunks(*state, policy, 4, "0 4 0 0");
}

/* Where memory must go, a wish where it should be does not count. */
static void an_offline_overrides_bind(void **state)
{
	struct tp_machine *m = *state;
	struct tp_device *device = plug_movable(m, 3, 1);
	struct tp_mapping *map =
		map_with(m, (struct tp_mapping_config){ .size = 2 * CHUNK, .policy = TP_BIND(3) });

	fill(map, 1);
	must(tp_device_unplug(device, NULL, NULL));
	expect_filled(map, 1);
	assert_int_equal(mapping_stat(map).pages_on_node[3], 0);
	must(tp_mapping_destroy(map));
}

static void expect_einval(struct tp_machine *m, struct tp_policy policy, const char *text)
{
	const struct tp_mapping_config config = { .size = CHUNK, .policy = policy };
	struct tp_mapping *map;

	assert_int_equal(tp_mapping_create(m, &config, &map), -EINVAL);
	expect_error_text(text);
}

static void nonsense_is_refused(void **state)
{
	struct tp_machine *m = *state;
	struct tp_policy policy = { .nodes = nodes(16) };

	for (unsigned mode = TP_POLICY_BIND; mode <= TP_POLICY_WEIGHTED; mode++) {
		policy.mode = (enum tp_policy_mode)mode;
		policy.nodes = nodes(16 | 1);
		expect_einval(m, policy, "policy nodes");
		policy.nodes = nodes(0);
		expect_einval(m, policy, "policy nodes");
	}
	policy.nodes = nodes(3);
	expect_einval(m, policy, "weights");
	policy.weight[2] = 1; /* of a node that is not meant */
	expect_einval(m, policy, "weights");
	policy.mode = (enum tp_policy_mode)99;
	expect_einval(m, policy, "does not exist");
}

static void local_ignores_nodes(void **state)
{
	const struct tp_policy policy = { .mode = TP_POLICY_LOCAL, .nodes = nodes(4) };

	expect_chunks(*state, policy, 1, "1 0 0 0");
}

#define POLICY_TEST(test) cmocka_unit_test_setup_teardown(test, make_four, end_four)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST(local_is_the_node_of_the_cpu),
		POLICY_TEST(local_goes_on_by_distance),
		POLICY_TEST(bind_stays_on_its_nodes),
		POLICY_TEST(bind_takes_the_nearest_of_its_nodes_first),
		POLICY_TEST(bind_fills_one_node_after_the_other),
		POLICY_TEST(bind_to_a_memoryless_node_finds_nothing),
		POLICY_TEST(bind_skips_a_memoryless_node_among_others),
		POLICY_TEST(preferred_is_a_wish),
		POLICY_TEST(preferred_without_memory_means_its_nearest),
		POLICY_TEST(interleave_takes_turns),
		POLICY_TEST(interleave_skips_memoryless_nodes),
		POLICY_TEST(interleave_over_nothing_falls_back),
		POLICY_TEST(weights_are_shares),
		POLICY_TEST(a_weight_of_zero_is_no_share),
		POLICY_TEST(weights_skip_memoryless_nodes),
		POLICY_TEST(every_weight_may_be_the_highest),
		POLICY_TEST(an_offline_overrides_bind),
		POLICY_TEST(nonsense_is_refused),
		POLICY_TEST(local_ignores_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
