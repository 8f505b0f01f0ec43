/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_ctl - tidepool ctl DIR COMMAND [NAME=VALUE...]
 *
 * One command over the control channel of a mounted machine, and its answer.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <tidepool/types.h>

#include "cli/command.h"
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

/* "@name" as the mount says it; returns the length of the address, or a negative errno. */
static int read_address(const char *dir, struct sockaddr_un *address, uid_t *owner)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/tidepool/control", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, address->sun_path, sizeof(address->sun_path) - 1);
	if (n < 0 || fstat(fd, &st))
		n = -errno;
	close(fd);
	if (n < 2 || address->sun_path[0] != '@')
		return n < 0 ? (int)n : -EPROTO;
	*owner = st.st_uid;
	address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + (size_t)n - 1);
}

/* An abstract address is anybody's who takes it: whoever answers must be the mount's owner. */
static bool is_owned_by(int fd, uid_t owner)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) && peer.uid == owner;
}

static int try_connect(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uid_t owner = 0;
	int length = read_address(dir, &address, &owner), fd, err = 0;

	if (length < 0)
		return length;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, (socklen_t)length))
		err = -errno;
	else if (!is_owned_by(fd, owner))
		err = -EPERM;
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int connect_to(const char *dir)
{
	int fd = try_connect(dir);

	if (fd < 0)
		tp_message("%s is no mounted machine that could be reached: %s", dir,
			   strerror(-fd));
	return fd;
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

static void ask(const struct options *options, FILE *stream)
{
	json_t *request = request_of(options);

	/* Nobody there any more is an answer too.  Afterwards it is our output that may end us. */
	signal(SIGPIPE, SIG_IGN);
	json_dumpf(request, stream, JSON_COMPACT);
	fputc('\n', stream);
	fflush(stream);
	signal(SIGPIPE, SIG_DFL);
	json_decref(request);
}

static int converse(const struct options *options, FILE *stream)
{
	bool answered = false, streams = !strcmp(options->command, "events");
	int code = TP_EXIT_ENVIRONMENT;
	json_t *line;

	while ((streams || !answered) &&
	       (line = json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL))) {
		json_t *ok = json_object_get(line, "ok");

		if (ok) {
			answered = true;
			code = json_is_true(ok) ? TP_EXIT_HELD : TP_EXIT_FINDING;
		}
		tp_ctl_answer_print(line, options->json);
		json_decref(line);
	}
	if (!answered)
		tp_message("%s: the machine ended before it answered", options->dir);
	return code;
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
	ask(&options, stream);
	code = converse(&options, stream);
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
		"hmat; stat, check, events, quit.  The manual page has their options.  Exit code: "
		"0 done, 1 refused, 2 wrong use, 3 there is no such machine.",
	.options = options_table,
	.main = ctl_main,
};
