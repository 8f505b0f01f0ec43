/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_explore - tidepool explore [SCENARIO...]
 *
 * Without a scenario: those there are.  With some: search each in turn.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/merge_reports.h"
#include "cli/replay.h"
#include "cli/replay_command.h"
#include "cli/report_out.h"
#include "cli/scenario_options.h"
#include "cli/scenario_set.h"
#include "cli/search.h"
#include "core/compiler.h"
#include "lab/run.h"
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
	KEY_LIST,
	KEY_JSON,
	KEY_QUIET,
};

struct options {
	struct tp_scenario_options common;
	char **words;
	unsigned nr_words, jobs;
	bool list, json, quiet, time_given;
};

static const struct argp_option options_table[] = {
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
	TP_OPTION_LINE("list", KEY_LIST, NULL, "print names and summaries, search nothing"),
	TP_OPTION_LINE("json", KEY_JSON, NULL, "print one JSON object per line, not a table"),
	TP_OPTION_LINE("quiet", KEY_QUIET, NULL, "print only findings and the verdict"),
	{ .name = NULL },
};

/* ---- options --------------------------------------------------------------------------------- */

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
	unsigned shard, nr;
	char rest;

	if (strspn(arg, "0123456789/") != strlen(arg) ||
	    sscanf(arg, "%9u/%9u%c", &shard, &nr, &rest) != 2 || !shard || shard > nr ||
	    nr > UINT32_MAX / TP_MAX_JOBS)
		argp_error(state, "--shard: \"%s\" is not of the form I/N with I from 1 to N", arg);
	explore->shard = shard - 1;
	explore->nr_shards = nr;
}

static void parse_time(const char *arg, struct options *options, struct argp_state *state)
{
	options->time_given = true;
	if (tp_duration_parse(arg, &options->common.explore.time_ns))
		argp_error(state, "--time: \"%s\" is no duration (try 30s)", arg);
}

static error_t parse_search(struct options *options, int key, char *arg, struct argp_state *state)
{
	struct tp_explore_options *explore = &options->common.explore;

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
		parse_time(arg, options, state);
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
		options->jobs = parse_jobs(arg, state);
		break;
	case KEY_SHARD:
		parse_shard(arg, explore, state);
		break;
	default:
		return tp_scenario_options_parse(&options->common, key, arg, state);
	}
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_LIST:
		options->list = true;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_QUIET:
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->words = state->argv + state->next;
		options->nr_words = (unsigned)(state->argc - state->next);
		return 0;
	default:
		return parse_search(options, key, arg, state);
	}
}

/* A search that nothing ends would be a surprise. */
static void set_default_limit(struct options *options)
{
	struct tp_explore_options *explore = &options->common.explore;

	if (tp_strategy_counts_runs(explore->strategy) && !explore->runs && !options->time_given)
		explore->time_ns = TP_SECONDS(10);
}

/* ---- the list -------------------------------------------------------------------------------- */

static int name_width(const struct tp_scenario_set *set)
{
	size_t width = strlen("scenario");

	for (size_t i = 0; i < set->nr; i++)
		width = TP_MAX(width, strlen(set->entries[i].scenario->name));
	return (int)width;
}

static void list(const struct tp_scenario_set *set, bool json)
{
	int width = name_width(set);

	for (size_t i = 0; i < set->nr; i++) {
		const struct tp_scenario *s = set->entries[i].scenario;

		if (json)
			tp_json_print("scenario",
				      json_pack("{s:o, s:o, s:s, s:i, s:i}", "name",
						tp_json_text(s->name), "summary",
						tp_json_text(s->summary ? s->summary : ""),
						"memory", tp_memory_name(s->memory), "faults",
						(int)s->faults, "timers", (int)s->timers));
		else
			printf("%-*s  %s\n", width, s->name, s->summary ? s->summary : "");
	}
}

/* ---- searches -------------------------------------------------------------------------------- */

