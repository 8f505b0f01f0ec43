/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * atomic - the atomics of sim.h: announce, then do it, on the memory itself or through the memory
 * model.
 */
#include "sim/run.h"
#include "sim/weak.h"
#include "sim/word.h"

static bool is_weak(const struct tp_task *task)
{
	return tp_unlikely(task && tp_run_is_weak());
}

static struct tp_weak_cell cell_of(const struct tp_task *task, volatile void *at, size_t size)
{
	return (struct tp_weak_cell){ task->next.access[0].object, at, size };
}

uint64_t tp_sim_load(const volatile void *at, size_t size, int order, const char *where)
{
	struct tp_task *task = tp_step("load", at, TP_READS, where);
	uint64_t value;

	if (is_weak(task)) {
		struct tp_weak_cell cell = cell_of(task, (volatile void *)(uintptr_t)at, size);

		value = tp_weak_load(task->number, &cell, order);
	} else {
		value = tp_word_read(at, size);
	}
	if (task)
		tp_step_end(task, false, value);
	return value;
}

void tp_sim_store(volatile void *at, size_t size, uint64_t value, int order, const char *where)
{
	struct tp_task *task = tp_step("store", at, TP_STORES, where);

	if (is_weak(task)) {
		struct tp_weak_cell cell = cell_of(task, at, size);

		tp_weak_store(task->number, &cell, value, order);
	} else {
		tp_word_write(at, size, value);
	}
	if (task)
		tp_step_end(task, true, value);
}

static uint64_t change(const struct tp_task *task, enum tp_sim_change what, volatile void *at,
		       size_t size, uint64_t operand, int order)
{
	uint64_t old;

	if (is_weak(task)) {
		struct tp_weak_cell cell = cell_of(task, at, size);

		return tp_weak_change(task->number, &cell, what, operand, order);
	}
	old = tp_word_read(at, size);
	tp_word_write(at, size, tp_word_changed(what, old, operand));
	return old;
}

uint64_t tp_sim_change(enum tp_sim_change what, volatile void *at, size_t size, uint64_t operand,
		       int order, const char *where)
{
	static const char *const verbs[] = { "exchange", "add", "sub", "or", "and" };
	struct tp_task *task = tp_step(verbs[what], at, TP_WRITES, where);
	uint64_t old = change(task, what, at, size, operand, order);

	/* Who takes what was taken already gives those who poll nothing new to see. */
	if (task)
		tp_step_end(task, tp_word_changed(what, old, operand) != old, old);
	return old;
}

void tp_sim_count(volatile void *at, size_t size, uint64_t value, const char *where)
{
	/* Where a load may see older stores, who counted first can be told. */
	enum tp_access_kind kind = tp_run_is_weak() ? TP_STORES : TP_COUNTS;
	struct tp_task *task = tp_step("count", at, kind, where);

	change(task, TP_SIM_ADD, at, size, value, TP_RELAXED);
	if (task)
		tp_step_end(task, true, value);
}

static bool cas(const struct tp_task *task, volatile void *at, size_t size, uint64_t *expected,
		uint64_t value, int order)
{
	uint64_t found;

	if (is_weak(task)) {
		struct tp_weak_cell cell = cell_of(task, at, size);

		return tp_weak_cas(task->number, &cell, expected, value, order);
	}
	found = tp_word_read(at, size);
	if (found != *expected) {
		*expected = found;
		return false;
	}
	tp_word_write(at, size, value);
	return true;
}

bool tp_sim_cas(volatile void *at, size_t size, void *expected, uint64_t value, int order,
		const char *where)
{
	struct tp_task *task = tp_step("cas", at, TP_WRITES, where);
	uint64_t wanted = tp_word_read(expected, size);
	bool done = cas(task, at, size, &wanted, value, order);

	tp_word_write(expected, size, wanted);
	if (task)
		tp_step_end(task, done, done ? value : wanted);
	return done;
}

/* Fences order what their own task does: who fences first cannot be told. */
void tp_sim_fence(int order, tp_unused const char *where)
{
	if (tp_run.self && tp_run_is_weak())
		tp_weak_fence(tp_run.self->number, order);
}
