/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wait - wait queues, polling, and virtual time. */
#include <string.h>

#include "core/clock.h"
#include "core/sync.h"
#include "sim/run.h"
#include "sim/weak.h"

/* A loop that polls the clock looks at it again after so long. */
static const uint64_t poll_ns = TP_MILLISECONDS(1);

/* Virtual time as an object: matters only where timers may fire early. */
static char clock_object;

static bool timers_fire_early(void)
{
	return tp_run.limits.timers;
}

/* ---- announcing ------------------------------------------------------------------------------ */

/* The operation may set the clock.  A loop that polls has it among what it looks at already. */
static void add_clock(struct tp_op *op)
{
	uint32_t clock = tp_object_of(&clock_object);
	unsigned i = 0;

	while (i < op->nr && op->access[i].object != clock)
		i++;
	if (i == op->nr)
		tp_op_add(op, clock, TP_WRITES);
	else
		op->access[i].kind = TP_WRITES;
}

static void set_deadline(struct tp_task *task, uint64_t until_ns)
{
	task->deadline_ns = until_ns;
	if (until_ns != TP_WAIT_FOREVER && timers_fire_early())
		add_clock(&task->next);
}

/* ---- wait queues ----------------------------------------------------------------------------- */

/* What a wait queue's full barriers do where stores are buffered. */
static void meet(const struct tp_task *task, bool wakes)
{
	uint32_t object = task->next.access[0].object;

	tp_weak_fence(task->number, TP_SEQ_CST);
	if (wakes)
		tp_weak_release(task->number, object);
	else
		tp_weak_acquire(task->number, object);
}

uint32_t tp_sim_wait_prepare(struct tp_wait_queue *wq, const char *where)
{
	struct tp_task *task = tp_step("prepare to wait", &wq->seq, TP_READS, where);

	if (task) {
		if (tp_run_is_weak())
			meet(task, false);
		tp_step_end(task, false, wq->seq);
	}
	return wq->seq;
}

bool tp_sim_wait_commit(struct tp_wait_queue *wq, uint32_t ticket, uint64_t until_ns,
			const char *where)
{
	struct tp_task *task = tp_run.self;

	if (!task) {
		if (wq->seq == ticket)
			tp_sim_fail(where, "waiting outside tasks, where nobody can wake it");
		return true;
	}
	tp_lockrank_may_sleep();
	tp_op_begin(&task->next, "wait", where);
	tp_op_add(&task->next, tp_object_of(&wq->seq), TP_READS);
	task->gate = TP_GATE_WAKE;
	task->gate_word = &wq->seq;
	task->gate_value = ticket;
	set_deadline(task, until_ns);
	tp_run_announce(task);
	if (tp_run_is_weak())
		tp_weak_acquire(task->number, task->next.access[0].object);
	tp_step_end(task, false, task->in_time);
	return task->in_time;
}

void tp_sim_wake_all(struct tp_wait_queue *wq, const char *where)
{
	struct tp_task *task = tp_step("wake", &wq->seq, TP_STORES, where);

	wq->seq++;
	if (task) {
		if (tp_run_is_weak())
			meet(task, true);
		tp_step_end(task, true, wq->seq);
	}
}

/* ---- polling --------------------------------------------------------------------------------- */

static bool op_has(const struct tp_op *op, uint32_t object)
{
	for (unsigned i = 0; i < op->nr; i++)
		if (op->access[i].object == object)
			return true;
	return false;
}

/*
 * Make the operation a look at all that was seen, each object once and as last seen.  False: it was
 * too much.
 */
static bool look_again(struct tp_task *task)
{
	uint32_t kept = 0;

	if (task->nr_sights > TP_SIGHTS)
		return false;
	for (uint32_t i = task->nr_sights; i-- > 0;) {
		uint32_t object = task->sights[i].object;

		if (op_has(&task->next, object))
			continue;
		/* One access is kept for the clock. */
		if (task->next.nr == TP_OP_ACCESSES - 1)
			return false;
		tp_op_add(&task->next, object, TP_READS);
		task->sights[TP_SIGHTS - ++kept] = task->sights[i];
	}
	memmove(task->sights, task->sights + TP_SIGHTS - kept, kept * sizeof(*task->sights));
	task->nr_sights = kept;
	return true;
}

/*
 * What was seen before the polling began hides what it polls: so a task that has seen too much may
 * go on once.  If that happens again, the loop itself looks at too much.
 */
static void gate_by_sights(struct tp_task *task)
{
	if (look_again(task)) {
		task->relaxed_blindly = false;
		task->gate = task->nr_sights || task->read_clock ? TP_GATE_RELAX : TP_GATE_OPEN;
		return;
	}
	task->next.nr = 0;
	task->gate = task->relaxed_blindly ? TP_GATE_ANY : TP_GATE_OPEN;
	task->gate_value = (uint32_t)(tp_run.writes - task->own_writes);
	tp_run.inexact |= task->relaxed_blindly;
	task->relaxed_blindly = true;
}

/* What it looks at again (anything, if it has seen too much) shall be what is there by now. */
static void catch_up(const struct tp_task *task)
{
	for (unsigned i = 0; i < task->next.nr; i++)
		tp_weak_catch_up(task->number, task->next.access[i].object);
	for (uint32_t object = 0; !task->next.nr && object < tp_nr_objects; object++)
		tp_weak_catch_up(task->number, object);
}

void tp_sim_relax_at(const char *where)
{
	struct tp_task *task = tp_run.self;

	if (!task)
		return;
	tp_op_begin(&task->next, "relax", where);
	gate_by_sights(task);
	set_deadline(task, task->read_clock ? task->clock_ns + poll_ns : TP_WAIT_FOREVER);
	tp_run_announce(task);
	if (tp_run_is_weak())
		catch_up(task);
	tp_step_end(task, false, 0);
	task->nr_sights = 0;
	task->read_clock = false;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* From here on the time matters to the task, which another's timer may have set forward. */
static void look_at_clock(struct tp_task *task)
{
	if (!timers_fire_early())
		return;
	tp_step("read clock", &clock_object, TP_READS, "clock@");
	tp_step_end(task, false, tp_run.now_ns);
}

uint64_t tp_sim_now(void)
{
	struct tp_task *task = tp_run.self;

	if (!task)
		return tp_run.now_ns;
	look_at_clock(task);
	task->read_clock = true;
	task->clock_ns = tp_run.now_ns;
	return task->clock_ns;
}

void tp_sim_sleep(uint64_t ns)
{
	struct tp_task *task = tp_run.self;

	if (!task)
		return;
	tp_lockrank_may_sleep();
	look_at_clock(task);
	tp_op_begin(&task->next, "sleep", "clock@");
	task->gate = TP_GATE_SLEEP;
	set_deadline(task, tp_run.now_ns + TP_MIN(ns, TP_WAIT_FOREVER / 2));
	tp_run_announce(task);
	tp_step_end(task, false, tp_run.now_ns);
}

uint64_t tp_clock_now(void)
{
	return tp_sim_now();
}

void tp_sleep_ns(uint64_t ns)
{
	tp_sim_sleep(ns);
}
