/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_hotplug_named - devices by name, for callers who share the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/sync.h"
#include "hotplug_snapshot.h"
#include "hotplug_thread.h"

static struct tp_cancel *cancel;

static int setup_named(void **state)
{
	setup_machine(state);
	must(tp_cancel_create(&cancel));
	return 0;
}

static int teardown_named(void **state)
{
	tp_cancel_destroy(cancel);
	return teardown_machine(state);
}

#define NAMED_TEST(test) cmocka_unit_test_setup_teardown(test, setup_named, teardown_named)

static struct tp_device *plug_named(struct tp_machine *m, const char *name, int node,
				    unsigned blocks, enum tp_online_policy online)
{
	struct tp_device_config config = blocks_on(node, blocks, online);
	struct tp_device *d;

	config.name = name;
	must(tp_device_plug(m, &config, &d));
	return d;
}

static struct tp_device_info query(struct tp_machine *m, const char *name)
{
	struct tp_device_info info;

	must(tp_device_query(m, name, &info));
	return info;
}

static const char *boot_name(struct tp_machine *m)
{
	static char name[32];

	strcpy(name, block_info(m, 0).device);
	return name;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void a_query_says_what_the_handle_says(void **state)
{
	struct tp_device *d = plug_named(*state, "dimm", 1, 2, TP_ONLINE_MOVABLE);
	struct tp_device_info by_name = query(*state, "dimm"), by_handle = device_info(d);

	assert_string_equal(by_name.name, "dimm");
	assert_int_equal(by_name.node, 1);
	assert_int_equal(by_name.start, by_handle.start);
	assert_int_equal(by_name.size, by_handle.size);
	assert_int_equal(by_name.first_block, by_handle.first_block);
	assert_int_equal(by_name.nr_blocks, 2);
	assert_int_equal(by_name.nr_online, 2);
	assert_false(by_name.boot);
	assert_int_equal(by_name.online, by_handle.online);
}

static void a_query_counts_what_is_online(void **state) /* P7 */
{
	plug_named(*state, "dimm", 1, 2, TP_ONLINE_MOVABLE);
	must(tp_blocks_offline(*state, BOOT_BLOCKS, 1, NULL, NULL));
	assert_int_equal(query(*state, "dimm").nr_online, 1);
}

static void boot_memory_has_a_name_too(void **state)
{
	assert_true(query(*state, boot_name(*state)).boot);
}

static void nothing_is_known_of_what_is_not_there(void **state)
{
	struct tp_offline_report report;
	struct tp_device_info info;

	assert_int_equal(tp_device_query(*state, "dimm", &info), -ENOENT);
	assert_int_equal(tp_device_query(*state, "", &info), -ENOENT);
	assert_int_equal(tp_device_online_named(*state, "dimm", TP_ONLINE_AUTO, NULL), -ENOENT);
	assert_int_equal(tp_device_offline_named(*state, "dimm", NULL, &report), -ENOENT);
	assert_int_equal(report.err, -ENOENT);
	assert_string_equal(report.reason, "not possible");
	assert_int_equal(tp_device_unplug_named(*state, "dimm", NULL, &report), -ENOENT);
	assert_int_equal(report.err, -ENOENT);
	assert_non_null(strstr(tp_last_error()->text, "dimm"));
}

static void a_name_is_meant_whole(void **state)
{
	struct tp_device_info info;

	plug_named(*state, "dimm", 1, 1, TP_ONLINE_NONE);
	assert_int_equal(tp_device_query(*state, "dim", &info), -ENOENT);
	assert_int_equal(tp_device_query(*state, "dimm0", &info), -ENOENT);
	assert_int_equal(tp_device_query(*state, "DIMM", &info), -ENOENT);
}

static void a_query_does_not_wait_for_an_offline(void **state)
{
	struct tp_offline_options options = { .deadline_ns = TP_NO_DEADLINE, .cancel = cancel };
	struct offliner offliner;
	struct stuck stuck;
	char name[32];

	get_stuck(*state, &stuck);
	strcpy(name, device_info(stuck.device).name);
	offliner_start(*state, &offliner, stuck.device, options);
	assert_int_equal(query(*state, name).node, 1);
	assert_int_equal(block_state(*state, first_block(stuck.device)), TP_BLOCK_GOING_OFFLINE);
	tp_cancel_request(cancel);
	assert_int_equal(offliner_join(&offliner), -ECANCELED);
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

/* ---- doing ----------------------------------------------------------------------------------- */

static void a_device_goes_all_its_ways_by_name(void **state)
{
	struct tp_offline_report report;
	struct tp_device_info info;

	plug_named(*state, "dimm", 1, 2, TP_ONLINE_NONE);
	must(tp_device_online_named(*state, "dimm", TP_ONLINE_MOVABLE, NULL));
	assert_int_equal(query(*state, "dimm").nr_online, 2);
	must(tp_device_offline_named(*state, "dimm", NULL, &report));
	assert_string_equal(report.reason, "done");
	assert_int_equal(query(*state, "dimm").nr_online, 0);
	must(tp_device_online_named(*state, "dimm", TP_ONLINE_KERNEL, cancel));
	must(tp_device_unplug_named(*state, "dimm", NULL, NULL));
	assert_int_equal(tp_device_query(*state, "dimm", &info), -ENOENT);
}

static void a_name_can_be_used_again(void **state)
{
	plug_named(*state, "dimm", 1, 1, TP_ONLINE_NONE);
	must(tp_device_unplug_named(*state, "dimm", NULL, NULL));
	plug_named(*state, "dimm", 2, 1, TP_ONLINE_NONE);
	assert_int_equal(query(*state, "dimm").node, 2);
}

static void boot_memory_goes_offline_but_not_away(void **state)
{
	struct tp_offline_report report;
	const char *name = boot_name(*state);
	static struct snapshot before;

	take_snapshot(*state, &before);
	assert_int_equal(tp_device_unplug_named(*state, name, NULL, &report), -EPERM);
	assert_int_equal(report.err, -EPERM);
	assert_string_equal(report.reason, "boot memory stays");
	expect_same(*state, &before);
}

static void a_dry_run_takes_nothing_away(void **state)
{
	const struct tp_offline_options options = { .dry_run = true };

	plug_named(*state, "dimm", 1, 1, TP_ONLINE_MOVABLE);
	must(tp_device_unplug_named(*state, "dimm", &options, NULL));
	assert_int_equal(query(*state, "dimm").nr_online, 1);
}

static void what_cannot_be_is_refused_by_name_too(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);
	struct tp_device *d;

	config.name = "gpu";
	config.kind = TP_DEVICE_PRIVATE;
	must(tp_device_plug(*state, &config, &d));
	plug_named(*state, "dimm", 2, 1, TP_ONLINE_NONE);
	assert_int_equal(tp_device_online_named(*state, "gpu", TP_ONLINE_AUTO, NULL), -EINVAL);
	assert_int_equal(tp_device_online_named(*state, "dimm", TP_ONLINE_NONE, NULL), -EINVAL);
	assert_int_equal(tp_device_online_named(*state, "dimm", (enum tp_online_policy)9, NULL),
			 -EINVAL);
	must(tp_device_unplug(d, NULL, NULL));
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* An offline that does not end, and calls that have to wait for it. */
struct jam {
	struct stuck stuck;
	struct tp_cancel *cancel;
	struct offliner offliner;
};

static void begin_jam(struct tp_machine *m, struct jam *jam)
{
	get_stuck(m, &jam->stuck);
	must(tp_cancel_create(&jam->cancel));
	offliner_start(m, &jam->offliner, jam->stuck.device,
		       (struct tp_offline_options){ .deadline_ns = TP_NO_DEADLINE,
						    .cancel = jam->cancel });
}

static void end_jam(struct tp_machine *m, struct jam *jam)
{
	tp_cancel_request(jam->cancel);
	assert_int_equal(offliner_join(&jam->offliner), -ECANCELED);
	let_go(m, &jam->stuck);
	clear_stuck(&jam->stuck);
	tp_cancel_destroy(jam->cancel);
}

struct caller {
	pthread_t thread;
	int (*call)(struct tp_machine *m);
	struct tp_machine *machine;
	tp_atomic_u32 done;
	int err;
};

static void *caller_run(void *arg)
{
	struct caller *c = arg;

	c->err = c->call(c->machine);
	tp_atomic_store(&c->done, 1, TP_RELEASE);
	return NULL;
}

static int call_online(struct tp_machine *m)
{
	return tp_device_online_named(m, "dimm", TP_ONLINE_MOVABLE, cancel);
}

static int call_offline(struct tp_machine *m)
{
	const struct tp_offline_options options = { .deadline_ns = TP_NO_DEADLINE,
						    .cancel = cancel };

	return tp_device_offline_named(m, "dimm", &options, NULL);
}

static int call_unplug(struct tp_machine *m)
{
	const struct tp_offline_options options = { .deadline_ns = TP_NO_DEADLINE,
						    .cancel = cancel };

	return tp_device_unplug_named(m, "dimm", &options, NULL);
}

static int call_plug(struct tp_machine *m)
{
	struct tp_device_config config = blocks_on(2, 1, TP_ONLINE_NONE);
	struct tp_device *d;

	config.cancel = cancel;
	return tp_device_plug(m, &config, &d);
}

static int call_blocks_online(struct tp_machine *m)
{
	return tp_blocks_online_cancellable(m, BOOT_BLOCKS, 1, TP_ONLINE_MOVABLE, cancel);
}

static int (*const calls[])(struct tp_machine *m) = { call_online, call_offline, call_unplug,
						      call_plug, call_blocks_online };

static void caller_start(struct caller *c, struct tp_machine *m, int (*call)(struct tp_machine *m))
{
	*c = (struct caller){ .call = call, .machine = m };
	assert_int_equal(pthread_create(&c->thread, NULL, caller_run, c), 0);
	nap_ms(30);
	assert_int_equal(tp_atomic_load(&c->done, TP_ACQUIRE), 0);
}

static int caller_join(struct caller *c)
{
	pthread_join(c->thread, NULL);
	return c->err;
}

static void whoever_waits_can_be_cancelled(void **state) /* T17 */
{
	static struct snapshot before;
	struct caller caller;
	struct jam jam;

	plug_named(*state, "dimm", 2, 1, TP_ONLINE_NONE);
	take_snapshot(*state, &before);
	begin_jam(*state, &jam);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(calls); i++) {
		tp_cancel_reset(cancel);
		caller_start(&caller, *state, calls[i]);
		tp_cancel_request(cancel);
		assert_int_equal(caller_join(&caller), -ECANCELED);
	}
	end_jam(*state, &jam);
	must(tp_device_unplug(jam.stuck.device, NULL, NULL));
	expect_same(*state, &before);
}

static void whoever_waits_has_his_turn(void **state)
{
	struct caller caller;
	struct jam jam;

	plug_named(*state, "dimm", 2, 1, TP_ONLINE_NONE);
	begin_jam(*state, &jam);
	caller_start(&caller, *state, call_online);
	end_jam(*state, &jam);
	assert_int_equal(caller_join(&caller), 0);
	assert_int_equal(query(*state, "dimm").nr_online, 1);
}

/* The look-up is done when it is one's turn: the device may be another by then, or none. */
static void a_device_that_went_meanwhile_is_not_there(void **state)
{
	struct caller caller;
	struct stuck stuck;
	struct offliner offliner;
	char name[32];

	get_stuck(*state, &stuck);
	strcpy(name, device_info(stuck.device).name);
	offliner = (struct offliner){ .err = 0 };
	offliner_start(*state, &offliner, stuck.device,
		       (struct tp_offline_options){ .deadline_ns = TP_NO_DEADLINE });
	caller_start(&caller, *state, call_unplug); /* "dimm" is not there yet, nor will be */
	let_go(*state, &stuck);
	assert_int_equal(offliner_join(&offliner), 0);
	assert_int_equal(caller_join(&caller), -ENOENT);
	must(tp_device_unplug_named(*state, name, NULL, NULL));
	clear_stuck(&stuck);
}

enum { RIVALS = 4, ROUNDS = 200 };

struct rival {
	pthread_t thread;
	struct tp_machine *machine;
	unsigned plugged, unplugged;
	int odd; /* an answer that cannot be */
};

static void *compete(void *arg)
{
	struct rival *r = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
		struct tp_device_info info;
		struct tp_device *d;
		int err;

		config.name = "dimm";
		err = tp_device_plug(r->machine, &config, &d);
		r->plugged += !err;
		if (err && err != -EEXIST)
			r->odd = err;
		tp_device_query(r->machine, "dimm", &info);
		err = tp_device_unplug_named(r->machine, "dimm", NULL, NULL);
		r->unplugged += !err;
		if (err && err != -ENOENT)
			r->odd = err;
	}
	return NULL;
}

