/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_numa_tiers - abstract distances, the tiers they make, and where pages are demoted to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/trace.h"
#include "numa/adistance.h"
#include "numa_machine.h"

/* ---- distance --------------------------------------------------------------------------- */

static uint32_t even_distance(unsigned latency_ns, unsigned bandwidth_mbps)
{
	return tp_adistance(tp_figures_even(latency_ns, bandwidth_mbps), TP_FIGURES_DRAM);
}

/* What a Linux machine with this table says: tiers 4, 90 and 540. */
static void distances_are_those_of_linux(void **state)
{
	(void)state;
	assert_int_equal(even_distance(10, 10240), 576);
	assert_int_equal(even_distance(40, 2048), 11520);
	assert_int_equal(even_distance(120, 1024), 69120);
}

/* 576 * 11 / 10 = 633, * 3 / 2 = 949; with the factors the other way round it would be 950. */
static void distance_rounds_in_order(void **state)
{
	struct tp_figures memory = { 11, 2 }, dram = { 10, 3 };

	(void)state;
	assert_int_equal(tp_adistance(memory, dram), 949);
}

static void unknown_figures_are_dram(void **state)
{
	(void)state;
	assert_int_equal(even_distance(0, 2048), 576);
	assert_int_equal(even_distance(40, 0), 576);
}

static void absurd_figures_are_as_far_as_can_be(void **state)
{
	struct tp_figures dram = { 1, UINT32_MAX };

	(void)state;
	assert_int_equal(tp_adistance(tp_figures_even(UINT32_MAX, 1), dram), UINT32_MAX);
	assert_int_equal(even_distance(UINT32_MAX, 1), UINT32_MAX);
}

static void reading_and_writing_count_alike(void **state)
{
	struct tp_access access = { .read_latency_ns = 10,
				    .write_latency_ns = 70,
				    .read_bandwidth_mbps = 3072,
				    .write_bandwidth_mbps = 1024 };

	(void)state;
	assert_int_equal(tp_adistance(tp_figures_of_access(&access), TP_FIGURES_DRAM), 11520);
}

static void yardstick_is_plain_dram_if_nothing_is_stated(void **state)
{
	assert_int_equal(tp_abstract_distance(*state, 40, 2048), 11520);
}

static void yardstick_is_the_stated_boot_memory(void **state)
{
	struct tp_machine_config config = four_nodes();
	struct tp_machine *m;

	(void)state;
	config.nodes[0].latency_ns = 100;
	config.nodes[0].bandwidth_mbps = 20480;
	assert_int_equal(tp_machine_create(&config, &m), 0);
	assert_int_equal(tp_abstract_distance(m, 200, 10240), 4 * 576);
	assert_int_equal(tier_of(m, 0), 4);
	tp_machine_destroy(m);
}

static void yardstick_is_rather_what_firmware_says(void **state)
{
	hmat_set(*state, 0, 20, 4096);
	assert_int_equal(tp_abstract_distance(*state, 20, 4096), 576);
	assert_int_equal(tier_of(*state, 0), 4);
	/* Node 1 has twice the latency and half the bandwidth: 4 * 576 is in tier 18. */
	assert_int_equal(tier_of(*state, 1), 18);
}

/* ---- tiers ------------------------------------------------------------------------------ */

static void tiers_are_listed_nearest_first(void **state)
{
	struct tp_tier_info tiers[TP_MAX_NODES];
	struct tp_device *device = plug_rated(*state, 3, 20, 10240);

	assert_int_equal(tp_tiers(*state, tiers, TP_MAX_NODES), 3);
	assert_int_equal(tiers[0].id, 4);
	assert_int_equal(tiers[0].nodes.v, 0x1);
	assert_int_equal(tiers[1].id, 9);
	assert_int_equal(tiers[1].nodes.v, 0x8);
	assert_int_equal(tiers[2].id, 90);
	assert_int_equal(tiers[2].nodes.v, 0x2);
	unplug(device);
}

static void short_list_of_tiers_is_cut_but_counted(void **state)
{
	struct tp_tier_info tiers[2] = { { 0 }, { .id = 7 } };

	assert_int_equal(tp_tiers(*state, tiers, 1), 2);
	assert_int_equal(tiers[0].id, 4);
	assert_int_equal(tiers[1].id, 7);
	assert_int_equal(tp_tiers(*state, NULL, 0), 2);
}

