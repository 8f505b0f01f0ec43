/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_core_trace - events come out whole, in order, and what is missing is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/fault.h"
#include "core/trace.h"

static struct tp_trace_event events[TP_TRACE_EVENTS];

static int create(void **state)
{
	*state = tp_trace_create();
	return *state ? 0 : -1;
}

static int destroy(void **state)
{
	tp_trace_destroy(*state);
	return 0;
}

static void empty_ring_gives_nothing(void **state)
{
	uint64_t next = 0, lost = 0;

	assert_int_equal(tp_trace_read(*state, &next, events, 4, &lost), 0);
	assert_int_equal(next, 1);
	assert_int_equal(lost, 0);
}

static void event_comes_out_as_it_went_in(void **state)
{
	uint64_t next = 0, lost = 0, before = tp_clock_now();

	tp_trace(*state, TP_TRACE_migrate, 11, 22, UINT64_MAX);
	assert_int_equal(tp_trace_read(*state, &next, events, 4, &lost), 1);
	assert_int_equal(events[0].seq, 1);
	assert_int_equal(events[0].id, TP_TRACE_migrate);
	assert_int_equal(events[0].thread, tp_thread_id());
	assert_true(events[0].cpu < tp_cpu_count());
	assert_true(events[0].time_ns >= before && events[0].time_ns <= tp_clock_now());
	assert_int_equal(events[0].args[0], 11);
	assert_int_equal(events[0].args[1], 22);
	assert_true(events[0].args[2] == UINT64_MAX);
}

static void name_outlives_its_owner(void **state)
{
	uint64_t next = 0, lost = 0;
	char name[] = "driver", text[TP_TRACE_NAME + 1];

	tp_trace_named(*state, TP_TRACE_notifier_call_end, 16, name);
	memset(name, 'x', sizeof(name));
	assert_int_equal(tp_trace_read(*state, &next, events, 4, &lost), 1);
	assert_int_equal(events[0].args[0], 16);
	tp_trace_name(text, events[0].args[1], events[0].args[2]);
	assert_string_equal(text, "driver");
}

static void long_name_keeps_its_begin(void **state)
{
	uint64_t next = 0, lost = 0;
	char text[TP_TRACE_NAME + 1];

	tp_trace_named(*state, TP_TRACE_notifier_call_end, 0, "0123456789abcdefg");
	assert_int_equal(tp_trace_read(*state, &next, events, 4, &lost), 1);
	tp_trace_name(text, events[0].args[1], events[0].args[2]);
	assert_string_equal(text, "0123456789abcdef");
}

static void reader_goes_on_where_it_stopped(void **state)
{
	uint64_t next = 0, lost = 0;

	for (uint64_t i = 1; i <= 5; i++)
		tp_trace(*state, TP_TRACE_plug, i, 0, 0);
	assert_int_equal(tp_trace_read(*state, &next, events, 3, &lost), 3);
	assert_int_equal(tp_trace_read(*state, &next, events, 3, &lost), 2);
	assert_int_equal(events[0].args[0], 4);
	assert_int_equal(events[1].args[0], 5);
	assert_int_equal(tp_trace_read(*state, &next, events, 3, &lost), 0);
	assert_int_equal(lost, 0);
}

static void overwritten_events_are_counted(void **state)
{
	uint64_t next = 0, lost = 0;

	for (uint64_t i = 1; i <= TP_TRACE_EVENTS + 10; i++)
		tp_trace(*state, TP_TRACE_plug, i, 0, 0);
	assert_int_equal(tp_trace_read(*state, &next, events, TP_TRACE_EVENTS, &lost),
			 TP_TRACE_EVENTS);
	assert_int_equal(lost, 10);
	assert_int_equal(events[0].args[0], 11);
	assert_int_equal(events[TP_TRACE_EVENTS - 1].seq, TP_TRACE_EVENTS + 10);
}

static void lost_adds_up_over_calls(void **state)
{
	uint64_t next = 0, lost = 5;

	for (uint64_t i = 1; i <= TP_TRACE_EVENTS + 1; i++)
		tp_trace(*state, TP_TRACE_plug, i, 0, 0);
	tp_trace_read(*state, &next, events, 1, &lost);
	assert_int_equal(lost, 6);
}

