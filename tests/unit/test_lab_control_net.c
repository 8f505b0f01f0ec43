/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_control_net - network devices over the control channel: looked at, set, reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_client.h"
#include "lab/net_wish.h"
#include "lab_nics.h"

static struct client c;
static struct tp_nic *nic;

/* A server with one device, which is up and plugged into nothing. */
static int set_up(void **state)
{
	int err = setup_server(state);
	struct server *s = *state;

	if (err)
		return err;
	must(nics_create(s->lm, "avf0", &nic));
	must(tp_net_open(s->lm->machine, "avf0"));
	client_open(&c, s);
	return 0;
}

static int tear_down(void **state)
{
	client_close(&c);
	return teardown_server(state);
}

#define NAMED(cmd, name)   "{\"cmd\":\"" cmd "\",\"name\":\"" name "\"}"
#define SET(name, setting) "{\"cmd\":\"net_set\",\"name\":\"" name "\"," setting "}"

static json_int_t number_in(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_integer(value))
		fail_msg("%s is no number", member);
	return json_integer_value(value);
}

static bool flag_in(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_boolean(value))
		fail_msg("%s is no flag", member);
	return json_is_true(value);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void devices_are_listed_with_all_that_they_are(tp_unused void **state)
{
	json_t *answer = client_ask(&c, "{\"cmd\":\"net\"}");
	const json_t *list = json_object_get(answer, "net_devices"), *d = json_array_get(list, 0);
	const json_t *resets = json_object_get(d, "resets");

	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_of(d, "name"), "avf0");
	assert_string_equal(text_of(d, "driver"), "avf");
	assert_string_equal(text_of(d, "state"), "running");
	assert_string_equal(text_of(d, "mac"), "02:af:00:01:00:01");
	assert_true(flag_in(d, "up"));
	assert_false(flag_in(d, "carrier"));
	assert_false(flag_in(d, "promisc") || flag_in(d, "allmulti"));
	assert_int_equal(number_in(d, "speed_mbps"), 0);
	assert_int_equal(number_in(d, "mtu"), 1500);
	assert_int_equal(number_in(d, "max_mtu"), 9702);
	assert_int_equal(number_in(d, "queues"), 2);
	assert_int_equal(number_in(d, "max_queues"), 16);
	assert_int_equal(number_in(d, "rx_ring"), 512);
	assert_int_equal(number_in(d, "tx_ring"), 512);
	assert_int_equal(number_in(d, "rx_usecs"), 50);
	assert_true(flag_in(json_object_get(d, "features"), "tso"));
	assert_int_equal(number_in(resets, "asked") + number_in(resets, "device") +
				 number_in(resets, "hung"),
			 0);
	expect_done(answer);
}

