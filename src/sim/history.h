/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * history - every store to every atomic variable of a run, in modification order.
 *
 * Invariants
 *  W1  Memory holds the newest store.  Where it does not, plain code wrote to it: the location
 *      begins anew with that one value, which everyone sees.
 *  W2  Positions of one location rise along its modification order, also across new beginnings.
 *  W3  Nothing comes between a store and the read-modify-write attached to it.
 */
#ifndef TP_SIM_HISTORY_H
#define TP_SIM_HISTORY_H

#include "sim/view.h"
#include "sim/weak.h"

struct tp_order_mark;

struct tp_store {
	uint64_t value;
	const struct tp_view *message; /* what it hands on to who acquires; NULL: nothing */
	struct tp_order_mark *mark;    /* its part in the total order (sim/order.h), or NULL */
	uint32_t position;
	uint16_t older, newer; /* neighbours in modification order; 0: none */
	bool attached;	       /* the write of a read-modify-write that read the older one */
};

/* One object of the run: an atomic variable, or a lock or wait queue, which has no stores. */
struct tp_location {
	uint32_t epoch;		 /* of the run it was last used in */
	uint16_t oldest, newest; /* 0: no store is known yet */
	bool forgotten;		 /* its memory has a new owner since */
	struct tp_view handed;	 /* what a lock or wait queue hands on */
};

/* A run begins. */
void tp_history_begin(void);

struct tp_location *tp_location_of(uint32_t object);
/* The same for an atomic variable, with at least one store (W1). */
struct tp_location *tp_location_open(const struct tp_weak_cell *cell);
/* Begin anew with @value, and put it into memory. */
void tp_location_restart(const struct tp_weak_cell *cell, uint64_t value);
/* A store right after the store @older of the cell. */
uint16_t tp_location_insert(const struct tp_weak_cell *cell, uint16_t older, uint64_t value);

extern struct tp_store *tp_stores;

/* Number 0 is no store; its position is before all others. */
static inline struct tp_store *tp_store_at(uint16_t store)
{
	return &tp_stores[store];
}

#endif
