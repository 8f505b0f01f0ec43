/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run - begin a run, let its script go, and judge how it ended.
 */
#include "lab/run.h"

#include <errno.h>
#include <string.h>

#include <tidepool/fault.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/invariant.h"
#include "core/rng.h"
#include "lab/lab_machine.h"
#include "lab/script.h"
#include "lab/trace_export.h"

static tp_atomic_u32 interrupted;

void tp_run_interrupt(void)
{
	tp_atomic_store(&interrupted, 1, TP_RELEASE);
}

bool tp_run_interrupted(void)
{
	return tp_atomic_load(&interrupted, TP_ACQUIRE);
}

void tp_run_interrupt_forget(void)
{
	tp_atomic_store(&interrupted, 0, TP_RELEASE);
}

bool tp_run_is_over(const struct tp_run *run)
{
	return tp_run_interrupted() || tp_findings_count(&run->findings) || run->limit_reached;
}

uint64_t tp_run_next_seed(struct tp_run *run)
{
	struct tp_rng rng;

	tp_rng_fork(&rng, run->config.seed, tp_atomic_add(&run->next_seed, 1, TP_RELAXED));
	return tp_rng_next(&rng);
}

/* Threads that still work would change what the verdict is about. */
static void halt_all(struct tp_run *run)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link)
		tp_lab_machine_halt(lm);
}

static void linger(struct tp_run *run)
{
	const struct tp_host *host = run->config.host;

	if (host && host->linger)
		host->linger(host->arg, run);
}

static void detach_all(struct tp_run *run)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link)
		tp_lab_machine_detach(lm);
}

static void close_all(struct tp_run *run)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link)
		tp_lab_machine_close(lm);
}

static void judge(struct tp_run *run, bool script_ended_well)
{
	if (tp_findings_count(&run->findings))
		run->verdict = TP_VERDICT_FINDING;
	else if (tp_run_interrupted())
		run->verdict = TP_VERDICT_INTERRUPTED;
	else if (script_ended_well)
		run->verdict = TP_VERDICT_HELD;
	else if (run->lacking[0] && !strcmp(run->lacking, run->message))
		run->verdict = TP_VERDICT_ENVIRONMENT;
	else if (run->assertion[0] && !strcmp(run->assertion, run->message))
		run->verdict = TP_VERDICT_ASSERTION;
	else
		run->verdict = TP_VERDICT_USAGE;
}

static int begin(struct tp_run *run, const struct tp_run_config *config)
{
	int err;

	run->config = *config;
	tp_list_init(&run->machines);
	tp_findings_init(&run->findings);
	run->begin_ns = tp_clock_now();
	err = tp_cancel_create(&run->cancel);
	if (!err && config->trace)
		err = tp_trace_export_begin(&run->trace, config->trace);
	return err;
}

static void inject(const struct tp_run_config *config)
{
	tp_fault_reset();
	for (unsigned i = 0; i < config->nr_injections; i++) {
		const struct tp_injection *injection = &config->injections[i];
		int err = tp_fault_arm(injection->name, injection->nth, 1);

		TP_INVARIANT(!err);
	}
}

static void end_trace(struct tp_run *run)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link)
		tp_trace_export_loads(run->trace, lm);
	tp_trace_export_end(run->trace);
	run->trace = NULL;
}

int tp_run_script(const struct tp_run_config *config, struct tp_run **run)
{
	struct tp_run *new = tp_zalloc(sizeof(*new));
	bool ended_well;
	int err;

	if (!new)
		return -ENOMEM;
	err = begin(new, config);
	if (err) {
		tp_run_destroy(new);
		return err;
	}
	inject(config);
	ended_well = tp_script_run(new);
	if (ended_well && !tp_run_is_over(new))
		linger(new);
	detach_all(new);
	/* A machine with a finding stays as it is: taking it down could hide or worsen it. */
	if (tp_findings_count(&new->findings))
		halt_all(new);
	else
		close_all(new);
	end_trace(new);
	new->elapsed_ns = tp_clock_now() - new->begin_ns;
	judge(new, ended_well);
	*run = new;
	return 0;
}

/*
 * Halted machines of a finding are left to the end of the process; this keeps them in sight of leak
 * checkers.
 */
static struct tp_run *left_behind;

void tp_run_destroy(struct tp_run *run)
{
	if (!run)
		return;
	if (tp_findings_count(&run->findings)) {
		left_behind = run;
		return;
	}
	tp_list_for_each_safe(lm, &run->machines, struct tp_lab_machine, link)
		tp_lab_machine_destroy(lm);
	tp_cancel_destroy(run->cancel);
	tp_free(run);
}

static bool counts(const struct tp_load *load, const char *what)
{
	return load->kind->work && !strcmp(load->kind->work, what);
}

static void add_load(struct tp_run_totals *totals, struct tp_load *load)
{
	struct tp_load_stat stat;

	tp_load_read_stat(load, &stat);
	if (counts(load, "writes"))
		totals->writes += stat.work;
	else if (counts(load, "frames"))
		totals->frames += stat.work;
	else if (counts(load, "allocations"))
		totals->allocations += stat.work;
	totals->bytes_verified += load->bytes_verified;
	totals->worst_write_ns = TP_MAX(totals->worst_write_ns, load->worst_write_ever_ns);
}

static void add_step(struct tp_run_totals *totals, const struct tp_step *step)
{
	totals->refused += step->err != 0;
	/* What a refused step moved before it was refused is no measure of speed. */
	if (step->err)
		return;
	totals->bytes_moved += step->report.bytes_moved;
	if (step->report.bytes_moved)
		totals->moving_ns += step->elapsed_ns;
}

void tp_run_totals(const struct tp_run *run, struct tp_run_totals *totals)
{
	*totals = (struct tp_run_totals){ .steps = run->nr_steps };
	for (unsigned i = 0; i < run->nr_steps; i++)
		add_step(totals, &run->steps[i]);
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link) {
		totals->worst_hold_ns = TP_MAX(totals->worst_hold_ns, lm->worst_hold_ns);
		tp_list_for_each(load, &lm->loads, struct tp_load, link)
			add_load(totals, load);
	}
}

static const struct {
	const char *name;
	int exit_code;
} verdicts[] = {
	[TP_VERDICT_HELD] = { "held", 0 },
	[TP_VERDICT_FINDING] = { "finding", 1 },
	[TP_VERDICT_ASSERTION] = { "assertion", 1 },
	[TP_VERDICT_USAGE] = { "usage", 2 },
	[TP_VERDICT_ENVIRONMENT] = { "environment", 3 },
	[TP_VERDICT_INTERRUPTED] = { "interrupted", 130 },
};

int tp_verdict_exit_code(enum tp_verdict verdict)
{
	return verdicts[verdict].exit_code;
}

const char *tp_verdict_name(enum tp_verdict verdict)
{
	return verdicts[verdict].name;
}
