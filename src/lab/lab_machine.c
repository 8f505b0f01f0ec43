/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lab_machine - a machine with its recorder, its loads and its vetoes.
 */
#include "lab/lab_machine.h"

#include <errno.h>

#include "core/alloc.h"
#include "lab/checker.h"
#include "lab/trace_export.h"
#include "mm/machine.h"

int tp_lab_machine_create(struct tp_run *run, const struct tp_machine_config *config,
			  struct tp_lab_machine **lm)
{
	struct tp_lab_machine *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->run = run;
	tp_list_init(&new->loads);
	tp_list_init(&new->vetoes);
	err = tp_machine_create(config, &new->machine);
	if (err)
		goto free_new;
	err = tp_recorder_start(&new->recorder, new->machine, &run->findings);
	if (err)
		goto destroy_machine;
	/* What is there from the start is no news. */
	tp_recorder_reset(&new->recorder);
	new->backing = tp_machine_backing(new->machine);
	new->hold = tp_machine_hold(new->machine);
	new->percpu = tp_machine_percpu(new->machine);
	new->number = ++run->nr_machines;
	tp_list_add_before(&run->machines, &new->link);
	*lm = new;
	return 0;
destroy_machine:
	tp_machine_destroy(new->machine);
free_new:
	tp_free(new);
	return err;
}

/* Newest first: a pin goes before the mapping it holds. */
static void stop_loads(struct tp_lab_machine *lm)
{
	tp_list_for_each_reverse(load, &lm->loads, struct tp_load, link) {
		int err = tp_load_stop(load);

		if (err)
			tp_findings_add(&lm->run->findings, "%s cannot be stopped: error %d",
					load->name, -err);
	}
}

void tp_lab_machine_close(struct tp_lab_machine *lm)
{
	if (!lm->machine)
		return;
	stop_loads(lm);
	tp_list_for_each(veto, &lm->vetoes, struct tp_veto, link)
		tp_veto_remove(veto);
	tp_lab_machine_check(lm);
	tp_recorder_stop(&lm->recorder);
	tp_trace_export_drain(lm->run->trace, lm);
	tp_machine_destroy(lm->machine);
	lm->machine = NULL;
}

void tp_lab_machine_destroy(struct tp_lab_machine *lm)
{
	tp_list_for_each_safe(load, &lm->loads, struct tp_load, link)
		tp_load_destroy(load);
	tp_list_for_each_safe(veto, &lm->vetoes, struct tp_veto, link)
		tp_veto_destroy(veto);
	tp_list_remove(&lm->link);
	tp_free(lm);
}

void tp_lab_machine_halt(struct tp_lab_machine *lm)
{
	tp_list_for_each(load, &lm->loads, struct tp_load, link)
		tp_load_halt(load);
}

void tp_lab_machine_resume(struct tp_lab_machine *lm)
{
	tp_list_for_each(load, &lm->loads, struct tp_load, link)
		tp_load_resume(load);
}

void tp_lab_machine_check(struct tp_lab_machine *lm)
{
	struct tp_findings *findings = &lm->run->findings;

	tp_lab_machine_halt(lm);
	tp_check_structure(lm->machine, findings);
	tp_recorder_check(&lm->recorder);
	tp_list_for_each(load, &lm->loads, struct tp_load, link)
		tp_load_verify(load);
	lm->worst_hold_ns = tp_atomic_load(&lm->machine->worst_hold_ns, TP_RELAXED);
	tp_lab_machine_resume(lm);
}
