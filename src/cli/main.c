/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main - find the subcommand.
 *
 * Exit codes: 0 all held, 1 a finding, 2 wrong use, 3 the system lacks something, 130 interrupted.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static void print_help(FILE *out)
{
	fputs("Take memory away from running programs and give it back.\n\n"
	      "usage: tidepool COMMAND [OPTION...]\n\n",
	      out);
	for (const struct tp_command *const *c = tp_commands; *c; c++)
		fprintf(out, "  %-9s%s\n", (*c)->name, (*c)->summary);
	fputs("\nStart with: tidepool run scenarios/quickstart.lua\n"
	      "More on a command: tidepool COMMAND --help, or man tidepool\n",
	      out);
}

static const struct tp_command *find(const char *name)
{
	for (const struct tp_command *const *c = tp_commands; *c; c++) {
		if (!strcmp((*c)->name, name))
			return *c;
	}
	return NULL;
}

static int run(const struct tp_command *command, int argc, char **argv)
{
	char name[64];

	/* argp begins its messages with this. */
	snprintf(name, sizeof(name), "tidepool %s", command->name);
	argv[0] = name;
	return command->main(argc, argv);
}

int main(int argc, char **argv)
{
	const struct tp_command *command;

	if (argc < 2) {
		print_help(stderr);
		return TP_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return TP_EXIT_HELD;
	}
	if (!strcmp(argv[1], "--version"))
		return run(&tp_command_version, 1, argv);
	if (!strcmp(argv[1], "--print-options")) {
		tp_command_print_options();
		return TP_EXIT_HELD;
	}
	command = find(argv[1]);
	if (!command) {
		tp_message("there is no command \"%s\"; \"tidepool --help\" lists them", argv[1]);
		return TP_EXIT_USAGE;
	}
	return run(command, argc - 1, argv + 1);
}
