/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nonuma - this room with NUMA compiled out: the same functions, all of them (T8).
 *
 * A machine then has one node.  What is true of one node is answered; what only makes sense for
 * several is refused with -EOPNOTSUPP.
 */
#include <errno.h>

#include "core/error.h"
#include "mm/machine.h"
#include "numa/adistance.h"

static int refuse(void)
{
	return TP_ERR(-EOPNOTSUPP, "built without NUMA");
}

int tp_hmat_set(struct tp_machine *machine tp_unused, int node tp_unused,
		unsigned access_class tp_unused, const struct tp_access *access tp_unused)
{
	return refuse();
}

int tp_cxl_region_add(struct tp_machine *machine tp_unused, int node tp_unused,
		      const struct tp_access *access tp_unused)
{
	return refuse();
}

int tp_cxl_region_remove(struct tp_machine *machine tp_unused, int node tp_unused)
{
	return refuse();
}

int tp_node_access(struct tp_machine *machine, int node, unsigned access_class,
		   struct tp_access *access)
{
	if (!tp_node_valid(machine, node) || access_class >= TP_NR_ACCESS_CLASSES)
		return TP_ERR(-EINVAL, "access figures: there is no node %u or no class %u",
			      (unsigned)node, access_class);
	*access = (struct tp_access){ 0 };
	return 0;
}

unsigned tp_tiers(struct tp_machine *machine, struct tp_tier_info *tiers, unsigned max)
{
	tp_nodemask nodes = tp_node_states(machine, TP_N_MEMORY);

	if (!nodes.v)
		return 0;
	if (max)
		tiers[0] = (struct tp_tier_info){ TP_ADISTANCE_DRAM >> TP_TIER_SHIFT, nodes };
	return 1;
}

unsigned tp_abstract_distance(struct tp_machine *machine tp_unused, unsigned latency_ns,
			      unsigned bandwidth_mbps)
{
	return tp_adistance(tp_figures_even(latency_ns, bandwidth_mbps), TP_FIGURES_DRAM);
}

int tp_demotion_targets(struct tp_machine *machine, int node, tp_nodemask *preferred,
			tp_nodemask *allowed)
{
	if (!tp_node_valid(machine, node))
		return TP_ERR(-EINVAL, "demotion targets: there is no node %u", (unsigned)node);
	*preferred = *allowed = TP_NODES_NONE;
	return 0;
}

void tp_demotion_enable(struct tp_machine *machine tp_unused, bool enabled tp_unused)
{
}

bool tp_demotion_enabled(struct tp_machine *machine tp_unused)
{
	return false;
}

int tp_cpuset_create(struct tp_machine *machine tp_unused, const char *name tp_unused,
		     tp_nodemask mems tp_unused, struct tp_cpuset **cpuset tp_unused)
{
	return refuse();
}

/* No cpuset was ever made: only NULL can arrive at destroy, and nothing at the others. */
void tp_cpuset_destroy(struct tp_cpuset *cpuset)
{
	TP_INVARIANT(!cpuset);
}

tp_nodemask tp_cpuset_mems(const struct tp_cpuset *cpuset tp_unused)
{
	TP_PANIC("a cpuset in a build without NUMA");
}

tp_nodemask tp_cpuset_effective_mems(struct tp_cpuset *cpuset tp_unused)
{
	TP_PANIC("a cpuset in a build without NUMA");
}

int tp_cpuset_set_mems(struct tp_cpuset *cpuset tp_unused, tp_nodemask mems tp_unused)
{
	return refuse();
}