static void tier_exists_only_while_it_has_nodes(void **state)
{
	struct tp_device *device = plug_rated(*state, 2, 120, 1024);

	assert_int_equal(tier_of(*state, 2), 540);
	offline(device);
	assert_int_equal(tier_of(*state, 2), NO_TIER);
	assert_int_equal(tp_tiers(*state, NULL, 0), 2);
	online(device, TP_ONLINE_MOVABLE);
	assert_int_equal(tier_of(*state, 2), 540);
	unplug(device);
}

static void offline_device_gives_no_tier(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_NONE);

	assert_int_equal(tier_of(*state, 2), NO_TIER);
	unplug(device);
}

static void device_without_figures_is_dram(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_KERNEL);

	assert_int_equal(tier_of(*state, 2), 4);
	unplug(device);
}

static void tier_goes_by_the_device_that_is_online(void **state)
{
	struct tp_device *fast = plug_rated(*state, 2, 20, 10240);
	struct tp_device *slow;

	offline(fast);
	slow = plug_rated(*state, 2, 120, 1024);
	assert_int_equal(tier_of(*state, 2), 540);
	unplug(slow);
	unplug(fast);
}

static void further_device_does_not_move_the_node(void **state)
{
	struct tp_device *slow = plug_rated(*state, 2, 120, 1024);
	struct tp_device *fast = plug_rated(*state, 2, 20, 10240);

	assert_int_equal(tier_of(*state, 2), 540);
	unplug(fast);
	assert_int_equal(tier_of(*state, 2), 540);
	unplug(slow);
}

static void private_memory_lends_no_figures(void **state)
{
	const struct tp_device_config config = { .kind = TP_DEVICE_PRIVATE,
						 .node = 2,
						 .size = BLOCK,
						 .latency_ns = 120,
						 .bandwidth_mbps = 1024 };
	struct tp_device *private, *dram;

	assert_int_equal(tp_device_plug(*state, &config, &private), 0);
	assert_int_equal(tier_of(*state, 2), NO_TIER);
	dram = plug(*state, 2, TP_ONLINE_MOVABLE);
	assert_int_equal(tier_of(*state, 2), 4);
	unplug(dram);
	unplug(private);
}

static void lowest_of_devices_that_come_together_decides(void **state)
{
	struct tp_device *fast = plug_rated(*state, 2, 20, 10240);
	struct tp_device *slow = plug_rated(*state, 2, 120, 1024);
	struct tp_device_info info;

	offline(fast);
	offline(slow);
	tp_device_info(fast, &info);
	assert_int_equal(tp_blocks_online(*state, info.first_block, 2, TP_ONLINE_MOVABLE), 0);
	assert_int_equal(tier_of(*state, 2), 9);
	unplug(slow);
	unplug(fast);
}

static void firmware_wins_over_the_device(void **state)
{
	struct tp_device *device;

	hmat_set(*state, 2, 40, 2048);
	device = plug_rated(*state, 2, 120, 1024);
	assert_int_equal(tier_of(*state, 2), 90);
	unplug(device);
}

static void firmware_moves_a_node_at_once(void **state)
{
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	hmat_set(*state, 2, 120, 1024);
	assert_int_equal(tier_of(*state, 2), 540);
	assert_int_equal(preferred_of(*state, 1), 0x4);
	unplug(device);
}

static void what_a_cpu_sees_decides(void **state)
{
	struct tp_access near = even_access(20, 10240), cpu = even_access(120, 1024);
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	assert_int_equal(tp_hmat_set(*state, 2, 0, &near), 0);
	assert_int_equal(tier_of(*state, 2), 9);
	assert_int_equal(tp_hmat_set(*state, 2, 1, &cpu), 0);
	assert_int_equal(tier_of(*state, 2), 540);
	unplug(device);
}

static void region_moves_a_node_while_it_exists(void **state)
{
	struct tp_access region = even_access(120, 1024);
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	hmat_set(*state, 2, 40, 2048);
	assert_int_equal(tp_cxl_region_add(*state, 2, &region), 0);
	assert_int_equal(tier_of(*state, 2), 540);
	assert_int_equal(tp_cxl_region_remove(*state, 2), 0);
	assert_int_equal(tier_of(*state, 2), 90);
	unplug(device);
}

/* ---- demotion --------------------------------------------------------------------------- */

