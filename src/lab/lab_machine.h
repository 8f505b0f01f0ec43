/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lab_machine - a machine of a script with all that the lab puts around it.
 *
 * It stays in its run's list, closed, until the run is destroyed: handles may still point at it.
 *
 * Locking: the thread that runs the script makes and closes it.  Others may work on it meanwhile
 * (the mounted tree, the control channel): inside the gate, so that a check finds it at rest, and
 * under the lock where they touch its loads and vetoes.
 */
#ifndef TP_LAB_LAB_MACHINE_H
#define TP_LAB_LAB_MACHINE_H

#include <tidepool/machine.h>

#include "lab/gate.h"
#include "lab/load.h"
#include "lab/run.h"
#include "lab/veto.h"

struct tp_lab_machine {
	struct tp_list link; /* the run's */
	struct tp_run *run;
	unsigned number;	    /* from 1 */
	struct tp_machine *machine; /* NULL: closed */
	struct tp_recorder recorder;
	struct tp_gate gate;
	struct tp_mutex lock; /* loads, vetoes, network devices and cables, GPUs */
	struct tp_list loads, vetoes, nics, cables, gpus;
	unsigned nr_loads, nr_devices, nr_nics; /* for names that nobody gave */
	const char *backing, *hold, *percpu;	/* what carries it */
	uint64_t worst_hold_ns;			/* as of the last check */
	bool hosted; /* shown to others by the run's host, who decides when it goes */
};

/* -ENOMEM, and what tp_machine_create() says. */
int tp_lab_machine_create(struct tp_run *run, const struct tp_machine_config *config,
			  struct tp_lab_machine **lm);
/*
 * End its loads, verify all, give everything back; findings go to the run.  Closed: nothing.  It
 * stays open, with a finding, if a network device or a GPU cannot be taken away.
 */
void tp_lab_machine_close(struct tp_lab_machine *lm);
/* Its host shows it no longer; nothing without a host. */
void tp_lab_machine_detach(struct tp_lab_machine *lm);
/* It must be closed, or the process about to end. */
void tp_lab_machine_destroy(struct tp_lab_machine *lm);

void tp_lab_machine_halt(struct tp_lab_machine *lm);
void tp_lab_machine_resume(struct tp_lab_machine *lm);

/*
 * Check structure, events and every byte; loads are halted meanwhile.  False: not now, somebody
 * works on it.
 */
bool tp_lab_machine_check(struct tp_lab_machine *lm);

/* The load or veto called @name, or NULL; under the lock.  Of vetoes, one that still refuses. */
struct tp_load *tp_lab_machine_load(struct tp_lab_machine *lm, const char *name);
struct tp_veto *tp_lab_machine_veto(struct tp_lab_machine *lm, const char *name);
void tp_lab_machine_add_load(struct tp_lab_machine *lm, struct tp_load *load);
void tp_lab_machine_add_veto(struct tp_lab_machine *lm, struct tp_veto *veto);
/* One that is stopped already is fine.  -EBUSY: something still pins it. */
int tp_lab_machine_stop_load(struct tp_lab_machine *lm, struct tp_load *load);

#endif
