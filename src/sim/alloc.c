/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* alloc - the simulated heap: the arena. */
#include <tidepool/sim.h>

#include "core/heap.h"
#include "sim/arena.h"

void *tp_heap_take(size_t align, size_t size)
{
	return tp_arena_alloc(align, size);
}

void tp_heap_give(void *p)
{
	tp_arena_free(p);
}

void *tp_sim_alloc(size_t size)
{
	void *p = tp_arena_alloc(TP_SIM_ALIGN, size);

	if (!p)
		tp_sim_fail(NULL, "%zu bytes are more than the arena has", size);
	return p;
}

void tp_sim_free(void *memory)
{
	tp_arena_free(memory);
}
