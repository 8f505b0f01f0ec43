/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interrupt - ask on the first signal, insist on the second. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "lab/run.h"

static void on_interrupt(int signal)
{
	(void)signal;
	if (tp_run_interrupted())
		_exit(tp_verdict_exit_code(TP_VERDICT_INTERRUPTED));
	tp_run_interrupt();
}

void tp_interrupt_install(void)
{
	const struct sigaction action = { .sa_handler = on_interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}
