/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_sim_weak - which ways loads and stores are offered, and what each order hands on.
 *
 * One behaviour per test, by hand; tests/explore/test_axioms.c compares all outcomes of whole
 * programs with the rules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "panic.h"
#include "sim/choice.h"
#include "sim/weak.h"

enum { X, Y, LOCK };

static uint32_t memory[2];
static unsigned next_way; /* what the next question is answered */
static unsigned offered;  /* ways the last operation could go */

unsigned tp_choice_value(unsigned n)
{
	assert_true(n > 1);
	assert_true(next_way < n);
	offered = n;
	return next_way;
}

/* ---- operations that go a given way ---------------------------------------------------------- */

static struct tp_weak_cell cell(uint32_t object)
{
	return (struct tp_weak_cell){ object, &memory[object], sizeof(memory[object]) };
}

static void set_way(unsigned way)
{
	next_way = way;
	offered = 1;
}

static uint64_t load_way(unsigned task, uint32_t object, int order, unsigned way)
{
	struct tp_weak_cell c = cell(object);

	set_way(way);
	return tp_weak_load(task, &c, order);
}

static uint64_t load(unsigned task, uint32_t object, int order)
{
	return load_way(task, object, order, 0);
}

static void store_way(unsigned task, uint32_t object, uint64_t value, int order, unsigned way)
{
	struct tp_weak_cell c = cell(object);

	set_way(way);
	tp_weak_store(task, &c, value, order);
}

static void store(unsigned task, uint32_t object, uint64_t value, int order)
{
	store_way(task, object, value, order, 0);
}

static uint64_t add_way(unsigned task, uint32_t object, uint64_t value, int order, unsigned way)
{
	struct tp_weak_cell c = cell(object);

	set_way(way);
	return tp_weak_change(task, &c, TP_SIM_ADD, value, order);
}

static uint64_t add(unsigned task, uint32_t object, uint64_t value, int order)
{
	return add_way(task, object, value, order, 0);
}

static bool cas_way(unsigned task, uint32_t object, uint64_t expected, uint64_t value, int order,
		    unsigned way)
{
	struct tp_weak_cell c = cell(object);

	set_way(way);
	return tp_weak_cas(task, &c, &expected, value, order);
}

/* How many stores it could see. */
static unsigned ways_to_load(unsigned task, uint32_t object)
{
	load(task, object, TP_RELAXED);
	return offered;
}

static int begin(tp_unused void **state)
{
	memset(memory, 0, sizeof(memory));
	tp_weak_begin();
	for (unsigned task = 0; task < 4; task++)
		tp_weak_task_start(TP_SIM_MAX_TASKS, task);
	return 0;
}

/* ---- coherence ------------------------------------------------------------------------------- */

static void first_load_sees_what_memory_held(tp_unused void **state)
{
	memory[X] = 7;
	assert_int_equal(load(0, X, TP_RELAXED), 7);
	assert_int_equal(offered, 1);
}

static void own_store_is_seen(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	assert_int_equal(load(0, X, TP_RELAXED), 1);
	assert_int_equal(offered, 1);
}

static void store_of_another_may_stay_unseen(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	assert_int_equal(load_way(1, X, TP_RELAXED, 1), 0);
	assert_int_equal(offered, 2);
}

static void newest_store_is_the_first_way(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, X, 2, TP_RELAXED);
	assert_int_equal(load_way(1, X, TP_RELAXED, 0), 2);
	assert_int_equal(offered, 3);
	assert_int_equal(load_way(2, X, TP_RELAXED, 1), 1);
	assert_int_equal(load_way(3, X, TP_RELAXED, 2), 0);
}

static void load_never_goes_back(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, X, 2, TP_RELAXED);
	assert_int_equal(load_way(1, X, TP_RELAXED, 1), 1);
	assert_int_equal(ways_to_load(1, X), 2);
	assert_int_equal(ways_to_load(1, X), 1);
}

static void store_may_come_before_one_that_was_made_earlier(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store_way(1, X, 2, TP_RELAXED, 1);
	assert_int_equal(offered, 2);
	assert_int_equal(memory[X], 1);
	assert_int_equal(load_way(2, X, TP_RELAXED, 0), 1);
	assert_int_equal(load_way(3, X, TP_RELAXED, 1), 2);
}

