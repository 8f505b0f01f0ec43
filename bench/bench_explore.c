/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_explore - what a run of the explorer costs, beside what giving over to another task costs.
 *
 * The anchor is a switch between two fibers: the engine's own, ucontext's, and a hand-over between
 * two threads on one CPU, which is what an explorer without fibers pays at every step.  Within a
 * repetition all rows take turns, so ratios come from the same moments.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <tidepool/explore.h>

#include "measure.h"
#include "report.h"
#include "sim/fiber.h"

/* ---- giving over to another ------------------------------------------------------------------ */

enum { STACK_SIZE = 1 << 16 };

static struct tp_fiber own[2];
static ucontext_t contexts[2];
static sem_t turns[2];
static unsigned hand_overs; /* left for the other thread */

static void own_entry(void)
{
	tp_fiber_arrived();
	for (;;)
		tp_fiber_switch(&own[1], &own[0]);
}

static double own_switch_ns(unsigned n)
{
	double began;

	if (!own[1].stack) {
		own[1].stack = tp_fiber_stacks(1, &own[1].stack_size);
		tp_fiber_prepare(&own[1], own_entry);
	}
	began = tp_bench_now_ns();
	for (unsigned i = 0; i < n; i++)
		tp_fiber_switch(&own[0], &own[1]);
	return (tp_bench_now_ns() - began) / (2.0 * n);
}

static void context_entry(void)
{
	for (;;)
		swapcontext(&contexts[1], &contexts[0]);
}

static double swapcontext_ns(unsigned n)
{
	static char stack[STACK_SIZE];
	double began;

	if (!contexts[1].uc_stack.ss_sp) {
		getcontext(&contexts[1]);
		contexts[1].uc_stack.ss_sp = stack;
		contexts[1].uc_stack.ss_size = sizeof(stack);
		makecontext(&contexts[1], context_entry, 0);
	}
	began = tp_bench_now_ns();
	for (unsigned i = 0; i < n; i++)
		swapcontext(&contexts[0], &contexts[1]);
	return (tp_bench_now_ns() - began) / (2.0 * n);
}

static void *hand_back(void *arg)
{
	for (; hand_overs; hand_overs--) {
		sem_wait(&turns[1]);
		sem_post(&turns[0]);
	}
	return arg;
}

static double thread_ns(unsigned n)
{
	pthread_t other;
	double began, ns;

	hand_overs = n;
	sem_init(&turns[0], 0, 0);
	sem_init(&turns[1], 0, 0);
	if (pthread_create(&other, NULL, hand_back, NULL))
		tp_bench_die("starting a thread");
	began = tp_bench_now_ns();
	for (unsigned i = 0; i < n; i++) {
		sem_post(&turns[1]);
		sem_wait(&turns[0]);
	}
	ns = (tp_bench_now_ns() - began) / (2.0 * n);
	pthread_join(other, NULL);
	return ns;
}

static const struct anchor {
	const char *name;
	double (*measure)(unsigned n);
	unsigned n; /* there and back so often */
} anchors[] = {
	{ "own switch", own_switch_ns, 1000000 },
	{ "swapcontext", swapcontext_ns, 100000 },
	{ "thread hand-over", thread_ns, 10000 },
};

enum { NR_ANCHORS = sizeof(anchors) / sizeof(anchors[0]), OWN = 0, THREAD = 2 };

/* ---- searching ------------------------------------------------------------------------------- */

static const struct row {
	const char *scenario;
	enum tp_strategy strategy;
} rows[] = {
	{ "model/stale-type", TP_STRATEGY_RANDOM },
	{ "model/stale-type", TP_STRATEGY_PCT },
	{ "model/stale-type", TP_STRATEGY_DFS },
	{ "model/stale-type", TP_STRATEGY_SLEEP },
	{ "model/stale-type", TP_STRATEGY_DPOR },
	{ "mm/offline-vs-offline-same", TP_STRATEGY_RANDOM },
	{ "mm/offline-vs-offline-same", TP_STRATEGY_DPOR },
};

enum { NR_ROWS = sizeof(rows) / sizeof(rows[0]) };

struct figures {
	struct tp_bench_samples runs_per_s, steps_per_run, ns_per_step;
};

/* What is counted: a run that is given up costs what it cost. */
struct work {
	double runs, steps, ns;
};

static void search_once(const struct row *row, const struct tp_scenario *scenario, double limit_ns,
			struct work *done)
{
	struct tp_explore_options options = { .strategy = row->strategy,
					      .seed = 1,
					      .time_ns = (uint64_t)limit_ns };
	struct tp_explore_report report;

	if (tp_explore(scenario, &options, &report) || report.failed)
		tp_bench_die(row->scenario);
	done->runs += (double)(report.runs + report.pruned);
	done->steps += (double)report.steps;
	done->ns += (double)report.elapsed_ns;
}

