/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_events - who is told what, in which order, and what is true at that moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_listener.h"

static struct heard_log heard_log;
static struct listener high, middle, low;

static int setup_listeners(void **state)
{
	setup_machine(state);
	forget(&heard_log);
	listen(*state, &low, "low", -50, &heard_log);
	listen(*state, &high, "high", 200, &heard_log);
	listen(*state, &middle, "middle", 50, &heard_log);
	return 0;
}

static int teardown_listeners(void **state)
{
	stop_listening(&high);
	stop_listening(&middle);
	stop_listening(&low);
	return teardown_machine(state);
}

static int setup_one(void **state)
{
	setup_machine(state);
	forget(&heard_log);
	listen(*state, &high, "a", 200, &heard_log);
	return 0;
}

static int teardown_one(void **state)
{
	stop_listening(&high);
	return teardown_machine(state);
}

#define ONE_LISTENER(test)     cmocka_unit_test_setup_teardown(test, setup_one, teardown_one)
#define THREE_LISTENERS(test) \
	cmocka_unit_test_setup_teardown(test, setup_listeners, teardown_listeners)

static void refuse(struct listener *l, int type, int answer)
{
	l->refuse = type;
	l->answer = answer;
}

static const struct heard *find_heard(int type)
{
	for (unsigned i = 0; i < heard_log.n; i++)
		if (heard_log.heard[i].type == type)
			return &heard_log.heard[i];
	fail_msg("nobody heard %s", event_name(type));
	return NULL;
}

/* ---- order --------------------------------------------------------------------------------- */

static void first_memory_of_a_node_tells_node_before_memory(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "a:PREPARE_ONLINE a:BECOMING_MEM_AWARE a:GOING_ONLINE "
				 "a:BECAME_MEM_AWARE a:ONLINE");
}

static void more_memory_of_a_node_is_no_node_event(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	forget(&heard_log);
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "a:PREPARE_ONLINE a:GOING_ONLINE a:ONLINE");
}

static void last_memory_of_a_node_tells_node_before_memory(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	must(tp_device_offline(d, NULL, NULL));
	expect_heard(&heard_log, "a:BECOMING_MEMORYLESS a:GOING_OFFLINE a:BECAME_MEMORYLESS "
				 "a:OFFLINE a:FINISH_OFFLINE");
}

static void some_memory_of_a_node_leaves_without_a_node_event(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	must(tp_blocks_offline(*state, first_block(d), 1, NULL, NULL));
	expect_heard(&heard_log, "a:GOING_OFFLINE a:OFFLINE a:FINISH_OFFLINE");
}

static void plug_without_online_tells_nobody(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_NONE);
	expect_heard(&heard_log, "");
}

static void online_runs_by_decreasing_priority(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log,
		     "high:PREPARE_ONLINE middle:PREPARE_ONLINE low:PREPARE_ONLINE "
		     "high:BECOMING_MEM_AWARE middle:BECOMING_MEM_AWARE low:BECOMING_MEM_AWARE "
		     "high:GOING_ONLINE middle:GOING_ONLINE low:GOING_ONLINE "
		     "high:BECAME_MEM_AWARE middle:BECAME_MEM_AWARE low:BECAME_MEM_AWARE "
		     "high:ONLINE middle:ONLINE low:ONLINE");
}

static void offline_runs_by_decreasing_priority(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	must(tp_device_offline(d, NULL, NULL));
	expect_heard(
		&heard_log,
		"high:BECOMING_MEMORYLESS middle:BECOMING_MEMORYLESS low:BECOMING_MEMORYLESS "
		"high:GOING_OFFLINE middle:GOING_OFFLINE low:GOING_OFFLINE "
		"high:BECAME_MEMORYLESS middle:BECAME_MEMORYLESS low:BECAME_MEMORYLESS "
		"high:OFFLINE middle:OFFLINE low:OFFLINE "
		"high:FINISH_OFFLINE middle:FINISH_OFFLINE low:FINISH_OFFLINE");
}

static void equal_priorities_run_in_order_of_registration(void **state)
{
	struct listener twin;

	listen(*state, &twin, "b", 200, &heard_log);
	plug(*state, 1, 1, TP_ONLINE_NONE);
	must(tp_device_online(tp_device_find(*state, "mem0"), TP_ONLINE_MOVABLE));
	stop_listening(&twin);
	expect_heard(&heard_log, "a:PREPARE_ONLINE b:PREPARE_ONLINE a:BECOMING_MEM_AWARE "
				 "b:BECOMING_MEM_AWARE a:GOING_ONLINE b:GOING_ONLINE "
				 "a:BECAME_MEM_AWARE b:BECAME_MEM_AWARE a:ONLINE b:ONLINE");
}

/* ---- cancel (T5, T6) ----------------------------------------------------------------------- */

static void refused_online_is_taken_back_in_reverse(void **state) /* T5 */
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&low, TP_MEM_GOING_ONLINE, -EIO);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EIO);
	expect_heard(&heard_log,
		     "high:PREPARE_ONLINE middle:PREPARE_ONLINE low:PREPARE_ONLINE "
		     "high:BECOMING_MEM_AWARE middle:BECOMING_MEM_AWARE low:BECOMING_MEM_AWARE "
		     "high:GOING_ONLINE middle:GOING_ONLINE low:GOING_ONLINE "
		     "middle:CANCEL_ONLINE high:CANCEL_ONLINE "
		     "low:CANCEL_MEM_AWARE middle:CANCEL_MEM_AWARE high:CANCEL_MEM_AWARE "
		     "low:FINISH_OFFLINE middle:FINISH_OFFLINE high:FINISH_OFFLINE");
}

