/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug - memory devices and blocks: plug, online, offline, unplug, under load.
 *
 * A device is a range of memory blocks on one node.  Whatever is asked of several blocks happens to
 * all or to none.
 * Operations on one machine are serialised; waiting for another one counts against the deadline.
 */
#ifndef TIDEPOOL_HOTPLUG_H
#define TIDEPOOL_HOTPLUG_H

#include <stdio.h>
#include <tidepool/types.h>

struct tp_cancel; /* see tp_cancel_create() */

/* What happens to the blocks of a device when it is plugged. */
enum tp_online_policy {
	TP_ONLINE_NONE, /* stay offline */
	/* zone by contiguity, else by the machine's movable ratio if it has one, else kernel */
	TP_ONLINE_AUTO,
	TP_ONLINE_KERNEL,  /* DMA, DMA32 or Normal */
	TP_ONLINE_MOVABLE, /* ZONE_MOVABLE */
};

enum tp_device_kind {
	TP_DEVICE_DRAM,	   /* enters the allocator when onlined */
	TP_DEVICE_PRIVATE, /* ZONE_DEVICE: addressable while plugged, never in the allocator */
};

struct tp_device_config {
	const char *name; /* NULL: "memN" */
	enum tp_device_kind kind;
	/* 0 to nodes-1; a wrong one is refused, never silently replaced (P6) */
	int node;
	uint64_t size; /* bytes, a multiple of the block size */
	/* physical address, aligned to the block size; 0: the first gap that fits */
	uint64_t start;
	enum tp_online_policy online;
	unsigned latency_ns;	  /* performance as firmware would state it; 0: unknown */
	unsigned bandwidth_mbps;  /* MiB/s; 0: unknown */
	struct tp_cancel *cancel; /* ends the wait for another operation; NULL: wait for it */
};

/*
 * Add a device and online it as its policy says; if onlining fails the device is taken out again.
 * -EINVAL: size, start, node or kind out of range or not aligned, a name of over 31 bytes, or a
 * policy for private memory.  -EEXIST: it overlaps another device or has its name.
 * -ENOSPC: no gap of that size in the machine's physical range.  -ENOMEM.  -ECANCELED: while it
 * waited for another operation.  Or what a notifier callback refused with.
 */
TP_API int tp_device_plug(struct tp_machine *machine, const struct tp_device_config *config,
			  struct tp_device **device);

struct tp_progress {
	uint64_t pages_total; /* in the range */
	uint64_t pages_left;  /* still in use */
	uint64_t pages_moved;
	uint64_t elapsed_ns;
	unsigned pass; /* how often the range was walked */
};

#define TP_NO_DEADLINE UINT64_MAX

struct tp_offline_options {
	uint64_t deadline_ns; /* from the call; 0: 10 seconds; TP_NO_DEADLINE: keep trying */
	struct tp_cancel *cancel;
	bool dry_run; /* only say what would block; nothing is changed, nobody is told */
	/* at most every 10 ms, in this thread */
	void (*progress)(const struct tp_progress *progress, void *arg);
	void *progress_arg;
};

enum { TP_REPORT_BLOCKERS = 16, TP_BLOCKER_TEXT = 48 };

struct tp_blocker {
	tp_pfn pfn;
	unsigned order;
	unsigned pins;
	char owner[TP_BLOCKER_TEXT];
	char what[TP_BLOCKER_TEXT]; /* the owner's own words, or "" */
	/* "pinned", "owner cannot move it", "owner refused", "owner is out of memory",
	 * "no memory to move it to", "busy this moment" */
	const char *reason;
};

struct tp_offline_report {
	int err; /* as returned */
	/* the step that decided: "done", "deadline passed", "cancelled", ... */
	const char *reason;
	char vetoed_by[TP_BLOCKER_TEXT]; /* the callback that refused, or "" */
	uint64_t pages_total;
	uint64_t pages_moved;	 /* by migration */
	uint64_t pages_released; /* given up by their owners on request */
	uint64_t bytes_moved;
	uint64_t elapsed_ns; /* without the wait for another operation */
	uint64_t isolate_ns;
	uint64_t bytes_returned; /* to the operating system, by the file's own block count */
	unsigned passes;
	/* found in the last pass, at least; the first TP_REPORT_BLOCKERS are listed */
	unsigned nr_blockers;
	struct tp_blocker blockers[TP_REPORT_BLOCKERS];
};

/*
 * Offline every online block of the device, or none.
 * -EBUSY: a page cannot move (see the report), or another isolation holds a pageblock.  -ETIMEDOUT:
 * the deadline passed.
 * -ECANCELED: @options->cancel was requested.  -ENOMEM: no other memory takes the pages.
 * -E2BIG: its online blocks lie in more than 31 separate runs.
 * Or what a notifier callback refused with.  @options and @report may be NULL.
 */
