/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arena - a bump allocator with a free list per size.
 *
 * Invariants
 *  G1  A block's header says its size, which never changes; a free block lies in its size's list.
 *  G2  Freed memory is filled with a pattern, so that whoever still reads it sees nonsense.
 */
#include "sim/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/invariant.h"
#include "sim/run.h"
#include "sim/weak.h"

/* Far from where any kernel puts what it places itself. */
static const uintptr_t arena_address = UINT64_C(0x510000000000);

enum {
	ARENA_SIZE = 1 << 28,
	GRAIN = 16,
	CLASSES = 64, /* sizes up to CLASSES * GRAIN have exact lists; larger ones share one */
	FREED = 0xdd,
	MAX_ALIGN = 4096,
};

struct block {
	size_t size; /* of the memory behind it */
	struct block *next_free;
};

struct arena {
	size_t used; /* bytes from the arena's beginning */
	struct block *free[CLASSES + 1];
};

static struct arena *arena;
static char *saved;
static size_t saved_size;

int tp_arena_init(void)
{
	void *at = mmap((void *)arena_address, ARENA_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (at != (void *)arena_address)
		return -ENOMEM;
	arena = at;
	tp_arena_reset();
	return 0;
}

void tp_arena_reset(void)
{
	memset(arena, 0, sizeof(*arena));
	arena->used = sizeof(*arena);
}

void tp_arena_snapshot(void)
{
	free(saved);
	saved_size = arena->used;
	saved = malloc(saved_size);
	TP_INVARIANT(saved);
	memcpy(saved, arena, saved_size);
}

void tp_arena_restore(void)
{
	memcpy(arena, saved, saved_size);
}

static size_t class_of(size_t size)
{
	return TP_MIN(size / GRAIN, (size_t)CLASSES);
}

static bool fits(const struct block *block, size_t align, size_t size)
{
	return block->size >= size && !((uintptr_t)(block + 1) & (align - 1));
}

static struct block *take_free(size_t align, size_t size)
{
	struct block **at = &arena->free[class_of(size)], *block;

	while (*at && !fits(*at, align, size))
		at = &(*at)->next_free;
	block = *at;
	if (block)
		*at = block->next_free;
	return block;
}

static struct block *take_new(size_t align, size_t size)
{
	uintptr_t at = arena_address + arena->used;
	struct block *block = (struct block *)tp_align_up(at + sizeof(*block), align) - 1;

	if ((uintptr_t)(block + 1) + size > arena_address + ARENA_SIZE)
		return NULL;
	block->size = size;
	arena->used = (uintptr_t)(block + 1) + size - arena_address;
	return block;
}

void *tp_arena_alloc(size_t align, size_t size)
{
	struct block *block;

	if (size > ARENA_SIZE)
		return NULL;
	align = TP_MAX(align, (size_t)GRAIN);
	size = tp_align_up(TP_MAX(size, (size_t)1), GRAIN);
	TP_INVARIANT(align <= MAX_ALIGN);
	block = take_free(align, size);
	if (!block)
		block = take_new(align, size);
	if (!block)
		return NULL;
	block->next_free = NULL;
	return memset(block + 1, 0, block->size);
}

/* Their next owner's variables begin anew. */
static void forget_objects(const char *memory, size_t size)
{
	for (uint32_t i = 0; i < tp_nr_objects; i++) {
		const volatile char *at = tp_objects[i].address;

		if (at >= memory && at < memory + size)
			tp_weak_forget(i);
	}
}

void tp_arena_free(void *memory)
{
	struct block *block;

	if (!memory)
		return;
	TP_INVARIANT(tp_arena_has(memory));
	block = (struct block *)memory - 1;
	if (tp_run_is_weak() && tp_run.active)
		forget_objects(memory, block->size);
	memset(memory, FREED, block->size);
	block->next_free = arena->free[class_of(block->size)];
	arena->free[class_of(block->size)] = block;
}

bool tp_arena_has(const void *memory)
{
	uintptr_t at = (uintptr_t)memory;

	return at >= arena_address && at < arena_address + ARENA_SIZE;
}
