/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inject - errors for notifier callbacks, set from outside, as Linux's notifier-error-inject.
 *
 * One callback on each chain, at Linux's priority 0, refuses what it was told to refuse.
 */
#ifndef TP_VIEW_INJECT_H
#define TP_VIEW_INJECT_H

#include <tidepool/notifier.h>

#include "core/sync.h"

/* The events that may be refused. */
enum tp_injection_point {
	TP_INJECT_PREPARE_ONLINE,
	TP_INJECT_GOING_ONLINE,
	TP_INJECT_GOING_OFFLINE,
	TP_INJECT_BECOMING_MEM_AWARE,
	TP_INJECT_BECOMING_MEMORYLESS,
	TP_NR_INJECTION_POINTS,
};

struct tp_injector {
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	tp_atomic_u32 error[TP_NR_INJECTION_POINTS]; /* errno, 0: none */
};

/* Waits for a hotplug operation under way.  -ENOMEM. */
int tp_injector_init(struct tp_injector *injector, struct tp_machine *machine);
void tp_injector_fini(struct tp_injector *injector, struct tp_machine *machine);

#endif
