/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * action - measure, record and check one step.
 */
#include "lab/action.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/error.h>
#include <tidepool/fault.h>

#include "core/clock.h"
#include "lab/trace_export.h"
#include "mm/machine.h"

enum { MAX_SITES = 256 };

static uint64_t faults_injected(void)
{
	struct tp_fault_info sites[MAX_SITES];
	size_t nr = tp_fault_list(sites, MAX_SITES);
	uint64_t injected = 0;

	for (size_t i = 0; i < TP_MIN(nr, (size_t)MAX_SITES); i++)
		injected += sites[i].injected;
	return injected;
}

static void forget_vetoes(struct tp_lab_machine *lm)
{
	tp_mutex_lock(&lm->lock);
	tp_list_for_each(veto, &lm->vetoes, struct tp_veto, link)
		veto->refused_before = tp_atomic_load(&veto->refused, TP_RELAXED);
	tp_mutex_unlock(&lm->lock);
}

/* Who refused since then, or NULL. */
static const char *vetoed_by(struct tp_lab_machine *lm)
{
	const char *name = NULL;

	if (!lm)
		return NULL;
	tp_mutex_lock(&lm->lock);
	tp_list_for_each(veto, &lm->vetoes, struct tp_veto, link) {
		if (!name && tp_atomic_load(&veto->refused, TP_RELAXED) != veto->refused_before)
			name = veto->name;
	}
	tp_mutex_unlock(&lm->lock);
	return name;
}

static uint64_t backing_bytes(struct tp_lab_machine *lm)
{
	/* Not tp_machine_stat(): it also walks the page tables, and that holds writers off. */
	return lm && lm->machine ? tp_backing_bytes(&lm->machine->backing) : 0;
}

static uint64_t take_worst_write(struct tp_lab_machine *lm)
{
	uint64_t worst = 0;

	tp_mutex_lock(&lm->lock);
	tp_list_for_each(load, &lm->loads, struct tp_load, link) {
		uint64_t ns = tp_load_take_worst_write(load);

		worst = TP_MAX(worst, ns);
	}
	tp_mutex_unlock(&lm->lock);
	return worst;
}

static struct tp_step *begin_step(struct tp_action *action)
{
	struct tp_run *run = action->run;
	struct tp_step *step = &run->steps[run->nr_steps];

	*step = (struct tp_step){ .number = ++run->nr_steps,
				  .verb = action->verb,
				  .has_report = action->reports,
				  .backing_before = backing_bytes(action->lm) };
	memcpy(step->object, action->object, sizeof(step->object));
	memcpy(step->detail, action->detail, sizeof(step->detail));
	action->step = step;
	if (action->lm && action->lm->machine) {
		forget_vetoes(action->lm);
		tp_recorder_reset(&action->lm->recorder);
		take_worst_write(action->lm);
	}
	if (run->config.observer && run->config.observer->step_begin)
		run->config.observer->step_begin(run->config.observer->arg, run, step);
	return step;
}

static void note_error(struct tp_step *step, struct tp_lab_machine *lm)
{
	const char *veto = vetoed_by(lm);
	const struct tp_error *last = tp_last_error();
	const char *reason = strerrordesc_np(-step->err);

	if (veto)
		snprintf(step->error, sizeof(step->error), "refused by %s", veto);
	else if (last->err == step->err)
		tp_error_format(last, step->error, sizeof(step->error));
	else
		strncat(step->error, reason ? reason : "failed", sizeof(step->error) - 1);
	if (veto || step->injected)
		return;
	/* Making a machine needs permissions of the system; all else needs those of the machine. */
	step->misuse = step->err == -EINVAL || step->err == -EEXIST || step->err == -ENOENT ||
		       (step->err == -EPERM && lm);
}

static void end_step(struct tp_action *action, struct tp_step *step)
{
	struct tp_run *run = action->run;
	struct tp_lab_machine *lm = action->lm;

	step->backing_after = backing_bytes(lm);
	if (lm) {
		step->machine = lm->number;
		step->worst_write_ns = take_worst_write(lm);
	}
	if (lm && lm->machine) {
		step->nr_events = tp_recorder_copy(&lm->recorder, step->events);
		tp_trace_export_drain(run->trace, lm);
		if (!run->config.no_check)
			tp_lab_machine_check(lm);
	}
	tp_trace_export_step(run->trace, step);
	if (step->err)
		run->last_failed = step;
	if (run->config.observer && run->config.observer->step_end)
		run->config.observer->step_end(run->config.observer->arg, run, step);
}

/* Inside the gate, unless the machine is yet to be made or is about to go. */
static int call(struct tp_action *action)
{
	struct tp_gate *gate = action->lm && !action->only_looks ? &action->lm->gate : NULL;
	int err;

	if (gate)
		tp_gate_enter(gate);
	err = action->call(action);
	if (gate)
		tp_gate_leave(gate);
	return err;
}

static int attempt(struct tp_action *action)
{
	uint64_t faults = faults_injected();
	struct tp_step *step = begin_step(action);

	step->begin_ns = tp_clock_now();
	step->err = call(action);
	step->elapsed_ns = tp_clock_now() - step->begin_ns;
	step->injected = faults_injected() != faults;
	if (step->err)
		note_error(step, action->lm);
	end_step(action, step);
	return step->err;
}

int tp_act(struct tp_action *action)
{
	struct tp_run *run = action->run;
	int err;

	if (run->nr_steps + 2 > TP_MAX_STEPS)
		return -E2BIG;
	err = attempt(action);
	if (err && run->config.retry && action->step->injected && !tp_run_is_over(run))
		err = attempt(action);
	return err;
}

void tp_step_describe_error(const struct tp_step *step, char *buf, size_t len)
{
	const char *name = strerrorname_np(-step->err);

	snprintf(buf, len, "%s%s%s: %s%s%s%s", step->verb, step->object[0] ? " " : "", step->object,
		 step->error, name ? " (" : "", name ? name : "", name ? ")" : "");
}
