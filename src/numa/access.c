/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * access - who says what of a node's performance, and what of it holds now.
 *
 * A source claims figures at any time; its consumer on the chain decides where they show.  Both
 * sources work alike and differ in authority and priority only.
 *
 * Invariants
 *  A1  A claim outlives the memory it is about: hidden when the node's last memory goes, shown
 *      again when memory is back, however often (T13).
 *  A2  What holds for a node is the claim of the highest source that has one and shows the node.
 */
#include <errno.h>

#include "core/error.h"
#include "numa/numa.h"

static int source_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_access_source *source =
		tp_container_of(notifier, struct tp_access_source, notifier);
	int change = tp_node_memory_change(event);

	if (!change)
		return 0;
	tp_mutex_lock(&source->numa->lock);
	tp_nodemask_put(&source->present, event->node, change > 0);
	tp_mutex_unlock(&source->numa->lock);
	return 0;
}

int tp_access_source_init(struct tp_machine *m, enum tp_access_source_id id, const char *name,
			  int priority)
{
	struct tp_access_source *source = &tp_numa_of(m)->sources[id];

	source->numa = tp_numa_of(m);
	source->notifier.call = source_event;
	source->notifier.priority = priority;
	source->notifier.name = name;
	return tp_node_notifier_register(m, &source->notifier, 0);
}

void tp_access_source_fini(struct tp_machine *m, enum tp_access_source_id id)
{
	int err = tp_node_notifier_unregister(m, &tp_numa_of(m)->sources[id].notifier);

	TP_INVARIANT(!err);
}

int tp_access_check(const struct tp_machine *m, int node, const struct tp_access *access)
{
	if (!tp_node_valid(m, node))
		return TP_ERR(-EINVAL, "access figures: there is no node %u", (unsigned)node);
	if (access->initiators.v >> m->nr_nodes)
		return TP_ERR(-EINVAL, "access figures of node %u: initiators %x are not all nodes",
			      (unsigned)node, access->initiators.v);
	if (!access->read_latency_ns || !access->write_latency_ns || !access->read_bandwidth_mbps ||
	    !access->write_bandwidth_mbps)
		return TP_ERR(-EINVAL, "access figures of node %u: one of them is 0",
			      (unsigned)node);
	return 0;
}

void tp_access_claim(struct tp_numa *numa, enum tp_access_source_id id, int node,
		     unsigned access_class, const struct tp_access *access)
{
	struct tp_access *claim = &numa->sources[id].claim[node][access_class];

	tp_mutex_assert_held(&numa->lock);
	*claim = access ? *access : (struct tp_access){ 0 };
	claim->valid = access != NULL;
}

/* The claim of the highest source that has one, and shows the node if need be; never NULL. */
static const struct tp_access *highest_claim(const struct tp_numa *numa, int node,
					     unsigned access_class, bool must_show)
{
	static const struct tp_access no_claim;

	tp_mutex_assert_held(&numa->lock);
	for (unsigned id = TP_NR_ACCESS_SOURCES; id-- > 0;) {
		const struct tp_access_source *source = &numa->sources[id];

		if (must_show && !tp_nodemask_has(source->present, node))
			continue;
		if (source->claim[node][access_class].valid)
			return &source->claim[node][access_class];
	}
	return &no_claim;
}

struct tp_figures tp_access_figures(const struct tp_numa *numa, int node)
{
	struct tp_figures cpu = tp_figures_of_access(highest_claim(numa, node, 1, false));

	if (tp_figures_known(cpu))
		return cpu;
	return tp_figures_of_access(highest_claim(numa, node, 0, false));
}

int tp_node_access(struct tp_machine *machine, int node, unsigned access_class,
		   struct tp_access *access)
{
	struct tp_numa *numa = tp_numa_of(machine);

	if (!tp_node_valid(machine, node) || access_class >= TP_NR_ACCESS_CLASSES)
		return TP_ERR(-EINVAL, "access figures: there is no node %u or no class %u",
			      (unsigned)node, access_class);
	tp_mutex_lock(&numa->lock);
	*access = *highest_claim(numa, node, access_class, true);
	tp_mutex_unlock(&numa->lock);
	return 0;
}