static void refused_offline_is_taken_back_in_reverse(void **state) /* T5 */
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	refuse(&low, TP_MEM_GOING_OFFLINE, -EIO);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	expect_heard(
		&heard_log,
		"high:BECOMING_MEMORYLESS middle:BECOMING_MEMORYLESS low:BECOMING_MEMORYLESS "
		"high:GOING_OFFLINE middle:GOING_OFFLINE low:GOING_OFFLINE "
		"middle:CANCEL_OFFLINE high:CANCEL_OFFLINE "
		"low:CANCEL_MEMORYLESS middle:CANCEL_MEMORYLESS high:CANCEL_MEMORYLESS");
}

/* T5: what fails after the last announcement takes both back, memory first. */
static void given_up_offline_is_taken_back_in_reverse(void **state)
{
	const struct tp_offline_options options = within_ms(20);
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct shelf shelf;
	tp_pfn pinned;

	shelf_open(*state, &shelf, "shelf");
	pinned = shelve(*state, &shelf, 0, 1, first_block(d), 0);
	must(tp_page_pin(*state, pinned));
	forget(&heard_log);
	assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_heard(&heard_log, "a:BECOMING_MEMORYLESS a:GOING_OFFLINE a:CANCEL_OFFLINE "
				 "a:CANCEL_MEMORYLESS");
	tp_page_unpin(*state, pinned);
	shelf_take(&shelf, 0, 0);
	must(tp_owner_unregister(&shelf.owner));
}

static void refused_prepare_is_the_only_thing_taken_back(void **state)
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&low, TP_MEM_PREPARE_ONLINE, -EIO);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EIO);
	expect_heard(&heard_log, "high:PREPARE_ONLINE middle:PREPARE_ONLINE low:PREPARE_ONLINE "
				 "middle:FINISH_OFFLINE high:FINISH_OFFLINE");
}

static void refused_node_is_never_announced_to_the_memory_chain(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	refuse(&middle, TP_NODE_BECOMING_MEMORYLESS, -EIO);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	expect_heard(&heard_log, "high:BECOMING_MEMORYLESS middle:BECOMING_MEMORYLESS "
				 "high:CANCEL_MEMORYLESS");
}

static void expect_refusal_balances(struct tp_machine *m, struct listener *vetoer, int type)
{
	const struct tp_device_config config = blocks_on(1, 2, TP_ONLINE_NONE);
	struct tp_device *d;
	int err;

	must(tp_device_plug(m, &config, &d));
	refuse(vetoer, type, -EILSEQ);
	err = tp_device_online(d, TP_ONLINE_MOVABLE);
	if (!err)
		err = tp_device_offline(d, NULL, NULL);
	assert_int_equal(err, -EILSEQ);
	expect_balanced(&high);
	expect_balanced(&middle);
	expect_balanced(&low);
	vetoer->refuse = 0;
	must(tp_device_unplug(d, NULL, NULL));
	expect_balanced(vetoer);
	forget(&heard_log);
}

/* T6: whoever refuses whatever, each callback has one end for each beginning. */
static void every_refusal_at_every_priority_is_balanced(void **state)
{
	struct listener *all[] = { &high, &middle, &low };

	for (unsigned v = 0; v < TP_ARRAY_SIZE(all); v++)
		for (unsigned i = 0; i < NR_ANNOUNCEMENTS; i++)
			expect_refusal_balances(*state, all[v], announcements[i].announced);
}

/* T6 */
static void the_one_that_refused_hears_no_cancel(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	refuse(&middle, TP_MEM_GOING_OFFLINE, -EIO);
	forget(&heard_log);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	assert_null(strstr(heard_log.text, "middle:CANCEL_OFFLINE"));
	assert_null(strstr(heard_log.text, "low:CANCEL_OFFLINE"));
	assert_non_null(strstr(heard_log.text, "high:CANCEL_OFFLINE"));
}

static void success_settles_every_announcement(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_KERNEL);

	expect_balanced(&low);
	must(tp_device_unplug(d, NULL, NULL));
	expect_balanced(&low);
}

/* ---- what an answer can do (T11) ------------------------------------------------------------ */

static void a_refusal_is_returned_as_it_is(void **state)
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&high, TP_NODE_BECOMING_MEM_AWARE, -EXDEV);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EXDEV);
}

static void refuse_statements(struct listener *l, const struct heard *heard)
{
	l->others = is_announcement(heard->type) ? -EIO : 0;
}

/* T11: an error for BECAME, ONLINE, OFFLINE and FINISH changes nothing, nor keeps it from others. */
static void answers_to_statements_are_ignored(void **state)
{
	struct tp_device *d;

	/* It sets the answer to the next event: an error after each announcement. */
	high.look = refuse_statements;
	high.others = 0;
	refuse(&high, TP_MEM_GOING_ONLINE, 0);
	d = plug(*state, 1, 1, TP_ONLINE_NONE);
	high.look = NULL;
	high.refuse = 0;
	refuse(&high, TP_MEM_ONLINE, -EIO);
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	refuse(&high, TP_MEM_OFFLINE, -EIO);
	must(tp_device_offline(d, NULL, NULL));
	assert_non_null(strstr(heard_log.text, "low:ONLINE"));
	assert_non_null(strstr(heard_log.text, "low:FINISH_OFFLINE"));
}
