/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_control - the control channel: lines in, lines out, and who comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>
#include <tidepool/uevent.h>

#include "control_client.h"

static struct client one, two;

#define PLUG   "{\"cmd\":\"plug\",\"name\":\"dimm\",\"size\":\"8M\",\"node\":2}"
#define PIN    "{\"cmd\":\"pin\",\"name\":\"nic\",\"size\":\"64K\",\"node\":2}"
#define UNPLUG "{\"cmd\":\"unplug\",\"name\":\"dimm\"}"
#define STAT   "{\"cmd\":\"stat\"}"

/* A device whose unplug waits for a pin. */
static void plug_and_pin(struct server *s)
{
	client_open(&one, s);
	ASK(&one, PLUG);
	ASK(&one, PIN);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void the_id_comes_back_whatever_it_is(void **state)
{
	static const char *const ids[] = { "7", "\"a\"", "null", "[1,{\"b\":[]}]", "1.5" };

	client_open(&one, *state);
	for (size_t i = 0; i < TP_ARRAY_SIZE(ids); i++) {
		char line[64];
		json_t *answer, *id = json_loads(ids[i], JSON_DECODE_ANY, NULL);

		snprintf(line, sizeof(line), "{\"cmd\":\"stat\",\"id\":%s}", ids[i]);
		answer = client_ask(&one, line);
		assert_true(json_equal(json_object_get(answer, "id"), id));
		json_decref(id);
		expect_done(answer);
	}
	client_close(&one);
}

static void what_is_no_object_is_refused_and_the_connection_goes_on(void **state)
{
	client_open(&one, *state);
	REFUSED(&one, "{", "EINVAL", "");
	REFUSED(&one, "nonsense", "EINVAL", "");
	REFUSED(&one, "[1]", "EINVAL", "not a JSON object");
	REFUSED(&one, "{\"cmd\":\"stat\"} {}", "EINVAL", "");
	REFUSED(&one, "{\"cmd\":\"\xff\"}", "EINVAL", "decode");
	REFUSED(&one, "{\"cmd\":\"st\\u0000at\"}", "EINVAL", "");
	ASK(&one, STAT);
	client_close(&one);
}

static void a_member_given_twice_is_refused(void **state)
{
	client_open(&one, *state);
	REFUSED(&one, "{\"cmd\":\"stat\",\"cmd\":\"quit\"}", "EINVAL", "duplicate");
	ASK(&one, STAT);
	client_close(&one);
}

static void a_byte_0_hides_nothing(void **state)
{
	static const char line[] = "{\"cmd\":\"stat\"}\0{\"cmd\":\"quit\"}\n";
	struct server *s = *state;

	client_open(&one, s);
	client_send(&one, line, sizeof(line) - 1);
	expect_refused(client_hear(&one), "EINVAL", "0");
	ASK(&one, STAT);
	assert_int_equal(tp_atomic_load(&s->asked_to_quit, TP_ACQUIRE), 0);
	client_close(&one);
}

static void nesting_without_end_is_refused(void **state)
{
	enum { DEPTH = 20000 };
	static char line[DEPTH + 64];
	size_t prefix = (size_t)sprintf(line, "{\"cmd\":\"stat\",\"id\":");

	memset(line + prefix, '[', DEPTH);
	client_open(&one, *state);
	REFUSED(&one, line, "EINVAL", "depth");
	ASK(&one, STAT);
	client_close(&one);
}

/* As long as a line may be: only white space makes it so. */
static void the_longest_line_is_obeyed(void **state)
{
	static char line[65536];

	memset(line, ' ', sizeof(line) - 1);
	memcpy(line, STAT, strlen(STAT));
	client_open(&one, *state);
	ASK(&one, line);
	client_close(&one);
}

static void a_longer_line_ends_the_connection(void **state)
{
	static char line[65537];

	memset(line, ' ', sizeof(line) - 1);
	client_open(&one, *state);
	client_send(&one, line, sizeof(line) - 1);
	expect_refused(client_hear(&one), "E2BIG", "65535");
	assert_null(client_hear(&one));
	client_close(&one);
}

static void empty_lines_say_nothing(void **state)
{
	client_open(&one, *state);
	client_send(&one, "\n\n\n", 3);
	ASK(&one, STAT);
	client_close(&one);
}

static void lines_come_in_any_pieces(void **state)
{
	static const char lines[] = "{\"cmd\":\"stat\",\"id\":1}\n{\"cmd\":\"stat\",\"id\":2}\n";

	client_open(&one, *state);
	for (size_t i = 0; i < sizeof(lines) - 1; i++)
		client_send(&one, lines + i, 1);
	client_send(&one, lines, sizeof(lines) - 1);
	for (int i = 0; i < 4; i++) {
		json_t *answer = client_hear(&one);

		assert_int_equal(json_integer_value(json_object_get(answer, "id")), 1 + i % 2);
		expect_done(answer);
	}
	client_close(&one);
}

/* A client that speaks and hangs up at once is obeyed as far as it can be; the server stays. */
static void half_a_line_is_no_line(void **state)
{
	client_open(&one, *state);
	client_send(&one, "{\"cmd\":\"quit\"}", 14);
	shutdown(one.fd, SHUT_WR);
	assert_null(client_hear(&one));
	assert_int_equal(tp_atomic_load(&((struct server *)*state)->asked_to_quit, TP_ACQUIRE), 0);
	client_close(&one);
	client_open(&one, *state);
	ASK(&one, STAT);
	client_close(&one);
}

/* ---- clients side by side -------------------------------------------------------------------- */

static void a_client_that_hangs_up_has_its_unplug_ended(void **state)
{
	struct server *s = *state;

	plug_and_pin(s);
	client_open(&two, s);
	client_say(&two, UNPLUG);
	wait_until_going(s, "dimm");
	client_close(&two);
	wait_until_rest(&one);
	/* Nothing is under way any more, and everything can be done again (T18). */
	assert_int_equal(nr_online(s, "dimm"), 2);
	ASK(&one, "{\"cmd\":\"stop\",\"name\":\"nic\"}");
	ASK(&one, UNPLUG);
	assert_false(has_device(s, "dimm"));
	client_close(&one);
}

static void one_client_releases_what_anothers_unplug_waits_for(void **state)
{
	struct server *s = *state;

	plug_and_pin(s);
	client_open(&two, s);
	client_say(&two, UNPLUG);
	wait_until_going(s, "dimm");
	REFUSED(&one, "{\"cmd\":\"check\"}", "EBUSY", "under way");
	ASK(&one, "{\"cmd\":\"devices\"}");
	ASK(&one, "{\"cmd\":\"stop\",\"name\":\"nic\"}");
	expect_done(client_hear(&two));
	assert_false(has_device(s, "dimm"));
	client_close(&one);
	client_close(&two);
}

static bool is_done(json_t *answer)
{
	bool ok = json_is_true(json_object_get(answer, "ok"));

	json_decref(answer);
	return ok;
}

static void only_one_of_two_clients_gets_a_name(void **state)
{
	static const char *const starts[] = {
		"{\"cmd\":\"load\",\"kind\":\"mapping\",\"name\":\"app\",\"size\":\"1M\"}",
		"{\"cmd\":\"pin\",\"mapping\":\"base\",\"name\":\"app\"}",
	};

	client_open(&one, *state);
	client_open(&two, *state);
	ASK(&one, "{\"cmd\":\"load\",\"kind\":\"mapping\",\"name\":\"base\",\"size\":\"64K\"}");
	for (unsigned i = 0; i < 100; i++) {
		bool first, second;

		client_say(&one, starts[i % 2]);
		client_say(&two, starts[i % 2]);
		first = is_done(client_hear(&one));
		second = is_done(client_hear(&two));
		assert_true(first != second);
		ASK(&one, "{\"cmd\":\"stop\",\"name\":\"app\"}");
	}
	client_close(&one);
	client_close(&two);
}

/* How many of @n connections get an answer. */
static unsigned answered(const struct server *s, struct client *clients, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++) {
		client_open(&clients[i], s);
		send(clients[i].fd, STAT "\n", strlen(STAT) + 1, MSG_NOSIGNAL);
	}
	for (unsigned i = 0; i < n; i++) {
		json_t *answer = client_hear(&clients[i]);

		count += json_is_true(json_object_get(answer, "ok"));
		json_decref(answer);
	}
	for (unsigned i = 0; i < n; i++)
		client_close(&clients[i]);
	return count;
}

