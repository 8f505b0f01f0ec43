/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * checker - the machine's own check, and a second opinion made from public figures only.
 *
 * The second opinion shares no code with the first: a mistake in how the machine counts itself
 * would otherwise be invisible.
 */
#include "lab/checker.h"

#include <inttypes.h>

#include <tidepool/hotplug.h>
#include <tidepool/numa.h>

enum { REST_TRIES = 10000 };

struct present {
	struct tp_machine *machine;
	struct tp_findings *findings;
	uint64_t pages[TP_MAX_NODES]; /* of online blocks, by node */
};

static void check_itself(struct tp_machine *machine, struct tp_findings *findings)
{
	char text[2048] = "";
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");
	unsigned count = tp_machine_check(machine, true, out);

	if (out)
		fclose(out);
	if (count)
		tp_findings_add_lines(findings, count, text);
}

static int count_device(struct tp_device *device, void *arg)
{
	struct present *present = arg;
	struct tp_device_info info;
	uint64_t block = tp_machine_block_size(present->machine);
	unsigned online = 0;

	tp_device_info(device, &info);
	for (unsigned i = 0; i < info.nr_blocks; i++) {
		struct tp_block_info bi;

		if (tp_block_info(present->machine, info.first_block + i, &bi) ||
		    bi.node != info.node)
			tp_findings_add(present->findings, "%s: block %u is not where it should be",
					info.name, info.first_block + i);
		else
			online += bi.state == TP_BLOCK_ONLINE;
	}
	if (online != info.nr_online)
		tp_findings_add(present->findings, "%s: %u blocks are online, it says %u",
				info.name, online, info.nr_online);
	if (info.kind == TP_DEVICE_DRAM)
		present->pages[info.node] += online * (block / TP_PAGE_SIZE);
	return 0;
}

/* Compaction isolates a pageblock now and then, and only for a moment. */
static int read_zone_at_rest(struct tp_machine *machine, int node, enum tp_zone_type type,
			     struct tp_zone_stat *zs)
{
	int err = tp_zone_stat(machine, node, type, zs);

	for (unsigned i = 0; !err && zs->isolated_pageblocks && i < REST_TRIES; i++) {
		tp_sleep_ns(TP_MILLISECONDS(1));
		err = tp_zone_stat(machine, node, type, zs);
	}
	return err;
}

static void check_zone(struct present *present, int node, enum tp_zone_type type, uint64_t *pages)
{
	struct tp_zone_stat zs;
	uint64_t chunks = 0;

	if (read_zone_at_rest(present->machine, node, type, &zs))
		return;
	*pages += type == TP_ZONE_DEVICE ? 0 : zs.present;
	for (unsigned order = 0; order < TP_NR_ORDERS; order++) {
		for (unsigned t = 0; t < TP_NR_MIGRATETYPES; t++)
			chunks += zs.nr_free[t][order] << order;
	}
	if (chunks != zs.free)
		tp_findings_add(present->findings,
				"node %d zone %d: %" PRIu64 " pages free, %" PRIu64 " in its lists",
				node, (int)type, zs.free, chunks);
	if (zs.isolated_pageblocks || zs.isolated_free)
		tp_findings_add(present->findings, "node %d zone %d: an isolation was left behind",
				node, (int)type);
	if (zs.free + zs.pcp > zs.managed || zs.managed > zs.present || zs.present > zs.spanned)
		tp_findings_add(present->findings,
				"node %d zone %d: free %" PRIu64 ", managed %" PRIu64
				", present %" PRIu64 ", spanned %" PRIu64,
				node, (int)type, zs.free, zs.managed, zs.present, zs.spanned);
}

static void check_node(struct present *present, int node)
{
	bool has = tp_node_states(present->machine, TP_N_MEMORY).v & TP_NODE_BIT(node).v;
	uint64_t pages = 0;

	for (int type = 0; type < TP_NR_ZONE_TYPES; type++)
		check_zone(present, node, (enum tp_zone_type)type, &pages);
	if (pages != present->pages[node])
		tp_findings_add(present->findings,
				"node %d: zones have %" PRIu64 " pages, online blocks %" PRIu64,
				node, pages, present->pages[node]);
	if (has != (pages > 0))
		tp_findings_add(present->findings, "node %d: %" PRIu64 " pages, but %s memory",
				node, pages, has ? "with" : "without");
}

void tp_check_structure(struct tp_machine *machine, struct tp_findings *findings)
{
	struct present present = { .machine = machine, .findings = findings };

	check_itself(machine, findings);
	tp_device_for_each(machine, count_device, &present);
	for (int node = 0; node < (int)tp_machine_nr_nodes(machine); node++)
		check_node(&present, node);
}