static void store_comes_after_what_its_task_knows(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	load(1, X, TP_RELAXED);
	store(1, X, 2, TP_RELAXED);
	assert_int_equal(offered, 1);
	assert_int_equal(memory[X], 2);
}

static void memory_holds_the_last_store(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(1, X, 2, TP_RELAXED);
	store_way(2, X, 3, TP_RELAXED, 2);
	assert_int_equal(memory[X], 2);
}

static void variables_have_nothing_to_do_with_each_other(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELAXED);
	assert_int_equal(load(1, Y, TP_RELAXED), 1);
	assert_int_equal(load_way(1, X, TP_RELAXED, 1), 0);
}

/* ---- release and acquire --------------------------------------------------------------------- */

static void acquire_takes_what_release_hands_on(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	assert_int_equal(load(1, Y, TP_ACQUIRE), 1);
	assert_int_equal(ways_to_load(1, X), 1);
}

static void older_value_hands_on_nothing(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	assert_int_equal(load_way(1, Y, TP_ACQUIRE, 1), 0);
	assert_int_equal(ways_to_load(1, X), 2);
}

static void relaxed_load_takes_nothing(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	load(1, Y, TP_RELAXED);
	assert_int_equal(ways_to_load(1, X), 2);
}

static void relaxed_store_hands_on_nothing(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELAXED);
	load(1, Y, TP_ACQUIRE);
	assert_int_equal(ways_to_load(1, X), 2);
}

static void acquire_fence_takes_what_was_read_before_it(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	load(1, Y, TP_RELAXED);
	tp_weak_fence(1, TP_ACQUIRE);
	assert_int_equal(ways_to_load(1, X), 1);
}

static void release_fence_hands_on_with_later_stores(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_fence(0, TP_RELEASE);
	store(0, Y, 1, TP_RELAXED);
	load(1, Y, TP_ACQUIRE);
	assert_int_equal(ways_to_load(1, X), 1);
}

static void release_fence_hands_on_nothing_later(tp_unused void **state)
{
	tp_weak_fence(0, TP_RELEASE);
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELAXED);
	load(1, Y, TP_ACQUIRE);
	assert_int_equal(ways_to_load(1, X), 2);
}

static void what_was_taken_is_handed_on(tp_unused void **state)
{
	store(0, X, 1, TP_RELEASE);
	load(1, X, TP_ACQUIRE);
	store(1, Y, 1, TP_RELEASE);
	load(2, Y, TP_ACQUIRE);
	assert_int_equal(ways_to_load(2, X), 1);
}

static void later_store_of_the_task_ends_its_release_sequence(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	store(0, Y, 2, TP_RELAXED);
	assert_int_equal(load(1, Y, TP_ACQUIRE), 2);
	assert_int_equal(ways_to_load(1, X), 2);
}

/* ---- read-modify-writes ---------------------------------------------------------------------- */

static void relaxed_add_goes_on_with_a_release_sequence(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	add(1, Y, 1, TP_RELAXED);
	assert_int_equal(ways_to_load(1, X), 2);
	assert_int_equal(load(2, Y, TP_ACQUIRE), 2);
	assert_int_equal(ways_to_load(2, X), 1);
}

static void release_add_hands_on_what_it_read_beside_its_own(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	add(1, Y, 1, TP_RELEASE);
	load(2, Y, TP_ACQUIRE);
	assert_int_equal(ways_to_load(2, X), 1);
}

static void add_after_a_release_fence_hands_on_both(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, Y, 1, TP_RELEASE);
	tp_weak_fence(1, TP_RELEASE);
	add(1, Y, 1, TP_RELAXED);
	load(2, Y, TP_ACQUIRE);
	assert_int_equal(ways_to_load(2, X), 1);
}

static void two_adds_never_read_the_same_store(tp_unused void **state)
{
	assert_int_equal(add(0, X, 1, TP_RELAXED), 0);
	assert_int_equal(add(1, X, 1, TP_RELAXED), 1);
	assert_int_equal(offered, 1);
}

static void add_may_read_an_older_store(tp_unused void **state)
{
	store(0, X, 5, TP_RELAXED);
	assert_int_equal(add_way(1, X, 1, TP_RELAXED, 1), 0);
	assert_int_equal(memory[X], 5);
	assert_int_equal(load_way(2, X, TP_RELAXED, 1), 1);
}