/* The boot, plug and offline of the Linux machine named above, and its answers. */
static void targets_are_those_of_linux(void **state)
{
	struct tp_device *device;

	hmat_set(*state, 0, 10, 10240);
	hmat_set(*state, 1, 40, 2048);
	hmat_set(*state, 2, 120, 1024);
	assert_int_equal(preferred_of(*state, 0), 0x2);
	assert_int_equal(allowed_of(*state, 0), 0x2);
	assert_int_equal(allowed_of(*state, 1), 0);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	assert_int_equal(preferred_of(*state, 0), 0x2);
	assert_int_equal(allowed_of(*state, 0), 0x6);
	assert_int_equal(preferred_of(*state, 1), 0x4);
	assert_int_equal(allowed_of(*state, 1), 0x4);
	assert_int_equal(preferred_of(*state, 2) | allowed_of(*state, 2), 0);
	offline(device);
	assert_int_equal(allowed_of(*state, 0), 0x2);
	assert_int_equal(allowed_of(*state, 1), 0);
	unplug(device);
}

/* T12 */
static void offlined_node_has_no_targets(void **state)
{
	struct tp_device *middle = plug_rated(*state, 2, 20, 10240);

	assert_int_equal(preferred_of(*state, 2), 0x2);
	offline(middle);
	assert_int_equal(preferred_of(*state, 2) | allowed_of(*state, 2), 0);
	unplug(middle);
}

static void offlined_node_is_no_target(void **state)
{
	struct tp_device *middle = plug_rated(*state, 2, 20, 10240);

	assert_int_equal(preferred_of(*state, 0), 0x4);
	assert_int_equal(allowed_of(*state, 0), 0x6);
	offline(middle);
	assert_int_equal(preferred_of(*state, 0), 0x2);
	assert_int_equal(allowed_of(*state, 0), 0x2);
	unplug(middle);
}

/* Nodes 0 and 1 are in one tier, 2 and 3 in the next: 0 is nearer to 2, 1 is nearer to 3. */
static void nearest_of_the_next_tier_is_preferred(void **state)
{
	struct tp_device *a = plug_rated(*state, 2, 120, 1024);
	struct tp_device *b = plug_rated(*state, 3, 120, 1024);

	hmat_set(*state, 1, 10, 10240);
	assert_int_equal(preferred_of(*state, 0), 0x4);
	assert_int_equal(preferred_of(*state, 1), 0x8);
	assert_int_equal(allowed_of(*state, 0), 0xc);
	assert_int_equal(allowed_of(*state, 1), 0xc);
	assert_int_equal(preferred_of(*state, 2) | allowed_of(*state, 2), 0);
	unplug(b);
	unplug(a);
}

static void equally_near_nodes_are_all_preferred(void **state)
{
	struct tp_machine_config config = four_nodes();
	struct tp_device *a, *b;
	struct tp_machine *m;

	(void)state;
	config.distance = NULL;
	assert_int_equal(tp_machine_create(&config, &m), 0);
	a = plug_rated(m, 2, 120, 1024);
	b = plug_rated(m, 3, 120, 1024);
	assert_int_equal(preferred_of(m, 1), 0xc);
	unplug(a);
	assert_int_equal(preferred_of(m, 1), 0x8);
	unplug(b);
	tp_machine_destroy(m);
}

/* The next tier comes first, however far: node 1 is at 20 from node 0, node 3 at 60. */
static void next_tier_goes_before_a_nearer_node_below(void **state)
{
	struct tp_device *device = plug_rated(*state, 3, 20, 10240);

	assert_int_equal(preferred_of(*state, 0), 0x8);
	assert_int_equal(allowed_of(*state, 0), 0xa);
	unplug(device);
}

static void reclaim_reads_the_same_targets(void **state)
{
	struct tp_machine *m = *state;
	struct tp_device *device = plug_rated(m, 2, 120, 1024);

	assert_int_equal(tp_atomic_load(&m->nodes[1].demotion_preferred, TP_RELAXED), 0x4);
	assert_int_equal(tp_atomic_load(&m->nodes[0].demotion_allowed, TP_RELAXED), 0x6);
	unplug(device);
	assert_int_equal(tp_atomic_load(&m->nodes[1].demotion_preferred, TP_RELAXED), 0);
}

static void targets_of_no_node_are_einval(void **state)
{
	tp_nodemask preferred, allowed;

	assert_int_equal(tp_demotion_targets(*state, 4, &preferred, &allowed), -EINVAL);
	assert_int_equal(tp_demotion_targets(*state, -1, &preferred, &allowed), -EINVAL);
}

static void demotion_is_on_until_switched_off(void **state)
{
	assert_true(tp_demotion_enabled(*state));
	tp_demotion_enable(*state, false);
	assert_false(tp_demotion_enabled(*state));
	tp_demotion_enable(*state, true);
	assert_true(tp_demotion_enabled(*state));
}

