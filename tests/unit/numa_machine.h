/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_machine - the machine the tests of the numa room stand on.
 *
 * Four nodes: 0 with memory and CPUs, 1 with memory that is slower, 2 and 3 empty.  Include after
 * <cmocka.h>.
 */
#ifndef TESTS_UNIT_NUMA_MACHINE_H
#define TESTS_UNIT_NUMA_MACHINE_H

#include <tidepool/tidepool.h>

#include "mm/machine.h"

#define BLOCK (2 * TP_PAGEBLOCK_SIZE)

static inline struct tp_machine_config four_nodes(void)
{
	static const unsigned distance[4][4] = {
		{ 10, 20, 40, 60 }, { 20, 10, 40, 30 }, { 40, 40, 10, 30 }, { 60, 30, 30, 10 }
	};

	return (struct tp_machine_config){
		.nr_nodes = 4,
		.nodes = { { .dram = 8 * BLOCK, .cpus = 2 },
			   { .dram = 8 * BLOCK, .latency_ns = 40, .bandwidth_mbps = 2048 } },
		.distance = &distance[0][0],
		.block_size = BLOCK,
		.hotplug_size = 64 * BLOCK,
		.backing = TP_BACKING_SMALL,
	};
}

static inline int make_four_nodes(void **state)
{
	struct tp_machine_config config = four_nodes();

	return tp_machine_create(&config, (struct tp_machine **)state);
}

/* Whatever a test did to it, the machine must have stayed sound. */
static inline int end_machine(void **state)
{
	unsigned findings = tp_machine_check(*state, true, stderr);

	tp_fault_reset();
	tp_machine_destroy(*state);
	return findings ? -1 : 0;
}

#define NUMA_TEST(test) cmocka_unit_test_setup_teardown(test, make_four_nodes, end_machine)

/* One block of a plain device; the caller checks the result. */
static inline int try_plug(struct tp_machine *m, int node, enum tp_online_policy online,
			   struct tp_device **device)
{
	const struct tp_device_config config = { .node = node, .size = BLOCK, .online = online };

	return tp_device_plug(m, &config, device);
}

static inline struct tp_device *plug(struct tp_machine *m, int node, enum tp_online_policy online)
{
	struct tp_device *device;

	assert_int_equal(try_plug(m, node, online, &device), 0);
	return device;
}

/* The same with figures, online in ZONE_MOVABLE. */
static inline struct tp_device *plug_rated(struct tp_machine *m, int node, unsigned latency_ns,
					   unsigned bandwidth_mbps)
{
	const struct tp_device_config config = {
		.node = node,
		.size = BLOCK,
		.online = TP_ONLINE_MOVABLE,
		.latency_ns = latency_ns,
		.bandwidth_mbps = bandwidth_mbps,
	};
	struct tp_device *device;

	assert_int_equal(tp_device_plug(m, &config, &device), 0);
	return device;
}

static inline void offline(struct tp_device *device)
{
	assert_int_equal(tp_device_offline(device, NULL, NULL), 0);
}

static inline void online(struct tp_device *device, enum tp_online_policy policy)
{
	assert_int_equal(tp_device_online(device, policy), 0);
}

static inline void unplug(struct tp_device *device)
{
	assert_int_equal(tp_device_unplug(device, NULL, NULL), 0);
}

static inline uint64_t nodes_in(struct tp_machine *m, enum tp_node_state state)
{
	return tp_node_states(m, state).v;
}

/* Figures that are the same for reading and writing. */
static inline struct tp_access even_access(unsigned latency_ns, unsigned bandwidth_mbps)
{
	return (struct tp_access){
		.initiators = TP_NODE_BIT(0),
		.read_latency_ns = latency_ns,
		.write_latency_ns = latency_ns,
		.read_bandwidth_mbps = bandwidth_mbps,
		.write_bandwidth_mbps = bandwidth_mbps,
	};
}

static inline void hmat_set(struct tp_machine *m, int node, unsigned latency_ns,
			    unsigned bandwidth_mbps)
{
	struct tp_access access = even_access(latency_ns, bandwidth_mbps);

	for (unsigned i = 0; i < TP_NR_ACCESS_CLASSES; i++)
		assert_int_equal(tp_hmat_set(m, node, i, &access), 0);
}

/* The latency that holds for @node now; 0: nothing does. */
static inline unsigned latency_of(struct tp_machine *m, int node, unsigned access_class)
{
	struct tp_access access;

	assert_int_equal(tp_node_access(m, node, access_class, &access), 0);
	assert_true(access.valid || !access.read_latency_ns);
	return access.valid ? access.read_latency_ns : 0;
}

#define NO_TIER UINT32_MAX

static inline uint32_t tier_of(struct tp_machine *m, int node)
{
	struct tp_tier_info tiers[TP_MAX_NODES];
	unsigned n = tp_tiers(m, tiers, TP_MAX_NODES);

	for (unsigned i = 0; i < n; i++) {
		if (tiers[i].nodes.v & TP_NODE_BIT(node).v)
			return tiers[i].id;
	}
	return NO_TIER;
}

static inline uint64_t preferred_of(struct tp_machine *m, int node)
{
	tp_nodemask preferred, allowed;

	assert_int_equal(tp_demotion_targets(m, node, &preferred, &allowed), 0);
	return preferred.v;
}

static inline uint64_t allowed_of(struct tp_machine *m, int node)
{
	tp_nodemask preferred, allowed;

	assert_int_equal(tp_demotion_targets(m, node, &preferred, &allowed), 0);
	return allowed.v;
}

/* ---- consumers that look on, or refuse -------------------------------------------------- */

struct onlooker {
	struct tp_node_notifier notifier;
	struct tp_machine *machine;
	enum tp_node_event_type when; /* the event to look at */
	void (*look)(struct onlooker *onlooker, const struct tp_node_event *event);
	int answer; /* returned for that event */
	unsigned seen;
	unsigned changes; /* of the last one seen */
	uint64_t result[4];
};

static inline int onlooker_call(struct tp_node_notifier *notifier,
				const struct tp_node_event *event)
{
	struct onlooker *onlooker = tp_container_of(notifier, struct onlooker, notifier);

	if (event->type != onlooker->when)
		return 0;
	onlooker->seen++;
	onlooker->changes = event->changes;
	if (onlooker->look)
		onlooker->look(onlooker, event);
	return onlooker->answer;
}

static inline void look_on(struct tp_machine *m, struct onlooker *onlooker, int priority)
{
	onlooker->machine = m;
	onlooker->notifier.call = onlooker_call;
	onlooker->notifier.priority = priority;
	onlooker->notifier.name = "onlooker";
	assert_int_equal(tp_node_notifier_register(m, &onlooker->notifier, 0), 0);
}

static inline void look_away(struct onlooker *onlooker)
{
	assert_int_equal(tp_node_notifier_unregister(onlooker->machine, &onlooker->notifier), 0);
}

#endif
