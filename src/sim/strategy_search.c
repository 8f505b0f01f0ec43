/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strategy_search - whole trees: DFS, sleep sets, source-DPOR, bounded preemptions.
 *
 * They differ in which tasks a new node must try (its backtrack set): all of them; all that do not
 * sleep; one, and those that races will ask for; or all while preemptions are left.
 *
 * Shards.  Down to SHARD_DEPTH nodes every shard searches the same tree, trying all that do not
 * sleep; the subtrees below are numbered in that order and dealt out.  A shard that meets one of
 * another's goes no further into it.  Deep enough that a real machine's subtrees, which differ much
 * in size, are many.
 */
#include "core/invariant.h"
#include "sim/dpor.h"
#include "sim/path.h"
#include "sim/strategy.h"

enum { SHARD_DEPTH = 48 };

static uint32_t nr_task_nodes; /* of this run */
static unsigned preemptions;   /* of this run */
static uint64_t nr_subtrees;   /* met so far */
static bool is_elsewhere;      /* this run's subtree belongs to another shard */
static bool was_dealt;	       /* this run has come to its subtree */

static bool uses(enum tp_strategy strategy)
{
	return tp_strategy_setup.strategy == strategy;
}

static void begin(uint64_t run)
{
	if (!run) {
		tp_path_reset();
		nr_subtrees = 0;
	}
	tp_path_begin();
	nr_task_nodes = 0;
	preemptions = 0;
	was_dealt = false;
}

/* ---- which tasks a new node tries ------------------------------------------------------------ */

/* Tasks whose next step was searched from an earlier node and conflicts with nothing since. */
static uint32_t sleeping_tasks(void)
{
	const struct tp_node *before;
	uint32_t asleep = 0;

	if (tp_path.last_task_node < 0 || uses(TP_STRATEGY_DFS) || uses(TP_STRATEGY_BOUND))
		return 0;
	before = &tp_path.nodes[tp_path.last_task_node];
	for (uint32_t left = (before->sleep | before->done) & ~(1u << before->task); left;
	     left &= left - 1) {
		uint32_t q = (uint32_t)__builtin_ctz(left);

		if (!tp_ops_conflict(&before->op, &tp_run.tasks[q].next))
			asleep |= 1u << q;
	}
	return asleep;
}

static bool is_preemption(uint32_t enabled, const struct tp_task *task)
{
	const struct tp_task *current = tp_run.current;

	return current && current != task && (enabled >> current->number & 1);
}

static uint32_t must_try(uint32_t awake, uint32_t first)
{
	if (uses(TP_STRATEGY_BOUND) && preemptions == tp_strategy_setup.bound && tp_run.current &&
	    (awake >> tp_run.current->number & 1))
		return 1u << tp_run.current->number;
	if (uses(TP_STRATEGY_DPOR) &&
	    (tp_strategy_setup.nr_shards < 2 || nr_task_nodes >= SHARD_DEPTH))
		return first;
	return awake;
}

/* ---- shards ---------------------------------------------------------------------------------- */

/* The run has come to the end of the common tree: whose is what lies below? */
static bool deal(void)
{
	was_dealt = true;
	if (tp_strategy_setup.nr_shards < 2)
		return true;
	/* Runs that repeat the common part are in the subtree they were in. */
	if (tp_path.kept <= tp_path.depth)
		is_elsewhere =
			nr_subtrees++ % tp_strategy_setup.nr_shards != tp_strategy_setup.shard;
	return !is_elsewhere;
}

/* ---- answers --------------------------------------------------------------------------------- */

static struct tp_task *grow(uint32_t enabled, struct tp_task *usual)
{
	uint32_t asleep = sleeping_tasks(), awake = enabled & ~asleep, first;
	struct tp_node *node;

