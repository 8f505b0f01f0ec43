/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view - how much of a run something knows: a task, a value it handed on, a lock.
 *
 * Stores and objects are numbers (sim/history.h); sequentially consistent operations are counted
 * per task (sim/order.h).
 */
#ifndef TP_SIM_VIEW_H
#define TP_SIM_VIEW_H

#include <tidepool/sim.h>

/* Of each task its first so many sequentially consistent operations. */
struct tp_sc_clock {
	uint16_t upto[TP_SIM_MAX_TASKS];
};

static inline void tp_sc_clock_join(struct tp_sc_clock *clock, const struct tp_sc_clock *other)
{
	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		clock->upto[i] = clock->upto[i] > other->upto[i] ? clock->upto[i] : other->upto[i];
}

static inline bool tp_sc_clock_is_zero(const struct tp_sc_clock *clock)
{
	unsigned any = 0;

	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		any |= clock->upto[i];
	return !any;
}

/* All zero: knows nothing. */
struct tp_view {
	uint16_t *seen; /* per object the oldest store that may still be read; 0: any */
	uint32_t nr, room;
	struct tp_sc_clock before; /* strongly happens before what is done next */
	struct tp_sc_clock fences; /* sequentially consistent fences that happen before it */
};

void tp_view_raise(struct tp_view *view, uint32_t object, uint16_t store);
void tp_view_join(struct tp_view *view, const struct tp_view *other);
/* Make it know nothing again. */
void tp_view_clear(struct tp_view *view);
struct tp_view *tp_view_copy(const struct tp_view *view);

static inline uint16_t tp_view_of(const struct tp_view *view, uint32_t object)
{
	return object < view->nr ? view->seen[object] : 0;
}

#endif
