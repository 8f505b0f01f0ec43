/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * figures - the numbers of a node or of the whole machine, gathered once for a file that shows
 * many of them.
 */
#ifndef TP_VIEW_FIGURES_H
#define TP_VIEW_FIGURES_H

#include "view/text.h"
#include "view/view.h"

struct tp_figures_of {
	struct tp_zone_stat zone[TP_NR_ZONE_TYPES];
	struct tp_node_stat node;
};

/* Of one node, without what takes a walk over its pageblocks. */
void tp_figures_of_node(struct tp_machine *machine, int node, struct tp_figures_of *figures);
/* Summed over all nodes; zone by zone. */
void tp_figures_of_machine(struct tp_machine *machine, struct tp_figures_of *figures);

/* Pages, over all zones that the allocator serves from. */
uint64_t tp_figures_managed(const struct tp_figures_of *figures);
uint64_t tp_figures_free(const struct tp_figures_of *figures);

/*
 * Linux's names of counters and what they are here, in Linux's order.  Most of them have no
 * counterpart and are 0; who reads the files expects the names all the same.
 */
struct tp_counter {
	const char *name; /* NULL: the end */
	uint64_t (*value)(const struct tp_figures_of *figures, const struct tp_zone_stat *zone);
};

/* Of a zone, of a zone's requests, of a node, and of the machine (@zone is NULL there). */
extern const struct tp_counter tp_zone_counters[], tp_numa_counters[], tp_node_counters[],
	tp_event_counters[];

/* Of a zone; summed over the zones; of a node or the machine. */
uint64_t tp_counter_of_zone(const struct tp_counter *counter, const struct tp_figures_of *figures,
			    const struct tp_zone_stat *zone);
uint64_t tp_counter_sum(const struct tp_counter *counter, const struct tp_figures_of *figures);

/* "name value" lines, as vmstat files have them; @of_zones: summed over the zones. */
void tp_counters_add(struct tp_text *text, const struct tp_counter *counters,
		     const struct tp_figures_of *figures, bool of_zones);

#endif
