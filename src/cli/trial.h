/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trial - run a script in a child process, so that a crash or a hang is a result like any other.
 */
#ifndef TP_CLI_TRIAL_H
#define TP_CLI_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <tidepool/fault.h>

#include "cli/run_options.h"

enum { TP_TRIAL_SITES = 256, TP_TRIAL_TEXT = 5120 };

enum tp_trial_outcome {
	TP_TRIAL_HELD,	      /* the script went to its end */
	TP_TRIAL_ENDED,	      /* an operation failed cleanly and the script gave up */
	TP_TRIAL_NOT_REACHED, /* the fault was not hit: threads ran otherwise than before */
	TP_TRIAL_FINDING,
	TP_TRIAL_CRASH,
	TP_TRIAL_HANG,
	TP_TRIAL_INTERRUPTED,
};

struct tp_trial {
	enum tp_trial_outcome outcome;
	uint64_t injected;
	size_t nr_sites;
	struct tp_fault_info sites[TP_TRIAL_SITES]; /* names are good in the parent too */
	char text[TP_TRIAL_TEXT];		    /* what it found, or said before it died */
};

/*
 * Run the script of @options with @injection (NULL: none), for at most @timeout_ns.  This process
 * must have one thread.  -ENOMEM, -EAGAIN: no child could be had.
 */
int tp_trial_run(const struct tp_run_options *options, const struct tp_injection *injection,
		 uint64_t timeout_ns, struct tp_trial *trial);

/* "held", "finding", ... */
const char *tp_trial_outcome_name(enum tp_trial_outcome outcome);
/* It is a fault of the machine, not of the world. */
bool tp_trial_is_bad(enum tp_trial_outcome outcome);

#endif
