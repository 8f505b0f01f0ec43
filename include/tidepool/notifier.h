/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notifier - who is told when memory or a node comes or goes, in which order, and who may refuse.
 *
 * Two chains with types of their own, so that a callback cannot end up on the wrong one (T7).
 * Callbacks run by decreasing priority, equal priorities in order of registration, in the thread
 * that plugs or unplugs, under the hotplug lock and no other; they may allocate and free pages, not
 * hotplug.
 *
 * Only *_GOING_*, *_BECOMING_* and PREPARE_ONLINE may be refused, by a negative errno; what any
 * other event returns is ignored (T11).  After a refusal the matching CANCEL goes, in reverse
 * order, to exactly those callbacks that had accepted the announcement; never to the one that
 * refused (T5, T6).
 */
#ifndef TIDEPOOL_NOTIFIER_H
#define TIDEPOOL_NOTIFIER_H

#include <tidepool/types.h>

enum tp_memory_event_type {
	TP_MEM_PREPARE_ONLINE = 1,
	TP_MEM_GOING_ONLINE,
	TP_MEM_CANCEL_ONLINE,
	TP_MEM_ONLINE,
	TP_MEM_GOING_OFFLINE,
	TP_MEM_CANCEL_OFFLINE,
	TP_MEM_OFFLINE,
	TP_MEM_FINISH_OFFLINE,
	TP_NR_MEM_EVENTS,
};

enum tp_node_event_type {
	TP_NODE_BECOMING_MEM_AWARE = 64, /* no value is shared with the other chain (T7) */
	TP_NODE_CANCEL_MEM_AWARE,
	TP_NODE_BECAME_MEM_AWARE,
	TP_NODE_BECOMING_MEMORYLESS,
	TP_NODE_CANCEL_MEMORYLESS,
	TP_NODE_BECAME_MEMORYLESS,
	TP_NODE_EVENTS_END,
};

/* One contiguous run of memory blocks. */
struct tp_memory_event {
	enum tp_memory_event_type type;
	int node;
	tp_pfn start;
	uint64_t nr_pages;
};

/* Which of a node's masks change.  Slab waits for normal memory, the tiers for any (T1, T2). */
enum {
	TP_NODE_HAS_MEMORY = 1,	       /* first memory came, or last memory goes */
	TP_NODE_HAS_NORMAL_MEMORY = 2, /* the same for memory in Normal or a lower zone */
};

struct tp_node_event {
	enum tp_node_event_type type;
	int node;
	unsigned changes; /* TP_NODE_HAS_*, never 0 */
};

struct tp_memory_notifier {
	int (*call)(struct tp_memory_notifier *notifier, const struct tp_memory_event *event);
	int priority;
	const char *name; /* shown in traces and error texts */
	void *reserved[2];
};

struct tp_node_notifier {
	int (*call)(struct tp_node_notifier *notifier, const struct tp_node_event *event);
	int priority;
	const char *name;
	void *reserved[2];
};

enum { TP_NOTIFIER_REPLAY = 1 };

/*
 * Put @notifier, in the caller's storage, on the machine's chain.  With TP_NOTIFIER_REPLAY in
 * @flags it is first told, in one step with the registration, what is online now: GOING_ONLINE +
 * ONLINE for each run of online blocks, or BECOMING + BECAME_MEM_AWARE for each node with memory; a
 * refusal there undoes the registration.
 * Waits for a hotplug operation that is under way.
 * -EEXIST: it is registered.  -ENOMEM.  -EDEADLK: called from within a callback.  Or what the
 * replayed callback returned.
 */
TP_API int tp_memory_notifier_register(struct tp_machine *machine,
				       struct tp_memory_notifier *notifier, unsigned flags);
TP_API int tp_node_notifier_register(struct tp_machine *machine, struct tp_node_notifier *notifier,
				     unsigned flags);

/*
 * Take it off; when this returns no callback of it runs or will.
 * -ENOENT: it is not registered.  -EDEADLK: called from within a callback.
 */
TP_API int tp_memory_notifier_unregister(struct tp_machine *machine,
					 struct tp_memory_notifier *notifier);
TP_API int tp_node_notifier_unregister(struct tp_machine *machine,
				       struct tp_node_notifier *notifier);

/* "GOING_OFFLINE", "BECAME_MEM_AWARE", ... */
TP_API const char *tp_memory_event_name(enum tp_memory_event_type type);
TP_API const char *tp_node_event_name(enum tp_node_event_type type);

#endif
