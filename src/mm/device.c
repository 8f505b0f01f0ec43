/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device - memory devices: where they lie, and that they come and go as a whole.
 *
 * Locking: the device list and the blocks' device pointers stand under the hotplug lock.
 * Fault sites: core/alloc.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "mm/hotplug.h"
#include "mm/metadata.h"
#include "mm/uevent.h"
#include "mm/zone.h"

/* ---- where it goes --------------------------------------------------------------------------- */

static int check_config(struct tp_machine *m, const struct tp_device_config *c)
{
	uint64_t block = tp_machine_block_size(m);

	if (!tp_node_valid(m, c->node))
		return TP_ERR(-EINVAL, "node %d is not one of %u", c->node, m->nr_nodes);
	if (!c->size || c->size % block)
		return TP_ERR(-EINVAL, "size %x is no multiple of the block size %x", c->size,
			      block);
	if (c->start % block)
		return TP_ERR(-EINVAL, "start %x is not aligned to the block size %x", c->start,
			      block);
	if (c->kind != TP_DEVICE_DRAM && c->kind != TP_DEVICE_PRIVATE)
		return TP_ERR(-EINVAL, "device kind %u does not exist", c->kind);
	if ((unsigned)c->online > TP_ONLINE_MOVABLE)
		return TP_ERR(-EINVAL, "online policy %u does not exist", c->online);
	if (c->kind == TP_DEVICE_PRIVATE && c->online != TP_ONLINE_NONE)
		return TP_ERR(-EINVAL, "private memory is never online");
	if (c->size > m->nr_pfns << TP_PAGE_SHIFT)
		return TP_ERR(-ENOSPC, "size %x is more than the machine can ever have", c->size);
	return 0;
}

static const struct tp_device *overlapping(struct tp_machine *m, uint64_t start, uint64_t nr_pages)
{
	tp_list_for_each(d, &m->devices, struct tp_device, link)
		if (start < d->start.v + d->nr_pages && d->start.v < start + nr_pages)
			return d;
	return NULL;
}

static int place_at(struct tp_machine *m, uint64_t start, uint64_t nr_pages)
{
	const struct tp_device *other = overlapping(m, start, nr_pages);

	if (other)
		return TP_ERR_TEXT(-EEXIST, other->name, "memory at %x overlaps device %s",
				   start << TP_PAGE_SHIFT);
	if (start > m->nr_pfns - nr_pages)
		return TP_ERR(-ENOSPC, "memory at %x ends beyond the machine's %x",
			      start << TP_PAGE_SHIFT, m->nr_pfns << TP_PAGE_SHIFT);
	return 0;
}

static int find_gap(struct tp_machine *m, uint64_t nr_pages, tp_pfn *start)
{
	const struct tp_device *d;
	uint64_t at = m->hotplug_start.v;

	while (at + nr_pages <= m->nr_pfns) {
		d = overlapping(m, at, nr_pages);
		if (!d) {
			*start = (tp_pfn){ at };
			return 0;
		}
		at = d->start.v + d->nr_pages;
	}
	return TP_ERR(-ENOSPC, "no gap of %u MiB in the machine's physical range",
		      nr_pages << TP_PAGE_SHIFT >> 20);
}

static int place(struct tp_machine *m, const struct tp_device_config *c, bool boot, tp_pfn *start)
{
	uint64_t nr_pages = c->size >> TP_PAGE_SHIFT;

	if (!c->start && !boot)
		return find_gap(m, nr_pages, start);
	*start = (tp_pfn){ c->start >> TP_PAGE_SHIFT };
	return place_at(m, start->v, nr_pages);
}

