/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_cancel - whoever waits, for pages or for his turn, can be told to stop, and stops in
 * time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_snapshot.h"
#include "hotplug_thread.h"

static struct snapshot before;
static struct stuck stuck;
static struct tp_cancel *cancel;

static int setup_stuck(void **state)
{
	setup_machine(state);
	get_stuck(*state, &stuck);
	must(tp_cancel_create(&cancel));
	take_snapshot(*state, &before);
	return 0;
}

static int teardown_stuck(void **state)
{
	tp_cancel_destroy(cancel);
	let_go(*state, &stuck);
	clear_stuck(&stuck);
	return teardown_machine(state);
}

#define STUCK_TEST(test) cmocka_unit_test_setup_teardown(test, setup_stuck, teardown_stuck)

static struct tp_offline_options until_cancelled(void)
{
	return (struct tp_offline_options){ .deadline_ns = TP_NO_DEADLINE, .cancel = cancel };
}

/* ---- while pages are waited for -------------------------------------------------------------- */

static void another_thread_cancels_an_offline(void **state)
{
	struct offliner offliner;

	offliner_start(*state, &offliner, stuck.device, until_cancelled());
	tp_cancel_request(cancel);
	assert_int_equal(offliner_join(&offliner), -ECANCELED);
	assert_string_equal(offliner.report.reason, "cancelled");
	assert_int_equal(offliner.report.err, -ECANCELED);
	expect_same(*state, &before);
}

static void a_cancelled_offline_names_who_was_in_the_way(void **state)
{
	struct offliner offliner;

	offliner_start(*state, &offliner, stuck.device, until_cancelled());
	tp_cancel_request(cancel);
	assert_int_equal(offliner_join(&offliner), -ECANCELED);
	assert_int_equal(offliner.report.nr_blockers, 1);
	assert_string_equal(offliner.report.blockers[0].reason, "pinned");
}

static void cancel_in_progress(const struct tp_progress *progress, void *arg)
{
	if (progress->pages_left)
		tp_cancel_request(arg);
}

static void the_progress_callback_may_cancel(void **state)
{
	struct tp_offline_options options = until_cancelled();

	options.progress = cancel_in_progress;
	options.progress_arg = cancel;
	assert_int_equal(tp_device_offline(stuck.device, &options, NULL), -ECANCELED);
	expect_same(*state, &before);
}

static void what_is_cancelled_beforehand_does_not_begin(void **state)
{
	const struct tp_offline_options options = until_cancelled();
	struct tp_device *free_device = plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	struct tp_offline_report report;

	tp_cancel_request(cancel);
	assert_int_equal(tp_device_offline(free_device, &options, &report), -ECANCELED);
	assert_string_equal(report.reason, "cancelled");
	assert_int_equal(device_info(free_device).nr_online, 1);
}

static void a_cancel_can_be_used_again(void **state)
{
	const struct tp_offline_options options = until_cancelled();
	struct tp_device *free_device = plug(*state, 2, 1, TP_ONLINE_MOVABLE);

	tp_cancel_request(cancel);
	assert_int_equal(tp_device_offline(stuck.device, &options, NULL), -ECANCELED);
	tp_cancel_reset(cancel);
	must(tp_device_offline(free_device, &options, NULL));
}

static void a_cancel_after_the_end_changes_nothing(void **state)
{
	const struct tp_offline_options options = until_cancelled();
	struct tp_device *free_device = plug(*state, 2, 1, TP_ONLINE_MOVABLE);

	must(tp_device_offline(free_device, &options, NULL));
	tp_cancel_request(cancel);
	assert_int_equal(device_info(free_device).nr_online, 0);
}

static void a_cancel_that_cannot_be_made_is_none(void **state)
{
	struct tp_cancel *none = cancel;

	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_cancel_create(&none), -ENOMEM);
	assert_null(none);
	tp_cancel_destroy(NULL);
}

/* ---- unplug (T18) ---------------------------------------------------------------------------- */

static void unplug_gives_up_at_its_deadline(void **state) /* T18 */
{
	const struct tp_offline_options options = within_ms(50);

	assert_int_equal(tp_device_unplug(stuck.device, &options, NULL), -ETIMEDOUT);
	expect_same(*state, &before);
}

static void *cancel_soon(void *arg)
{
	nap_ms(50);
	tp_cancel_request(arg);
	return NULL;
}

static void unplug_gives_up_when_cancelled(void **state) /* T18 */
{
	const struct tp_offline_options options = until_cancelled();
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
	assert_int_equal(tp_device_unplug(stuck.device, &options, NULL), -ECANCELED);
	pthread_join(thread, NULL);
	expect_same(*state, &before);
}

