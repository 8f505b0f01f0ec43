/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zoneinfo - proc/zoneinfo: all five zones of every online node; those without memory end early.
 */
#include <inttypes.h>

#include "view/internal.h"
#include "view/proc.h"

static void add_counters(struct tp_text *text, const struct tp_counter *counters,
			 const struct tp_figures_of *f, const struct tp_zone_stat *z)
{
	for (const struct tp_counter *c = counters; c->name; c++)
		tp_text_add(text, "      %-12s %" PRIu64 "\n", c->name,
			    tp_counter_of_zone(c, f, z));
}

static void add_size(struct tp_text *text, const struct tp_zone_stat *z)
{
	const struct {
		const char *name;
		uint64_t pages;
	} lines[] = {
		{ "boost", 0 },
		{ "min", z->watermark[0] },
		{ "low", z->watermark[1] },
		{ "high", z->watermark[2] },
		/* Linux's fourth mark goes on by the same step. */
		{ "promo", 2 * z->watermark[2] - z->watermark[1] },
		{ "spanned", z->spanned },
		{ "present", z->present },
		{ "managed", z->managed },
		{ "cma", 0 },
	};

	tp_text_add(text, "  pages free     %" PRIu64 "\n", z->free);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(lines); i++)
		tp_text_add(text, "        %-8s %" PRIu64 "\n", lines[i].name, lines[i].pages);
	tp_text_add(text, "        protection: (");
	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		tp_text_add(text, "%s%" PRIu64, t ? ", " : "", z->reserve[t]);
	tp_text_add(text, ")\n");
}

static unsigned bits(uint64_t x)
{
	return x ? 64 - (unsigned)__builtin_clzll(x) : 0;
}

/* How far a CPU's counter of a zone may drift in Linux, by CPUs and 128 MiB of memory. */
static unsigned stat_threshold(struct tp_machine *m, const struct tp_zone_stat *z)
{
	unsigned memory = bits(z->managed / (TP_MIB(128) / TP_PAGE_SIZE));

	return TP_MIN(2 * bits(tp_machine_nr_cpus(m)) * (1 + memory), 125u);
}

static void add_cpus(struct tp_machine *m, int node, unsigned type, const struct tp_zone_stat *z,
		     struct tp_text *text)
{
	tp_text_add(text, "  pagesets\n");
	for (unsigned cpu = 0; cpu < tp_machine_nr_cpus(m); cpu++)
		tp_text_add(text,
			    "    cpu: %u\n              count: %" PRIu64
			    "\n              high:  %u\n              batch: %u\n",
			    cpu, tp_zone_pcp(m, node, (enum tp_zone_type)type, cpu), z->pcp_high,
			    z->pcp_batch);
}

static void add_zone(struct tp_machine *m, int node, unsigned type, const struct tp_figures_of *f,
		     bool first, struct tp_text *text)
{
	const struct tp_zone_stat *z = &f->zone[type];

	tp_text_add(text, "Node %d, zone %8s\n", node, tp_zone_name(type));
	if (first) {
		tp_text_add(text, "  per-node stats\n");
		add_counters(text, tp_node_counters, f, NULL);
	}
	add_size(text, z);
	if (!z->present || type == TP_ZONE_DEVICE)
		return;
	add_counters(text, tp_zone_counters, f, z);
	add_counters(text, tp_numa_counters, f, z);
	add_cpus(m, node, type, z, text);
	tp_text_add(text,
		    "  vm stats threshold: %u\n  node_unreclaimable:  0\n"
		    "  start_pfn:           %" PRIu64 "\n",
		    stat_threshold(m, z), z->start_pfn);
}

int tp_show_zoneinfo(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_machine *m = tp_call_machine(call);
	unsigned node = 0;

	for (; tp_next_online_node(call, &node); node++) {
		struct tp_figures_of f;
		bool seen = false;

		tp_figures_of_node(m, (int)node, &f);
		for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++) {
			bool first = !seen && f.zone[t].present && t != TP_ZONE_DEVICE;

			add_zone(m, (int)node, t, &f, first, text);
			seen |= first;
		}
	}
	return 0;
}
