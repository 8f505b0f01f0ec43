/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_thread - the library's own threads and CPUs in simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/sync.h"
#include "sim_search.h"

struct world {
	struct tp_thread thread;
	struct tp_wait_queue work;
	TP_ATOMIC(uint32_t) asked, served, stop;
};

/* Serves until it is told to stop. */
static void serve(void *arg)
{
	struct world *w = arg;

	while (!tp_atomic_load(&w->stop, TP_RELAXED)) {
		uint32_t ticket = tp_wait_prepare(&w->work);

		if (tp_atomic_exchange(&w->asked, 0, TP_RELAXED)) {
			tp_atomic_add(&w->served, 1, TP_RELAXED);
			tp_wait_abandon(&w->work);
		} else if (!tp_atomic_load(&w->stop, TP_RELAXED)) {
			tp_wait_commit(&w->work, ticket, TP_WAIT_FOREVER);
		}
	}
}

static void *prepare_server(void)
{
	struct world *w = tp_sim_alloc(sizeof(*w));

	tp_wait_queue_init(&w->work);
	TP_EXPECT(!tp_thread_start(&w->thread, "server", serve, w));
	return w;
}

static void ask(void *arg)
{
	struct world *w = arg;

	tp_atomic_store(&w->asked, 1, TP_RELAXED);
	tp_wake_all(&w->work);
}

static void start_asking(void *state)
{
	tp_sim_start("ask", ask, state);
}

static unsigned most_served; /* in any run so far */

static void note_served(void *state)
{
	struct world *w = state;

	most_served = TP_MAX(most_served, w->served.v);
}

static struct tp_scenario scenario_of(void (*start)(void *state), bool threads)
{
	return (struct tp_scenario){ .name = "server",
				     .prepare = prepare_server,
				     .start = start,
				     .check = note_served,
				     .threads = threads };
}

static void threads_sleep_unless_asked_for(void **state)
{
	struct tp_scenario scenario = scenario_of(start_asking, false);

	(void)state;
	most_served = 0;
	expect_held(&scenario);
	assert_int_equal(most_served, 0);
}

static void run_may_end_while_a_thread_waits(void **state)
{
	struct tp_scenario scenario = scenario_of(start_asking, true);

	(void)state;
	most_served = 0;
	expect_held(&scenario);
	assert_int_equal(most_served, 1);
}

static void stop_server(void *arg)
{
	struct world *w = arg;

	tp_atomic_store(&w->stop, 1, TP_RELAXED);
	tp_wake_all(&w->work);
	tp_thread_join(&w->thread);
}

static void start_stopping(void *state)
{
	tp_sim_start("stop", stop_server, state);
}

static void who_joins_a_thread_waits_for_it(void **state)
{
	struct tp_scenario scenario = scenario_of(start_stopping, true);

	(void)state;
	expect_held(&scenario);
	/* One that never runs is joined at once. */
	scenario.threads = false;
	expect_held(&scenario);
}

static void join_server(void *arg)
{
	tp_thread_join(&((struct world *)arg)->thread);
}

static void start_joining(void *state)
{
	tp_sim_start("join", join_server, state);
}

static void joining_a_thread_that_waits_is_a_deadlock(void **state)
{
	struct tp_scenario scenario = scenario_of(start_joining, true);

	(void)state;
	expect_finding(&scenario, "join waits in join of task");
}

static void *prepare_and_join(void)
{
	struct world *w = prepare_server();

	tp_thread_join(&w->thread);
	return w;
}

static void thread_that_prepare_joins_is_not_run(void **state)
{
	struct tp_scenario scenario = scenario_of(start_asking, true);

	(void)state;
	scenario.prepare = prepare_and_join;
	most_served = 0;
	expect_held(&scenario);
	assert_int_equal(most_served, 0);
}

static void run_thread(void *arg)
{
	struct world *w = arg;
	int err = tp_thread_start(&w->thread, "server", serve, w);

	TP_EXPECT(!err || err == -EAGAIN);
	if (err)
		return;
	ask(w);
	stop_server(w);
}

static void *prepare_nothing(void)
{
	return tp_sim_alloc(sizeof(struct world));
}

static void start_running(void *state)
{
	tp_sim_start("main", run_thread, state);
}

static void task_may_start_and_end_a_thread(void **state)
{
	struct tp_scenario scenario = scenario_of(start_running, true);

	(void)state;
	scenario.prepare = prepare_nothing;
	scenario.faults = 1;
	most_served = 0;
	expect_held(&scenario);
	assert_int_equal(most_served, 1);
}

static void expect_cpu(void *arg)
{
	(void)arg;
	TP_EXPECT(tp_cpu_current() == tp_sim_self() % tp_cpu_count());
	TP_EXPECT(tp_thread_id() == tp_sim_self() + 1);
}

static void start_on_cpus(void *state)
{
	TP_EXPECT(tp_cpu_count() == 3);
	TP_EXPECT(tp_cpu_current() == 0);
	for (unsigned i = 0; i < 5; i++)
		tp_sim_start("cpu", expect_cpu, state);
}

static void tasks_are_dealt_out_to_cpus(void **state)
{
	const struct tp_scenario scenario = { .name = "cpus", .start = start_on_cpus, .cpus = 3 };

	(void)state;
	expect_held(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_sleep_unless_asked_for),
		cmocka_unit_test(run_may_end_while_a_thread_waits),
		cmocka_unit_test(who_joins_a_thread_waits_for_it),
		cmocka_unit_test(joining_a_thread_that_waits_is_a_deadlock),
		cmocka_unit_test(thread_that_prepare_joins_is_not_run),
		cmocka_unit_test(task_may_start_and_end_a_thread),
		cmocka_unit_test(tasks_are_dealt_out_to_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
