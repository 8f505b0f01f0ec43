/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * order - is there still a total order S of the sequentially consistent operations?
 *
 * The order itself is never chosen.  What it must respect is collected as a run goes on, and an
 * operation may not do what would close a circle.  So operations on different objects have nothing
 * to do with each other here either, whichever is done first.
 *
 * An operation on an atomic variable stands for itself if it is sequentially consistent, and for
 * each sequentially consistent fence that happens before it (source) or after it (sink).  If it is
 * coherence-ordered before another, its sources come before the other's sinks in S.
 */
#ifndef TP_SIM_ORDER_H
#define TP_SIM_ORDER_H

#include "sim/history.h"

/* What S has to do with one store. */
struct tp_order_mark {
	struct tp_sc_clock sources; /* of the store and all that is coherence-ordered before it */
	struct tp_sc_clock readers; /* of what reads it */
	/* UINT16_MAX - the first of each task that is a sink of the store or of what reads it. */
	struct tp_sc_clock sinks;
};

/* An operation on an atomic variable that is about to be done. */
struct tp_order_op {
	unsigned task;
	bool total; /* it is itself sequentially consistent */
	const struct tp_view *view;
};

/* A run begins. */
void tp_order_begin(void);

/*
 * May @op read @store, or @write right after it?  @later: the sinks of all stores behind that one,
 * collected with tp_order_pass().
 */
bool tp_order_allows(const struct tp_order_op *op, uint16_t store, bool write,
		     const struct tp_sc_clock *later);
static inline void tp_order_pass(uint16_t store, struct tp_sc_clock *later)
{
	const struct tp_order_mark *mark = tp_store_at(store)->mark;

	if (mark)
		tp_sc_clock_join(later, &mark->sinks);
}

/*
 * @op was done: it read @store, or made @written right after it.  Returns its number among the
 * sequentially consistent operations of its task; 0: it is none.
 */
uint16_t tp_order_note(const struct tp_order_op *op, uint16_t store, uint16_t written);
/* The same for a fence. */
uint16_t tp_order_fence(unsigned task, const struct tp_view *view);

#endif
