/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path - growing a branch and finding the next one. */
#include <stdlib.h>

#include "core/invariant.h"
#include "sim/path.h"

struct tp_path tp_path;

void tp_path_reset(void)
{
	tp_path.kept = 0;
	tp_path_begin();
}

void tp_path_begin(void)
{
	tp_path.depth = 0;
	tp_path.last_task_node = -1;
}

static void grow(void)
{
	tp_path.room = tp_path.room ? tp_path.room * 2 : 256;
	tp_path.nodes = realloc(tp_path.nodes, tp_path.room * sizeof(*tp_path.nodes));
	tp_path.clocks = realloc(tp_path.clocks, tp_path.room * sizeof(*tp_path.clocks));
	TP_INVARIANT(tp_path.nodes && tp_path.clocks);
}

struct tp_node *tp_path_next(void)
{
	struct tp_node *node;

	if (tp_path.depth == tp_path.room)
		grow();
	node = &tp_path.nodes[tp_path.depth];
	if (!tp_path_repeats())
		*node = (struct tp_node){ 0 };
	tp_path.depth++;
	return node;
}

static bool take_next_answer(struct tp_node *node)
{
	uint32_t left;

	if (!node->is_task)
		return ++node->answer < node->nr;
	node->done |= 1u << node->task;
	left = node->backtrack & ~node->done & ~node->sleep;
	if (left)
		node->task = (uint8_t)__builtin_ctz(left);
	return left;
}

bool tp_path_advance(void)
{
	for (tp_path.kept = tp_path.depth; tp_path.kept; tp_path.kept--)
		if (take_next_answer(&tp_path.nodes[tp_path.kept - 1]))
			return true;
	return false;
}
