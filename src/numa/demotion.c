/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * demotion - where reclaim may move the pages of a node: to nodes of a lower tier.
 *
 * Invariants
 *  D1  preferred: of the next lower tier the nodes that are nearest, ties kept.  allowed: all nodes
 *      of all lower tiers.  preferred is part of allowed.
 *  D2  A node without memory neither has targets (T12) nor is one.
 *
 * Locking: built under numa->lock.  Reclaim reads the two masks without a lock and not as a pair: a
 * target that lost its memory meanwhile just has no page to give.
 */
#include <errno.h>

#include "core/error.h"
#include "numa/numa.h"

struct targets {
	tp_nodemask preferred, allowed;
};

static tp_nodemask nearest(const struct tp_machine *m, int from, tp_nodemask candidates)
{
	tp_nodemask found = TP_NODES_NONE;
	unsigned best = UINT8_MAX + 1;

	for (unsigned to = 0; to < m->nr_nodes; to++) {
		if (!tp_nodemask_has(candidates, (int)to) || m->distance[from][to] > best)
			continue;
		if (m->distance[from][to] < best)
			found = TP_NODES_NONE;
		best = m->distance[from][to];
		tp_nodemask_put(&found, (int)to, true);
	}
	return found;
}

static struct targets find_targets(const struct tp_numa *numa, int node)
{
	const struct tp_tiers *tiers = &numa->tiers;
	struct targets targets = { 0 };
	uint32_t next, lower;

	if (tiers->tier_of[node] == TP_TIER_NONE)
		return targets;
	next = tp_tier_at_least(tiers, tiers->tier_of[node] + 1);
	if (next == TP_TIER_NONE)
		return targets;
	targets.preferred = nearest(numa->machine, node, tp_tier_nodes(tiers, next));
	for (lower = next; lower != TP_TIER_NONE; lower = tp_tier_at_least(tiers, lower + 1))
		targets.allowed.v |= tp_tier_nodes(tiers, lower).v;
	return targets;
}

void tp_demotion_rebuild(struct tp_numa *numa)
{
	struct tp_machine *m = numa->machine;

	tp_mutex_assert_held(&numa->lock);
	for (unsigned node = 0; node < m->nr_nodes; node++) {
		struct targets targets = find_targets(numa, (int)node);

		TP_INVARIANT(!(targets.preferred.v & ~targets.allowed.v));
		tp_atomic_store(&m->nodes[node].demotion_preferred, targets.preferred.v,
				TP_RELAXED);
		tp_atomic_store(&m->nodes[node].demotion_allowed, targets.allowed.v, TP_RELAXED);
	}
}

int tp_demotion_targets(struct tp_machine *machine, int node, tp_nodemask *preferred,
			tp_nodemask *allowed)
{
	struct tp_numa *numa = tp_numa_of(machine);

	if (!tp_node_valid(machine, node))
		return TP_ERR(-EINVAL, "demotion targets: there is no node %u", (unsigned)node);
	tp_mutex_lock(&numa->lock);
	preferred->v = tp_atomic_load(&machine->nodes[node].demotion_preferred, TP_RELAXED);
	allowed->v = tp_atomic_load(&machine->nodes[node].demotion_allowed, TP_RELAXED);
	tp_mutex_unlock(&numa->lock);
	return 0;
}

void tp_demotion_enable(struct tp_machine *machine, bool enabled)
{
	tp_atomic_store(&machine->demotion_enabled, enabled, TP_RELAXED);
}

bool tp_demotion_enabled(struct tp_machine *machine)
{
	return tp_atomic_load(&machine->demotion_enabled, TP_RELAXED);
}
