/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * object - the shared variables, locks and queues of a run, numbered as they are first met.
 *
 * Numbers are a function of the choices of the run, never of addresses, so the same beginning gives
 * the same numbers.
 */
#ifndef TP_SIM_OBJECT_H
#define TP_SIM_OBJECT_H

#include "core/compiler.h"

struct tp_object {
	const volatile void *address;
	uint32_t version;    /* changes with every write */
	int32_t last_access; /* newest node of the path that touches it, -1: none */
};

extern struct tp_object *tp_objects;
extern uint32_t tp_nr_objects;

/* A run begins: nothing has been met. */
void tp_objects_begin(void);

/* A slot of the hash table; in use if its epoch is the run's. */
struct tp_object_slot {
	const volatile void *address;
	uint32_t epoch, object;
};

extern struct tp_object_slot *tp_object_slots;
extern uint32_t tp_object_mask, tp_object_epoch;

uint32_t tp_object_add(const volatile void *address);

static inline struct tp_object_slot *tp_object_find(const volatile void *address)
{
	uint32_t i = (uint32_t)(((uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

	for (;; i++) {
		struct tp_object_slot *slot = &tp_object_slots[i & tp_object_mask];

		if (slot->epoch != tp_object_epoch || slot->address == address)
			return slot;
	}
}

static inline uint32_t tp_object_of(const volatile void *address)
{
	const struct tp_object_slot *slot = tp_object_find(address);

	return tp_likely(slot->epoch == tp_object_epoch) ? slot->object : tp_object_add(address);
}

#endif
