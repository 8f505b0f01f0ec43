/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_node - sys/devices/system/node: which nodes are what, and each node's memory, distances,
 * counters and access figures.
 */
#include <errno.h>
#include <inttypes.h>

#include "view/internal.h"
#include "view/proc.h"

static int node_of(const struct tp_view_call *call)
{
	return (int)call->id[0];
}

static uint64_t nodes_in(const struct tp_view_call *call, enum tp_node_state state)
{
	return tp_node_states(tp_call_machine(call), state).v;
}

/* ---- CPUs and distances ---------------------------------------------------------------------- */

static int show_cpulist(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add_list(text, tp_view_cpus_of(tp_call_machine(call), node_of(call)));
	tp_text_add(text, "\n");
	return 0;
}

static int show_cpumap(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_machine *m = tp_call_machine(call);

	tp_text_add_map(text, tp_view_cpus_of(m, node_of(call)), tp_view_nr_cpus(m));
	tp_text_add(text, "\n");
	return 0;
}

static int show_distance(const struct tp_view_call *call, struct tp_text *text)
{
	const char *space = "";
	unsigned to = 0;

	for (; tp_next_online_node(call, &to); to++) {
		tp_text_add(text, "%s%u", space,
			    tp_node_distance(tp_call_machine(call), node_of(call), (int)to));
		space = " ";
	}
	tp_text_add(text, "\n");
	return 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static int show_meminfo(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_figures_of f;

	tp_figures_of_node(tp_call_machine(call), node_of(call), &f);
	tp_node_meminfo(node_of(call), &f, text);
	return 0;
}

static int show_numastat(const struct tp_view_call *call, struct tp_text *text)
{
	static const char *const names[] = { "numa_hit",       "numa_miss",  "numa_foreign",
					     "interleave_hit", "local_node", "other_node" };
	struct tp_figures_of f;

	tp_figures_of_node(tp_call_machine(call), node_of(call), &f);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++)
		tp_text_add(text, "%s %" PRIu64 "\n", names[i],
			    tp_counter_sum(&tp_numa_counters[i], &f));
	return 0;
}

static int show_vmstat(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_figures_of f;

	tp_figures_of_node(tp_call_machine(call), node_of(call), &f);
	tp_counters_add(text, tp_zone_counters, &f, true);
	tp_counters_add(text, tp_numa_counters, &f, true);
	tp_counters_add(text, tp_node_counters, &f, false);
	return 0;
}

static int store_compact(const struct tp_view_call *call, tp_unused const char *value)
{
	tp_node_compact(tp_call_machine(call), node_of(call));
	return 0;
}

/* ---- links ----------------------------------------------------------------------------------- */

static bool next_block_of_node(const struct tp_view_call *call, unsigned *id)
{
	struct tp_block_info info;

	for (; tp_next_block(call, id); (*id)++) {
		if (tp_view_block(tp_call_machine(call), *id, &info) && info.node == node_of(call))
			return true;
	}
	return false;
}

static bool next_cpu_of_node(const struct tp_view_call *call, unsigned *id)
{
	for (; tp_next_cpu(call, id); (*id)++) {
		if (tp_cpu_to_node(tp_call_machine(call), *id) == node_of(call))
			return true;
	}
	return false;
}

/* ---- access figures -------------------------------------------------------------------------- */

/* The class stands in the entry's argument, with what is shown above it. */
enum figure { READ_BANDWIDTH, READ_LATENCY, WRITE_BANDWIDTH, WRITE_LATENCY };
enum { CLASS_BIT = 8 };

static bool access_of(const struct tp_view_call *call, int node, unsigned access_class,
		      struct tp_access *access)
{
	return !tp_node_access(tp_call_machine(call), node, access_class, access) && access->valid;
}

static unsigned class_of(const struct tp_view_call *call)
{
	return call->entry->arg >> CLASS_BIT;
}

static int show_figure(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_access a;
	unsigned figure = call->entry->arg & ((1 << CLASS_BIT) - 1);

	if (!access_of(call, node_of(call), class_of(call), &a))
		return -ENOENT;
	tp_text_add(text, "%u\n",
		    figure == READ_BANDWIDTH	? a.read_bandwidth_mbps
		    : figure == READ_LATENCY	? a.read_latency_ns
		    : figure == WRITE_BANDWIDTH ? a.write_bandwidth_mbps
						: a.write_latency_ns);
	return 0;
}

static bool is_initiator_of(const struct tp_view_call *call, unsigned access_class, int initiator,
			    int target)
{
	struct tp_access access;

	return access_of(call, target, access_class, &access) &&
	       access.initiators.v >> initiator & 1;
}

/* Initiators of this node's memory, and memory that this node is an initiator of. */
static bool next_initiator(const struct tp_view_call *call, unsigned access_class, unsigned *id)
{
	for (; tp_next_online_node(call, id); (*id)++) {
		if (is_initiator_of(call, access_class, (int)*id, node_of(call)))
			return true;
	}
	return false;
}

static bool next_target(const struct tp_view_call *call, unsigned access_class, unsigned *id)
{
	for (; tp_next_online_node(call, id); (*id)++) {
		if (is_initiator_of(call, access_class, node_of(call), (int)*id))
			return true;
	}
	return false;
}

