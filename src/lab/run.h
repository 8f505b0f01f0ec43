/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run - one run of a script: its machines, its steps, what was found, and how it ended.
 *
 * Locking: a run belongs to the thread that runs the script; only findings come from elsewhere, and
 * what a host lets in (lab_machine.h).
 */
#ifndef TP_LAB_RUN_H
#define TP_LAB_RUN_H

#include <stdio.h>
#include <tidepool/hotplug.h>

#include "core/list.h"
#include "lab/findings.h"
#include "lab/recorder.h"

enum { TP_MAX_STEPS = 4096, TP_STEP_TEXT = 96, TP_RUN_TEXT = 512 };

enum tp_verdict {
	TP_VERDICT_HELD,
	TP_VERDICT_FINDING,	/* something was lost or is not sound */
	TP_VERDICT_ASSERTION,	/* the script expected something else */
	TP_VERDICT_USAGE,	/* the script is wrong */
	TP_VERDICT_ENVIRONMENT, /* the system lacks something */
	TP_VERDICT_INTERRUPTED,
};

/* What the script asked for, and what came of it. */
struct tp_step {
	unsigned number; /* from 1 */
	unsigned machine;
	const char *verb;	       /* "unplug" */
	char object[TP_STEP_TEXT / 2]; /* "mem0" */
	char detail[TP_STEP_TEXT];     /* "1 GiB at node 2", or "" */
	int err;
	char error[TP_STEP_TEXT * 2]; /* why, if err */
	bool injected;		      /* a fault was injected meanwhile */
	bool misuse;		      /* the script asked for what cannot be */
	bool has_report;
	struct tp_offline_report report;
	uint64_t begin_ns, elapsed_ns;
	uint64_t backing_before, backing_after; /* bytes the operating system holds */
	uint64_t worst_write_ns;		/* of any writer during the step */
	unsigned nr_events;
	struct tp_recorded_event events[TP_RECORDED_EVENTS];
};

struct tp_run;

/* Who watches a run.  All may be NULL. */
struct tp_observer {
	void (*step_begin)(void *arg, const struct tp_run *run, const struct tp_step *step);
	void (*progress)(void *arg, const struct tp_step *step, const struct tp_progress *progress);
	void (*step_end)(void *arg, const struct tp_run *run, const struct tp_step *step);
	void (*log)(void *arg, const char *text);
	void *arg;
};

struct tp_lab_machine;

/* Who shows the machines of a run to others, and lets them work on them. */
struct tp_host {
	/* A machine was made; sets lm->hosted if it is to be shown.  An error fails the step. */
	int (*attach)(void *arg, struct tp_lab_machine *lm);
	/* It is about to go: nobody may be at it when this returns. */
	void (*detach)(void *arg, struct tp_lab_machine *lm);
	/* The script ended well; returns when the run may end.  May be NULL. */
	void (*linger)(void *arg, struct tp_run *run);
	void *arg;
};

/* Hit @nth of fault site @name, counted from the begin of the script, fails. */
struct tp_injection {
	const char *name;
	uint64_t nth;
};

struct tp_run_config {
	const char *script;
	char *const *args; /* "name=value", for the script */
	unsigned nr_args;
	uint64_t seed;
	uint64_t limit_ns; /* the script is stopped after that */
	bool no_check;	   /* look only at the end of the run */
	bool retry;	   /* do again, once, what an injected fault made fail */
	const struct tp_injection *injections; /* of sites that exist */
	unsigned nr_injections;
	FILE *trace; /* NULL: none */
	const struct tp_observer *observer;
	const struct tp_host *host; /* NULL: none */
};

struct tp_run_totals {
	unsigned steps, refused;
	uint64_t writes, allocations, frames; /* of the loads that count such */
	uint64_t bytes_moved;		      /* by steps that were not refused */
	uint64_t bytes_verified;
	uint64_t moving_ns; /* that the steps which moved something took */
	uint64_t worst_write_ns, worst_hold_ns;
};

struct tp_run {
	struct tp_run_config config;
	struct tp_list machines;
	unsigned nr_machines;
	struct tp_findings findings;
	struct tp_cancel *cancel; /* of the operation under way */
	uint64_t begin_ns, elapsed_ns;
	tp_atomic_u64 next_seed;
	struct tp_trace_export *trace;
	enum tp_verdict verdict;
	char message[TP_RUN_TEXT];   /* why it did not hold */
	char assertion[TP_RUN_TEXT]; /* what the script's last assert() or error() said */
	char lacking[TP_RUN_TEXT];   /* what the system was last said to lack */
	bool limit_reached;
	const struct tp_step *last_failed;
	unsigned nr_steps;
	struct tp_step steps[TP_MAX_STEPS];
};

/*
 * Run the script to its end, good or bad; the run's verdict says which.
 * -ENOMEM, before anything ran.
 */
int tp_run_script(const struct tp_run_config *config, struct tp_run **run);
void tp_run_destroy(struct tp_run *run);
void tp_run_totals(const struct tp_run *run, struct tp_run_totals *totals);
/* As documented for the command. */
int tp_verdict_exit_code(enum tp_verdict verdict);
const char *tp_verdict_name(enum tp_verdict verdict);
/* "unplug mem0: block 7: ... (EBUSY)". */
void tp_step_describe_error(const struct tp_step *step, char *buf, size_t len);

/* End all runs of this process soon, with what they have so far.  May be called by a signal
 * handler. */
void tp_run_interrupt(void);
bool tp_run_interrupted(void);
/* The interrupt was meant for somebody who waited, not for the run. */
void tp_run_interrupt_forget(void);

/* The run shall not go on: there is a finding, an interrupt, or no time left. */
bool tp_run_is_over(const struct tp_run *run);
/* A seed of its own for whatever the script starts next. */
uint64_t tp_run_next_seed(struct tp_run *run);

#endif
