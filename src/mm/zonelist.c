/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zonelist - build the order in which zones are tried. */
#include "mm/zonelist.h"

static bool nearer(const struct tp_machine *m, int from, int a, int b)
{
	return m->distance[from][a] != m->distance[from][b]
		       ? m->distance[from][a] < m->distance[from][b]
		       : a < b;
}

/* All nodes by distance from @from, itself first. */
static void sort_nodes(const struct tp_machine *m, int from, int *order)
{
	for (int n = 0; n < (int)m->nr_nodes; n++) {
		int i = n;

		for (; i > 0 &&
		       (n == from || (order[i - 1] != from && nearer(m, from, n, order[i - 1])));
		     i--)
			order[i] = order[i - 1];
		order[i] = n;
	}
}

static void build(struct tp_machine *m, struct tp_zonelist *list, const int *nodes, int highest)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->nr_nodes; i++)
		for (int t = highest; t >= 0; t--) {
			struct tp_zone *zone = tp_zone_of(m, nodes[i], (enum tp_zone_type)t);

			if (zone->managed)
				tp_atomic_store(&list->zone[n++], zone->index, TP_RELEASE);
		}
	/* So that a walk that sees the list grow finds nothing old behind it. */
	for (unsigned i = n; i < list->length; i++)
		tp_atomic_store(&list->zone[i], TP_ZONE_INDEX_NONE, TP_RELEASE);
	list->length = (uint8_t)n;
}

void tp_zonelist_init(struct tp_zonelist *list)
{
	for (unsigned i = 0; i <= TP_MAX_ZONES; i++)
		tp_atomic_store(&list->zone[i], TP_ZONE_INDEX_NONE, TP_RELAXED);
}

/* Has a zone come or gone since the last time? */
static bool populated_changed(struct tp_machine *m)
{
	bool changed = false;

	for (unsigned i = 0; i < m->nr_nodes * TP_NR_ZONE_TYPES; i++) {
		bool populated = m->zones[i].managed;

		changed |= populated != m->zones[i].listed;
		m->zones[i].listed = populated;
	}
	return changed;
}

void tp_zonelists_update(struct tp_machine *m)
{
	int nodes[TP_MAX_NODES];

	if (!populated_changed(m))
		return;
	tp_seqcount_write_begin(&m->zonelist_seq);
	for (int node = 0; node < (int)m->nr_nodes; node++) {
		sort_nodes(m, node, nodes);
		for (int t = 0; t < TP_NR_ZONE_TYPES; t++)
			build(m, &m->nodes[node].zonelist[t], nodes, t);
	}
	tp_seqcount_write_end(&m->zonelist_seq);
}
