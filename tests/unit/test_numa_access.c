/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_numa_access - whose figures hold for a node, and while which memory is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "numa_machine.h"

/* ---- what the firmware says ------------------------------------------------------------- */

static void nothing_is_known_unless_stated(void **state)
{
	assert_int_equal(latency_of(*state, 0, 0), 0);
	assert_int_equal(latency_of(*state, 0, 1), 0);
}

static void figures_are_returned_as_set(void **state)
{
	struct tp_access set = {
		.initiators = { 0x3 },
		.read_latency_ns = 1,
		.write_latency_ns = 2,
		.read_bandwidth_mbps = 3,
		.write_bandwidth_mbps = 4,
	};
	struct tp_access got;

	assert_int_equal(tp_hmat_set(*state, 1, 0, &set), 0);
	assert_int_equal(tp_node_access(*state, 1, 0, &got), 0);
	assert_true(got.valid);
	assert_int_equal(got.initiators.v, 0x3);
	assert_int_equal(got.read_latency_ns, 1);
	assert_int_equal(got.write_latency_ns, 2);
	assert_int_equal(got.read_bandwidth_mbps, 3);
	assert_int_equal(got.write_bandwidth_mbps, 4);
}

static void classes_are_set_apart(void **state)
{
	struct tp_access near = even_access(20, 100);

	assert_int_equal(tp_hmat_set(*state, 0, 0, &near), 0);
	assert_int_equal(latency_of(*state, 0, 0), 20);
	assert_int_equal(latency_of(*state, 0, 1), 0);
}

static void figures_show_only_while_there_is_memory(void **state)
{
	struct tp_device *device;

	hmat_set(*state, 2, 120, 1024);
	assert_int_equal(latency_of(*state, 2, 0), 0);
	device = plug(*state, 2, TP_ONLINE_NONE);
	assert_int_equal(latency_of(*state, 2, 0), 0);
	online(device, TP_ONLINE_MOVABLE);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	assert_int_equal(latency_of(*state, 2, 1), 120);
	offline(device);
	assert_int_equal(latency_of(*state, 2, 0), 0);
	unplug(device);
}

/* T13 */
static void figures_come_back_after_unplug_and_replug(void **state)
{
	hmat_set(*state, 2, 120, 1024);
	for (int i = 0; i < 3; i++) {
		struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

		assert_int_equal(latency_of(*state, 2, 0), 120);
		assert_int_equal(latency_of(*state, 2, 1), 120);
		unplug(device);
		assert_int_equal(latency_of(*state, 2, 0), 0);
	}
}

static void figures_set_late_show_at_once(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	hmat_set(*state, 2, 120, 1024);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	hmat_set(*state, 2, 60, 1024);
	assert_int_equal(latency_of(*state, 2, 0), 60);
	unplug(device);
}

/* T1, T2 */
static void normal_memory_coming_and_going_changes_nothing(void **state)
{
	struct tp_device *movable = plug(*state, 2, TP_ONLINE_MOVABLE);
	struct tp_device *normal;

	hmat_set(*state, 2, 120, 1024);
	normal = plug(*state, 2, TP_ONLINE_KERNEL);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	unplug(normal);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	unplug(movable);
}

static void figures_stay_until_the_last_memory_goes(void **state)
{
	struct tp_device *a = plug(*state, 2, TP_ONLINE_MOVABLE);
	struct tp_device *b = plug(*state, 2, TP_ONLINE_MOVABLE);

	hmat_set(*state, 2, 120, 1024);
	unplug(a);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	unplug(b);
	assert_int_equal(latency_of(*state, 2, 0), 0);
}

static void refused_memory_shows_nothing(void **state)
{
	struct onlooker refuser = { .when = TP_NODE_BECOMING_MEM_AWARE, .answer = -EPERM };
	struct tp_device *device = plug(*state, 2, TP_ONLINE_NONE);

	hmat_set(*state, 2, 120, 1024);
	look_on(*state, &refuser, INT32_MIN);
	assert_int_equal(tp_device_online(device, TP_ONLINE_MOVABLE), -EPERM);
	assert_int_equal(latency_of(*state, 2, 0), 0);
	look_away(&refuser);
	unplug(device);
}

