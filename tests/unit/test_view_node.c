/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_node - nodes, tiers, CPUs and the settings of mm, as files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "view_machine.h"

#define TIERS	   "sys/devices/virtual/memory_tiering/"
#define CPU	   "sys/devices/system/cpu/"
#define PARAMETERS "sys/module/memory_hotplug/parameters/"
#define DEMOTION   "sys/kernel/mm/numa/demotion_enabled"

/* ---- which nodes are what -------------------------------------------------------------------- */

static void expect_masks(const char *online, const char *memory, const char *normal)
{
	expect_shown(NODE "online", online);
	expect_shown(NODE "has_memory", memory);
	expect_shown(NODE "has_normal_memory", normal);
	expect_shown(NODE "possible", "0-2\n");
	expect_shown(NODE "has_cpu", "0\n");
	expect_shown(NODE "has_generic_initiator", "\n");
}

static void masks_follow_a_device_from_plug_to_unplug(void **state)
{
	struct tp_device *d;

	expect_masks("0\n", "0\n", "0\n");
	d = plug(*state, 2, 1, TP_ONLINE_NONE);
	expect_masks("0,2\n", "0\n", "0\n");
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	expect_masks("0,2\n", "0,2\n", "0\n");
	must(tp_device_offline(d, NULL, NULL));
	must(tp_device_online(d, TP_ONLINE_KERNEL));
	expect_masks("0,2\n", "0,2\n", "0,2\n");
	must(tp_device_unplug(d, NULL, NULL));
	expect_masks("0\n", "0\n", "0\n");
}

static void normal_memory_may_leave_before_the_last(void **state) /* T2 */
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_NONE);

	expect_store(of_block(first_block(d), "state"), "online_kernel", 0);
	expect_store(of_block(first_block(d) + 1, "state"), "online_movable", 0);
	expect_masks("0-1\n", "0-1\n", "0-1\n");
	expect_store(of_block(first_block(d), "state"), "offline", 0);
	expect_masks("0-1\n", "0-1\n", "0\n");
}

static void a_node_is_there_while_it_has_blocks(void **state)
{
	struct tp_device *d;

	assert_false(is_there(NODE "node1"));
	d = plug(*state, 1, 1, TP_ONLINE_NONE);
	assert_true(is_there(NODE "node1/meminfo"));
	must(tp_device_unplug(d, NULL, NULL));
	assert_false(is_there(NODE "node1"));
}

/* ---- one node -------------------------------------------------------------------------------- */

static void distances_are_to_online_nodes_only(void **state)
{
	expect_shown(NODE "node0/distance", "10\n");
	plug(*state, 2, 1, TP_ONLINE_NONE);
	expect_shown(NODE "node0/distance", "10 20\n");
	expect_shown(NODE "node2/distance", "20 10\n");
	plug(*state, 1, 1, TP_ONLINE_NONE);
	expect_shown(NODE "node1/distance", "20 10 20\n");
}

static void a_node_knows_its_cpus(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_NONE);
	expect_shown(NODE "node0/cpulist", "0-1\n");
	expect_shown(NODE "node0/cpumap", "3\n");
	expect_shown(NODE "node1/cpulist", "\n");
	expect_shown(NODE "node1/cpumap", "0\n");
	assert_true(is_there(NODE "node0/cpu1"));
	assert_false(is_there(NODE "node1/cpu0"));
	assert_false(is_there(NODE "node0/cpu2"));
}

static void numastat_counts_requests(void **state)
{
	struct tp_owner rock;
	tp_pfn pfn;

	expect_shown(NODE "node0/numastat", "numa_hit 0\nnuma_miss 0\nnuma_foreign 0\n"
					    "interleave_hit 0\nlocal_node 0\nother_node 0\n");
	rock_open(*state, &rock, "rock");
	pfn = take_pages(*state, &rock, 2, TP_MIGRATE_UNMOVABLE, 0);
	expect_shown(NODE "node0/numastat", "numa_hit 1\nnuma_miss 0\nnuma_foreign 0\n"
					    "interleave_hit 0\nlocal_node 1\nother_node 0\n");
	tp_pages_free(*state, pfn, 2);
	must(tp_owner_unregister(&rock));
}

