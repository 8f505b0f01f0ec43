/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zone_choice - in which zone a block goes online, by Linux's rules.
 *
 * kernel: the DMA or DMA32 zone whose span the range meets, else Normal.
 * movable: Movable.
 * auto, by contiguous zones: the one of {kernel, Movable} whose span it meets, kernel if both or
 * none.
 * auto, by movable ratio: Movable while movable memory stays within the ratio of boot kernel
 * memory, over all nodes and on the node itself; so a node without boot kernel memory never gets
 * Movable that way.
 *
 * The rule may change at any moment; a choice is made by the one it found when it began.
 */
#include <errno.h>

#include "core/error.h"
#include "mm/hotplug.h"

/* ---- the rule -------------------------------------------------------------------------------- */

void tp_auto_rule_store(struct tp_machine *m, enum tp_auto_rule rule, unsigned ratio)
{
	tp_quiet_store(&m->auto_rule, (uint64_t)rule << 32 | ratio);
}

int tp_machine_set_auto_rule(struct tp_machine *m, enum tp_auto_rule rule, unsigned ratio)
{
	if ((unsigned)rule > TP_AUTO_MOVABLE)
		return TP_ERR(-EINVAL, "auto-online rule %u does not exist", rule);
	tp_auto_rule_store(m, rule, ratio);
	return 0;
}

void tp_machine_auto_rule(struct tp_machine *m, enum tp_auto_rule *rule, unsigned *ratio)
{
	uint64_t word = tp_quiet_load(&m->auto_rule);

	*rule = (enum tp_auto_rule)(word >> 32);
	*ratio = (uint32_t)word;
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* Views ask too, without the hotplug lock. */
static bool meets(struct tp_zone *zone, tp_pfn start, uint64_t nr_pages)
{
	bool yes;

	tp_spin_lock(&zone->lock);
	yes = zone->spanned && start.v < zone->start_pfn + zone->spanned &&
	      zone->start_pfn < start.v + nr_pages;
	tp_spin_unlock(&zone->lock);
	return yes;
}

static uint64_t movable_pages(struct tp_machine *m, int node)
{
	struct tp_zone *zone = tp_zone_of(m, node, TP_ZONE_MOVABLE);
	uint64_t n;

	tp_spin_lock(&zone->lock);
	n = zone->present;
	tp_spin_unlock(&zone->lock);
	return n;
}

static struct tp_zone *kernel_zone(struct tp_machine *m, int node, tp_pfn start, uint64_t nr_pages)
{
	for (enum tp_zone_type t = TP_ZONE_DMA; t < TP_ZONE_NORMAL; t++) {
		struct tp_zone *zone = tp_zone_of(m, node, t);

		if (meets(zone, start, nr_pages))
			return zone;
	}
	return tp_zone_of(m, node, TP_ZONE_NORMAL);
}

static struct tp_zone *contiguous_zone(struct tp_machine *m, int node, tp_pfn start,
				       uint64_t nr_pages)
{
	struct tp_zone *kernel = kernel_zone(m, node, start, nr_pages),
		       *movable = tp_zone_of(m, node, TP_ZONE_MOVABLE);

	return meets(movable, start, nr_pages) && !meets(kernel, start, nr_pages) ? movable
										  : kernel;
}

static bool ratio_allows(unsigned ratio, uint64_t movable, uint64_t kernel)
{
	return movable * 100 <= kernel * ratio;
}

static bool movable_within_ratio(struct tp_machine *m, int node, uint64_t nr_pages, unsigned ratio)
{
	uint64_t movable = nr_pages, kernel = 0;

	for (int n = 0; n < (int)m->nr_nodes; n++) {
		movable += movable_pages(m, n);
		kernel += m->boot_kernel_pages[n];
	}
	return ratio_allows(ratio, movable, kernel) &&
	       ratio_allows(ratio, movable_pages(m, node) + nr_pages, m->boot_kernel_pages[node]);
}

struct tp_zone *tp_zone_choose(struct tp_machine *m, int node, tp_pfn start, uint64_t nr_pages,
			       enum tp_online_policy policy)
{
	enum tp_auto_rule rule;
	unsigned ratio;

	if (policy == TP_ONLINE_KERNEL)
		return kernel_zone(m, node, start, nr_pages);
	if (policy == TP_ONLINE_MOVABLE)
		return tp_zone_of(m, node, TP_ZONE_MOVABLE);
	tp_machine_auto_rule(m, &rule, &ratio);
	if (rule == TP_AUTO_CONTIG_ZONES)
		return contiguous_zone(m, node, start, nr_pages);
	return movable_within_ratio(m, node, nr_pages, ratio)
		       ? tp_zone_of(m, node, TP_ZONE_MOVABLE)
		       : kernel_zone(m, node, start, nr_pages);
}
