/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explore - a search: run after run, until there is no other or a limit is met.
 */
#include "sim/explore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/site.h"
#include "sim/strategy.h"

enum {
	DEFAULT_STEPS = 20000,
	DEFAULT_CPUS = 2,
	DEFAULT_DEPTH = 3,
	CHECK_STEPS = 20000, /* look at the clock every so many steps */
};

static bool is_busy; /* a search is under way */

/* ---- options --------------------------------------------------------------------------------- */

static const char *const strategy_names[] = { "random", "pct", "dfs", "sleep", "dpor", "bound" };

_Static_assert(TP_ARRAY_SIZE(strategy_names) == TP_NR_STRATEGIES, "every strategy has a name");

const char *tp_strategy_name(enum tp_strategy strategy)
{
	return (unsigned)strategy < TP_NR_STRATEGIES ? strategy_names[strategy] : "unknown";
}

int tp_strategy_parse(const char *name, enum tp_strategy *strategy)
{
	for (unsigned i = 0; i < TP_NR_STRATEGIES; i++) {
		if (!strcmp(name, strategy_names[i])) {
			*strategy = (enum tp_strategy)i;
			return 0;
		}
	}
	return -EINVAL;
}

int tp_limits_of(const struct tp_scenario *scenario, const struct tp_explore_options *options,
		 struct tp_limits *limits)
{
	*limits = (struct tp_limits){
		.memory = scenario->memory,
		.faults = scenario->faults,
		.timers = scenario->timers,
		.max_steps = scenario->max_steps ? scenario->max_steps : DEFAULT_STEPS,
		.cpus = scenario->cpus ? scenario->cpus : DEFAULT_CPUS,
	};
	if (options && options->memory_given)
		limits->memory = options->memory;
	if (options && options->faults_given)
		limits->faults = options->faults;
	if (options && options->timers_given)
		limits->timers = options->timers;
	return (unsigned)limits->memory > TP_MEMORY_C11 ? -EINVAL : 0;
}

static int check_options(const struct tp_explore_options *o)
{
	if ((unsigned)o->strategy >= TP_NR_STRATEGIES)
		return -EINVAL;
	return o->nr_shards && o->shard >= o->nr_shards ? -EINVAL : 0;
}

static const struct tp_strategy_ops *ops_of(enum tp_strategy strategy)
{
	switch (strategy) {
	case TP_STRATEGY_RANDOM:
		return &tp_strategy_random;
	case TP_STRATEGY_PCT:
		return &tp_strategy_pct;
	default:
		return &tp_strategy_search;
	}
}

/* ---- searching ------------------------------------------------------------------------------- */

