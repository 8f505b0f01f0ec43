/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check - every structural rule of the memory core, looked at from the outside.
 *
 * It recounts what the fast paths maintain: bitmaps against records, lists against bitmaps, owner
 * words against both, zones against blocks, masks against zones, announcements against their ends.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "core/alloc.h"
#include "mm/hotplug.h"
#include "mm/owner.h"
#include "mm/pcp.h"
#include "mm/zone.h"

enum { CONSERVATION_TRIES = 20 };

struct checker {
	struct tp_machine *m;
	FILE *out;
	unsigned findings;
};

static tp_printf(2, 3) void finding(struct checker *c, const char *format, ...)
{
	va_list args;

	c->findings++;
	if (!c->out)
		return;
	va_start(args, format);
	fputs("check: ", c->out);
	vfprintf(c->out, format, args);
	fputc('\n', c->out);
	va_end(args);
}

/* ---- a zone under its lock ------------------------------------------------------------------- */

struct sums {
	uint64_t free, isolated_free, used, pageblocks, isolated, listed;
};

static uint64_t count_bits(const struct tp_pb_bitmap *bitmap)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < TP_PB_WORDS; w++)
		n += (uint64_t)__builtin_popcountll(bitmap->word[w]);
	return n;
}

/* Z1: the list a block must be on. */
static unsigned wanted_list(struct tp_machine *m, uint32_t pb)
{
	const struct tp_pageblock *b = &m->pageblocks[pb];
	int order = tp_pb_max_order(&m->bitmaps[pb]);

	if (tp_atomic_load(&b->isolated, TP_RELAXED) || order < 0)
		return TP_LIST_NONE;
	return (unsigned)order;
}

static void check_list(struct checker *c, uint32_t pb)
{
	unsigned is = c->m->pageblocks[pb].list, wanted = wanted_list(c->m, pb);
	bool pair = is == TP_MAX_ORDER || is == TP_LIST_PAIR_TAIL;

	if (pair && wanted == TP_PAGEBLOCK_ORDER) {
		unsigned other = c->m->pageblocks[pb ^ 1].list;

		if (other != (is == TP_MAX_ORDER ? TP_LIST_PAIR_TAIL : TP_MAX_ORDER))
			finding(c, "pageblock %u is half of a pair, the other half on list %u (Z1)",
				pb, other);
		return;
	}
	if (is != wanted)
		finding(c, "pageblock %u is on list %u, belongs on %u (Z1, B4)", pb, is, wanted);
}

/* Words of a pageblock against its bitmap; returns the pages its allocations take. */
static uint64_t check_words(struct checker *c, uint32_t pb)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < TP_PAGEBLOCK_PAGES; i++) {
		tp_pfn pfn = { tp_pb_start(pb).v + i };
		uint64_t word = tp_word_load(c->m, pfn);

		if (!word)
			continue;
		if (tp_pb_test(&c->m->bitmaps[pb], i))
			finding(c, "pfn %#" PRIx64 " is free and has owner %u", pfn.v,
				tp_word_owner(word));
		if (pfn.v & ((UINT64_C(1) << tp_word_order(word)) - 1))
			finding(c, "pfn %#" PRIx64 " is not aligned to its order %u", pfn.v,
				tp_word_order(word));
		used += UINT64_C(1) << tp_word_order(word);
	}
	return used;
}

static void check_pageblock(struct checker *c, struct tp_zone *zone, uint32_t pb, struct sums *sums)
{
	const struct tp_pageblock *b = &c->m->pageblocks[pb];
	bool isolated = tp_zone_isolated(zone, pb);

	if (count_bits(&c->m->bitmaps[pb]) != b->nr_free)
		finding(c, "pageblock %u: %" PRIu64 " bits, nr_free %u (B2)", pb,
			count_bits(&c->m->bitmaps[pb]), b->nr_free);
	if (tp_pb_type(c->m, pb) >= TP_NR_MIGRATETYPES)
		finding(c, "pageblock %u has migratetype %u (B5)", pb, tp_pb_type(c->m, pb));
	check_list(c, pb);
	sums->used += check_words(c, pb);
	*(isolated ? &sums->isolated_free : &sums->free) += b->nr_free;
	sums->pageblocks++;
	sums->isolated += isolated;
	sums->listed += b->list <= TP_MAX_ORDER;
}

/* Returns how many pageblocks are on the list. */
static uint64_t check_list_links(struct checker *c, struct tp_zone *zone, unsigned type,
				 unsigned order)
{
	uint64_t n = 0;
	uint32_t prev = TP_PB_NIL;

	for (uint32_t pb = zone->free.lists[type][order]; pb != TP_PB_NIL;
	     pb = c->m->pageblocks[pb].next) {
		const struct tp_pageblock *b = &c->m->pageblocks[pb];

		if (b->prev != prev || b->list != order || tp_pb_type(c->m, pb) != type)
			finding(c, "pageblock %u is badly linked on list %u of type %u", pb, order,
				type);
		prev = pb;
		n++;
	}
	return n;
}

/* Every list is well linked, and holds what the records say and nothing else (T22). */
static void check_links(struct checker *c, struct tp_zone *zone, const struct sums *sums)
{
	uint64_t n = 0;

	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		for (unsigned o = 0; o < TP_NR_ORDERS; o++)
			n += check_list_links(c, zone, t, o);
	if (n != sums->listed)
		finding(c, "zone %u: %" PRIu64 " pageblocks on lists, %" PRIu64 " by their records",
			zone->index, n, sums->listed);
}

