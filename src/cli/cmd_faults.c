/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_faults - tidepool faults [SCRIPT]
 *
 * Without a script: the sites there are.  With one: how often it hits each.  With --all: one run
 * for each hit, which fails.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/fault.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/run_options.h"
#include "cli/sweep.h"
#include "cli/table.h"
#include "core/compiler.h"
#include "lab/units.h"

enum { KEY_ALL = TP_KEY_OWN, KEY_HITS, KEY_TIMEOUT, MAX_SITES = 256 };

struct options {
	struct tp_run_options run;
	bool all;
	uint64_t timeout_ns;
	unsigned hits;
};

static const struct argp_option options_table[] = {
	TP_RUN_OPTIONS,
	TP_OPTION_LINE("all", KEY_ALL, NULL,
		       "run SCRIPT once for each site it hits, letting that site fail"),
	TP_OPTION_LINE("hits", KEY_HITS, "N",
		       "with --all: try N hits of each site, from the first to the last (3)"),
	TP_OPTION_LINE("timeout", KEY_TIMEOUT, "TIME",
		       "with --all: a run that takes longer hangs (60s)"),
	{ .name = NULL },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;
	uint64_t hits;

	switch (key) {
	case KEY_ALL:
		options->all = true;
		return 0;
	case KEY_HITS:
		if (tp_size_parse(arg, &hits) || !hits || hits > UINT32_MAX)
			argp_error(state, "--hits: \"%s\" is no number from 1", arg);
		options->hits = (unsigned)hits;
		return 0;
	case KEY_TIMEOUT:
		if (tp_duration_parse(arg, &options->timeout_ns))
			argp_error(state, "--timeout: \"%s\" is no duration (try 30s)", arg);
		return 0;
	case ARGP_KEY_END:
		if (options->all && !options->run.script)
			argp_error(state, "--all: which script? try scenarios/faults.lua");
		return 0;
	default:
		return tp_run_options_parse(&options->run, key, arg, state);
	}
}

static void print_site(const struct tp_fault_info *site, bool with_hits)
{
	if (with_hits)
		printf("%-28s %10" PRIu64 "  %8" PRIu64 "\n", site->name, site->hits,
		       site->injected);
	else
		printf("%-28s %s:%d\n", site->name, site->file, site->line);
}

static void print_site_json(const struct tp_fault_info *site)
{
	tp_json_print("site",
		      json_pack("{s:s, s:s, s:i, s:I, s:I}", "name", site->name, "file", site->file,
				"line", site->line, "hits", (json_int_t)site->hits, "injected",
				(json_int_t)site->injected));
}

static void print_sites(const struct options *options)
{
	struct tp_fault_info sites[MAX_SITES];
	size_t nr = tp_fault_list(sites, MAX_SITES);
	bool with_hits = options->run.script;

	if (with_hits && !options->run.json)
		printf("%-28s %10s  %8s\n", "site", "hits", "injected");
	for (size_t i = 0; i < TP_MIN(nr, (size_t)MAX_SITES); i++) {
		if (options->run.json)
			print_site_json(&sites[i]);
		else
			print_site(&sites[i], with_hits);
	}
}

static int run_and_list(const struct options *options)
{
	const struct tp_run_config config = tp_run_options_config(&options->run);
	struct tp_replay again = tp_run_options_replay(&options->run);
	char replay[TP_REPLAY_TEXT];
	struct tp_run *run;
	int code;

	tp_replay_on_crash(tp_replay_command(replay, &again));
	if (options->run.json)
		tp_json_begin("faults", &config);
	if (tp_run_script(&config, &run)) {
		tp_message("there is no memory to begin with");
		return TP_EXIT_ENVIRONMENT;
	}
	print_sites(options);
	fflush(stdout);
	if (options->run.json)
		tp_json_end("faults", run, replay);
	else
		tp_verdict_print(stderr, run, replay);
	code = tp_verdict_exit_code(run->verdict);
	tp_run_destroy(run);
	return code;
}

static int faults_main(int argc, char **argv)
{
	struct options options = { .timeout_ns = TP_SECONDS(60), .hits = 3 };

	tp_run_options_init(&options.run);
	tp_command_parse(&tp_command_faults, parse, argc, argv, &options);
	if (!tp_run_options_check(&options.run))
		return TP_EXIT_USAGE;
	if (!options.run.script) {
		print_sites(&options);
		if (options.run.json)
			tp_json_result(
				&(struct tp_json_result){ .command = "faults", .verdict = "held" });
		return TP_EXIT_HELD;
	}
	tp_interrupt_install();
	if (!options.all)
		return run_and_list(&options);
	return tp_sweep(&(struct tp_sweep_options){
		.run = &options.run, .hits = options.hits, .timeout_ns = options.timeout_ns });
}

const struct tp_command tp_command_faults = {
	.name = "faults",
	.args = "[SCRIPT [NAME=VALUE...]]",
	.summary = "list the steps that can be made to fail, or make them all fail",
	.text = "List the fault sites: the internal steps that can be made to fail.\v"
		"With SCRIPT, run it and say how often each site was hit.  With --all, run it "
		"again and again, each time with one fault, and check that the machine is sound "
		"and every byte there whatever fails.",
	.options = options_table,
	.main = faults_main,
};