struct search {
	const struct tp_explore_options *options;
	struct tp_explore_report *report;
	struct tp_deviations first_failed; /* the first finding's */
	uint64_t began_ns, done;	   /* runs begun */
	uint64_t next_look;		   /* at the clock, in steps */
	bool is_random, inexact;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void note_finding(struct search *s, uint64_t run)
{
	struct tp_explore_report *report = s->report;

	if (report->failed++)
		return;
	report->first_failed = run + 1;
	memcpy(report->finding, tp_run.finding, sizeof(report->finding));
	tp_deviations_copy(&s->first_failed, &tp_deviations);
}

static void count(struct search *s, uint64_t run)
{
	struct tp_explore_report *report = s->report;

	report->steps += tp_run.steps;
	report->max_steps = TP_MAX(report->max_steps, tp_run.steps);
	s->inexact |= tp_run.inexact;
	switch (tp_run.outcome) {
	case TP_RUN_PRUNED:
		report->pruned++;
		return;
	case TP_RUN_ELSEWHERE:
		report->elsewhere++;
		return;
	case TP_RUN_FAILED:
		note_finding(s, run);
		break;
	default:
		break;
	}
	report->runs++;
}

static bool is_over(struct search *s)
{
	const struct tp_explore_options *o = s->options;
	struct tp_explore_report *report = s->report;

	if (report->failed && !o->keep_going)
		return true;
	if (o->runs && s->done >= o->runs)
		return true;
	/* Runs count too: there may be no step in them. */
	if (report->steps + s->done < s->next_look)
		return false;
	s->next_look = report->steps + s->done + CHECK_STEPS;
	report->elapsed_ns = now_ns() - s->began_ns;
	if (o->time_ns && report->elapsed_ns >= o->time_ns)
		return true;
	return o->progress && o->progress(report, o->progress_arg);
}

/* A random walk of shard i does runs i, i + n, i + 2n and so on of the whole. */
static uint64_t run_number(const struct search *s)
{
	unsigned n = s->is_random && s->options->nr_shards ? s->options->nr_shards : 1;

	return s->done * n + (n > 1 ? s->options->shard : 0);
}

/* Walks learn from run 0 how long runs get, whichever shard it belongs to. */
static void learn(struct search *s)
{
	if (!s->is_random || !run_number(s))
		return;
	tp_strategy_begin(0);
	tp_run_once();
	tp_strategy_end();
	tp_sites_begin();
	s->report->elsewhere++;
}

static void search(struct search *s)
{
	bool more = true;

	s->began_ns = now_ns();
	learn(s);
	do {
		uint64_t run = run_number(s);

		tp_strategy_begin(run);
		tp_run_once();
		/* It may find that the run belongs elsewhere. */
		more = tp_strategy_end();
		s->done++;
		count(s, run);
	} while (more && !is_over(s));
	s->report->complete = !more && !s->inexact;
	s->report->elapsed_ns = now_ns() - s->began_ns;
}

static void shrink(struct search *s)
{
	struct tp_explore_report *report = s->report;

	if (!report->failed)
		return;
	report->found_length = (unsigned)s->first_failed.nr;
	/* What the scenario keeps for itself between runs cannot be put into a token. */
	if (!tp_shrink(&s->first_failed, report->finding))
		return;
	report->token_length = (unsigned)s->first_failed.nr;
	memcpy(report->finding, tp_run.finding, sizeof(report->finding));
	if (!tp_token_write(&tp_run.limits, &s->first_failed, report->token, sizeof(report->token)))
		report->token[0] = '\0';
}

static void describe(const struct tp_scenario *scenario, const struct tp_limits *limits,
		     const struct tp_strategy_setup *setup, struct tp_explore_report *report)
{
	*report = (struct tp_explore_report){
		.strategy = setup->strategy,
		.memory = limits->memory,
		.faults = limits->faults,
		.timers = limits->timers,
		.bound = setup->bound,
		.depth = setup->depth,
		.shard = setup->shard,
		.nr_shards = setup->nr_shards,
		.seed = setup->seed,
	};
	snprintf(report->scenario, sizeof(report->scenario), "%s", scenario->name);
}

static void do_search(const struct tp_scenario *scenario, const struct tp_limits *limits,
		      const struct tp_explore_options *options, struct tp_explore_report *report)
{
	struct search s = {
		.options = options,
		.report = report,
		.is_random = ops_of(options->strategy) != &tp_strategy_search,
	};

	tp_strategy_setup = (struct tp_strategy_setup){
		.strategy = options->strategy,
		.seed = options->seed,
		.depth = options->depth ? options->depth : DEFAULT_DEPTH,
		.bound = options->bound,
		.shard = options->shard,
		.nr_shards = options->nr_shards,
	};
	describe(scenario, limits, &tp_strategy_setup, report);
	tp_sites_begin();
	tp_strategy_use(ops_of(options->strategy));
	tp_run_prepare(scenario, limits);
	search(&s);
	tp_sites_report(report);
	shrink(&s);
	tp_deviations_free(&s.first_failed);
}

int tp_explore(const struct tp_scenario *scenario, const struct tp_explore_options *options,
	       struct tp_explore_report *report)
{
	struct tp_limits limits;
	int err = tp_limits_of(scenario, options, &limits);

	if (!err)
		err = check_options(options);
	if (!err && is_busy)
		err = -EBUSY;
	if (!err)
		err = tp_run_init();
	if (err)
		return err;
	is_busy = true;
	do_search(scenario, &limits, options, report);
	is_busy = false;
	return 0;
}
