/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* isolate - pageblocks out of circulation and back. */
#include "mm/isolate.h"

#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/pcp.h"
#include "mm/zone.h"

static uint32_t first_pb(const struct tp_range *range)
{
	TP_INVARIANT(!tp_pb_index(range->start) && !(range->nr_pages & (TP_PAGEBLOCK_PAGES - 1)));
	return tp_pb_of(range->start);
}

static uint32_t end_pb(const struct tp_range *range)
{
	return first_pb(range) + (uint32_t)(range->nr_pages >> TP_PAGEBLOCK_ORDER);
}

/* A range that was chosen without the hotplug lock may have left the zone since. */
static int check_pageblock(struct tp_zone *zone, uint32_t pb)
{
	if (tp_pfn_zone(zone->machine, tp_pb_start(pb)) != zone)
		return TP_ERR(-EBUSY, "pageblock %u left zone %u", pb, zone->index);
	if (tp_zone_isolated(zone, pb) && !TP_MUTANT(isolate_twice))
		return TP_ERR(-EBUSY, "pageblock %u takes part in another isolation", pb);
	return 0;
}

/* Decide first, then commit: after the check nothing may fail. */
static int isolate_locked(const struct tp_range *range)
{
	for (uint32_t pb = first_pb(range); pb < end_pb(range); pb++) {
		int err = check_pageblock(range->zone, pb);

		if (err)
			return err;
	}
	if (TP_FAULT("mm/isolate"))
		return TP_ERR(-EBUSY, "isolation at pfn %x: fault injected", range->start.v);
	for (uint32_t pb = first_pb(range); pb < end_pb(range); pb++)
		tp_zone_isolate(range->zone, pb);
	tp_pcp_stop(range->zone);
	return 0;
}

int tp_isolate_range(const struct tp_range *range)
{
	struct tp_zone *zone = range->zone;
	int err;

	tp_spin_lock(&zone->lock);
	err = isolate_locked(range);
	tp_spin_unlock(&zone->lock);
	if (err)
		return err;
	tp_pcp_fence(zone->machine);
	tp_spin_lock(&zone->lock);
	if (!TP_MUTANT(isolate_undrained))
		tp_pcp_drain(zone, true);
	tp_pcp_resume(zone);
	tp_spin_unlock(&zone->lock);
	tp_trace(zone->machine->trace, TP_TRACE_isolate, zone->index, range->start.v,
		 range->nr_pages);
	return 0;
}

void tp_unisolate_range(const struct tp_range *range)
{
	struct tp_zone *zone = range->zone;

	tp_spin_lock(&zone->lock);
	/*
	 * Lists are stacks: from the top down, so that the lowest block is taken first and
	 * neighbours follow.
	 */
	for (uint32_t pb = end_pb(range); pb-- > first_pb(range);)
		tp_zone_unisolate(zone, pb);
	tp_spin_unlock(&zone->lock);
	tp_trace(zone->machine->trace, TP_TRACE_unisolate, zone->index, range->start.v,
		 range->nr_pages);
}

uint64_t tp_range_free_pages(const struct tp_range *range)
{
	uint64_t sum = 0;

	tp_spin_lock(&range->zone->lock);
	for (uint32_t pb = first_pb(range); pb < end_pb(range); pb++)
		sum += range->zone->machine->pageblocks[pb].nr_free;
	tp_spin_unlock(&range->zone->lock);
	return sum;
}

int tp_isolate_ranges(const struct tp_range *ranges, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int err = tp_isolate_range(&ranges[i]);

		if (err) {
			tp_unisolate_ranges(ranges, i + TP_MUTANT(undo_foreign));
			return err;
		}
	}
	return 0;
}

void tp_unisolate_ranges(const struct tp_range *ranges, unsigned n)
{
	while (n--)
		tp_unisolate_range(&ranges[n]);
}