static void refused_offline_hides_nothing(void **state)
{
	struct onlooker refuser = { .when = TP_NODE_BECOMING_MEMORYLESS, .answer = -EPERM };
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	hmat_set(*state, 2, 120, 1024);
	look_on(*state, &refuser, INT32_MIN);
	assert_int_equal(tp_device_offline(device, NULL, NULL), -EPERM);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	look_away(&refuser);
	unplug(device);
}

/* ---- what a region says ----------------------------------------------------------------- */

static void region_wins_while_it_exists(void **state)
{
	struct tp_access region = even_access(300, 512);
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	hmat_set(*state, 2, 120, 1024);
	assert_int_equal(tp_cxl_region_add(*state, 2, &region), 0);
	assert_int_equal(latency_of(*state, 2, 0), 300);
	assert_int_equal(latency_of(*state, 2, 1), 300);
	assert_int_equal(tp_cxl_region_remove(*state, 2), 0);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	unplug(device);
}

static void region_shows_only_while_there_is_memory(void **state)
{
	struct tp_access region = even_access(300, 512);

	assert_int_equal(tp_cxl_region_add(*state, 2, &region), 0);
	assert_int_equal(latency_of(*state, 2, 0), 0);
	for (int i = 0; i < 2; i++) {
		struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

		assert_int_equal(latency_of(*state, 2, 0), 300);
		unplug(device);
		assert_int_equal(latency_of(*state, 2, 0), 0);
	}
}

static void node_has_one_region(void **state)
{
	struct tp_access region = even_access(300, 512), other = even_access(400, 512);

	assert_int_equal(tp_cxl_region_add(*state, 1, &region), 0);
	assert_int_equal(tp_cxl_region_add(*state, 1, &other), -EEXIST);
	assert_int_equal(latency_of(*state, 1, 0), 300);
	assert_int_equal(tp_cxl_region_remove(*state, 1), 0);
	assert_int_equal(tp_cxl_region_add(*state, 1, &other), 0);
	assert_int_equal(latency_of(*state, 1, 0), 400);
}

static void absent_region_is_enoent(void **state)
{
	assert_int_equal(tp_cxl_region_remove(*state, 1), -ENOENT);
	assert_int_equal(tp_cxl_region_remove(*state, 4), -ENOENT);
	assert_int_equal(tp_cxl_region_remove(*state, -1), -ENOENT);
}

/* ---- bad figures ------------------------------------------------------------------------ */

static void wrong_node_or_class_is_einval(void **state)
{
	struct tp_access access = even_access(10, 10);

	assert_int_equal(tp_hmat_set(*state, 4, 0, &access), -EINVAL);
	assert_int_equal(tp_hmat_set(*state, -1, 0, &access), -EINVAL);
	assert_int_equal(tp_hmat_set(*state, 0, TP_NR_ACCESS_CLASSES, &access), -EINVAL);
	assert_int_equal(tp_cxl_region_add(*state, 4, &access), -EINVAL);
	assert_int_equal(tp_node_access(*state, 4, 0, &access), -EINVAL);
	assert_int_equal(tp_node_access(*state, 0, TP_NR_ACCESS_CLASSES, &access), -EINVAL);
}

static void each_zero_figure_is_einval(void **state)
{
	struct tp_access bad[4] = { even_access(10, 10), even_access(10, 10), even_access(10, 10),
				    even_access(10, 10) };

	bad[0].read_latency_ns = 0;
	bad[1].write_latency_ns = 0;
	bad[2].read_bandwidth_mbps = 0;
	bad[3].write_bandwidth_mbps = 0;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(tp_hmat_set(*state, 1, 0, &bad[i]), -EINVAL);
		assert_int_equal(tp_cxl_region_add(*state, 1, &bad[i]), -EINVAL);
	}
	assert_int_equal(latency_of(*state, 1, 0), 0);
}

static void unknown_initiator_is_einval(void **state)
{
	struct tp_access access = even_access(10, 10);

	access.initiators = TP_NODE_BIT(4);
	assert_int_equal(tp_hmat_set(*state, 1, 0, &access), -EINVAL);
}

