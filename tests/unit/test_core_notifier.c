/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_core_notifier - who is told, in which order, and who hears that it is taken back.
 *
 * Events are strings and every call leaves the entry's name and the event in a log: "a+ b+ a- "
 * reads "a heard +, b heard +, a heard -".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/notifier.h"
#include "panic.h"

static char heard[512];
static struct tp_notifier_chain chain;

struct probe {
	struct tp_notifier_entry entry;
	const char *answer_to; /* the event to give @answer to; 0 to all others */
	int answer;
};

static int probe_call(struct tp_notifier_entry *entry, const void *event)
{
	struct probe *probe = tp_container_of(entry, struct probe, entry);
	size_t used = strlen(heard);

	snprintf(heard + used, sizeof(heard) - used, "%s%s ", entry->name, (const char *)event);
	return probe->answer_to && !strcmp(probe->answer_to, event) ? probe->answer : 0;
}

static void probe_init(struct probe *probe, const char *name, int priority)
{
	*probe = (struct probe){
		.entry = { .call = probe_call, .name = name, .priority = priority, .owner = probe },
	};
}

static void probe_add(struct probe *probe, const char *name, int priority)
{
	probe_init(probe, name, priority);
	assert_int_equal(tp_notifier_register(&chain, &probe->entry, NULL, NULL), 0);
}

/* Four in the order a, b, c, d. */
static struct probe probes[4];

static int setup_four(void **state)
{
	(void)state;
	heard[0] = '\0';
	tp_notifier_chain_init(&chain, 0);
	probe_add(&probes[0], "a", 40);
	probe_add(&probes[1], "b", 30);
	probe_add(&probes[2], "c", 20);
	probe_add(&probes[3], "d", 10);
	return 0;
}

static int setup_empty(void **state)
{
	(void)state;
	heard[0] = '\0';
	tp_notifier_chain_init(&chain, 0);
	return 0;
}

static void expect_heard(const char *log)
{
	assert_string_equal(heard, log);
	heard[0] = '\0';
}

static void expect_balance(void)
{
	tp_notifier_session_end(&chain);
	assert_int_equal(tp_notifier_unbalanced(&chain), 0);
}

/* ---- order ----------------------------------------------------------------------------------- */

static void higher_priority_is_told_first(void **state)
{
	struct probe low, high, middle;

	(void)state;
	probe_add(&low, "l", -5);
	probe_add(&high, "h", 100);
	probe_add(&middle, "m", 0);
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	tp_notifier_session_end(&chain);
	expect_heard("h! m! l! ");
}

static void equal_priority_is_told_in_order_of_registration(void **state)
{
	struct probe first, second, third;

	(void)state;
	probe_add(&first, "1", 7);
	probe_add(&second, "2", 7);
	probe_add(&third, "3", 7);
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	tp_notifier_session_end(&chain);
	expect_heard("1! 2! 3! ");
}

/* ---- refusal and cancel ---------------------------------------------------------------------- */

/* T5 */
static void cancel_goes_in_reverse(void **state)
{
	(void)state;
	tp_notifier_session_begin(&chain);
	assert_int_equal(tp_notifier_announce(&chain, "+", "-"), 0);
	tp_notifier_cancel(&chain, "-");
	expect_heard("a+ b+ c+ d+ d- c- b- a- ");
	expect_balance();
}

/* T6: at every position exactly those that accepted hear the cancel, not the one that refused. */
static void refusal_is_cancelled_for_those_that_accepted(void **state)
{
	static const char *const logs[] = { "a+ ", "a+ b+ a- ", "a+ b+ c+ b- a- ",
					    "a+ b+ c+ d+ c- b- a- " };

	(void)state;
	/* Shorter and shorter: nothing of an earlier, longer round may be left. */
	for (size_t i = 4; i-- > 0;) {
		probes[i].answer_to = "+";
		probes[i].answer = -EBUSY;
		tp_notifier_session_begin(&chain);
		assert_int_equal(tp_notifier_announce(&chain, "+", "-"), -EBUSY);
		expect_heard(logs[i]);
		expect_balance();
		probes[i].answer_to = NULL;
	}
}

