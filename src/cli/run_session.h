/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_session - what `tidepool run` and `tidepool mount` do with a script. */
#ifndef TP_CLI_RUN_SESSION_H
#define TP_CLI_RUN_SESSION_H

#include "cli/run_options.h"

struct tp_run_session {
	const char *command; /* "run" */
	struct tp_run_options options;
	bool no_check, retry;
	FILE *trace;		    /* NULL: none */
	const struct tp_host *host; /* NULL: none */
};

/*
 * Run it to its end.  Standard output has the table or the JSON lines, standard error what the
 * script prints and, on a terminal, what goes on.  Returns the exit code.
 */
int tp_run_session(const struct tp_run_session *session);

#endif
