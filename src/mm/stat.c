/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat - snapshots of zones, pages and the machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/mutant.h"
#include "mm/owner.h"
#include "mm/pcp.h"
#include "mm/zone.h"

/* ---- zones ----------------------------------------------------------------------------------- */

static void count_pageblock(struct tp_machine *m, uint32_t pb, struct tp_zone_stat *stat)
{
	const struct tp_pageblock *b = &m->pageblocks[pb];
	enum tp_migratetype type = tp_pb_type(m, pb);
	bool isolated = tp_atomic_load(&b->isolated, TP_RELAXED);

	stat->pageblocks[type]++;
	stat->isolated_by_type[type] += isolated;
	if (b->list == TP_MAX_ORDER)
		stat->nr_free[type][TP_MAX_ORDER]++;
	else if (b->list != TP_LIST_PAIR_TAIL)
		tp_pb_count_runs(&m->bitmaps[pb],
				 isolated ? stat->nr_isolated : stat->nr_free[type]);
}

static void count_pageblocks(struct tp_zone *zone, struct tp_zone_stat *stat)
{
	uint32_t first = (uint32_t)(zone->start_pfn >> TP_PAGEBLOCK_ORDER);
	uint32_t n = (uint32_t)(zone->spanned >> TP_PAGEBLOCK_ORDER);

	for (uint32_t pb = first; pb < first + n; pb++)
		if (tp_pfn_zone(zone->machine, tp_pb_start(pb)) == zone)
			count_pageblock(zone->machine, pb, stat);
}

/* Misses first: who counts one has counted the request before. */
static struct tp_numa_counts requests(const struct tp_zone *zone, uint64_t miss,
				      const struct tp_pcp_sum *pcp)
{
	uint64_t local = zone->nr_local + pcp->local_pops, other = zone->nr_other + pcp->other_pops;

	return (struct tp_numa_counts){
		.hit = local + other - miss,
		.miss = miss,
		.foreign = tp_quiet_load(&zone->nr_foreign),
		.interleave = tp_quiet_load(&zone->nr_interleave),
		.local = local,
		.other = other,
	};
}

/* Everything that needs no look at a pageblock; under the zone lock. */
static struct tp_zone_stat read_counts(struct tp_zone *zone)
{
	uint64_t miss = tp_quiet_load(&zone->nr_miss);
	struct tp_pcp_sum pcp = tp_pcp_sum(zone);
	uint64_t pops = pcp.local_pops + pcp.other_pops;
	struct tp_zone_stat stat = {
		.start_pfn = zone->start_pfn,
		.spanned = zone->spanned,
		.present = zone->present,
		.managed = zone->managed,
		.free = zone->nr_free,
		.isolated_free = zone->nr_isolated_free,
		.isolated_pageblocks = zone->nr_isolated_blocks,
		.pcp = pcp.pages,
		.pcp_batch = TP_PCP_BATCH,
		.pcp_high = TP_PCP_HIGH,
		.mapping_pages = tp_quiet_load(&zone->mapping_pages),
		.nr_allocated = zone->nr_allocated + pops, /* P3 */
		.nr_freed = zone->nr_freed + pcp.pages + pops,
		.numa = requests(zone, miss, &pcp),
	};

	memcpy(stat.watermark, zone->watermark, sizeof(stat.watermark));
	memcpy(stat.reserve, zone->reserve, sizeof(stat.reserve));
	return stat;
}

static struct tp_zone *zone_asked_for(struct tp_machine *m, int node, enum tp_zone_type type)
{
	if (tp_node_valid(m, node) && (unsigned)type < TP_NR_ZONE_TYPES)
		return tp_zone_of(m, node, type);
	TP_ERR(-EINVAL, "zone %u of node %d does not exist", type, node);
	return NULL;
}

int tp_zone_stat(struct tp_machine *m, int node, enum tp_zone_type type, struct tp_zone_stat *stat)
{
	struct tp_zone *zone = zone_asked_for(m, node, type);

	if (!zone)
		return -EINVAL;
	tp_spin_lock(&zone->lock);
	*stat = read_counts(zone);
	TP_MUTANT_GAP(zone_stat_torn, spin, &zone->lock);
	count_pageblocks(zone, stat);
	tp_spin_unlock(&zone->lock);
	return 0;
}

int tp_zone_counts(struct tp_machine *m, int node, enum tp_zone_type type,
		   struct tp_zone_stat *stat)
{
	struct tp_zone *zone = zone_asked_for(m, node, type);

