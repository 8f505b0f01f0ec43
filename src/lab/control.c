/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control - connections: who may come in, lines in, lines out, and leaving while something is under
 * way.
 *
 * Invariants
 *  C1  Only the user who runs the machine, and root, get an answer, whoever knows the address.
 *  C2  A client that is gone has its command cancelled: the thread that accepts also watches.
 *  C3  A line is at most MAX_LINE bytes; a longer one ends the connection with a reason.
 *
 * Locking: the lock for the table of connections; a connection's buffer belongs to its thread.
 */
#include "lab/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <tidepool/uevent.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/rng.h"
#include "core/sync.h"
#include "lab/control_command.h"
#include "lab/lab_machine.h"
#include "lab/offline_json.h"

enum { MAX_CONNECTIONS = 32, MAX_LINE = 65536, WATCH_MS = 50, SCHEMA = 2, BATCH = 32 };

struct connection {
	struct tp_control *control;
	struct tp_thread thread;
	struct tp_cancel *cancel;
	bool ended; /* under the lock: its thread waits to be joined */
	int fd;
	size_t filled;
	char line[MAX_LINE + 1];
};

struct tp_control {
	struct tp_control_config config;
	struct tp_thread thread;
	struct tp_mutex lock;
	tp_atomic_u32 stop;
	struct connection *connections[MAX_CONNECTIONS];
};

static bool stopping(struct tp_control *control)
{
	return tp_atomic_load(&control->stop, TP_ACQUIRE);
}

/* ---- lines out ------------------------------------------------------------------------------- */

static bool send_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

/* Drops @object.  False: the client is gone. */
static bool send_line(int fd, const char *type, json_t *object)
{
	json_t *line = json_pack("{s:i, s:s}", "schema", SCHEMA, "type", type);
	size_t length;
	char *text;
	bool ok;

	json_object_update(line, object);
	length = json_dumpb(line, NULL, 0, JSON_COMPACT | JSON_PRESERVE_ORDER);
	text = tp_zalloc(length + 1);
	if (text) {
		json_dumpb(line, text, length, JSON_COMPACT | JSON_PRESERVE_ORDER);
		text[length] = '\n';
	}
	ok = text && send_all(fd, text, length + 1);
	tp_free(text);
	json_decref(line);
	json_decref(object);
	return ok;
}

/* Every member of an answer is always there; what a command has nothing to say of is null. */
static json_t *empty_answer(void)
{
	return json_pack(
		"{s:n, s:b, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, "
		"s:n}",
		"id", "ok", 1, "err", "error", "device", "devices", "report", "loads", "findings",
		"stat", "net_device", "net_devices", "net_stats", "gpu", "gpus", "gpu_stats",
		"gpu_dump");
}

static void refuse(json_t *answer, int err, const char *reason)
{
	json_object_set_new(answer, "ok", json_false());
	/* A callback may refuse with a number that has no name. */
	json_object_set_new(answer, "err", tp_json_text_or_null(strerrorname_np(-err)));
	json_object_set_new(answer, "error", tp_json_text(reason));
}

static bool send_refusal(int fd, int err, const char *reason)
{
	json_t *answer = empty_answer();

	refuse(answer, err, reason);
	return send_line(fd, "answer", answer);
}

static bool send_answer(struct connection *c, const struct tp_request *request, int err)
{
	json_t *id = json_object_get(request->object, "id"), *answer = empty_answer();

	if (id)
		json_object_set(answer, "id", id);
	if (err)
		refuse(answer, err, request->error);
	json_object_update(answer, request->answer);
	return send_line(c->fd, "answer", answer);
}

/* ---- the stream of events -------------------------------------------------------------------- */

static json_t *event_json(const struct tp_uevent *e)
{
	static const char *const subjects[] = { "memory", "node", "memory_tier" };

	return json_pack("{s:s, s:s, s:i, s:I}", "action", tp_uevent_action_name(e->action),
			 "subject", subjects[e->subject], "number", (int)e->id, "seq",
			 (json_int_t)e->seq);
}

