/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_run - tidepool run SCRIPT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/mount_host.h"
#include "cli/run_session.h"

enum { KEY_TRACE = TP_KEY_OWN, KEY_NO_CHECK, KEY_RETRY, KEY_MOUNT, KEY_ALLOW_OTHER };

struct options {
	struct tp_run_session session;
	struct tp_mount_wish mount;
	const char *trace_path;
};

static const struct argp_option options_table[] = {
	TP_RUN_OPTIONS,
	TP_OPTION_LINE("trace", KEY_TRACE, "FILE",
		       "write all events to FILE, for Perfetto or chrome://tracing"),
	TP_OPTION_LINE("no-check", KEY_NO_CHECK, NULL,
		       "check only at the end, not after every step"),
	TP_OPTION_LINE("retry", KEY_RETRY, NULL,
		       "do again, once, what an injected fault made fail"),
	TP_OPTION_LINE("mount", KEY_MOUNT, "DIR",
		       "while the script runs, show its first machine as files under DIR"),
	TP_OPTION_LINE("allow-other", KEY_ALLOW_OTHER, NULL,
		       "let other users read the mounted files, as their modes say"),
	{ .name = NULL },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_TRACE:
		options->trace_path = arg;
		return 0;
	case KEY_NO_CHECK:
		options->session.no_check = true;
		return 0;
	case KEY_RETRY:
		options->session.retry = true;
		return 0;
	case KEY_MOUNT:
		options->mount.dir = arg;
		return 0;
	case KEY_ALLOW_OTHER:
		options->mount.allow_other = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which script? try scenarios/quickstart.lua");
		return 0;
	default:
		return tp_run_options_parse(&options->session.options, key, arg, state);
	}
}

/* With the machine mounted, if that was asked for. */
static int run_mounted(struct options *options)
{
	struct tp_mount_host *host;
	int code;

	if (!options->mount.dir)
		return tp_run_session(&options->session);
	host = tp_mount_host_create(&options->mount);
	if (!host)
		return TP_EXIT_USAGE;
	options->session.host = tp_mount_host_of(host);
	code = tp_run_session(&options->session);
	tp_mount_host_destroy(host);
	return code;
}

static int run_main(int argc, char **argv)
{
	struct options options = { .session.command = "run" };
	FILE *trace = NULL;
	int code;

	tp_run_options_init(&options.session.options);
	tp_command_parse(&tp_command_run, parse, argc, argv, &options);
	if (!tp_run_options_check(&options.session.options))
		return TP_EXIT_USAGE;
	if (options.trace_path) {
		trace = fopen(options.trace_path, "we");
		if (!trace) {
			tp_message("%s cannot be written: %s", options.trace_path, strerror(errno));
			return TP_EXIT_USAGE;
		}
	}
	options.session.trace = trace;
	tp_interrupt_install();
	code = run_mounted(&options);
	if (trace && fclose(trace)) {
		tp_message("%s is incomplete: %s", options.trace_path, strerror(errno));
		code = code ? code : TP_EXIT_ENVIRONMENT;
	}
	return code;
}

const struct tp_command tp_command_run = {
	.name = "run",
	.args = "SCRIPT [NAME=VALUE...]",
	.summary = "run a machine script and check every step of it",
	.text = "Run a machine script and check every step of it.\v"
		"NAME=VALUE is arg.NAME in the script.  Exit code: 0 all held, 1 something did "
		"not, 2 the script or an option is wrong, 3 the system lacks something, "
		"130 interrupted.",
	.options = options_table,
	.main = run_main,
};
