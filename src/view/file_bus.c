/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file_bus - sys/bus: the devices of each subsystem, as links; what `subsystem` links lead to. */
#include "view/internal.h"

#define BUS(bus_name, family, function, following)                                             \
	TP_DIR(bus_name,                                                                       \
	       ((const struct tp_view_entry[]){                                                \
		       TP_DIR("devices", ((const struct tp_view_entry[]){                      \
						 TP_LINK(family, function, .next = following), \
						 TP_ENTRIES_END })),                           \
		       TP_ENTRIES_END }))

const struct tp_view_entry tp_view_bus[] = {
	BUS("cpu", "cpu%u", "../../../devices/system/cpu/cpu%u", tp_next_cpu),
	BUS("memory", "memory%u", "../../../devices/system/memory/memory%u", tp_next_block),
	BUS("memory_tiering", "memory_tier%u",
	    "../../../devices/virtual/memory_tiering/memory_tier%u", tp_next_tier),
	BUS("node", "node%u", "../../../devices/system/node/node%u", tp_next_online_node),
	TP_ENTRIES_END,
};
