/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_fiber - switching stacks; compiled for both ways of doing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/compiler.h"
#include "sim/fiber.h"

enum { NR = 3 };

static struct tp_fiber thread, fibers[NR];
static unsigned current, steps[NR];
static char order[64];

static int make_stacks(void **state)
{
	size_t size;
	char *stacks = tp_fiber_stacks(NR, &size);

	(void)state;
	if (!stacks)
		return -1;
	for (unsigned i = 0; i < NR; i++) {
		fibers[i].stack = stacks + i * size;
		fibers[i].stack_size = size;
	}
	return 0;
}

static void go_to(unsigned fiber)
{
	current = fiber;
	tp_fiber_switch(&thread, &fibers[fiber]);
}

static void back_to_thread(void)
{
	tp_fiber_switch(&fibers[current], &thread);
}

static void count_steps(void)
{
	unsigned me = current;

	tp_fiber_arrived();
	for (;;) {
		steps[me]++;
		back_to_thread();
	}
}

static void every_fiber_goes_on_where_it_was(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NR; i++) {
		steps[i] = 0;
		tp_fiber_prepare(&fibers[i], count_steps);
	}
	for (unsigned i = 0; i < 100; i++)
		go_to(i % NR);
	assert_int_equal(steps[0], 34);
	assert_int_equal(steps[1], 33);
	assert_int_equal(steps[2], 33);
}

static void print_letter(void)
{
	char text[32];

	tp_fiber_arrived();
	/* Printing a double may use vector registers, which need the stack to be aligned. */
	snprintf(text, sizeof(text), "%c%.1f", 'a' + (int)current, current * 1.5);
	strcat(order, text);
	for (;;)
		back_to_thread();
}

static void entry_finds_its_stack_as_a_call_leaves_it(void **state)
{
	(void)state;
	order[0] = '\0';
	for (unsigned i = 0; i < NR; i++) {
		tp_fiber_prepare(&fibers[i], print_letter);
		go_to(i);
	}
	assert_string_equal(order, "a0.0b1.5c3.0");
}

static void pass_on(void)
{
	unsigned me = current;

	tp_fiber_arrived();
	strcat(order, (const char *[]){ "a", "b", "c" }[me]);
	if (me + 1 == NR)
		back_to_thread();
	current = me + 1;
	tp_fiber_switch(&fibers[me], &fibers[me + 1]);
	back_to_thread();
}

static void fibers_switch_to_each_other(void **state)
{
	(void)state;
	order[0] = '\0';
	for (unsigned i = 0; i < NR; i++)
		tp_fiber_prepare(&fibers[i], pass_on);
	go_to(0);
	assert_string_equal(order, "abc");
}

static void fiber_left_in_the_middle_begins_anew(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		steps[0] = 0;
		tp_fiber_prepare(&fibers[0], count_steps);
		go_to(0);
		go_to(0);
		assert_int_equal(steps[0], 2);
	}
}

/* What a function may rely on across a call: here, across a switch. */
static void keep_numbers(void)
{
	volatile unsigned seed = current + 1;
	unsigned a = seed * 3, b = seed * 5, c = seed * 7, d = seed * 11, e = seed * 13;
	double f = seed * 1.5;

	tp_fiber_arrived();
	for (;;) {
		back_to_thread();
		steps[seed - 1] += a == seed * 3 && b == seed * 5 && c == seed * 7 &&
				   d == seed * 11 && e == seed * 13 && f == seed * 1.5;
	}
}

static void registers_survive_a_switch(void **state)
{
	(void)state;
	memset(steps, 0, sizeof(steps));
	for (unsigned i = 0; i < NR; i++)
		tp_fiber_prepare(&fibers[i], keep_numbers);
	for (unsigned i = 0; i < 10 * NR; i++)
		go_to(i % NR);
	for (unsigned i = 0; i < NR; i++)
		assert_int_equal(steps[i], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fiber_goes_on_where_it_was),
		cmocka_unit_test(entry_finds_its_stack_as_a_call_leaves_it),
		cmocka_unit_test(fibers_switch_to_each_other),
		cmocka_unit_test(fiber_left_in_the_middle_begins_anew),
		cmocka_unit_test(registers_survive_a_switch),
	};

	return cmocka_run_group_tests(tests, make_stacks, NULL);
}
