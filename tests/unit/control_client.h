/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control_client - a control server on a socket in a directory of its own, and clients of it.
 * Include after <cmocka.h>.
 *
 * No client waits for an answer longer than PATIENCE_S: a test that hangs says nothing.
 */
#ifndef TESTS_UNIT_CONTROL_CLIENT_H
#define TESTS_UNIT_CONTROL_CLIENT_H

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_machine.h"
#include "core/clock.h"
#include "lab/control.h"
#include "lab/control_command.h"
#include "lab/lab_machine.h"

enum { PATIENCE_S = 20 };

struct server {
	struct tp_run *run;
	struct tp_lab_machine *lm;
	struct tp_control *control;
	char dir[32];
	struct sockaddr_un address;
	tp_atomic_u32 asked_to_quit;
	int quitter;		     /* the socket of whoever will ask for that */
	tp_atomic_u32 quitter_knows; /* he had his answer by then */
};

static inline void server_quit(void *arg)
{
	struct server *s = arg;
	struct pollfd answer = { .fd = s->quitter, .events = POLLIN };

	if (poll(&answer, 1, 0) == 1)
		tp_atomic_store(&s->quitter_knows, 1, TP_RELEASE);
	tp_atomic_store(&s->asked_to_quit, 1, TP_RELEASE);
}

/* A listening socket at the server's address. */
static inline int server_listen(struct server *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(s->address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&s->address, sizeof(s->address)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static inline int server_begin(struct server *s)
{
	const struct tp_control_config config = { .lm = s->lm,
						  .listener = server_listen(s),
						  .default_policy = control_policy,
						  .quit = server_quit,
						  .arg = s };

	return tp_control_begin(&config, &s->control);
}

static inline int setup_server(void **state)
{
	static struct tp_run run; /* its steps make it large */
	static struct server server;
	int err;

	tp_list_init(&run.machines);
	tp_findings_init(&run.findings);
	server = (struct server){ .run = &run, .address.sun_family = AF_UNIX, .quitter = -1 };
	strcpy(server.dir, "/tmp/tp-control-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	snprintf(server.address.sun_path, sizeof(server.address.sun_path), "%s/control",
		 server.dir);
	err = tp_lab_machine_create(&run, &control_machine, &server.lm);
	*state = &server;
	return err ? err : server_begin(&server);
}

/* Everything that the clients left is taken down with the machine, and verified. */
static inline int teardown_server(void **state)
{
	struct server *s = *state;

	tp_control_end(s->control);
	tp_lab_machine_close(s->lm);
	fputs(s->run->findings.text, stderr);
	assert_int_equal(tp_findings_count(&s->run->findings), 0);
	tp_lab_machine_destroy(s->lm);
	unlink(s->address.sun_path);
	rmdir(s->dir);
	return 0;
}

/* ---- clients --------------------------------------------------------------------------------- */

struct client {
	int fd;
	size_t filled;
	char line[1 << 17];
};

static inline void client_open(struct client *c, const struct server *s)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	c->filled = 0;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(c->fd, (const struct sockaddr *)&s->address, sizeof(s->address)),
			 0);
}

static inline void client_close(struct client *c)
{
	close(c->fd);
}

static inline void client_send(struct client *c, const void *bytes, size_t length)
{
	const char *from = bytes;

	while (length) {
		ssize_t n = send(c->fd, from, length, MSG_NOSIGNAL);

		assert_true(n > 0);
		from += n;
		length -= (size_t)n;
	}
}

static inline void client_say(struct client *c, const char *line)
{
	client_send(c, line, strlen(line));
	client_send(c, "\n", 1);
}

/* The next line, or NULL: the server ended the connection. */
static inline json_t *client_hear(struct client *c)
{
	char *end;
	json_t *object;

	while (!(end = memchr(c->line, '\n', c->filled))) {
		ssize_t n = recv(c->fd, c->line + c->filled, sizeof(c->line) - c->filled, 0);

		if (!n || (n < 0 && errno == ECONNRESET))
			return NULL;
		assert_true(n > 0);
		c->filled += (size_t)n;
	}
	*end = '\0';
	object = json_loads(c->line, 0, NULL);
	assert_true(json_is_object(object));
	assert_int_equal(json_integer_value(json_object_get(object, "schema")), 2);
	c->filled -= (size_t)(end + 1 - c->line);
	memmove(c->line, end + 1, c->filled);
	return object;
}

static inline const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

static inline json_t *client_ask(struct client *c, const char *line)
{
	json_t *answer;

	client_say(c, line);
	answer = client_hear(c);
	assert_non_null(answer);
	assert_string_equal(text_of(answer, "type"), "answer");
	return answer;
}

static inline void expect_done(json_t *answer)
{
	if (!json_is_true(json_object_get(answer, "ok")))
		print_error("%s: %s\n", text_of(answer, "err"), text_of(answer, "error"));
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

/* @why: a part of the reason. */
static inline void expect_refused(json_t *answer, const char *err, const char *why)
{
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_string_equal(text_of(answer, "err"), err);
	if (!strstr(text_of(answer, "error"), why))
		print_error("\"%s\" does not say \"%s\"\n", text_of(answer, "error"), why);
	assert_non_null(strstr(text_of(answer, "error"), why));
	json_decref(answer);
}

#define ASK(client, line)		expect_done(client_ask(client, line))
#define REFUSED(client, line, err, why) expect_refused(client_ask(client, line), err, why)

/* ---- the machine ----------------------------------------------------------------------------- */

static inline unsigned nr_online(struct server *s, const char *device)
{
	struct tp_device_info info;

	return tp_device_query(s->lm->machine, device, &info) ? 0 : info.nr_online;
}

static inline bool has_device(struct server *s, const char *device)
{
	struct tp_device_info info;

	return !tp_device_query(s->lm->machine, device, &info);
}

/* Until a block of the device is on its way down: an unplug waits for something. */
static inline void wait_until_going(struct server *s, const char *device)
{
	uint64_t until_ns = tp_clock_after(TP_MILLISECONDS(PATIENCE_S * 1000));
	struct tp_device_info info;
	struct tp_block_info block;

	assert_int_equal(tp_device_query(s->lm->machine, device, &info), 0);
	do {
		assert_true(tp_clock_now() < until_ns);
		tp_sleep_ns(TP_MILLISECONDS(1));
		assert_int_equal(tp_block_info(s->lm->machine, info.first_block, &block), 0);
	} while (block.state != TP_BLOCK_GOING_OFFLINE);
}

/*
 * Until all that clients began has ended: one who hung up hears nothing of it, and blocks are back
 * before the unplug that he asked for returns.
 */
static inline void wait_until_rest(struct client *c)
{
	uint64_t until_ns = tp_clock_after(TP_MILLISECONDS(PATIENCE_S * 1000));
	json_t *answer;

	while (!strcmp(text_of(answer = client_ask(c, "{\"cmd\":\"check\"}"), "err"), "EBUSY")) {
		json_decref(answer);
		assert_true(tp_clock_now() < until_ns);
		tp_sleep_ns(TP_MILLISECONDS(1));
	}
	expect_done(answer);
}

#endif