static void more_clients_than_places_are_told(void **state)
{
	enum { PLACES = 32, MORE = 5 };
	static struct client clients[PLACES];
	uint64_t until_ns = tp_clock_after(TP_MILLISECONDS(PATIENCE_S * 1000));

	for (unsigned i = 0; i < PLACES; i++) {
		client_open(&clients[i], *state);
		ASK(&clients[i], STAT);
	}
	for (unsigned i = 0; i < MORE; i++) {
		client_open(&one, *state);
		expect_refused(client_hear(&one), "EBUSY", "");
		assert_null(client_hear(&one));
		client_close(&one);
	}
	for (unsigned i = 0; i < PLACES; i++)
		client_close(&clients[i]);
	/* Their places are free soon. */
	while (answered(*state, clients, PLACES) < PLACES)
		assert_true(tp_clock_now() < until_ns);
}

static void the_end_ends_what_is_under_way(void **state)
{
	struct server *s = *state;
	json_t *answer;

	plug_and_pin(s);
	client_open(&two, s);
	client_say(&two, UNPLUG);
	wait_until_going(s, "dimm");
	tp_control_end(s->control);
	s->control = NULL;
	answer = client_hear(&two);
	assert_true(!answer || json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	assert_null(client_hear(&one));
	assert_int_equal(nr_online(s, "dimm"), 2);
	client_close(&one);
	client_close(&two);
}

static void the_end_does_not_wait_for_a_client_that_reads_nothing(void **state)
{
	struct server *s = *state;

	client_open(&one, s);
	/* Answers fill the socket until the server's send() waits. */
	fd_set writable;
	struct timeval soon = { .tv_usec = 200000 };
	do {
		ssize_t n = send(one.fd, "{}\n{}\n{}\n{}\n", 12, MSG_DONTWAIT | MSG_NOSIGNAL);

		FD_ZERO(&writable);
		FD_SET(one.fd, &writable);
		soon.tv_usec = 200000;
		assert_true(n > 0 || errno == EAGAIN);
	} while (select(one.fd + 1, NULL, &writable, NULL, &soon) > 0);
	tp_control_end(s->control);
	s->control = NULL;
	client_close(&one);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void events_come_as_lines(void **state)
{
	json_t *event;

	client_open(&one, *state);
	client_open(&two, *state);
	ASK(&two, "{\"cmd\":\"events\"}");
	ASK(&one, "{\"cmd\":\"plug\",\"name\":\"dimm\",\"size\":\"4M\",\"node\":2,"
		  "\"online\":\"none\"}");
	event = client_hear(&two);
	assert_string_equal(text_of(event, "type"), "uevent");
	assert_string_equal(text_of(event, "action"), "add");
	assert_string_equal(text_of(event, "subject"), "memory");
	assert_int_equal(json_integer_value(json_object_get(event, "number")), 8);
	assert_int_equal(json_integer_value(json_object_get(event, "seq")), 1);
	json_decref(event);
	client_close(&one);
	client_close(&two);
}

/* What happens once the answer is there is told, however soon it happens. */
static void no_event_is_lost_after_the_answer(void **state)
{
	struct server *s = *state;
	struct client *watcher = &two;

	for (unsigned i = 0; i < 100; i++) {
		json_t *event;

		client_open(watcher, s);
		ASK(watcher, "{\"cmd\":\"events\"}");
		tp_uevent_emit(s->lm->machine, TP_UEVENT_CHANGE, TP_UEVENT_NODE, i);
		event = client_hear(watcher);
		assert_int_equal(json_integer_value(json_object_get(event, "number")), i);
		json_decref(event);
		client_close(watcher);
	}
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void a_server_that_cannot_begin_leaves_nothing(void **state)
{
	static const char *const sites[] = { "core/alloc", "core/thread" };
	struct server *s = *state;

	tp_control_end(s->control);
	for (size_t i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		tp_fault_reset();
		assert_int_equal(tp_fault_arm(sites[i], 1, 1), 0);
		assert_int_equal(server_begin(s), i ? -EAGAIN : -ENOMEM);
		/* The listener is closed: nobody answers. */
		one.fd = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(
			connect(one.fd, (struct sockaddr *)&s->address, sizeof(s->address)), -1);
		assert_int_equal(errno, ECONNREFUSED);
		client_close(&one);
	}
	tp_fault_reset();
	assert_int_equal(server_begin(s), 0);
}

static void a_client_for_whom_there_is_no_room_is_told(void **state)
{
	static const struct {
		const char *site;
		uint64_t nth;
		const char *err;
	} faults[] = {
		{ "core/alloc", 1, "ENOMEM" },
		{ "core/alloc", 2, "ENOMEM" },
		{ "core/thread", 1, "EAGAIN" },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(faults); i++) {
		tp_fault_reset();
		assert_int_equal(tp_fault_arm(faults[i].site, faults[i].nth, 1), 0);
		client_open(&one, *state);
		expect_refused(client_hear(&one), faults[i].err, "no room");
		assert_null(client_hear(&one));
		client_close(&one);
		tp_fault_reset();
		client_open(&one, *state);
		ASK(&one, STAT);
		client_close(&one);
	}
}

static void a_request_for_which_there_is_no_memory_changes_nothing(void **state)
{
	static const char *const requests[] = {
		"{\"cmd\":\"load\",\"kind\":\"mapping\",\"name\":\"app\",\"size\":\"1M\"}",
		"{\"cmd\":\"load\",\"kind\":\"churn\",\"name\":\"app\",\"size\":\"1M\"}",
		"{\"cmd\":\"load\",\"kind\":\"slab\",\"name\":\"app\",\"size\":\"1M\"}",
		"{\"cmd\":\"pin\",\"name\":\"app\",\"size\":\"1M\"}",
		"{\"cmd\":\"veto\",\"event\":\"GOING_OFFLINE\"}",
		PLUG,
	};
	struct server *s = *state;

	client_open(&one, s);
	ASK(&one, STAT); /* it is let in: the faults are not for that */
	for (size_t i = 0; i < TP_ARRAY_SIZE(requests); i++) {
		tp_fault_reset();
		assert_int_equal(tp_fault_arm("core/alloc", 1, 1), 0);
		REFUSED(&one, requests[i], "ENOMEM", "");
		tp_fault_reset();
		assert_false(has_device(s, "dimm"));
		assert_true(tp_list_empty(&s->lm->loads) && tp_list_empty(&s->lm->vetoes));
		ASK(&one, "{\"cmd\":\"check\"}");
	}
	client_close(&one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_server, teardown_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_id_comes_back_whatever_it_is),
		TEST(what_is_no_object_is_refused_and_the_connection_goes_on),
		TEST(a_member_given_twice_is_refused),
		TEST(a_byte_0_hides_nothing),
		TEST(nesting_without_end_is_refused),
		TEST(the_longest_line_is_obeyed),
		TEST(a_longer_line_ends_the_connection),
		TEST(empty_lines_say_nothing),
		TEST(lines_come_in_any_pieces),
		TEST(half_a_line_is_no_line),
		TEST(a_client_that_hangs_up_has_its_unplug_ended),
		TEST(one_client_releases_what_anothers_unplug_waits_for),
		TEST(only_one_of_two_clients_gets_a_name),
		TEST(more_clients_than_places_are_told),
		TEST(the_end_ends_what_is_under_way),
		TEST(the_end_does_not_wait_for_a_client_that_reads_nothing),
		TEST(events_come_as_lines),
		TEST(no_event_is_lost_after_the_answer),
		TEST(a_server_that_cannot_begin_leaves_nothing),
		TEST(a_client_for_whom_there_is_no_room_is_told),
		TEST(a_request_for_which_there_is_no_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
