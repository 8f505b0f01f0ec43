/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace - a ring of typed events, written lock-free from any thread, read by views and tests.
 *
 * The last TP_TRACE_EVENTS events are kept; a reader copies them out in order and learns how many
 * were lost.
 */
#ifndef TP_CORE_TRACE_H
#define TP_CORE_TRACE_H

#include "core/sync.h"

/*
 * id, category, argument names; phase B/E pairs are two events whose names differ in _begin/_end.
 * An argument called "name" is text and fills its place and the next (tp_trace_named()).
 */
#define TP_TRACE_TABLE(X)                                       \
	X(plug, "hotplug", "node", "start", "pages")            \
	X(unplug, "hotplug", "node", "start", "pages")          \
	X(online_begin, "hotplug", "node", "start", "pages")    \
	X(online_end, "hotplug", "node", "start", "err")        \
	X(offline_begin, "hotplug", "node", "start", "pages")   \
	X(offline_end, "hotplug", "node", "start", "err")       \
	X(isolate, "isolation", "zone", "start", "pages")       \
	X(unisolate, "isolation", "zone", "start", "pages")     \
	X(memory_event, "notifier", "type", "start", "pages")   \
	X(node_event, "notifier", "type", "node", "changes")    \
	X(notifier_call_begin, "notifier", "type", "name", "-") \
	X(notifier_call_end, "notifier", "err", "name", "-")    \
	X(migrate, "migration", "pfn", "to", "order")           \
	X(migrate_fail, "migration", "pfn", "err", "order")     \
	X(hold_begin, "mapping", "address", "bytes", "-")       \
	X(hold_end, "mapping", "address", "bytes", "-")         \
	X(kswapd, "reclaim", "node", "pages", "wanted")         \
	X(kcompactd, "reclaim", "node", "blocks", "order")      \
	X(demote, "reclaim", "node", "to", "pages")             \
	X(tier, "numa", "node", "tier", "-")                    \
	X(tlb_invalidate_begin, "gpu", "gpu", "gt", "engines")  \
	X(tlb_invalidate_end, "gpu", "gpu", "gt", "err")        \
	X(gpu_reset_begin, "gpu", "gpu", "gt", "-")             \
	X(gpu_reset_end, "gpu", "gpu", "gt", "err")             \
	X(gpu_quarantine, "gpu", "gpu", "pages", "-")           \
	X(gpu_release, "gpu", "gpu", "pages", "-")              \
	X(gpu_fault, "gpu", "gpu", "status", "page")

#define TP_TRACE_ENUM(id, category, a, b, c) TP_TRACE_##id,
enum tp_trace_id { TP_TRACE_TABLE(TP_TRACE_ENUM) TP_NR_TRACE_IDS };
#undef TP_TRACE_ENUM

enum { TP_TRACE_EVENTS = 1 << 16 };

/* Of a text in an event; the ring keeps the text itself, for what it names may be gone by then. */
enum { TP_TRACE_NAME = 16 };

struct tp_trace_event {
	uint64_t seq; /* from 1, without gaps */
	uint64_t time_ns;
	uint32_t thread;
	uint16_t cpu;
	uint16_t id;
	uint64_t args[3];
};

struct tp_trace_info {
	const char *name, *category, *args[3];
};

struct tp_trace_ring;

/* NULL: out of memory. */
struct tp_trace_ring *tp_trace_create(void);
void tp_trace_destroy(struct tp_trace_ring *ring);
void tp_trace(struct tp_trace_ring *ring, enum tp_trace_id id, uint64_t a, uint64_t b, uint64_t c);
/* Of an event whose second argument is "name": the first TP_TRACE_NAME bytes are kept. */
void tp_trace_named(struct tp_trace_ring *ring, enum tp_trace_id id, uint64_t a, const char *name);
/* The text that the arguments @b and @c are. */
void tp_trace_name(char text[TP_TRACE_NAME + 1], uint64_t b, uint64_t c);
/*
 * Copy events with seq >= *next, oldest first, at most @max; moves *next past them.  Start with 0.
 * Adds to *lost how many of those passed were overwritten before they could be copied.  Stops at an
 * event that a writer is still storing.
 */
size_t tp_trace_read(struct tp_trace_ring *ring, uint64_t *next, struct tp_trace_event *events,
		     size_t max, uint64_t *lost);
const struct tp_trace_info *tp_trace_info(enum tp_trace_id id);

#endif
