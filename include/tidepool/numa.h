/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa - node states, distances, performance, memory tiers, cpusets.
 *
 * All of it follows the machine's node notifier chain; nothing here has to be told about hotplug.
 */
#ifndef TIDEPOOL_NUMA_H
#define TIDEPOOL_NUMA_H

#include <tidepool/types.h>

enum tp_node_state {
	TP_N_POSSIBLE,
	TP_N_ONLINE,	    /* has memory blocks (online or not) or CPUs */
	TP_N_NORMAL_MEMORY, /* has online memory in Normal or below */
	TP_N_MEMORY,	    /* has any online memory */
	TP_N_CPU,
	TP_NR_NODE_STATES,
};

TP_API tp_nodemask tp_node_states(struct tp_machine *machine, enum tp_node_state state);

/* 10 is local, 255 unreachable.  0: no such node. */
TP_API unsigned tp_node_distance(struct tp_machine *machine, int from, int to);

/* Access classes as in HMAT: 0 the nearest initiator of any kind, 1 the nearest CPU. */
enum { TP_NR_ACCESS_CLASSES = 2 };

struct tp_access {
	bool valid;
	tp_nodemask initiators;
	unsigned read_latency_ns, write_latency_ns;
	unsigned read_bandwidth_mbps, write_bandwidth_mbps;
};

/*
 * What firmware tables say of memory on @node, before any of it is there.  Becomes visible when the
 * node has memory and comes back after an unplug and replug (T13).  -EINVAL: no such node or class,
 * or a zero figure.
 */
TP_API int tp_hmat_set(struct tp_machine *machine, int node, unsigned access_class,
		       const struct tp_access *access);

/*
 * A CXL region on @node: its own performance, taken for the node's while the node has memory and
 * the region exists; it wins over the HMAT, as it knows the whole path.  -EINVAL.  -EEXIST: a
 * region is there already.
 */
TP_API int tp_cxl_region_add(struct tp_machine *machine, int node, const struct tp_access *access);
/* -ENOENT. */
TP_API int tp_cxl_region_remove(struct tp_machine *machine, int node);

/*
 * What holds for @node now; .valid is false while nothing is known or the node has no memory.
 * -EINVAL: no such node or class.
 */
TP_API int tp_node_access(struct tp_machine *machine, int node, unsigned access_class,
			  struct tp_access *access);

struct tp_tier_info {
	unsigned id; /* abstract distance >> 7; DRAM is 4 */
	tp_nodemask nodes;
};

/* Copies up to @max tiers, nearest first; returns how many there are. */
TP_API unsigned tp_tiers(struct tp_machine *machine, struct tp_tier_info *tiers, unsigned max);

/*
 * Abstract distance of a memory device by Linux's arithmetic: 576 * latency / DRAM latency * DRAM
 * bandwidth / bandwidth. 576 is DRAM's own; returned too if a figure is 0.
 */
TP_API unsigned tp_abstract_distance(struct tp_machine *machine, unsigned latency_ns,
				     unsigned bandwidth_mbps);

/*
 * Where pages of @node are demoted to: the nearest nodes of the next lower tier, and every node of
 * any lower tier. Both empty for a node without memory (T12) or without a lower tier.
 */
TP_API int tp_demotion_targets(struct tp_machine *machine, int node, tp_nodemask *preferred,
			       tp_nodemask *allowed);

/* Switch demotion on or off (on). */
TP_API void tp_demotion_enable(struct tp_machine *machine, bool enabled);
TP_API bool tp_demotion_enabled(struct tp_machine *machine);

struct tp_cpuset;

/*
 * A set of memory nodes that a group of allocations may use.  -EINVAL: empty or unknown nodes.
 * -ENOMEM.
 */
TP_API int tp_cpuset_create(struct tp_machine *machine, const char *name, tp_nodemask mems,
			    struct tp_cpuset **cpuset);
TP_API void tp_cpuset_destroy(struct tp_cpuset *cpuset);
/*
 * What was asked for, and what of it has memory now; if nothing of it has, all nodes with memory,
 * as in Linux.
 */
TP_API tp_nodemask tp_cpuset_mems(const struct tp_cpuset *cpuset);
TP_API tp_nodemask tp_cpuset_effective_mems(struct tp_cpuset *cpuset);
/* -EINVAL: as for create. */
TP_API int tp_cpuset_set_mems(struct tp_cpuset *cpuset, tp_nodemask mems);

#endif
