/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread - tasks by the names of core/sync.h, and simulated CPUs.
 *
 * The library's threads (kswapd, kcompactd) do not run unless the scenario asks for them: each
 * would multiply what there is to explore.  A thread that never runs is as good as one that always
 * sleeps.
 *
 * Fault sites: core/thread.
 */
#include "sim/thread.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "core/sync.h"
#include "sim/run.h"
#include "sim/weak.h"

enum { ASLEEP = 0 }; /* handle of a thread that never runs; others are task + 1 */

static struct tp_thread *prepared[TP_SIM_MAX_TASKS];
static unsigned nr_prepared;

/* ---- tasks ----------------------------------------------------------------------------------- */

unsigned tp_sim_start(const char *name, void (*fn)(void *arg), void *arg)
{
	if (!tp_run.active)
		tp_sim_fail(NULL, "%s is started by prepare(); tasks are for start()", name);
	return tp_run_start(name, fn, arg, false);
}

unsigned tp_sim_self(void)
{
	return tp_run.self ? tp_run.self->number : TP_SIM_MAX_TASKS;
}

void tp_sim_join(unsigned number)
{
	struct tp_task *task = tp_run.self;

	TP_INVARIANT(number < tp_run.nr_tasks);
	if (!task) {
		if (!tp_run.tasks[number].ended)
			tp_sim_fail(NULL, "joining %s outside tasks, before it ended",
				    tp_run.tasks[number].name);
		return;
	}
	tp_op_begin(&task->next, "join", "task@");
	task->next.joins = (uint8_t)(number + 1);
	task->gate = TP_GATE_JOIN;
	task->gate_value = number;
	task->deadline_ns = TP_WAIT_FOREVER;
	tp_run_announce(task);
	if (tp_run_is_weak())
		tp_weak_task_join(task->number, number);
	tp_step_end(task, false, number);
}

/* ---- threads --------------------------------------------------------------------------------- */

void tp_threads_forget(void)
{
	nr_prepared = 0;
}

void tp_threads_start_prepared(void)
{
	for (unsigned i = 0; i < nr_prepared; i++)
		prepared[i]->handle =
			tp_run_start(prepared[i]->name, prepared[i]->fn, prepared[i]->arg, true) +
			1;
}

int tp_thread_start(struct tp_thread *thread, const char *name, void (*fn)(void *), void *arg)
{
	*thread = (struct tp_thread){ .fn = fn, .arg = arg, .handle = ASLEEP };
	strncat(thread->name, name, sizeof(thread->name) - 1);
	if (TP_FAULT("core/thread"))
		return TP_ERR_TEXT(-EAGAIN, name, "starting thread %s");
	if (!tp_run.scenario->threads)
		return 0;
	if (tp_run.active) {
		thread->handle = tp_run_start(thread->name, fn, arg, true) + 1;
	} else {
		TP_INVARIANT(nr_prepared < TP_ARRAY_SIZE(prepared));
		prepared[nr_prepared++] = thread;
	}
	return 0;
}

/* prepare() ends a thread that it started. */
static void forget_prepared(const struct tp_thread *thread)
{
	for (unsigned i = 0; i < nr_prepared; i++)
		if (prepared[i] == thread)
			prepared[i] = prepared[--nr_prepared];
}

void tp_thread_join(struct tp_thread *thread)
{
	tp_lockrank_may_sleep();
	if (!tp_run.active)
		forget_prepared(thread);
	if (thread->handle != ASLEEP)
		tp_sim_join((unsigned)thread->handle - 1);
}

uint32_t tp_thread_id(void)
{
	return tp_sim_self() + 1;
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

unsigned tp_cpu_count(void)
{
	return tp_run.limits.cpus;
}

unsigned tp_cpu_current(void)
{
	return tp_run.self ? tp_run.self->number % tp_run.limits.cpus : 0;
}
