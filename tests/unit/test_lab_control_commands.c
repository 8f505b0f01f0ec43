/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_control_commands - what every command of the control channel does, and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/numa.h>

#include "control_client.h"

static struct client c;

static int set_up(void **state)
{
	int err = setup_server(state);

	if (!err)
		client_open(&c, *state);
	return err;
}

static int tear_down(void **state)
{
	client_close(&c);
	return teardown_server(state);
}

#define PLUG(...) "{\"cmd\":\"plug\",\"name\":\"dimm\",\"size\":\"8M\",\"node\":2" __VA_ARGS__ "}"
#define LOAD(kind, name, ...) \
	"{\"cmd\":\"load\",\"kind\":\"" kind "\",\"name\":\"" name "\"" __VA_ARGS__ "}"
#define NAMED(cmd, name, ...) "{\"cmd\":\"" cmd "\",\"name\":\"" name "\"" __VA_ARGS__ "}"
/* One byte more than fits. */
#define LONG_NAME "a-name-of-thirty-two-bytes-is-to"

static json_int_t number_in(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const char *const commands[] = {
	"check",     "devices", "events",    "hmat",	"load",	  "loads", "net",
	"net_reset", "net_set", "net_stats", "offline", "online", "pin",   "plug",
	"quit",	     "stat",	"stop",	     "unplug",	"veto",
};

static void an_unknown_command_is_told_those_there_are(tp_unused void **state)
{
	for (size_t i = 0; i < TP_ARRAY_SIZE(commands); i++)
		REFUSED(&c, "{\"cmd\":\"fly\"}", "EINVAL", commands[i]);
	REFUSED(&c, "{}", "EINVAL", "\"cmd\" is missing");
	REFUSED(&c, "{\"cmd\":7}", "EINVAL", "\"cmd\" is missing");
}

static void every_command_refuses_an_option_it_does_not_know(tp_unused void **state)
{
	for (size_t i = 0; i < TP_ARRAY_SIZE(commands); i++) {
		char line[96];

		snprintf(line, sizeof(line), "{\"cmd\":\"%s\",\"colour\":1}", commands[i]);
		REFUSED(&c, line, "EINVAL", "there is no option \"colour\"");
	}
}

static void what_is_needed_is_asked_for(tp_unused void **state)
{
	REFUSED(&c, "{\"cmd\":\"plug\"}", "EINVAL", "\"size\" is missing");
	REFUSED(&c, "{\"cmd\":\"plug\",\"size\":\"4M\",\"node\":2}", "EINVAL",
		"\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"plug\",\"name\":\"a\",\"size\":\"4M\"}", "EINVAL",
		"\"node\" is missing");
	REFUSED(&c, "{\"cmd\":\"unplug\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"offline\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"online\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"stop\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"pin\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"veto\"}", "EINVAL", "\"event\" is missing");
	REFUSED(&c, "{\"cmd\":\"hmat\"}", "EINVAL", "\"node\" is missing");
	REFUSED(&c, "{\"cmd\":\"net_stats\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"net_set\",\"mtu\":9000}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"net_reset\"}", "EINVAL", "\"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"load\",\"name\":\"a\"}", "EINVAL", "\"kind\" is missing");
}

static void types_are_checked(tp_unused void **state)
{
	REFUSED(&c, NAMED("plug", "a", ",\"size\":[],\"node\":2"), "EINVAL", "must be a size");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":-1,\"node\":2"), "EINVAL", "must be a size");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":1.5,\"node\":2"), "EINVAL", "must be a size");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":\"8388608T\",\"node\":2"), "EINVAL", "8 EiB");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":\"4M\",\"node\":null"), "EINVAL", "whole number");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":\"4M\",\"node\":\"2x\""), "EINVAL",
		"whole number");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":\"4M\",\"node\":\"\""), "EINVAL", "whole number");
	REFUSED(&c, NAMED("plug", "a", ",\"size\":\"4M\",\"node\":32"), "EINVAL", "from 0 to 31");
	REFUSED(&c, "{\"cmd\":\"plug\",\"name\":1,\"size\":\"4M\",\"node\":2}", "EINVAL", "text");
	REFUSED(&c, PLUG(",\"online\":\"sometimes\""), "EINVAL", "one of none auto");
	REFUSED(&c, PLUG(",\"kind\":1"), "EINVAL", "one of dram private");
	REFUSED(&c, NAMED("unplug", "a", ",\"deadline\":5"), "EINVAL", "duration");
	REFUSED(&c, NAMED("unplug", "a", ",\"deadline\":\"5\""), "EINVAL", "duration");
	REFUSED(&c, NAMED("unplug", "a", ",\"dry_run\":1"), "EINVAL", "true or false");
	REFUSED(&c, NAMED("unplug", "a", ",\"dry_run\":\"yes\""), "EINVAL", "true or false");
	REFUSED(&c, LOAD("hog", "a", ",\"size\":\"1M\",\"nodes\":[32]"), "EINVAL", "list of nodes");
	REFUSED(&c, LOAD("hog", "a", ",\"size\":\"1M\",\"nodes\":{}"), "EINVAL", "list of nodes");
	REFUSED(&c, LOAD("hog", "a", ",\"size\":\"1M\",\"nodes\":[[1]]"), "EINVAL",
		"list of nodes");
}

