/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorder - listens at both ends of both notifier chains: writes down the order of events, and
 * checks that nobody is told half a story.
 *
 * Invariants
 *  R1  Whoever was told that something is about to happen is told exactly once how it ended, and
 *      nobody is told the end of what was not announced to him (T5, T6).
 *  R2  The nodes that have memory are those the node events say have it (T2, T3).
 *
 * Locking: callbacks run under the hotplug lock, and what they recorded is read at any time: a lock
 * for that.  The check runs while no operation does.
 */
#ifndef TP_LAB_RECORDER_H
#define TP_LAB_RECORDER_H

#include <tidepool/notifier.h>
#include <tidepool/numa.h>

#include "core/sync.h"
#include "lab/findings.h"

enum { TP_RECORDED_EVENTS = 32, TP_NR_ANNOUNCEMENTS = 4 };

struct tp_recorded_event {
	uint8_t type; /* of either chain: they share no value (T7) */
	int8_t node;
};

/* One end of both chains. */
struct tp_listener {
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	struct tp_recorder *recorder;
	int open[TP_NR_ANNOUNCEMENTS]; /* announced and not yet ended */
};

struct tp_recorder {
	struct tp_machine *machine;
	struct tp_findings *findings;
	struct tp_listener first, last;
	tp_nodemask memory, normal; /* by what the events said */
	struct tp_spinlock lock;    /* the rest */
	unsigned nr_events; /* since the last reset; the first TP_RECORDED_EVENTS are kept */
	struct tp_recorded_event events[TP_RECORDED_EVENTS];
};

/* -ENOMEM, or what a callback refused with. */
int tp_recorder_start(struct tp_recorder *recorder, struct tp_machine *machine,
		      struct tp_findings *findings);
void tp_recorder_stop(struct tp_recorder *recorder);
/* Forget the events of the last step. */
void tp_recorder_reset(struct tp_recorder *recorder);
/* Copy the events since the last reset; returns how many there were, kept or not. */
unsigned tp_recorder_copy(struct tp_recorder *recorder,
			  struct tp_recorded_event events[TP_RECORDED_EVENTS]);
/* Between operations: R1 and R2. */
void tp_recorder_check(struct tp_recorder *recorder);

const char *tp_recorded_event_name(const struct tp_recorded_event *event);

#endif
