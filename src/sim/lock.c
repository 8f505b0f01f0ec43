/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock - locks in simulation: a task that wants one may go on when it is free.
 *
 * The ranked locks of core/sync.h are the plain ones of sim.h with core/lockrank.h in front.
 */
#include "core/sync.h"
#include "sim/run.h"
#include "sim/weak.h"

/* Whoever takes a lock outside tasks. */
enum { OUTSIDE = TP_SIM_MAX_TASKS + 1 };

static uint32_t holder_number(const struct tp_task *task)
{
	return task ? task->number + 1 : OUTSIDE;
}

static void take(struct tp_task *task, uint32_t *holder)
{
	if (*holder)
		tp_sim_fail(NULL, "deadlock: a lock that is taken outside tasks is held by %s",
			    *holder == OUTSIDE ? "itself" : tp_run.tasks[*holder - 1].name);
	*holder = holder_number(task);
	if (task && tp_run_is_weak())
		tp_weak_acquire(task->number, task->next.access[0].object);
}

void tp_sim_lock_take(uint32_t *holder, const char *where)
{
	struct tp_task *task = tp_run.self;

	if (task) {
		tp_op_begin(&task->next, "lock", where);
		tp_op_add(&task->next, tp_object_of(holder), TP_LOCKS);
		task->gate = TP_GATE_LOCK;
		task->gate_word = holder;
		task->deadline_ns = TP_WAIT_FOREVER;
		tp_run_announce(task);
	}
	take(task, holder);
	if (task)
		tp_step_end(task, true, 0);
}

bool tp_sim_lock_try(uint32_t *holder, const char *where)
{
	struct tp_task *task = tp_step("trylock", holder, TP_WRITES, where);
	bool taken = !*holder;

	if (taken)
		take(task, holder);
	if (task)
		tp_step_end(task, taken, taken);
	return taken;
}

void tp_sim_lock_give(uint32_t *holder, const char *where)
{
	struct tp_task *task = tp_step("unlock", holder, TP_UNLOCKS, where);

	if (*holder != holder_number(task))
		tp_sim_fail(NULL, "unlock of a lock that is not held by this task");
	*holder = 0;
	if (task && tp_run_is_weak())
		tp_weak_release(task->number, task->next.access[0].object);
	if (task)
		tp_step_end(task, true, 0);
}

/* ---- ranked locks ---------------------------------------------------------------------------- */

static void lock_ranked(uint32_t *holder, const struct tp_lock_id *id, const void *lock,
			const char *where)
{
	tp_lockrank_acquire(id, lock, false);
	tp_sim_lock_take(holder, where);
}

static bool trylock_ranked(uint32_t *holder, const struct tp_lock_id *id, const void *lock,
			   const char *where)
{
	if (!tp_sim_lock_try(holder, where))
		return false;
	tp_lockrank_acquire(id, lock, true);
	return true;
}

static void unlock_ranked(uint32_t *holder, const void *lock, const char *where)
{
	tp_lockrank_release(lock);
	tp_sim_lock_give(holder, where);
}

void tp_mutex_lock_at(struct tp_mutex *mutex, const char *where)
{
	tp_lockrank_may_sleep();
	lock_ranked(&mutex->state.v, &mutex->id, mutex, where);
}

bool tp_mutex_trylock_at(struct tp_mutex *mutex, const char *where)
{
	return trylock_ranked(&mutex->state.v, &mutex->id, mutex, where);
}

void tp_mutex_unlock_at(struct tp_mutex *mutex, const char *where)
{
	unlock_ranked(&mutex->state.v, mutex, where);
}

void tp_spin_lock_at(struct tp_spinlock *lock, const char *where)
{
	lock_ranked(&lock->state.v, &lock->id, lock, where);
}

bool tp_spin_trylock_at(struct tp_spinlock *lock, const char *where)
{
	return trylock_ranked(&lock->state.v, &lock->id, lock, where);
}

void tp_spin_unlock_at(struct tp_spinlock *lock, const char *where)
{
	unlock_ranked(&lock->state.v, lock, where);
}
