/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_register - joining and leaving the chains, at rest, under way, and from within.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_listener.h"
#include "hotplug_thread.h"

static struct heard_log heard_log;
static struct listener listener;

static int setup_listener(void **state)
{
	setup_machine(state);
	forget(&heard_log);
	listener_init(*state, &listener, "a", 0, &heard_log);
	return 0;
}

#define REGISTER_TEST(test) cmocka_unit_test_setup_teardown(test, setup_listener, teardown_machine)

/* ---- replay ---------------------------------------------------------------------------------- */

static void memory_that_is_there_is_replayed_run_by_run(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_MOVABLE);
	uint64_t boot_pages = (uint64_t)BOOT_BLOCKS * 2 * TP_PAGEBLOCK_PAGES;

	must(tp_blocks_offline(*state, first_block(d) + 1, 1, NULL, NULL));
	must(tp_memory_notifier_register(*state, &listener.memory, TP_NOTIFIER_REPLAY));
	assert_string_equal(heard_log.text, "a:GOING_ONLINE a:ONLINE a:GOING_ONLINE a:ONLINE "
					    "a:GOING_ONLINE a:ONLINE");
	assert_int_equal(heard_log.heard[0].nr_pages, boot_pages);
	assert_int_equal(heard_log.heard[2].node, 1);
	assert_int_equal(heard_log.heard[2].start.v, boot_pages);
	assert_int_equal(heard_log.heard[2].nr_pages, 2 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(heard_log.heard[5].start.v, boot_pages + 4 * TP_PAGEBLOCK_PAGES);
	must(tp_memory_notifier_unregister(*state, &listener.memory));
}

static void nodes_that_have_memory_are_replayed_with_what_they_have(void **state)
{
	plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	plug(*state, 1, 1, TP_ONLINE_NONE);
	must(tp_node_notifier_register(*state, &listener.node, TP_NOTIFIER_REPLAY));
	assert_string_equal(heard_log.text, "a:BECOMING_MEM_AWARE a:BECAME_MEM_AWARE "
					    "a:BECOMING_MEM_AWARE a:BECAME_MEM_AWARE");
	assert_int_equal(heard_log.heard[0].node, 0);
	assert_int_equal(heard_log.heard[1].changes,
			 TP_NODE_HAS_MEMORY | TP_NODE_HAS_NORMAL_MEMORY);
	assert_int_equal(heard_log.heard[2].node, 2);
	assert_int_equal(heard_log.heard[2].changes, TP_NODE_HAS_MEMORY);
	must(tp_node_notifier_unregister(*state, &listener.node));
}

static void without_replay_nothing_is_heard(void **state)
{
	must(tp_memory_notifier_register(*state, &listener.memory, 0));
	must(tp_node_notifier_register(*state, &listener.node, 0));
	expect_heard(&heard_log, "");
	stop_listening(&listener);
}

static void private_memory_is_not_replayed(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);
	struct tp_device *d;

	config.kind = TP_DEVICE_PRIVATE;
	must(tp_device_plug(*state, &config, &d));
	must(tp_memory_notifier_register(*state, &listener.memory, TP_NOTIFIER_REPLAY));
	expect_heard(&heard_log, "a:GOING_ONLINE a:ONLINE");
	must(tp_memory_notifier_unregister(*state, &listener.memory));
}

static void a_refused_replay_is_no_registration(void **state)
{
	listener.refuse = TP_MEM_GOING_ONLINE;
	listener.answer = -EXDEV;
	assert_int_equal(tp_memory_notifier_register(*state, &listener.memory, TP_NOTIFIER_REPLAY),
			 -EXDEV);
	assert_int_equal(tp_memory_notifier_unregister(*state, &listener.memory), -ENOENT);
	forget(&heard_log);
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "");
}

static void a_refused_replay_of_a_node_is_no_registration(void **state)
{
	listener.refuse = TP_NODE_BECOMING_MEM_AWARE;
	listener.answer = -EXDEV;
	assert_int_equal(tp_node_notifier_register(*state, &listener.node, TP_NOTIFIER_REPLAY),
			 -EXDEV);
	assert_int_equal(tp_node_notifier_unregister(*state, &listener.node), -ENOENT);
}

