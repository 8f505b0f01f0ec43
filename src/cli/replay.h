/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay - the command that does a run again, also if the process dies on the way. */
#ifndef TP_CLI_REPLAY_H
#define TP_CLI_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/run.h"

enum { TP_REPLAY_TEXT = 1024, TP_MAX_INJECTIONS = 16 };

struct tp_replay {
	const char *script;
	uint64_t seed;
	char *const *args;
	unsigned nr_args;
	const struct tp_injection *injections;
	unsigned nr_injections;
	bool retry;
};

/* "tidepool run scenarios/x.lua --seed 7 --inject mm/isolate:2 size=1G".  Returns @buf. */
const char *tp_replay_command(char buf[TP_REPLAY_TEXT], const struct tp_replay *replay);

/* If the process is stopped by its own mistake, print @command as the last thing. */
void tp_replay_on_crash(const char *command);

#endif
