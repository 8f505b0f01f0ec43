/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command - what all subcommands share: parsing, messages, and the printed option table.
 */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Given by the build, which alone knows it. */
const char tp_version[] = TP_VERSION;

const struct tp_command *const tp_commands[] = {
	&tp_command_run,
#if TP_HAVE_MOUNT
	&tp_command_mount,   &tp_command_ctl,	 &tp_command_exec,    &tp_command_net,
	&tp_command_gpu,
#endif
#if TP_HAVE_SIM
	&tp_command_explore, &tp_command_replay, &tp_command_merge,
#endif
	&tp_command_faults,  &tp_command_doctor, &tp_command_version, NULL,
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

uint64_t tp_command_number(const char *text, const char *option, struct argp_state *state)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (!*text || *text == '-' || *end || errno)
		argp_error(state, "%s: \"%s\" is no number", option, text);
	return n;
}

static void print_option(const struct tp_command *command, const struct argp_option *option)
{
	if (option->flags & OPTION_HIDDEN)
		return;
	printf(option->flags & OPTION_ARG_OPTIONAL ? "%s\t--%s\t[=%s]\t%s\n" : "%s\t--%s\t%s\t%s\n",
	       command->name, option->name, option->arg ? option->arg : "", option->doc);
}

void tp_command_print_options(void)
{
	for (const struct tp_command *const *c = tp_commands; *c; c++) {
		printf("%s\t\t%s\t%s\n", (*c)->name, (*c)->args, (*c)->summary);
		for (const struct argp_option *o = (*c)->options; o && o->name; o++)
			print_option(*c, o);
	}
}
