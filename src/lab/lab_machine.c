/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lab_machine - a machine with its recorder, its loads and its vetoes.
 */
#include "lab/lab_machine.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/invariant.h"
#include "lab/checker.h"
#include "lab/gpu.h"
#include "lab/nic.h"
#include "lab/trace_export.h"
#include "mm/machine.h"

static int attach(struct tp_lab_machine *lm)
{
	const struct tp_host *host = lm->run->config.host;

	return host ? host->attach(host->arg, lm) : 0;
}

void tp_lab_machine_detach(struct tp_lab_machine *lm)
{
	const struct tp_host *host = lm->run->config.host;

	if (lm->hosted)
		host->detach(host->arg, lm);
	lm->hosted = false;
}

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
	tp_list_init(&new->nics);
	tp_list_init(&new->cables);
	tp_list_init(&new->gpus);
	tp_gate_init(&new->gate);
	tp_mutex_init(&new->lock, TP_RANK_LAB, 4);
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
	err = attach(new);
	if (err)
		goto stop_recorder;
	tp_list_add_before(&run->machines, &new->link);
	*lm = new;
	return 0;
stop_recorder:
	run->nr_machines--;
	tp_recorder_stop(&new->recorder);
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
	bool checked;

	if (!lm->machine)
		return;
	tp_lab_machine_detach(lm);
	stop_loads(lm);
	tp_list_for_each(veto, &lm->vetoes, struct tp_veto, link)
		tp_veto_remove(veto);
	checked = tp_lab_machine_check(lm);
	TP_INVARIANT(checked);
	tp_nics_close(lm, &lm->run->findings);
	tp_lab_gpus_close(lm, &lm->run->findings);
	/* The memory of a device that cannot go is still in use; the run ends with the finding. */
	if (!tp_list_empty(&lm->nics) || !tp_list_empty(&lm->gpus))
		return;
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

static void check_at_rest(struct tp_lab_machine *lm)
{
	struct tp_findings *findings = &lm->run->findings;

	tp_lab_machine_halt(lm);
	tp_check_structure(lm->machine, findings);
	tp_recorder_check(&lm->recorder);
	tp_list_for_each(load, &lm->loads, struct tp_load, link)
		tp_load_verify(load);
	tp_nics_verify(lm, findings);
	tp_lab_gpus_verify(lm, findings);
	lm->worst_hold_ns = tp_atomic_load(&lm->machine->worst_hold_ns, TP_RELAXED);
	tp_lab_machine_resume(lm);
}

bool tp_lab_machine_check(struct tp_lab_machine *lm)
{
	if (!tp_gate_try_close(&lm->gate))
		return false;
	tp_mutex_lock(&lm->lock);
	check_at_rest(lm);
	tp_mutex_unlock(&lm->lock);
	tp_gate_open(&lm->gate);
	return true;
}

/* ---- loads and vetoes ------------------------------------------------------------------------ */

struct tp_load *tp_lab_machine_load(struct tp_lab_machine *lm, const char *name)
{
	tp_mutex_assert_held(&lm->lock);
	tp_list_for_each_reverse(load, &lm->loads, struct tp_load, link) {
		if (!strcmp(load->name, name))
			return load;
	}
	return NULL;
}

struct tp_veto *tp_lab_machine_veto(struct tp_lab_machine *lm, const char *name)
{
	struct tp_veto *removed = NULL;

	tp_mutex_assert_held(&lm->lock);
	tp_list_for_each_reverse(veto, &lm->vetoes, struct tp_veto, link) {
		if (strcmp(veto->name, name))
			continue;
		if (tp_veto_refuses(veto))
			return veto;
		removed = veto;
	}
	return removed;
}

void tp_lab_machine_add_load(struct tp_lab_machine *lm, struct tp_load *load)
{
	tp_mutex_lock(&lm->lock);
	tp_list_add_before(&lm->loads, &load->link);
	tp_mutex_unlock(&lm->lock);
}

void tp_lab_machine_add_veto(struct tp_lab_machine *lm, struct tp_veto *veto)
{
	tp_mutex_lock(&lm->lock);
	tp_list_add_before(&lm->vetoes, &veto->link);
	tp_mutex_unlock(&lm->lock);
}

int tp_lab_machine_stop_load(struct tp_lab_machine *lm, struct tp_load *load)
{
	int err;

	tp_mutex_lock(&lm->lock);
	err = tp_load_stop(load);
	tp_mutex_unlock(&lm->lock);
	return err;
}
