/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * online - bring ranges into the allocator.
 *
 *	open memory -> PREPARE_ONLINE -> attach to zones -> BECOMING_MEM_AWARE -> GOING_ONLINE
 *		| commit | BECAME_MEM_AWARE -> ONLINE
 *
 * Everything left of the bar may fail and is taken back in reverse; nothing right of it can (H2).
 * Fault sites: mm/backing-open, mm/online-prepare, core/alloc.
 */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "mm/hotplug.h"
#include "mm/pcp.h"
#include "mm/zone.h"
#include "mm/zonelist.h"

void tp_node_state_set(struct tp_machine *m, int node, enum tp_node_state state, bool value)
{
	uint64_t bit = UINT64_C(1) << node;

	if (value)
		tp_atomic_or(&m->node_states[state], bit, TP_ACQ_REL);
	else
		tp_atomic_and(&m->node_states[state], ~bit, TP_ACQ_REL);
}

/* Which masks of the node change, and so whom the node event concerns (T1, T3). */
static unsigned online_changes(const struct tp_hotplug_op *op)
{
	unsigned changes = 0;

	if (!tp_node_in(op->machine, op->node, TP_N_MEMORY))
		changes |= TP_NODE_HAS_MEMORY;
	for (unsigned i = 0; i < op->nr_ranges; i++)
		if (op->ranges[i].zone->type <= TP_ZONE_NORMAL &&
		    !tp_node_in(op->machine, op->node, TP_N_NORMAL_MEMORY))
			changes |= TP_NODE_HAS_NORMAL_MEMORY;
	return changes;
}

static void close_runs(struct tp_hotplug_op *op, unsigned n)
{
	while (n--)
		tp_backing_close(&op->machine->backing, op->runs[n].start, op->runs[n].nr_pages);
}

static int open_runs(struct tp_hotplug_op *op)
{
	for (unsigned i = 0; i < op->nr_runs; i++) {
		int err = tp_backing_open(&op->machine->backing, op->runs[i].start,
					  op->runs[i].nr_pages);

		if (err) {
			close_runs(op, TP_MUTANT(open_keeps_runs) ? 0 : i);
			return err;
		}
	}
	return 0;
}

static int prepare(struct tp_hotplug_op *op)
{
	if (TP_FAULT("mm/online-prepare"))
		return TP_ERR(-ENOMEM, "online of node %u: fault injected", op->node);
	for (unsigned i = 0; i < op->nr_ranges; i++) {
		int err = tp_pcp_create(op->ranges[i].zone);

		if (err)
			return err;
	}
	return open_runs(op);
}

static int announce(struct tp_hotplug_op *op)
{
	struct tp_node_event becoming = tp_op_node_event(op, TP_NODE_BECOMING_MEM_AWARE);
	int err = 0;

	if (op->changes)
		err = tp_node_announce(op->machine, &becoming);
	if (err)
		return err;
	err = tp_op_announce(op, TP_MEM_GOING_ONLINE);
	if (err && op->changes)
		tp_node_cancel(op->machine, &becoming);
	return err;
}

/* ---- commit ---------------------------------------------------------------------------------- */

/* The pages are there, still isolated. */
static void fill_range(const struct tp_range *range)
{
	struct tp_zone *zone = range->zone;

	tp_spin_lock(&zone->lock);
	zone->present += range->nr_pages;
	zone->managed += range->nr_pages;
	for (uint64_t i = 0; i < range->nr_pages; i += TP_PAGEBLOCK_PAGES)
		tp_zone_give(zone, (tp_pfn){ range->start.v + i }, TP_PAGEBLOCK_ORDER);
	zone->nr_freed -= range->nr_pages; /* Z3: nobody freed them */
	tp_spin_unlock(&zone->lock);
}

static void commit(struct tp_hotplug_op *op)
{
	struct tp_machine *m = op->machine;

	for (unsigned i = 0; i < op->nr_ranges; i++)
		fill_range(&op->ranges[i]);
	if (op->changes & TP_NODE_HAS_NORMAL_MEMORY)
		tp_node_state_set(m, op->node, TP_N_NORMAL_MEMORY, true);
	if (op->changes & TP_NODE_HAS_MEMORY)
		tp_node_state_set(m, op->node, TP_N_MEMORY, true);
	tp_zonelists_update(m);
	tp_unisolate_ranges(op->ranges, op->nr_ranges);
	tp_watermarks_update(m);
}

static void tell(struct tp_hotplug_op *op)
{
	struct tp_node_event became = tp_op_node_event(op, TP_NODE_BECAME_MEM_AWARE);

	if (op->changes)
		tp_node_state(op->machine, &became);
	tp_op_state(op, TP_MEM_ONLINE);
}

static void attach_ranges(struct tp_hotplug_op *op)
{
	for (unsigned i = 0; i < op->nr_ranges; i++)
		tp_zone_attach(&op->ranges[i]);
}

static void detach_ranges(struct tp_hotplug_op *op)
{
	for (unsigned i = op->nr_ranges; i--;)
		tp_zone_detach(&op->ranges[i]);
}

static int bring_in(struct tp_hotplug_op *op)
{
	int err = prepare(op);

	if (err)
		return err;
	op->changes = online_changes(op);
	err = tp_op_announce(op, TP_MEM_PREPARE_ONLINE);
	if (err)
		goto close;
	attach_ranges(op);
	err = announce(op);
	if (err)
		goto detach;
	commit(op);
	tell(op);
	return 0;
detach:
	detach_ranges(op);
	tp_op_cancel(op, TP_MEM_PREPARE_ONLINE);
close:
	close_runs(op, op->nr_runs);
	return err;
}

int tp_online_op(struct tp_hotplug_op *op)
{
	struct tp_machine *m = op->machine;
	uint64_t node = (uint64_t)op->node, start = op->runs[0].start.v;
	int err;

	tp_notifier_session_begin(&m->node_chain);
	tp_notifier_session_begin(&m->memory_chain);
	tp_trace(m->trace, TP_TRACE_online_begin, node, start, op->nr_pages);
	tp_op_set_state(op, TP_BLOCK_GOING_ONLINE);
	err = bring_in(op);
	tp_op_set_state(op, err ? TP_BLOCK_OFFLINE : TP_BLOCK_ONLINE); /* H5 */
	if (!err)
		tp_op_tell(op, TP_UEVENT_ONLINE);
	tp_trace(m->trace, TP_TRACE_online_end, node, start, (uint64_t)-err);
	tp_notifier_session_end(&m->memory_chain);
	tp_notifier_session_end(&m->node_chain);
	return err;
}

int tp_online_blocks_locked(struct tp_machine *m, unsigned first, unsigned count,
			    enum tp_online_policy policy)
{
	struct tp_hotplug_op op = { .machine = m, .node = m->blocks[first].node };
	tp_pfn start = { first * m->block_pages };
	struct tp_zone *zone = tp_zone_choose(m, op.node, start, count * m->block_pages, policy);
	int err = tp_op_add_blocks(&op, first, count, TP_BLOCK_OFFLINE, zone);

	return err || !op.nr_pages ? err : tp_online_op(&op);
}