static void a_statement_of_a_replay_cannot_be_refused(void **state) /* T11 */
{
	listener.refuse = TP_MEM_ONLINE;
	listener.answer = -EXDEV;
	must(tp_memory_notifier_register(*state, &listener.memory, TP_NOTIFIER_REPLAY));
	must(tp_memory_notifier_unregister(*state, &listener.memory));
}

/* ---- the trace ------------------------------------------------------------------------------- */

/* "type name answer" of each call of @who that the machine's ring has. */
static void traced_calls(struct tp_machine *m, const char *who, char *text, size_t size)
{
	struct tp_trace_event e;
	uint64_t next = 0, lost = 0;
	char name[TP_TRACE_NAME + 1];
	size_t used = 0;

	text[0] = '\0';
	while (tp_trace_read(m->trace, &next, &e, 1, &lost)) {
		bool begin = e.id == TP_TRACE_notifier_call_begin;

		if (!begin && e.id != TP_TRACE_notifier_call_end)
			continue;
		tp_trace_name(name, e.args[1], e.args[2]);
		if (strcmp(name, who))
			continue;
		used += (size_t)(begin ? snprintf(text + used, size - used, "%s",
						  event_name((int)e.args[0]))
				       : snprintf(text + used, size - used, "=%d ",
						  (int)e.args[0]));
	}
	assert_int_equal(lost, 0);
}

/* What was written stays readable when the callback and its name are gone. */
static void every_call_is_traced_with_its_answer(void **state)
{
	char name[] = "driver", text[256];

	listener_init(*state, &listener, name, 0, &heard_log);
	listener.refuse = TP_MEM_GOING_ONLINE;
	listener.answer = -EXDEV;
	must(tp_memory_notifier_register(*state, &listener.memory, 0));
	must(tp_node_notifier_register(*state, &listener.node, 0));
	assert_int_equal(tp_device_plug(*state,
					&(struct tp_device_config){ .node = 1,
								    .size = SMALL_BLOCK,
								    .online = TP_ONLINE_MOVABLE },
					&(struct tp_device *){ NULL }),
			 -EXDEV);
	must(tp_memory_notifier_unregister(*state, &listener.memory));
	must(tp_node_notifier_unregister(*state, &listener.node));
	memset(name, 'x', sizeof(name) - 1);
	traced_calls(*state, "driver", text, sizeof(text));
	assert_string_equal(text, "PREPARE_ONLINE=0 BECOMING_MEM_AWARE=0 GOING_ONLINE=18 "
				  "CANCEL_MEM_AWARE=0 FINISH_OFFLINE=0 ");
}

/* ---- once, and not from within --------------------------------------------------------------- */

static void nobody_registers_twice(void **state)
{
	must(tp_memory_notifier_register(*state, &listener.memory, 0));
	must(tp_node_notifier_register(*state, &listener.node, 0));
	assert_int_equal(tp_memory_notifier_register(*state, &listener.memory, 0), -EEXIST);
	assert_int_equal(tp_node_notifier_register(*state, &listener.node, 0), -EEXIST);
	stop_listening(&listener);
}

static void nobody_leaves_who_is_not_there(void **state)
{
	assert_int_equal(tp_memory_notifier_unregister(*state, &listener.memory), -ENOENT);
	assert_int_equal(tp_node_notifier_unregister(*state, &listener.node), -ENOENT);
}

static void who_left_can_come_back(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		must(tp_memory_notifier_register(*state, &listener.memory, 0));
		must(tp_memory_notifier_unregister(*state, &listener.memory));
	}
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "");
}

static void registration_needs_memory(void **state)
{
	must(tp_fault_arm("core/alloc", 1, 2));
	assert_int_equal(tp_memory_notifier_register(*state, &listener.memory, 0), -ENOMEM);
	assert_int_equal(tp_node_notifier_register(*state, &listener.node, 0), -ENOMEM);
	tp_fault_reset();
	assert_int_equal(tp_memory_notifier_unregister(*state, &listener.memory), -ENOENT);
}

static int result_of[4];

static void join_and_leave(struct listener *l, const struct heard *heard)
{
	static struct listener other;

	(void)heard;
	listener_init(l->machine, &other, "other", 0, NULL);
	result_of[0] = tp_memory_notifier_register(l->machine, &other.memory, TP_NOTIFIER_REPLAY);
	result_of[1] = tp_node_notifier_register(l->machine, &other.node, 0);
	result_of[2] = tp_memory_notifier_unregister(l->machine, &l->memory);
	result_of[3] = tp_node_notifier_unregister(l->machine, &l->node);
}

