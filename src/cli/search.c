/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* search - explore one scenario in this process. */
#include "cli/search.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/merge_reports.h"
#include "cli/rate.h"
#include "core/compiler.h"
#include "lab/run.h"
#include "lab/units.h"

void tp_search_report_init(const struct tp_search *search, unsigned shard, unsigned nr_shards,
			   struct tp_explore_report *report)
{
	const struct tp_explore_options *o = search->options;
	const struct tp_scenario *s = search->scenario;

	*report = (struct tp_explore_report){
		.strategy = o->strategy,
		.memory = o->memory_given ? o->memory : s->memory,
		.faults = o->faults_given ? o->faults : s->faults,
		.timers = o->timers_given ? o->timers : s->timers,
		.bound = o->bound,
		.depth = o->depth,
		.seed = o->seed,
		.shard = shard,
		.nr_shards = nr_shards,
	};
	snprintf(report->scenario, sizeof(report->scenario), "%s", s->name);
}

/* How many of the runs 0 to @runs - 1 are this shard's, which does every @nr_shards-th. */
static uint64_t share(uint64_t runs, unsigned shard, unsigned nr_shards)
{
	return runs > shard ? (runs - shard - 1) / nr_shards + 1 : 0;
}

int tp_search_shard(const struct tp_search *search, unsigned shard, unsigned nr_shards,
		    bool (*progress)(const struct tp_explore_report *report, void *arg), void *arg,
		    struct tp_explore_report *report)
{
	struct tp_explore_options options = *search->options;

	options.shard = shard;
	options.nr_shards = nr_shards;
	options.progress = progress;
	options.progress_arg = arg;
	if (options.runs && nr_shards > 1 && tp_strategy_counts_runs(options.strategy)) {
		options.runs = share(options.runs, shard, nr_shards);
		if (!options.runs) {
			tp_search_report_init(search, shard, nr_shards, report);
			return 0;
		}
	}
	return tp_explore(search->scenario, &options, report);
}

void tp_search_show(const struct tp_search *search, uint64_t runs, uint64_t elapsed_ns)
{
	char text[160], place[32] = "", time[TP_UNIT_TEXT], rate[TP_RATE_TEXT];

	if (search->of > 1)
		snprintf(place, sizeof(place), "%zu of %zu  ", search->number, search->of);
	snprintf(text, sizeof(text), "%s%s  %" PRIu64 " runs, %s/s, %s; Ctrl-C ends it", place,
		 search->scenario->name, runs, tp_rate_format(rate, runs, elapsed_ns),
		 tp_duration_format(time, elapsed_ns));
	tp_status_text(search->status, text);
}

static bool on_progress(const struct tp_explore_report *report, void *arg)
{
	tp_search_show(arg, report->runs, report->elapsed_ns);
	return tp_run_interrupted();
}

int tp_search(const struct tp_search *search, struct tp_search_result *result)
{
	if (search->jobs > 1)
		return tp_search_with_jobs(search, result);
	result->found_shard = search->options->shard;
	result->found_nr_shards = search->options->nr_shards;
	return tp_search_shard(search, search->options->shard, search->options->nr_shards,
			       on_progress, (void *)search, &result->report);
}
