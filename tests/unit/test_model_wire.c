/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_wire - frames arrive whole and in order; ends come and go while others send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "panic.h"
#include "wire_pair.h"

static void frames_arrive_whole_and_in_order(void **state)
{
	(void)state;
	wire_send_numbers(wire, 0, 0, 40, TP_WIRE_CSUM_GOOD);
	wire_send_numbers(wire, 0, 40, 1, 0);
	wire_send_numbers(wire, 1, 100, 3, 0);
	assert_int_equal(logged[1].n, 41);
	assert_int_equal(logged[0].n, 3);
	for (unsigned i = 0; i < 41; i++) {
		assert_int_equal(logged[1].frames[i].number, i);
		assert_true(logged[1].frames[i].intact);
		assert_int_equal(logged[1].frames[i].flags, i < 40 ? TP_WIRE_CSUM_GOOD : 0);
	}
	assert_int_equal(wire_stat(wire, 0).delivered, 41);
	assert_int_equal(wire_stat(wire, 1).delivered, 3);
}

/* The other end gets the very pieces of the sender. */
static const void *seen;

static void look(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	(void)arg, (void)n;
	seen = frames[0].pieces[0].data;
}

static void nothing_is_copied_on_the_way(void **state)
{
	const char data[60] = "x";
	const struct tp_wire_piece piece = { data, sizeof(data) };
	const struct tp_wire_frame frame = { &piece, 1, sizeof(data), 0 };
	static const struct tp_wire_end looker = { .receive = look };

	(void)state;
	tp_wire_unplug(wire, 1);
	must(tp_wire_plug(wire, 1, &looker));
	tp_wire_send(wire, 0, &frame, 1);
	assert_ptr_equal(seen, data);
}

static void a_taken_side_is_refused(void **state)
{
	(void)state;
	assert_int_equal(tp_wire_plug(wire, 1, &logged[0].end), -EBUSY);
	wire_send_numbers(wire, 0, 0, 1, 0);
	assert_int_equal(logged[1].n, 1);
}

static void frames_to_nobody_are_counted(void **state)
{
	(void)state;
	tp_wire_unplug(wire, 1);
	wire_send_numbers(wire, 0, 0, 5, 0);
	assert_int_equal(logged[1].n, 0);
	assert_int_equal(wire_stat(wire, 0).unplugged, 5);
	must(tp_wire_plug(wire, 1, &logged[1].end));
	wire_send_numbers(wire, 0, 5, 1, 0);
	assert_int_equal(logged[1].frames[0].number, 5);
}

static void ends_hear_of_each_other(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++)
		assert_int_equal(logged[side].ups, 1);
	tp_wire_unplug(wire, 1);
	assert_int_equal(logged[0].downs, 1);
	assert_int_equal(logged[1].downs, 0);
	tp_wire_unplug(wire, 1); /* once more is fine, and nobody's news */
	assert_int_equal(logged[0].downs, 1);
	must(tp_wire_plug(wire, 1, &logged[1].end));
	assert_int_equal(logged[0].ups, 2);
	assert_int_equal(logged[1].ups, 2);
}

static void an_end_may_be_deaf_to_links(void **state)
{
	static const struct tp_wire_end deaf = { wire_log_receive, NULL, &logged[1] };

	(void)state;
	tp_wire_unplug(wire, 1);
	must(tp_wire_plug(wire, 1, &deaf));
	tp_wire_unplug(wire, 0);
	must(tp_wire_plug(wire, 0, &logged[0].end));
	wire_send_numbers(wire, 0, 0, 1, 0);
	assert_int_equal(logged[1].n, 1);
}

/* ---- W3: unplugging against senders ---------------------------------------------------------- */

enum { SENDERS = 3, ROUNDS = 2000 };

static tp_atomic_u32 present, stop, intruded;
static tp_atomic_u64 arrived;

static void count_present(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	(void)arg, (void)frames;
	if (!tp_atomic_load(&present, TP_ACQUIRE))
		tp_atomic_store(&intruded, 1, TP_RELEASE);
	tp_atomic_add(&arrived, n, TP_RELAXED);
}

static void send_on(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&stop, TP_ACQUIRE))
		wire_send_numbers(wire, 0, 0, 4, 0);
}

static void nothing_arrives_after_an_unplug(void **state)
{
	static const struct tp_wire_end counter = { .receive = count_present };
	struct tp_thread threads[SENDERS];
	struct tp_wire_stat s;

	(void)state;
	tp_wire_unplug(wire, 1);
	tp_atomic_store(&stop, 0, TP_RELEASE);
	tp_atomic_store(&arrived, 0, TP_RELEASE);
	for (unsigned i = 0; i < SENDERS; i++)
		must(tp_thread_start(&threads[i], "sender", send_on, NULL));
	for (unsigned i = 0; i < ROUNDS; i++) {
		tp_atomic_store(&present, 1, TP_RELEASE);
		must(tp_wire_plug(wire, 1, &counter));
		if (i % 16 == 0)
			tp_yield();
		tp_wire_unplug(wire, 1);
		tp_atomic_store(&present, 0, TP_RELEASE);
	}
	tp_atomic_store(&stop, 1, TP_RELEASE);
	for (unsigned i = 0; i < SENDERS; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(tp_atomic_load(&intruded, TP_ACQUIRE), 0);
	s = wire_stat(wire, 0);
	assert_int_equal(s.delivered, tp_atomic_load(&arrived, TP_RELAXED));
	assert_int_equal(s.sent, s.delivered + s.unplugged);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void no_memory_for_a_wire_is_said(void **state)
{
	struct tp_wire *other;

	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_wire_create(&other), -ENOMEM);
	tp_fault_reset();
}

static void destroy_it(void *arg)
{
	tp_wire_destroy(arg);
}

static void a_wire_in_use_is_not_destroyed(void **state)
{
	(void)state;
	expect_panic(destroy_it, wire, "invariant");
}

#define WIRE_TEST(test) cmocka_unit_test_setup_teardown(test, begin_pair, end_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(frames_arrive_whole_and_in_order),
		WIRE_TEST(nothing_is_copied_on_the_way),
		WIRE_TEST(a_taken_side_is_refused),
		WIRE_TEST(frames_to_nobody_are_counted),
		WIRE_TEST(ends_hear_of_each_other),
		WIRE_TEST(an_end_may_be_deaf_to_links),
		WIRE_TEST(nothing_arrives_after_an_unplug),
		WIRE_TEST(no_memory_for_a_wire_is_said),
		WIRE_TEST(a_wire_in_use_is_not_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
