/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa - what this room keeps of a machine, and how its parts reach each other.
 *
 * Each part is a consumer on the node chain, in the order of its priority:
 *
 *	100 tiers	place the node in its tier, rebuild the demotion targets
 *	 10 cpusets	recompute what each cpuset may use
 *	  5 CXL		show or hide what a region says of the node
 *	  2 HMAT	the same for the firmware's table
 *
 * Invariants
 *  U1  Consumers act only on statements that change N_MEMORY: normal memory coming to or leaving
 *      a node that keeps other memory disturbs nobody here (T1, T2); a cancel has nothing to undo.
 *  U2  Nothing is allocated for a node: all tables have a place for every node from the start, so
 *      no statement can fail and no announcement needs to be refused.
 *
 * Locking: tp_numa.lock guards claims, presence and tiers.  It is taken under the hotplug lock or
 * without it, so figures may also be set from within a callback.  Cpusets have a lock of their own.
 */
#ifndef TP_NUMA_NUMA_H
#define TP_NUMA_NUMA_H

#include "mm/machine.h"
#include "numa/adistance.h"

enum {
	TP_PRIORITY_TIERS = 100,
	TP_PRIORITY_CPUSETS = 10,
	TP_PRIORITY_CXL = 5,
	TP_PRIORITY_HMAT = 2,
};

/* Who states figures of a node, by rising authority. */
enum tp_access_source_id { TP_ACCESS_HMAT, TP_ACCESS_CXL, TP_NR_ACCESS_SOURCES };

/* What one source claims of each node, and where its claims show. */
struct tp_access_source {
	struct tp_node_notifier notifier;
	struct tp_numa *numa;
	tp_nodemask present; /* nodes that have memory, as the chain told */
	struct tp_access claim[TP_MAX_NODES][TP_NR_ACCESS_CLASSES];
};

#define TP_TIER_NONE UINT32_MAX

struct tp_tiers {
	struct tp_node_notifier notifier;
	struct tp_numa *numa;
	tp_nodemask members;		/* nodes that have memory, as the chain told */
	tp_nodemask boot;		/* nodes that ever had boot memory */
	uint32_t tier_of[TP_MAX_NODES]; /* TP_TIER_NONE: not a member */
	struct tp_figures boot_figures[TP_MAX_NODES];
	struct tp_figures figures[TP_MAX_NODES]; /* of the device that brought the node's memory */
};

struct tp_cpusets {
	struct tp_node_notifier notifier;
	struct tp_machine *machine;
	struct tp_mutex lock;
	struct tp_list list;
};

struct tp_numa {
	struct tp_machine *machine;
	struct tp_mutex lock;
	struct tp_access_source sources[TP_NR_ACCESS_SOURCES];
	struct tp_tiers tiers;
	struct tp_cpusets cpusets;
};

/* In this order; the first makes the state that the others use. */
extern const struct tp_module tp_numa_module, tp_tiers_module, tp_hmat_module, tp_cxl_module,
	tp_cpuset_module;

static inline struct tp_numa *tp_numa_of(struct tp_machine *m)
{
	return m->numa;
}

static inline bool tp_nodemask_has(tp_nodemask mask, int node)
{
	return mask.v >> node & 1;
}

static inline void tp_nodemask_put(tp_nodemask *mask, int node, bool value)
{
	mask->v = (mask->v & ~TP_NODE_BIT(node).v) | (value ? TP_NODE_BIT(node).v : 0);
}

/* What an event means to who waits for memory: +1 the first came, -1 the last went, 0 nothing. */
int tp_node_memory_change(const struct tp_node_event *event);

/* ---- access.c: all but the first two need numa->lock ------------------------------------ */

int tp_access_source_init(struct tp_machine *m, enum tp_access_source_id id, const char *name,
			  int priority);
void tp_access_source_fini(struct tp_machine *m, enum tp_access_source_id id);

/* -EINVAL: no such node, an initiator that is none, or a zero figure. */
int tp_access_check(const struct tp_machine *m, int node, const struct tp_access *access);
/* What @id claims of @node from now on; NULL: nothing any more.  The caller rebuilds the tiers. */
void tp_access_claim(struct tp_numa *numa, enum tp_access_source_id id, int node,
		     unsigned access_class, const struct tp_access *access);
/* The figures a tier goes by, whether or not the node has memory: what a CPU sees, else any. */
struct tp_figures tp_access_figures(const struct tp_numa *numa, int node);

/* ---- tiers.c and demotion.c: under numa->lock ------------------------------------------- */

/* Bring tiers and demotion targets in line with membership and claims. */
void tp_tiers_rebuild(struct tp_numa *numa);
/* The lowest tier with an id of at least @from, or TP_TIER_NONE. */
uint32_t tp_tier_at_least(const struct tp_tiers *tiers, uint32_t from);
tp_nodemask tp_tier_nodes(const struct tp_tiers *tiers, uint32_t tier);
void tp_demotion_rebuild(struct tp_numa *numa);

#endif