/* As from a command line. */
static void numbers_and_flags_may_be_text(void **state)
{
	ASK(&c, "{\"cmd\":\"plug\",\"name\":\"dimm\",\"size\":8388608,\"node\":\"2\"}");
	ASK(&c, NAMED("unplug", "dimm", ",\"dry_run\":\"true\",\"deadline\":\"never\""));
	assert_true(has_device(*state, "dimm"));
	ASK(&c, NAMED("unplug", "dimm", ",\"dry_run\":\"false\",\"deadline\":\"5s\""));
	assert_false(has_device(*state, "dimm"));
}

/* ---- devices --------------------------------------------------------------------------------- */

static void a_device_comes_goes_down_comes_up_and_leaves(void **state)
{
	struct server *s = *state;
	json_t *answer = client_ask(&c, PLUG());
	const json_t *device = json_object_get(answer, "device");

	assert_string_equal(text_of(device, "name"), "dimm");
	assert_string_equal(text_of(device, "kind"), "dram");
	assert_int_equal(number_in(device, "node"), 2);
	assert_int_equal(number_in(device, "size"), TP_MIB(8));
	assert_int_equal(number_in(device, "blocks"), 2);
	assert_int_equal(number_in(device, "online"), 2); /* as the policy says */
	expect_done(answer);
	ASK(&c, NAMED("offline", "dimm"));
	assert_int_equal(nr_online(s, "dimm"), 0);
	ASK(&c, NAMED("online", "dimm", ",\"zone\":\"kernel\""));
	assert_int_equal(nr_online(s, "dimm"), 2);
	ASK(&c, NAMED("unplug", "dimm"));
	assert_false(has_device(s, "dimm"));
}

