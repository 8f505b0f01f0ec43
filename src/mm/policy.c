/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy - placement: local, bind, preferred, interleave, weighted. */
#include "mm/policy.h"

#include <errno.h>

#include "core/error.h"

static uint64_t total_weight(const struct tp_policy *policy, uint64_t nodes)
{
	uint64_t sum = 0;

	for (; nodes; nodes &= nodes - 1)
		sum += policy->mode == TP_POLICY_WEIGHTED ? policy->weight[__builtin_ctzll(nodes)]
							  : 1;
	return sum;
}

int tp_policy_check(struct tp_machine *m, const struct tp_policy *policy)
{
	uint64_t known = (UINT64_C(1) << m->nr_nodes) - 1;

	if ((unsigned)policy->mode > TP_POLICY_WEIGHTED)
		return TP_ERR(-EINVAL, "placement policy %u does not exist", policy->mode);
	if (policy->mode == TP_POLICY_LOCAL)
		return 0;
	if (!policy->nodes.v || policy->nodes.v & ~known)
		return TP_ERR(-EINVAL, "policy nodes %x are not among %x", policy->nodes.v, known);
	if (!total_weight(policy, policy->nodes.v))
		return TP_ERR(-EINVAL, "all weights of the policy are 0");
	return 0;
}

/* The node whose share of a round chunk @index falls into. */
static int turn(const struct tp_policy *policy, uint64_t nodes, uint64_t index)
{
	uint64_t at = index % total_weight(policy, nodes);

	for (;; nodes &= nodes - 1) {
		int node = __builtin_ctzll(nodes);
		uint64_t share = total_weight(policy, UINT64_C(1) << node);

		if (at < share)
			return node;
		at -= share;
	}
}

static int nearest(struct tp_machine *m, uint64_t nodes)
{
	int here = tp_node_here(m), best = __builtin_ctzll(nodes);

	for (; nodes; nodes &= nodes - 1)
		if (m->distance[here][__builtin_ctzll(nodes)] < m->distance[here][best])
			best = __builtin_ctzll(nodes);
	return best;
}

void tp_policy_place(struct tp_machine *m, const struct tp_policy *policy, uint64_t index,
		     int *node, tp_nodemask *nodes)
{
	uint64_t there = policy->nodes.v & tp_atomic_load(&m->node_states[TP_N_MEMORY], TP_ACQUIRE);

	*nodes = TP_NODES_NONE;
	switch (policy->mode) {
	case TP_POLICY_LOCAL:
		*node = TP_NODE_NONE;
		break;
	case TP_POLICY_BIND:
		*node = nearest(m, there ? there : policy->nodes.v);
		*nodes = policy->nodes;
		break;
	case TP_POLICY_PREFERRED:
		*node = __builtin_ctzll(policy->nodes.v);
		break;
	case TP_POLICY_INTERLEAVE:
	case TP_POLICY_WEIGHTED:
		*node = turn(policy, total_weight(policy, there) ? there : policy->nodes.v, index);
		break;
	}
}