/* ---- when things happen ----------------------------------------------------------------- */

/* Reads what came since the last call; the ring holds far more than a test makes. */
static size_t read_trace(struct tp_machine *m, uint64_t *next, struct tp_trace_event *events,
			 size_t max)
{
	uint64_t lost = 0;
	size_t n = tp_trace_read(m->trace, next, events, max, &lost);

	assert_int_equal(lost, 0);
	assert_true(n < max);
	return n;
}

/* Position of the first event with this id and these first two arguments, or -1. */
static int find_event(const struct tp_trace_event *events, size_t n, enum tp_trace_id id,
		      uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < n; i++) {
		if (events[i].id == id && events[i].args[0] == a && events[i].args[1] == b)
			return (int)i;
	}
	return -1;
}

static struct tp_trace_event trace[4096];

static uint64_t trace_from_now(struct tp_machine *m)
{
	uint64_t next = 1;

	read_trace(m, &next, trace, TP_ARRAY_SIZE(trace));
	return next;
}

static int first_tier_event(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (trace[i].id == TP_TRACE_tier)
			return (int)i;
	}
	return -1;
}

/* T14: the tier is there before anybody hears that the memory is online. */
static void tier_comes_before_the_memory_is_online(void **state)
{
	uint64_t next = trace_from_now(*state);
	struct tp_device *device = plug_rated(*state, 2, 120, 1024);
	struct tp_device_info info;
	int became, tier, online_at;
	size_t n = read_trace(*state, &next, trace, TP_ARRAY_SIZE(trace));

	tp_device_info(device, &info);
	became = find_event(trace, n, TP_TRACE_node_event, TP_NODE_BECAME_MEM_AWARE, 2);
	tier = find_event(trace, n, TP_TRACE_tier, 2, 540);
	online_at = find_event(trace, n, TP_TRACE_memory_event, TP_MEM_ONLINE,
			       info.start / TP_PAGE_SIZE);
	assert_true(became >= 0);
	assert_true(became < tier);
	assert_true(tier < online_at);
	unplug(device);
}

/* T14: likewise on the way out. */
static void tier_goes_before_the_memory_is_offline(void **state)
{
	struct tp_device *device = plug_rated(*state, 2, 120, 1024);
	uint64_t next = trace_from_now(*state);
	struct tp_device_info info;
	int tier, offline_at;
	size_t n;

	offline(device);
	tp_device_info(device, &info);
	n = read_trace(*state, &next, trace, TP_ARRAY_SIZE(trace));
	tier = find_event(trace, n, TP_TRACE_tier, 2, NO_TIER);
	offline_at = find_event(trace, n, TP_TRACE_memory_event, TP_MEM_OFFLINE,
				info.start / TP_PAGE_SIZE);
	assert_true(tier >= 0);
	assert_true(tier < offline_at);
	unplug(device);
}

/* T1, T2 */
static void normal_memory_coming_and_going_moves_no_tier(void **state)
{
	struct tp_device *movable = plug_rated(*state, 2, 120, 1024);
	uint64_t next = trace_from_now(*state);

	unplug(plug(*state, 2, TP_ONLINE_KERNEL));
	assert_int_equal(first_tier_event(read_trace(*state, &next, trace, TP_ARRAY_SIZE(trace))),
			 -1);
	assert_int_equal(tier_of(*state, 2), 540);
	assert_int_equal(preferred_of(*state, 1), 0x4);
	unplug(movable);
}

/* T11: an answer to a statement is no veto, neither for the tiers nor for anybody. */
static void tier_is_placed_whatever_others_answer(void **state)
{
	struct onlooker first = { .when = TP_NODE_BECAME_MEM_AWARE, .answer = -EIO };
	struct tp_device *device;

	look_on(*state, &first, INT32_MAX);
	device = plug_rated(*state, 2, 120, 1024);
	assert_int_equal(first.seen, 1);
	assert_int_equal(tier_of(*state, 2), 540);
	look_away(&first);
	unplug(device);
}

static int refuse_going_online(struct tp_memory_notifier *notifier,
			       const struct tp_memory_event *event)
{
	(void)notifier;
	return event->type == TP_MEM_GOING_ONLINE ? -EPERM : 0;
}