static void refusal_names_who_refused(void **state)
{
	(void)state;
	probes[2].answer_to = "+";
	probes[2].answer = -EPERM;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	assert_string_equal(chain.vetoed_by, "c");
	probes[2].answer_to = NULL;
	tp_notifier_announce(&chain, "+", "-");
	assert_null(chain.vetoed_by);
	tp_notifier_cancel(&chain, "-");
	tp_notifier_session_end(&chain);
}

static void answer_to_a_cancel_is_ignored(void **state)
{
	(void)state;
	probes[3].answer_to = "-";
	probes[3].answer = -EBUSY;
	probes[2].answer_to = "-";
	probes[2].answer = TP_NOTIFY_STOP;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	tp_notifier_cancel(&chain, "-");
	expect_heard("a+ b+ c+ d+ d- c- b- a- ");
	expect_balance();
}

static void stop_accepts_and_asks_nobody_further(void **state)
{
	(void)state;
	probes[1].answer_to = "+";
	probes[1].answer = TP_NOTIFY_STOP;
	tp_notifier_session_begin(&chain);
	assert_int_equal(tp_notifier_announce(&chain, "+", "-"), 0);
	tp_notifier_cancel(&chain, "-");
	expect_heard("a+ b+ b- a- ");
	expect_balance();
}

/* ---- statements ------------------------------------------------------------------------------ */

/* T11 */
static void error_from_a_statement_changes_nothing(void **state)
{
	(void)state;
	probes[0].answer_to = "!";
	probes[0].answer = -EBUSY;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	tp_notifier_state(&chain, "!");
	expect_heard("a+ b+ c+ d+ a! b! c! d! ");
	expect_balance();
}

/* T11 */
static void stop_from_a_statement_changes_nothing(void **state)
{
	(void)state;
	probes[0].answer_to = "!";
	probes[0].answer = TP_NOTIFY_STOP;
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	expect_heard("a! b! c! d! ");
	expect_balance();
}

static void statement_reaches_those_never_asked(void **state)
{
	(void)state;
	probes[0].answer_to = "+";
	probes[0].answer = TP_NOTIFY_STOP;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	tp_notifier_state(&chain, "!");
	expect_heard("a+ a! b! c! d! ");
	expect_balance();
}

/* ---- several announcements ------------------------------------------------------------------- */

static void cancels_undo_announcements_newest_first(void **state)
{
	(void)state;
	probes[0].answer_to = "+2";
	probes[0].answer = TP_NOTIFY_STOP;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+1", "-1");
	tp_notifier_announce(&chain, "+2", "-2");
	heard[0] = '\0';
	tp_notifier_cancel(&chain, "-2");
	expect_heard("a-2 ");
	tp_notifier_cancel(&chain, "-1");
	expect_heard("d-1 c-1 b-1 a-1 ");
	expect_balance();
}

static void refusal_leaves_earlier_announcements_open(void **state)
{
	(void)state;
	probes[1].answer_to = "+2";
	probes[1].answer = -ENOMEM;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+1", "-1");
	heard[0] = '\0';
	assert_int_equal(tp_notifier_announce(&chain, "+2", "-2"), -ENOMEM);
	expect_heard("a+2 b+2 a-2 ");
	tp_notifier_cancel(&chain, "-1");
	expect_heard("d-1 c-1 b-1 a-1 ");
	expect_balance();
}

static void statements_settle_all_announcements(void **state)
{
	(void)state;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+1", "-1");
	tp_notifier_announce(&chain, "+2", "-2");
	tp_notifier_state(&chain, "!1");
	tp_notifier_state(&chain, "!2");
	assert_int_equal(probes[0].entry.nr_announced, 2);
	assert_int_equal(probes[0].entry.nr_stated, 2);
	expect_balance();
}

