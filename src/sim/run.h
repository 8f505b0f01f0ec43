/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run - one run of a scenario: its tasks, who may go on, and how it ends.
 *
 * Invariants
 *  E1  A run is a function of the scenario and of the answers of the strategy (sim/strategy.h):
 *      nothing else, neither time nor addresses, decides anything.
 *  E2  Exactly one fiber runs.  Scheduling happens on the stack of the task that parks, so a task
 *      that goes on costs no switch.
 *  E3  Outside tasks (self is NULL) operations happen directly and nothing is a choice.
 */
#ifndef TP_SIM_RUN_H
#define TP_SIM_RUN_H

#include <setjmp.h>
#include <tidepool/explore.h>

#include "sim/object.h"
#include "sim/task.h"

enum tp_outcome {
	TP_RUN_UNDER_WAY,
	TP_RUN_HELD,
	TP_RUN_FAILED,
	TP_RUN_PRUNED,	  /* every continuation was seen before */
	TP_RUN_ELSEWHERE, /* belongs to another shard */
};

/* What a run may do, fixed for all runs of a search. */
struct tp_limits {
	enum tp_memory_model memory;
	unsigned faults, timers, max_steps, cpus;
};

struct tp_run {
	const struct tp_scenario *scenario;
	struct tp_limits limits;
	void *state;
	bool active;	/* between begin and end of a run */
	bool recording; /* a story is being written */

	struct tp_task tasks[TP_SIM_MAX_TASKS];
	unsigned nr_tasks;
	uint32_t open;			/* tasks that could go on at once */
	uint32_t gated;			/* tasks that could if their gate were open */
	struct tp_task *self, *current; /* current: who took the last step */
	struct tp_fiber main, *launcher;
	struct tp_self main_self;

	uint64_t now_ns, steps, writes;
	bool inexact;  /* a task relaxed that had seen too much: not every order is tried */
	bool deciding; /* the step under way went before one that could have gone on */
	unsigned faults, timers;	      /* used up */
	uint32_t fault_hits, values, choices; /* numbers of the next ones */

	enum tp_outcome outcome;
	char finding[TP_FINDING_TEXT];
	jmp_buf outside; /* where a finding outside tasks ends */
};

extern struct tp_run tp_run;

/* Stacks and arena; -ENOMEM.  Once for the process. */
int tp_run_init(void);
/* Call prepare() and remember what it made. */
void tp_run_prepare(const struct tp_scenario *scenario, const struct tp_limits *limits);
/* Start a task; the run may end without a daemon. */
unsigned tp_run_start(const char *name, void (*fn)(void *arg), void *arg, bool daemon);
/* Do it once. */
enum tp_outcome tp_run_once(void);

/* ---- for the operations of sim.h ------------------------------------------------------------- */

/* Park until chosen; op and gate of the running task are set.  tp_run.self is not NULL. */
void tp_run_announce(struct tp_task *task);

/* Announce one access; NULL outside tasks, where there is nothing to wait for. */
struct tp_task *tp_step(const char *verb, const volatile void *at, enum tp_access_kind kind,
			const char *where);
/*
 * The step was taken.  @changed: the objects it announced to write were written.  @value is what
 * was read or written, for stories.
 */
void tp_step_end(struct tp_task *task, bool changed, uint64_t value);

static inline bool tp_run_is_weak(void)
{
	return tp_run.limits.memory == TP_MEMORY_C11;
}

/* Does the step called @site fail? */
bool tp_run_fault(const char *site);

#endif