static void a_callback_neither_joins_nor_leaves(void **state)
{
	must(tp_memory_notifier_register(*state, &listener.memory, 0));
	must(tp_node_notifier_register(*state, &listener.node, 0));
	listener.look = join_and_leave;
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	listener.look = NULL;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(result_of[i], -EDEADLK);
	stop_listening(&listener);
}

/* The other chain too: an operation that is about to begin takes both, in its own order. */
static void a_replayed_callback_neither_joins_nor_leaves(void **state)
{
	listener.look = join_and_leave;
	must(tp_memory_notifier_register(*state, &listener.memory, TP_NOTIFIER_REPLAY));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(result_of[i], -EDEADLK);
	must(tp_node_notifier_register(*state, &listener.node, TP_NOTIFIER_REPLAY));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(result_of[i], -EDEADLK);
	listener.look = NULL;
	stop_listening(&listener);
}

/* ---- while an offline waits ------------------------------------------------------------------ */

struct joiner {
	pthread_t thread;
	struct tp_machine *machine;
	bool leave;
	int err, done;
};

static void *join_or_leave(void *arg)
{
	struct joiner *j = arg;

	j->err = j->leave ? tp_memory_notifier_unregister(j->machine, &listener.memory)
			  : tp_memory_notifier_register(j->machine, &listener.memory,
							TP_NOTIFIER_REPLAY);
	__atomic_store_n(&j->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Begin while the offline is stuck; then let it go and wait for both. */
static void join_during_offline(struct tp_machine *m, struct joiner *joiner)
{
	struct offliner offliner;
	struct stuck stuck;

	get_stuck(m, &stuck);
	offliner_start(m, &offliner, stuck.device, within_ms(20000));
	forget(&heard_log);
	assert_int_equal(pthread_create(&joiner->thread, NULL, join_or_leave, joiner), 0);
	nap_ms(30);
	assert_int_equal(__atomic_load_n(&joiner->done, __ATOMIC_ACQUIRE), 0);
	let_go(m, &stuck);
	assert_int_equal(offliner_join(&offliner), 0);
	pthread_join(joiner->thread, NULL);
	assert_int_equal(joiner->err, 0);
	clear_stuck(&stuck);
}

/* What is replayed is what is so after the offline, not in the middle of it. */
static void registration_waits_for_an_offline_under_way(void **state)
{
	struct joiner joiner = { .machine = *state };

	join_during_offline(*state, &joiner);
	expect_heard(&heard_log, "a:GOING_ONLINE a:ONLINE");
	must(tp_memory_notifier_unregister(*state, &listener.memory));
}

/* Who was asked is told how it ended, and nothing after that. */
static void leaving_waits_for_an_offline_under_way(void **state)
{
	struct joiner joiner = { .machine = *state, .leave = true };

	must(tp_memory_notifier_register(*state, &listener.memory, 0));
	join_during_offline(*state, &joiner);
	expect_heard(&heard_log, "a:OFFLINE a:FINISH_OFFLINE");
	expect_balanced(&listener);
	plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REGISTER_TEST(memory_that_is_there_is_replayed_run_by_run),
		REGISTER_TEST(nodes_that_have_memory_are_replayed_with_what_they_have),
		REGISTER_TEST(without_replay_nothing_is_heard),
		REGISTER_TEST(private_memory_is_not_replayed),
		REGISTER_TEST(a_refused_replay_is_no_registration),
		REGISTER_TEST(a_refused_replay_of_a_node_is_no_registration),
		REGISTER_TEST(a_statement_of_a_replay_cannot_be_refused),
		REGISTER_TEST(every_call_is_traced_with_its_answer),
		REGISTER_TEST(nobody_registers_twice),
		REGISTER_TEST(nobody_leaves_who_is_not_there),
		REGISTER_TEST(who_left_can_come_back),
		REGISTER_TEST(registration_needs_memory),
		REGISTER_TEST(a_callback_neither_joins_nor_leaves),
		REGISTER_TEST(a_replayed_callback_neither_joins_nor_leaves),
		REGISTER_TEST(registration_waits_for_an_offline_under_way),
		REGISTER_TEST(leaving_waits_for_an_offline_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
