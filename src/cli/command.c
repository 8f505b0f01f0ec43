/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command - what all subcommands share: parsing, messages, and the printed option table.
 */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>

/* Given by the build, which alone knows it. */
const char tp_version[] = TP_VERSION;

const struct tp_command *const tp_commands[] = {
	&tp_command_run, &tp_command_faults, &tp_command_doctor, &tp_command_version, NULL,
};

void tp_message(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("tidepool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void tp_command_parse(const struct tp_command *command, argp_parser_t parser, int argc, char **argv,
		      void *input)
{
	const struct argp argp = { .options = command->options,
				   .parser = parser,
				   .args_doc = command->args,
				   .doc = command->text };

	argp_err_exit_status = TP_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, input);
}

static void print_option(const struct tp_command *command, const struct argp_option *option)
{
	if (option->flags & OPTION_HIDDEN)
		return;
	printf("%s\t--%s\t%s\t%s\n", command->name, option->name, option->arg ? option->arg : "",
	       option->doc);
}

void tp_command_print_options(void)
{
	for (const struct tp_command *const *c = tp_commands; *c; c++) {
		printf("%s\t\t%s\t%s\n", (*c)->name, (*c)->args, (*c)->summary);
		for (const struct argp_option *o = (*c)->options; o && o->name; o++)
			print_option(*c, o);
	}
}
