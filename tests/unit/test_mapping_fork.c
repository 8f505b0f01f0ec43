/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_fork - a child has no part in a mapping and stands in nobody's way. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping_machine.h"

struct bed {
	struct tp_machine *m;
	struct tp_device *device;
	struct tp_mapping *map;
};

static int make_bed(void **state)
{
	static struct bed bed;

	bed.m = make_two_nodes();
	bed.device = plug_movable(bed.m, 1, 1);
	bed.map = map_on(bed.m, 1, 3 * CHUNK);
	fill(bed.map, 1);
	*state = &bed;
	return 0;
}

static int end_bed(void **state)
{
	struct bed *bed = *state;

	must(tp_mapping_destroy(bed->map));
	end_machine(bed->m);
	return 0;
}

static int read_mapping(void *arg)
{
	struct bed *bed = arg;

	return *(volatile char *)tp_mapping_base(bed->map);
}

static int write_mapping(void *arg)
{
	struct bed *bed = arg;

	*(volatile char *)tp_mapping_base(bed->map) = 1;
	return 0;
}

static int read_direct_map(void *arg)
{
	struct bed *bed = arg;

	return *(volatile char *)bed->m->backing.base;
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void expect_segv(int (*step)(void *), struct bed *bed)
{
	int status = in_child(step, bed);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void a_child_cannot_touch_the_mapping(void **state)
{
	struct bed *bed = *state;

	((char *)tp_mapping_base(bed->map))[0] = 0;
	expect_segv(read_mapping, bed);
	expect_segv(write_mapping, bed);
	assert_int_equal(((char *)tp_mapping_base(bed->map))[0], 0);
}

static void a_child_cannot_touch_it_after_a_move_either(void **state)
{
	struct bed *bed = *state;

	must(tp_device_offline(bed->device, NULL, NULL));
	((char *)tp_mapping_base(bed->map))[0] = 0;
	expect_segv(read_mapping, bed);
	expect_segv(write_mapping, bed);
}

static void a_child_has_no_direct_map(void **state)
{
	expect_segv(read_direct_map, *state);
}

static void a_child_that_leaves_it_alone_lives(void **state)
{
	assert_int_equal(in_child(do_nothing, *state), 0);
}

/* A child that lives until its pipe is closed. */
static pid_t child_that_waits(int fds[2])
{
	char nothing;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(fds[1]);
		_exit(read(fds[0], &nothing, 1) != 0);
	}
	close(fds[0]);
	return child;
}

static void memory_returns_while_a_child_lives(void **state)
{
	struct bed *bed = *state;
	uint64_t before = machine_stat(bed->m).backing_bytes;
	struct tp_offline_report report;
	int fds[2], status;
	pid_t child = child_that_waits(fds);

	must(tp_device_unplug(bed->device, NULL, &report));
	assert_true(report.bytes_returned >= 3 * CHUNK);
	assert_true(machine_stat(bed->m).backing_bytes <= before);
	expect_filled(bed->map, 1);
	fill(bed->map, 2);
	close(fds[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	expect_filled(bed->map, 2);
}

static void writers_lose_nothing_while_children_come_and_go(void **state)
{
	struct bed *bed = *state;
	struct tp_device *other = plug_movable(bed->m, 1, 1);
	struct writer *writer = writer_start(bed->map, 0);
	struct pusher pusher;

	pusher_start(&pusher, bed->device, other, 6);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(in_child(do_nothing, NULL), 0);
	pusher_end(&pusher);
	writer_end(writer);
}

#define FORK_TEST(test) cmocka_unit_test_setup_teardown(test, make_bed, end_bed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORK_TEST(a_child_cannot_touch_the_mapping),
		FORK_TEST(a_child_cannot_touch_it_after_a_move_either),
		FORK_TEST(a_child_has_no_direct_map),
		FORK_TEST(a_child_that_leaves_it_alone_lives),
		FORK_TEST(memory_returns_while_a_child_lives),
		FORK_TEST(writers_lose_nothing_while_children_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
