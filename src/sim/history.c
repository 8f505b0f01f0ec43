/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * history - a table of stores, linked into a list per location.
 *
 * Nothing is cleared when a run begins: stores are counted anew, and a location is as it was left
 * until its epoch is found to be an old one.
 */
#include "sim/history.h"

#include <stdlib.h>
#include <string.h>

#include "core/invariant.h"
#include "sim/word.h"

struct tp_store *tp_stores;

static struct tp_location *locations;
static uint32_t nr_locations, epoch;
static uint32_t nr_stores, room_for_stores;

/* Room for one more than @nr, at least doubled; the new part is zero. */
static void *grow(void *old, uint32_t *room, uint32_t nr, size_t size)
{
	uint32_t want = TP_MAX(2 * *room, TP_MAX(nr + 1, 256u));
	char *memory = realloc(old, want * size);

	TP_INVARIANT(memory);
	memset(memory + *room * size, 0, (want - *room) * size);
	*room = want;
	return memory;
}

void tp_history_begin(void)
{
	if (!room_for_stores)
		tp_stores = grow(NULL, &room_for_stores, 0, sizeof(*tp_stores));
	nr_stores = 1;
	epoch++;
	TP_INVARIANT(epoch);
}

struct tp_location *tp_location_of(uint32_t object)
{
	struct tp_location *location;

	if (object >= nr_locations)
		locations = grow(locations, &nr_locations, object, sizeof(*locations));
	location = &locations[object];
	if (location->epoch != epoch)
		*location = (struct tp_location){ .epoch = epoch };
	return location;
}

static uint16_t new_store(uint64_t value, uint32_t position)
{
	if (nr_stores == UINT16_MAX)
		TP_PANIC("more than %d atomic stores in one run", UINT16_MAX - 1);
	if (nr_stores == room_for_stores)
		tp_stores = grow(tp_stores, &room_for_stores, nr_stores, sizeof(*tp_stores));
	tp_stores[nr_stores] = (struct tp_store){ .value = value, .position = position };
	return (uint16_t)nr_stores++;
}

void tp_location_restart(const struct tp_weak_cell *cell, uint64_t value)
{
	struct tp_location *location = tp_location_of(cell->object);

	tp_word_write(cell->at, cell->size, value);
	location->oldest = new_store(value, tp_stores[location->newest].position + 1);
	location->newest = location->oldest;
	location->forgotten = false;
}

struct tp_location *tp_location_open(const struct tp_weak_cell *cell)
{
	struct tp_location *location = tp_location_of(cell->object);
	uint64_t value = tp_word_read(cell->at, cell->size);

	if (!location->newest || location->forgotten || tp_stores[location->newest].value != value)
		tp_location_restart(cell, value);
	return location;
}

uint16_t tp_location_insert(const struct tp_weak_cell *cell, uint16_t older, uint64_t value)
{
	struct tp_location *location = tp_location_of(cell->object);
	uint16_t store = new_store(value, tp_stores[older].position + 1);
	uint16_t newer = tp_stores[older].newer;

	tp_stores[store].older = older;
	tp_stores[store].newer = newer;
	tp_stores[older].newer = store;
	if (!newer) {
		location->newest = store;
		tp_word_write(cell->at, cell->size, value);
		return store;
	}
	tp_stores[newer].older = store;
	for (; newer; newer = tp_stores[newer].newer)
		tp_stores[newer].position++;
	return store;
}