static void compact_compacts_whatever_is_written(void **state)
{
	struct tp_text text = { .length = 0 };

	(void)state;
	expect_store(NODE "node0/compact", "1", 0);
	expect_store(NODE "node0/compact", "", 0);
	assert_int_equal(tp_view_show(view, ino_at(NODE "node0/compact"), &text, NULL), -EACCES);
}

/* Eight runs fill a pageblock, the ninth lies in the other; then the first three are free. */
static void compact_empties_a_pageblock(void **state)
{
	enum { ORDER = TP_PAGEBLOCK_ORDER - 3, RUNS = 9, FREED = 3 };
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_node_stat stat;
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	for (unsigned i = 0; i < RUNS; i++)
		shelve(*state, &shelf, i, 1, first_block(d), ORDER);
	for (unsigned i = 0; i < FREED; i++)
		shelf_take(&shelf, i, ORDER);
	expect_store(NODE "node1/compact", "1", 0);
	must(tp_node_stat(*state, 1, &stat));
	assert_int_equal(stat.compacted, 1);
	for (unsigned i = FREED; i < RUNS; i++)
		shelf_take(&shelf, i, ORDER);
	must(tp_owner_unregister(&shelf.owner));
}

static void what_linux_keeps_and_we_do_not_is_0(void **state)
{
	static const char *const files[] = {
		NODE "node0/hugepages/hugepages-2048kB/nr_hugepages",
		NODE "node0/hugepages/hugepages-2048kB/free_hugepages",
		NODE "node0/hugepages/hugepages-2048kB/surplus_hugepages",
		NODE "node0/memory_failure/total",
		NODE "node0/memory_failure/delayed",
		NODE "node0/memory_failure/failed",
		NODE "node0/memory_failure/ignored",
		NODE "node0/memory_failure/recovered",
		"sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages",
		"sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages",
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		expect_shown(files[i], "0\n");
		expect_store(files[i], "1", -EACCES);
	}
}

/* ---- access figures -------------------------------------------------------------------------- */

static struct tp_device *plug_rated(struct tp_machine *m, enum tp_online_policy online)
{
	const struct tp_access access = { .initiators = TP_NODE_BIT(0),
					  .read_latency_ns = 120,
					  .write_latency_ns = 130,
					  .read_bandwidth_mbps = 1024,
					  .write_bandwidth_mbps = 512 };

	for (unsigned c = 0; c < TP_NR_ACCESS_CLASSES; c++)
		must(tp_hmat_set(m, 2, c, &access));
	return plug(m, 2, 1, online);
}

static void access_figures_are_there_with_the_memory(void **state)
{
	struct tp_device *d = plug_rated(*state, TP_ONLINE_NONE);

	assert_false(is_there(NODE "node2/access0"));
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	expect_shown(NODE "node2/access0/initiators/read_latency", "120\n");
	expect_shown(NODE "node2/access0/initiators/write_latency", "130\n");
	expect_shown(NODE "node2/access1/initiators/read_bandwidth", "1024\n");
	expect_shown(NODE "node2/access1/initiators/write_bandwidth", "512\n");
}

static void access_links_lead_both_ways(void **state)
{
	plug_rated(*state, TP_ONLINE_MOVABLE);
	expect_shown(NODE "node2/access0/initiators/node0", "../../../node0");
	expect_shown(NODE "node0/access0/targets/node2", "../../../node2");
	assert_false(is_there(NODE "node2/access0/initiators/node2"));
	assert_false(is_there(NODE "node2/access0/targets/node0"));
}

static void access_figures_come_back_after_a_replug(void **state) /* T13 */
{
	struct tp_device *d = plug_rated(*state, TP_ONLINE_MOVABLE);

	must(tp_device_unplug(d, NULL, NULL));
	assert_false(is_there(NODE "node0/access0"));
	plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	expect_shown(NODE "node2/access0/initiators/read_latency", "120\n");
	assert_true(is_there(NODE "node0/access0/targets/node2"));
}

/* ---- tiers ----------------------------------------------------------------------------------- */

