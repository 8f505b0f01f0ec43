/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_wire_mishap - what happens to frames is counted exactly, and the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/clock.h"
#include "wire_ends.h"

enum { FRAMES = 4000, HALF = 500000, ALWAYS = 1000000 };

static struct tp_wire *wire;
static struct wire_log logged;

static int begin(void **state)
{
	(void)state;
	must(tp_wire_create(&wire));
	wire_log_init(&logged);
	must(tp_wire_plug(wire, 1, &logged.end));
	return 0;
}

static int end(void **state)
{
	(void)state;
	wire_must_balance(wire);
	tp_wire_unplug(wire, 1);
	tp_wire_destroy(wire);
	return 0;
}

static void happen(struct tp_wire_mishap mishap)
{
	tp_wire_set_mishap(wire, 0, &mishap);
}

static void send_all(void)
{
	for (unsigned i = 0; i < FRAMES; i += 40)
		wire_send_numbers(wire, 0, i, 40, TP_WIRE_CSUM_GOOD);
}

/* What of the log a receiver would find: how often each came, and how often one came late. */
struct found {
	unsigned missing, twice, late, damaged;
};

static struct found look(void)
{
	static unsigned times[FRAMES];
	struct found f = { 0 };
	uint64_t highest = 0;

	memset(times, 0, sizeof(times));
	for (unsigned i = 0; i < logged.n; i++) {
		uint64_t number = logged.frames[i].number;

		f.damaged += !logged.frames[i].intact;
		if (!logged.frames[i].intact)
			continue;
		f.late += number < highest && !times[number];
		f.twice += times[number]++ > 0;
		highest = TP_MAX(highest, number);
	}
	for (unsigned i = 0; i < FRAMES; i++)
		f.missing += !times[i];
	return f;
}

static void losses_are_counted(void **state)
{
	struct found f;

	(void)state;
	happen((struct tp_wire_mishap){ .lose_ppm = HALF, .seed = 1 });
	send_all();
	f = look();
	assert_int_equal(f.missing, wire_stat(wire, 0).lost);
	assert_int_equal(logged.n, FRAMES - f.missing);
	assert_in_range(f.missing, FRAMES * 4 / 10, FRAMES * 6 / 10);
	assert_int_equal(f.late + f.twice + f.damaged, 0);
}

static void damaged_frames_say_so_and_no_others(void **state)
{
	struct found f;

	(void)state;
	happen((struct tp_wire_mishap){ .corrupt_ppm = HALF, .seed = 2 });
	send_all();
	f = look();
	assert_int_equal(f.damaged, wire_stat(wire, 0).corrupted);
	assert_in_range(f.damaged, FRAMES * 4 / 10, FRAMES * 6 / 10);
	assert_int_equal(logged.n, FRAMES);
	for (unsigned i = 0; i < logged.n; i++)
		assert_int_equal(logged.frames[i].flags,
				 logged.frames[i].intact ? TP_WIRE_CSUM_GOOD : TP_WIRE_FCS_BAD);
}

static void doubles_are_counted(void **state)
{
	struct found f;

	(void)state;
	happen((struct tp_wire_mishap){ .duplicate_ppm = HALF, .seed = 3 });
	send_all();
	f = look();
	assert_int_equal(f.twice, wire_stat(wire, 0).duplicated);
	assert_in_range(f.twice, FRAMES * 4 / 10, FRAMES * 6 / 10);
	assert_int_equal(f.missing + f.late + f.damaged, 0);
}

static void overtaken_frames_are_counted(void **state)
{
	struct found f;

	(void)state;
	happen((struct tp_wire_mishap){ .reorder_ppm = HALF, .seed = 4 });
	send_all();
	tp_sleep_ns(2 * TP_WIRE_STRAGGLE_NS);
	assert_int_equal(tp_wire_run(wire), UINT64_MAX);
	f = look();
	assert_int_equal(f.late, wire_stat(wire, 0).reordered);
	assert_in_range(f.late, FRAMES * 2 / 10, FRAMES * 6 / 10);
	assert_int_equal(f.missing + f.twice + f.damaged, 0);
	assert_int_equal(wire_stat(wire, 0).held, 0);
}

static void a_straggler_that_nobody_overtakes_comes_by_itself(void **state)
{
	uint64_t due;

	(void)state;
	happen((struct tp_wire_mishap){ .reorder_ppm = ALWAYS, .seed = 5 });
	wire_send_numbers(wire, 0, 7, 1, 0);
	assert_int_equal(logged.n, 0);
	assert_int_equal(wire_stat(wire, 0).held, 1);
	due = tp_wire_run(wire);
	while (due != UINT64_MAX) {
		tp_sleep_ns(TP_WIRE_STRAGGLE_NS);
		due = tp_wire_run(wire);
	}
	assert_int_equal(logged.frames[0].number, 7);
	assert_int_equal(wire_stat(wire, 0).reordered, 0);
}

static void all_at_once_still_balances(void **state)
{
	struct tp_wire_stat s;
	struct found f;

	(void)state;
	happen((struct tp_wire_mishap){ .lose_ppm = 100000,
					.corrupt_ppm = 100000,
					.duplicate_ppm = 100000,
					.reorder_ppm = 100000,
					.seed = 6 });
	send_all();
	wire_must_balance(wire);
	tp_sleep_ns(2 * TP_WIRE_STRAGGLE_NS);
	tp_wire_run(wire);
	s = wire_stat(wire, 0);
	f = look();
	assert_int_equal(s.delivered, logged.n);
	assert_int_equal(s.sent + s.duplicated, s.delivered + s.lost);
	assert_true(f.missing >= s.lost && f.late <= s.reordered);
}

