/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_options - what everything that runs a script takes, read the same way everywhere. */
#ifndef TP_CLI_RUN_OPTIONS_H
#define TP_CLI_RUN_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "cli/command.h"
#include "cli/replay.h"

enum {
	TP_KEY_JSON = 0x100,
	TP_KEY_SEED,
	TP_KEY_QUIET,
	TP_KEY_LIMIT,
	TP_KEY_INJECT,
	TP_KEY_OWN, /* and up: of one command */
};

#define TP_RUN_OPTIONS                                                                            \
	TP_OPTION_LINE("json", TP_KEY_JSON, NULL, "print one JSON object per line, not a table"), \
		TP_OPTION_LINE("seed", TP_KEY_SEED, "N",                                          \
			       "use this seed for everything random; by default a new one"),      \
		TP_OPTION_LINE("quiet", TP_KEY_QUIET, NULL, "print only the verdict"),            \
		TP_OPTION_LINE("limit", TP_KEY_LIMIT, "TIME",                                     \
			       "end the script after that time (10min)"),                         \
		TP_OPTION_LINE("inject", TP_KEY_INJECT, "SITE:N",                                 \
			       "let hit N of a fault site fail; may be given more than once")

struct tp_run_options {
	const char *script;
	char *args[64];
	unsigned nr_args;
	bool json, quiet;
	uint64_t seed, limit_ns;
	struct tp_injection injections[TP_MAX_INJECTIONS];
	unsigned nr_injections;
};

void tp_run_options_init(struct tp_run_options *options);
/* For a command's parser: handles its share of keys, script and arguments included. */
error_t tp_run_options_parse(struct tp_run_options *options, int key, char *arg,
			     struct argp_state *state);
struct tp_replay tp_run_options_replay(const struct tp_run_options *options);
/* What a run needs to know of them; the caller adds the rest. */
struct tp_run_config tp_run_options_config(const struct tp_run_options *options);
/* Are there the sites that --inject names?  False: a message was printed. */
bool tp_run_options_check(const struct tp_run_options *options);

#endif
