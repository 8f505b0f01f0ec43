/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strategy_random - random walks, uniform (random) and by priorities (PCT).
 *
 * PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, 2010): the task of the highest random priority
 * runs; at depth - 1 random steps the running task falls below all others.  A bug that needs that
 * many ordering constraints is met with a probability that has a lower bound.
 *
 * Both decide faults alike: as many random hits fail as a run may have faults.  Run k is a function
 * of seed and k alone: how long runs may get is learnt from the first one, which is the same
 * wherever the search is done.
 */
#include "core/rng.h"
#include "sim/strategy.h"

enum { MAX_POINTS = 16 };

static struct tp_rng rng;
static uint64_t usual_steps, usual_faults; /* of one run */
static uint64_t change_points[MAX_POINTS], fault_points[MAX_POINTS];
static unsigned nr_changes, nr_faults;

static uint32_t below(uint32_t bound)
{
	return (uint32_t)((tp_rng_next(&rng) >> 32) * bound >> 32);
}

static void draw(uint64_t *points, unsigned n, uint64_t bound)
{
	for (unsigned i = 0; i < n; i++)
		points[i] = tp_rng_below(&rng, bound);
}

static bool is_drawn(const uint64_t *points, unsigned n, uint64_t point)
{
	for (unsigned i = 0; i < n; i++)
		if (points[i] == point)
			return true;
	return false;
}

/* The n-th task of a mask of the first eight, and how many there are: a walk asks at every step. */
enum { TABLE_TASKS = 8 };

static uint8_t nth_task[1 << TABLE_TASKS][TABLE_TASKS], nr_tasks_in[1 << TABLE_TASKS];

static void fill_tables(void)
{
	for (unsigned mask = 1; mask < 1 << TABLE_TASKS; mask++) {
		nr_tasks_in[mask] = 0;
		for (uint8_t task = 0; task < TABLE_TASKS; task++)
			if (mask >> task & 1)
				nth_task[mask][nr_tasks_in[mask]++] = task;
	}
}

static void begin_random(uint64_t run)
{
	if (!run) {
		usual_faults = usual_steps = 0;
		fill_tables();
	}
	tp_rng_fork(&rng, tp_strategy_setup.seed, run);
	nr_faults = TP_MIN(tp_run.limits.faults, (unsigned)MAX_POINTS);
	if (nr_faults)
		draw(fault_points, nr_faults, usual_faults + usual_faults / 4 + 2);
}

static unsigned random_task(uint32_t mask)
{
	if (tp_likely(mask < 1 << TABLE_TASKS))
		return nth_task[mask][below(nr_tasks_in[mask])];
	for (uint32_t skip = below((uint32_t)__builtin_popcount(mask)); skip; skip--)
		mask &= mask - 1;
	return (unsigned)__builtin_ctz(mask);
}

static struct tp_task *pick_random(uint32_t enabled, tp_unused struct tp_task *usual)
{
	return &tp_run.tasks[random_task(enabled)];
}

static bool fault_random(void)
{
	return tp_run.faults < tp_run.limits.faults &&
	       is_drawn(fault_points, nr_faults, tp_run.fault_hits);
}

/* Half of the loads see the newest store: runs in which nothing is fresh say little. */
static unsigned value_random(unsigned n)
{
	return below(2) ? 0 : below(n);
}

static unsigned choice_random(unsigned n)
{
	return below(n);
}

static bool end_random(void)
{
	if (!usual_steps) {
		usual_steps = tp_run.steps;
		usual_faults = tp_run.fault_hits;
	}
	return true;
}

const struct tp_strategy_ops tp_strategy_random = {
	.begin = begin_random,
	.pick = pick_random,
	.fault = fault_random,
	.value = value_random,
	.choice = choice_random,
	.end = end_random,
};

/* ---- PCT ------------------------------------------------------------------------------------- */

static void begin_pct(uint64_t run)
{
	begin_random(run);
	nr_changes = TP_MIN(tp_strategy_setup.depth - 1, (unsigned)MAX_POINTS);
	draw(change_points, nr_changes, usual_steps + usual_steps / 4 + 16);
}

static void lower_if_due(struct tp_task *task)
{
	for (unsigned i = 0; i < nr_changes; i++)
		if (task && change_points[i] == tp_run.steps)
			task->priority = -(int32_t)i - 1;
}

static struct tp_task *pick_pct(uint32_t enabled, struct tp_task *usual)
{
	struct tp_task *best = usual;

	lower_if_due(tp_run.current);
	for (; enabled; enabled &= enabled - 1) {
		struct tp_task *task = &tp_run.tasks[__builtin_ctz(enabled)];

		if (task->priority > best->priority)
			best = task;
	}
	return best;
}

static void note_start_pct(struct tp_task *task, tp_unused const struct tp_task *starter)
{
	task->priority = (int32_t)below(1 << 30);
}

const struct tp_strategy_ops tp_strategy_pct = {
	.begin = begin_pct,
	.pick = pick_pct,
	.fault = fault_random,
	.value = value_random,
	.choice = choice_random,
	.note_start = note_start_pct,
	.end = end_random,
};