	if (!zone)
		return -EINVAL;
	tp_spin_lock(&zone->lock);
	*stat = read_counts(zone);
	tp_spin_unlock(&zone->lock);
	return 0;
}

uint64_t tp_zone_pcp(struct tp_machine *m, int node, enum tp_zone_type type, unsigned cpu)
{
	struct tp_zone *zone = zone_asked_for(m, node, type);

	return zone && cpu < m->nr_cpus ? tp_pcp_count_cpu(zone, cpu) : 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

int tp_node_stat(struct tp_machine *m, int node, struct tp_node_stat *stat)
{
	const struct tp_node_counts *c;

	if (!tp_node_valid(m, node))
		return TP_ERR(-EINVAL, "node %d is not one of %u", node, m->nr_nodes);
	c = &m->nodes[node].counts;
	*stat = (struct tp_node_stat){
		.slab_pages = tp_quiet_load(&c->slab_pages),
		.migrated = tp_quiet_load(&c->migrated),
		.migrate_failures = tp_quiet_load(&c->migrate_failures),
		.demoted = tp_quiet_load(&c->demoted),
		.released = tp_quiet_load(&c->released),
		.compacted = tp_quiet_load(&c->compacted),
	};
	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		stat->mapping_pages +=
			tp_quiet_load(&tp_zone_of(m, node, (enum tp_zone_type)t)->mapping_pages);
	return 0;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void fill_owner(struct tp_machine *m, uint64_t word, struct tp_page_info *info)
{
	struct tp_owner *owner = tp_owner_get(m, tp_word_owner(word));

	info->allocated = true;
	info->order = tp_word_order(word);
	info->pins = tp_word_pins(word);
	info->cookie = tp_word_cookie(word);
	/* A copy: the owner may go, and its name with it, before the caller reads it. */
	snprintf(info->owner, sizeof(info->owner), "%s", owner ? owner->name : "?");
	if (owner)
		tp_owner_put(m, tp_word_owner(word));
}

int tp_page_query(struct tp_machine *m, tp_pfn pfn, struct tp_page_info *info)
{
	struct tp_zone *zone;
	uint64_t word;

	*info = (struct tp_page_info){ .node = TP_NODE_NONE };
	if (pfn.v >= m->nr_pfns)
		return TP_ERR(-EINVAL, "pfn %x is not of this machine", pfn.v);
	zone = tp_pfn_zone(m, pfn);
	if (!zone)
		return 0;
	info->online = true;
	info->node = zone->node;
	info->zone = zone->type;
	info->type = tp_pb_type(m, tp_pb_of(pfn));
	info->isolated = tp_zone_isolated(zone, tp_pb_of(pfn));
	word = tp_word_load(m, pfn);
	if (word)
		fill_owner(m, word, info);
	return 0;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static uint64_t plugged_pages(struct tp_machine *m)
{
	uint64_t sum = 0;

	for (unsigned id = 0; id < m->nr_blocks; id++)
		if (tp_atomic_load(&m->blocks[id].state, TP_RELAXED) != TP_BLOCK_ABSENT)
			sum += m->block_pages;
	return sum;
}

void tp_machine_stat(struct tp_machine *m, struct tp_machine_stat *stat)
{
	uint64_t pages = plugged_pages(m);

	*stat = (struct tp_machine_stat){
		.backing_bytes = tp_backing_bytes(&m->backing),
		.resident_bytes = tp_backing_resident(&m->backing),
		.metadata_bytes = pages * sizeof(*m->words) +
				  (pages >> TP_PAGEBLOCK_ORDER) * (sizeof(struct tp_pageblock) +
								   sizeof(struct tp_pb_bitmap)),
		.mappings_used = tp_atomic_load(&m->backing.mappings_used, TP_RELAXED),
		.mappings_budget = m->backing.mappings_budget,
		.pages_migrated = tp_atomic_load(&m->pages_migrated, TP_RELAXED),
		.migrate_failures = tp_atomic_load(&m->migrate_failures, TP_RELAXED),
		.pages_demoted = tp_atomic_load(&m->pages_demoted, TP_RELAXED),
		.blocks_compacted = tp_atomic_load(&m->blocks_compacted, TP_RELAXED),
		.worst_hold_ns = tp_atomic_load(&m->worst_hold_ns, TP_RELAXED),
	};
}

const char *tp_machine_percpu(const struct tp_machine *m)
{
	return m->rseq ? "rseq" : "locked";
}
