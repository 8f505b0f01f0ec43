/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy - where the n-th chunk of a mapping should come from.
 *
 * Interleaving skips nodes that have no memory at the moment, so a policy follows hotplug without
 * being told.
 */
#ifndef TP_MM_POLICY_H
#define TP_MM_POLICY_H

#include "mm/machine.h"

/* -EINVAL: unknown mode, no node or an unknown one where the mode needs some, all weights 0. */
int tp_policy_check(struct tp_machine *m, const struct tp_policy *policy);
/* Do chunks go to its nodes in turn? */
static inline bool tp_policy_takes_turns(const struct tp_policy *policy)
{
	return policy->mode >= TP_POLICY_INTERLEAVE;
}

/* Where to look first (or TP_NODE_NONE) and where at all, for chunk @index. */
void tp_policy_place(struct tp_machine *m, const struct tp_policy *policy, uint64_t index,
		     int *node, tp_nodemask *nodes);

#endif
