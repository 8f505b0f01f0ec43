/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zonelist - which zones an allocation on a node tries, in which order.
 *
 * Nodes by distance (ties by number, own node first), within a node zones from high to low.  Only
 * populated zones are listed, so a request finds its zone at the first entry.
 *
 * Rebuilt under the hotplug lock when a zone gets its first page or has lost its last, walked
 * without any lock: entries are single bytes and zones never go away (M3), so a walk that meets a
 * rebuild sees old or new entries, and one that found nothing asks zonelist_seq whether to walk
 * again.
 */
#ifndef TP_MM_ZONELIST_H
#define TP_MM_ZONELIST_H

#include "mm/machine.h"

void tp_zonelist_init(struct tp_zonelist *list);
/* Bring all lists in line with what the zones manage; under the hotplug lock. */
void tp_zonelists_update(struct tp_machine *m);

#define tp_for_each_zone_in(zone, m, list) \
	for (unsigned tp_i_ = 0; ((zone) = tp_zonelist_entry(m, list, tp_i_)); tp_i_++)

static inline struct tp_zone *tp_zonelist_entry(struct tp_machine *m,
						const struct tp_zonelist *list, unsigned i)
{
	uint8_t index = tp_atomic_load(&list->zone[i], TP_ACQUIRE);

	return index == TP_ZONE_INDEX_NONE ? NULL : &m->zones[index];
}

#endif
