/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_hotplug_uevents - what came, went and changed is told after the fact, in Linux's order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/sync.h"
#include "each_allocation.h"
#include "hotplug_listener.h"
#include "hotplug_thread.h"

static int setup_telling(void **state)
{
	struct tp_machine_config config = hotplug_config();

	config.uevents = true;
	*state = make_machine(config);
	return 0;
}

#define UEVENT_TEST(test) cmocka_unit_test_setup_teardown(test, setup_telling, teardown_machine)

static uint64_t next, lost; /* the reader's */

static void begin_reading(struct tp_machine *m)
{
	next = tp_uevents_next(m);
	lost = 0;
}

static void write_event(char *text, size_t size, const struct tp_uevent *e)
{
	static const char *const subjects[] = { "memory", "node", "tier" };
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s:%s%u", used ? " " : "",
		 tp_uevent_action_name(e->action), subjects[e->subject], e->id);
}

/* Exactly this happened since it was last asked. */
static void expect_events(struct tp_machine *m, const char *events)
{
	char text[1024] = "";
	struct tp_uevent e;

	while (tp_uevents_read(m, &next, &e, 1, &lost))
		write_event(text, sizeof(text), &e);
	assert_string_equal(text, events);
	assert_int_equal(lost, 0);
}

static struct tp_device *plug_slow(struct tp_machine *m, enum tp_online_policy online)
{
	struct tp_device_config config = blocks_on(2, 2, online);
	struct tp_device *d;

	config.latency_ns = 600;
	config.bandwidth_mbps = 1024;
	must(tp_device_plug(m, &config, &d));
	assert_int_equal(first_block(d), BOOT_BLOCKS);
	return d;
}

/* The tier that is not DRAM's. */
static unsigned slow_tier(struct tp_machine *m)
{
	struct tp_tier_info tiers[TP_MAX_NODES];

	assert_int_equal(tp_tiers(m, tiers, TP_MAX_NODES), 2);
	return tiers[1].id;
}

/* ---- order (T14) ----------------------------------------------------------------------------- */

static void boot_memory_is_no_news(void **state)
{
	assert_int_equal(tp_uevents_next(*state), 1);
}

static void the_blocks_of_a_device_come_before_their_node(void **state)
{
	begin_reading(*state);
	plug(*state, 1, 2, TP_ONLINE_NONE);
	expect_events(*state, "add:memory16 add:memory17 add:node1");
}

static void a_node_that_was_there_is_not_added(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_NONE);
	begin_reading(*state);
	plug(*state, 1, 1, TP_ONLINE_NONE);
	plug(*state, 0, 1, TP_ONLINE_NONE);
	expect_events(*state, "add:memory17 add:memory18");
}

static void a_tier_comes_before_the_block_that_made_it(void **state) /* T14 */
{
	struct tp_device *d = plug_slow(*state, TP_ONLINE_NONE);
	char wanted[128];

	begin_reading(*state);
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	snprintf(wanted, sizeof(wanted), "add:tier%u online:memory16 online:memory17",
		 slow_tier(*state));
	expect_events(*state, wanted);
}

static void a_tier_goes_before_the_block_that_was_its_last(void **state) /* T14 */
{
	struct tp_device *d = plug_slow(*state, TP_ONLINE_MOVABLE);
	unsigned tier = slow_tier(*state);
	char wanted[128];

	begin_reading(*state);
	must(tp_blocks_offline(*state, 16, 1, NULL, NULL));
	expect_events(*state, "offline:memory16");
	must(tp_device_offline(d, NULL, NULL));
	snprintf(wanted, sizeof(wanted), "remove:tier%u offline:memory17", tier);
	expect_events(*state, wanted);
}

static void blocks_are_removed_before_their_node(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);

	begin_reading(*state);
	must(tp_device_unplug(d, NULL, NULL));
	expect_events(*state, "offline:memory16 offline:memory17 remove:memory16 remove:memory17"
			      " remove:node1");
}

static void a_plug_that_onlines_tells_all_of_it(void **state)
{
	begin_reading(*state);
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_events(*state, "add:memory16 add:node1 online:memory16");
}

/* Whoever hears of it finds it so. */
static uint64_t next_when_going, next_when_online; /* the number of the next event */

static void look_for_events(struct listener *l, const struct heard *heard)
{
	if (heard->type == TP_MEM_GOING_ONLINE)
		next_when_going = tp_uevents_next(l->machine);
	if (heard->type == TP_MEM_ONLINE)
		next_when_online = tp_uevents_next(l->machine);
}

