/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * task - one fiber of a run: what it is about to do, and what must be true before it may.
 *
 * A task announces its next operation, parks, and performs it when it is chosen.  Between two parks
 * it touches no shared object but those it announced.
 */
#ifndef TP_SIM_TASK_H
#define TP_SIM_TASK_H

#include <string.h>

#include <tidepool/sim.h>

#include "core/self.h"
#include "sim/fiber.h"
#include "sim/op.h"

enum tp_gate {
	TP_GATE_OPEN,
	TP_GATE_LOCK,  /* until *gate_word is 0 */
	TP_GATE_WAKE,  /* until *gate_word is not gate_value, or the deadline */
	TP_GATE_SLEEP, /* until the deadline */
	TP_GATE_RELAX, /* until something it has seen changes, or the deadline */
	TP_GATE_ANY,   /* the same, having seen too much to remember: until anything changes */
	TP_GATE_JOIN,  /* until task gate_value has ended */
};

/* An object a task looked at or changed, as it was then. */
struct tp_sight {
	uint32_t object, version;
};

enum { TP_SIGHTS = 16 };

struct tp_task {
	enum tp_gate gate;
	uint32_t gate_value;
	const volatile uint32_t *gate_word;
	uint64_t deadline_ns; /* TP_WAIT_FOREVER: none */
	bool ended;
	bool daemon;	      /* the run may end without it */
	bool in_time;	      /* its last wait ended by a wake, not by the deadline */
	bool read_clock;      /* since it last relaxed: clock_ns */
	bool relaxed_blindly; /* it had seen too much when it last relaxed */
	uint32_t number, nr_ops;
	int32_t last_node; /* of the path: its newest step; -1: none */
	int32_t priority;  /* PCT */
	uint64_t clock_ns;
	uint64_t own_writes;
	void (*fn)(void *arg);
	void *arg;
	char name[TP_SIM_NAME];
	struct tp_fiber fiber;
	struct tp_op next;
	uint32_t nr_sights; /* since it last relaxed; the first TP_SIGHTS are listed */
	struct tp_sight sights[TP_SIGHTS];
	struct tp_self self;
};

/* As new; sights, operation and locks behind their counts need not be cleared. */
static inline void tp_task_init(struct tp_task *task, uint32_t number, const char *name,
				void (*fn)(void *arg), void *arg)
{
	memset(task, 0, offsetof(struct tp_task, fiber));
	for (unsigned i = 0; i < TP_SIM_NAME - 1 && name[i]; i++)
		task->name[i] = name[i];
	task->number = number;
	task->last_node = -1;
	task->fn = fn;
	task->arg = arg;
	task->next.nr = task->next.joins = 0;
	task->nr_sights = 0;
	task->self.held.nr = task->self.held.nr_spin = 0;
	task->self.held.highest = 0;
	task->self.error.err = 0;
}

#endif
