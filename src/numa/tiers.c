/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiers - which nodes are about equally far from the CPUs, as far as their figures say.
 *
 * A node's figures are the first known of: its highest claim (access.c), what the device states
 * that brought its first memory.  DRAM, the yardstick, is the first node with CPUs and boot memory.
 *
 * Invariants
 *  R1  A node is in a tier if and only if it has memory; a tier without nodes does not exist.
 *  R2  Tiers and demotion targets change together, before anybody hears that the memory is ONLINE
 *      or OFFLINE (T14).
 *
 * A node has one tier.  It follows claims at once, but devices only when the node's first memory
 * comes: memory of different speed belongs on different nodes.
 */
#include <string.h>

#include "core/error.h"
#include "mm/uevent.h"
#include "numa/numa.h"

/* ---- figures ---------------------------------------------------------------------------- */

static struct tp_figures first_known(struct tp_figures a, struct tp_figures b)
{
	return tp_figures_known(a) ? a : b;
}

static struct tp_figures node_figures(const struct tp_numa *numa, int node)
{
	return first_known(tp_access_figures(numa, node), numa->tiers.figures[node]);
}

static struct tp_figures dram_figures(const struct tp_numa *numa)
{
	uint64_t cpus = tp_atomic_load(&numa->machine->node_states[TP_N_CPU], TP_RELAXED);
	uint64_t dram = numa->tiers.boot.v & cpus;
	int node;

	if (!dram)
		return TP_FIGURES_DRAM;
	node = __builtin_ctzll(dram);
	return first_known(first_known(tp_access_figures(numa, node),
				       numa->tiers.boot_figures[node]),
			   TP_FIGURES_DRAM);
}

/* Some of its memory is in a zone (M4); what lies beside it offline must not count. */
static bool device_in_use(struct tp_machine *m, const struct tp_device *device)
{
	for (uint64_t i = 0; i < device->nr_pages; i += m->block_pages) {
		const struct tp_zone *zone = tp_pfn_zone(m, (tp_pfn){ device->start.v + i });

		if (zone && zone->type != TP_ZONE_DEVICE)
			return true;
	}
	return false;
}

static void note_devices(struct tp_tiers *tiers, struct tp_machine *m, int node)
{
	tiers->figures[node] = (struct tp_figures){ 0 };
	tp_list_for_each(device, &m->devices, struct tp_device, link) {
		struct tp_figures stated;

		if (device->node != node || !device_in_use(m, device))
			continue;
		stated = tp_figures_even(device->latency_ns, device->bandwidth_mbps);
		tiers->figures[node] = first_known(tiers->figures[node], stated);
		if (device->boot) {
			tp_nodemask_put(&tiers->boot, node, true);
			tiers->boot_figures[node] = stated;
		}
	}
}

/* ---- tiers ------------------------------------------------------------------------------ */

static uint32_t place_node(const struct tp_numa *numa, int node)
{
	if (!tp_nodemask_has(numa->tiers.members, node))
		return TP_TIER_NONE;
	return tp_adistance(node_figures(numa, node), dram_figures(numa)) >> TP_TIER_SHIFT;
}

static bool has_tier(const uint32_t *tier_of, unsigned nr_nodes, uint32_t tier)
{
	for (unsigned node = 0; node < nr_nodes; node++) {
		if (tier_of[node] == tier)
			return true;
	}
	return false;
}

/* Say of each tier of @now that @then did not have that it is @action. */
static void tell_difference(struct tp_numa *numa, const uint32_t *now, const uint32_t *then,
			    enum tp_uevent_action action)
{
	for (unsigned node = 0; node < numa->machine->nr_nodes; node++) {
		if (now[node] == TP_TIER_NONE || has_tier(then, TP_MAX_NODES, now[node]) ||
		    has_tier(now, node, now[node]))
			continue;
		tp_uevent_emit(numa->machine, action, TP_UEVENT_TIER, now[node]);
	}
}