/* A search that is over too soon is done again. */
static void run_row(const struct row *row, double limit_ns, struct figures *figures)
{
	const struct tp_scenario *scenario = tp_scenario_find(row->scenario);
	struct work done = { 0, 0, 0 };

	if (!scenario)
		return;
	while (done.ns < limit_ns)
		search_once(row, scenario, limit_ns - done.ns, &done);
	tp_bench_add(&figures->runs_per_s, done.runs / done.ns * 1e9);
	tp_bench_add(&figures->steps_per_run, done.steps / done.runs);
	tp_bench_add(&figures->ns_per_step, done.ns / done.steps);
}

/* ---- running and printing -------------------------------------------------------------------- */

struct results {
	struct tp_bench_samples anchors[NR_ANCHORS];
	struct figures rows[NR_ROWS];
};

static void repetition(const struct tp_bench_options *options, struct results *results)
{
	unsigned less = options->quick ? 10 : 1;

	for (unsigned i = 0; i < NR_ANCHORS; i++)
		tp_bench_add(&results->anchors[i], anchors[i].measure(anchors[i].n / less));
	for (unsigned i = 0; i < NR_ROWS; i++)
		run_row(&rows[i], 3e8 / less, &results->rows[i]);
}

static void print_anchors(const struct results *results)
{
	static struct tp_bench_table table;
	double mine = tp_bench_median(&results->anchors[OWN]);

	tp_bench_row(&table, "giving over to another");
	tp_bench_cell(&table, "ns");
	tp_bench_cell(&table, "spread");
	for (unsigned i = 0; i < NR_ANCHORS; i++) {
		const struct tp_bench_samples *samples = &results->anchors[i];

		tp_bench_row(&table, anchors[i].name);
		tp_bench_cell(&table, "%.1f (%.1fx)", tp_bench_median(samples),
			      tp_bench_median(samples) / mine);
		tp_bench_cell(&table, "%.0f%%", 100 * tp_bench_spread(samples));
	}
	tp_bench_print(&table);
}

static void print_row(struct tp_bench_table *table, const struct row *row,
		      const struct figures *figures, const struct results *results)
{
	double step = tp_bench_median(&figures->ns_per_step);
	char name[TP_BENCH_CELL];

	snprintf(name, sizeof(name), "%s, %s", row->scenario, tp_strategy_name(row->strategy));
	tp_bench_row(table, name);
	tp_bench_cell(table, "%.0f", tp_bench_median(&figures->runs_per_s));
	tp_bench_cell(table, "%.1f", tp_bench_median(&figures->steps_per_run));
	tp_bench_cell(table, "%.1f", step);
	tp_bench_cell(table, "%.1fx", step / tp_bench_median(&results->anchors[OWN]));
	tp_bench_cell(table, "%.3fx", step / tp_bench_median(&results->anchors[THREAD]));
	tp_bench_cell(table, "%.0f%%", 100 * tp_bench_spread(&figures->ns_per_step));
}

static void print_rows(const struct results *results)
{
	static const char *const heads[] = { "runs/s",	    "steps/run",     "ns/step",
					     "in switches", "in hand-overs", "spread" };
	static struct tp_bench_table table;

	tp_bench_row(&table, "searching");
	for (unsigned i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		tp_bench_cell(&table, "%s", heads[i]);
	for (unsigned i = 0; i < NR_ROWS; i++)
		if (results->rows[i].runs_per_s.n)
			print_row(&table, &rows[i], &results->rows[i], results);
	tp_bench_print(&table);
}

static void print_text(const struct results *results, const struct tp_bench_options *options)
{
	printf("%u repetitions\n\n", options->reps);
	print_anchors(results);
	putchar('\n');
	print_rows(results);
	puts("\nMedians.  A step need not switch; its time is also given in own switches and in\n"
	     "hand-overs between threads.  Searches that end are done again and again.");
}

static void print_json(const struct results *results, const struct tp_bench_options *options)
{
	printf("{\"schema\": 1, \"bench\": \"explore\", \"reps\": %u,\n \"switch_ns\": {",
	       options->reps);
	for (unsigned i = 0; i < NR_ANCHORS; i++) {
		printf("%s\n  ", i ? "," : "");
		tp_bench_json(anchors[i].name, &results->anchors[i]);
	}
	printf("},\n \"searches\": {");
	for (unsigned i = 0; i < NR_ROWS; i++) {
		printf("%s\n  \"%s, %s\": {", i ? "," : "", rows[i].scenario,
		       tp_strategy_name(rows[i].strategy));
		tp_bench_json("runs_per_s", &results->rows[i].runs_per_s);
		printf(", ");
		tp_bench_json("steps_per_run", &results->rows[i].steps_per_run);
		printf(", ");
		tp_bench_json("ns_per_step", &results->rows[i].ns_per_step);
		putchar('}');
	}
	puts("}}");
}

int main(int argc, char **argv)
{
	static struct results warm_up, results;
	struct tp_bench_options options = { .reps = 7 };

	tp_bench_options(&options, argc, argv,
			 "Runs per second of the explorer, beside the cost of switching tasks.");
	tp_bench_print_host(stderr);
	tp_bench_pin(tp_bench_nr_cpus() - 1);
	repetition(&options, &warm_up);
	for (unsigned r = 0; r < options.reps; r++)
		repetition(&options, &results);
	(options.json ? print_json : print_text)(&results, &options);
	return 0;
}
