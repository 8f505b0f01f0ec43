/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* figures - gather and add up. */
#include "view/figures.h"

#include <inttypes.h>
#include <string.h>

/* ---- gathering ------------------------------------------------------------------------------- */

void tp_figures_of_node(struct tp_machine *machine, int node, struct tp_figures_of *figures)
{
	memset(figures, 0, sizeof(*figures));
	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		tp_zone_counts(machine, node, (enum tp_zone_type)t, &figures->zone[t]);
	tp_node_stat(machine, node, &figures->node);
}

static void add_zone(struct tp_zone_stat *sum, const struct tp_zone_stat *z)
{
	sum->present += z->present;
	sum->managed += z->managed;
	sum->free += z->free;
	sum->pcp += z->pcp;
	sum->mapping_pages += z->mapping_pages;
	sum->watermark[0] += z->watermark[0];
	sum->watermark[1] += z->watermark[1];
	sum->watermark[2] += z->watermark[2];
	sum->nr_allocated += z->nr_allocated;
	sum->nr_freed += z->nr_freed;
	sum->numa.hit += z->numa.hit;
	sum->numa.miss += z->numa.miss;
	sum->numa.foreign += z->numa.foreign;
	sum->numa.interleave += z->numa.interleave;
	sum->numa.local += z->numa.local;
	sum->numa.other += z->numa.other;
}

static void add_node(struct tp_node_stat *sum, const struct tp_node_stat *n)
{
	sum->mapping_pages += n->mapping_pages;
	sum->slab_pages += n->slab_pages;
	sum->migrated += n->migrated;
	sum->migrate_failures += n->migrate_failures;
	sum->demoted += n->demoted;
	sum->released += n->released;
	sum->compacted += n->compacted;
}

void tp_figures_of_machine(struct tp_machine *machine, struct tp_figures_of *figures)
{
	memset(figures, 0, sizeof(*figures));
	for (unsigned node = 0; node < tp_machine_nr_nodes(machine); node++) {
		struct tp_figures_of of;

		tp_figures_of_node(machine, (int)node, &of);
		for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
			add_zone(&figures->zone[t], &of.zone[t]);
		add_node(&figures->node, &of.node);
	}
}

uint64_t tp_figures_managed(const struct tp_figures_of *figures)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		sum += figures->zone[t].managed;
	return sum;
}

uint64_t tp_figures_free(const struct tp_figures_of *figures)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		sum += figures->zone[t].free;
	return sum;
}

/* ---- counters -------------------------------------------------------------------------------- */

uint64_t tp_counter_of_zone(const struct tp_counter *counter, const struct tp_figures_of *figures,
			    const struct tp_zone_stat *zone)
{
	return counter->value ? counter->value(figures, zone) : 0;
}

uint64_t tp_counter_sum(const struct tp_counter *counter, const struct tp_figures_of *figures)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		sum += tp_counter_of_zone(counter, figures, &figures->zone[t]);
	return sum;
}

void tp_counters_add(struct tp_text *text, const struct tp_counter *counters,
		     const struct tp_figures_of *figures, bool of_zones)
{
	for (const struct tp_counter *c = counters; c->name; c++)
		tp_text_add(text, "%s %" PRIu64 "\n", c->name,
			    of_zones ? tp_counter_sum(c, figures)
				     : tp_counter_of_zone(c, figures, NULL));
}