void tp_tiers_rebuild(struct tp_numa *numa)
{
	struct tp_machine *m = numa->machine;
	uint32_t before[TP_MAX_NODES];

	tp_mutex_assert_held(&numa->lock);
	memcpy(before, numa->tiers.tier_of, sizeof(before));
	for (unsigned node = 0; node < m->nr_nodes; node++) {
		uint32_t tier = place_node(numa, (int)node);

		if (tier == numa->tiers.tier_of[node])
			continue;
		numa->tiers.tier_of[node] = tier;
		tp_trace(m->trace, TP_TRACE_tier, node, tier, 0);
	}
	tp_demotion_rebuild(numa);
	tell_difference(numa, numa->tiers.tier_of, before, TP_UEVENT_ADD);
	tell_difference(numa, before, numa->tiers.tier_of, TP_UEVENT_REMOVE);
}

uint32_t tp_tier_at_least(const struct tp_tiers *tiers, uint32_t from)
{
	uint32_t lowest = TP_TIER_NONE;

	for (unsigned node = 0; node < TP_MAX_NODES; node++) {
		if (tiers->tier_of[node] >= from)
			lowest = TP_MIN(lowest, tiers->tier_of[node]);
	}
	return lowest;
}

tp_nodemask tp_tier_nodes(const struct tp_tiers *tiers, uint32_t tier)
{
	tp_nodemask nodes = TP_NODES_NONE;

	for (int node = 0; node < TP_MAX_NODES; node++)
		tp_nodemask_put(&nodes, node, tiers->tier_of[node] == tier);
	return nodes;
}

/* ---- consumer --------------------------------------------------------------------------- */

static int tiers_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_tiers *tiers = tp_container_of(notifier, struct tp_tiers, notifier);
	struct tp_numa *numa = tiers->numa;
	int change = tp_node_memory_change(event);

	if (!change)
		return 0;
	TP_INVARIANT(tp_node_in(numa->machine, event->node, TP_N_MEMORY) == (change > 0));
	tp_mutex_lock(&numa->lock);
	if (change > 0)
		note_devices(tiers, numa->machine, event->node);
	tp_nodemask_put(&tiers->members, event->node, change > 0);
	tp_tiers_rebuild(numa);
	tp_mutex_unlock(&numa->lock);
	return 0;
}

static int tiers_init(struct tp_machine *m)
{
	struct tp_tiers *tiers = &tp_numa_of(m)->tiers;

	tiers->numa = tp_numa_of(m);
	for (unsigned node = 0; node < TP_MAX_NODES; node++)
		tiers->tier_of[node] = TP_TIER_NONE;
	tiers->notifier.call = tiers_event;
	tiers->notifier.priority = TP_PRIORITY_TIERS;
	tiers->notifier.name = "memory-tiers";
	return tp_node_notifier_register(m, &tiers->notifier, 0);
}

static void tiers_fini(struct tp_machine *m)
{
	int err = tp_node_notifier_unregister(m, &tp_numa_of(m)->tiers.notifier);

	TP_INVARIANT(!err);
}

const struct tp_module tp_tiers_module = { "memory-tiers", tiers_init, tiers_fini };

/* ---- questions -------------------------------------------------------------------------- */

unsigned tp_tiers(struct tp_machine *machine, struct tp_tier_info *tiers, unsigned max)
{
	struct tp_numa *numa = tp_numa_of(machine);
	unsigned n = 0;
	uint32_t id;

	tp_mutex_lock(&numa->lock);
	for (id = tp_tier_at_least(&numa->tiers, 0); id != TP_TIER_NONE;
	     id = tp_tier_at_least(&numa->tiers, id + 1)) {
		if (n < max)
			tiers[n] = (struct tp_tier_info){ id, tp_tier_nodes(&numa->tiers, id) };
		n++;
	}
	tp_mutex_unlock(&numa->lock);
	return n;
}

unsigned tp_abstract_distance(struct tp_machine *machine, unsigned latency_ns,
			      unsigned bandwidth_mbps)
{
	struct tp_numa *numa = tp_numa_of(machine);
	struct tp_figures dram;

	tp_mutex_lock(&numa->lock);
	dram = dram_figures(numa);
	tp_mutex_unlock(&numa->lock);
	return tp_adistance(tp_figures_even(latency_ns, bandwidth_mbps), dram);
}