static void one_seed_is_one_fate(void **state)
{
	const struct tp_wire_mishap mishap = { .lose_ppm = HALF, .duplicate_ppm = HALF, .seed = 9 };
	static struct wire_log first;

	(void)state;
	happen(mishap);
	send_all();
	first = logged;
	logged.n = 0;
	happen(mishap);
	send_all();
	assert_int_equal(logged.n, first.n);
	for (unsigned i = 0; i < logged.n; i++)
		assert_int_equal(logged.frames[i].number, first.frames[i].number);
}

/* ---- delay ----------------------------------------------------------------------------------- */

static void delayed_frames_come_in_order_when_they_are_due(void **state)
{
	const uint64_t sent = tp_clock_now();
	uint64_t due;

	(void)state;
	happen((struct tp_wire_mishap){ .delay_ns = 3000000 });
	wire_send_numbers(wire, 0, 0, 3, 0);
	happen((struct tp_wire_mishap){ 0 });
	/* What is sent undelayed waits behind those that are (X1). */
	wire_send_numbers(wire, 0, 3, 1, 0);
	while ((due = tp_wire_run(wire)) != UINT64_MAX)
		tp_sleep_ns(due - TP_MIN(due, tp_clock_now()));
	assert_true(tp_clock_now() >= sent + 3000000);
	assert_int_equal(logged.n, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(logged.frames[i].number, i);
	wire_send_numbers(wire, 0, 4, 1, 0);
	assert_int_equal(logged.n, 5);
}

static void held_frames_go_with_the_wire(void **state)
{
	(void)state;
	happen((struct tp_wire_mishap){ .delay_ns = UINT64_MAX });
	wire_send_numbers(wire, 0, 0, 3, 0);
	happen((struct tp_wire_mishap){ .reorder_ppm = ALWAYS });
	wire_send_numbers(wire, 0, 3, 1, 0);
	assert_int_equal(logged.n, 0);
	assert_int_equal(wire_stat(wire, 0).held, 4);
}

static void held_frames_to_nobody_are_counted(void **state)
{
	(void)state;
	happen((struct tp_wire_mishap){ .delay_ns = 1 });
	wire_send_numbers(wire, 0, 0, 3, 0);
	tp_wire_unplug(wire, 1);
	tp_sleep_ns(1000);
	tp_wire_run(wire);
	assert_int_equal(wire_stat(wire, 0).unplugged + logged.n, 3);
	assert_int_equal(wire_stat(wire, 0).held, 0);
	must(tp_wire_plug(wire, 1, &logged.end));
}

static void a_frame_that_cannot_be_held_is_lost(void **state)
{
	(void)state;
	happen((struct tp_wire_mishap){ .delay_ns = 1, .duplicate_ppm = ALWAYS });
	must(tp_fault_arm("core/alloc", 2, 1));
	wire_send_numbers(wire, 0, 0, 3, 0);
	tp_fault_reset();
	assert_int_equal(wire_stat(wire, 0).lost, 1);
	assert_int_equal(wire_stat(wire, 0).duplicated, 2);
	tp_sleep_ns(1000);
	tp_wire_run(wire);
	assert_int_equal(logged.n, 4);
	assert_int_equal(logged.frames[2].number, 2);
}

/* ---- many senders ---------------------------------------------------------------------------- */

static tp_atomic_u64 arrived;

static void count(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	(void)arg, (void)frames;
	tp_atomic_add(&arrived, n, TP_RELAXED);
}

static void send_much(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 2000; i++)
		wire_send_numbers(wire, 0, i, 4, 0);
}

static void change_mishaps_and_ends(void)
{
	static const struct tp_wire_end counter = { .receive = count };

	for (unsigned i = 0; i < 500; i++) {
		happen((struct tp_wire_mishap){ .lose_ppm = i % 2 ? HALF : 0,
						.duplicate_ppm = i % 3 ? HALF : 0,
						.reorder_ppm = i % 5 ? HALF : 0,
						.delay_ns = i % 7 ? 0 : 1000,
						.seed = i });
		tp_wire_run(wire);
		tp_wire_unplug(wire, 1);
		must(tp_wire_plug(wire, 1, &counter));
	}
}

static void many_senders_under_changing_mishaps_balance(void **state)
{
	struct tp_thread threads[3];

	(void)state;
	tp_wire_unplug(wire, 1);
	tp_atomic_store(&arrived, 0, TP_RELAXED);
	for (unsigned i = 0; i < 3; i++)
		must(tp_thread_start(&threads[i], "sender", send_much, NULL));
	change_mishaps_and_ends();
	for (unsigned i = 0; i < 3; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(wire_stat(wire, 0).sent, 3 * 2000 * 4);
	assert_int_equal(wire_stat(wire, 0).delivered, tp_atomic_load(&arrived, TP_RELAXED));
}

#define WIRE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(losses_are_counted),
		WIRE_TEST(damaged_frames_say_so_and_no_others),
		WIRE_TEST(doubles_are_counted),
		WIRE_TEST(overtaken_frames_are_counted),
		WIRE_TEST(a_straggler_that_nobody_overtakes_comes_by_itself),
		WIRE_TEST(all_at_once_still_balances),
		WIRE_TEST(one_seed_is_one_fate),
		WIRE_TEST(delayed_frames_come_in_order_when_they_are_due),
		WIRE_TEST(held_frames_go_with_the_wire),
		WIRE_TEST(held_frames_to_nobody_are_counted),
		WIRE_TEST(a_frame_that_cannot_be_held_is_lost),
		WIRE_TEST(many_senders_under_changing_mishaps_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