enum { WRITERS = 3, EACH = 60000 };

struct load {
	struct tp_trace_ring *ring;
	tp_atomic_u32 running;
};

/* The three arguments belong together, so that a mixed event shows. */
static void write_events(void *arg)
{
	struct load *load = arg;

	for (uint64_t i = 0; i < EACH; i++) {
		uint64_t a = (uint64_t)tp_thread_id() << 32 | i;

		tp_trace(load->ring, TP_TRACE_isolate, a, ~a, a * 7);
	}
	tp_atomic_sub(&load->running, 1, TP_RELEASE);
}

static void check_whole(size_t n, uint64_t *last_seq)
{
	for (size_t i = 0; i < n; i++) {
		const struct tp_trace_event *e = &events[i];

		assert_true(e->seq > *last_seq);
		*last_seq = e->seq;
		assert_true(e->args[1] == ~e->args[0] && e->args[2] == e->args[0] * 7);
		assert_int_equal(e->thread, e->args[0] >> 32);
	}
}

static void start_load(struct load *load, struct tp_thread *threads)
{
	tp_atomic_store(&load->running, WRITERS, TP_RELAXED);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(tp_thread_start(&threads[i], "writer", write_events, load), 0);
}

static void join_load(struct tp_thread *threads)
{
	for (int i = 0; i < WRITERS; i++)
		tp_thread_join(&threads[i]);
}

static void every_event_is_copied_or_lost(void **state)
{
	struct load load = { .ring = *state };
	struct tp_thread threads[WRITERS];
	uint64_t next = 0, lost = 0, copied = 0, last_seq = 0;
	bool running;
	size_t n;

	start_load(&load, threads);
	do {
		running = tp_atomic_load(&load.running, TP_ACQUIRE);
		n = tp_trace_read(load.ring, &next, events, 1000, &lost);
		check_whole(n, &last_seq);
		copied += n;
	} while (running || n);
	join_load(threads);
	assert_int_equal(copied + lost, WRITERS * EACH);
}

/* Always from the oldest event on, which is the one that is being overwritten (Q3). */
static void overtaken_reader_copies_no_mixture(void **state)
{
	struct load load = { .ring = *state };
	struct tp_thread threads[WRITERS];

	start_load(&load, threads);
	while (tp_atomic_load(&load.running, TP_ACQUIRE)) {
		uint64_t next = 0, lost = 0, last_seq = 0;

		check_whole(tp_trace_read(load.ring, &next, events, 20, &lost), &last_seq);
	}
	join_load(threads);
}

static void info_names_the_event(void **state)
{
	const struct tp_trace_info *info = tp_trace_info(TP_TRACE_kswapd);

	(void)state;
	assert_string_equal(info->name, "kswapd");
	assert_string_equal(info->category, "reclaim");
	assert_string_equal(info->args[2], "wanted");
}

static void create_can_fail(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("core/alloc", 1, 1), 0);
	assert_null(tp_trace_create());
	tp_fault_reset();
}

static void destroy_takes_null(void **state)
{
	(void)state;
	tp_trace_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_ring_gives_nothing, create, destroy),
		cmocka_unit_test_setup_teardown(event_comes_out_as_it_went_in, create, destroy),
		cmocka_unit_test_setup_teardown(name_outlives_its_owner, create, destroy),
		cmocka_unit_test_setup_teardown(long_name_keeps_its_begin, create, destroy),
		cmocka_unit_test_setup_teardown(reader_goes_on_where_it_stopped, create, destroy),
		cmocka_unit_test_setup_teardown(overwritten_events_are_counted, create, destroy),
		cmocka_unit_test_setup_teardown(lost_adds_up_over_calls, create, destroy),
		cmocka_unit_test_setup_teardown(every_event_is_copied_or_lost, create, destroy),
		cmocka_unit_test_setup_teardown(overtaken_reader_copies_no_mixture, create,
						destroy),
		cmocka_unit_test(info_names_the_event),
		cmocka_unit_test(create_can_fail),
		cmocka_unit_test(destroy_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
