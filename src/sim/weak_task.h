/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weak_task - what the memory model knows of a task; for weak.c and weak_access.c.
 *
 * Invariants
 *  V1  now holds, of each location, the newest store that happens before what the task does next or
 *      was read by something that does.  The task may read that store and newer ones.
 *  V2  pending holds what was handed on with the values that were read relaxed: an acquire fence
 *      takes it over.  released is now as of the last release fence: relaxed stores hand it on.
 *  V3  A sequentially consistent operation is added to now.before when everything else about it is
 *      done: it does not come before itself, nor before who acquires what it releases.
 */
#ifndef TP_SIM_WEAK_TASK_H
#define TP_SIM_WEAK_TASK_H

#include "sim/view.h"

struct tp_weak_task {
	struct tp_view now, pending;
	const struct tp_view *released; /* NULL: no release fence yet */
};

extern struct tp_weak_task tp_weak_tasks[TP_SIM_MAX_TASKS];

/* NULL: code outside tasks. */
static inline struct tp_weak_task *tp_weak_task_of(unsigned task)
{
	return task < TP_SIM_MAX_TASKS ? &tp_weak_tasks[task] : NULL;
}

static inline bool tp_order_acquires(int order)
{
	return order != TP_RELAXED && order != TP_RELEASE;
}

static inline bool tp_order_releases(int order)
{
	return order == TP_RELEASE || order == TP_ACQ_REL || order == TP_SEQ_CST;
}

#endif
