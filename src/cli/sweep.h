/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sweep - let every fault site that a script reaches fail, one per run. */
#ifndef TP_CLI_SWEEP_H
#define TP_CLI_SWEEP_H

#include "cli/run_options.h"

struct tp_sweep_options {
	const struct tp_run_options *run;
	unsigned hits;	     /* how many hits of each site, evenly spread */
	uint64_t timeout_ns; /* of one run */
};

/* Returns the exit code. */
int tp_sweep(const struct tp_sweep_options *options);

#endif
