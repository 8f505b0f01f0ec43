/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zone_span - pages enter and leave zones; a zone's span covers what it has, gaps included.
 *
 * Entering pages are isolated and not free, so that nothing can be allocated before the operation
 * that brings them is decided; leaving pages are isolated and all free, so that nothing is left to
 * ask.
 */
#include "core/invariant.h"
#include "mm/hotplug.h"
#include "mm/zone.h"

static uint64_t span_end(const struct tp_zone *zone)
{
	return zone->start_pfn + zone->spanned;
}

static void grow_span(struct tp_zone *zone, uint64_t start, uint64_t end)
{
	if (zone->spanned) {
		start = TP_MIN(start, zone->start_pfn);
		end = TP_MAX(end, span_end(zone));
	}
	zone->start_pfn = start;
	zone->spanned = end - start;
}

static bool owns(struct tp_zone *zone, uint64_t pfn)
{
	return tp_pfn_zone(zone->machine, (tp_pfn){ pfn }) == zone;
}

/* Cut what the zone no longer has off both ends; gaps in the middle stay. */
static void shrink_span(struct tp_zone *zone)
{
	uint64_t start = zone->start_pfn, end = span_end(zone);

	while (start < end && !owns(zone, start))
		start += TP_PAGEBLOCK_PAGES;
	while (end > start && !owns(zone, end - TP_PAGEBLOCK_PAGES))
		end -= TP_PAGEBLOCK_PAGES;
	zone->spanned = end - start;
	zone->start_pfn = zone->spanned ? start : 0;
}

/* Device memory is never free, so that nothing has to be kept from taking it. */
static bool enters_isolated(const struct tp_zone *zone)
{
	return zone->type != TP_ZONE_DEVICE;
}

static void attach_pageblock(struct tp_zone *zone, uint32_t pb)
{
	struct tp_pageblock *b = &zone->machine->pageblocks[pb];

	TP_INVARIANT(tp_atomic_load(&b->zone, TP_RELAXED) == TP_ZONE_INDEX_NONE && !b->nr_free);
	b->list = TP_LIST_NONE;
	tp_atomic_store(&b->migratetype, TP_MIGRATE_MOVABLE, TP_RELAXED);
	tp_atomic_store(&b->isolated, enters_isolated(zone), TP_RELAXED);
	tp_atomic_store(&b->zone, zone->index, TP_RELEASE);
	zone->nr_pageblocks++;
	zone->nr_isolated_blocks += enters_isolated(zone);
}

/* In the same hold of the lock, so that the counts of the zone agree at any moment. */
static void remove_pages(struct tp_zone *zone, uint32_t pb)
{
	TP_INVARIANT(zone->managed >= TP_PAGEBLOCK_PAGES && zone->present >= TP_PAGEBLOCK_PAGES);
	tp_pb_clear_run(&zone->machine->bitmaps[pb], 0, TP_PAGEBLOCK_ORDER);
	zone->machine->pageblocks[pb].nr_free = 0;
	zone->nr_isolated_free -= TP_PAGEBLOCK_PAGES;
	zone->managed -= TP_PAGEBLOCK_PAGES;
	zone->present -= TP_PAGEBLOCK_PAGES;
}

static void detach_pageblock(struct tp_zone *zone, uint32_t pb)
{
	struct tp_pageblock *b = &zone->machine->pageblocks[pb];

	TP_INVARIANT(tp_zone_isolated(zone, pb) == enters_isolated(zone));
	TP_INVARIANT(b->list == TP_LIST_NONE);
	TP_INVARIANT(!b->nr_free || b->nr_free == TP_PAGEBLOCK_PAGES);
	if (b->nr_free)
		remove_pages(zone, pb);
	tp_atomic_store(&b->isolated, 0, TP_RELAXED);
	tp_atomic_store(&b->zone, TP_ZONE_INDEX_NONE, TP_RELEASE);
	zone->nr_pageblocks--;
	zone->nr_isolated_blocks -= enters_isolated(zone);
}

static void for_each_pageblock(const struct tp_range *range,
			       void (*fn)(struct tp_zone *zone, uint32_t pb))
{
	uint32_t first = tp_pb_of(range->start),
		 n = (uint32_t)(range->nr_pages >> TP_PAGEBLOCK_ORDER);

	for (uint32_t pb = first; pb < first + n; pb++)
		fn(range->zone, pb);
}

void tp_zone_attach(const struct tp_range *range)
{
	tp_spin_lock(&range->zone->lock);
	grow_span(range->zone, range->start.v, range->start.v + range->nr_pages);
	for_each_pageblock(range, attach_pageblock);
	tp_spin_unlock(&range->zone->lock);
}

void tp_zone_detach(const struct tp_range *range)
{
	tp_spin_lock(&range->zone->lock);
	for_each_pageblock(range, detach_pageblock);
	shrink_span(range->zone);
	tp_spin_unlock(&range->zone->lock);
}
