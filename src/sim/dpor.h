/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dpor - which other orders of a run matter.
 *
 * Source-DPOR (Abdulla, Aronis, Jonsson, Sagonas, 2014): where two steps conflict and nothing else
 * orders them, some run must have them the other way round; the nodes where it branches off are
 * marked.  The explorer explores it too: tests/explore has random programs that compare it with
 * plain search.
 */
#ifndef TP_SIM_DPOR_H
#define TP_SIM_DPOR_H

#include "sim/task.h"

/* A step of @task was added as the path's newest node: what happens before it? */
void tp_dpor_note_step(struct tp_task *task);
/* Mark where @task's next operation could have gone before one of the path's first @upto nodes. */
void tp_dpor_mark_races(const struct tp_task *task, uint32_t upto);
/* @task, started by the task that runs (NULL: outside tasks), knows what that one did. */
void tp_dpor_note_start(struct tp_task *task, const struct tp_task *starter);

#endif