	if (!awake) {
		tp_run.outcome = TP_RUN_PRUNED;
		return NULL;
	}
	first = awake >> usual->number & 1 ? 1u << usual->number : awake & -awake;
	node = tp_path_next();
	node->is_task = true;
	node->task = (uint8_t)__builtin_ctz(first);
	node->enabled = enabled;
	node->sleep = asleep;
	node->backtrack = must_try(awake, first);
	return &tp_run.tasks[node->task];
}

static _Noreturn void fail_changed(const char *what)
{
	tp_sim_fail(NULL,
		    "the same choices led to another %s: the scenario depends on something that is "
		    "not restored between runs",
		    what);
}

static struct tp_task *repeat(uint32_t enabled)
{
	struct tp_node *node = tp_path_next();

	if (!node->is_task || node->enabled != enabled)
		fail_changed("run");
	return &tp_run.tasks[node->task];
}

static struct tp_task *pick(uint32_t enabled, struct tp_task *usual)
{
	struct tp_task *task;

	if (nr_task_nodes == SHARD_DEPTH && !deal()) {
		tp_run.outcome = TP_RUN_ELSEWHERE;
		return NULL;
	}
	task = tp_path_repeats() ? repeat(enabled) : grow(enabled, usual);
	if (!task)
		return NULL;
	nr_task_nodes++;
	preemptions += is_preemption(enabled, task);
	return task;
}

static void note_step(struct tp_task *task)
{
	struct tp_node *node = &tp_path.nodes[tp_path.depth - 1];

	/* The last node of those kept has another task now. */
	if (tp_path.depth < tp_path.kept && !tp_ops_are_same(&node->op, &task->next))
		fail_changed("step");
	node->op = task->next;
	if (uses(TP_STRATEGY_DPOR)) {
		if (tp_path.depth >= tp_path.kept)
			tp_dpor_mark_races(task, tp_path.depth - 1);
		tp_dpor_note_step(task);
	}
	tp_path.last_task_node = (int32_t)tp_path.depth - 1;
}

static void note_start(struct tp_task *task, const struct tp_task *starter)
{
	if (uses(TP_STRATEGY_DPOR))
		tp_dpor_note_start(task, starter);
}

static unsigned ask(unsigned n)
{
	bool repeats = tp_path_repeats();
	struct tp_node *node = tp_path_next();

	TP_INVARIANT(n <= UINT16_MAX);
	if (!repeats)
		node->nr = (uint16_t)n;
	else if (node->is_task || node->nr != n)
		fail_changed("question");
	return node->answer;
}

static bool fault(void)
{
	return tp_run.faults < tp_run.limits.faults && ask(2);
}

/*
 * What did not get to run has races too, even where all that could go on sleeps: what blocks the
 * others there may not block them in an order that needs the sleepers later.  A finding ends the
 * run for everybody, so whoever could have gone before the step that led to it is tried there.
 */
static void mark_unfinished(void)
{
	uint32_t unfinished = 0;

	for (unsigned i = 0; i < tp_run.nr_tasks; i++) {
		if (tp_run.tasks[i].ended)
			continue;
		unfinished |= 1u << i;
		tp_dpor_mark_races(&tp_run.tasks[i], tp_path.depth);
	}
	if (tp_run.outcome == TP_RUN_FAILED && tp_path.last_task_node >= 0) {
		struct tp_node *node = &tp_path.nodes[tp_path.last_task_node];

		node->backtrack |= node->enabled & unfinished;
	}
}

static bool end(void)
{
	/* A run too short to come to a subtree is one. */
	if (!was_dealt && !deal())
		tp_run.outcome = TP_RUN_ELSEWHERE;
	if (uses(TP_STRATEGY_DPOR) && tp_run.outcome != TP_RUN_ELSEWHERE)
		mark_unfinished();
	return tp_path_advance();
}

const struct tp_strategy_ops tp_strategy_search = {
	.begin = begin,
	.pick = pick,
	.fault = fault,
	.value = ask,
	.choice = ask,
	.note_step = note_step,
	.note_start = note_start,
	.end = end,
};