TP_API int tp_device_offline(struct tp_device *device, const struct tp_offline_options *options,
			     struct tp_offline_report *report);

/*
 * Online every offline block of the device, or none.  -EINVAL: a bad policy.  -ENOMEM, or a
 * callback's refusal.
 */
TP_API int tp_device_online(struct tp_device *device, enum tp_online_policy policy);

/*
 * Offline what is online, then take the device out; @device is gone when this returns 0.  Errors as
 * tp_device_offline(); -EPERM: boot memory.
 */
TP_API int tp_device_unplug(struct tp_device *device, const struct tp_offline_options *options,
			    struct tp_offline_report *report);

struct tp_device_info {
	char name[32];
	enum tp_device_kind kind;
	int node;
	bool boot;
	uint64_t start; /* bytes */
	uint64_t size;
	unsigned nr_blocks;
	unsigned nr_online; /* partial state is visible (P7) */
	unsigned first_block;
	unsigned latency_ns, bandwidth_mbps;
	enum tp_online_policy online;
};

TP_API void tp_device_info(struct tp_device *device, struct tp_device_info *info);

/* The device called @name, or NULL.  Waits for a hotplug operation under way. */
TP_API struct tp_device *tp_device_find(struct tp_machine *machine, const char *name);

/*
 * The same by name, for callers who share the machine: between a look-up and a call somebody else
 * may take the device out.  Errors as above, and -ENOENT: there is no such device.
 */
/* Never waits. */
TP_API int tp_device_query(struct tp_machine *machine, const char *name,
			   struct tp_device_info *info);
/* @cancel ends the wait for another operation with -ECANCELED; NULL: wait for it. */
TP_API int tp_device_online_named(struct tp_machine *machine, const char *name,
				  enum tp_online_policy policy, struct tp_cancel *cancel);
TP_API int tp_device_offline_named(struct tp_machine *machine, const char *name,
				   const struct tp_offline_options *options,
				   struct tp_offline_report *report);
TP_API int tp_device_unplug_named(struct tp_machine *machine, const char *name,
				  const struct tp_offline_options *options,
				  struct tp_offline_report *report);

/*
 * Call @fn for each device by address, boot memory first, until it returns non-0; returns that.
 * Under the hotplug lock.
 */
TP_API int tp_device_for_each(struct tp_machine *machine,
			      int (*fn)(struct tp_device *device, void *arg), void *arg);

/* ---- single blocks --------------------------------------------------------------------------- */

enum tp_block_state {
	TP_BLOCK_ABSENT,
	TP_BLOCK_OFFLINE,
	TP_BLOCK_GOING_ONLINE,
	TP_BLOCK_ONLINE,
	TP_BLOCK_GOING_OFFLINE,
};

struct tp_block_info {
	unsigned id; /* start address / block size */
	enum tp_block_state state;
	int node;
	enum tp_zone_type zone; /* where it is, or where tp_block_online(AUTO) would put it */
	bool zone_valid;	/* false: absent, or private device memory */
	/* as Linux's valid_zones: default, then kernel, then movable */
	enum tp_zone_type valid_zones[3];
	unsigned nr_valid_zones;
	char device[32];
};

/* Never waits.  -ENOENT: no such block. */
TP_API int tp_block_info(struct tp_machine *machine, unsigned id, struct tp_block_info *info);

/*
 * As for devices, for blocks @first to @first + @count - 1.  -ENOENT: one of them is absent.
 * -EINVAL: one is in the wrong state (online when onlining, offline when offlining), or they are of
 * several nodes.
 */
TP_API int tp_blocks_online(struct tp_machine *machine, unsigned first, unsigned count,
			    enum tp_online_policy policy);
/* Online, but @cancel ends the wait for another operation with -ECANCELED; NULL: wait for it. */
TP_API int tp_blocks_online_cancellable(struct tp_machine *machine, unsigned first, unsigned count,
					enum tp_online_policy policy, struct tp_cancel *cancel);
TP_API int tp_blocks_offline(struct tp_machine *machine, unsigned first, unsigned count,
			     const struct tp_offline_options *options,
			     struct tp_offline_report *report);

/* ---- cancellation ---------------------------------------------------------------------------- */

/* -ENOMEM. */
TP_API int tp_cancel_create(struct tp_cancel **cancel);
TP_API void tp_cancel_destroy(struct tp_cancel *cancel);
/*
 * From any thread: the operation that was given @cancel ends with -ECANCELED and everything put
 * back, or had ended.
 */
TP_API void tp_cancel_request(struct tp_cancel *cancel);
TP_API bool tp_cancel_requested(const struct tp_cancel *cancel);
/* Make it usable for another operation. */
TP_API void tp_cancel_reset(struct tp_cancel *cancel);

/* Write the report for people: what happened, and who holds which page and why. */
TP_API void tp_offline_report_print(FILE *out, const struct tp_offline_report *report);

#endif
