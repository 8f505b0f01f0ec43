/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sweep - single fault injection over a script.
 *
 * A clean run counts how often each site is hit; then the script runs once for each chosen hit,
 * which fails.  Whatever that makes fail is tried a second time, so that the run goes on over what
 * the failure left behind.
 */
#include "cli/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/style.h"
#include "cli/trial.h"
#include "core/alloc.h"
#include "lab/units.h"

struct sweep {
	const struct tp_sweep_options *options;
	struct tp_status_line status;
	struct tp_trial clean, trial;
	unsigned runs, bad, sites_hit;
	unsigned counts[TP_TRIAL_INTERRUPTED + 1]; /* of the site at hand, by outcome */
};

static void replay_of(const struct sweep *sweep, const struct tp_injection *injection,
		      char text[TP_REPLAY_TEXT])
{
	struct tp_replay replay = tp_run_options_replay(sweep->options->run);

	replay.injections = injection;
	replay.nr_injections = 1;
	replay.retry = true;
	tp_replay_command(text, &replay);
}

static void print_bad(struct sweep *sweep, const struct tp_injection *injection)
{
	char replay[TP_REPLAY_TEXT];

	replay_of(sweep, injection, replay);
	tp_status_clear(&sweep->status);
	printf("%s%s%s  %s, hit %" PRIu64 ":\n%s\nreplay: %s\n\n",
	       tp_style_on(stdout, TP_STYLE_BAD), tp_trial_outcome_name(sweep->trial.outcome),
	       tp_style_off(stdout), injection->name, injection->nth, sweep->trial.text, replay);
}

static void print_json(struct sweep *sweep, const struct tp_injection *injection)
{
	/* Not those of the table, where the bad ones stand out in capitals. */
	static const char *const outcomes[] = {
		[TP_TRIAL_HELD] = "held",
		[TP_TRIAL_ENDED] = "ended",
		[TP_TRIAL_NOT_REACHED] = "not_reached",
		[TP_TRIAL_FINDING] = "finding",
		[TP_TRIAL_CRASH] = "crash",
		[TP_TRIAL_HANG] = "hang",
		[TP_TRIAL_INTERRUPTED] = "interrupted",
	};
	char replay[TP_REPLAY_TEXT];

	replay_of(sweep, injection, replay);
	tp_json_print("injection", json_pack("{s:s, s:I, s:s, s:o, s:o}", "site", injection->name,
					     "hit", (json_int_t)injection->nth, "outcome",
					     outcomes[sweep->trial.outcome], "text",
					     tp_json_text_or_null(sweep->trial.text), "replay",
					     tp_json_text_or_null(injection->nth ? replay : NULL)));
}

static json_t *totals_json(const struct sweep *sweep)
{
	return json_pack("{s:i, s:i, s:i, s:i}", "runs", (int)sweep->runs, "bad", (int)sweep->bad,
			 "sites_hit", (int)sweep->sites_hit, "sites", (int)sweep->clean.nr_sites);
}

static int print_result(const struct sweep *sweep, enum tp_verdict verdict, const char *message)
{
	int code = tp_verdict_exit_code(verdict);

	if (sweep->options->run->json)
		tp_json_result(&(struct tp_json_result){ .command = "faults",
							 .verdict = tp_verdict_name(verdict),
							 .exit = code,
							 .message = message,
							 .totals = totals_json(sweep) });
	return code;
}

/* 0, or why no child could be had. */
static int run_trial(struct sweep *sweep, struct tp_injection *injection, uint64_t hits)
{
	char text[128];
	int err;

	do {
		snprintf(text, sizeof(text), "run %u  %s, hit %" PRIu64 " of %" PRIu64,
			 sweep->runs + 1, injection->name, injection->nth, hits);
		tp_status_text(&sweep->status, text);
		err = tp_trial_run(sweep->options->run, injection, sweep->options->timeout_ns,
				   &sweep->trial);
		if (err || sweep->trial.outcome != TP_TRIAL_NOT_REACHED)
			return err;
		/* Threads do not hit a site equally often in every run. */
		injection->nth /= 2;
	} while (injection->nth);
	return 0;
}

static int try_hit(struct sweep *sweep, const char *site, uint64_t nth, uint64_t hits)
{
	struct tp_injection injection = { .name = site, .nth = nth };
	int err = run_trial(sweep, &injection, hits);

	if (err)
		return err;
	sweep->runs++;
	sweep->counts[sweep->trial.outcome]++;
	if (sweep->options->run->json)
		print_json(sweep, &injection);
	if (!tp_trial_is_bad(sweep->trial.outcome))
		return 0;
	sweep->bad++;
	if (!sweep->options->run->json)
		print_bad(sweep, &injection);
	return 0;
}