static void stream_events(struct connection *c, uint64_t next)
{
	struct tp_machine *m = c->control->config.lm->machine;
	uint64_t lost = 0;
	bool ok = true;

	while (ok && !tp_cancel_requested(c->cancel)) {
		struct tp_uevent events[BATCH];
		size_t n;

		tp_uevents_wait(m, next, TP_MILLISECONDS(WATCH_MS));
		n = tp_uevents_read(m, &next, events, BATCH, &lost);
		for (size_t i = 0; i < n && ok; i++)
			ok = send_line(c->fd, "uevent", event_json(&events[i]));
	}
}

/* ---- lines in -------------------------------------------------------------------------------- */

/* False: the connection ends. */
static bool obey(struct connection *c, const char *line)
{
	json_error_t why;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &why);
	struct tp_request request = { .control = &c->control->config,
				      .cancel = c->cancel,
				      .object = object };
	/* Asked before the answer: who has it may count on hearing what he does next. */
	uint64_t next = tp_uevents_next(c->control->config.lm->machine);
	bool ok;
	int err;

	if (!json_is_object(object)) {
		json_decref(object);
		return send_refusal(c->fd, -EINVAL, object ? "not a JSON object" : why.text);
	}
	request.answer = json_object();
	err = tp_control_command(&request);
	ok = send_answer(c, &request, err);
	json_decref(request.answer);
	json_decref(object);
	/* Only now: the end would cut the connection, and the client would never know. */
	if (request.quits)
		c->control->config.quit(c->control->config.arg);
	if (ok && request.streams)
		stream_events(c, next);
	return ok && !request.streams;
}

/* Obey every whole line in the buffer and move the rest to its front. */
static bool obey_lines(struct connection *c)
{
	char *from = c->line, *end;

	c->line[c->filled] = '\0';
	while ((end = memchr(from, '\n', c->filled - (size_t)(from - c->line)))) {
		*end = '\0';
		/* A 0 inside would hide the rest of the line from the parser. */
		if (strlen(from) != (size_t)(end - from)) {
			if (!send_refusal(c->fd, -EINVAL, "a line with a 0 in it"))
				return false;
		} else if (end > from && !obey(c, from)) {
			return false;
		}
		from = end + 1;
	}
	c->filled -= (size_t)(from - c->line);
	memmove(c->line, from, c->filled);
	return true;
}

static bool may_enter(int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t length = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) &&
	       (peer.uid == getuid() || !peer.uid);
}

static void talk(struct connection *c)
{
	if (!may_enter(c->fd)) {
		send_refusal(c->fd, -EPERM, "this machine belongs to another user");
		return;
	}
	while (!tp_cancel_requested(c->cancel)) {
		ssize_t n = recv(c->fd, c->line + c->filled, MAX_LINE - c->filled, 0);

		if (n <= 0)
			return;
		c->filled += (size_t)n;
		if (!obey_lines(c))
			return;
		if (c->filled == MAX_LINE) {
			send_refusal(c->fd, -E2BIG, "a line is at most 65535 bytes long");
			return;
		}
	}
}

static void serve_connection(void *arg)
{
	struct connection *c = arg;

	talk(c);
	shutdown(c->fd, SHUT_RDWR);
	tp_mutex_lock(&c->control->lock);
	c->ended = true;
	tp_mutex_unlock(&c->control->lock);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void free_connection(struct connection *c)
{
	close(c->fd);
	tp_cancel_destroy(c->cancel);
	tp_free(c);
}

/* -ENOMEM, -EAGAIN: no thread.  @fd stays the caller's then. */
static int new_connection(struct tp_control *control, int fd, struct connection **connection)
{
	struct connection *c = tp_zalloc(sizeof(*c));
	int err;

	if (!c || tp_cancel_create(&c->cancel)) {
		tp_free(c);
		return -ENOMEM;
	}
	c->control = control;
	c->fd = fd;
	err = tp_thread_start(&c->thread, "control", serve_connection, c);
	if (!err) {
		*connection = c;
		return 0;
	}
	tp_cancel_destroy(c->cancel);
	tp_free(c);
	return err;
}

static struct connection **free_place(struct tp_control *control)
{
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		if (!control->connections[i])
			return &control->connections[i];
	}
	return NULL;
}