struct tp_device *tp_device_find_locked(struct tp_machine *m, const char *name)
{
	tp_list_for_each(d, &m->devices, struct tp_device, link)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

static int set_name(struct tp_machine *m, struct tp_device *d, const char *name)
{
	if (!name) {
		do
			snprintf(d->name, sizeof(d->name), "mem%u", m->next_device++);
		while (tp_device_find_locked(m, d->name));
		return 0;
	}
	if (strlen(name) >= sizeof(d->name))
		return TP_ERR_TEXT(-EINVAL, name, "device name %s is over %u bytes",
				   sizeof(d->name) - 1);
	if (tp_device_find_locked(m, name))
		return TP_ERR_TEXT(-EEXIST, name, "there is a device %s already");
	strcpy(d->name, name);
	return 0;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void list_by_address(struct tp_device *d)
{
	struct tp_list *at = d->machine->devices.next;

	while (at != &d->machine->devices &&
	       tp_list_entry(at, struct tp_device, link)->start.v < d->start.v)
		at = at->next;
	tp_list_add_before(at, &d->link);
}

/* N_ONLINE: the node has blocks or CPUs. */
static void update_node_online(struct tp_machine *m, int node)
{
	bool was = tp_node_in(m, node, TP_N_ONLINE), online = m->nodes[node].cpus;

	tp_list_for_each(d, &m->devices, struct tp_device, link)
		online |= d->node == node;
	tp_node_state_set(m, node, TP_N_ONLINE, online);
	if (online != was)
		tp_uevent_emit(m, online ? TP_UEVENT_ADD : TP_UEVENT_REMOVE, TP_UEVENT_NODE,
			       (unsigned)node);
}

/* As in Linux, of memory that can be onlined only, and before its node comes or goes. */
static void tell_blocks(const struct tp_device *d, enum tp_uevent_action action)
{
	if (d->kind == TP_DEVICE_DRAM)
		tp_uevent_blocks(d->machine, action, d->start, d->nr_pages);
}

static void set_blocks(struct tp_device *d, enum tp_block_state state)
{
	for (unsigned id = tp_device_first_block(d);
	     id < tp_device_first_block(d) + tp_device_nr_blocks(d); id++) {
		struct tp_block *b = &d->machine->blocks[id];

		tp_spin_lock(&d->machine->blocks_lock);
		b->device = state == TP_BLOCK_ABSENT ? NULL : d;
		b->node = (int8_t)d->node;
		tp_atomic_store(&b->zone, TP_ZONE_INDEX_NONE, TP_RELAXED);
		tp_atomic_store(&b->state, (uint8_t)state, TP_RELEASE);
		tp_spin_unlock(&d->machine->blocks_lock);
	}
}

/*
 * Device memory is addressable as long as it is plugged; it has a zone's span and presence but
 * nothing managed.
 */
static int open_private(struct tp_device *d)
{
	struct tp_range range = { d->start, d->nr_pages,
				  tp_zone_of(d->machine, d->node, TP_ZONE_DEVICE) };
	int err;

	if (d->kind != TP_DEVICE_PRIVATE)
		return 0;
	err = tp_backing_open(&d->machine->backing, d->start, d->nr_pages);
	if (err)
		return err;
	tp_zone_attach(&range);
	tp_spin_lock(&range.zone->lock);
	range.zone->present += d->nr_pages;
	tp_spin_unlock(&range.zone->lock);
	return 0;
}

static void close_private(struct tp_device *d)
{
	struct tp_range range = { d->start, d->nr_pages,
				  tp_zone_of(d->machine, d->node, TP_ZONE_DEVICE) };

	if (d->kind != TP_DEVICE_PRIVATE)
		return;
	tp_spin_lock(&range.zone->lock);
	range.zone->present -= d->nr_pages;
	tp_spin_unlock(&range.zone->lock);
	tp_zone_detach(&range);
	tp_backing_close(&d->machine->backing, d->start, d->nr_pages);
}

int tp_device_attach(struct tp_machine *m, const struct tp_device_config *c, bool boot,
		     struct tp_device **device)
{
	struct tp_device *d;
	int err = check_config(m, c);

	if (err)
		return err;
	d = tp_zalloc(sizeof(*d));
	if (!d)
		return TP_ERR(-ENOMEM, "memory device");
	d->machine = m;
	d->kind = c->kind;
	d->online = c->online;
	d->node = c->node;
	d->boot = boot;
	d->nr_pages = c->size >> TP_PAGE_SHIFT;
	d->latency_ns = c->latency_ns;
	d->bandwidth_mbps = c->bandwidth_mbps;
	err = place(m, c, boot, &d->start);
	if (!err)
		err = set_name(m, d, c->name);
	if (!err)
		err = open_private(d);
	if (err) {
		tp_free(d);
		return err;
	}
	list_by_address(d);
	set_blocks(d, TP_BLOCK_OFFLINE);
	tell_blocks(d, TP_UEVENT_ADD);
	update_node_online(m, d->node);
	tp_trace(m->trace, TP_TRACE_plug, (uint64_t)d->node, d->start.v, d->nr_pages);
	*device = d;
	return 0;
}

void tp_device_detach(struct tp_device *d)
{
	struct tp_machine *m = d->machine;

	close_private(d);
	tp_metadata_drop(&m->words[d->start.v], d->nr_pages * sizeof(*m->words));
	set_blocks(d, TP_BLOCK_ABSENT);
	tp_list_remove(&d->link);
	tell_blocks(d, TP_UEVENT_REMOVE);
	update_node_online(m, d->node);
	tp_trace(m->trace, TP_TRACE_unplug, (uint64_t)d->node, d->start.v, d->nr_pages);
	tp_free(d);
}

void tp_devices_fini(struct tp_machine *m)
{
	tp_list_for_each_safe(d, &m->devices, struct tp_device, link)
		tp_free(d);
	tp_list_init(&m->devices);
}

/* ---- looking --------------------------------------------------------------------------------- */

void tp_device_info(struct tp_device *d, struct tp_device_info *info)
{
	*info = (struct tp_device_info){
		.kind = d->kind,
		.node = d->node,
		.boot = d->boot,
		.start = d->start.v << TP_PAGE_SHIFT,
		.size = d->nr_pages << TP_PAGE_SHIFT,
		.nr_blocks = tp_device_nr_blocks(d),
		.first_block = tp_device_first_block(d),
		.latency_ns = d->latency_ns,
		.bandwidth_mbps = d->bandwidth_mbps,
		.online = d->online,
	};
	memcpy(info->name, d->name, sizeof(info->name));
	for (unsigned id = info->first_block; id < info->first_block + info->nr_blocks; id++)
		info->nr_online += tp_atomic_load(&d->machine->blocks[id].state, TP_ACQUIRE) ==
				   TP_BLOCK_ONLINE;
}

/* A device lives as long as a block names it, and blocks_lock is held. */
int tp_device_query(struct tp_machine *m, const char *name, struct tp_device_info *info)
{
	struct tp_device *last = NULL;
	bool found = false;

	tp_spin_lock(&m->blocks_lock);
	for (unsigned id = 0; id < m->nr_blocks && !found; id++) {
		struct tp_device *d = m->blocks[id].device;

		if (d == last)
			continue;
		last = d;
		found = d && !strcmp(d->name, name);
	}
	if (found)
		tp_device_info(last, info);
	tp_spin_unlock(&m->blocks_lock);
	return found ? 0 : TP_ERR_TEXT(-ENOENT, name, "there is no device %s");
}

struct tp_device *tp_device_find(struct tp_machine *m, const char *name)
{
	struct tp_device *d;

	tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL);
	d = tp_device_find_locked(m, name);
	tp_hotplug_end(m);
	return d;
}

int tp_device_for_each(struct tp_machine *m, int (*fn)(struct tp_device *device, void *arg),
		       void *arg)
{
	int ret = 0;

	tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL);
	tp_list_for_each_safe(d, &m->devices, struct tp_device, link)
		if (!ret)
			ret = fn(d, arg);
	tp_hotplug_end(m);
	return ret;
}

int tp_online_runs(struct tp_machine *m, int (*fn)(const struct tp_memory_event *run, void *arg),
		   void *arg)
{
	struct tp_memory_event run = { .nr_pages = 0 };
	int err = 0;

	for (unsigned id = 0; id < m->nr_blocks && !err; id++) {
		const struct tp_block *b = &m->blocks[id];
		bool online = tp_atomic_load(&b->state, TP_ACQUIRE) == TP_BLOCK_ONLINE;

		if (run.nr_pages && (!online || b->node != run.node)) {
			err = fn(&run, arg);
			run.nr_pages = 0;
		}
		if (online && !run.nr_pages)
			run = (struct tp_memory_event){ .node = b->node,
							.start = { id * m->block_pages } };
		if (online)
			run.nr_pages += m->block_pages;
	}
	return err || !run.nr_pages ? err : fn(&run, arg);
}