static void print_site(const struct sweep *sweep, const struct tp_fault_info *site)
{
	printf("%-28s %10" PRIu64, site->name, site->hits);
	if (!site->hits)
		printf("   %snever reached by this script%s", tp_style_on(stdout, TP_STYLE_DIM),
		       tp_style_off(stdout));
	for (int i = 0; i <= TP_TRIAL_INTERRUPTED; i++) {
		if (sweep->counts[i])
			printf("   %u %s", sweep->counts[i],
			       tp_trial_outcome_name((enum tp_trial_outcome)i));
	}
	putchar('\n');
	fflush(stdout);
}

/* Hits 1 to @hits, or that many of them from the first to the last. */
static int try_site(struct sweep *sweep, const struct tp_fault_info *site)
{
	uint64_t tries = TP_MIN(site->hits, (uint64_t)sweep->options->hits);
	int err = 0;

	memset(sweep->counts, 0, sizeof(sweep->counts));
	for (uint64_t i = 0; i < tries && !err && !tp_run_interrupted(); i++) {
		uint64_t nth = tries == 1 ? 1 : 1 + i * (site->hits - 1) / (tries - 1);

		err = try_hit(sweep, site->name, nth, site->hits);
	}
	sweep->sites_hit += site->hits > 0;
	tp_status_clear(&sweep->status);
	if (!sweep->options->run->json && !sweep->options->run->quiet)
		print_site(sweep, site);
	return err;
}

static int no_child(const struct sweep *sweep, int err)
{
	tp_message("no child process can be had: %s", strerror(-err));
	return print_result(sweep, TP_VERDICT_ENVIRONMENT, "no child process can be had");
}

static int clean_run(struct sweep *sweep)
{
	int err;

	tp_status_text(&sweep->status, "counting the hits of every site");
	err = tp_trial_run(sweep->options->run, NULL, sweep->options->timeout_ns, &sweep->clean);
	tp_status_clear(&sweep->status);
	if (err)
		return no_child(sweep, err);
	if (sweep->clean.outcome == TP_TRIAL_HELD)
		return 0;
	if (sweep->clean.outcome == TP_TRIAL_INTERRUPTED) {
		tp_message("interrupted before the first fault");
		return print_result(sweep, TP_VERDICT_INTERRUPTED, NULL);
	}
	tp_message("the script does not even hold without a fault: %s\n%s",
		   tp_trial_outcome_name(sweep->clean.outcome), sweep->clean.text);
	return print_result(sweep,
			    sweep->clean.outcome == TP_TRIAL_FINDING ? TP_VERDICT_USAGE
								     : TP_VERDICT_FINDING,
			    "the script does not even hold without a fault");
}

static void print_summary(const struct sweep *sweep)
{
	printf("\n%s%s%s  %u of %zu sites reached, %u runs with one fault each: ",
	       tp_style_on(stdout, sweep->bad ? TP_STYLE_BAD : TP_STYLE_GOOD),
	       sweep->bad ? "FOUND" : "HELD", tp_style_off(stdout), sweep->sites_hit,
	       sweep->clean.nr_sites, sweep->runs);
	if (sweep->bad)
		printf("%u went wrong\n", sweep->bad);
	else
		puts("all ended sound, no byte lost");
}

static int summarise(const struct sweep *sweep)
{
	if (!sweep->options->run->json)
		print_summary(sweep);
	return print_result(sweep,
			    tp_run_interrupted() ? TP_VERDICT_INTERRUPTED
			    : sweep->bad	 ? TP_VERDICT_FINDING
						 : TP_VERDICT_HELD,
			    NULL);
}

static int sweep_sites(struct sweep *sweep)
{
	int err = 0;

	if (!sweep->options->run->json && !sweep->options->run->quiet)
		printf("seed %" PRIu64 "\n%-28s %10s   outcome\n", sweep->options->run->seed,
		       "site", "hits");
	for (size_t i = 0; i < sweep->clean.nr_sites && !err && !tp_run_interrupted(); i++)
		err = try_site(sweep, &sweep->clean.sites[i]);
	return err ? no_child(sweep, err) : summarise(sweep);
}

int tp_sweep(const struct tp_sweep_options *options)
{
	struct sweep *sweep = tp_zalloc(sizeof(*sweep));
	int code;

	if (!sweep) {
		tp_message("there is no memory to begin with");
		return TP_EXIT_ENVIRONMENT;
	}
	sweep->options = options;
	tp_status_init(&sweep->status, options->run->quiet);
	if (options->run->json) {
		const struct tp_run_config config = tp_run_options_config(options->run);

		tp_json_begin("faults", &config);
	}
	code = clean_run(sweep);
	if (!code)
		code = sweep_sites(sweep);
	tp_free(sweep);
	return code;
}