static void rivals_for_one_name_never_meet_half_a_device(void **state)
{
	struct rival rivals[RIVALS];
	unsigned plugged = 0, unplugged = 0;

	for (unsigned i = 0; i < RIVALS; i++) {
		rivals[i] = (struct rival){ .machine = *state };
		assert_int_equal(pthread_create(&rivals[i].thread, NULL, compete, &rivals[i]), 0);
	}
	for (unsigned i = 0; i < RIVALS; i++) {
		pthread_join(rivals[i].thread, NULL);
		assert_int_equal(rivals[i].odd, 0);
		plugged += rivals[i].plugged;
		unplugged += rivals[i].unplugged;
	}
	assert_true(plugged >= ROUNDS);
	assert_int_equal(plugged, unplugged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_TEST(a_query_says_what_the_handle_says),
		NAMED_TEST(a_query_counts_what_is_online),
		NAMED_TEST(boot_memory_has_a_name_too),
		NAMED_TEST(nothing_is_known_of_what_is_not_there),
		NAMED_TEST(a_name_is_meant_whole),
		NAMED_TEST(a_query_does_not_wait_for_an_offline),
		NAMED_TEST(a_device_goes_all_its_ways_by_name),
		NAMED_TEST(a_name_can_be_used_again),
		NAMED_TEST(boot_memory_goes_offline_but_not_away),
		NAMED_TEST(a_dry_run_takes_nothing_away),
		NAMED_TEST(what_cannot_be_is_refused_by_name_too),
		NAMED_TEST(whoever_waits_can_be_cancelled),
		NAMED_TEST(whoever_waits_has_his_turn),
		NAMED_TEST(a_device_that_went_meanwhile_is_not_there),
		NAMED_TEST(rivals_for_one_name_never_meet_half_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
