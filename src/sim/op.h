/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* op - what a task is about to do to which objects, and what that is in conflict with. */
#ifndef TP_SIM_OP_H
#define TP_SIM_OP_H

#include "core/compiler.h"

enum tp_access_kind {
	TP_READS,
	TP_COUNTS,  /* adds blindly: two of them commute */
	TP_STORES,  /* writes blindly */
	TP_WRITES,  /* having looked */
	TP_LOCKS,   /* possible while the lock is free */
	TP_UNLOCKS, /* possible while it is held: never at the same time as TP_LOCKS */
};

struct tp_access {
	uint32_t object;
	enum tp_access_kind kind;
};

enum { TP_OP_ACCESSES = 8 };

struct tp_op {
	const char *verb, *where; /* for stories; literals */
	uint8_t nr;
	uint8_t joins; /* the task whose end it waits for, + 1 */
	struct tp_access access[TP_OP_ACCESSES];
};

/* Field by field: the accesses behind nr need not be cleared. */
static inline void tp_op_begin(struct tp_op *op, const char *verb, const char *where)
{
	op->verb = verb;
	op->where = where;
	op->nr = op->joins = 0;
}

static inline void tp_op_add(struct tp_op *op, uint32_t object, enum tp_access_kind kind)
{
	op->access[op->nr++] = (struct tp_access){ object, kind };
}

static inline bool tp_ops_are_same(const struct tp_op *a, const struct tp_op *b)
{
	if (a->nr != b->nr || a->joins != b->joins)
		return false;
	for (unsigned i = 0; i < a->nr; i++)
		if (a->access[i].object != b->access[i].object ||
		    a->access[i].kind != b->access[i].kind)
			return false;
	return true;
}

/* Does the order of the two matter? */
static inline bool tp_kinds_conflict(enum tp_access_kind a, enum tp_access_kind b)
{
	return a != b || a > TP_COUNTS;
}

/* After one of these, everything before it on the object is ordered before what comes later. */
static inline bool tp_kind_is_exclusive(enum tp_access_kind kind)
{
	return kind > TP_COUNTS;
}

/* Does it change the object without looking at what was there? */
static inline bool tp_kind_is_blind(enum tp_access_kind kind)
{
	return kind == TP_COUNTS || kind == TP_STORES || kind == TP_UNLOCKS;
}

/* Could both be possible at the same moment, so that one could go before the other? */
static inline bool tp_kinds_coenabled(enum tp_access_kind a, enum tp_access_kind b)
{
	return !((a == TP_LOCKS && b == TP_UNLOCKS) || (a == TP_UNLOCKS && b == TP_LOCKS));
}

static inline bool tp_ops_conflict(const struct tp_op *a, const struct tp_op *b)
{
	for (unsigned i = 0; i < a->nr; i++)
		for (unsigned j = 0; j < b->nr; j++)
			if (a->access[i].object == b->access[j].object &&
			    tp_kinds_conflict(a->access[i].kind, b->access[j].kind))
				return true;
	return false;
}

#endif
