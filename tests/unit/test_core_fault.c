/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_core_fault - which hits of which site fail, and what the list tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/fault.h"

static bool hit_a(void)
{
	return TP_FAULT("test/a");
}

static bool hit_b(void)
{
	return TP_FAULT("test/b");
}

static bool hit_twin(void)
{
	return TP_FAULT("test/twin");
}

static bool hit_other_twin(void)
{
	return TP_FAULT("test/twin");
}

/* Which of the next @n hits of test/a fail, as a string. */
static const char *pattern(int n)
{
	static char text[64];
	int i;

	for (i = 0; i < n; i++)
		text[i] = hit_a() ? 'X' : '.';
	text[i] = '\0';
	return text;
}

static struct tp_fault_info info_of(const char *name)
{
	struct tp_fault_info infos[64], found = { 0 };
	size_t n = tp_fault_list(infos, 64), same = 0;

	assert_true(n <= 64);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(infos[i].name, name))
			continue;
		found = infos[i];
		same++;
	}
	assert_int_equal(same, 1);
	return found;
}

static int reset(void **state)
{
	(void)state;
	tp_fault_reset();
	return 0;
}

static void nothing_fails_without_a_plan(void **state)
{
	(void)state;
	assert_string_equal(pattern(4), "....");
}

static void nth_hit_fails_once(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 3, 1), 0);
	assert_string_equal(pattern(6), "..X...");
}

static void times_hits_fail_in_a_row(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 2, 3), 0);
	assert_string_equal(pattern(6), ".XXX..");
}

static void all_fail_from_there_on(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 2, UINT64_MAX), 0);
	assert_string_equal(pattern(6), ".XXXXX");
}

static void far_plan_does_not_wrap_round(void **state)
{
	(void)state;
	hit_a();
	assert_int_equal(tp_fault_arm("test/a", UINT64_MAX, UINT64_MAX), 0);
	assert_string_equal(pattern(4), "....");
}

static void hits_are_counted_from_the_plan_on(void **state)
{
	(void)state;
	pattern(5);
	assert_int_equal(tp_fault_arm("test/a", 2, 1), 0);
	assert_string_equal(pattern(4), ".X..");
}

static void new_plan_replaces_the_old(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 1, UINT64_MAX), 0);
	assert_int_equal(tp_fault_arm("test/a", 2, 1), 0);
	assert_string_equal(pattern(4), ".X..");
}

static void other_sites_do_not_fail(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/b", 1, UINT64_MAX), 0);
	assert_string_equal(pattern(3), "...");
	assert_true(hit_b());
}

static void unknown_site_is_enoent(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/none", 1, 1), -ENOENT);
}

static void zero_nth_or_times_is_einval(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 0, 1), -EINVAL);
	assert_int_equal(tp_fault_arm("test/a", 1, 0), -EINVAL);
	assert_string_equal(pattern(3), "...");
}

static void reset_forgets_plans_and_counts(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 2, UINT64_MAX), 0);
	pattern(3);
	tp_fault_reset();
	assert_int_equal(info_of("test/a").hits, 0);
	assert_int_equal(info_of("test/a").injected, 0);
	assert_string_equal(pattern(4), "....");
}

static void list_tells_hits_and_injected(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 2, 3), 0);
	pattern(6);
	assert_int_equal(info_of("test/a").hits, 6);
	assert_int_equal(info_of("test/a").injected, 3);
}

static void list_tells_the_place(void **state)
{
	struct tp_fault_info a = info_of("test/a"), b = info_of("test/b");

	(void)state;
	assert_non_null(strstr(a.file, "test_core_fault.c"));
	assert_int_equal(b.line - a.line, 5);
}

static void list_is_sorted(void **state)
{
	struct tp_fault_info infos[64];
	size_t n = tp_fault_list(infos, 64);

	(void)state;
	assert_true(n >= 3);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(infos[i - 1].name, infos[i].name) < 0);
}

static void short_list_is_cut_but_counted(void **state)
{
	struct tp_fault_info one[2] = { { 0 } };
	size_t n = tp_fault_list(NULL, 0);

	(void)state;
	assert_int_equal(tp_fault_list(one, 1), n);
	assert_non_null(one[0].name);
	assert_null(one[1].name);
}

/* A site in an inline function of a header stands in many objects. */
static void sites_of_one_name_count_as_one(void **state)
{
	(void)state;
	assert_int_equal(tp_fault_arm("test/twin", 2, 1), 0);
	assert_false(hit_other_twin());
	assert_true(hit_twin());
	assert_false(hit_other_twin());
	assert_int_equal(info_of("test/twin").hits, 3);
	assert_int_equal(info_of("test/twin").injected, 1);
}

static tp_atomic_u64 failed;

static void hit_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++)
		tp_atomic_add(&failed, hit_a(), TP_RELAXED);
}

static void hits_of_all_threads_count(void **state)
{
	struct tp_thread threads[3];

	(void)state;
	assert_int_equal(tp_fault_arm("test/a", 1000, 500), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tp_thread_start(&threads[i], "hitter", hit_many, NULL), 0);
	for (int i = 0; i < 3; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(info_of("test/a").hits, 6000);
	assert_int_equal(info_of("test/a").injected, 500);
	assert_int_equal(tp_atomic_load(&failed, TP_RELAXED), 500);
}

static void plan_may_change_under_hits(void **state)
{
	struct tp_thread thread;

	(void)state;
	assert_int_equal(tp_thread_start(&thread, "hitter", hit_many, NULL), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(tp_fault_arm("test/a", 1, 1), 0);
	tp_thread_join(&thread);
	assert_true(info_of("test/a").injected <= 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_fails_without_a_plan, reset),
		cmocka_unit_test_setup(nth_hit_fails_once, reset),
		cmocka_unit_test_setup(times_hits_fail_in_a_row, reset),
		cmocka_unit_test_setup(all_fail_from_there_on, reset),
		cmocka_unit_test_setup(far_plan_does_not_wrap_round, reset),
		cmocka_unit_test_setup(hits_are_counted_from_the_plan_on, reset),
		cmocka_unit_test_setup(new_plan_replaces_the_old, reset),
		cmocka_unit_test_setup(other_sites_do_not_fail, reset),
		cmocka_unit_test_setup(unknown_site_is_enoent, reset),
		cmocka_unit_test_setup(zero_nth_or_times_is_einval, reset),
		cmocka_unit_test_setup(reset_forgets_plans_and_counts, reset),
		cmocka_unit_test_setup(list_tells_hits_and_injected, reset),
		cmocka_unit_test_setup(list_tells_the_place, reset),
		cmocka_unit_test_setup(list_is_sorted, reset),
		cmocka_unit_test_setup(short_list_is_cut_but_counted, reset),
		cmocka_unit_test_setup(sites_of_one_name_count_as_one, reset),
		cmocka_unit_test_setup(hits_of_all_threads_count, reset),
		cmocka_unit_test_setup(plan_may_change_under_hits, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
