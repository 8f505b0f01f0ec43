/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_scenarios - every scenario holds: in every order, with every fault it allows for, and in
 * random orders that are longer or weaker than what can be searched through.
 *
 * One line per scenario.  What ends a search is a number of runs, not a time, so that the verdict
 * does not depend on the machine.  The environment may ask for more, or for less:
 *
 *	TP_EXPLORE_SECONDS	for all random searches together; 20
 *	TP_EXPLORE_RUNS		for each search through all orders; RUNS, and of less no end is
 *				expected: for who looks at what is done rather than at the orders
 *	TP_EXPLORE_FAULTS	in one run of a scenario that allows for any; what it says itself
 *	TP_EXPLORE_SEED		of the random searches; 1
 *
 * With arguments it does a part of that, so that several processors can share it:
 *
 *	test_scenarios I N	part I of N, from 1: every Nth scenario from the Ith on
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tidepool/explore.h>

enum {
	RUNS = 200000,
	RUNS_BOUNDED = 20000,
	RUNS_WEAK = 5000,
	RUNS_COMPARED = 2000,
	BOUND = 2,
	SECONDS = 20,
};

/*
 * What is not searched to its end by default: how many runs that would take, 0 if nobody knows, and
 * why so many.  It must hold as far as bounds and chance go.
 */
static const struct large {
	const char *name;
	uint64_t runs;
	const char *reason;
} larges[] = {
	{ "avf/irq-vs-reset", 0, "each message of the reset takes the lock of all vectors" },
	{ "avf/offline-vs-refill", 0, "a whole ring is exchanged with the device, by messages" },
	{ "gpu/resv-users-vs-holders", 0, "four tasks that wait for each other, all on two locks" },
	{ "mm/hotplug-mix", 0, "what its tasks do is chosen too" },
	{ "numa/demotion-vs-offline", 600000, "an allocation that fails looks everywhere thrice" },
	{ "numa/kcompactd-vs-offline", 0, "four threads of the library at work" },
	{ "numa/slab-alloc-vs-offline", 600000,
	  "an allocation that fails looks everywhere thrice" },
};

static const struct large *find_large(const struct tp_scenario *s)
{
	for (size_t i = 0; i < sizeof(larges) / sizeof(*larges); i++)
		if (!strcmp(larges[i].name, s->name))
			return &larges[i];
	return NULL;
}

static unsigned from_environment(const char *name, unsigned usual)
{
	const char *value = getenv(name);

	return value ? (unsigned)strtoul(value, NULL, 10) : usual;
}

/* ---- scenarios ------------------------------------------------------------------------------- */

/* Of a model that is right there may be variants that are not, to be convicted: called after it. */
static bool is_broken(const struct tp_scenario *s)
{
	const char *variant = strrchr(s->name, '-');
	char name[64];

	if (strncmp(s->name, "model/", strlen("model/")) || !variant)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(variant - s->name), s->name);
	return tp_scenario_find(name);
}

static const struct tp_scenario *next_of_all(const struct tp_scenario *s)
{
	do
		s = tp_scenario_next(s);
	while (s && is_broken(s));
	return s;
}

static unsigned part = 1, nr_parts = 1;

static const struct tp_scenario *next_scenario(const struct tp_scenario *s)
{
	unsigned steps = s ? nr_parts : part;

	do
		s = next_of_all(s);
	while (s && --steps);
	return s;
}

static unsigned count_scenarios(void)
{
	unsigned n = 0;

	for (const struct tp_scenario *s = next_scenario(NULL); s; s = next_scenario(s))
		n++;
	return n;
}

/* Of the run in which nothing is different. */
static unsigned count_tasks(const struct tp_scenario *s)
{
	struct tp_story *story;
	unsigned n;

	assert_int_equal(tp_replay(s, "-", NULL, &story), 0);
	n = story->nr_tasks;
	tp_story_destroy(story);
	return n;
}

