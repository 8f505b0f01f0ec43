/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * block - what a memory block is, for those who look: never waits for a hotplug operation (T16).
 *
 * Locking: blocks_lock; zone locks one at a time.
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "mm/hotplug.h"

static void add_zone(struct tp_block_info *info, enum tp_zone_type type)
{
	for (unsigned i = 0; i < info->nr_valid_zones; i++)
		if (info->valid_zones[i] == type)
			return;
	info->valid_zones[info->nr_valid_zones++] = type;
}

static void fill_zones(struct tp_machine *m, uint8_t zone, struct tp_block_info *info)
{
	tp_pfn start = { info->id * m->block_pages };

	if (info->state == TP_BLOCK_ONLINE) {
		info->zone_valid = zone != TP_ZONE_INDEX_NONE;
		if (info->zone_valid)
			add_zone(info, info->zone = m->zones[zone].type);
		return;
	}
	info->zone_valid = true;
	info->zone = tp_zone_choose(m, info->node, start, m->block_pages, TP_ONLINE_AUTO)->type;
	add_zone(info, info->zone);
	add_zone(info,
		 tp_zone_choose(m, info->node, start, m->block_pages, TP_ONLINE_KERNEL)->type);
	add_zone(info, TP_ZONE_MOVABLE);
}

/* State, zone and device as they belong together.  False: there is no such block. */
static bool copy_block(struct tp_machine *m, struct tp_block_info *info, uint8_t *zone, bool *dram)
{
	const struct tp_block *b = &m->blocks[info->id];
	bool exists;

	tp_spin_lock(&m->blocks_lock);
	info->state = tp_atomic_load(&b->state, TP_RELAXED);
	exists = info->state != TP_BLOCK_ABSENT;
	if (exists) {
		info->node = b->node;
		*zone = tp_atomic_load(&b->zone, TP_RELAXED);
		*dram = b->device->kind == TP_DEVICE_DRAM;
		memcpy(info->device, b->device->name, sizeof(info->device));
	}
	tp_spin_unlock(&m->blocks_lock);
	return exists;
}

int tp_block_info(struct tp_machine *m, unsigned id, struct tp_block_info *info)
{
	uint8_t zone;
	bool dram;

	*info = (struct tp_block_info){ .id = id, .node = TP_NODE_NONE };
	if (id >= m->nr_blocks || !copy_block(m, info, &zone, &dram))
		return TP_ERR(-ENOENT, "block %u does not exist", id);
	if (dram)
		fill_zones(m, zone, info);
	return 0;
}