/* Not while it may still be refused, and after those who rule have heard of it. */
static void an_event_comes_after_the_fact(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);
	struct listener l;

	begin_reading(*state);
	listen(*state, &l, "listener", 0, NULL);
	l.look = look_for_events;
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	stop_listening(&l);
	assert_int_equal(next_when_going, next);
	assert_int_equal(next_when_online, next);
	expect_events(*state, "online:memory16");
}

/* ---- silence --------------------------------------------------------------------------------- */

static void a_refused_online_says_nothing(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);
	static const int refusable[] = { TP_MEM_PREPARE_ONLINE, TP_MEM_GOING_ONLINE,
					 TP_NODE_BECOMING_MEM_AWARE };
	struct listener l;

	listen(*state, &l, "driver", 0, NULL);
	l.answer = -EBUSY;
	begin_reading(*state);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(refusable); i++) {
		l.refuse = refusable[i];
		assert_int_equal(tp_device_online(d, TP_ONLINE_MOVABLE), -EBUSY);
		expect_events(*state, "");
	}
	stop_listening(&l);
}

static void a_refused_offline_says_nothing(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	static const int refusable[] = { TP_MEM_GOING_OFFLINE, TP_NODE_BECOMING_MEMORYLESS };
	struct listener l;

	listen(*state, &l, "driver", 0, NULL);
	l.answer = -EBUSY;
	begin_reading(*state);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(refusable); i++) {
		l.refuse = refusable[i];
		assert_int_equal(tp_device_unplug(d, NULL, NULL), -EBUSY);
		expect_events(*state, "");
	}
	stop_listening(&l);
}

/* Nobody may hear of a device that was there for a moment only, or he hears of both its ends. */
static void a_refused_plug_tells_no_half(void **state)
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;
	struct listener l;

	listen(*state, &l, "driver", 0, NULL);
	l.refuse = TP_MEM_GOING_ONLINE;
	l.answer = -EBUSY;
	begin_reading(*state);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EBUSY);
	expect_events(*state, "add:memory16 add:node1 remove:memory16 remove:node1");
	stop_listening(&l);
}

