/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explore_options - what tidepool explore takes. */
#ifndef TP_CLI_EXPLORE_OPTIONS_H
#define TP_CLI_EXPLORE_OPTIONS_H

#include "cli/scenario_options.h"

struct tp_explore_command {
	struct tp_scenario_options common;
	char **words; /* that name scenarios */
	unsigned nr_words, jobs;
	bool list, json, quiet, sites, time_given;
};

extern const struct argp_option tp_explore_options_table[];

/* Read the command line; what is wrong ends the process with TP_EXIT_USAGE. */
void tp_explore_options_read(struct tp_explore_command *command, int argc, char **argv);

#endif