static void no_store_comes_between_add_and_what_it_read(tp_unused void **state)
{
	add(0, X, 1, TP_RELAXED);
	store(1, X, 5, TP_RELAXED);
	assert_int_equal(offered, 1);
	assert_int_equal(memory[X], 5);
}

static void swap_of_what_is_not_there_fails(tp_unused void **state)
{
	struct tp_weak_cell c = cell(X);
	uint64_t expected = 3;

	memory[X] = 4;
	assert_false(tp_weak_cas(0, &c, &expected, 5, TP_RELAXED));
	assert_int_equal(expected, 4);
	assert_int_equal(memory[X], 4);
}

static void swap_may_fail_on_an_older_value(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	assert_false(cas_way(1, X, 1, 2, TP_RELAXED, 1));
	assert_int_equal(offered, 2);
	assert_int_equal(memory[X], 1);
}

static void swap_may_win_before_a_newer_store(tp_unused void **state)
{
	store(0, X, 5, TP_RELAXED);
	assert_true(cas_way(1, X, 0, 2, TP_RELAXED, 1));
	assert_int_equal(memory[X], 5);
}

static void only_one_swap_wins(tp_unused void **state)
{
	assert_true(cas_way(0, X, 0, 1, TP_RELAXED, 0));
	assert_false(cas_way(1, X, 0, 2, TP_RELAXED, 0));
	assert_int_equal(offered, 1);
}

static void failing_swap_acquires(tp_unused void **state)
{
	store(0, Y, 1, TP_RELAXED);
	store(0, X, 1, TP_RELEASE);
	assert_false(cas_way(1, X, 0, 2, TP_RELAXED, 0));
	assert_int_equal(ways_to_load(1, Y), 1);
}

static void failing_swap_is_not_sequentially_consistent(tp_unused void **state)
{
	store(0, X, 1, TP_SEQ_CST);
	load(0, Y, TP_SEQ_CST);
	store(1, Y, 1, TP_SEQ_CST);
	assert_false(cas_way(1, X, 1, 2, TP_SEQ_CST, 1));
}

static void add_wraps_at_the_size_of_the_variable(tp_unused void **state)
{
	static uint8_t byte;
	struct tp_weak_cell c = { X, &byte, sizeof(byte) };

	byte = 255;
	assert_int_equal(tp_weak_change(0, &c, TP_SIM_ADD, 2, TP_RELAXED), 255);
	assert_int_equal(tp_weak_load(0, &c, TP_RELAXED), 1);
}

static void eight_bytes_are_kept_whole(tp_unused void **state)
{
	static uint64_t word;
	struct tp_weak_cell c = { X, &word, sizeof(word) };

	tp_weak_store(0, &c, UINT64_MAX - 1, TP_RELAXED);
	assert_true(tp_weak_load(0, &c, TP_RELAXED) == UINT64_MAX - 1);
	assert_true(tp_weak_change(0, &c, TP_SIM_AND, 0xff, TP_RELAXED) == UINT64_MAX - 1);
	assert_int_equal(word, 0xfe);
}

/* ---- sequential consistency ------------------------------------------------------------------ */

static void sc_load_sees_the_sc_store(tp_unused void **state)
{
	store(0, X, 1, TP_SEQ_CST);
	load(0, Y, TP_SEQ_CST);
	store(1, Y, 1, TP_SEQ_CST);
	assert_int_equal(load(1, X, TP_SEQ_CST), 1);
	assert_int_equal(offered, 1);
}

static void sc_load_may_come_first_in_the_order(tp_unused void **state)
{
	store(0, X, 1, TP_SEQ_CST);
	assert_int_equal(load_way(1, X, TP_SEQ_CST, 1), 0);
}

/* As on x86, where a plain store waits in the buffer while the load goes on. */
static void relaxed_store_may_be_passed_by_an_sc_load(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	load(0, Y, TP_SEQ_CST);
	store(1, Y, 1, TP_RELAXED);
	assert_int_equal(load_way(1, X, TP_SEQ_CST, 1), 0);
}