static void announcing_again_after_a_statement_starts_anew(void **state)
{
	(void)state;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+1", "-1");
	tp_notifier_state(&chain, "!1");
	tp_notifier_announce(&chain, "+2", "-2");
	heard[0] = '\0';
	tp_notifier_cancel(&chain, "-2");
	expect_heard("d-2 c-2 b-2 a-2 ");
	expect_balance();
}

static void as_many_as_the_depth_can_be_open(void **state)
{
	(void)state;
	tp_notifier_session_begin(&chain);
	for (int i = 0; i < TP_NOTIFIER_DEPTH; i++) {
		assert_int_equal(tp_notifier_announce(&chain, "+", "-"), 0);
		heard[0] = '\0';
	}
	for (int i = 0; i < TP_NOTIFIER_DEPTH; i++) {
		tp_notifier_cancel(&chain, "-");
		expect_heard("d- c- b- a- ");
	}
	expect_balance();
}

static void announce_too_often(void *arg)
{
	(void)arg;
	tp_notifier_session_begin(&chain);
	for (int i = 0; i <= TP_NOTIFIER_DEPTH; i++)
		tp_notifier_announce(&chain, "+", "-");
}

static void more_than_the_depth_panics(void **state)
{
	(void)state;
	expect_panic(announce_too_often, NULL, "TP_NOTIFIER_DEPTH");
}

static void cancel_after_statement(void *arg)
{
	(void)arg;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	tp_notifier_state(&chain, "!");
	tp_notifier_cancel(&chain, "-");
}

static void cancelling_what_was_stated_panics(void **state)
{
	(void)state;
	expect_panic(cancel_after_statement, NULL, "depth > 0");
}

static void announcement_left_open_is_counted(void **state)
{
	(void)state;
	probes[1].answer_to = "+";
	probes[1].answer = TP_NOTIFY_STOP;
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	tp_notifier_session_end(&chain);
	assert_int_equal(tp_notifier_unbalanced(&chain), 2);
}

/* ---- registration ---------------------------------------------------------------------------- */

static void same_owner_twice_is_eexist(void **state)
{
	struct probe other;

	(void)state;
	probe_init(&other, "o", 0);
	other.entry.owner = &probes[1];
	assert_int_equal(tp_notifier_register(&chain, &other.entry, NULL, NULL), -EEXIST);
}

static void unregister_returns_the_entry(void **state)
{
	struct tp_notifier_entry *entry;

	(void)state;
	assert_int_equal(tp_notifier_unregister(&chain, &probes[1], &entry), 0);
	assert_ptr_equal(entry, &probes[1].entry);
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	tp_notifier_session_end(&chain);
	expect_heard("a! c! d! ");
}

static void unregistering_a_stranger_is_enoent(void **state)
{
	struct tp_notifier_entry *entry;

	(void)state;
	assert_int_equal(tp_notifier_unregister(&chain, &chain, &entry), -ENOENT);
}

static void unregistered_may_come_back(void **state)
{
	struct tp_notifier_entry *entry;

	(void)state;
	assert_int_equal(tp_notifier_unregister(&chain, &probes[0], &entry), 0);
	assert_int_equal(tp_notifier_register(&chain, entry, NULL, NULL), 0);
	assert_int_equal(tp_notifier_unbalanced(&chain), 0);
}

static int replay_events(struct tp_notifier_entry *entry, void *arg)
{
	int err = entry->call(entry, "r");

	return err ? err : *(int *)arg;
}

static void replay_comes_before_joining(void **state)
{
	struct probe late;
	int err = 0;

	(void)state;
	probe_init(&late, "e", 0);
	assert_int_equal(tp_notifier_register(&chain, &late.entry, replay_events, &err), 0);
	expect_heard("er ");
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	tp_notifier_session_end(&chain);
	expect_heard("a! b! c! d! e! ");
}

static void error_of_replay_undoes_registration(void **state)
{
	struct tp_notifier_entry *entry;
	struct probe late;
	int err = -ENOSPC;

	(void)state;
	probe_init(&late, "e", 0);
	assert_int_equal(tp_notifier_register(&chain, &late.entry, replay_events, &err), -ENOSPC);
	assert_int_equal(tp_notifier_unregister(&chain, &late, &entry), -ENOENT);
	err = 0;
	assert_int_equal(tp_notifier_register(&chain, &late.entry, replay_events, &err), 0);
}

