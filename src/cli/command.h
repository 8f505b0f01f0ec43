/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command - the one table of subcommands and their options.
 *
 * --help, the man page (man/update) and the bash completion all read it.
 */
#ifndef TP_CLI_COMMAND_H
#define TP_CLI_COMMAND_H

#include <argp.h>
#include <stdint.h>

enum { TP_EXIT_HELD = 0, TP_EXIT_FINDING = 1, TP_EXIT_USAGE = 2, TP_EXIT_ENVIRONMENT = 3 };

struct tp_command {
	const char *name;
	const char *args;    /* "SCRIPT [NAME=VALUE...]" or "" */
	const char *summary; /* one line */
	const char *text;    /* more, for --help and the man page */
	const struct argp_option *options;
	/* @argv[0] is "tidepool NAME".  Returns the exit code. */
	int (*main)(int argc, char **argv);
};

extern const struct tp_command tp_command_run, tp_command_explore, tp_command_replay,
	tp_command_merge, tp_command_faults, tp_command_doctor, tp_command_version,
	tp_command_mount, tp_command_ctl, tp_command_exec, tp_command_net, tp_command_gpu;

/* NULL-ended. */
extern const struct tp_command *const tp_commands[];

/*
 * Parse the options of @command; the parser finds @input in its state.  Wrong ones end the process
 * with TP_EXIT_USAGE.
 */
void tp_command_parse(const struct tp_command *command, argp_parser_t parser, int argc, char **argv,
		      void *input);

/* A line of a command's table of options. */
#define TP_OPTION_LINE(option_name, option_key, argument, text)                               \
	{                                                                                     \
		.name = (option_name), .key = (option_key), .arg = (argument), .doc = (text), \
	}

/* The number that @option was given; anything else ends the process with TP_EXIT_USAGE. */
uint64_t tp_command_number(const char *text, const char *option, struct argp_state *state);

/* "command<TAB>option<TAB>argument<TAB>text" per line, for generators. */
void tp_command_print_options(void);

/* A message on stderr, "tidepool: ...", with a line end. */
void tp_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The version of the project. */
extern const char tp_version[];

#endif
