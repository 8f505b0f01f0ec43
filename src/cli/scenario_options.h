/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scenario_options - what everything that runs scenarios takes, and says again in its replays. */
#ifndef TP_CLI_SCENARIO_OPTIONS_H
#define TP_CLI_SCENARIO_OPTIONS_H

#include <argp.h>
#include <stdio.h>

#include <tidepool/explore.h>

#include "cli/command.h"

enum {
	TP_KEY_LOAD = 0x200,
	TP_KEY_MEMORY,
	TP_KEY_FAULTS,
	TP_KEY_TIMERS,
	TP_KEY_SCENARIO_OWN, /* and up: of one command */
};

#define TP_SCENARIO_OPTIONS                                                                      \
	TP_OPTION_LINE("load", TP_KEY_LOAD, "FILE.so",                                           \
		       "add the scenarios of a shared object; may be given more than once"),     \
		TP_OPTION_LINE("memory", TP_KEY_MEMORY, "sc|c11",                                \
			       "a load sees the newest store (sc), or any that its C11 memory "  \
			       "order allows (c11); by default as the scenario says"),           \
		TP_OPTION_LINE("faults", TP_KEY_FAULTS, "N",                                     \
			       "let up to N steps of a run fail; by default as the scenario "    \
			       "says"),                                                          \
		TP_OPTION_LINE("timers", TP_KEY_TIMERS, "N",                                     \
			       "let up to N timers of a run fire before their time; by default " \
			       "as the scenario says")

enum { TP_MAX_LOADS = 16 };

struct tp_scenario_options {
	struct tp_explore_options explore;
	const char *loads[TP_MAX_LOADS];
	unsigned nr_loads;
};

/* For a command's parser: handles its share of the keys. */
error_t tp_scenario_options_parse(struct tp_scenario_options *options, int key, char *arg,
				  struct argp_state *state);

/* " --load x.so --memory c11 --faults 1": what was given, for a command that does it again. */
void tp_scenario_options_print(FILE *out, const struct tp_scenario_options *options);

/* An option's number of 32 bits; anything else ends the process with TP_EXIT_USAGE. */
unsigned tp_scenario_number(const char *text, const char *option, struct argp_state *state);

/* "sc", "c11". */
const char *tp_memory_name(enum tp_memory_model memory);
/* -EINVAL: there is no such model. */
int tp_memory_parse(const char *name, enum tp_memory_model *memory);

#endif