/* ---- one search ------------------------------------------------------------------------------ */

/* Of a bounded search nobody can say more than that it came to its end. */
static const char *verdict(const struct tp_explore_report *r)
{
	if (!r->complete)
		return "CAPPED";
	return r->strategy == TP_STRATEGY_BOUND ? "BOUNDED" : "COMPLETE";
}

static void print_search(const struct tp_scenario *s, const struct tp_explore_report *r)
{
	double seconds = (double)r->elapsed_ns / 1e9;
	uint64_t runs = r->runs + r->pruned;

	printf("%-34s %2u tasks  %-6s %-8s %8" PRIu64 " runs %4.0f steps %7.0f runs/s %6.2f s\n",
	       s->name, count_tasks(s), tp_strategy_name(r->strategy), verdict(r), runs,
	       (double)r->steps / (double)runs, seconds > 0 ? (double)runs / seconds : 0, seconds);
	fflush(stdout);
}

static bool holds(const struct tp_scenario *s, const struct tp_explore_options *options,
		  struct tp_explore_report *r)
{
	assert_int_equal(tp_explore(s, options, r), 0);
	if (!r->failed)
		return true;
	print_search(s, r);
	printf("\t%s\n\ttidepool replay %s '%s'\n", r->finding, s->name, r->token);
	return false;
}

/* ---- in every order -------------------------------------------------------------------------- */

static void limit_faults(const struct tp_scenario *s, struct tp_explore_options *options)
{
	unsigned faults = from_environment("TP_EXPLORE_FAULTS", 0);

	options->faults_given = faults && s->faults;
	options->faults = faults;
}

static uint64_t most_runs(void)
{
	return from_environment("TP_EXPLORE_RUNS", RUNS);
}

static uint64_t at_most(uint64_t runs)
{
	return runs < most_runs() ? runs : most_runs();
}

static bool is_searched_through(const struct large *large, uint64_t runs)
{
	return !large || (large->runs && large->runs <= runs);
}

static bool holds_in_every_order(const struct tp_scenario *s)
{
	uint64_t runs = most_runs();
	const struct large *large = find_large(s);
	bool whole = is_searched_through(large, runs);
	struct tp_explore_options options = {
		.strategy = whole ? TP_STRATEGY_DPOR : TP_STRATEGY_BOUND,
		.runs = whole ? runs : at_most(RUNS_BOUNDED),
		.bound = BOUND,
	};
	struct tp_explore_report report;

	limit_faults(s, &options);
	if (!holds(s, &options, &report))
		return false;
	print_search(s, &report);
	if (!whole)
		printf("\tnot searched to its end: %s\n", large->reason);
	else if (!report.complete && runs >= RUNS)
		printf("\tnot searched to its end, and not in the table of what is large\n");
	return report.complete || !whole || runs < RUNS;
}

static void every_scenario_holds_in_every_order(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (const struct tp_scenario *s = next_scenario(NULL); s; s = next_scenario(s))
		failures += !holds_in_every_order(s);
	assert_int_equal(failures, 0);
}

/* Many of them end under weak memory too; the others are searched for a while. */
static void every_scenario_holds_in_weak_orders(void **state)
{
	struct tp_explore_options options = {
		.strategy = TP_STRATEGY_DPOR,
		.runs = at_most(RUNS_WEAK),
		.memory_given = true,
		.memory = TP_MEMORY_C11,
	};
	unsigned failures = 0, complete = 0;

	(void)state;
	for (const struct tp_scenario *s = next_scenario(NULL); s; s = next_scenario(s)) {
		struct tp_explore_report report;

		failures += !holds(s, &options, &report);
		complete += report.complete;
	}
	printf("%u of %u scenarios searched through under weak memory\n", complete,
	       count_scenarios());
	assert_int_equal(failures, 0);
}

