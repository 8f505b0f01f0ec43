/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hotplug_op - which pages an operation is about, and the events that speak of them. */
#include <errno.h>

#include "core/error.h"
#include "mm/hotplug.h"

/* Lengthen the last range if @start continues it, else begin one. */
static bool extend(struct tp_range *ranges, unsigned *n, unsigned max, struct tp_range add)
{
	struct tp_range *last = *n ? &ranges[*n - 1] : NULL;

	if (last && last->start.v + last->nr_pages == add.start.v && last->zone == add.zone) {
		last->nr_pages += add.nr_pages;
		return true;
	}
	if (*n == max)
		return false;
	ranges[(*n)++] = add;
	return true;
}

int tp_op_add(struct tp_hotplug_op *op, tp_pfn start, uint64_t nr_pages, struct tp_zone *zone)
{
	struct tp_range run = { start, nr_pages, NULL }, range = { start, nr_pages, zone };

	if (!extend(op->runs, &op->nr_runs, TP_MAX_RUNS, run) ||
	    !extend(op->ranges, &op->nr_ranges, TP_MAX_RANGES, range))
		return TP_ERR(-E2BIG, "more than %u separate runs of blocks; do it in parts",
			      TP_MAX_RUNS);
	op->nr_pages += nr_pages;
	return 0;
}

int tp_op_add_blocks(struct tp_hotplug_op *op, unsigned first, unsigned count,
		     enum tp_block_state state, struct tp_zone *zone)
{
	struct tp_machine *m = op->machine;

	for (unsigned id = first; id < first + count; id++) {
		struct tp_block *b = &m->blocks[id];
		tp_pfn start = { id * m->block_pages };
		struct tp_zone *z = zone ? zone : tp_pfn_zone(m, start);
		int err;

		if (tp_atomic_load(&b->state, TP_RELAXED) != state)
			continue;
		if (!zone && tp_atomic_load(&b->zone, TP_RELAXED) == TP_ZONE_INDEX_NONE)
			return TP_ERR(-EINVAL, "block %u lies in several zones", id);
		err = tp_op_add(op, start, m->block_pages, z);
		if (err)
			return err;
	}
	return 0;
}

/* Does all of the block lie in one zone? */
static uint8_t block_zone(struct tp_machine *m, unsigned id)
{
	tp_pfn pfn = { id * m->block_pages };
	struct tp_zone *zone = tp_pfn_zone(m, pfn);

	for (uint64_t i = TP_PAGEBLOCK_PAGES; i < m->block_pages; i += TP_PAGEBLOCK_PAGES)
		if (tp_pfn_zone(m, (tp_pfn){ pfn.v + i }) != zone)
			return TP_ZONE_INDEX_NONE;
	return zone ? zone->index : TP_ZONE_INDEX_NONE;
}

static void set_state(struct tp_machine *m, unsigned id, enum tp_block_state state)
{
	uint8_t zone = block_zone(m, id);

	tp_spin_lock(&m->blocks_lock);
	tp_atomic_store(&m->blocks[id].zone, zone, TP_RELEASE);
	tp_atomic_store(&m->blocks[id].state, (uint8_t)state, TP_RELEASE);
	tp_spin_unlock(&m->blocks_lock);
}

void tp_op_set_state(struct tp_hotplug_op *op, enum tp_block_state state)
{
	struct tp_machine *m = op->machine;

	for (unsigned i = 0; i < op->nr_runs; i++) {
		const struct tp_range *run = &op->runs[i];
		unsigned first = (unsigned)(run->start.v / m->block_pages);
		unsigned end = (unsigned)((run->start.v + run->nr_pages) / m->block_pages);

		for (unsigned id = first; id < end; id++)
			set_state(m, id, state);
	}
}

void tp_op_tell(struct tp_hotplug_op *op, enum tp_uevent_action action)
{
	for (unsigned i = 0; i < op->nr_runs; i++)
		tp_uevent_blocks(op->machine, action, op->runs[i].start, op->runs[i].nr_pages);
}

/* ---- events ---------------------------------------------------------------------------------- */

static struct tp_memory_event memory_event(const struct tp_hotplug_op *op, unsigned run,
					   enum tp_memory_event_type type)
{
	return (struct tp_memory_event){ .type = type,
					 .node = op->node,
					 .start = op->runs[run].start,
					 .nr_pages = op->runs[run].nr_pages };
}

static void cancel_runs(struct tp_hotplug_op *op, unsigned n, enum tp_memory_event_type announced)
{
	while (n--) {
		struct tp_memory_event event = memory_event(op, n, announced);

		tp_memory_cancel(op->machine, &event);
	}
}

int tp_op_announce(struct tp_hotplug_op *op, enum tp_memory_event_type type)
{
	for (unsigned i = 0; i < op->nr_runs; i++) {
		struct tp_memory_event event = memory_event(op, i, type);
		int err = tp_memory_announce(op->machine, &event);

		if (err) {
			cancel_runs(op, i, type);
			return err;
		}
	}
	return 0;
}

void tp_op_cancel(struct tp_hotplug_op *op, enum tp_memory_event_type announced)
{
	cancel_runs(op, op->nr_runs, announced);
}

void tp_op_state(struct tp_hotplug_op *op, enum tp_memory_event_type type)
{
	for (unsigned i = 0; i < op->nr_runs; i++) {
		struct tp_memory_event event = memory_event(op, i, type);

		tp_memory_state(op->machine, &event);
	}
}

struct tp_node_event tp_op_node_event(const struct tp_hotplug_op *op, enum tp_node_event_type type)
{
	return (struct tp_node_event){ .type = type, .node = op->node, .changes = op->changes };
}
