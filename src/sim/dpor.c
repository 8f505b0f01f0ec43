/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dpor - vector clocks over the path, and races found by walking back along each object's accesses.
 *
 * An object's accesses are chained through the nodes (tp_node.previous).  A walk can stop at the
 * first access that conflicts with everything: whatever came before that happens before it.
 */
#include "sim/dpor.h"
#include "sim/object.h"
#include "sim/path.h"
#include "sim/run.h"

/* What the starter had done when each task began. */
static struct tp_clock births[TP_SIM_MAX_TASKS];

static void join(struct tp_clock *clock, const struct tp_clock *other)
{
	for (unsigned i = 0; i < tp_run.nr_tasks; i++)
		clock->at[i] = TP_MAX(clock->at[i], other->at[i]);
}

/* What happens before whatever @task does next, as far as its own past goes. */
static const struct tp_clock *past_of(const struct tp_task *task)
{
	return task->last_node >= 0 ? &tp_path.clocks[task->last_node] : &births[task->number];
}

void tp_dpor_note_start(struct tp_task *task, const struct tp_task *starter)
{
	births[task->number] = starter ? *past_of(starter) : (struct tp_clock){ { 0 } };
}

/* How node @i accesses @object, and which node did before it. */
static enum tp_access_kind kind_at(int32_t i, uint32_t object, int32_t *previous)
{
	const struct tp_node *node = &tp_path.nodes[i];
	unsigned k = 0;

	while (node->op.access[k].object != object)
		k++;
	*previous = node->previous[k];
	return node->op.access[k].kind;
}

/* ---- happens before -------------------------------------------------------------------------- */

static void join_conflicting(struct tp_clock *clock, const struct tp_access *access)
{
	int32_t i = tp_objects[access->object].last_access, previous;

	for (; i >= 0; i = previous) {
		enum tp_access_kind kind = kind_at(i, access->object, &previous);

		if (tp_kinds_conflict(kind, access->kind))
			join(clock, &tp_path.clocks[i]);
		if (tp_kind_is_exclusive(kind))
			break;
	}
}

static void join_ended(struct tp_clock *clock, const struct tp_op *op)
{
	if (op->joins)
		join(clock, past_of(&tp_run.tasks[op->joins - 1]));
}

void tp_dpor_note_step(struct tp_task *task)
{
	uint32_t depth = tp_path.depth;
	struct tp_node *node = &tp_path.nodes[depth - 1];
	struct tp_clock *clock = &tp_path.clocks[depth - 1];

	/* A node that is repeated as it was has its clock; the last of them has a new task. */
	if (depth >= tp_path.kept) {
		*clock = *past_of(task);
		for (unsigned k = 0; k < node->op.nr; k++) {
			join_conflicting(clock, &node->op.access[k]);
			node->previous[k] = tp_objects[node->op.access[k].object].last_access;
		}
		join_ended(clock, &node->op);
		clock->at[task->number] = depth;
	}
	for (unsigned k = 0; k < node->op.nr; k++)
		tp_objects[node->op.access[k].object].last_access = (int32_t)depth - 1;
	task->last_node = (int32_t)depth - 1;
}

/* ---- races ----------------------------------------------------------------------------------- */

/* Steps that come to the path behind node @i without needing it, as @task's next one does. */
struct continuation {
	uint32_t first[TP_SIM_MAX_TASKS]; /* node + 1 of each task's first of them */
	uint32_t initials;		  /* tasks that could begin it */
};

/* Does a step with that @clock need none of the continuation's steps so far? */
static bool is_head(const struct continuation *c, const struct tp_clock *clock)
{
	for (unsigned i = 0; i < tp_run.nr_tasks; i++)
		if (c->first[i] && clock->at[i] >= c->first[i])
			return false;
	return true;
}

static void add_step(struct continuation *c, unsigned task, const struct tp_clock *clock,
		     uint32_t node)
{
	if (c->first[task])
		return;
	if (is_head(c, clock))
		c->initials |= 1u << task;
	c->first[task] = node + 1;
}

/* The tasks one of which must be tried at node @i, so that @task's next step comes before it. */
static uint32_t initials(int32_t i, const struct tp_task *task, uint32_t upto)
{
	const struct tp_node *at = &tp_path.nodes[i];
	struct tp_clock clock = *past_of(task);
	struct continuation c = { .initials = 0 };

	join_ended(&clock, &task->next);
	for (uint32_t j = (uint32_t)i + 1; j < upto; j++) {
		const struct tp_node *node = &tp_path.nodes[j];

		if (!node->is_task || tp_path.clocks[j].at[at->task] > (uint32_t)i)
			continue;
		if (tp_ops_conflict(&node->op, &task->next))
			join(&clock, &tp_path.clocks[j]);
		add_step(&c, node->task, &tp_path.clocks[j], j);
	}
	add_step(&c, task->number, &clock, upto);
	return c.initials & at->enabled;
}

/*
 * False: none of those could have gone on at node @i, as when a timer may not fire early any more.
 * Then the step there is not what keeps @task's from coming first, but maybe one before it.
 */
static bool mark_race(int32_t i, const struct tp_task *task, uint32_t upto)
{
	struct tp_node *node = &tp_path.nodes[i];
	uint32_t some = initials(i, task, upto);

	if (some && !(node->backtrack & some))
		node->backtrack |= some & -some;
	return some;
}

static void mark_races_on(const struct tp_task *task, const struct tp_access *access, uint32_t upto,
			  struct tp_clock *seen)
{
	int32_t i = tp_objects[access->object].last_access, previous;

	for (; i >= 0; i = previous) {
		enum tp_access_kind kind = kind_at(i, access->object, &previous);
		unsigned other = tp_path.nodes[i].task;

		if (!tp_kinds_conflict(kind, access->kind) ||
		    !tp_kinds_coenabled(kind, access->kind))
			continue;
		if (other != task->number && seen->at[other] <= (uint32_t)i &&
		    !mark_race(i, task, upto))
			continue;
		join(seen, &tp_path.clocks[i]);
		if (tp_kind_is_exclusive(kind))
			break;
	}
}

void tp_dpor_mark_races(const struct tp_task *task, uint32_t upto)
{
	struct tp_clock seen = *past_of(task);

	join_ended(&seen, &task->next);
	for (unsigned k = 0; k < task->next.nr; k++)
		mark_races_on(task, &task->next.access[k], upto, &seen);
}
