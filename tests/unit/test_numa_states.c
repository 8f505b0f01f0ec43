/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_numa_states - which node is in which state, as memory of either kind comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "numa_machine.h"

static void fresh_machine_has_its_boot_states(void **state)
{
	assert_int_equal(nodes_in(*state, TP_N_POSSIBLE), 0xf);
	assert_int_equal(nodes_in(*state, TP_N_ONLINE), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_CPU), 0x1);
}

static void unknown_state_is_empty(void **state)
{
	assert_int_equal(nodes_in(*state, TP_NR_NODE_STATES), 0);
	assert_int_equal(nodes_in(*state, (enum tp_node_state) - 1), 0);
}

static void offline_memory_makes_a_node_online_but_not_with_memory(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_NONE);

	assert_int_equal(nodes_in(*state, TP_N_ONLINE), 0x7);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x3);
	unplug(device);
}

static void unplugged_node_is_not_online(void **state)
{
	unplug(plug(*state, 2, TP_ONLINE_MOVABLE));
	assert_int_equal(nodes_in(*state, TP_N_ONLINE), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x3);
}

/* T3 */
static void hot_added_kernel_memory_is_normal_memory(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_KERNEL);

	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x7);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x7);
	offline(device);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x3);
	unplug(device);
}

static void movable_memory_is_memory_but_not_normal(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x7);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x3);
	unplug(device);
}

/* T1: the event says that normal memory came, and only that. */
static void normal_memory_at_a_movable_only_node_is_announced(void **state)
{
	struct onlooker onlooker = { .when = TP_NODE_BECAME_MEM_AWARE };
	struct tp_device *movable = plug(*state, 2, TP_ONLINE_MOVABLE), *normal;

	look_on(*state, &onlooker, 0);
	normal = plug(*state, 2, TP_ONLINE_KERNEL);
	assert_int_equal(onlooker.seen, 1);
	assert_int_equal(onlooker.changes, TP_NODE_HAS_NORMAL_MEMORY);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x7);
	look_away(&onlooker);
	unplug(normal);
	unplug(movable);
}

/* T2: the node keeps memory, but no normal memory. */
static void last_normal_memory_leaves_and_movable_stays(void **state)
{
	struct onlooker onlooker = { .when = TP_NODE_BECAME_MEMORYLESS };
	struct tp_device *movable = plug(*state, 2, TP_ONLINE_MOVABLE);
	struct tp_device *normal = plug(*state, 2, TP_ONLINE_KERNEL);

	look_on(*state, &onlooker, 0);
	unplug(normal);
	assert_int_equal(onlooker.seen, 1);
	assert_int_equal(onlooker.changes, TP_NODE_HAS_NORMAL_MEMORY);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x7);
	look_away(&onlooker);
	unplug(movable);
}

static void movable_memory_leaves_unnoticed_while_normal_stays(void **state)
{
	struct onlooker onlooker = { .when = TP_NODE_BECAME_MEMORYLESS };
	struct tp_device *normal = plug(*state, 2, TP_ONLINE_KERNEL);
	struct tp_device *movable = plug(*state, 2, TP_ONLINE_MOVABLE);

	look_on(*state, &onlooker, 0);
	unplug(movable);
	assert_int_equal(onlooker.seen, 0);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x7);
	look_away(&onlooker);
	unplug(normal);
}

static void refused_memory_leaves_the_states(void **state)
{
	struct onlooker onlooker = { .when = TP_NODE_BECOMING_MEM_AWARE, .answer = -EPERM };
	struct tp_device *device = plug(*state, 2, TP_ONLINE_NONE);

	look_on(*state, &onlooker, 0);
	assert_int_equal(tp_device_online(device, TP_ONLINE_KERNEL), -EPERM);
	assert_int_equal(nodes_in(*state, TP_N_MEMORY), 0x3);
	assert_int_equal(nodes_in(*state, TP_N_NORMAL_MEMORY), 0x3);
	look_away(&onlooker);
	unplug(device);
}

static void read_memory_mask(struct onlooker *onlooker, const struct tp_node_event *event)
{
	(void)event;
	onlooker->result[0] = nodes_in(onlooker->machine, TP_N_MEMORY);
}

static void masks_have_changed_when_the_node_became(void **state)
{
	struct onlooker coming = { .when = TP_NODE_BECAME_MEM_AWARE, .look = read_memory_mask };
	struct onlooker going = { .when = TP_NODE_BECAME_MEMORYLESS, .look = read_memory_mask };
	struct tp_device *device;

	look_on(*state, &coming, INT32_MAX);
	look_on(*state, &going, INT32_MAX);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	assert_int_equal(coming.result[0], 0x7);
	unplug(device);
	assert_int_equal(going.result[0], 0x3);
	look_away(&going);
	look_away(&coming);
}

static void distances_are_as_configured(void **state)
{
	assert_int_equal(tp_node_distance(*state, 0, 0), 10);
	assert_int_equal(tp_node_distance(*state, 0, 3), 60);
	assert_int_equal(tp_node_distance(*state, 3, 1), 30);
}

static void distance_of_no_node_is_0(void **state)
{
	assert_int_equal(tp_node_distance(*state, 0, 4), 0);
	assert_int_equal(tp_node_distance(*state, -1, 0), 0);
}

static void default_distance_is_10_and_20(void **state)
{
	struct tp_machine_config config = four_nodes();
	struct tp_machine *m;

	(void)state;
	config.distance = NULL;
	assert_int_equal(tp_machine_create(&config, &m), 0);
	assert_int_equal(tp_node_distance(m, 2, 2), 10);
	assert_int_equal(tp_node_distance(m, 2, 0), 20);
	tp_machine_destroy(m);
}

/* Each allocation of a machine's making fails in turn, the consumers' own among them. */
static void half_made_machine_is_taken_apart(void **state)
{
	struct tp_machine_config config = four_nodes();
	struct tp_machine *m = NULL;
	uint64_t nth = 0;
	int err;

	(void)state;
	do {
		assert_int_equal(tp_fault_arm("core/alloc", ++nth, 1), 0);
		err = tp_machine_create(&config, &m);
		tp_fault_reset();
		assert_true(!err || err == -ENOMEM);
	} while (err);
	assert_true(nth > 5);
	tp_machine_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NUMA_TEST(fresh_machine_has_its_boot_states),
		NUMA_TEST(unknown_state_is_empty),
		NUMA_TEST(offline_memory_makes_a_node_online_but_not_with_memory),
		NUMA_TEST(unplugged_node_is_not_online),
		NUMA_TEST(hot_added_kernel_memory_is_normal_memory),
		NUMA_TEST(movable_memory_is_memory_but_not_normal),
		NUMA_TEST(normal_memory_at_a_movable_only_node_is_announced),
		NUMA_TEST(last_normal_memory_leaves_and_movable_stays),
		NUMA_TEST(movable_memory_leaves_unnoticed_while_normal_stays),
		NUMA_TEST(refused_memory_leaves_the_states),
		NUMA_TEST(masks_have_changed_when_the_node_became),
		NUMA_TEST(distances_are_as_configured),
		NUMA_TEST(distance_of_no_node_is_0),
		cmocka_unit_test(default_distance_is_10_and_20),
		cmocka_unit_test(half_made_machine_is_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
