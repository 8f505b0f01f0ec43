/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * boot - boot memory comes online the way any memory does, so that every consumer hears of it in
 * one way only.
 */
#include <stdio.h>

#include "core/error.h"
#include "core/invariant.h"
#include "mm/hotplug.h"
#include "mm/zone.h"

static enum tp_zone_type zone_at(struct tp_machine *m, uint64_t pfn, bool movable, uint64_t *end)
{
	if (movable)
		return TP_ZONE_MOVABLE;
	if (pfn < m->dma_end.v) {
		*end = TP_MIN(*end, m->dma_end.v);
		return TP_ZONE_DMA;
	}
	if (pfn < m->dma32_end.v) {
		*end = TP_MIN(*end, m->dma32_end.v);
		return TP_ZONE_DMA32;
	}
	return TP_ZONE_NORMAL;
}

/* Cut the device's memory at the limits of DMA and DMA32. */
static int add_by_zone(struct tp_hotplug_op *op, const struct tp_device *d, bool movable)
{
	uint64_t pfn = d->start.v, end, last = d->start.v + d->nr_pages;

	for (; pfn < last; pfn = end) {
		struct tp_zone *zone;
		int err;

		end = last;
		zone = tp_zone_of(op->machine, op->node, zone_at(op->machine, pfn, movable, &end));
		err = tp_op_add(op, (tp_pfn){ pfn }, end - pfn, zone);
		if (err)
			return err;
	}
	return 0;
}

static int online_boot(struct tp_device *d, bool movable)
{
	struct tp_machine *m = d->machine;
	struct tp_hotplug_op op = { .machine = m, .node = d->node };
	int err = add_by_zone(&op, d, movable);

	if (err)
		return err;
	err = tp_online_op(&op);
	if (!movable && !err)
		m->boot_kernel_pages[d->node] = d->nr_pages;
	return err;
}

int tp_boot_memory(struct tp_machine *m, const struct tp_machine_config *config)
{
	uint64_t at = 0;

	for (int n = 0; n < (int)m->nr_nodes; n++) {
		const struct tp_node_config *node = &config->nodes[n];
		struct tp_device_config c = {
			.node = n,
			.size = node->dram,
			.start = at,
			.latency_ns = node->latency_ns,
			.bandwidth_mbps = node->bandwidth_mbps,
		};
		struct tp_device *device;
		char name[16];
		int err;

		if (!node->dram)
			continue;
		snprintf(name, sizeof(name), "boot%d", n);
		c.name = name;
		err = tp_device_attach(m, &c, true, &device);
		if (!err)
			err = online_boot(device, node->movable && at);
		if (err)
			return err;
		at += node->dram;
	}
	return 0;
}
