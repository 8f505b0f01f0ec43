/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts - all of a machine that an operation which failed must leave as it was (H4).
 *
 * Not the free pages: the operation may have moved some, and other tasks were at work.
 */
#ifndef TP_SCENARIOS_FACTS_H
#define TP_SCENARIOS_FACTS_H

#include "scenarios/scene.h"

enum { TP_FACTS_BLOCKS = 8, TP_FACTS_ZONES = TP_MAX_NODES * TP_NR_ZONE_TYPES };

struct tp_facts {
	uint64_t masks[TP_NR_NODE_STATES];
	uint64_t backing_bytes;
	uint64_t threads;    /* nodes that have a kswapd and a kcompactd */
	uint64_t slab_nodes; /* nodes that caches have lists for */
	enum tp_block_state blocks[TP_FACTS_BLOCKS];
	struct tp_zone_fact {
		uint64_t start_pfn, spanned, present, managed, isolated_pageblocks;
		uint64_t pageblocks[TP_NR_MIGRATETYPES]; /* 0 but where the device is */
	} zones[TP_FACTS_ZONES];
};

void tp_facts_take(struct tp_machine *machine, struct tp_facts *facts);
void tp_facts_expect(struct tp_machine *machine, const struct tp_facts *facts);

#endif
