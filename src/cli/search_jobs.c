/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * search_jobs - explore one scenario in several processes.
 *
 * After a finding the others are told to stop, those of random and pct once they are past its run:
 * so it is the first one, whatever the jobs' speeds.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "cli/merge_reports.h"
#include "cli/search_job.h"
#include "core/alloc.h"
#include "core/clock.h"
#include "core/compiler.h"
#include "lab/run.h"

struct crew {
	const struct tp_search *search;
	unsigned nr_jobs, nr_shards;
	bool interrupted;
	uint64_t begin_ns;
	struct tp_job *jobs;
	struct pollfd *polls;
};

/* ---- while they work ------------------------------------------------------------------------- */

static bool has_found(const struct tp_job *job)
{
	return job->latest.report.failed || tp_job_has_crashed(job);
}

/* The number over all shards, from 1, of the run after those the job is known to have done. */
static uint64_t next_run(const struct crew *crew, const struct tp_job *job)
{
	return job->latest.report.runs * crew->nr_shards + job->shard + 1;
}

/* May the job still have something to say that counts? */
static bool is_needed(const struct crew *crew, const struct tp_job *job)
{
	bool numbered = tp_strategy_counts_runs(crew->search->options->strategy);

	if (crew->search->options->keep_going)
		return true;
	for (unsigned i = 0; i < crew->nr_jobs; i++) {
		const struct tp_job *other = &crew->jobs[i];

		if (other != job && has_found(other) &&
		    (!numbered || tp_job_has_crashed(other) ||
		     next_run(crew, job) >= other->latest.report.first_failed))
			return false;
	}
	return true;
}

static void stop_who_should(struct crew *crew)
{
	crew->interrupted |= tp_run_interrupted();
	for (unsigned i = 0; i < crew->nr_jobs; i++) {
		if (crew->interrupted || !is_needed(crew, &crew->jobs[i]))
			tp_job_stop(&crew->jobs[i]);
	}
}

static void show(const struct crew *crew)
{
	uint64_t runs = 0;

	for (unsigned i = 0; i < crew->nr_jobs; i++)
		runs += crew->jobs[i].latest.report.runs;
	tp_search_show(crew->search, runs, tp_clock_now() - crew->begin_ns);
}

/* False: all have ended. */
static bool attend(struct crew *crew)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < crew->nr_jobs; i++) {
		/* poll() leaves out what is negative. */
		crew->polls[i] = (struct pollfd){ .fd = crew->jobs[i].fd, .events = POLLIN };
		nr += crew->jobs[i].fd >= 0;
	}
	if (!nr)
		return false;
	if (poll(crew->polls, crew->nr_jobs, 100) > 0) {
		for (unsigned i = 0; i < crew->nr_jobs; i++) {
			if (crew->polls[i].revents)
				tp_job_read(&crew->jobs[i]);
		}
	}
	return true;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int collect(const struct crew *crew, struct tp_search_result *result)
{
	struct tp_explore_report *whole = &result->report;
	int err = 0;

	for (unsigned i = 0; i < crew->nr_jobs; i++) {
		struct tp_job *job = &crew->jobs[i];
		bool first = !i;

		if (tp_job_has_crashed(job))
			tp_job_add_crash(job);
		if (first)
			*whole = job->latest.report;
		if ((first ? whole->failed > 0 : tp_report_merge(whole, &job->latest.report))) {
			result->found_shard = job->shard;
			result->found_nr_shards = crew->nr_shards;
		}
		err = err ? err : job->latest.err;
	}
	whole->shard = crew->search->options->shard;
	whole->nr_shards = crew->search->options->nr_shards;
	return err;
}

static int start_all(struct crew *crew)
{
	unsigned first = crew->search->options->shard * crew->nr_jobs;
	int err = 0;

	for (unsigned i = 0; i < crew->nr_jobs; i++)
		crew->jobs[i].fd = -1;
	fflush(NULL);
	for (unsigned i = 0; i < crew->nr_jobs && !err; i++)
		err = tp_job_start(&crew->jobs[i], crew->search, first + i, crew->nr_shards);
	return err;
}

static int run_crew(struct crew *crew, struct tp_search_result *result)
{
	int err = start_all(crew);

	if (err)
		crew->interrupted = true;
	do {
		stop_who_should(crew);
		show(crew);
	} while (attend(crew));
	return err ? err : collect(crew, result);
}

int tp_search_with_jobs(const struct tp_search *search, struct tp_search_result *result)
{
	struct crew crew = { .search = search,
			     .nr_jobs = search->jobs,
			     .nr_shards = TP_MAX(search->options->nr_shards, 1u) * search->jobs,
			     .begin_ns = tp_clock_now() };
	int err = -ENOMEM;

	crew.jobs = tp_zalloc_array(crew.nr_jobs, sizeof(*crew.jobs));
	crew.polls = tp_zalloc_array(crew.nr_jobs, sizeof(*crew.polls));
	if (crew.jobs && crew.polls)
		err = run_crew(&crew, result);
	tp_free(crew.polls);
	tp_free(crew.jobs);
	return err;
}