static void a_device_may_say_how_it_wants_to_be(void **state)
{
	struct server *s = *state;
	json_t *answer;

	ASK(&c, PLUG(",\"online\":\"none\",\"start\":\"40M\""));
	assert_int_equal(nr_online(s, "dimm"), 0);
	answer = client_ask(&c, NAMED("plug", "gpu",
				      ",\"size\":\"4M\",\"node\":2,"
				      "\"kind\":\"private\",\"latency_ns\":300"));
	assert_string_equal(text_of(json_object_get(answer, "device"), "kind"), "private");
	expect_done(answer);
	answer = client_ask(&c, "{\"cmd\":\"devices\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "devices")), 4);
	expect_done(answer);
}

static void devices_that_cannot_be_are_refused(void **state)
{
	struct server *s = *state;

	ASK(&c, PLUG());
	REFUSED(&c, PLUG(), "EEXIST", "plug: ");
	REFUSED(&c, NAMED("plug", "b", ",\"size\":\"1M\",\"node\":2"), "EINVAL", "plug: ");
	REFUSED(&c, NAMED("plug", "b", ",\"size\":\"64M\",\"node\":2"), "ENOSPC", "plug: ");
	REFUSED(&c, NAMED("plug", "b", ",\"size\":\"4M\",\"node\":3"), "EINVAL", "plug: ");
	REFUSED(&c, NAMED("plug", LONG_NAME, ",\"size\":\"4M\",\"node\":2"), "EINVAL", "31");
	REFUSED(&c, NAMED("unplug", "b"), "ENOENT", "unplug: ");
	REFUSED(&c, NAMED("offline", "b"), "ENOENT", "offline: ");
	REFUSED(&c, NAMED("online", "b"), "ENOENT", "online: ");
	REFUSED(&c, NAMED("online", "dimm", ",\"zone\":\"none\""), "EINVAL", "one of auto");
	assert_int_equal(nr_online(s, "dimm"), 2);
}

static void who_is_in_the_way_is_in_the_report(void **state)
{
	struct server *s = *state;
	const json_t *report;
	json_t *answer;

	ASK(&c, PLUG());
	ASK(&c, NAMED("pin", "nic", ",\"size\":\"4K\",\"node\":2"));
	answer = client_ask(&c, NAMED("unplug", "dimm", ",\"deadline\":\"10ms\""));
	report = json_object_get(answer, "report");
	assert_int_equal(number_in(report, "nr_blockers"), 1);
	assert_string_equal(
		text_of(json_array_get(json_object_get(report, "blockers"), 0), "owner"), "nic");
	expect_refused(answer, "ETIMEDOUT", "deadline");
	assert_int_equal(nr_online(s, "dimm"), 2);
}

/* ---- loads, pins, vetoes --------------------------------------------------------------------- */

static void every_kind_of_load_starts_is_listed_and_stops(tp_unused void **state)
{
	static const char *const kinds[] = { "cache", "churn", "hog", "mapping", "slab" };
	json_t *answer;

	for (size_t i = 0; i < TP_ARRAY_SIZE(kinds); i++) {
		char line[128];

		snprintf(line, sizeof(line), LOAD("%s", "%s", ",\"size\":\"1M\""), kinds[i],
			 kinds[i]);
		ASK(&c, line);
	}
	answer = client_ask(&c, "{\"cmd\":\"loads\"}");
	for (size_t i = 0; i < TP_ARRAY_SIZE(kinds); i++) {
		const json_t *load = json_array_get(json_object_get(answer, "loads"), i);

		assert_string_equal(text_of(load, "name"), kinds[i]);
		assert_string_equal(text_of(load, "kind"), kinds[i]);
		assert_true(json_is_true(json_object_get(load, "running")));
	}
	expect_done(answer);
	ASK(&c, "{\"cmd\":\"check\"}");
	for (size_t i = 0; i < TP_ARRAY_SIZE(kinds); i++) {
		char line[128];

		snprintf(line, sizeof(line), NAMED("stop", "%s"), kinds[i]);
		ASK(&c, line);
	}
}

static void loads_that_cannot_be_are_refused(tp_unused void **state)
{
	ASK(&c, LOAD("hog", "a", ",\"size\":\"1M\""));
	REFUSED(&c, LOAD("hog", "a", ",\"size\":\"1M\""), "EEXIST", "a load \"a\" already");
	REFUSED(&c, LOAD("pin", "b", ",\"size\":\"1M\""), "EINVAL", "the command \"pin\"");
	REFUSED(&c, LOAD("hog", "b", ",\"size\":\"1T\""), "ENOMEM", "this system");
	REFUSED(&c, LOAD("hog", "b", ",\"size\":\"64M\""), "ENOMEM", "hog");
	REFUSED(&c, LOAD("hog", "b", ",\"size\":1"), "EINVAL", "size");
	REFUSED(&c, LOAD("hog", "b", ",\"size\":\"1M\",\"threads\":17"), "EINVAL", "threads");
	REFUSED(&c, LOAD("hog", "b", ",\"size\":\"1M\",\"threads\":0"), "EINVAL", "threads");
	REFUSED(&c, LOAD("hog", "b", ",\"size\":\"1M\",\"max_order\":11"), "EINVAL", "max_order");
	REFUSED(&c, LOAD("tea", "b", ",\"size\":\"1M\""), "EINVAL", "one of");
	REFUSED(&c, NAMED("stop", "b"), "ENOENT", "no load, pin or veto \"b\"");
}

/* It would be kept cut, and then neither be found again nor be one of a kind. */
static void a_name_that_does_not_fit_is_refused(void **state)
{
	struct server *s = *state;

	REFUSED(&c, LOAD("hog", LONG_NAME, ",\"size\":\"1M\""), "EINVAL", "31 bytes");
	REFUSED(&c, NAMED("pin", LONG_NAME, ",\"size\":\"64K\""), "EINVAL", "31 bytes");
	REFUSED(&c, NAMED("veto", LONG_NAME, ",\"event\":\"GOING_OFFLINE\""), "EINVAL", "31 bytes");
	assert_true(tp_list_empty(&s->lm->loads) && tp_list_empty(&s->lm->vetoes));
	ASK(&c, LOAD("hog", "a-name-of-thirty-one-bytes-fits", ",\"size\":\"1M\""));
	ASK(&c, NAMED("stop", "a-name-of-thirty-one-bytes-fits"));
}

static void a_stopped_load_leaves_its_name(tp_unused void **state)
{
	ASK(&c, LOAD("hog", "a", ",\"size\":\"1M\""));
	ASK(&c, NAMED("stop", "a"));
	ASK(&c, NAMED("stop", "a"));
	ASK(&c, LOAD("slab", "a", ",\"size\":\"1M\""));
	ASK(&c, NAMED("stop", "a"));
}

static void a_pinned_mapping_cannot_be_stopped(tp_unused void **state)
{
	ASK(&c, LOAD("mapping", "app", ",\"size\":\"1M\""));
	ASK(&c, NAMED("pin", "nic", ",\"mapping\":\"app\",\"offset\":\"4K\",\"length\":\"8K\""));
	REFUSED(&c, NAMED("stop", "app"), "EBUSY", "stop: ");
	ASK(&c, "{\"cmd\":\"check\"}");
	ASK(&c, NAMED("stop", "nic"));
	ASK(&c, NAMED("stop", "app"));
}

static void pins_that_cannot_be_are_refused(tp_unused void **state)
{
	ASK(&c, LOAD("mapping", "app", ",\"size\":\"1M\""));
	ASK(&c, LOAD("hog", "hog", ",\"size\":\"1M\""));
	REFUSED(&c, NAMED("pin", "p"), "EINVAL", "either");
	REFUSED(&c, NAMED("pin", "p", ",\"mapping\":\"app\",\"size\":\"4K\""), "EINVAL", "either");
	REFUSED(&c, NAMED("pin", "p", ",\"mapping\":\"none\""), "ENOENT", "no mapping \"none\"");
	REFUSED(&c, NAMED("pin", "p", ",\"mapping\":\"hog\""), "ENOENT", "no mapping \"hog\"");
	REFUSED(&c, NAMED("pin", "p", ",\"mapping\":\"app\",\"offset\":\"1M\""), "EINVAL", "pin: ");
	REFUSED(&c,
		NAMED("pin", "p",
		      ",\"mapping\":\"app\",\"offset\":\"8388607T\",\"length\":\"8388607T\""),
		"EINVAL", "pin: ");
	REFUSED(&c, NAMED("pin", "app", ",\"mapping\":\"app\""), "EEXIST", "already");
	ASK(&c, NAMED("stop", "app"));
	REFUSED(&c, NAMED("pin", "p", ",\"mapping\":\"app\""), "ENOENT", "no mapping \"app\"");
}

static void a_veto_refuses_as_often_as_it_shall_until_it_is_stopped(void **state)
{
	struct server *s = *state;

	ASK(&c, PLUG());
	ASK(&c, NAMED("veto", "driver", ",\"event\":\"GOING_OFFLINE\",\"times\":1"));
	REFUSED(&c, NAMED("unplug", "dimm"), "EBUSY", "driver");
	ASK(&c, NAMED("offline", "dimm"));
	ASK(&c, "{\"cmd\":\"veto\",\"event\":\"MEM_GOING_ONLINE\",\"errno\":\"ENOSPC\"}");
	REFUSED(&c, NAMED("online", "dimm"), "ENOSPC", "veto");
	assert_int_equal(nr_online(s, "dimm"), 0);
	ASK(&c, NAMED("stop", "veto"));
	ASK(&c, NAMED("online", "dimm"));
	assert_int_equal(nr_online(s, "dimm"), 2);
}

static void vetoes_of_one_name_are_stopped_one_after_the_other(void **state)
{
	struct server *s = *state;

	ASK(&c, PLUG());
	ASK(&c, NAMED("veto", "driver", ",\"event\":\"GOING_OFFLINE\""));
	ASK(&c, NAMED("veto", "driver", ",\"event\":\"GOING_OFFLINE\""));
	ASK(&c, NAMED("stop", "driver"));
	REFUSED(&c, NAMED("unplug", "dimm"), "EBUSY", "driver");
	ASK(&c, NAMED("stop", "driver"));
	ASK(&c, NAMED("unplug", "dimm"));
	ASK(&c, NAMED("stop", "driver")); /* as for a load that is stopped already */
	assert_false(has_device(s, "dimm"));
}

static void vetoes_that_cannot_be_are_refused(tp_unused void **state)
{
	REFUSED(&c, "{\"cmd\":\"veto\",\"event\":\"ONLINE\"}", "EINVAL", "no event that may");
	REFUSED(&c, "{\"cmd\":\"veto\",\"event\":\"GOING_OFFLINE\",\"errno\":\"EODD\"}", "EINVAL",
		"\"EODD\" is no error");
	REFUSED(&c, "{\"cmd\":\"veto\",\"event\":\"GOING_OFFLINE\",\"priority\":1001}", "EINVAL",
		"priority");
	REFUSED(&c, "{\"cmd\":\"veto\",\"event\":\"GOING_OFFLINE\",\"times\":0}", "EINVAL",
		"times");
}

/* ---- firmware and the machine ---------------------------------------------------------------- */

static void firmware_says_how_fast_a_node_is(void **state)
{
	struct server *s = *state;
	struct tp_access access;

	ASK(&c, "{\"cmd\":\"hmat\",\"node\":1,\"latency_ns\":250,\"bandwidth_mbps\":9000,"
		"\"class\":1,\"initiators\":[0]}");
	assert_int_equal(tp_node_access(s->lm->machine, 1, 1, &access), 0);
	assert_int_equal(access.read_latency_ns, 250);
	assert_int_equal(access.write_bandwidth_mbps, 9000);
	assert_int_equal(access.initiators.v, 1);
	REFUSED(&c, "{\"cmd\":\"hmat\",\"node\":9,\"latency_ns\":1,\"bandwidth_mbps\":1}", "EINVAL",
		"hmat: ");
	REFUSED(&c, "{\"cmd\":\"hmat\",\"node\":1,\"latency_ns\":0,\"bandwidth_mbps\":1}", "EINVAL",
		"from 1 to 1000000");
}

static void figures_and_findings_are_told(void **state)
{
	struct server *s = *state;
	json_t *answer = client_ask(&c, "{\"cmd\":\"stat\"}");
	char *text = json_dumps(answer, JSON_COMPACT);

	assert_non_null(strstr(text, "\"pages_migrated\":0"));
	free(text);
	expect_done(answer);
	answer = client_ask(&c, "{\"cmd\":\"check\"}");
	assert_int_equal(number_in(answer, "findings"), 0);
	expect_done(answer);
	tp_findings_add(&s->run->findings, "of the test");
	answer = client_ask(&c, "{\"cmd\":\"check\"}");
	assert_int_equal(number_in(answer, "findings"), 0); /* new ones are counted */
	expect_done(answer);
	tp_findings_init(&s->run->findings);
}

/* The host may cut the connection at once, so the client is answered before it hears of it. */
static void quit_is_answered_before_the_host_hears_of_it(void **state)
{
	struct server *s = *state;

	assert_int_equal(tp_atomic_load(&s->asked_to_quit, TP_ACQUIRE), 0);
	s->quitter = c.fd;
	client_say(&c, "{\"cmd\":\"quit\"}");
	while (!tp_atomic_load(&s->asked_to_quit, TP_ACQUIRE))
		tp_sleep_ns(TP_MILLISECONDS(1));
	assert_int_equal(tp_atomic_load(&s->quitter_knows, TP_ACQUIRE), 1);
	expect_done(client_hear(&c));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unknown_command_is_told_those_there_are),
		TEST(every_command_refuses_an_option_it_does_not_know),
		TEST(what_is_needed_is_asked_for),
		TEST(types_are_checked),
		TEST(numbers_and_flags_may_be_text),
		TEST(a_device_comes_goes_down_comes_up_and_leaves),
		TEST(a_device_may_say_how_it_wants_to_be),
		TEST(devices_that_cannot_be_are_refused),
		TEST(who_is_in_the_way_is_in_the_report),
		TEST(every_kind_of_load_starts_is_listed_and_stops),
		TEST(loads_that_cannot_be_are_refused),
		TEST(a_name_that_does_not_fit_is_refused),
		TEST(a_stopped_load_leaves_its_name),
		TEST(a_pinned_mapping_cannot_be_stopped),
		TEST(pins_that_cannot_be_are_refused),
		TEST(a_veto_refuses_as_often_as_it_shall_until_it_is_stopped),
		TEST(vetoes_of_one_name_are_stopped_one_after_the_other),
		TEST(vetoes_that_cannot_be_are_refused),
		TEST(firmware_says_how_fast_a_node_is),
		TEST(figures_and_findings_are_told),
		TEST(quit_is_answered_before_the_host_hears_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
