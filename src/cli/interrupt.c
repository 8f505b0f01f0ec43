/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interrupt - ask on the first signal, insist on the second. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "lab/run.h"

static void ask(int signal)
{
	(void)signal;
	tp_run_interrupt();
}

static void ask_or_insist(int signal)
{
	if (tp_run_interrupted())
		_exit(tp_verdict_exit_code(TP_VERDICT_INTERRUPTED));
	ask(signal);
}

static void install(void (*handler)(int signal))
{
	const struct sigaction action = { .sa_handler = handler };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void tp_interrupt_install(void)
{
	install(ask_or_insist);
}

void tp_interrupt_install_patient(void)
{
	install(ask);
}
