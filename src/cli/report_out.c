/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report_out - what searches found, for people and for programs. */
#include "cli/report_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json_out.h"
#include "cli/rate.h"
#include "cli/report_json.h"
#include "cli/style.h"
#include "lab/run.h"

/* ---- one report ------------------------------------------------------------------------------ */

static void print_heading(const struct tp_report_out *out)
{
	printf("%-*s  strategy  %-8s  %9s  %7s  %7s  %9s  %5s\n", out->width, "scenario", "verdict",
	       "runs", "pruned", "runs/s", "steps/run", "sites");
}

static void print_verdict_word(const struct tp_explore_report *r)
{
	enum tp_style style = r->complete ? TP_STYLE_GOOD : TP_STYLE_WARN;
	const char *word = r->complete ? "COMPLETE" : "CAPPED";

	if (r->failed) {
		style = TP_STYLE_BAD;
		word = "FOUND";
	}
	printf("%s%-8s%s", tp_style_on(stdout, style), word, tp_style_off(stdout));
}

static void print_row(const struct tp_report_out *out, const struct tp_explore_report *r)
{
	char rate[TP_RATE_TEXT], sites[16] = "-", steps[24] = "-";
	uint64_t begun = r->runs + r->pruned + r->elsewhere;

	if (r->nr_sites)
		snprintf(sites, sizeof(sites), "%u", r->nr_sites);
	/* Those given up took steps too. */
	if (begun)
		snprintf(steps, sizeof(steps), "%.1f", (double)r->steps / (double)begun);
	printf("%-*s  %-8s  ", out->width, r->scenario, tp_strategy_name(r->strategy));
	print_verdict_word(r);
	printf("  %9" PRIu64 "  %7" PRIu64 "  %7s  %9s  %5s\n", r->runs, r->pruned,
	       tp_rate_format(rate, r->runs, r->elapsed_ns), steps, sites);
}

/* The number is unknown if the process died. */
static void print_run(const struct tp_explore_report *r)
{
	if (!r->first_failed)
		return;
	printf("  in       run %" PRIu64, r->first_failed);
	if (r->failed > 1)
		printf(", the first of %" PRIu64 " that fail", r->failed);
	putchar('\n');
}

static void print_token(const struct tp_explore_report *r)
{
	if (!strcmp(r->token, "-"))
		printf("  token    -  (no deviation is needed: tasks run one after another)\n");
	else if (r->found_length)
		printf("  token    %s  (shrunk: %u of %u deviations)\n", r->token, r->token_length,
		       r->found_length);
	else if (r->token[0])
		printf("  token    %s  (not shrunk)\n", r->token);
}

static void print_finding(const struct tp_explore_report *r, const char *replay)
{
	printf("  %sfinding%s  %s\n", tp_style_on(stdout, TP_STYLE_BAD), tp_style_off(stdout),
	       r->finding);
	print_run(r);
	print_token(r);
	printf("replay: %s\n", replay);
}

void tp_report_out_begin(struct tp_report_out *out)
{
	tp_site_table_init(&out->sites);
}

void tp_report_out_add(struct tp_report_out *out, const struct tp_explore_report *report,
		       const char *replay)
{
	out->nr++;
	out->found += report->failed > 0;
	out->complete += !report->failed && report->complete;
	out->last = *report;
	tp_site_table_add(&out->sites, report);
	if (out->json) {
		tp_report_print_json(report, replay);
	} else {
		if (!out->quiet && !out->has_heading)
			print_heading(out);
		out->has_heading = true;
		if (!out->quiet || report->failed)
			print_row(out, report);
		if (report->failed)
			print_finding(report, replay);
	}
	fflush(stdout);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void print_word(FILE *out, enum tp_style style, const char *word)
{
	fprintf(out, "%s%s%s  ", tp_style_on(out, style), word, tp_style_off(out));
}

/* "in every order of steps that makes a difference", and what bounds that. */
static void print_extent(const struct tp_explore_report *r)
{
	fputs(r->strategy == TP_STRATEGY_DFS ? "in every order of steps"
					     : "in every order of steps that makes a difference",
	      stdout);
	if (r->strategy == TP_STRATEGY_BOUND)
		printf(", with up to %u preemption%s", r->bound, r->bound == 1 ? "" : "s");
	if (r->faults)
		printf(", with up to %u fault%s", r->faults, r->faults == 1 ? "" : "s");
	if (r->nr_shards > 1)
		printf(", of shard %u/%u", r->shard + 1, r->nr_shards);
	putchar('\n');
}

static void print_single(const struct tp_explore_report *r)
{
	if (r->failed)
		return;
	if (r->complete) {
		print_word(stdout, TP_STYLE_GOOD, "HELD");
		print_extent(r);
	} else {
		print_word(stdout, TP_STYLE_WARN, "HELD");
		printf("in %" PRIu64 " runs; there are more that were not tried\n", r->runs);
	}
}

static void print_summary(const struct tp_report_out *out)
{
	unsigned capped = out->nr - out->found - out->complete;

	print_word(stdout,
		   out->found ? TP_STYLE_BAD
		   : capped   ? TP_STYLE_WARN
			      : TP_STYLE_GOOD,
		   out->found ? "FOUND" : "HELD");
	if (out->found)
		printf("something in %u of ", out->found);
	printf("%u scenarios; %u complete, %u capped\n", out->nr, out->complete, capped);
}

static void print_verdict(const struct tp_report_out *out)
{
	if (out->json || !out->nr)
		return;
	if (out->of > 1)
		print_summary(out);
	else
		print_single(&out->last);
}

static int print_result(const struct tp_report_out *out, const char *verdict, int code)
{
	unsigned capped = out->nr - out->found - out->complete;
	json_t *totals;

	if (!out->json)
		return code;
	totals = json_pack("{s:i, s:i, s:i, s:i}", "scenarios", (int)out->nr, "found",
			   (int)out->found, "complete", (int)out->complete, "capped", (int)capped);
	tp_json_result(&(struct tp_json_result){
		.command = out->command, .verdict = verdict, .exit = code, .totals = totals });
	return code;
}

int tp_report_out_fail(struct tp_report_out *out, int code)
{
	enum tp_verdict verdict = code == TP_EXIT_USAGE ? TP_VERDICT_USAGE : TP_VERDICT_ENVIRONMENT;

	return print_result(out, tp_verdict_name(verdict), code);
}

static void say_interrupted(const struct tp_report_out *out)
{
	print_word(stderr, TP_STYLE_WARN, "INTERRUPTED");
	fprintf(stderr, "in search %u of %zu; what was done until then held\n", out->nr, out->of);
}

int tp_report_out_end(struct tp_report_out *out, bool interrupted)
{
	enum tp_verdict verdict = out->found	? TP_VERDICT_FINDING
				  : interrupted ? TP_VERDICT_INTERRUPTED
						: TP_VERDICT_HELD;

	if (out->with_sites)
		tp_site_table_print(&out->sites, out->json);
	if (verdict != TP_VERDICT_INTERRUPTED)
		print_verdict(out);
	fflush(stdout);
	if (verdict == TP_VERDICT_INTERRUPTED && !out->json)
		say_interrupted(out);
	if (verdict == TP_VERDICT_HELD && out->lacks_shards)
		return print_result(out, "incomplete", TP_EXIT_FINDING);
	return print_result(out, tp_verdict_name(verdict), tp_verdict_exit_code(verdict));
}
