/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strategy - passes questions on, and writes down what deviates from the default. */
#include "sim/strategy.h"

struct tp_deviations tp_deviations, tp_strategy_guide;
struct tp_strategy_setup tp_strategy_setup;

static const struct tp_strategy_ops *now;

void tp_strategy_use(const struct tp_strategy_ops *ops)
{
	now = ops;
}

void tp_strategy_begin(uint64_t run)
{
	tp_deviations.nr = 0;
	now->begin(run);
}

bool tp_strategy_end(void)
{
	return !now->end || now->end();
}

static struct tp_task *usual_task(uint32_t enabled)
{
	struct tp_task *current = tp_run.current;

	if (current && (enabled >> current->number & 1))
		return current;
	return &tp_run.tasks[__builtin_ctz(enabled)];
}

struct tp_task *tp_strategy_pick(uint32_t enabled)
{
	struct tp_task *usual = usual_task(enabled);
	struct tp_task *task = now->pick(enabled, usual), *from = tp_run.current;

	if (task && task != usual)
		tp_deviations_add(&tp_deviations,
				  (struct tp_deviation){ .kind = TP_DEVIATE_TASK,
							 .from = from ? from->number : TP_NO_TASK,
							 .at = from ? from->nr_ops : 0,
							 .to = task->number });
	return task;
}

void tp_strategy_note_step(struct tp_task *task)
{
	if (now->note_step)
		now->note_step(task);
}

void tp_strategy_note_start(struct tp_task *task)
{
	if (now->note_start)
		now->note_start(task, tp_run.self);
}

static unsigned note_answer(enum tp_deviation_kind kind, uint32_t at, unsigned answer)
{
	if (answer)
		tp_deviations_add(&tp_deviations,
				  (struct tp_deviation){ .kind = kind, .at = at, .to = answer });
	return answer;
}

bool tp_strategy_fault(void)
{
	return note_answer(TP_DEVIATE_FAULT, tp_run.fault_hits, now->fault());
}

unsigned tp_strategy_value(unsigned n)
{
	return note_answer(TP_DEVIATE_VALUE, tp_run.values, now->value(n));
}

unsigned tp_strategy_choice(unsigned n)
{
	return note_answer(TP_DEVIATE_CHOICE, tp_run.choices, now->choice(n));
}
