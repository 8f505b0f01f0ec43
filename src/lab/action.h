/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * action - one thing a script asks for, made a step of its run: measured, recorded, checked.
 */
#ifndef TP_LAB_ACTION_H
#define TP_LAB_ACTION_H

#include "lab/lab_machine.h"
#include "lab/run.h"

struct tp_action {
	struct tp_run *run;
	struct tp_lab_machine *lm; /* NULL: the action makes it, and puts it here */
	const char *verb;
	char object[TP_STEP_TEXT / 2];
	char detail[TP_STEP_TEXT];
	int (*call)(struct tp_action *action);
	bool reports;	      /* the action fills step->report */
	bool only_looks;      /* it works on nothing: it may run while the machine is checked */
	struct tp_step *step; /* while it runs, and after */
};

/*
 * Do it, as a step of its own.  If an injected fault made it fail and the run retries, do it a
 * second time, as another step.  -E2BIG: the run has no room for more steps.  Or what the action
 * says.
 */
int tp_act(struct tp_action *action);

#endif
