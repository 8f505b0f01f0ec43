/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay - the command that does a run again.
 */
#include "cli/replay.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/shell_word.h"
#include "core/compiler.h"

static char crash_text[16 * TP_REPLAY_TEXT];

const char *tp_replay_command(char buf[TP_REPLAY_TEXT], const struct tp_replay *replay)
{
	FILE *out = fmemopen(buf, TP_REPLAY_TEXT, "w");

	buf[0] = '\0';
	if (!out)
		return buf;
	fputs("tidepool run", out);
	tp_shell_word_print(out, replay->script);
	fprintf(out, " --seed %" PRIu64, replay->seed);
	for (unsigned i = 0; i < replay->nr_injections; i++)
		fprintf(out, " --inject %s:%" PRIu64, replay->injections[i].name,
			replay->injections[i].nth);
	if (replay->retry)
		fputs(" --retry", out);
	for (unsigned i = 0; i < replay->nr_args; i++)
		tp_shell_word_print(out, replay->args[i]);
	fclose(out);
	return buf;
}

/* The handler is gone when this runs (SA_RESETHAND), so the same signal now ends the process. */
static void on_crash(int signal)
{
	size_t length = strlen(crash_text);

	while (length && write(STDERR_FILENO, crash_text, length) < 0)
		length = 0;
	raise(signal);
}

static void watch(int signal)
{
	struct sigaction old, action = { .sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND };

	/* A sanitizer that listens already says more than we could. */
	if (!sigaction(signal, NULL, &old) && old.sa_handler == SIG_DFL)
		sigaction(signal, &action, NULL);
}

void tp_replay_on_crash(const char *command)
{
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };

	snprintf(crash_text, sizeof(crash_text), "tidepool: it crashed; replay: %s\n", command);
	for (size_t i = 0; i < TP_ARRAY_SIZE(signals); i++)
		watch(signals[i]);
}