static void let_in(struct tp_control *control)
{
	int fd = accept4(control->config.listener, NULL, NULL, SOCK_CLOEXEC);
	struct connection **place = free_place(control);

	int err;

	if (fd < 0)
		return;
	err = place ? new_connection(control, fd, place) : -EBUSY;
	if (!err)
		return;
	send_refusal(fd, err, place ? "no room for another connection" : "too many connections");
	close(fd);
}

/* Join those that ended; with @all, those that have not yet as well. */
static void let_out(struct tp_control *control, bool all)
{
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = control->connections[i];
		bool ended;

		if (!c)
			continue;
		tp_mutex_lock(&control->lock);
		ended = c->ended;
		tp_mutex_unlock(&control->lock);
		if (!ended && !all)
			continue;
		tp_thread_join(&c->thread);
		free_connection(c);
		control->connections[i] = NULL;
	}
}

static void cancel_all(struct tp_control *control)
{
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = control->connections[i];

		if (!c)
			continue;
		tp_cancel_request(c->cancel);
		shutdown(c->fd, SHUT_RDWR);
	}
}

/* The listener, and a place for each connection that is there: only whether it hung up counts. */
static void watch(struct tp_control *control)
{
	struct pollfd fds[1 + MAX_CONNECTIONS] = { { .fd = control->config.listener,
						     .events = POLLIN } };

	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = control->connections[i];
		bool watched = c && !tp_cancel_requested(c->cancel);

		fds[1 + i] = (struct pollfd){ .fd = watched ? c->fd : -1 };
	}
	poll(fds, TP_ARRAY_SIZE(fds), WATCH_MS);
	for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
		if (fds[1 + i].revents & (POLLHUP | POLLERR))
			tp_cancel_request(control->connections[i]->cancel);
	}
	if (fds[0].revents & POLLIN)
		let_in(control);
}

static void serve(void *arg)
{
	struct tp_control *control = arg;

	while (!stopping(control)) {
		watch(control);
		let_out(control, false);
	}
	cancel_all(control);
	let_out(control, true);
}

int tp_control_listen(char address[TP_CONTROL_ADDRESS])
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;
	struct tp_rng rng;
	int length;

	if (fd < 0)
		return -errno;
	tp_rng_fork(&rng, tp_clock_now(), (uint64_t)getpid());
	length = snprintf(address, TP_CONTROL_ADDRESS, "@tidepool/%d/%016llx", (int)getpid(),
			  (unsigned long long)tp_rng_next(&rng));
	memcpy(name.sun_path + 1, address + 1, (size_t)length - 1);
	if (bind(fd, (struct sockaddr *)&name,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)) ||
	    listen(fd, SOMAXCONN))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int tp_control_begin(const struct tp_control_config *config, struct tp_control **control)
{
	struct tp_control *new = tp_zalloc(sizeof(*new));
	int err = -ENOMEM;

	if (new) {
		new->config = *config;
		tp_mutex_init(&new->lock, TP_RANK_LAB, 6);
		err = tp_thread_start(&new->thread, "control", serve, new);
	}
	if (!err) {
		*control = new;
		return 0;
	}
	close(config->listener);
	tp_free(new);
	return err;
}

void tp_control_end(struct tp_control *control)
{
	if (!control)
		return;
	tp_atomic_store(&control->stop, 1, TP_RELEASE);
	tp_thread_join(&control->thread);
	close(control->config.listener);
	tp_free(control);
}