/* 576 * 120 / 80 and the bandwidth's share: slower than DRAM, whatever DRAM has. */
static void a_tier_is_there_while_it_has_nodes(void **state)
{
	struct tp_device_config config = blocks_on(2, 1, TP_ONLINE_MOVABLE);
	struct tp_tier_info tiers[TP_MAX_NODES];
	struct tp_device *d;
	char path[96];

	expect_shown(TIERS "memory_tier4/nodelist", "0\n");
	config.latency_ns = 600;
	config.bandwidth_mbps = 1024;
	must(tp_device_plug(*state, &config, &d));
	assert_int_equal(tp_tiers(*state, tiers, TP_MAX_NODES), 2);
	snprintf(path, sizeof(path), TIERS "memory_tier%u/nodelist", tiers[1].id);
	expect_shown(path, "2\n");
	expect_shown(TIERS "memory_tier4/nodelist", "0\n");
	must(tp_device_offline(d, NULL, NULL));
	assert_false(is_there(path));
}

static void nodes_of_like_memory_share_a_tier(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	expect_shown(TIERS "memory_tier4/nodelist", "0-2\n");
}

static void events_can_be_repeated_for_nodes_and_tiers(void **state)
{
	uint64_t next = tp_uevents_next(*state), lost = 0;
	struct tp_uevent events[2];

	expect_store(NODE "node0/uevent", "add\n", 0);
	expect_store(TIERS "memory_tier4/uevent", "change", 0);
	expect_store(NODE "node0/uevent", "adding", -EINVAL);
	expect_store(NODE "node0/uevent", "", -EINVAL);
	assert_int_equal(tp_uevents_read(*state, &next, events, 2, &lost), 2);
	assert_int_equal(events[0].subject, TP_UEVENT_NODE);
	assert_int_equal(events[0].action, TP_UEVENT_ADD);
	assert_int_equal(events[1].subject, TP_UEVENT_TIER);
	assert_int_equal(events[1].id, 4);
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

static void cpus_are_cores_of_their_nodes_package(void **state)
{
	(void)state;
	expect_shown(CPU "online", "0-1\n");
	expect_shown(CPU "possible", "0-1\n");
	expect_shown(CPU "offline", "\n");
	expect_shown(CPU "cpu1/topology/core_id", "1\n");
	expect_shown(CPU "cpu1/topology/physical_package_id", "0\n");
	expect_shown(CPU "cpu1/topology/thread_siblings", "2\n");
	expect_shown(CPU "cpu1/topology/thread_siblings_list", "1\n");
	expect_shown(CPU "cpu1/topology/package_cpus", "3\n");
	expect_shown(CPU "cpu0/topology/core_siblings_list", "0-1\n");
	assert_false(is_there(CPU "cpu2"));
}

static void a_machine_of_one_or_no_cpu_lists_that(void **state)
{
	struct tp_machine_config config = view_config();

	for (unsigned cpus = 0; cpus < 2; cpus++) {
		struct tp_view *usual = view;
		void *m;

		config.nodes[0].cpus = cpus;
		must(begin_view(&m, make_machine(config)));
		expect_shown(CPU "online", cpus ? "0\n" : "\n");
		expect_shown(NODE "node0/cpulist", cpus ? "0\n" : "\n");
		expect_shown(NODE "has_cpu", cpus ? "0\n" : "\n");
		assert_int_equal(is_there(CPU "cpu0"), cpus);
		tp_view_destroy(view);
		end_machine(m);
		view = usual;
	}
	(void)state;
}

/* More CPUs than the sets of a view hold: none may be taken for another. */
static void cpus_past_the_last_of_a_set_are_not_shown(void **state)
{
	struct tp_machine_config config = view_config();
	struct tp_view *usual = view;
	void *m;

	(void)state;
	config.nodes[0].cpus = 70;
	must(begin_view(&m, make_machine(config)));
	expect_shown(CPU "online", "0-63\n");
	expect_shown(NODE "node0/cpulist", "0-63\n");
	expect_shown(NODE "node0/cpumap", "ffffffff,ffffffff\n");
	expect_shown(CPU "cpu63/topology/thread_siblings_list", "63\n");
	assert_false(is_there(CPU "cpu64"));
	assert_false(is_there(NODE "node0/cpu64"));
	assert_null(strstr(shown("proc/cpuinfo"), "processor\t: 64\n"));
	tp_view_destroy(view);
	end_machine(m);
	view = usual;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void demotion_is_switched_by_a_truth(void **state)
{
	expect_shown(DEMOTION, "true\n");
	expect_store(DEMOTION, "0", 0);
	expect_shown(DEMOTION, "false\n");
	assert_false(tp_demotion_enabled(*state));
	expect_store(DEMOTION, "maybe", -EINVAL);
	expect_store(DEMOTION, "yes\n", 0);
	assert_true(tp_demotion_enabled(*state));
}

static void the_rule_for_zones_can_be_changed(void **state)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	expect_shown(PARAMETERS "online_policy", "contig-zones\n");
	expect_shown(PARAMETERS "auto_movable_ratio", "301\n");
	expect_store(PARAMETERS "online_policy", "auto-movable\n", 0);
	expect_store(PARAMETERS "auto_movable_ratio", "0x80", 0);
	tp_machine_auto_rule(*state, &rule, &ratio);
	assert_int_equal(rule, TP_AUTO_MOVABLE);
	assert_int_equal(ratio, 128);
	expect_shown(PARAMETERS "online_policy", "auto-movable\n");
	expect_shown(PARAMETERS "auto_movable_ratio", "128\n");
}

static void a_rule_that_is_none_is_refused(void **state)
{
	(void)state;
	expect_store(PARAMETERS "online_policy", "auto_movable", -EINVAL);
	expect_store(PARAMETERS "online_policy", "", -EINVAL);
	expect_store(PARAMETERS "auto_movable_ratio", "-1", -EINVAL);
	expect_store(PARAMETERS "auto_movable_ratio", "many", -EINVAL);
	expect_store(PARAMETERS "auto_movable_ratio", " 5", -EINVAL);
	expect_store(PARAMETERS "auto_movable_ratio", "4294967296", -ERANGE);
	expect_store(PARAMETERS "auto_movable_ratio", "4294967295", 0);
	expect_shown(PARAMETERS "online_policy", "contig-zones\n");
	expect_shown(PARAMETERS "auto_movable_ratio", "4294967295\n");
}

static void what_is_fixed_cannot_be_set(void **state)
{
	(void)state;
	expect_shown(PARAMETERS "auto_movable_numa_aware", "Y\n");
	expect_shown(PARAMETERS "memmap_on_memory", "N\n");
	expect_store(PARAMETERS "memmap_on_memory", "Y", -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(masks_follow_a_device_from_plug_to_unplug),
		VIEW_TEST(normal_memory_may_leave_before_the_last),
		VIEW_TEST(a_node_is_there_while_it_has_blocks),
		VIEW_TEST(distances_are_to_online_nodes_only),
		VIEW_TEST(a_node_knows_its_cpus),
		VIEW_TEST(numastat_counts_requests),
		VIEW_TEST(compact_compacts_whatever_is_written),
		VIEW_TEST(compact_empties_a_pageblock),
		VIEW_TEST(what_linux_keeps_and_we_do_not_is_0),
		VIEW_TEST(access_figures_are_there_with_the_memory),
		VIEW_TEST(access_links_lead_both_ways),
		VIEW_TEST(access_figures_come_back_after_a_replug),
		VIEW_TEST(a_tier_is_there_while_it_has_nodes),
		VIEW_TEST(nodes_of_like_memory_share_a_tier),
		VIEW_TEST(events_can_be_repeated_for_nodes_and_tiers),
		VIEW_TEST(cpus_are_cores_of_their_nodes_package),
		VIEW_TEST(a_machine_of_one_or_no_cpu_lists_that),
		VIEW_TEST(cpus_past_the_last_of_a_set_are_not_shown),
		VIEW_TEST(demotion_is_switched_by_a_truth),
		VIEW_TEST(the_rule_for_zones_can_be_changed),
		VIEW_TEST(a_rule_that_is_none_is_refused),
		VIEW_TEST(what_is_fixed_cannot_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