static struct probe extra;
static int answers[2];

static int register_in_callback(struct tp_notifier_entry *entry, const void *event)
{
	struct tp_notifier_entry *found;

	(void)event;
	probe_init(&extra, "x", 0);
	answers[0] = tp_notifier_register(&chain, &extra.entry, NULL, NULL);
	answers[1] = tp_notifier_unregister(&chain, entry->owner, &found);
	return 0;
}

static void registering_in_a_callback_is_edeadlk(void **state)
{
	(void)state;
	probes[0].entry.call = register_in_callback;
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	tp_notifier_session_end(&chain);
	assert_int_equal(answers[0], -EDEADLK);
	assert_int_equal(answers[1], -EDEADLK);
}

static int lock_depth_in_callback(struct tp_notifier_entry *entry, const void *event)
{
	(void)entry;
	(void)event;
	answers[0] = (int)tp_lockrank_depth();
	return 0;
}

/* N4 */
static void callback_runs_without_locks(void **state)
{
	(void)state;
	answers[0] = -1;
	probes[0].entry.call = lock_depth_in_callback;
	tp_notifier_session_begin(&chain);
	tp_notifier_state(&chain, "!");
	tp_notifier_session_end(&chain);
	assert_int_equal(answers[0], 0);
}

/* ---- sessions and other threads -------------------------------------------------------------- */

static tp_atomic_u32 session_over;

static void add_extra(void *arg)
{
	probe_init(&extra, "x", 0);
	tp_notifier_register(&chain, &extra.entry, NULL, NULL);
	*(uint32_t *)arg = tp_atomic_load(&session_over, TP_RELAXED);
}

static void remove_first(void *arg)
{
	struct tp_notifier_entry *entry;

	tp_notifier_unregister(&chain, &probes[0], &entry);
	*(uint32_t *)arg = tp_atomic_load(&session_over, TP_RELAXED);
}

/* Run @step in a thread during a session; it must not get through before the session is over. */
static void expect_waits_for_session(void (*step)(void *))
{
	struct tp_thread thread;
	uint32_t after_session = 0;

	tp_atomic_store(&session_over, 0, TP_RELAXED);
	tp_notifier_session_begin(&chain);
	tp_notifier_announce(&chain, "+", "-");
	assert_int_equal(tp_thread_start(&thread, "other", step, &after_session), 0);
	while (!tp_atomic_load(&chain.idle.waiters, TP_RELAXED))
		tp_yield();
	tp_sleep_ns(1000000);
	tp_notifier_cancel(&chain, "-");
	tp_atomic_store(&session_over, 1, TP_RELAXED);
	tp_notifier_session_end(&chain);
	tp_thread_join(&thread);
	assert_int_equal(after_session, 1);
	expect_heard("a+ b+ c+ d+ d- c- b- a- ");
	assert_int_equal(tp_notifier_unbalanced(&chain), 0);
}

/* N2 */
static void registering_waits_for_another_threads_session(void **state)
{
	(void)state;
	expect_waits_for_session(add_extra);
}

/* N2, N3 */
static void unregistering_waits_for_another_threads_session(void **state)
{
	(void)state;
	expect_waits_for_session(remove_first);
}

static void come_and_go(void *arg)
{
	struct tp_notifier_entry *entry;
	struct probe *probe = arg;

	for (int i = 0; i < 300; i++) {
		tp_notifier_register(&chain, &probe->entry, NULL, NULL);
		tp_notifier_unregister(&chain, probe, &entry);
	}
}

static tp_atomic_u64 quiet_calls;

static int count_quietly(struct tp_notifier_entry *entry, const void *event)
{
	(void)entry;
	(void)event;
	tp_atomic_add(&quiet_calls, 1, TP_RELAXED);
	return 0;
}

