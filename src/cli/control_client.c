/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_client - find the machine mounted at a directory, ask it something, read what it says. */
#include "cli/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"

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

FILE *tp_control_connect(const char *dir)
{
	int fd = try_connect(dir), err = fd < 0 ? -fd : 0;
	FILE *stream = err ? NULL : fdopen(fd, "r+");

	if (!stream && !err) {
		err = errno;
		close(fd);
	}
	if (!stream)
		tp_message("%s is no mounted machine that could be reached: %s", dir,
			   strerror(err));
	return stream;
}

void tp_control_ask(FILE *stream, json_t *request)
{
	/* Nobody there any more is an answer too.  Afterwards it is our output that may end us. */
	signal(SIGPIPE, SIG_IGN);
	json_dumpf(request, stream, JSON_COMPACT);
	fputc('\n', stream);
	fflush(stream);
	signal(SIGPIPE, SIG_DFL);
	json_decref(request);
}

int tp_control_answer(const char *dir, FILE *stream, bool streams,
		      void (*print)(void *arg, const json_t *line), void *arg)
{
	bool answered = false;
	int code = TP_EXIT_ENVIRONMENT;
	json_t *line;

	while ((streams || !answered) &&
	       (line = json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL))) {
		json_t *ok = json_object_get(line, "ok");

		if (ok) {
			answered = true;
			code = json_is_true(ok) ? TP_EXIT_HELD : TP_EXIT_FINDING;
		}
		print(arg, line);
		json_decref(line);
	}
	if (!answered)
		tp_message("%s: the machine ended before it answered", dir);
	return code;
}