static void second_of_two_fences_sees_the_store_before_the_first(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_fence(0, TP_SEQ_CST);
	load(0, Y, TP_RELAXED);
	store(1, Y, 1, TP_RELAXED);
	tp_weak_fence(1, TP_SEQ_CST);
	assert_int_equal(ways_to_load(1, X), 1);
}

/* Who ran first does not decide it: the fence that ran later may be the first in the order. */
static void fences_are_ordered_by_what_is_seen_alone(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_fence(0, TP_SEQ_CST);
	tp_weak_fence(1, TP_SEQ_CST);
	assert_int_equal(load_way(1, X, TP_RELAXED, 1), 0);
}

static void fence_is_acquire_and_release(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_fence(0, TP_SEQ_CST);
	store(0, Y, 1, TP_RELAXED);
	load(1, Y, TP_RELAXED);
	tp_weak_fence(1, TP_SEQ_CST);
	assert_int_equal(ways_to_load(1, X), 1);
}

/* ---- tasks, locks, memory -------------------------------------------------------------------- */

static void started_task_knows_what_its_starter_did(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_task_start(0, 4);
	assert_int_equal(ways_to_load(4, X), 1);
}

static void join_learns_what_the_task_did(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_task_join(1, 0);
	assert_int_equal(ways_to_load(1, X), 1);
}

static void lock_hands_on(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_release(0, LOCK);
	assert_int_equal(ways_to_load(2, X), 2);
	tp_weak_acquire(1, LOCK);
	assert_int_equal(ways_to_load(1, X), 1);
}

static void lock_in_new_memory_hands_on_nothing(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_release(0, LOCK);
	tp_weak_forget(LOCK);
	tp_weak_acquire(1, LOCK);
	assert_int_equal(ways_to_load(1, X), 2);
}

static void who_has_not_seen_the_newest_is_behind(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	load_way(1, X, TP_RELAXED, 1);
	assert_true(tp_weak_is_behind(1, X));
	load(1, X, TP_RELAXED);
	assert_false(tp_weak_is_behind(1, X));
	assert_false(tp_weak_is_behind(1, LOCK));
}

static void who_catches_up_sees_the_newest(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_catch_up(1, X);
	assert_int_equal(load(1, X, TP_RELAXED), 1);
	assert_int_equal(offered, 1);
}

static void catching_up_tells_nothing_else(tp_unused void **state)
{
	store(0, Y, 1, TP_RELAXED);
	store(0, X, 1, TP_RELEASE);
	tp_weak_catch_up(1, X);
	tp_weak_fence(1, TP_ACQUIRE);
	assert_int_equal(ways_to_load(1, Y), 2);
}

static void plain_write_is_seen_by_everyone(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	memory[X] = 9;
	assert_int_equal(load(1, X, TP_RELAXED), 9);
	assert_int_equal(offered, 1);
	assert_int_equal(load(0, X, TP_RELAXED), 9);
}

static void stores_go_on_after_a_plain_write(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	memory[X] = 9;
	store(0, X, 2, TP_RELAXED);
	assert_int_equal(load_way(1, X, TP_RELAXED, 1), 9);
	assert_int_equal(offered, 2);
}

static void freed_memory_begins_anew(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(0, X, 0, TP_RELAXED);
	tp_weak_forget(X);
	assert_int_equal(load(1, X, TP_RELAXED), 0);
	assert_int_equal(offered, 1);
}

static void code_outside_tasks_sees_the_newest(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	assert_int_equal(load(TP_SIM_MAX_TASKS, X, TP_RELAXED), 1);
	assert_int_equal(offered, 1);
	tp_weak_fence(TP_SIM_MAX_TASKS, TP_SEQ_CST);
	tp_weak_release(TP_SIM_MAX_TASKS, LOCK);
	tp_weak_acquire(TP_SIM_MAX_TASKS, LOCK);
}

static void store_outside_tasks_is_seen_by_everyone(tp_unused void **state)
{
	store(0, X, 1, TP_RELAXED);
	store(TP_SIM_MAX_TASKS, X, 2, TP_RELAXED);
	assert_int_equal(load(1, X, TP_RELAXED), 2);
	assert_int_equal(offered, 1);
}

