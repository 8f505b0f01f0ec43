/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_numa - memory tiers, the demotion switch, and what the kernel's mm and its hotplug module
 * let be set.
 */
#include <errno.h>
#include <string.h>

#include "view/internal.h"

/* ---- sys/devices/virtual/memory_tiering ------------------------------------------------------ */

static bool find_tier(struct tp_machine *m, unsigned from, struct tp_tier_info *tier)
{
	struct tp_tier_info tiers[TP_MAX_NODES];
	unsigned n = tp_tiers(m, tiers, TP_MAX_NODES);

	for (unsigned i = 0; i < n; i++) {
		if (tiers[i].id < from)
			continue;
		*tier = tiers[i];
		return true;
	}
	return false;
}

bool tp_next_tier(const struct tp_view_call *call, unsigned *id)
{
	struct tp_tier_info tier;

	if (!find_tier(tp_call_machine(call), *id, &tier))
		return false;
	*id = tier.id;
	return true;
}

static int show_nodelist(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_tier_info tier;

	if (!find_tier(tp_call_machine(call), call->id[0], &tier) || tier.id != call->id[0])
		return -ENOENT;
	tp_text_add_list(text, tier.nodes.v);
	tp_text_add(text, "\n");
	return 0;
}

static const struct tp_view_entry tier[] = {
	TP_FILE("nodelist", 0444, .show = show_nodelist),
	TP_LINK("subsystem", "../../../../bus/memory_tiering"),
	TP_UEVENT_FILE(TP_UEVENT_TIER),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_tiering[] = {
	TP_DIR("memory_tier%u", tier, .next = tp_next_tier),
	TP_ENTRIES_END,
};

/* ---- sys/kernel/mm --------------------------------------------------------------------------- */

static int show_demotion(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%s\n", tp_demotion_enabled(tp_call_machine(call)) ? "true" : "false");
	return 0;
}

static int store_demotion(const struct tp_view_call *call, const char *value)
{
	bool yes;
	int err = tp_parse_bool(value, &yes);

	if (!err)
		tp_demotion_enable(tp_call_machine(call), yes);
	return err;
}

static const struct tp_view_entry numa[] = {
	TP_FILE("demotion_enabled", 0644, .show = show_demotion, .store = store_demotion),
	TP_ENTRIES_END,
};

/* No huge page is set aside: chunks of mappings come from the allocator like any page. */
static const struct tp_view_entry huge_pages[] = {
	TP_FILE("free_hugepages", 0444, .show = tp_show_zero),
	TP_FILE("nr_hugepages", 0444, .show = tp_show_zero),
	TP_FILE("nr_overcommit_hugepages", 0444, .show = tp_show_zero),
	TP_FILE("resv_hugepages", 0444, .show = tp_show_zero),
	TP_FILE("surplus_hugepages", 0444, .show = tp_show_zero),
	TP_ENTRIES_END,
};

static const struct tp_view_entry huge_sizes[] = {
	TP_DIR("hugepages-2048kB", huge_pages),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_kernel_mm[] = {
	TP_DIR("hugepages", huge_sizes),
	TP_DIR("numa", numa),
	TP_ENTRIES_END,
};

/* ---- sys/module/memory_hotplug --------------------------------------------------------------- */

static const char *const rules[] = {
	[TP_AUTO_CONTIG_ZONES] = "contig-zones",
	[TP_AUTO_MOVABLE] = "auto-movable",
};

static int show_rule(const struct tp_view_call *call, struct tp_text *text)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	tp_machine_auto_rule(tp_call_machine(call), &rule, &ratio);
	tp_text_add(text, "%s\n", rules[rule]);
	return 0;
}

static int store_rule(const struct tp_view_call *call, const char *value)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	tp_machine_auto_rule(tp_call_machine(call), &rule, &ratio);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(rules); i++) {
		if (!strcmp(rules[i], value))
			return tp_machine_set_auto_rule(tp_call_machine(call), (enum tp_auto_rule)i,
							ratio);
	}
	return -EINVAL;
}

static int show_ratio(const struct tp_view_call *call, struct tp_text *text)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	tp_machine_auto_rule(tp_call_machine(call), &rule, &ratio);
	tp_text_add(text, "%u\n", ratio);
	return 0;
}

static int store_ratio(const struct tp_view_call *call, const char *value)
{
	enum tp_auto_rule rule;
	unsigned ratio;
	long long wanted;
	int err = tp_parse_number(value, &wanted);

	if (err || wanted < 0)
		return err ? err : -EINVAL;
	if (wanted > UINT32_MAX)
		return -ERANGE;
	tp_machine_auto_rule(tp_call_machine(call), &rule, &ratio);
	return tp_machine_set_auto_rule(tp_call_machine(call), rule, (unsigned)wanted);
}

static int show_letter(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%c\n", (char)call->entry->arg);
	return 0;
}

static const struct tp_view_entry parameters[] = {
	TP_FILE("auto_movable_numa_aware", 0444, .show = show_letter, .arg = 'Y'),
	TP_FILE("auto_movable_ratio", 0644, .show = show_ratio, .store = store_ratio),
	TP_FILE("memmap_on_memory", 0444, .show = show_letter, .arg = 'N'),
	TP_FILE("online_policy", 0644, .show = show_rule, .store = store_rule),
	TP_ENTRIES_END,
};

static const struct tp_view_entry memory_hotplug[] = {
	TP_DIR("parameters", parameters),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_module[] = {
	TP_DIR("memory_hotplug", memory_hotplug),
	TP_ENTRIES_END,
};