static void sessions_and_registrations_mix(void **state)
{
	struct tp_thread threads[2];
	struct probe guests[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		probe_init(&guests[i], "g", i);
		guests[i].entry.call = count_quietly;
		assert_int_equal(tp_thread_start(&threads[i], "guest", come_and_go, &guests[i]), 0);
	}
	for (int i = 0; i < 300; i++) {
		tp_notifier_session_begin(&chain);
		tp_notifier_announce(&chain, "+", "-");
		if (i % 2)
			tp_notifier_cancel(&chain, "-");
		else
			tp_notifier_state(&chain, "!");
		tp_notifier_session_end(&chain);
		assert_int_equal(tp_notifier_unbalanced(&chain), 0);
	}
	for (int i = 0; i < 2; i++)
		tp_thread_join(&threads[i]);
}

static void announce_outside_session(void *arg)
{
	(void)arg;
	tp_notifier_announce(&chain, "+", "-");
}

static void announcing_outside_a_session_panics(void **state)
{
	(void)state;
	expect_panic(announce_outside_session, NULL, "session_is_mine");
}

static void begin_twice(void *arg)
{
	(void)arg;
	tp_notifier_session_begin(&chain);
	tp_notifier_session_begin(&chain);
}

static void session_within_a_session_panics_instead_of_hanging(void **state)
{
	(void)state;
	expect_panic(begin_twice, NULL, "session_thread");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(higher_priority_is_told_first, setup_empty),
		cmocka_unit_test_setup(equal_priority_is_told_in_order_of_registration,
				       setup_empty),
		cmocka_unit_test_setup(cancel_goes_in_reverse, setup_four),
		cmocka_unit_test_setup(refusal_is_cancelled_for_those_that_accepted, setup_four),
		cmocka_unit_test_setup(refusal_names_who_refused, setup_four),
		cmocka_unit_test_setup(answer_to_a_cancel_is_ignored, setup_four),
		cmocka_unit_test_setup(stop_accepts_and_asks_nobody_further, setup_four),
		cmocka_unit_test_setup(error_from_a_statement_changes_nothing, setup_four),
		cmocka_unit_test_setup(stop_from_a_statement_changes_nothing, setup_four),
		cmocka_unit_test_setup(statement_reaches_those_never_asked, setup_four),
		cmocka_unit_test_setup(cancels_undo_announcements_newest_first, setup_four),
		cmocka_unit_test_setup(refusal_leaves_earlier_announcements_open, setup_four),
		cmocka_unit_test_setup(statements_settle_all_announcements, setup_four),
		cmocka_unit_test_setup(announcing_again_after_a_statement_starts_anew, setup_four),
		cmocka_unit_test_setup(as_many_as_the_depth_can_be_open, setup_four),
		cmocka_unit_test_setup(more_than_the_depth_panics, setup_four),
		cmocka_unit_test_setup(cancelling_what_was_stated_panics, setup_four),
		cmocka_unit_test_setup(announcement_left_open_is_counted, setup_four),
		cmocka_unit_test_setup(same_owner_twice_is_eexist, setup_four),
		cmocka_unit_test_setup(unregister_returns_the_entry, setup_four),
		cmocka_unit_test_setup(unregistering_a_stranger_is_enoent, setup_four),
		cmocka_unit_test_setup(unregistered_may_come_back, setup_four),
		cmocka_unit_test_setup(replay_comes_before_joining, setup_four),
		cmocka_unit_test_setup(error_of_replay_undoes_registration, setup_four),
		cmocka_unit_test_setup(registering_in_a_callback_is_edeadlk, setup_four),
		cmocka_unit_test_setup(callback_runs_without_locks, setup_four),
		cmocka_unit_test_setup(registering_waits_for_another_threads_session, setup_four),
		cmocka_unit_test_setup(unregistering_waits_for_another_threads_session, setup_four),
		cmocka_unit_test_setup(sessions_and_registrations_mix, setup_four),
		cmocka_unit_test_setup(announcing_outside_a_session_panics, setup_four),
		cmocka_unit_test_setup(session_within_a_session_panics_instead_of_hanging,
				       setup_four),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