static const char *replay_of(char buf[TP_REPLAY_COMMAND], const struct options *options,
			     const char *word, const struct tp_search_result *result)
{
	buf[0] = '\0';
	if (!result->report.failed)
		return buf;
	if (result->crash_nr_shards)
		return tp_search_again_command(buf, word, &options->common, result->crash_shard,
					       result->crash_nr_shards);
	return tp_replay_token_command(buf, word, result->report.token, &options->common);
}

static int no_search(const char *name, int err)
{
	if (err == -EINVAL) {
		tp_message("%s cannot be searched with these options", name);
		return TP_EXIT_USAGE;
	}
	tp_message("%s cannot be searched here: %s", name, strerror(-err));
	return TP_EXIT_ENVIRONMENT;
}

/* If this process dies of the scenario's mistake, say how to get there again. */
static void prepare_for_crash(const struct options *options, const char *word)
{
	const struct tp_explore_options *explore = &options->common.explore;
	char again[TP_REPLAY_COMMAND];

	tp_replay_on_crash(tp_search_again_command(again, word, &options->common, explore->shard,
						   explore->nr_shards));
}

static int search_one(const struct options *options, const struct tp_scenario_entry *entry,
		      struct tp_search *search, struct tp_report_out *out)
{
	struct tp_search_result result;
	char replay[TP_REPLAY_COMMAND];
	int err;

	search->scenario = entry->scenario;
	search->number++;
	if (search->jobs == 1)
		prepare_for_crash(options, entry->word);
	err = tp_search(search, &result);
	tp_status_clear(search->status);
	if (err)
		return no_search(entry->scenario->name, err);
	tp_report_out_add(out, &result.report, replay_of(replay, options, entry->word, &result));
	return 0;
}

static int search_all(const struct options *options, const struct tp_scenario_set *set)
{
	struct tp_report_out out = { .json = options->json,
				     .quiet = options->quiet,
				     .width = name_width(set),
				     .of = set->nr };
	struct tp_status_line status;
	struct tp_search search = { .options = &options->common.explore,
				    .jobs = options->jobs,
				    .status = &status,
				    .of = set->nr };
	int code = 0;

	tp_status_init(&status, options->quiet);
	tp_interrupt_install();
	for (size_t i = 0; i < set->nr && !code && !tp_run_interrupted(); i++)
		code = search_one(options, &set->entries[i], &search, &out);
	return code ? code : tp_report_out_end(&out, tp_run_interrupted());
}

static int explore_main(int argc, char **argv)
{
	static char everything[] = "*";
	static char *all[] = { everything };
	struct options options = { .jobs = 1,
				   .common.explore = { .strategy = TP_STRATEGY_DPOR,
						       .seed = 1,
						       .depth = 3,
						       .bound = 2 } };
	struct tp_scenario_set set;
	int code;

	tp_command_parse(&tp_command_explore, parse, argc, argv, &options);
	set_default_limit(&options);
	if (!options.nr_words) {
		options.words = all;
		options.nr_words = 1;
		options.list = true;
	}
	code = tp_scenario_load(&options.common);
	if (!code)
		code = tp_scenario_set_create(&set, options.words, options.nr_words);
	if (code)
		return code;
	if (options.list)
		list(&set, options.json);
	else
		code = search_all(&options, &set);
	tp_scenario_set_destroy(&set);
	return code;
}

const struct tp_command tp_command_explore = {
	.name = "explore",
	.args = "[SCENARIO...]",
	.summary = "run scenarios in every order of steps, and find the one that fails",
	.text = "Run scenarios in every order of steps, and find the one that fails.\v"
		"SCENARIO is a name, a pattern like 'mm/*', or a Lua file; without one, those "
		"that are known are listed.  Every search ends COMPLETE, if nothing is left to try, "
		"or CAPPED.  A finding comes with the command that brings it back.  Exit code: "
		"0 all held, 1 a finding, 2 an option or a scenario is wrong, 3 the system lacks "
		"something, 130 interrupted.",
	.options = options_table,
	.main = explore_main,
};
