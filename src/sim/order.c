/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * order - what must come before what in S, as one clock per sequentially consistent operation.
 *
 * The rules are those of C++20 ([atomics.order], paragraph 4), and two that it has no words for but
 * RC11 has: a fence that happens before an operation comes before it in S, and an operation that
 * happens before a fence comes before that.
 *
 * Invariants
 *  S1  upto[n - 1] of a task's operation n says which operations come before it in S, or are it;
 *      with an operation it holds all that come before that one.
 *  S2  A task's operations stand in S as they stand in the task.
 *  S3  No operation comes before itself: whatever would lead to that is not allowed.
 *  S4  Nothing is coherence-ordered after the newest store, so it may always be read, and a store
 *      may always go to the end.
 */
#include "sim/order.h"

#include <stdlib.h>
#include <string.h>

#include "core/invariant.h"
#include "sim/scratch.h"

/* The operations of one task. */
struct row {
	struct tp_sc_clock *upto;
	uint16_t nr;
	uint32_t room;
};

static struct row rows[TP_SIM_MAX_TASKS];

void tp_order_begin(void)
{
	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		rows[i].nr = 0;
}

/* With what comes before any of @clock. */
static struct tp_sc_clock closed(struct tp_sc_clock clock)
{
	struct tp_sc_clock all = clock;

	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		if (clock.upto[i])
			tp_sc_clock_join(&all, &rows[i].upto[clock.upto[i] - 1]);
	return all;
}

/* Is any of @sinks in @clock? */
static bool holds_any(const struct tp_sc_clock *clock, const struct tp_sc_clock *sinks)
{
	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		if (clock->upto[i] >= UINT16_MAX - sinks->upto[i])
			return true;
	return false;
}

/* @clock: what comes directly before it. */
static uint16_t append(unsigned task, struct tp_sc_clock clock)
{
	struct row *row = &rows[task];

	if (row->nr == row->room) {
		row->room = TP_MAX(2 * row->room, 64u);
		row->upto = realloc(row->upto, row->room * sizeof(*row->upto));
		TP_INVARIANT(row->upto);
	}
	clock = closed(clock);
	clock.upto[task] = row->nr + 1;
	row->upto[row->nr++] = clock;
	TP_INVARIANT(row->nr < UINT16_MAX);
	return row->nr;
}

static struct tp_order_mark *mark_of(uint16_t store)
{
	struct tp_order_mark **mark = &tp_store_at(store)->mark;

	if (!*mark) {
		*mark = tp_scratch_alloc(sizeof(**mark));
		memset(*mark, 0, sizeof(**mark));
	}
	return *mark;
}

/* What comes before something with this view that reads @store, or writes right after it. */
static struct tp_sc_clock before(const struct tp_view *view, uint16_t store, bool write)
{
	const struct tp_order_mark *mark = tp_store_at(store)->mark;
	struct tp_sc_clock clock = view->before;

	tp_sc_clock_join(&clock, &view->fences);
	if (mark)
		tp_sc_clock_join(&clock, &mark->sources);
	if (mark && write)
		tp_sc_clock_join(&clock, &mark->readers);
	return clock;
}

bool tp_order_allows(const struct tp_order_op *op, uint16_t store, bool write,
		     const struct tp_sc_clock *later)
{
	struct tp_sc_clock sources;

	if (tp_likely(tp_sc_clock_is_zero(later)))
		return true;
	sources = op->total ? before(op->view, store, write) : op->view->fences;
	sources = closed(sources);
	return !holds_any(&sources, later);
}

/* All of @sources, which is closed, come before @sinks and whatever comes after those. */
static void put_before(const struct tp_sc_clock *sources, const struct tp_sc_clock *sinks)
{
	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++)
		for (uint16_t n = rows[i].nr; n && holds_any(&rows[i].upto[n - 1], sinks); n--)
			tp_sc_clock_join(&rows[i].upto[n - 1], sources);
}

/* The stores behind @store get these sources, whose operation is coherence-ordered before them. */
static void note_sources(uint16_t store, const struct tp_sc_clock *sources)
{
	struct tp_sc_clock sinks = { { 0 } }, all;

	while ((store = tp_store_at(store)->newer)) {
		tp_order_pass(store, &sinks);
		tp_sc_clock_join(&mark_of(store)->sources, sources);
	}
	if (!tp_sc_clock_is_zero(&sinks)) {
		all = closed(*sources);
		put_before(&all, &sinks);
	}
}

static void note_sink(uint16_t store, unsigned task, uint16_t number)
{
	uint16_t *sink = &mark_of(store)->sinks.upto[task];

	/* The first of a task stands for the others, which come after it. */
	if (!*sink)
		*sink = UINT16_MAX - number;
}

/* A new store stands behind all that its neighbour stands behind, and behind who read that. */
static void inherit(uint16_t store, uint16_t written)
{
	const struct tp_order_mark *mark = tp_store_at(store)->mark;

	if (mark) {
		mark_of(written)->sources = mark->sources;
		tp_sc_clock_join(&mark_of(written)->sources, &mark->readers);
	}
}

uint16_t tp_order_note(const struct tp_order_op *op, uint16_t store, uint16_t written)
{
	struct tp_sc_clock sources = op->view->fences;
	uint16_t at = written ? written : store, number = 0;

	if (op->total) {
		number = append(op->task, before(op->view, store, written));
		sources.upto[op->task] = number;
		note_sink(at, op->task, number);
	}
	if (written)
		inherit(store, written);
	if (!tp_sc_clock_is_zero(&sources)) {
		tp_sc_clock_join(written ? &mark_of(at)->sources : &mark_of(at)->readers, &sources);
		note_sources(at, &sources);
	}
	return number;
}

uint16_t tp_order_fence(unsigned task, const struct tp_view *view)
{
	struct tp_sc_clock clock = before(view, 0, false);
	uint16_t number;

	for (uint32_t i = 0; i < view->nr; i++) {
		const struct tp_order_mark *mark = tp_store_at(view->seen[i])->mark;

		if (mark)
			tp_sc_clock_join(&clock, &mark->sources);
	}
	number = append(task, clock);
	for (uint32_t i = 0; i < view->nr; i++)
		if (tp_store_at(view->seen[i])->older)
			note_sink(view->seen[i], task, number);
	return number;
}
