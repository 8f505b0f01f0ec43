/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path - the branch of the choice tree that a run walks, for the strategies that search it whole.
 *
 * Invariants
 *  H1  A run repeats the first kept nodes of the run before, the last of them with another answer,
 *      and grows new nodes behind them.
 *  H2  A node's done holds the tasks whose subtrees were searched; sleep those that need not be,
 *      because a sibling's subtree has it all; backtrack those that must be.
 *  H3  clock[i] says for each task how much of it (a node number + 1) happens before node i's step
 *      or is it, as far as conflicts order anything.
 */
#ifndef TP_SIM_PATH_H
#define TP_SIM_PATH_H

#include <tidepool/sim.h>

#include "sim/op.h"

struct tp_clock {
	uint32_t at[TP_SIM_MAX_TASKS];
};

struct tp_node {
	bool is_task;	     /* who runs; else another question */
	uint8_t task;	     /* is_task: the answer */
	uint16_t answer, nr; /* else: the answer, of how many */
	uint32_t enabled, backtrack, done, sleep;
	struct tp_op op; /* that the task takes */
	/* per access of op: the node before that accesses the object, or -1 */
	int32_t previous[TP_OP_ACCESSES];
};

struct tp_path {
	struct tp_node *nodes;
	struct tp_clock *clocks;
	uint32_t depth; /* nodes of this run so far */
	uint32_t kept;	/* nodes that repeat the run before */
	uint32_t room;
	int32_t last_task_node; /* -1: none yet */
};

extern struct tp_path tp_path;

/* A new search. */
void tp_path_reset(void);
/* A new run along the kept nodes. */
void tp_path_begin(void);
/* Is the next node one that the run before had? */
static inline bool tp_path_repeats(void)
{
	return tp_path.depth < tp_path.kept;
}
/* The node at depth, which becomes part of the run: the kept one, or a zeroed one. */
struct tp_node *tp_path_next(void);
/* Keep up to the deepest node that has an answer left, and take that.  False: there is none. */
bool tp_path_advance(void);

#endif
