/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* merge_reports - one report from those of the parts of a search. */
#include "cli/merge_reports.h"

#include <string.h>

#include "core/compiler.h"

const char *tp_reports_differ(const struct tp_explore_report *a, const struct tp_explore_report *b)
{
	if (strcmp(a->scenario, b->scenario))
		return "scenario";
	if (a->strategy != b->strategy)
		return "strategy";
	if (a->memory != b->memory)
		return "memory";
	if (a->faults != b->faults)
		return "faults";
	if (a->timers != b->timers)
		return "timers";
	if (a->nr_shards != b->nr_shards)
		return "number of shards";
	if (tp_strategy_counts_runs(a->strategy) && a->seed != b->seed)
		return "seed";
	if (a->strategy == TP_STRATEGY_PCT && a->depth != b->depth)
		return "depth";
	if (a->strategy == TP_STRATEGY_BOUND && a->bound != b->bound)
		return "bound";
	return NULL;
}

static void add_site(struct tp_explore_report *whole, const struct tp_site_use *site)
{
	unsigned at = 0;
	int order = 1;

	while (at < whole->nr_sites && (order = strcmp(whole->sites[at].name, site->name)) < 0)
		at++;
	if (at < whole->nr_sites && !order) {
		whole->sites[at].hits += site->hits;
		whole->sites[at].injected += site->injected;
		return;
	}
	if (whole->nr_sites == TP_EXPLORE_SITES)
		return;
	memmove(&whole->sites[at + 1], &whole->sites[at],
		(whole->nr_sites - at) * sizeof(whole->sites[0]));
	whole->sites[at] = *site;
	whole->nr_sites++;
}

static bool has_better_finding(const struct tp_explore_report *whole,
			       const struct tp_explore_report *part)
{
	if (!part->failed || !whole->failed)
		return part->failed;
	return tp_strategy_counts_runs(whole->strategy) && part->first_failed < whole->first_failed;
}

static void take_finding(struct tp_explore_report *whole, const struct tp_explore_report *part)
{
	whole->first_failed = part->first_failed;
	memcpy(whole->finding, part->finding, sizeof(whole->finding));
	memcpy(whole->token, part->token, sizeof(whole->token));
	whole->token_length = part->token_length;
	whole->found_length = part->found_length;
}

bool tp_report_merge(struct tp_explore_report *whole, const struct tp_explore_report *part)
{
	bool better = has_better_finding(whole, part);

	if (better)
		take_finding(whole, part);
	whole->complete &= part->complete;
	whole->runs += part->runs;
	whole->pruned += part->pruned;
	whole->elsewhere += part->elsewhere;
	whole->steps += part->steps;
	whole->max_steps = TP_MAX(whole->max_steps, part->max_steps);
	whole->failed += part->failed;
	whole->elapsed_ns = TP_MAX(whole->elapsed_ns, part->elapsed_ns);
	for (unsigned i = 0; i < part->nr_sites; i++)
		add_site(whole, &part->sites[i]);
	return better;
}
