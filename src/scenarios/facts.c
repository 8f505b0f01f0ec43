/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* facts - taking them, and finding the one that has changed. */
#include "scenarios/facts.h"

#include <string.h>

#include "mm/machine.h"

static uint64_t nodes_with_threads(const struct tp_machine *m)
{
	uint64_t nodes = 0;

	for (unsigned n = 0; n < m->nr_nodes; n++)
		if (m->nodes[n].kswapd && m->nodes[n].kcompactd)
			nodes |= UINT64_C(1) << n;
	return nodes;
}

static void take_zone(struct tp_machine *m, unsigned i, struct tp_zone_fact *fact)
{
	int node = (int)(i / TP_NR_ZONE_TYPES);
	struct tp_zone_stat stat;

	TP_SCENE_MUST(tp_zone_stat(m, node, (enum tp_zone_type)(i % TP_NR_ZONE_TYPES), &stat));
	*fact = (struct tp_zone_fact){ .start_pfn = stat.start_pfn,
				       .spanned = stat.spanned,
				       .present = stat.present,
				       .managed = stat.managed,
				       .isolated_pageblocks = stat.isolated_pageblocks };
	/* Pages that move elsewhere may change the types of pageblocks there. */
	if (node == TP_SCENE_NODE)
		memcpy(fact->pageblocks, stat.pageblocks, sizeof(fact->pageblocks));
}

void tp_facts_take(struct tp_machine *m, struct tp_facts *facts)
{
	struct tp_machine_stat stat;

	*facts = (struct tp_facts){ 0 };
	TP_EXPECT(tp_machine_nr_blocks(m) <= TP_FACTS_BLOCKS);
	tp_machine_stat(m, &stat);
	facts->backing_bytes = stat.backing_bytes;
	facts->threads = nodes_with_threads(m);
	facts->slab_nodes = tp_atomic_load(&m->slab_nodes, TP_RELAXED);
	for (unsigned s = 0; s < TP_NR_NODE_STATES; s++)
		facts->masks[s] = tp_node_states(m, (enum tp_node_state)s).v;
	for (unsigned id = 0; id < tp_machine_nr_blocks(m); id++) {
		struct tp_block_info info;

		tp_block_info(m, id, &info);
		facts->blocks[id] = info.state;
	}
	for (unsigned i = 0; i < tp_machine_nr_nodes(m) * TP_NR_ZONE_TYPES; i++)
		take_zone(m, i, &facts->zones[i]);
}

void tp_facts_expect(struct tp_machine *m, const struct tp_facts *facts)
{
	struct tp_facts now;

	tp_facts_take(m, &now);
	TP_EXPECT(!memcmp(now.masks, facts->masks, sizeof(now.masks)));
	TP_EXPECT(!memcmp(now.blocks, facts->blocks, sizeof(now.blocks)));
	TP_EXPECT(!memcmp(now.zones, facts->zones, sizeof(now.zones)));
	TP_EXPECT(now.backing_bytes == facts->backing_bytes);
	TP_EXPECT(now.threads == facts->threads);
	TP_EXPECT(now.slab_nodes == facts->slab_nodes);
}
