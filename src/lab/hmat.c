/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hmat - fill in what firmware would know by itself: who the nearest initiators are. */
#include "lab/hmat.h"

#define FIELD(field) offsetof(struct tp_hmat_options, field)

const struct tp_option tp_hmat_options[] = {
	TP_OPTION("node", NUMBER, FIELD(node), .needed = true, .max = TP_MAX_NODES - 1),
	TP_OPTION("latency_ns", NUMBER, FIELD(latency_ns), .needed = true, .min = 1,
		  .max = 1000000),
	TP_OPTION("bandwidth_mbps", NUMBER, FIELD(bandwidth_mbps), .needed = true, .min = 1,
		  .max = 100000000),
	TP_OPTION("class", NUMBER, FIELD(access_class), .max = TP_NR_ACCESS_CLASSES - 1),
	TP_OPTION("initiators", NODES, FIELD(initiators)),
	TP_OPTIONS_END,
};

static tp_nodemask nearest_cpus(struct tp_machine *machine, int node)
{
	tp_nodemask cpus = tp_node_states(machine, TP_N_CPU), nearest = TP_NODES_NONE;
	unsigned best = UINT32_MAX;

	for (int n = 0; n < (int)tp_machine_nr_nodes(machine); n++) {
		unsigned distance = tp_node_distance(machine, n, node);

		if (!(cpus.v & TP_NODE_BIT(n).v) || !distance || distance > best)
			continue;
		nearest.v = distance < best ? TP_NODE_BIT(n).v : nearest.v | TP_NODE_BIT(n).v;
		best = distance;
	}
	return nearest;
}

int tp_hmat_apply(struct tp_machine *machine, const struct tp_hmat_options *options)
{
	const struct tp_access access = {
		.initiators = options->initiators.v ? options->initiators
						    : nearest_cpus(machine, (int)options->node),
		.read_latency_ns = (unsigned)options->latency_ns,
		.write_latency_ns = (unsigned)options->latency_ns,
		.read_bandwidth_mbps = (unsigned)options->bandwidth_mbps,
		.write_bandwidth_mbps = (unsigned)options->bandwidth_mbps,
	};
	int err = 0;

	for (unsigned c = 0; c < TP_NR_ACCESS_CLASSES && !err; c++) {
		if (options->access_class < 0 || options->access_class == c)
			err = tp_hmat_set(machine, (int)options->node, c, &access);
	}
	return err;
}
