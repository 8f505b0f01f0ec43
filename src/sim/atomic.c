/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * atomic - the atomics of sim.h: announce, then do it, on the memory itself or through the memory
 * model.
 */
#include <string.h>

#include "core/invariant.h"
#include "sim/run.h"
#include "sim/weak.h"

static uint64_t peek(const volatile void *at, size_t size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	case 8:
		return *(const volatile uint64_t *)at;
	}
	TP_PANIC("an atomic of %zu bytes", size);
}

static void poke(volatile void *at, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		return;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		return;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		return;
	case 8:
		*(volatile uint64_t *)at = value;
		return;
	}
	TP_PANIC("an atomic of %zu bytes", size);
}

static uint64_t changed_value(enum tp_sim_change what, uint64_t old, uint64_t operand)
{
	switch (what) {
	case TP_SIM_EXCHANGE:
		return operand;
	case TP_SIM_ADD:
		return old + operand;
	case TP_SIM_SUB:
		return old - operand;
	case TP_SIM_OR:
		return old | operand;
	case TP_SIM_AND:
		return old & operand;
	}
	TP_PANIC("change of kind %u", what);
}

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
	struct tp_task *task = tp_step("load", at, TP_READS, order, where);
	uint64_t value;

	if (is_weak(task)) {
		struct tp_weak_cell cell = cell_of(task, (volatile void *)(uintptr_t)at, size);

		value = tp_weak_load(task->number, &cell, order);
	} else {
		value = peek(at, size);
	}
	if (task)
		tp_step_end(task, false, value);
	return value;
}

void tp_sim_store(volatile void *at, size_t size, uint64_t value, int order, const char *where)
{
	struct tp_task *task = tp_step("store", at, TP_WRITES, order, where);

	if (is_weak(task)) {
		struct tp_weak_cell cell = cell_of(task, at, size);

		tp_weak_store(task->number, &cell, value, order);
	} else {
		poke(at, size, value);
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
	old = peek(at, size);
	poke(at, size, changed_value(what, old, operand));
	return old;
}

uint64_t tp_sim_change(enum tp_sim_change what, volatile void *at, size_t size, uint64_t operand,
		       int order, const char *where)
{
	static const char *const verbs[] = { "exchange", "add", "sub", "or", "and" };
	struct tp_task *task = tp_step(verbs[what], at, TP_WRITES, order, where);
	uint64_t old = change(task, what, at, size, operand, order);

	if (task)
		tp_step_end(task, true, old);
	return old;
}

void tp_sim_count(volatile void *at, size_t size, uint64_t value, const char *where)
{
	/* Where a load may see older stores, who counted first can be told. */
	enum tp_access_kind kind = tp_run_is_weak() ? TP_WRITES : TP_COUNTS;
	struct tp_task *task = tp_step("count", at, kind, TP_RELAXED, where);

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
	found = peek(at, size);
	if (found != *expected) {
		*expected = found;
		return false;
	}
	poke(at, size, value);
	return true;
}

bool tp_sim_cas(volatile void *at, size_t size, void *expected, uint64_t value, int order,
		const char *where)
{
	struct tp_task *task = tp_step("cas", at, TP_WRITES, order, where);
	uint64_t wanted = peek(expected, size);
	bool done = cas(task, at, size, &wanted, value, order);

	poke(expected, size, wanted);
	if (task)
		tp_step_end(task, done, done ? value : wanted);
	return done;
}

void tp_sim_fence(int order, const char *where)
{
	struct tp_task *task = tp_run.self;

	/* Without store buffering it orders nothing that is not ordered. */
	if (!task || !tp_run_is_weak())
		return;
	if (order == TP_SEQ_CST)
		tp_step("fence", NULL, TP_WRITES, order, where);
	tp_weak_fence(task->number, order);
	if (order == TP_SEQ_CST)
		tp_step_end(task, true, 0);
}