static void what_is_large_is_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(larges) / sizeof(*larges); i++)
		assert_non_null(tp_scenario_find(larges[i].name));
}

/* ---- the explorer itself --------------------------------------------------------------------- */

static bool search_to_end(const struct tp_scenario *s, enum tp_strategy strategy,
			  struct tp_explore_report *r)
{
	const struct tp_explore_options options = { .strategy = strategy,
						    .runs = at_most(RUNS_COMPARED) };

	assert_int_equal(tp_explore(s, &options, r), 0);
	return r->complete && !r->failed;
}

/*
 * Both do each run once that differs by more than the order of independent steps, and come to what
 * they leave out in quite different ways.
 */
static void sleep_sets_find_the_same_runs(void **state)
{
	unsigned failures = 0, compared = 0;

	(void)state;
	for (const struct tp_scenario *s = next_scenario(NULL); s; s = next_scenario(s)) {
		struct tp_explore_report dpor, sleep;

		if (!search_to_end(s, TP_STRATEGY_DPOR, &dpor) ||
		    !search_to_end(s, TP_STRATEGY_SLEEP, &sleep))
			continue;
		compared++;
		if (dpor.runs == sleep.runs)
			continue;
		printf("%s: %" PRIu64 " runs by dpor, %" PRIu64 " by sleep sets\n", s->name,
		       dpor.runs, sleep.runs);
		failures++;
	}
	printf("%u scenarios compared\n", compared);
	assert_true(compared > 0);
	assert_int_equal(failures, 0);
}

/* ---- by chance ------------------------------------------------------------------------------- */

static uint64_t sum_of_runs;

static bool holds_by_chance(const struct tp_scenario *s, enum tp_memory_model memory,
			    uint64_t time_ns)
{
	struct tp_explore_options options = {
		.strategy = TP_STRATEGY_PCT,
		.time_ns = time_ns,
		.seed = from_environment("TP_EXPLORE_SEED", 1),
		.memory_given = true,
		.memory = memory,
	};
	struct tp_explore_report report;
	bool held;

	limit_faults(s, &options);
	held = holds(s, &options, &report);
	sum_of_runs += report.runs;
	return held;
}

static void every_scenario_holds_by_chance(enum tp_memory_model memory)
{
	uint64_t seconds = from_environment("TP_EXPLORE_SECONDS", SECONDS);
	uint64_t each_ns = seconds * UINT64_C(500000000) / count_scenarios() / nr_parts;
	unsigned failures = 0;

	sum_of_runs = 0;
	for (const struct tp_scenario *s = next_scenario(NULL); s; s = next_scenario(s))
		failures += !holds_by_chance(s, memory, each_ns);
	printf("%u scenarios, %s memory: %" PRIu64 " runs by chance\n", count_scenarios(),
	       memory == TP_MEMORY_C11 ? "weak" : "strong", sum_of_runs);
	assert_int_equal(failures, 0);
}

static void every_scenario_holds_in_random_orders(void **state)
{
	(void)state;
	every_scenario_holds_by_chance(TP_MEMORY_SC);
}

static void every_scenario_holds_where_memory_is_weak(void **state)
{
	(void)state;
	every_scenario_holds_by_chance(TP_MEMORY_C11);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_large_is_there),
		cmocka_unit_test(every_scenario_holds_in_every_order),
		cmocka_unit_test(every_scenario_holds_in_weak_orders),
		cmocka_unit_test(sleep_sets_find_the_same_runs),
		cmocka_unit_test(every_scenario_holds_in_random_orders),
		cmocka_unit_test(every_scenario_holds_where_memory_is_weak),
	};

	if (argc > 2) {
		part = (unsigned)strtoul(argv[1], NULL, 10);
		nr_parts = (unsigned)strtoul(argv[2], NULL, 10);
	}
	if (!part || part > nr_parts) {
		fprintf(stderr, "there is no part %u of %u\n", part, nr_parts);
		return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