static void none_of_many_is_left_out(void **state)
{
	enum { MANY = 70 };
	struct server *s = *state;
	json_t *answer;

	for (unsigned i = 1; i < MANY; i++) {
		char name[TP_NET_NAME];
		struct tp_nic *another;

		snprintf(name, sizeof(name), "more%u", i);
		must(nics_create(s->lm, name, &another));
	}
	answer = client_ask(&c, "{\"cmd\":\"net\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "net_devices")), MANY);
	expect_done(answer);
}

static void counters_are_those_of_the_device(void **state)
{
	struct server *s = *state;
	json_t *answer = client_ask(&c, NAMED("net_stats", "avf0"));
	const json_t *told = json_object_get(answer, "net_stats");
	struct tp_net_stats stats;

	must(tp_net_stats_get(s->lm->machine, "avf0", &stats));
	assert_int_equal(json_object_size(told), stats.nr);
	for (unsigned i = 0; i < stats.nr; i++)
		assert_int_equal(number_in(told, stats.names[i]), stats.values[i]);
	tp_net_stats_put(&stats);
	expect_done(answer);
}

static void devices_that_are_not_there_are_told(void **state)
{
	struct server *s = *state;

	REFUSED(&c, NAMED("net_stats", "eth0"), "ENODEV", "there is no network device eth0");
	REFUSED(&c, NAMED("net_reset", "eth0"), "ENODEV", "net_reset: there is no network device");
	REFUSED(&c, SET("eth0", "\"mtu\":9000"), "ENODEV", "net_set: there is no network device");
	REFUSED(&c, "{\"cmd\":\"net_stats\",\"name\":7}", "EINVAL", "must be text");
	REFUSED(&c, "{\"cmd\":\"net_set\",\"name\":7,\"mtu\":9000}", "EINVAL", "must be text");
	must(tp_nic_destroy(tp_nic_find(s->lm, "avf0")));
	REFUSED(&c, NAMED("net_stats", "avf0"), "ENODEV", "there is no network device avf0");
	ASK(&c, "{\"cmd\":\"net\"}");
}

static void a_report_without_memory_is_refused(tp_unused void **state)
{
	must(tp_fault_arm("net/stats", 1, 1));
	REFUSED(&c, NAMED("net_stats", "avf0"), "ENOMEM", "net_stats: ");
	tp_fault_reset();
	ASK(&c, NAMED("net_stats", "avf0"));
}

/* ---- changing -------------------------------------------------------------------------------- */

/* Ask for it, and compare one number or flag of the answer. */
static void expect_set(const char *line, const char *member, json_int_t wanted)
{
	json_t *answer = client_ask(&c, line);
	const json_t *device = json_object_get(answer, "net_device");
	const json_t *value = json_object_get(device, member);

	if (!value)
		value = json_object_get(json_object_get(device, "features"), member);
	assert_non_null(value);
	assert_int_equal(json_is_integer(value) ? json_integer_value(value) : json_is_true(value),
			 wanted);
	expect_done(answer);
}

#define EXPECT_SET(name, value)                                                      \
	do {                                                                         \
		expect_set(SET("avf0", "\"" name "\":" #value), name, value);        \
		expect_set(SET("avf0", "\"" name "\":\"" #value "\""), name, value); \
	} while (0)

static void every_setting_is_set_as_number_or_as_text(tp_unused void **state)
{
	EXPECT_SET("mtu", 68);
	EXPECT_SET("mtu", 9702);
	EXPECT_SET("queues", 1);
	EXPECT_SET("queues", 16);
	EXPECT_SET("rx_ring", 64);
	EXPECT_SET("rx_ring", 4096);
	EXPECT_SET("tx_ring", 64);
	EXPECT_SET("tx_ring", 4096);
	EXPECT_SET("rx_usecs", 0);
	EXPECT_SET("rx_usecs", 8160);
	EXPECT_SET("tx_usecs", 0);
	EXPECT_SET("tx_usecs", 8160);
	EXPECT_SET("promisc", true);
	EXPECT_SET("promisc", false);
	EXPECT_SET("allmulti", true);
	EXPECT_SET("allmulti", false);
	EXPECT_SET("tso", false);
	EXPECT_SET("tx_csum", false);
	EXPECT_SET("tx_csum", true);
	EXPECT_SET("tso", true);
	EXPECT_SET("rx_csum", false);
	EXPECT_SET("rx_vlan", false);
	EXPECT_SET("tx_vlan", false);
	EXPECT_SET("rx_hash", false);
	EXPECT_SET("up", false);
	EXPECT_SET("up", true);
	ASK(&c, SET("avf0", "\"keep_stats\":true"));
	assert_true(nics_info(nic).config.keep_stats);
	ASK(&c, SET("avf0", "\"mac\":\"02:00:00:0A:0b:0C\""));
	assert_memory_equal(nics_info(nic).config.mac, "\x02\0\0\x0a\x0b\x0c", 6);
}

static void what_is_not_named_stays(tp_unused void **state)
{
	struct tp_net_config before, after;

	ASK(&c, SET("avf0", "\"promisc\":true,\"rx_hash\":false"));
	before = nics_info(nic).config;
	ASK(&c, SET("avf0", "\"mtu\":2000"));
	ASK(&c, SET("avf0", "\"up\":false"));
	ASK(&c, SET("avf0", "\"up\":true"));
	ASK(&c, "{\"cmd\":\"net_set\",\"name\":\"avf0\"}");
	after = nics_info(nic).config;
	assert_int_equal(after.mtu, 2000);
	after.mtu = before.mtu;
	assert_memory_equal(&after, &before, sizeof(after));
}

static void settings_out_of_range_are_refused(tp_unused void **state)
{
	static const char *const lines[][2] = {
		{ SET("avf0", "\"mtu\":67"), "\"mtu\" must be from 68 to 9702" },
		{ SET("avf0", "\"mtu\":9703"), "\"mtu\" must be from 68 to 9702" },
		{ SET("avf0", "\"queues\":0"), "\"queues\" must be from 1 to 16" },
		{ SET("avf0", "\"queues\":17"), "\"queues\" must be from 1 to 16" },
		{ SET("avf0", "\"rx_ring\":63"), "\"rx_ring\" must be from 64 to 4096" },
		{ SET("avf0", "\"rx_ring\":4097"), "\"rx_ring\" must be from 64 to 4096" },
		{ SET("avf0", "\"rx_ring\":65"), "rx_ring 65 is no multiple of 32" },
		{ SET("avf0", "\"tx_ring\":65"), "tx_ring 65 is no multiple of 32" },
		{ SET("avf0", "\"tx_ring\":-64"), "\"tx_ring\" must be from 64 to 4096" },
		{ SET("avf0", "\"rx_usecs\":-1"), "\"rx_usecs\" must be from 0 to 8160" },
		{ SET("avf0", "\"rx_usecs\":8161"), "\"rx_usecs\" must be from 0 to 8160" },
		{ SET("avf0", "\"tx_usecs\":3"), "tx_usecs 3 is no multiple of 2" },
		{ SET("avf0", "\"mtu\":\"many\""), "\"mtu\" must be a whole number" },
		{ SET("avf0", "\"mtu\":1.5"), "\"mtu\" must be a whole number" },
		{ SET("avf0", "\"up\":1"), "\"up\" must be true or false" },
		{ SET("avf0", "\"mac\":7"), "\"mac\" must be text" },
		{ SET("avf0", "\"mac\":\"\""), "\"\" is no MAC address" },
		{ SET("avf0", "\"mac\":\"02:00:00:00:00:+1\""), "is no MAC address" },
		{ SET("avf0", "\"mac\":\"00:00:00:00:00:00\""), "is no address of a device" },
		{ SET("avf0", "\"mac\":\"ff:ff:ff:ff:ff:ff\""), "is no address of a device" },
		{ SET("avf0", "\"tx_csum\":false"), "TSO needs the transmit checksum" },
		{ SET("avf0", "\"colour\":1"), "there is no option \"colour\"" },
	};
	const struct tp_net_config before = nics_info(nic).config;
	struct tp_net_config after;

	for (size_t i = 0; i < TP_ARRAY_SIZE(lines); i++)
		REFUSED(&c, lines[i][0], "EINVAL", lines[i][1]);
	after = nics_info(nic).config;
	assert_memory_equal(&after, &before, sizeof(after));
}

static void settings_are_set_all_or_none(tp_unused void **state)
{
	REFUSED(&c, SET("avf0", "\"mtu\":9000,\"promisc\":true,\"rx_ring\":65"), "EINVAL",
		"rx_ring 65");
	REFUSED(&c, SET("avf0", "\"up\":false,\"mtu\":9000,\"tx_csum\":false"), "EINVAL", "TSO");
	REFUSED(&c, SET("avf0", "\"up\":false,\"mac\":\"nobody\""), "EINVAL", "nobody");
	assert_int_equal(nics_info(nic).config.mtu, 1500);
	assert_false(nics_info(nic).config.promisc);
	assert_int_equal(nics_info(nic).state, TP_NET_RUNNING);
	/* Opening comes last, and when it fails the rest has happened already. */
	ASK(&c, SET("avf0", "\"up\":false"));
	must(tp_fault_arm("dma/coherent", 1, UINT64_MAX));
	REFUSED(&c, SET("avf0", "\"up\":true,\"mtu\":9000"), "ENOMEM", "net_set: ");
	tp_fault_reset();
	assert_int_equal(nics_info(nic).config.mtu, 1500);
	assert_false(nics_info(nic).up);
	ASK(&c, SET("avf0", "\"up\":true,\"mtu\":9000"));
}

/* ---- two at a time --------------------------------------------------------------------------- */

enum { TURNS = 30 };

static void set_mtus(void *arg)
{
	struct tp_machine *machine = arg;

	for (int i = 1; i <= TURNS; i++) {
		struct tp_net_info info;
		struct tp_net_wish wish;

		must(tp_net_info(machine, "avf0", &info));
		tp_net_wish_init(&wish, &info);
		wish.mtu = 1500 + i;
		must(tp_net_wish_apply(machine, "avf0", &wish));
	}
}

static void settings_of_two_do_not_undo_each_other(void **state)
{
	struct server *s = *state;
	struct tp_thread other;

	must(tp_thread_start(&other, "other", set_mtus, s->lm->machine));
	for (int i = 1; i <= TURNS; i++) {
		ASK(&c, SET("avf0", "\"promisc\":true"));
		assert_true(nics_info(nic).config.promisc);
		ASK(&c, SET("avf0", "\"promisc\":false"));
		assert_false(nics_info(nic).config.promisc);
	}
	tp_thread_join(&other);
	assert_int_equal(nics_info(nic).config.mtu, 1500 + TURNS);
}

/* ---- resetting ------------------------------------------------------------------------------- */

static void a_reset_brings_the_device_back_as_it_was(tp_unused void **state)
{
	json_t *answer;

	ASK(&c, SET("avf0", "\"mtu\":2000,\"promisc\":true"));
	answer = client_ask(&c, NAMED("net_reset", "avf0"));
	assert_int_equal(number_in(json_object_get(json_object_get(answer, "net_device"), "resets"),
				   "asked"),
			 1);
	expect_done(answer);
	assert_int_equal(nics_info(nic).state, TP_NET_RUNNING);
	assert_int_equal(nics_info(nic).config.mtu, 2000);
	assert_true(nics_info(nic).config.promisc);
}

static void a_device_that_does_not_come_back_is_told(tp_unused void **state)
{
	must(tp_fault_arm("net/avf-reset", 1, UINT64_MAX));
	REFUSED(&c, NAMED("net_reset", "avf0"), "EIO", "net_reset: ");
	tp_fault_reset();
	assert_int_equal(nics_info(nic).state, TP_NET_FAILED);
	ASK(&c, NAMED("net_reset", "avf0"));
	assert_int_equal(nics_info(nic).state, TP_NET_RUNNING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(devices_are_listed_with_all_that_they_are),
		TEST(none_of_many_is_left_out),
		TEST(counters_are_those_of_the_device),
		TEST(devices_that_are_not_there_are_told),
		TEST(a_report_without_memory_is_refused),
		TEST(every_setting_is_set_as_number_or_as_text),
		TEST(what_is_not_named_stays),
		TEST(settings_out_of_range_are_refused),
		TEST(settings_are_set_all_or_none),
		TEST(settings_of_two_do_not_undo_each_other),
		TEST(a_reset_brings_the_device_back_as_it_was),
		TEST(a_device_that_does_not_come_back_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
