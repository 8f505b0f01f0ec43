/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weak - which stores a load may see: C11's memory orders.
 *
 * A location is a list of stores in modification order.  A task has a view: for each location the
 * oldest store it may still read.  Release hands a view on with the value, acquire takes it over.
 * The total order of sequentially consistent operations is not chosen; what it must respect is
 * kept, and nothing may be done that leaves no such order (sim/order.h).
 *
 * Exact: a program can do what C++20 and RC11 both allow (C11 as repaired), less load buffering: a
 * load never sees a store that comes later in the run.  tests/explore/test_axioms.c compares.
 *
 * Operations of different tasks on different objects commute, fences with everything, so an
 * explorer need not try both orders: in either the same ways are open to the two together.
 *
 * Objects are numbered by the run (sim/object.h).  Tasks are those of tidepool/sim.h, from
 * tp_weak_task_start() on; TP_SIM_MAX_TASKS stands for code outside tasks, which sees the newest
 * store, and whose stores everyone sees.  Where a load or store could go several ways,
 * tp_choice_value() (sim/choice.h) decides; way 0 is what a sequentially consistent machine does.
 */
#ifndef TP_SIM_WEAK_H
#define TP_SIM_WEAK_H

#include <tidepool/sim.h>

/* One atomic variable. */
struct tp_weak_cell {
	uint32_t object;
	volatile void *at;
	size_t size;
};

/* Forget everything: a run begins.  Cells hold their first value. */
void tp_weak_begin(void);

/* @child knows what @parent knows now; @task learns what @ended knew at its end. */
void tp_weak_task_start(unsigned parent, unsigned child);
void tp_weak_task_join(unsigned task, unsigned ended);

uint64_t tp_weak_load(unsigned task, const struct tp_weak_cell *cell, int order);
void tp_weak_store(unsigned task, const struct tp_weak_cell *cell, uint64_t value, int order);
/* Returns the old value. */
uint64_t tp_weak_change(unsigned task, const struct tp_weak_cell *cell, enum tp_sim_change what,
			uint64_t operand, int order);
bool tp_weak_cas(unsigned task, const struct tp_weak_cell *cell, uint64_t *expected, uint64_t value,
		 int order);
void tp_weak_fence(unsigned task, int order);

/* What locks and wait queues hand on: @object need not be a cell. */
void tp_weak_acquire(unsigned task, uint32_t object);
void tp_weak_release(unsigned task, uint32_t object);

/* Is there a newer store to @object than those @task knows of? */
bool tp_weak_is_behind(unsigned task, uint32_t object);
/* From now on @task sees the newest store to @object: no store stays unseen for ever. */
void tp_weak_catch_up(unsigned task, uint32_t object);
/* Its memory was freed: what lies there next begins with the value it has then. */
void tp_weak_forget(uint32_t object);

#endif
