/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lab_machine - a machine of a script with all that the lab puts around it.
 *
 * It stays in its run's list, closed, until the run is destroyed: handles may still point at it.
 */
#ifndef TP_LAB_LAB_MACHINE_H
#define TP_LAB_LAB_MACHINE_H

#include <tidepool/machine.h>

#include "lab/load.h"
#include "lab/run.h"
#include "lab/veto.h"

struct tp_lab_machine {
	struct tp_list link; /* the run's */
	struct tp_run *run;
	unsigned number;	    /* from 1 */
	struct tp_machine *machine; /* NULL: closed */
	struct tp_recorder recorder;
	struct tp_list loads, vetoes;
	unsigned nr_loads;
	const char *backing, *hold, *percpu; /* what carries it */
	uint64_t worst_hold_ns;		     /* as of the last check */
};

/* -ENOMEM, and what tp_machine_create() says. */
int tp_lab_machine_create(struct tp_run *run, const struct tp_machine_config *config,
			  struct tp_lab_machine **lm);
/* End its loads, verify all, give everything back; findings go to the run.  Closed: nothing. */
void tp_lab_machine_close(struct tp_lab_machine *lm);
/* It must be closed, or the process about to end. */
void tp_lab_machine_destroy(struct tp_lab_machine *lm);

void tp_lab_machine_halt(struct tp_lab_machine *lm);
void tp_lab_machine_resume(struct tp_lab_machine *lm);

/* Check structure, events and every byte; loads are halted meanwhile. */
void tp_lab_machine_check(struct tp_lab_machine *lm);

#endif
