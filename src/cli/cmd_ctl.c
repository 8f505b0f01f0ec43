/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_ctl - tidepool ctl DIR COMMAND [NAME=VALUE...]
 *
 * One command over the control channel of a mounted machine, and its answer.
 */
#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tidepool/types.h>

#include "cli/command.h"
#include "cli/control_client.h"
#include "cli/ctl_answer.h"
#include "cli/json_out.h"
#include "core/clock.h"
#include "core/sync.h"

enum { KEY_JSON = 0x100, MAX_ARGUMENTS = 64 };

struct options {
	bool json;
	const char *dir, *command;
	const char *arguments[MAX_ARGUMENTS];
	unsigned nr_arguments;
};

static const struct argp_option options_table[] = {
	{ .name = "json", .key = KEY_JSON, .doc = "print the answers as they come" },
	{ .name = NULL },
};

static void add_argument(struct options *options, const char *arg, struct argp_state *state)
{
	if (!options->dir)
		options->dir = arg;
	else if (!options->command)
		options->command = arg;
	else if (!tp_control_is_setting(arg))
		argp_error(state, "\"%s\" is no option of the form NAME=VALUE", arg);
	else if (options->nr_arguments == MAX_ARGUMENTS)
		argp_error(state, "at most %d options", MAX_ARGUMENTS);
	else
		options->arguments[options->nr_arguments++] = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		add_argument(options, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (!options->command)
			argp_error(state, "which mount, and which command? try: tidepool ctl DIR "
					  "devices");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static json_t *request_of(const struct options *options)
{
	json_t *request = json_pack("{s:o}", "cmd", tp_json_text(options->command));

	tp_control_settings(request, options->arguments, options->nr_arguments);
	return request;
}

static void print(void *arg, const json_t *line)
{
	const struct options *options = arg;

	tp_ctl_answer_print(line, options->json);
}

/* Who asked for the end wants to go on with what comes after it. */
static void wait_until_gone(const char *dir)
{
	const uint64_t until = tp_clock_after(TP_SECONDS(10));
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tidepool/uevents", dir);
	while (!access(path, F_OK) && tp_clock_now() < until)
		tp_sleep_ns(TP_MILLISECONDS(5));
}

static int ctl_main(int argc, char **argv)
{
	struct options options = { .dir = NULL };
	FILE *stream;
	int code;

	tp_command_parse(&tp_command_ctl, parse, argc, argv, &options);
	stream = tp_control_connect(options.dir);
	if (!stream)
		return TP_EXIT_ENVIRONMENT;
	tp_control_ask(stream, request_of(&options));
	code = tp_control_answer(options.dir, stream, !strcmp(options.command, "events"), print,
				 &options);
	fclose(stream);
	if (code == TP_EXIT_HELD && !strcmp(options.command, "quit"))
		wait_until_gone(options.dir);
	return code;
}

const struct tp_command tp_command_ctl = {
	.name = "ctl",
	.args = "DIR COMMAND [NAME=VALUE...]",
	.summary = "plug, unplug and load a mounted machine",
	.text = "Send one command to the machine mounted at DIR and print its answer.\v"
		"Commands: plug, unplug, online, offline, devices; load, pin, veto, stop, loads; "
		"hmat; net, net_stats, net_set, net_reset; stat, check, events, quit.  The manual "
		"page has their options.  Exit code: 0 done, 1 refused, 2 wrong use, 3 there is "
		"no such machine.",
	.options = options_table,
	.main = ctl_main,
};
