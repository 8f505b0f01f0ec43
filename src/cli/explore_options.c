/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explore_options - read what tidepool explore takes. */
#include "cli/explore_options.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "cli/merge_reports.h"
#include "cli/search.h"
#include "lab/units.h"

enum {
	KEY_STRATEGY = TP_KEY_SCENARIO_OWN,
	KEY_RUNS,
	KEY_TIME,
	KEY_SEED,
	KEY_DEPTH,
	KEY_BOUND,
	KEY_KEEP_GOING,
	KEY_JOBS,
	KEY_SHARD,
	KEY_SITES,
	KEY_LIST,
	KEY_JSON,
	KEY_QUIET,
};

const struct argp_option tp_explore_options_table[] = {
	TP_OPTION_LINE("strategy", KEY_STRATEGY, "NAME",
		       "random; pct: random priorities, for what needs few steps in the right "
		       "order; dfs: everything; sleep, dpor: everything that makes a difference; "
		       "bound: everything with few preemptions (dpor)"),
	TP_OPTION_LINE("runs", KEY_RUNS, "N",
		       "end a search after N runs; with --jobs or --shard each part of random and "
		       "pct does its share of them, each part of the others up to N"),
	TP_OPTION_LINE("time", KEY_TIME, "TIME",
		       "end a search after that time (random and pct without --runs: 10s)"),
	TP_OPTION_LINE("seed", KEY_SEED, "N",
		       "random, pct: run k is a function of the seed and of k (1)"),
	TP_OPTION_LINE("depth", KEY_DEPTH, "N",
		       "pct: find what needs N steps in the right order (3)"),
	TP_OPTION_LINE("bound", KEY_BOUND, "N", "bound: up to N preemptions in a run (2)"),
	TP_SCENARIO_OPTIONS,
	TP_OPTION_LINE("keep-going", KEY_KEEP_GOING, NULL,
		       "count the runs with findings instead of ending at the first"),
	TP_OPTION_LINE("jobs", KEY_JOBS, "N",
		       "search in N processes; 0: as many as there are CPUs (1)"),
	TP_OPTION_LINE("shard", KEY_SHARD, "I/N",
		       "search only part I of N, from 1; \"tidepool merge\" puts them together"),
	TP_OPTION_LINE("sites", KEY_SITES, NULL,
		       "at the end list all fault sites, with those that were never met"),
	TP_OPTION_LINE("list", KEY_LIST, NULL, "print names and summaries, search nothing"),
	TP_OPTION_LINE("json", KEY_JSON, NULL, "print one JSON object per line, not a table"),
	TP_OPTION_LINE("quiet", KEY_QUIET, NULL, "print only findings and the verdict"),
	{ .name = NULL },
};

static unsigned nr_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : (unsigned)CPU_COUNT(&cpus);
}

static unsigned parse_jobs(const char *arg, struct argp_state *state)
{
	unsigned jobs = tp_scenario_number(arg, "--jobs", state);

	if (jobs > TP_MAX_JOBS)
		argp_error(state, "--jobs: at most %d of them", TP_MAX_JOBS);
	return jobs ? jobs : nr_cpus();
}

static void parse_shard(const char *arg, struct tp_explore_options *explore,
			struct argp_state *state)
{
	unsigned shard = 0, nr = 0;
	char rest;

	if (strspn(arg, "0123456789/") != strlen(arg) ||
	    sscanf(arg, "%9u/%9u%c", &shard, &nr, &rest) != 2 || !shard || shard > nr ||
	    nr > UINT32_MAX / TP_MAX_JOBS)
		argp_error(state, "--shard: \"%s\" is not of the form I/N with I from 1 to N", arg);
	explore->shard = shard - 1;
	explore->nr_shards = nr;
}

static void parse_time(const char *arg, struct tp_explore_command *command,
		       struct argp_state *state)
{
	command->time_given = true;
	if (tp_duration_parse(arg, &command->common.explore.time_ns))
		argp_error(state, "--time: \"%s\" is no duration (try 30s)", arg);
}

static error_t parse_search(struct tp_explore_command *command, int key, char *arg,
			    struct argp_state *state)
{
	struct tp_explore_options *explore = &command->common.explore;

	switch (key) {
	case KEY_STRATEGY:
		if (tp_strategy_parse(arg, &explore->strategy))
			argp_error(state,
				   "--strategy: \"%s\" is none of random, pct, dfs, sleep, "
				   "dpor, bound",
				   arg);
		break;
	case KEY_RUNS:
		explore->runs = tp_command_number(arg, "--runs", state);
		break;
	case KEY_TIME:
		parse_time(arg, command, state);
		break;
	case KEY_SEED:
		explore->seed = tp_command_number(arg, "--seed", state);
		break;
	case KEY_DEPTH:
		explore->depth = tp_scenario_number(arg, "--depth", state);
		break;
	case KEY_BOUND:
		explore->bound = tp_scenario_number(arg, "--bound", state);
		break;
	case KEY_KEEP_GOING:
		explore->keep_going = true;
		break;
	case KEY_JOBS:
		command->jobs = parse_jobs(arg, state);
		break;
	case KEY_SHARD:
		parse_shard(arg, explore, state);
		break;
	default:
		return tp_scenario_options_parse(&command->common, key, arg, state);
	}
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct tp_explore_command *command = state->input;

	switch (key) {
	case KEY_SITES:
		command->sites = true;
		return 0;
	case KEY_LIST:
		command->list = true;
		return 0;
	case KEY_JSON:
		command->json = true;
		return 0;
	case KEY_QUIET:
		command->quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		command->words = state->argv + state->next;
		command->nr_words = (unsigned)(state->argc - state->next);
		return 0;
	default:
		return parse_search(command, key, arg, state);
	}
}

/* A search that nothing ends would be a surprise. */
static void set_default_limit(struct tp_explore_command *command)
{
	struct tp_explore_options *explore = &command->common.explore;

	if (tp_strategy_counts_runs(explore->strategy) && !explore->runs && !command->time_given)
		explore->time_ns = TP_SECONDS(10);
}

void tp_explore_options_read(struct tp_explore_command *command, int argc, char **argv)
{
	*command = (struct tp_explore_command){ .jobs = 1,
						.common.explore = { .strategy = TP_STRATEGY_DPOR,
								    .seed = 1,
								    .depth = 3,
								    .bound = 2 } };
	tp_command_parse(&tp_command_explore, parse, argc, argv, command);
	set_default_limit(command);
}
