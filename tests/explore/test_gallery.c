/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gallery - does the explorer find bugs that are there, and clear the code without them?
 *
 * For each row of gallery.h: with the bug switched on a search must find it, and the token must
 * bring it back; without it the same search must come to its end and find nothing.
 */
#include <stdio.h>
#include <string.h>

#include <tidepool/explore.h>

#include "gallery.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const uint64_t time_limit_ns = TP_SECONDS(120);

static unsigned failures;

static struct tp_explore_report search(const char *name, const struct tp_explore_options *options)
{
	const struct tp_scenario *scenario = tp_scenario_find(name);
	struct tp_explore_report report = { .complete = false };

	if (!scenario || tp_explore(scenario, options, &report))
		snprintf(report.finding, sizeof(report.finding), "could not be searched");
	return report;
}

static bool comes_back(const char *name, const struct tp_explore_report *report)
{
	struct tp_story *story;
	bool same;

	if (tp_replay(tp_scenario_find(name), report->token, NULL, &story))
		return false;
	same = !strcmp(story->finding, report->finding);
	tp_story_destroy(story);
	return same;
}

/* ---- what a row says ------------------------------------------------------------------------- */

/* "held": it had no reason to fail. */
static const char *verdict(bool held, const char *otherwise)
{
	failures += !held;
	return held ? "" : otherwise;
}

/* The place and the words, without line ends, as far as the line has room. */
static void print_finding(const char *finding)
{
	int room = 64;

	for (; *finding && room; finding++, room--)
		putchar(*finding == '\n' ? ' ' : *finding);
	puts(*finding ? "..." : "");
}

static void print_conviction(const char *name, const struct tp_explore_report *found)
{
	printf(" %7llu %3u of %-3u%s", (unsigned long long)found->first_failed, found->token_length,
	       found->found_length,
	       verdict(found->failed && comes_back(name, found), " NOT CONVICTED"));
}

static void print_acquittal(const struct tp_explore_report *cleared, bool capped)
{
	printf(" %8llu %-8s%s", (unsigned long long)(cleared->runs + cleared->pruned),
	       cleared->complete ? "COMPLETE" : "CAPPED",
	       verdict(!cleared->failed && (cleared->complete || capped), " NOT CLEARED"));
}

/* ---- models ---------------------------------------------------------------------------------- */

static struct tp_explore_options model_options(const struct gallery_model *model)
{
	return (struct tp_explore_options){ .strategy = TP_STRATEGY_DPOR,
					    .time_ns = time_limit_ns,
					    .faults_given = true,
					    .faults = model->faults,
					    .memory_given = true,
					    .memory = model->memory };
}

/* With less than it takes: one fault less, or a memory in which everything has its order. */
static bool is_hidden(const struct gallery_model *model)
{
	struct tp_explore_options options = model_options(model);
	struct tp_explore_report report;

	if (!model->faults && model->memory == TP_MEMORY_SC)
		return true;
	options.faults -= !!model->faults;
	options.memory = TP_MEMORY_SC;
	report = search(model->broken, &options);
	return report.complete && !report.failed;
}

static void show_model(const struct gallery_model *model)
{
	struct tp_explore_options options = model_options(model);
	struct tp_explore_report found = search(model->broken, &options),
				 cleared = search(model->right, &options);

	printf("%-26s %-20s %-4s", model->broken, model->right,
	       model->memory == TP_MEMORY_C11 ? "c11" : "");
	print_conviction(model->broken, &found);
	print_acquittal(&cleared, false);
	printf("%s%s  ", verdict(found.first_failed <= GALLERY_MODEL_RUNS, " TOO LATE"),
	       verdict(is_hidden(model), " TOO EASY"));
	print_finding(found.finding);
}

/* ---- bugs on purpose ------------------------------------------------------------------------- */

static void show_row(const struct gallery_row *row)
{
	const struct tp_explore_options options = { .strategy = row->strategy,
						    .runs = row->runs,
						    .time_ns = time_limit_ns,
						    .seed = 1,
						    .memory_given = true,
						    .memory = row->memory };
	struct tp_explore_report found, cleared;

	printf("%-20s %-28s %-31s %-4s", tp_mutant_infos[row->mutant].name, row->subject,
	       row->scenario, row->memory == TP_MEMORY_C11 ? "c11" : "");
	tp_mutant = row->mutant;
	found = search(row->scenario, &options);
	print_conviction(row->scenario, &found);
	tp_mutant = TP_MUTANT_none;
	cleared = search(row->scenario, &options);
	print_acquittal(&cleared, row->runs);
	printf("  ");
	print_finding(found.finding);
}

static bool is_shown(enum tp_mutant mutant)
{
	for (size_t i = 0; i < ROWS(gallery_rows); i++)
		if (gallery_rows[i].mutant == mutant)
			return true;
	return false;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%-26s %-20s %-4s %7s %-10s %8s %-8s  %s\n", "broken", "right", "", "at run",
	       "switches", "runs", "", "finding");
	for (size_t i = 0; i < ROWS(gallery_models); i++)
		show_model(&gallery_models[i]);
	printf("\n%-20s %-28s %-31s %-4s %7s %-10s %8s %-8s  %s\n", "mutant", "subject", "scenario",
	       "", "at run", "switches", "runs", "", "finding");
	for (size_t i = 0; i < ROWS(gallery_rows); i++)
		show_row(&gallery_rows[i]);
	for (enum tp_mutant m = TP_MUTANT_none + 1; m < TP_NR_MUTANTS; m++)
		if (!is_shown(m))
			printf("%-20s %s\n", tp_mutant_infos[m].name,
			       verdict(false, "NO ROW SHOWS IT"));
	printf("\n%u of the expectations failed\n", failures);
	return failures > 0;
}
