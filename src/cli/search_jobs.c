/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * search_jobs - explore one scenario in several processes.
 *
 * Each job searches one shard and writes the report as it is through a pipe, now and then and at
 * the end.  A job that ends without its last one has crashed, and that is a finding.
 *
 * After a finding the others are told to stop, those of random and pct once they are past its run:
 * so it is the first one, whatever the jobs' speeds.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/merge_reports.h"
#include "cli/search.h"
#include "core/alloc.h"
#include "core/clock.h"
#include "core/compiler.h"
#include "lab/run.h"

struct message {
	int err;
	bool last;
	struct tp_explore_report report;
};

struct job {
	pid_t pid;
	int fd; /* -1: it has ended */
	unsigned shard;
	bool told_to_stop;
	size_t got; /* bytes of the next message */
	struct message next, latest;
	int status; /* of its end */
};

struct crew {
	const struct tp_search *search;
	unsigned nr_jobs, nr_shards;
	bool interrupted;
	uint64_t begin_ns;
	struct job *jobs;
	struct pollfd *polls;
};

/* ---- in a job -------------------------------------------------------------------------------- */

struct reporter {
	int fd;
	uint64_t last_ns;
};

static void send(int fd, const struct message *message)
{
	const char *bytes = (const char *)message;

	for (size_t done = 0; done < sizeof(*message);) {
		ssize_t wrote = write(fd, bytes + done, sizeof(*message) - done);

		if (wrote < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		done += wrote > 0 ? (size_t)wrote : 0;
	}
}

static bool on_progress(const struct tp_explore_report *report, void *arg)
{
	struct reporter *reporter = arg;
	uint64_t now = tp_clock_now();
	struct message message;

	if (now - reporter->last_ns >= TP_MILLISECONDS(50)) {
		reporter->last_ns = now;
		message = (struct message){ .report = *report };
		send(reporter->fd, &message);
	}
	return tp_run_interrupted();
}

static _Noreturn void work(const struct crew *crew, unsigned shard, int fd)
{
	struct reporter reporter = { .fd = fd };
	struct message message = { .last = true };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tp_interrupt_install_patient();
	message.err = tp_search_shard(crew->search, shard, crew->nr_shards, on_progress, &reporter,
				      &message.report);
	send(fd, &message);
	fflush(NULL);
	_exit(0);
}

/* ---- around the jobs ------------------------------------------------------------------------- */

static int start_job(struct crew *crew, struct job *job)
{
	int ends[2];

	if (pipe(ends))
		return -errno;
	job->pid = fork();
	if (!job->pid) {
		close(ends[0]);
		work(crew, job->shard, ends[1]);
	}
	close(ends[1]);
	if (job->pid < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	job->fd = ends[0];
	return 0;
}

static void tell_to_stop(struct job *job)
{
	if (job->fd >= 0 && !job->told_to_stop)
		kill(job->pid, SIGTERM);
	job->told_to_stop = true;
}

static void end_job(struct job *job)
{
	close(job->fd);
	job->fd = -1;
	while (waitpid(job->pid, &job->status, 0) < 0 && errno == EINTR)
		continue;
}

static void read_job(struct job *job)
{
	ssize_t got = read(job->fd, (char *)&job->next + job->got, sizeof(job->next) - job->got);

	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0) {
		end_job(job);
		return;
	}
	job->got += (size_t)got;
	if (job->got == sizeof(job->next)) {
		job->latest = job->next;
		job->got = 0;
	}
}

/* It did not live to send its last report. */
static bool has_crashed(const struct job *job)
{
	return job->fd < 0 && !job->latest.last;
}

static bool has_found(const struct job *job)
{
	return job->latest.report.failed || has_crashed(job);
}

/* The number over all shards, from 1, of the run after those the job is known to have done. */
static uint64_t next_run(const struct crew *crew, const struct job *job)
{
	return job->latest.report.runs * crew->nr_shards + job->shard + 1;
}

/* May the job still have something to say that counts? */
static bool is_needed(const struct crew *crew, const struct job *job)
{
	bool numbered = tp_strategy_counts_runs(crew->search->options->strategy);

	if (crew->search->options->keep_going)
		return true;
	for (unsigned i = 0; i < crew->nr_jobs; i++) {
		const struct job *other = &crew->jobs[i];

		if (other != job && has_found(other) &&
		    (!numbered || has_crashed(other) ||
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
			tell_to_stop(&crew->jobs[i]);
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
				read_job(&crew->jobs[i]);
		}
	}
	return true;
}

/* ---- their reports --------------------------------------------------------------------------- */

static void describe_crash(const struct crew *crew, struct job *job)
{
	struct tp_explore_report *report = &job->latest.report;
	char how[64];

	if (WIFSIGNALED(job->status))
		snprintf(how, sizeof(how), "crashed with signal %d (%s)", WTERMSIG(job->status),
			 strsignal(WTERMSIG(job->status)));
	else
		snprintf(how, sizeof(how), "ended its process with code %d",
			 WEXITSTATUS(job->status));
	if (!report->scenario[0])
		tp_search_report_init(crew->search, job->shard, crew->nr_shards, report);
	report->failed++;
	report->complete = false;
	report->token[0] = '\0';
	snprintf(report->finding, sizeof(report->finding),
		 "a run of shard %u/%u %s; with gdb --args before it, the command stops there",
		 job->shard + 1, crew->nr_shards, how);
}

static int collect(const struct crew *crew, struct tp_search_result *result)
{
	struct tp_explore_report *whole = &result->report;
	int err = 0;

	for (unsigned i = 0; i < crew->nr_jobs; i++) {
		struct job *job = &crew->jobs[i];
		bool crashed = has_crashed(job), first = !i;

		if (crashed)
			describe_crash(crew, job);
		if (first)
			*whole = job->latest.report;
		if ((first ? whole->failed > 0 : tp_report_merge(whole, &job->latest.report))) {
			result->crash_shard = job->shard;
			result->crash_nr_shards = crashed ? crew->nr_shards : 0;
		}
		err = err ? err : job->latest.err;
	}
	whole->shard = crew->search->options->shard;
	whole->nr_shards = crew->search->options->nr_shards;
	return err;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int start_all(struct crew *crew)
{
	unsigned first = crew->search->options->shard * crew->nr_jobs;
	int err = 0;

	for (unsigned i = 0; i < crew->nr_jobs; i++)
		crew->jobs[i] = (struct job){ .fd = -1, .shard = first + i };
	fflush(NULL);
	for (unsigned i = 0; i < crew->nr_jobs && !err; i++)
		err = start_job(crew, &crew->jobs[i]);
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
