/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file_proc - proc/: the table, and its smaller files; large ones have a C file of their own. */
#include <inttypes.h>

#include "view/internal.h"
#include "view/proc.h"

const char *tp_zone_name(unsigned type)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal", "Movable", "Device" };

	return names[type];
}

/* ---- buddyinfo ------------------------------------------------------------------------------- */

/* Free chunks of all types; Linux counts those of isolated pageblocks too. */
static uint64_t chunks(const struct tp_zone_stat *z, unsigned order)
{
	uint64_t n = z->nr_isolated[order];

	for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
		n += z->nr_free[t][order];
	return n;
}

static void buddyinfo_zone(struct tp_machine *m, int node, unsigned type, struct tp_text *text)
{
	struct tp_zone_stat z;

	if (tp_zone_stat(m, node, (enum tp_zone_type)type, &z) || !z.managed)
		return;
	tp_text_add(text, "Node %d, zone %8s ", node, tp_zone_name(type));
	for (unsigned order = 0; order < TP_NR_ORDERS; order++)
		tp_text_add(text, "%6" PRIu64 " ", chunks(&z, order));
	tp_text_add(text, "\n");
}

int tp_show_buddyinfo(const struct tp_view_call *call, struct tp_text *text)
{
	unsigned node = 0;

	for (; tp_next_online_node(call, &node); node++) {
		for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
			buddyinfo_zone(tp_call_machine(call), (int)node, t, text);
	}
	return 0;
}

/* ---- vmstat ---------------------------------------------------------------------------------- */

int tp_show_proc_vmstat(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_figures_of f;

	tp_figures_of_machine(tp_call_machine(call), &f);
	tp_counters_add(text, tp_zone_counters, &f, true);
	tp_counters_add(text, tp_numa_counters, &f, true);
	tp_counters_add(text, tp_node_counters, &f, false);
	tp_counters_add(text, tp_event_counters, &f, false);
	return 0;
}

/* ---- cpuinfo --------------------------------------------------------------------------------- */

int tp_show_cpuinfo(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_machine *m = tp_call_machine(call);

	for (unsigned cpu = 0; cpu < tp_view_nr_cpus(m); cpu++)
		tp_text_add(text,
			    "processor\t: %u\nvendor_id\t: Tidepool\nmodel name\t: Tidepool "
			    "simulated CPU\nphysical id\t: %d\ncore id\t\t: %u\n\n",
			    cpu, tp_cpu_to_node(m, cpu), cpu);
	return 0;
}

#define PROC_FILE(file_name, file_mode, function) \
	TP_FILE(file_name, file_mode, .show = (function), .no_size = true)

const struct tp_view_entry tp_view_proc[] = {
	PROC_FILE("buddyinfo", 0444, tp_show_buddyinfo),
	PROC_FILE("cpuinfo", 0444, tp_show_cpuinfo),
	PROC_FILE("meminfo", 0444, tp_show_meminfo),
	PROC_FILE("pagetypeinfo", 0400, tp_show_pagetypeinfo),
	PROC_FILE("vmstat", 0444, tp_show_proc_vmstat),
	PROC_FILE("zoneinfo", 0444, tp_show_zoneinfo),
	TP_ENTRIES_END,
};
