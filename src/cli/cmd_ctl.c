/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_ctl - tidepool ctl DIR COMMAND [NAME=VALUE...]
 *
 * One command over the control channel of a mounted machine, and its answer.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/ctl_answer.h"
#include "cli/json_out.h"
#include "core/compiler.h"

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
	else if (!strchr(arg, '=') || *arg == '=')
		argp_error(state, "\"%s\" is not of the form NAME=VALUE", arg);
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

static int connect_to(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/tidepool/control",
			     dir) >= sizeof(address.sun_path))
		errno = ENAMETOOLONG;
	else if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	tp_message("%s is no mounted machine that could be reached: %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static json_t *request_of(const struct options *options)
{
	json_t *request = json_pack("{s:o}", "cmd", tp_json_text(options->command));

	for (unsigned i = 0; i < options->nr_arguments; i++) {
		const char *arg = options->arguments[i], *equals = strchr(arg, '=');
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)(equals - arg), arg);
		json_object_set_new(request, name, tp_json_text(equals + 1));
	}
	return request;
}

static int converse(const struct options *options, FILE *stream)
{
	json_t *request = request_of(options), *answer;
	int code = TP_EXIT_FINDING;

	json_dumpf(request, stream, JSON_COMPACT);
	fputc('\n', stream);
	fflush(stream);
	json_decref(request);
	while ((answer = json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL))) {
		bool is_answer = json_object_get(answer, "ok");

		if (is_answer)
			code = json_is_true(json_object_get(answer, "ok")) ? TP_EXIT_HELD
									   : TP_EXIT_FINDING;
		tp_ctl_answer_print(answer, options->json);
		json_decref(answer);
		if (is_answer && strcmp(options->command, "events"))
			break;
	}
	return code;
}

static int ctl_main(int argc, char **argv)
{
	struct options options = { .dir = NULL };
	FILE *stream;
	int fd, code;

	tp_command_parse(&tp_command_ctl, parse, argc, argv, &options);
	fd = connect_to(options.dir);
	if (fd < 0)
		return TP_EXIT_ENVIRONMENT;
	stream = fdopen(fd, "r+");
	if (!stream) {
		close(fd);
		return TP_EXIT_ENVIRONMENT;
	}
	code = converse(&options, stream);
	fclose(stream);
	return code;
}

const struct tp_command tp_command_ctl = {
	.name = "ctl",
	.args = "DIR COMMAND [NAME=VALUE...]",
	.summary = "plug, unplug and load a mounted machine",
	.text = "Send one command to the machine mounted at DIR and print its answer.\v"
		"Commands: plug, unplug, online, offline, devices; load, pin, veto, stop, loads; "
		"hmat; stat, check, events, quit.  The manual page has their options.  Exit code: "
		"0 done, 1 refused, 2 wrong use, 3 there is no such machine.",
	.options = options_table,
	.main = ctl_main,
};
