/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file_bus - sys/bus: the devices of each subsystem, as links; what `subsystem` links lead to. */
#include "view/internal.h"

static int link_memory(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "../../../devices/system/memory/memory%u", call->id[0]);
	return 0;
}

static int link_node(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "../../../devices/system/node/node%u", call->id[0]);
	return 0;
}

static int link_cpu(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "../../../devices/system/cpu/cpu%u", call->id[0]);
	return 0;
}

static int link_tier(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "../../../devices/virtual/memory_tiering/memory_tier%u", call->id[0]);
	return 0;
}

#define BUS(bus_name, family, function, following)                                             \
	TP_DIR(bus_name,                                                                       \
	       ((const struct tp_view_entry[]){                                                \
		       TP_DIR("devices", ((const struct tp_view_entry[]){                      \
						 TP_LINK(family, function, .next = following), \
						 TP_ENTRIES_END })),                           \
		       TP_ENTRIES_END }))

const struct tp_view_entry tp_view_bus[] = {
	BUS("cpu", "cpu%u", link_cpu, tp_next_cpu),
	BUS("memory", "memory%u", link_memory, tp_next_block),
	BUS("memory_tiering", "memory_tier%u", link_tier, tp_next_tier),
	BUS("node", "node%u", link_node, tp_next_online_node),
	TP_ENTRIES_END,
};