/* ---- while a turn is waited for (T17) -------------------------------------------------------- */

static void a_second_writer_keeps_its_deadline(void **state) /* T17 */
{
	struct offliner first;
	struct tp_device *d = plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	const struct tp_offline_options options = within_ms(50);
	struct tp_offline_report report;
	uint64_t begin;

	offliner_start(*state, &first, stuck.device, until_cancelled());
	begin = tp_clock_now();
	assert_int_equal(tp_device_offline(d, &options, &report), -ETIMEDOUT);
	assert_in_range(tp_clock_now() - begin, TP_MILLISECONDS(50), TP_SECONDS(5));
	assert_string_equal(report.reason, "deadline passed");
	assert_int_equal(report.err, -ETIMEDOUT);
	tp_cancel_request(cancel);
	assert_int_equal(offliner_join(&first), -ECANCELED);
	assert_int_equal(device_info(d).nr_online, 1);
}

static void a_second_writer_can_be_cancelled(void **state) /* T17 */
{
	struct offliner first, second;
	struct tp_device *d = plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	struct tp_cancel *other;

	must(tp_cancel_create(&other));
	offliner_start(*state, &first, stuck.device, until_cancelled());
	second = (struct offliner){ .machine = *state, .device = d };
	second.options = until_cancelled();
	second.options.cancel = other;
	assert_int_equal(pthread_create(&second.thread, NULL, offliner_run, &second), 0);
	nap_ms(20);
	tp_cancel_request(other);
	assert_int_equal(offliner_join(&second), -ECANCELED);
	assert_string_equal(second.report.reason, "cancelled");
	tp_cancel_request(cancel);
	assert_int_equal(offliner_join(&first), -ECANCELED);
	tp_cancel_destroy(other);
}

static void a_second_writer_has_its_turn(void **state) /* T17 */
{
	struct offliner first;
	struct tp_device *d = plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	pthread_t thread;

	offliner_start(*state, &first, stuck.device, until_cancelled());
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
	must(tp_device_offline(d, NULL, NULL));
	pthread_join(thread, NULL);
	assert_int_equal(offliner_join(&first), -ECANCELED);
	assert_int_equal(device_info(d).nr_online, 0);
}

static void a_plug_waits_for_an_offline(void **state)
{
	struct offliner first;
	pthread_t thread;

	offliner_start(*state, &first, stuck.device, until_cancelled());
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
	plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	assert_int_equal(offliner_join(&first), -ECANCELED);
	pthread_join(thread, NULL);
	assert_true(node_has(*state, 2, TP_N_MEMORY));
}

/* ---- while an isolation is waited for -------------------------------------------------------- */

static void a_deadline_counts_while_isolation_is_tried(void **state)
{
	const struct tp_offline_options options = within_ms(10);
	struct tp_offline_report report;

	must(tp_fault_arm("mm/isolate", 1, UINT64_MAX));
	assert_int_equal(tp_device_offline(stuck.device, &options, &report), -ETIMEDOUT);
	assert_string_equal(report.reason, "deadline passed");
	tp_fault_reset();
	expect_same(*state, &before);
}

static void a_cancel_counts_while_isolation_is_tried(void **state)
{
	const struct tp_offline_options options = until_cancelled();
	pthread_t thread;
	int err;

	must(tp_fault_arm("mm/isolate", 1, UINT64_MAX));
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
	err = tp_device_offline(stuck.device, &options, NULL);
	pthread_join(thread, NULL);
	tp_fault_reset();
	assert_int_equal(err, -ECANCELED);
	expect_same(*state, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STUCK_TEST(another_thread_cancels_an_offline),
		STUCK_TEST(a_cancelled_offline_names_who_was_in_the_way),
		STUCK_TEST(the_progress_callback_may_cancel),
		STUCK_TEST(what_is_cancelled_beforehand_does_not_begin),
		STUCK_TEST(a_cancel_can_be_used_again),
		STUCK_TEST(a_cancel_after_the_end_changes_nothing),
		STUCK_TEST(a_cancel_that_cannot_be_made_is_none),
		STUCK_TEST(unplug_gives_up_at_its_deadline),
		STUCK_TEST(unplug_gives_up_when_cancelled),
		STUCK_TEST(a_second_writer_keeps_its_deadline),
		STUCK_TEST(a_second_writer_can_be_cancelled),
		STUCK_TEST(a_second_writer_has_its_turn),
		STUCK_TEST(a_plug_waits_for_an_offline),
		STUCK_TEST(a_deadline_counts_while_isolation_is_tried),
		STUCK_TEST(a_cancel_counts_while_isolation_is_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