static void refused_memory_moves_no_tier(void **state)
{
	struct tp_memory_notifier refuser = { .call = refuse_going_online, .name = "refuser" };
	struct tp_device *device = plug(*state, 2, TP_ONLINE_NONE);
	uint64_t next = trace_from_now(*state);

	assert_int_equal(tp_memory_notifier_register(*state, &refuser, 0), 0);
	assert_int_equal(tp_device_online(device, TP_ONLINE_MOVABLE), -EPERM);
	assert_int_equal(first_tier_event(read_trace(*state, &next, trace, TP_ARRAY_SIZE(trace))),
			 -1);
	assert_int_equal(tier_of(*state, 2), NO_TIER);
	assert_int_equal(tp_memory_notifier_unregister(*state, &refuser), 0);
	unplug(device);
}

static void refused_offline_keeps_tier_and_targets(void **state)
{
	struct onlooker refuser = { .when = TP_NODE_BECOMING_MEMORYLESS, .answer = -EPERM };
	struct tp_device *device = plug_rated(*state, 2, 120, 1024);

	look_on(*state, &refuser, 0);
	assert_int_equal(tp_device_offline(device, NULL, NULL), -EPERM);
	assert_int_equal(tier_of(*state, 2), 540);
	assert_int_equal(preferred_of(*state, 1), 0x4);
	look_away(&refuser);
	unplug(device);
}

/* Whichever allocation fails: the node has no memory, and then neither tier nor part in any. */
static void failed_allocations_leave_no_trace_in_the_tiers(void **state)
{
	struct tp_device *device = NULL;
	uint64_t nth = 0;
	int err;

	do {
		assert_int_equal(tp_fault_arm("core/alloc", ++nth, 1), 0);
		err = try_plug(*state, 2, TP_ONLINE_MOVABLE, &device);
		tp_fault_reset();
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(tier_of(*state, 2), NO_TIER);
		assert_int_equal(allowed_of(*state, 0), 0x2);
	} while (nth < 1000);
	assert_true(nth > 1);
	assert_int_equal(err, 0);
	assert_int_equal(tier_of(*state, 2), 4);
	unplug(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_are_those_of_linux),
		cmocka_unit_test(distance_rounds_in_order),
		cmocka_unit_test(unknown_figures_are_dram),
		cmocka_unit_test(absurd_figures_are_as_far_as_can_be),
		cmocka_unit_test(reading_and_writing_count_alike),
		NUMA_TEST(yardstick_is_plain_dram_if_nothing_is_stated),
		cmocka_unit_test(yardstick_is_the_stated_boot_memory),
		NUMA_TEST(yardstick_is_rather_what_firmware_says),
		NUMA_TEST(tiers_are_listed_nearest_first),
		NUMA_TEST(short_list_of_tiers_is_cut_but_counted),
		NUMA_TEST(tier_exists_only_while_it_has_nodes),
		NUMA_TEST(offline_device_gives_no_tier),
		NUMA_TEST(device_without_figures_is_dram),
		NUMA_TEST(tier_goes_by_the_device_that_is_online),
		NUMA_TEST(further_device_does_not_move_the_node),
		NUMA_TEST(private_memory_lends_no_figures),
		NUMA_TEST(lowest_of_devices_that_come_together_decides),
		NUMA_TEST(firmware_wins_over_the_device),
		NUMA_TEST(firmware_moves_a_node_at_once),
		NUMA_TEST(what_a_cpu_sees_decides),
		NUMA_TEST(region_moves_a_node_while_it_exists),
		NUMA_TEST(targets_are_those_of_linux),
		NUMA_TEST(offlined_node_has_no_targets),
		NUMA_TEST(offlined_node_is_no_target),
		NUMA_TEST(nearest_of_the_next_tier_is_preferred),
		cmocka_unit_test(equally_near_nodes_are_all_preferred),
		NUMA_TEST(next_tier_goes_before_a_nearer_node_below),
		NUMA_TEST(reclaim_reads_the_same_targets),
		NUMA_TEST(targets_of_no_node_are_einval),
		NUMA_TEST(demotion_is_on_until_switched_off),
		NUMA_TEST(tier_comes_before_the_memory_is_online),
		NUMA_TEST(tier_goes_before_the_memory_is_offline),
		NUMA_TEST(normal_memory_coming_and_going_moves_no_tier),
		NUMA_TEST(tier_is_placed_whatever_others_answer),
		NUMA_TEST(refused_memory_moves_no_tier),
		NUMA_TEST(refused_offline_keeps_tier_and_targets),
		NUMA_TEST(failed_allocations_leave_no_trace_in_the_tiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
