/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * object - from address to number: a hash table that a run empties by counting up an epoch.
 *
 * Invariants
 *  O1  A slot is in use if and only if its epoch is the run's.
 *  O2  At most half of the slots are in use, so probing ends.
 */
#include <stdlib.h>

#include "core/invariant.h"
#include "sim/object.h"

struct tp_object *tp_objects;
uint32_t tp_nr_objects;
struct tp_object_slot *tp_object_slots;
uint32_t tp_object_mask, tp_object_epoch;

static uint32_t nr_slots;

static void grow(void)
{
	nr_slots = nr_slots ? nr_slots * 2 : 1024;
	free(tp_object_slots);
	tp_object_slots = calloc(nr_slots, sizeof(*tp_object_slots));
	tp_objects = realloc(tp_objects, nr_slots / 2 * sizeof(*tp_objects));
	TP_INVARIANT(tp_object_slots && tp_objects);
	tp_object_mask = nr_slots - 1;
	tp_object_epoch = 1;
	for (uint32_t i = 0; i < tp_nr_objects; i++)
		*tp_object_find(tp_objects[i].address) =
			(struct tp_object_slot){ tp_objects[i].address, tp_object_epoch, i };
}

void tp_objects_begin(void)
{
	tp_nr_objects = 0;
	if (!nr_slots || ++tp_object_epoch == 0)
		grow();
}

uint32_t tp_object_add(const volatile void *address)
{
	if (tp_nr_objects == nr_slots / 2)
		grow();
	*tp_object_find(address) =
		(struct tp_object_slot){ address, tp_object_epoch, tp_nr_objects };
	tp_objects[tp_nr_objects] = (struct tp_object){ .address = address, .last_access = -1 };
	return tp_nr_objects++;
}
