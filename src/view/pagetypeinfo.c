/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagetypeinfo - proc/pagetypeinfo: free chunks and pageblocks by migratetype.
 *
 * "HighAtomic" is a type of Linux's only; "Isolate" is a flag here, and shown as the type it is
 * there.
 */
#include <inttypes.h>

#include "view/internal.h"
#include "view/proc.h"

enum { UNMOVABLE, MOVABLE, RECLAIMABLE, HIGHATOMIC, ISOLATE, NR_TYPES };

static const char *const type_names[NR_TYPES] = {
	"Unmovable", "Movable", "Reclaimable", "HighAtomic", "Isolate",
};

static uint64_t free_chunks(const struct tp_zone_stat *z, unsigned type, unsigned order)
{
	if (type == ISOLATE)
		return z->nr_isolated[order];
	return type < TP_NR_MIGRATETYPES ? z->nr_free[type][order] : 0;
}

static uint64_t pageblocks(const struct tp_zone_stat *z, unsigned type)
{
	if (type == ISOLATE)
		return z->isolated_pageblocks;
	return type < TP_NR_MIGRATETYPES ? z->pageblocks[type] - z->isolated_by_type[type] : 0;
}

static bool populated(struct tp_machine *m, unsigned node, unsigned type, struct tp_zone_stat *z)
{
	return !tp_zone_stat(m, (int)node, (enum tp_zone_type)type, z) && z->managed;
}

static void add_head(struct tp_text *text)
{
	tp_text_add(text, "Page block order: %d\nPages per block:  %" PRIu64 "\n\n",
		    TP_PAGEBLOCK_ORDER, (uint64_t)TP_PAGEBLOCK_PAGES);
	tp_text_add(text, "%-43s ", "Free pages count per migrate type at order");
	for (unsigned order = 0; order < TP_NR_ORDERS; order++)
		tp_text_add(text, "%6u ", order);
	tp_text_add(text, "\n");
}

static void add_free(struct tp_machine *m, unsigned node, struct tp_text *text)
{
	struct tp_zone_stat z;

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++) {
		if (!populated(m, node, t, &z))
			continue;
		for (unsigned type = 0; type < NR_TYPES; type++) {
			tp_text_add(text, "Node %4u, zone %8s, type %12s ", node, tp_zone_name(t),
				    type_names[type]);
			for (unsigned order = 0; order < TP_NR_ORDERS; order++)
				tp_text_add(text, "%6" PRIu64 " ", free_chunks(&z, type, order));
			tp_text_add(text, "\n");
		}
	}
}

static void add_blocks(struct tp_machine *m, unsigned node, struct tp_text *text)
{
	struct tp_zone_stat z;

	tp_text_add(text, "\n%-23s", "Number of blocks type ");
	for (unsigned type = 0; type < NR_TYPES; type++)
		tp_text_add(text, "%12s ", type_names[type]);
	tp_text_add(text, "\n");
	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++) {
		if (!populated(m, node, t, &z))
			continue;
		tp_text_add(text, "Node %u, zone %8s ", node, tp_zone_name(t));
		for (unsigned type = 0; type < NR_TYPES; type++)
			tp_text_add(text, "%12" PRIu64 " ", pageblocks(&z, type));
		tp_text_add(text, "\n");
	}
}

int tp_show_pagetypeinfo(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_machine *m = tp_call_machine(call);
	unsigned node = 0;

	for (; tp_next_online_node(call, &node); node++) {
		if (!(tp_node_states(m, TP_N_MEMORY).v >> node & 1))
			continue;
		add_head(text);
		add_free(m, node, text);
		add_blocks(m, node, text);
	}
	return 0;
}
