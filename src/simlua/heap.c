/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * heap - a stack of blocks that only grows, until it is put back.
 *
 * A run is short, so nothing is freed: what is put back between runs is the used part as a whole,
 * and with it whatever a run left unfinished.  It is not in the arena (sim/arena.h), whose
 * addresses are the same in every process: how much Lua needs is not, for its tables grow by hashes
 * that it seeds with the time.
 *
 * Invariants
 *  L1  A block stays as it is after it was "freed": the engine may still hold a text of it.
 */
#include "simlua/heap.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <tidepool/sim.h>

#include "core/compiler.h"
#include "sim/run.h"

enum { HEAP_SIZE = 64 << 20, GRAIN = 16 };

static char *heap, *saved;
static size_t used, saved_used;

static char *map(void)
{
	void *at = mmap(NULL, HEAP_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int tp_lua_heap_reset(void)
{
	if (!heap)
		heap = map();
	if (!saved)
		saved = map();
	used = 0;
	return heap && saved ? 0 : -ENOMEM;
}

void tp_lua_heap_snapshot(void)
{
	saved_used = used;
	memcpy(saved, heap, used);
}

void tp_lua_heap_restore(void)
{
	used = saved_used;
	memcpy(heap, saved, used);
}

static void *take(size_t size)
{
	void *block = heap + used;

	size = tp_align_up(size, GRAIN);
	if (size > HEAP_SIZE - used) {
		if (tp_run.active)
			tp_sim_fail(NULL, "the script needs more than %d MiB for itself",
				    HEAP_SIZE >> 20);
		return NULL;
	}
	used += size;
	return block;
}

void *tp_lua_heap_alloc(tp_unused void *arg, void *old, size_t old_size, size_t new_size)
{
	void *block;

	if (!new_size)
		return NULL;
	if (old && new_size <= old_size)
		return old;
	block = take(new_size);
	if (block && old)
		memcpy(block, old, old_size);
	return block;
}