/* ---- order ------------------------------------------------------------------------------ */

/* What an onlooker of node 2 finds: its tier, and the figures that hold. */
static void look_at_node(struct onlooker *onlooker, const struct tp_node_event *event)
{
	onlooker->result[0] = tier_of(onlooker->machine, event->node);
	onlooker->result[1] = latency_of(onlooker->machine, event->node, 0);
}

static void expect_seen(struct onlooker *onlooker, uint32_t tier, unsigned latency_ns)
{
	assert_int_equal(onlooker->seen, 1);
	assert_int_equal(onlooker->result[0], tier);
	assert_int_equal(onlooker->result[1], latency_ns);
}

static void consumers_are_told_by_priority(void **state)
{
	struct onlooker before_tiers = { .when = TP_NODE_BECAME_MEM_AWARE, .look = look_at_node };
	struct onlooker before_cxl = before_tiers, before_hmat = before_tiers;
	struct onlooker last = before_tiers;
	struct tp_access region = even_access(120, 1024);
	struct tp_device *device;

	assert_int_equal(tp_cxl_region_add(*state, 2, &region), 0);
	hmat_set(*state, 2, 70, 2048);
	look_on(*state, &before_tiers, 101);
	look_on(*state, &before_cxl, 6);
	look_on(*state, &before_hmat, 3);
	look_on(*state, &last, 1);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	expect_seen(&before_tiers, NO_TIER, 0);
	expect_seen(&before_cxl, 540, 0);
	expect_seen(&before_hmat, 540, 120);
	expect_seen(&last, 540, 120);
	look_away(&last);
	look_away(&before_hmat);
	look_away(&before_cxl);
	look_away(&before_tiers);
	unplug(device);
}

static void firmware_is_told_last(void **state)
{
	struct onlooker before_hmat = { .when = TP_NODE_BECAME_MEM_AWARE, .look = look_at_node };
	struct onlooker last = before_hmat;
	struct tp_device *device;

	hmat_set(*state, 2, 120, 1024);
	look_on(*state, &before_hmat, 3);
	look_on(*state, &last, 1);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	expect_seen(&before_hmat, 540, 0);
	expect_seen(&last, 540, 120);
	look_away(&last);
	look_away(&before_hmat);
	unplug(device);
}

static void state_figures(struct onlooker *onlooker, const struct tp_node_event *event)
{
	hmat_set(onlooker->machine, event->node, 120, 1024);
}

static void callback_may_state_figures(void **state)
{
	struct onlooker firmware = { .when = TP_NODE_BECOMING_MEM_AWARE, .look = state_figures };
	struct tp_device *device;

	look_on(*state, &firmware, 0);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	assert_int_equal(latency_of(*state, 2, 0), 120);
	assert_int_equal(tier_of(*state, 2), 540);
	look_away(&firmware);
	unplug(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NUMA_TEST(nothing_is_known_unless_stated),
		NUMA_TEST(figures_are_returned_as_set),
		NUMA_TEST(classes_are_set_apart),
		NUMA_TEST(figures_show_only_while_there_is_memory),
		NUMA_TEST(figures_come_back_after_unplug_and_replug),
		NUMA_TEST(figures_set_late_show_at_once),
		NUMA_TEST(normal_memory_coming_and_going_changes_nothing),
		NUMA_TEST(figures_stay_until_the_last_memory_goes),
		NUMA_TEST(refused_memory_shows_nothing),
		NUMA_TEST(refused_offline_hides_nothing),
		NUMA_TEST(region_wins_while_it_exists),
		NUMA_TEST(region_shows_only_while_there_is_memory),
		NUMA_TEST(node_has_one_region),
		NUMA_TEST(absent_region_is_enoent),
		NUMA_TEST(wrong_node_or_class_is_einval),
		NUMA_TEST(each_zero_figure_is_einval),
		NUMA_TEST(unknown_initiator_is_einval),
		NUMA_TEST(consumers_are_told_by_priority),
		NUMA_TEST(firmware_is_told_last),
		NUMA_TEST(callback_may_state_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