static void next_run_knows_nothing_of_the_last(void **state)
{
	store(0, X, 1, TP_RELAXED);
	tp_weak_release(0, LOCK);
	begin(state);
	assert_int_equal(load(1, X, TP_RELAXED), 0);
	assert_int_equal(offered, 1);
	tp_weak_acquire(1, LOCK);
	store(0, X, 1, TP_RELAXED);
	assert_int_equal(ways_to_load(1, X), 2);
}

/* ---- size ------------------------------------------------------------------------------------ */

enum { MANY_OBJECTS = 500, MANY_ROUNDS = 100 };

static void many_objects_and_stores_fit(tp_unused void **state)
{
	static uint32_t many[MANY_OBJECTS];

	for (uint32_t round = 1; round <= MANY_ROUNDS; round++)
		for (uint32_t i = 0; i < MANY_OBJECTS; i++) {
			struct tp_weak_cell c = { i, &many[i], sizeof(many[i]) };

			tp_weak_store(i % 4, &c, round, TP_RELEASE);
			assert_int_equal(many[i], round);
		}
}

static void store_for_ever(void *arg)
{
	begin(arg);
	for (uint64_t i = 1; i < 70000; i++)
		store(0, X, i, TP_RELAXED);
}

static void too_many_stores_are_a_panic(tp_unused void **state)
{
	expect_panic(store_for_ever, NULL, "more than 65534 atomic stores in one run");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(first_load_sees_what_memory_held),
		TEST(own_store_is_seen),
		TEST(store_of_another_may_stay_unseen),
		TEST(newest_store_is_the_first_way),
		TEST(load_never_goes_back),
		TEST(store_may_come_before_one_that_was_made_earlier),
		TEST(store_comes_after_what_its_task_knows),
		TEST(memory_holds_the_last_store),
		TEST(variables_have_nothing_to_do_with_each_other),
		TEST(acquire_takes_what_release_hands_on),
		TEST(older_value_hands_on_nothing),
		TEST(relaxed_load_takes_nothing),
		TEST(relaxed_store_hands_on_nothing),
		TEST(acquire_fence_takes_what_was_read_before_it),
		TEST(release_fence_hands_on_with_later_stores),
		TEST(release_fence_hands_on_nothing_later),
		TEST(what_was_taken_is_handed_on),
		TEST(later_store_of_the_task_ends_its_release_sequence),
		TEST(relaxed_add_goes_on_with_a_release_sequence),
		TEST(release_add_hands_on_what_it_read_beside_its_own),
		TEST(add_after_a_release_fence_hands_on_both),
		TEST(two_adds_never_read_the_same_store),
		TEST(add_may_read_an_older_store),
		TEST(no_store_comes_between_add_and_what_it_read),
		TEST(swap_of_what_is_not_there_fails),
		TEST(swap_may_fail_on_an_older_value),
		TEST(swap_may_win_before_a_newer_store),
		TEST(only_one_swap_wins),
		TEST(failing_swap_acquires),
		TEST(failing_swap_is_not_sequentially_consistent),
		TEST(add_wraps_at_the_size_of_the_variable),
		TEST(eight_bytes_are_kept_whole),
		TEST(sc_load_sees_the_sc_store),
		TEST(sc_load_may_come_first_in_the_order),
		TEST(relaxed_store_may_be_passed_by_an_sc_load),
		TEST(second_of_two_fences_sees_the_store_before_the_first),
		TEST(fences_are_ordered_by_what_is_seen_alone),
		TEST(fence_is_acquire_and_release),
		TEST(started_task_knows_what_its_starter_did),
		TEST(join_learns_what_the_task_did),
		TEST(lock_hands_on),
		TEST(lock_in_new_memory_hands_on_nothing),
		TEST(who_has_not_seen_the_newest_is_behind),
		TEST(who_catches_up_sees_the_newest),
		TEST(catching_up_tells_nothing_else),
		TEST(plain_write_is_seen_by_everyone),
		TEST(stores_go_on_after_a_plain_write),
		TEST(freed_memory_begins_anew),
		TEST(code_outside_tasks_sees_the_newest),
		TEST(store_outside_tasks_is_seen_by_everyone),
		TEST(next_run_knows_nothing_of_the_last),
		TEST(many_objects_and_stores_fit),
		TEST(too_many_stores_are_a_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
