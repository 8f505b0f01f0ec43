/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scratch - a chain of blocks, filled from the front in every run.
 *
 * A search settles on the blocks that its longest run needs, so its other runs allocate nothing.
 */
#include "sim/scratch.h"

#include <stdlib.h>

#include "core/invariant.h"

enum { BLOCK_SIZE = 1 << 20, GRAIN = 16 };

struct block {
	struct block *next;
	size_t size;
	_Alignas(GRAIN) char memory[];
};

static struct block *first, *filling;
static size_t used; /* of the block being filled */

void tp_scratch_begin(void)
{
	filling = first;
	used = 0;
}

static struct block *new_block(size_t size)
{
	struct block *block;

	size = TP_MAX(size, (size_t)BLOCK_SIZE);
	block = malloc(sizeof(*block) + size);
	TP_INVARIANT(block);
	block->next = NULL;
	block->size = size;
	return block;
}

/* Go on to a block with room for @size, skipping those that are too small. */
static void next_block(size_t size)
{
	struct block **at = filling ? &filling->next : &first;

	while (*at && (*at)->size < size)
		at = &(*at)->next;
	if (!*at)
		*at = new_block(size);
	filling = *at;
	used = 0;
}

void *tp_scratch_alloc(size_t size)
{
	void *memory;

	size = tp_align_up(size, GRAIN);
	if (!filling || filling->size - used < size)
		next_block(size);
	memory = filling->memory + used;
	used += size;
	return memory;
}
