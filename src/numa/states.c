/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * states - which nodes are in which state, and how far they are from each other.
 *
 * In every build, also with NUMA compiled out (T8).  The masks are written by mm under the hotplug
 * lock (M2) and read here without any.
 */
#include "mm/machine.h"

tp_nodemask tp_node_states(struct tp_machine *machine, enum tp_node_state state)
{
	if ((unsigned)state >= TP_NR_NODE_STATES)
		return TP_NODES_NONE;
	return (tp_nodemask){ tp_atomic_load(&machine->node_states[state], TP_ACQUIRE) };
}

unsigned tp_node_distance(struct tp_machine *machine, int from, int to)
{
	if (!tp_node_valid(machine, from) || !tp_node_valid(machine, to))
		return 0;
	return machine->distance[from][to];
}