static void a_deadline_or_a_dry_run_says_nothing(void **state)
{
	struct stuck stuck;
	struct tp_offline_options options = within_ms(20);

	get_stuck(*state, &stuck);
	begin_reading(*state);
	assert_int_equal(tp_device_offline(stuck.device, &options, NULL), -ETIMEDOUT);
	options.dry_run = true;
	tp_device_offline(stuck.device, &options, NULL);
	expect_events(*state, "");
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

static void what_is_not_possible_says_nothing(void **state)
{
	begin_reading(*state);
	assert_int_equal(tp_blocks_online(*state, 0, 1, TP_ONLINE_AUTO), -EINVAL);
	assert_int_equal(tp_blocks_offline(*state, 99, 1, NULL, NULL), -ENOENT);
	expect_events(*state, "");
}

static void a_machine_that_keeps_none_has_none(void **state)
{
	struct tp_machine *silent = make_machine(hotplug_config());
	struct tp_uevent e;
	uint64_t from = 0;

	(void)state;
	plug(silent, 1, 1, TP_ONLINE_MOVABLE);
	tp_uevent_emit(silent, TP_UEVENT_CHANGE, TP_UEVENT_NODE, 0);
	tp_uevents_wake(silent);
	assert_int_equal(tp_uevents_next(silent), 0);
	assert_int_equal(tp_uevents_read(silent, &from, &e, 1, &lost), 0);
	end_machine(silent);
}

/* Or whoever waits for them in a loop never rests. */
static void a_wait_for_what_never_comes_takes_its_time(void **state)
{
	struct tp_machine *silent = make_machine(hotplug_config());
	uint64_t begin = tp_clock_now();

	(void)state;
	tp_uevents_wait(silent, 0, TP_MILLISECONDS(30));
	assert_in_range(tp_clock_now() - begin, TP_MILLISECONDS(30), TP_SECONDS(10));
	end_machine(silent);
}

/* ---- the ring -------------------------------------------------------------------------------- */

static void emit(struct tp_machine *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		tp_uevent_emit(m, TP_UEVENT_CHANGE, TP_UEVENT_BLOCK, i);
}

static void events_are_numbered_without_gaps(void **state)
{
	struct tp_uevent events[8];

	begin_reading(*state);
	emit(*state, 5);
	assert_int_equal(tp_uevents_read(*state, &next, events, 8, &lost), 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(events[i].seq, i + 1);
	assert_int_equal(next, tp_uevents_next(*state));
}

static void a_reader_takes_as_many_as_he_wants(void **state)
{
	struct tp_uevent events[8];

	begin_reading(*state);
	emit(*state, 5);
	assert_int_equal(tp_uevents_read(*state, &next, events, 2, &lost), 2);
	assert_int_equal(events[1].id, 1);
	assert_int_equal(tp_uevents_read(*state, &next, events, 0, &lost), 0);
	assert_int_equal(tp_uevents_read(*state, &next, events, 8, &lost), 3);
	assert_int_equal(events[0].id, 2);
	assert_int_equal(lost, 0);
}

static void a_full_ring_has_lost_nothing(void **state)
{
	static struct tp_uevent events[TP_UEVENTS + 1];

	begin_reading(*state);
	emit(*state, TP_UEVENTS);
	assert_int_equal(tp_uevents_read(*state, &next, events, TP_UEVENTS + 1, &lost), TP_UEVENTS);
	assert_int_equal(lost, 0);
	assert_int_equal(events[0].seq, 1);
	assert_int_equal(events[TP_UEVENTS - 1].seq, TP_UEVENTS);
}

static void who_is_late_is_told_how_many_are_lost(void **state)
{
	static struct tp_uevent events[TP_UEVENTS];

	begin_reading(*state);
	emit(*state, TP_UEVENTS + 3);
	lost = 100;
	assert_int_equal(tp_uevents_read(*state, &next, events, 1, &lost), 1);
	assert_int_equal(lost, 103);
	assert_int_equal(events[0].seq, 4);
	assert_int_equal(tp_uevents_read(*state, &next, events, TP_UEVENTS, &lost), TP_UEVENTS - 1);
	assert_int_equal(lost, 103);
}

static void a_reader_ahead_of_all_gets_nothing(void **state)
{
	struct tp_uevent e;

	emit(*state, 2);
	next = 1000;
	lost = 0;
	assert_int_equal(tp_uevents_read(*state, &next, &e, 1, &lost), 0);
	assert_int_equal(next, 1000);
	assert_int_equal(lost, 0);
}

static void actions_have_linuxs_names(void **state)
{
	(void)state;
	assert_string_equal(tp_uevent_action_name(TP_UEVENT_ADD), "add");
	assert_string_equal(tp_uevent_action_name(TP_UEVENT_REMOVE), "remove");
	assert_string_equal(tp_uevent_action_name(TP_UEVENT_ONLINE), "online");
	assert_string_equal(tp_uevent_action_name(TP_UEVENT_OFFLINE), "offline");
	assert_string_equal(tp_uevent_action_name(TP_UEVENT_CHANGE), "change");
	assert_null(tp_uevent_action_name((enum tp_uevent_action)5));
	assert_null(tp_uevent_action_name((enum tp_uevent_action) - 1));
}

/* ---- waiting --------------------------------------------------------------------------------- */

struct waiter {
	pthread_t thread;
	struct tp_machine *machine;
	uint64_t next;
	tp_atomic_u32 done;
};

static void *wait_for_event(void *arg)
{
	struct waiter *w = arg;

	tp_uevents_wait(w->machine, w->next, UINT64_MAX);
	tp_atomic_store(&w->done, 1, TP_RELEASE);
	return NULL;
}

static void waiter_start(struct waiter *w, struct tp_machine *m)
{
	*w = (struct waiter){ .machine = m, .next = tp_uevents_next(m) };
	assert_int_equal(pthread_create(&w->thread, NULL, wait_for_event, w), 0);
	nap_ms(30);
	assert_int_equal(tp_atomic_load(&w->done, TP_ACQUIRE), 0);
}

static void an_event_wakes_everybody(void **state)
{
	struct waiter waiters[8];

	for (unsigned i = 0; i < TP_ARRAY_SIZE(waiters); i++)
		waiter_start(&waiters[i], *state);
	plug(*state, 1, 1, TP_ONLINE_NONE);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(waiters); i++)
		pthread_join(waiters[i].thread, NULL);
	assert_true(tp_uevents_next(*state) > waiters[0].next);
}

static void a_wake_ends_the_wait_without_an_event(void **state)
{
	struct waiter waiter;

	waiter_start(&waiter, *state);
	tp_uevents_wake(*state);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(tp_uevents_next(*state), waiter.next);
}

static void what_is_there_is_not_waited_for(void **state)
{
	uint64_t begin = tp_clock_now();

	emit(*state, 1);
	tp_uevents_wait(*state, 1, UINT64_MAX);
	assert_true(tp_clock_now() - begin < TP_SECONDS(10));
}

static void a_wait_ends_with_its_time(void **state)
{
	uint64_t begin = tp_clock_now();

	tp_uevents_wait(*state, tp_uevents_next(*state), TP_MILLISECONDS(30));
	assert_in_range(tp_clock_now() - begin, TP_MILLISECONDS(30), TP_SECONDS(10));
}

/* ---- several readers ------------------------------------------------------------------------- */

enum { READERS = 4, EVENTS = 2000 };

struct reader {
	pthread_t thread;
	struct tp_machine *machine;
	uint64_t seen, lost, out_of_order;
};

/* To the event with the last number. */
static void *read_to_the_end(void *arg)
{
	struct reader *r = arg;
	uint64_t at = 1;

	while (at <= EVENTS) {
		struct tp_uevent events[16];
		size_t n;

		tp_uevents_wait(r->machine, at, UINT64_MAX);
		n = tp_uevents_read(r->machine, &at, events, TP_ARRAY_SIZE(events), &r->lost);
		for (size_t i = 0; i < n; i++)
			r->out_of_order += events[i].seq != at - n + i ||
					   events[i].id != (unsigned)events[i].seq;
		r->seen += n;
	}
	return NULL;
}

static void each_reader_sees_all_in_order(void **state)
{
	struct reader readers[READERS];

	for (unsigned i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .machine = *state };
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, read_to_the_end, &readers[i]), 0);
	}
	for (unsigned i = 1; i <= EVENTS; i++)
		tp_uevent_emit(*state, TP_UEVENT_CHANGE, TP_UEVENT_TIER, i);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].seen, EVENTS);
		assert_int_equal(readers[i].lost, 0);
		assert_int_equal(readers[i].out_of_order, 0);
	}
}

