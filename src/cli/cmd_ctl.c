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
#include "cli/control_args.h"
#include "cli/control_client.h"
#include "cli/ctl_answer.h"
#include "cli/json_out.h"
#include "core/clock.h"
#include "core/sync.h"

/* The words. */
enum { DIR_WORD, COMMAND_WORD, NR_WORDS };

static void check(const struct tp_control_args *args, struct argp_state *state)
{
	if (args->nr_words < NR_WORDS)
		argp_error(state, "which mount, and which command? try: tidepool ctl DIR devices");
}

static json_t *request_of(const struct tp_control_args *args)
{
	json_t *request = json_pack("{s:o}", "cmd", tp_json_text(args->words[COMMAND_WORD]));

	tp_control_add_settings(args, request);
	return request;
}

static void print(void *arg, const json_t *line)
{
	const struct tp_control_args *args = arg;

	tp_ctl_answer_print(line, args->json);
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
	struct tp_control_args args = { .max_words = NR_WORDS,
					.max_settings = TP_CONTROL_MAX_SETTINGS,
					.setting = "option",
					.check = check };
	const char *dir, *command;
	FILE *stream;
	int code;

	tp_command_parse(&tp_command_ctl, tp_control_parse, argc, argv, &args);
	dir = args.words[DIR_WORD];
	command = args.words[COMMAND_WORD];
	stream = tp_control_connect(dir);
	if (!stream)
		return TP_EXIT_ENVIRONMENT;
	tp_control_ask(stream, request_of(&args));
	code = tp_control_answer(dir, stream, !strcmp(command, "events"), print, &args);
	fclose(stream);
	if (code == TP_EXIT_HELD && !strcmp(command, "quit"))
		wait_until_gone(dir);
	return code;
}

const struct tp_command tp_command_ctl = {
	.name = "ctl",
	.args = "DIR COMMAND [NAME=VALUE...]",
	.summary = "plug, unplug and load a mounted machine",
	.text = "Send one command to the machine mounted at DIR and print its answer.\v"
		"Commands: plug, unplug, online, offline, devices; load, pin, veto, stop, loads; "
		"hmat; net, net_stats, net_set, net_reset; gpu, gpu_stats, gpu_reset, gpu_dump; "
		"stat, check, events, quit.  The manual page has their options.  Exit code: 0 "
		"done, 1 refused, 2 wrong use, 3 there is no such machine.",
	.options = tp_control_options,
	.main = ctl_main,
};
