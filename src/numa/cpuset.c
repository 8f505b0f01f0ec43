/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpuset - sets of memory nodes that were asked for, and what of each has memory now.
 *
 * Invariants
 *  C1  effective = mems with memory, or every node with memory if mems has none: recomputed for all
 *      sets in the statement that a node's memory came or went, and when a set is made or changed.
 *  C2  Both masks are single words: an allocation reads effective without a lock while hotplug
 *      rewrites it, and gets the old or the new set, never a mixture.
 *
 * Locking: cpusets.lock guards the list and orders the writers of effective.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/mutant.h"
#include "numa/numa.h"

struct tp_cpuset {
	struct tp_list link;
	struct tp_cpusets *all;
	char *name;
	tp_atomic_u64 mems, effective;
};

static void update_effective(struct tp_cpuset *cpuset)
{
	uint64_t memory = tp_node_states(cpuset->all->machine, TP_N_MEMORY).v;
	uint64_t usable = tp_atomic_load(&cpuset->mems, TP_RELAXED) & memory;

	tp_mutex_assert_held(&cpuset->all->lock);
	tp_atomic_store(&cpuset->effective, usable ? usable : memory, TP_RELEASE);
}

static int check_mems(const struct tp_machine *m, const char *name, tp_nodemask mems)
{
	if (!mems.v)
		return TP_ERR_TEXT(-EINVAL, name, "cpuset %s: no nodes");
	if (mems.v >> m->nr_nodes)
		return TP_ERR_TEXT(-EINVAL, name, "cpuset %s: %x are not all nodes", mems.v);
	return 0;
}

/* ---- a set ------------------------------------------------------------------------------ */

static struct tp_cpuset *cpuset_new(const char *name)
{
	struct tp_cpuset *cpuset = tp_zalloc(sizeof(*cpuset));

	if (!cpuset)
		return NULL;
	cpuset->name = tp_strdup(name);
	if (cpuset->name)
		return cpuset;
	tp_free(cpuset);
	return NULL;
}

int tp_cpuset_create(struct tp_machine *machine, const char *name, tp_nodemask mems,
		     struct tp_cpuset **cpuset)
{
	struct tp_cpusets *all = &tp_numa_of(machine)->cpusets;
	struct tp_cpuset *made;
	int err;

	name = name ? name : "cpuset";
	err = check_mems(machine, name, mems);
	if (err)
		return err;
	made = cpuset_new(name);
	if (!made)
		return TP_ERR_TEXT(-ENOMEM, name, "cpuset %s");
	made->all = all;
	tp_atomic_store(&made->mems, mems.v, TP_RELAXED);
	tp_mutex_lock(&all->lock);
	update_effective(made);
	TP_MUTANT_GAP(cpuset_joins_late, mutex, &all->lock);
	tp_list_add_before(&all->list, &made->link);
	tp_mutex_unlock(&all->lock);
	*cpuset = made;
	return 0;
}

void tp_cpuset_destroy(struct tp_cpuset *cpuset)
{
	struct tp_cpusets *all;

	if (!cpuset)
		return;
	all = cpuset->all;
	tp_mutex_lock(&all->lock);
	tp_list_remove(&cpuset->link);
	tp_mutex_unlock(&all->lock);
	tp_free(cpuset->name);
	tp_free(cpuset);
}

tp_nodemask tp_cpuset_mems(const struct tp_cpuset *cpuset)
{
	return (tp_nodemask){ tp_atomic_load(&cpuset->mems, TP_RELAXED) };
}

tp_nodemask tp_cpuset_effective_mems(struct tp_cpuset *cpuset)
{
	return (tp_nodemask){ tp_atomic_load(&cpuset->effective, TP_ACQUIRE) };
}

int tp_cpuset_set_mems(struct tp_cpuset *cpuset, tp_nodemask mems)
{
	struct tp_cpusets *all = cpuset->all;
	int err = check_mems(all->machine, cpuset->name, mems);

	if (err)
		return err;
	tp_mutex_lock(&all->lock);
	tp_atomic_store(&cpuset->mems, mems.v, TP_RELAXED);
	update_effective(cpuset);
	tp_mutex_unlock(&all->lock);
	return 0;
}

/* ---- consumer --------------------------------------------------------------------------- */

static int cpusets_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_cpusets *all = tp_container_of(notifier, struct tp_cpusets, notifier);

	if (!tp_node_memory_change(event))
		return 0;
	tp_mutex_lock(&all->lock);
	tp_list_for_each(cpuset, &all->list, struct tp_cpuset, link)
		update_effective(cpuset);
	tp_mutex_unlock(&all->lock);
	return 0;
}

static int cpusets_init(struct tp_machine *m)
{
	struct tp_cpusets *all = &tp_numa_of(m)->cpusets;

	all->machine = m;
	tp_mutex_init(&all->lock, TP_RANK_CONSUMER, 1);
	tp_list_init(&all->list);
	all->notifier.call = cpusets_event;
	all->notifier.priority = TP_PRIORITY_CPUSETS;
	all->notifier.name = "cpuset";
	return tp_node_notifier_register(m, &all->notifier, 0);
}

static void cpusets_fini(struct tp_machine *m)
{
	struct tp_cpusets *all = &tp_numa_of(m)->cpusets;
	int err = tp_node_notifier_unregister(m, &all->notifier);

	TP_INVARIANT(!err);
	/* A cpuset that outlives its machine would be read after the machine is gone. */
	TP_INVARIANT(tp_list_empty(&all->list));
}

const struct tp_module tp_cpuset_module = { "cpuset", cpusets_init, cpusets_fini };