static int make_with_events(void *made)
{
	struct tp_machine_config config = hotplug_config();

	config.uevents = true;
	return tp_machine_create(&config, made);
}

static void a_machine_without_memory_for_events_is_not_made(void **state)
{
	struct tp_machine *m;

	(void)state;
	assert_true(fail_each_allocation(make_with_events, &m) > 0);
	end_machine(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UEVENT_TEST(boot_memory_is_no_news),
		UEVENT_TEST(the_blocks_of_a_device_come_before_their_node),
		UEVENT_TEST(a_node_that_was_there_is_not_added),
		UEVENT_TEST(a_tier_comes_before_the_block_that_made_it),
		UEVENT_TEST(a_tier_goes_before_the_block_that_was_its_last),
		UEVENT_TEST(blocks_are_removed_before_their_node),
		UEVENT_TEST(a_plug_that_onlines_tells_all_of_it),
		UEVENT_TEST(an_event_comes_after_the_fact),
		UEVENT_TEST(a_refused_online_says_nothing),
		UEVENT_TEST(a_refused_offline_says_nothing),
		UEVENT_TEST(a_refused_plug_tells_no_half),
		UEVENT_TEST(a_deadline_or_a_dry_run_says_nothing),
		UEVENT_TEST(what_is_not_possible_says_nothing),
		UEVENT_TEST(a_machine_that_keeps_none_has_none),
		UEVENT_TEST(a_wait_for_what_never_comes_takes_its_time),
		UEVENT_TEST(events_are_numbered_without_gaps),
		UEVENT_TEST(a_reader_takes_as_many_as_he_wants),
		UEVENT_TEST(a_full_ring_has_lost_nothing),
		UEVENT_TEST(who_is_late_is_told_how_many_are_lost),
		UEVENT_TEST(a_reader_ahead_of_all_gets_nothing),
		UEVENT_TEST(actions_have_linuxs_names),
		UEVENT_TEST(an_event_wakes_everybody),
		UEVENT_TEST(a_wake_ends_the_wait_without_an_event),
		UEVENT_TEST(what_is_there_is_not_waited_for),
		UEVENT_TEST(a_wait_ends_with_its_time),
		UEVENT_TEST(each_reader_sees_all_in_order),
		UEVENT_TEST(a_machine_without_memory_for_events_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
