/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug - blocks come and go: the operation that online, offline, plug and unplug are made of.
 *
 * States of a block and the function behind each arrow:
 *
 *	ABSENT --- tp_device_attach ---> OFFLINE --- tp_device_detach ---> ABSENT
 *
 *	OFFLINE -------- tp_online_blocks_locked --------> GOING_ONLINE
 *	GOING_ONLINE --- tp_online_op returned 0 --------> ONLINE
 *	GOING_ONLINE --- tp_online_op failed ------------> OFFLINE
 *
 *	ONLINE --------- tp_offline_blocks_locked -------> GOING_OFFLINE
 *	GOING_OFFLINE -- its take_out() returned 0 ------> OFFLINE
 *	GOING_OFFLINE -- its take_out() failed ----------> ONLINE
 *
 * Invariants
 *  H1  All blocks of an operation change state together, or none does.
 *  H2  Decide, then commit: after the last announcement was accepted and the last page is out,
 *      nothing can fail.
 *  H3  Every announcement is followed by its cancel or by a statement, before the operation ends.
 *  H4  A failed operation leaves masks, spans, counts, types and lists as they were.
 *  H5  The state of a block changes to its final value after the last statement (T14).
 *
 * Locking: the hotplug lock, then a session on both chains, for the whole operation.
 */
#ifndef TP_MM_HOTPLUG_H
#define TP_MM_HOTPLUG_H

#include "mm/event.h"
#include "mm/isolate.h"
#include "mm/uevent.h"

/* The memory chain keeps two announcements per run open while memory comes. */
enum { TP_MAX_RUNS = TP_NOTIFIER_DEPTH / 2 - 1, TP_MAX_RANGES = TP_MAX_RUNS + TP_NR_ZONE_TYPES };

struct tp_hotplug_op {
	struct tp_machine *machine;
	int node;
	unsigned changes; /* TP_NODE_HAS_* */
	unsigned nr_ranges, nr_runs;
	uint64_t nr_pages;
	struct tp_range ranges[TP_MAX_RANGES]; /* within one zone each, by address */
	struct tp_range runs[TP_MAX_RUNS]; /* contiguous; what events speak of.  zone is unset */
};

/* Append pages to the operation.  -E2BIG: too many separate runs. */
int tp_op_add(struct tp_hotplug_op *op, tp_pfn start, uint64_t nr_pages, struct tp_zone *zone);
/*
 * Append those of blocks [first, first + count) that are in @state; zone as they have it, or @zone
 * if not NULL.
 */
int tp_op_add_blocks(struct tp_hotplug_op *op, unsigned first, unsigned count,
		     enum tp_block_state state, struct tp_zone *zone);
void tp_op_set_state(struct tp_hotplug_op *op, enum tp_block_state state);
/* The uevents of its blocks, once their state is final. */
void tp_op_tell(struct tp_hotplug_op *op, enum tp_uevent_action action);
/* Announce or state one event per run.  On refusal what was announced is taken back. */
int tp_op_announce(struct tp_hotplug_op *op, enum tp_memory_event_type type);
void tp_op_cancel(struct tp_hotplug_op *op, enum tp_memory_event_type announced);
void tp_op_state(struct tp_hotplug_op *op, enum tp_memory_event_type type);
struct tp_node_event tp_op_node_event(const struct tp_hotplug_op *op, enum tp_node_event_type type);

/* Bring the operation's ranges online, or leave everything as it was. */
int tp_online_op(struct tp_hotplug_op *op);

/*
 * Ranges enter a zone, isolated and without a free page; they leave it, isolated and whole, or as
 * they entered.
 */
void tp_zone_attach(const struct tp_range *range);
void tp_zone_detach(const struct tp_range *range);

/* Blocks [first, first + count) by policy.  The hotplug lock is held. */
int tp_online_blocks_locked(struct tp_machine *m, unsigned first, unsigned count,
			    enum tp_online_policy policy);
int tp_offline_blocks_locked(struct tp_machine *m, unsigned first, unsigned count,
			     const struct tp_offline_options *options, uint64_t until_ns,
			     struct tp_offline_report *report);

/* Both at once; the ratio is in percent. */
void tp_auto_rule_store(struct tp_machine *m, enum tp_auto_rule rule, unsigned ratio);
/* The zone that memory at @start on @node belongs to under @policy. */
struct tp_zone *tp_zone_choose(struct tp_machine *m, int node, tp_pfn start, uint64_t nr_pages,
			       enum tp_online_policy policy);

/* Call @fn for every contiguous run of online blocks of one node; until it returns non-0. */
int tp_online_runs(struct tp_machine *m, int (*fn)(const struct tp_memory_event *run, void *arg),
		   void *arg);

/* Boot memory of all nodes: devices of their own, onlined like any other. */
int tp_boot_memory(struct tp_machine *m, const struct tp_machine_config *config);
/* Forget all devices: the machine is going away, memory and all. */
void tp_devices_fini(struct tp_machine *m);

/* Make a device's blocks exist, offline. */
int tp_device_attach(struct tp_machine *m, const struct tp_device_config *config, bool boot,
		     struct tp_device **device);
void tp_device_detach(struct tp_device *device);
/* The device called @name, or NULL; the hotplug lock is held. */
struct tp_device *tp_device_find_locked(struct tp_machine *m, const char *name);

static inline unsigned tp_device_first_block(const struct tp_device *device)
{
	return (unsigned)(device->start.v / device->machine->block_pages);
}

static inline unsigned tp_device_nr_blocks(const struct tp_device *device)
{
	return (unsigned)(device->nr_pages / device->machine->block_pages);
}

struct tp_cancel {
	tp_atomic_u32 requested;
};

static inline bool tp_cancelled(const struct tp_cancel *cancel)
{
	return cancel && tp_atomic_load(&cancel->requested, TP_ACQUIRE);
}

#endif
