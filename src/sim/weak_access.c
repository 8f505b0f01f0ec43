/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weak_access - loads, stores and read-modify-writes by their memory order.
 *
 * An access lists the ways it could go (which store it reads, or which it comes right after), lets
 * one be chosen, and goes it.
 */
#include "sim/choice.h"
#include "sim/history.h"
#include "sim/order.h"
#include "sim/weak.h"
#include "sim/weak_task.h"
#include "sim/word.h"

enum kind { LOAD, STORE, CHANGE, CAS };

struct access {
	enum kind kind;
	int order;
	uint64_t expected;	   /* CAS */
	unsigned number;	   /* of the task */
	struct tp_weak_task *task; /* NULL: code outside tasks */
	const struct tp_weak_cell *cell;
};

static uint16_t ways[UINT16_MAX];

/* ---- which ways there are -------------------------------------------------------------------- */

/* Does it write if it finds that value? */
static bool would_write(const struct access *access, uint64_t value)
{
	return access->kind != LOAD && (access->kind != CAS || value == access->expected);
}

static struct tp_order_op in_order(const struct access *access, bool write)
{
	/* A compare-and-swap that fails only acquires. */
	bool total = access->order == TP_SEQ_CST && (access->kind != CAS || write);

	return (struct tp_order_op){ access->number, total, &access->task->now };
}

static bool is_way(const struct access *access, uint16_t store, const struct tp_sc_clock *later)
{
	bool write = would_write(access, tp_store_at(store)->value);
	struct tp_order_op op = in_order(access, write);

	if (write && tp_store_at(tp_store_at(store)->newer)->attached)
		return false;
	return tp_order_allows(&op, store, write, later);
}

/* The oldest store the task may read, of those there are since the location last began. */
static uint16_t oldest_of(const struct access *access, const struct tp_location *location)
{
	uint16_t seen = tp_view_of(&access->task->now, access->cell->object);
	bool gone = tp_store_at(seen)->position < tp_store_at(location->oldest)->position;

	return gone ? location->oldest : seen;
}

/* Newest first; returns how many. */
static unsigned list_ways(const struct access *access, const struct tp_location *location)
{
	uint16_t oldest = oldest_of(access, location), store = location->newest;
	struct tp_sc_clock later = { { 0 } };
	unsigned nr = 0;

	for (;; store = tp_store_at(store)->older) {
		if (is_way(access, store, &later))
			ways[nr++] = store;
		if (store == oldest)
			return nr;
		tp_order_pass(store, &later);
	}
}

/* The store to read, or to come right after. */
static uint16_t choose(const struct access *access)
{
	const struct tp_location *location = tp_location_open(access->cell);
	unsigned nr;

	if (!access->task)
		return location->newest;
	nr = list_ways(access, location);
	return ways[nr > 1 ? tp_choice_value(nr) : 0];
}

/* ---- going one ------------------------------------------------------------------------------- */

static void take_over(const struct access *access, uint16_t store)
{
	const struct tp_view *message = tp_store_at(store)->message;
	struct tp_weak_task *task = access->task;

	if (message)
		tp_view_join(tp_order_acquires(access->order) ? &task->now : &task->pending,
			     message);
}

/* What a read-modify-write read is handed on with what it writes: the release sequence goes on. */
static const struct tp_view *handed_on(const struct access *access, uint16_t store)
{
	const struct tp_view *read = access->kind == STORE ? NULL : tp_store_at(store)->message;
	const struct tp_view *own = access->task->released;
	struct tp_view *both;

	if (tp_order_releases(access->order))
		own = &access->task->now;
	else if (!read || !own)
		return read ? read : own;
	both = tp_view_copy(own);
	if (read)
		tp_view_join(both, read);
	return both;
}

/* The task has done it: it knows @store, and itself (V3). */
static void remember(const struct access *access, uint16_t store, uint16_t number)
{
	tp_view_raise(&access->task->now, access->cell->object, store);
	if (number)
		access->task->now.before.upto[access->number] = number;
}

static void do_read(const struct access *access, uint16_t store)
{
	struct tp_order_op op;
	uint16_t number;

	if (!access->task)
		return;
	op = in_order(access, false);
	number = tp_order_note(&op, store, 0);
	take_over(access, store);
	remember(access, store, number);
}

static void do_write(const struct access *access, uint16_t store, uint64_t value)
{
	struct tp_order_op op;
	uint16_t written, number;

	if (!access->task) {
		tp_location_restart(access->cell, value);
		return;
	}
	op = in_order(access, true);
	written = tp_location_insert(access->cell, store, value);
	number = tp_order_note(&op, store, written);
	if (access->kind != STORE) {
		tp_store_at(written)->attached = true;
		take_over(access, store);
	}
	tp_store_at(written)->message = handed_on(access, store);
	remember(access, written, number);
}

/* ---- accesses -------------------------------------------------------------------------------- */

uint64_t tp_weak_load(unsigned task, const struct tp_weak_cell *cell, int order)
{
	struct access access = { LOAD, order, 0, task, tp_weak_task_of(task), cell };
	uint16_t store = choose(&access);

	do_read(&access, store);
	return tp_store_at(store)->value;
}

void tp_weak_store(unsigned task, const struct tp_weak_cell *cell, uint64_t value, int order)
{
	struct access access = { STORE, order, 0, task, tp_weak_task_of(task), cell };

	do_write(&access, choose(&access), tp_word_cut(value, cell->size));
}

uint64_t tp_weak_change(unsigned task, const struct tp_weak_cell *cell, enum tp_sim_change what,
			uint64_t operand, int order)
{
	struct access access = { CHANGE, order, 0, task, tp_weak_task_of(task), cell };
	uint16_t store = choose(&access);
	uint64_t old = tp_store_at(store)->value;

	do_write(&access, store, tp_word_cut(tp_word_changed(what, old, operand), cell->size));
	return old;
}

bool tp_weak_cas(unsigned task, const struct tp_weak_cell *cell, uint64_t *expected, uint64_t value,
		 int order)
{
	uint64_t wanted = tp_word_cut(*expected, cell->size);
	struct access access = { CAS, order, wanted, task, tp_weak_task_of(task), cell };
	uint16_t store = choose(&access);

	*expected = tp_store_at(store)->value;
	if (*expected == wanted) {
		do_write(&access, store, tp_word_cut(value, cell->size));
		return true;
	}
	access.order = TP_ACQUIRE;
	do_read(&access, store);
	return false;
}