static void check_sums(struct checker *c, struct tp_zone *zone, const struct sums *sums)
{
	if (sums->free != zone->nr_free || sums->isolated_free != zone->nr_isolated_free)
		finding(c,
			"zone %u: nr_free %" PRIu64 " and isolated %" PRIu64 ", counted %" PRIu64
			" and %" PRIu64 " (Z2)",
			zone->index, zone->nr_free, zone->nr_isolated_free, sums->free,
			sums->isolated_free);
	if (zone->nr_allocated - zone->nr_freed !=
	    zone->managed - zone->nr_free - zone->nr_isolated_free)
		finding(c,
			"zone %u: allocated - freed is %" PRIu64 ", managed - free %" PRIu64
			" (Z3)",
			zone->index, zone->nr_allocated - zone->nr_freed,
			zone->managed - zone->nr_free - zone->nr_isolated_free);
	if (sums->pageblocks != zone->nr_pageblocks || sums->isolated != zone->nr_isolated_blocks)
		finding(c, "zone %u: %u pageblocks, %u isolated; counted %" PRIu64 " and %" PRIu64,
			zone->index, zone->nr_pageblocks, zone->nr_isolated_blocks,
			sums->pageblocks, sums->isolated);
	if (zone->present != zone->managed || zone->present > zone->spanned)
		finding(c, "zone %u: spanned %" PRIu64 ", present %" PRIu64 ", managed %" PRIu64,
			zone->index, zone->spanned, zone->present, zone->managed);
}

/* M1; pages on their way between a list and a word make it uneven for a moment. */
static bool conserved(struct tp_zone *zone, const struct sums *sums)
{
	return sums->free + sums->isolated_free + sums->used + tp_pcp_count(zone) == zone->managed;
}

static void sum_zone(struct checker *c, struct tp_zone *zone, struct sums *sums)
{
	uint32_t first = (uint32_t)(zone->start_pfn >> TP_PAGEBLOCK_ORDER);

	*sums = (struct sums){ 0 };
	for (uint32_t pb = first; pb < first + (zone->spanned >> TP_PAGEBLOCK_ORDER); pb++)
		if (tp_pfn_zone(c->m, tp_pb_start(pb)) == zone)
			check_pageblock(c, zone, pb, sums);
}

static void check_zone(struct checker *c, struct tp_zone *zone, bool quiescent)
{
	struct sums sums;
	bool ok = true;

	for (unsigned i = 0; i < CONSERVATION_TRIES; i++) {
		if (i)
			tp_sleep_ns(TP_MILLISECONDS(5));
		tp_spin_lock(&zone->lock);
		sum_zone(c, zone, &sums);
		check_sums(c, zone, &sums);
		check_links(c, zone, &sums);
		ok = !quiescent || conserved(zone, &sums);
		tp_spin_unlock(&zone->lock);
		if (ok || c->findings)
			break;
	}
	if (!ok)
		finding(c,
			"zone %u: managed %" PRIu64 ", but free %" PRIu64 " + isolated %" PRIu64
			" + used %" PRIu64 " + per-CPU %" PRIu64 " (M1)",
			zone->index, zone->managed, sums.free, sums.isolated_free, sums.used,
			tp_pcp_count(zone));
}

/* ---- the machine under the hotplug lock ------------------------------------------------------ */

static void check_node(struct checker *c, int node)
{
	uint64_t normal = 0, any;

	for (enum tp_zone_type t = TP_ZONE_DMA; t <= TP_ZONE_NORMAL; t++)
		normal += tp_zone_of(c->m, node, t)->present;
	any = normal + tp_zone_of(c->m, node, TP_ZONE_MOVABLE)->present;
	if (tp_node_in(c->m, node, TP_N_MEMORY) != (any > 0) ||
	    tp_node_in(c->m, node, TP_N_NORMAL_MEMORY) != (normal > 0))
		finding(c,
			"node %d: %" PRIu64 " pages, %" PRIu64
			" normal, and the masks say otherwise (M2)",
			node, any, normal);
	if (!any && tp_atomic_load(&c->m->nodes[node].demotion_preferred, TP_RELAXED))
		finding(c, "node %d has no memory and a demotion target (T12)", node);
}

static void check_block(struct checker *c, unsigned id)
{
	struct tp_block *b = &c->m->blocks[id];
	enum tp_block_state state = tp_atomic_load(&b->state, TP_RELAXED);
	struct tp_zone *zone = tp_pfn_zone(c->m, (tp_pfn){ id * c->m->block_pages });

	if (state == TP_BLOCK_GOING_ONLINE || state == TP_BLOCK_GOING_OFFLINE)
		finding(c, "block %u is in state %u with no operation under way (H1)", id, state);
	if (zone && zone->type == TP_ZONE_DEVICE)
		return;
	if ((state == TP_BLOCK_ONLINE) != (zone != NULL))
		finding(c, "block %u is in state %u and %s a zone (M4)", id, state,
			zone ? "has" : "lacks");
}

static void check_chains(struct checker *c)
{
	unsigned n = tp_notifier_unbalanced(&c->m->node_chain) +
		     tp_notifier_unbalanced(&c->m->memory_chain);

	if (n)
		finding(c, "%u notifiers have announcements without an end (H3)", n);
}

unsigned tp_machine_check(struct tp_machine *m, bool quiescent, FILE *out)
{
	struct checker c = { .m = m, .out = out };

	tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL);
	for (unsigned i = 0; i < m->nr_nodes * TP_NR_ZONE_TYPES; i++)
		if (m->zones[i].type != TP_ZONE_DEVICE)
			check_zone(&c, &m->zones[i], quiescent);
	for (int n = 0; n < (int)m->nr_nodes; n++)
		check_node(&c, n);
	for (unsigned id = 0; id < m->nr_blocks; id++)
		check_block(&c, id);
	check_chains(&c);
	tp_hotplug_end(m);
	return c.findings;
}
