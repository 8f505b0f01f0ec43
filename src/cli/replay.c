/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay - the command that does a run again.
 */
#include "cli/replay.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/crash.h"
#include "cli/shell_word.h"

static char crash_text[TP_REPLAY_TEXT + 64];

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

static void say_crash_text(void)
{
	tp_crash_say(crash_text);
}

void tp_replay_on_crash(const char *command)
{
	snprintf(crash_text, sizeof(crash_text), "tidepool: it crashed; replay: %s\n", command);
	tp_crash_watch(say_crash_text);
}
