/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_version - tidepool version */
#include <stdio.h>

#include "cli/command.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key == ARGP_KEY_ARG)
		argp_usage(state);
	return key == ARGP_KEY_ARG ? 0 : ARGP_ERR_UNKNOWN;
}

static int version_main(int argc, char **argv)
{
	tp_command_parse(&tp_command_version, parse, argc, argv, NULL);
	printf("tidepool %s\n", tp_version);
	return TP_EXIT_HELD;
}

const struct tp_command tp_command_version = {
	.name = "version",
	.args = "",
	.summary = "say which version this is",
	.text = "Say which version this is.",
	.options = NULL,
	.main = version_main,
};
