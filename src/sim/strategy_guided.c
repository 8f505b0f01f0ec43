/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* strategy_guided - a run that follows a list of deviations as far as they apply. */
#include "sim/strategy.h"

static uint32_t answer(enum tp_deviation_kind kind, uint32_t from, uint32_t at, uint32_t usual)
{
	const struct tp_deviation *d = tp_deviations_find(&tp_strategy_guide, kind, from, at);

	return d ? d->to : usual;
}

static void begin(tp_unused uint64_t run)
{
}

static struct tp_task *pick(uint32_t enabled, struct tp_task *usual)
{
	const struct tp_task *from = tp_run.current;
	uint32_t to = answer(TP_DEVIATE_TASK, from ? from->number : TP_NO_TASK,
			     from ? from->nr_ops : 0, usual->number);

	return to < TP_SIM_MAX_TASKS && (enabled >> to & 1) ? &tp_run.tasks[to] : usual;
}

static bool fault(void)
{
	return answer(TP_DEVIATE_FAULT, 0, tp_run.fault_hits, 0);
}

static unsigned value(unsigned n)
{
	return TP_MIN(answer(TP_DEVIATE_VALUE, 0, tp_run.values, 0), n - 1);
}

static unsigned choice(unsigned n)
{
	return TP_MIN(answer(TP_DEVIATE_CHOICE, 0, tp_run.choices, 0), n - 1);
}

const struct tp_strategy_ops tp_strategy_guided = {
	.begin = begin,
	.pick = pick,
	.fault = fault,
	.value = value,
	.choice = choice,
};