static bool has_class(const struct tp_view_call *call, unsigned access_class)
{
	struct tp_access access;
	unsigned target = 0;

	return access_of(call, node_of(call), access_class, &access) ||
	       next_target(call, access_class, &target);
}

#define FIGURE(figure_name, access_class, figure)       \
	TP_FILE(figure_name, 0444, .show = show_figure, \
		.arg = (access_class) << CLASS_BIT | (figure))

/* Everything of one access class; the functions for a class differ in its number only. */
#define ACCESS_CLASS(n)                                                               \
	static bool next_initiator_##n(const struct tp_view_call *call, unsigned *id) \
	{                                                                             \
		return next_initiator(call, n, id);                                   \
	}                                                                             \
	static bool next_target_##n(const struct tp_view_call *call, unsigned *id)    \
	{                                                                             \
		return next_target(call, n, id);                                      \
	}                                                                             \
	static bool has_class_##n(const struct tp_view_call *call)                    \
	{                                                                             \
		return has_class(call, n);                                            \
	}                                                                             \
	static const struct tp_view_entry initiators_##n[] = {                        \
		TP_LINK("node%u", "../../../node%u", .next = next_initiator_##n),     \
		FIGURE("read_bandwidth", n, READ_BANDWIDTH),                          \
		FIGURE("read_latency", n, READ_LATENCY),                              \
		FIGURE("write_bandwidth", n, WRITE_BANDWIDTH),                        \
		FIGURE("write_latency", n, WRITE_LATENCY),                            \
		TP_ENTRIES_END,                                                       \
	};                                                                            \
	static const struct tp_view_entry targets_##n[] = {                           \
		TP_LINK("node%u", "../../../node%u", .next = next_target_##n),        \
		TP_ENTRIES_END,                                                       \
	};                                                                            \
	static const struct tp_view_entry access_##n[] = {                            \
		TP_DIR("initiators", initiators_##n),                                 \
		TP_DIR("targets", targets_##n),                                       \
		TP_ENTRIES_END,                                                       \
	};

ACCESS_CLASS(0)
ACCESS_CLASS(1)

/* ---- the directory --------------------------------------------------------------------------- */

static const struct tp_view_entry huge_pages[] = {
	TP_FILE("free_hugepages", 0444, .show = tp_show_zero),
	TP_FILE("nr_hugepages", 0444, .show = tp_show_zero),
	TP_FILE("surplus_hugepages", 0444, .show = tp_show_zero),
	TP_ENTRIES_END,
};

static const struct tp_view_entry huge_sizes[] = {
	TP_DIR("hugepages-2048kB", huge_pages),
	TP_ENTRIES_END,
};

static const struct tp_view_entry memory_failure[] = {
	TP_FILE("delayed", 0444, .show = tp_show_zero),
	TP_FILE("failed", 0444, .show = tp_show_zero),
	TP_FILE("ignored", 0444, .show = tp_show_zero),
	TP_FILE("recovered", 0444, .show = tp_show_zero),
	TP_FILE("total", 0444, .show = tp_show_zero),
	TP_ENTRIES_END,
};

static const struct tp_view_entry node[] = {
	TP_DIR("access0", access_0, .there = has_class_0),
	TP_DIR("access1", access_1, .there = has_class_1),
	TP_FILE("compact", 0200, .store = store_compact),
	TP_LINK("cpu%u", "../../cpu/cpu%u", .next = next_cpu_of_node),
	TP_FILE("cpulist", 0444, .show = show_cpulist),
	TP_FILE("cpumap", 0444, .show = show_cpumap),
	TP_FILE("distance", 0444, .show = show_distance),
	TP_DIR("hugepages", huge_sizes),
	TP_FILE("meminfo", 0444, .show = show_meminfo),
	TP_LINK("memory%u", "../../memory/memory%u", .next = next_block_of_node),
	TP_DIR("memory_failure", memory_failure),
	TP_FILE("numastat", 0444, .show = show_numastat),
	TP_LINK("subsystem", "../../../../bus/node"),
	TP_UEVENT_FILE(TP_UEVENT_NODE),
	TP_FILE("vmstat", 0444, .show = show_vmstat),
	TP_ENTRIES_END,
};

static int show_nodes(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add_list(text, nodes_in(call, (enum tp_node_state)call->entry->arg));
	tp_text_add(text, "\n");
	return 0;
}

const struct tp_view_entry tp_view_node[] = {
	TP_FILE("has_cpu", 0444, .show = show_nodes, .arg = TP_N_CPU),
	TP_FILE("has_generic_initiator", 0444, .show = tp_show_empty),
	TP_FILE("has_memory", 0444, .show = show_nodes, .arg = TP_N_MEMORY),
	TP_FILE("has_normal_memory", 0444, .show = show_nodes, .arg = TP_N_NORMAL_MEMORY),
	TP_DIR("node%u", node, .next = tp_next_online_node),
	TP_FILE("online", 0444, .show = show_nodes, .arg = TP_N_ONLINE),
	TP_FILE("possible", 0444, .show = show_nodes, .arg = TP_N_POSSIBLE),
	TP_ENTRIES_END,
};
