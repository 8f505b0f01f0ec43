/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* weak - what orders accesses to memory beside themselves: tasks, fences, locks. */
#include "sim/weak.h"

#include "core/compiler.h"
#include "sim/history.h"
#include "sim/order.h"
#include "sim/scratch.h"
#include "sim/weak_task.h"

struct tp_weak_task tp_weak_tasks[TP_SIM_MAX_TASKS];

void tp_weak_begin(void)
{
	tp_scratch_begin();
	tp_history_begin();
	tp_order_begin();
}

/* ---- tasks ----------------------------------------------------------------------------------- */

void tp_weak_task_start(unsigned parent, unsigned child)
{
	const struct tp_weak_task *starter = tp_weak_task_of(parent);

	tp_weak_tasks[child] = (struct tp_weak_task){ .released = NULL };
	if (starter)
		tp_view_join(&tp_weak_tasks[child].now, &starter->now);
}

void tp_weak_task_join(unsigned task, unsigned ended)
{
	struct tp_weak_task *self = tp_weak_task_of(task);

	if (self)
		tp_view_join(&self->now, &tp_weak_tasks[ended].now);
}

/* ---- fences ---------------------------------------------------------------------------------- */

void tp_weak_fence(unsigned task, int order)
{
	struct tp_weak_task *self = tp_weak_task_of(task);

	if (!self)
		return;
	if (tp_order_acquires(order)) {
		tp_view_join(&self->now, &self->pending);
		tp_view_clear(&self->pending);
	}
	if (order == TP_SEQ_CST)
		self->now.fences.upto[task] = tp_order_fence(task, &self->now);
	if (tp_order_releases(order))
		self->released = tp_view_copy(&self->now);
}

/* ---- locks and wait queues ------------------------------------------------------------------- */

void tp_weak_acquire(unsigned task, uint32_t object)
{
	struct tp_weak_task *self = tp_weak_task_of(task);

	if (self)
		tp_view_join(&self->now, &tp_location_of(object)->handed);
}

void tp_weak_release(unsigned task, uint32_t object)
{
	const struct tp_weak_task *self = tp_weak_task_of(task);

	if (self)
		tp_view_join(&tp_location_of(object)->handed, &self->now);
}

/* ---- memory ---------------------------------------------------------------------------------- */

bool tp_weak_is_behind(unsigned task, uint32_t object)
{
	const struct tp_weak_task *self = tp_weak_task_of(task);
	uint16_t newest = tp_location_of(object)->newest;

	return self && tp_store_at(tp_view_of(&self->now, object))->position <
			       tp_store_at(newest)->position;
}

void tp_weak_catch_up(unsigned task, uint32_t object)
{
	struct tp_weak_task *self = tp_weak_task_of(task);

	if (self)
		tp_view_raise(&self->now, object, tp_location_of(object)->newest);
}

void tp_weak_forget(uint32_t object)
{
	struct tp_location *location = tp_location_of(object);

	location->forgotten = true;
	tp_view_clear(&location->handed);
}
