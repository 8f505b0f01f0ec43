/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* search_job - a child process that searches one shard. */
#include "cli/search_job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/crash.h"
#include "cli/interrupt.h"
#include "core/clock.h"
#include "lab/run.h"

/* ---- in the child ---------------------------------------------------------------------------- */

struct reporter {
	int fd;
	uint64_t last_ns;
};

static void send(int fd, const struct tp_job_message *message)
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
	struct tp_job_message message;

	if (now - reporter->last_ns >= TP_MILLISECONDS(50)) {
		reporter->last_ns = now;
		message = (struct tp_job_message){ .report = *report };
		send(reporter->fd, &message);
	}
	return tp_run_interrupted();
}

static int dying_fd;
static struct tp_job_message dying = { .dying = true };

static void send_token(void)
{
	if (tp_explore_token_now(dying.report.token, sizeof(dying.report.token)))
		send(dying_fd, &dying);
}

static _Noreturn void work(const struct tp_search *search, unsigned shard, unsigned nr_shards,
			   int fd)
{
	struct reporter reporter = { .fd = fd };
	struct tp_job_message message = { .last = true };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tp_interrupt_install_patient();
	dying_fd = fd;
	tp_crash_watch(send_token);
	message.err =
		tp_search_shard(search, shard, nr_shards, on_progress, &reporter, &message.report);
	send(fd, &message);
	fflush(NULL);
	_exit(0);
}

/* ---- in the parent --------------------------------------------------------------------------- */

int tp_job_start(struct tp_job *job, const struct tp_search *search, unsigned shard,
		 unsigned nr_shards)
{
	int ends[2];

	job->shard = shard;
	job->fd = -1;
	tp_search_report_init(search, shard, nr_shards, &job->latest.report);
	if (pipe(ends))
		return -errno;
	job->pid = fork();
	if (!job->pid) {
		close(ends[0]);
		work(search, shard, nr_shards, ends[1]);
	}
	close(ends[1]);
	if (job->pid < 0) {
		close(ends[0]);
		return -EAGAIN;
	}
	job->fd = ends[0];
	return 0;
}

void tp_job_stop(struct tp_job *job)
{
	if (job->fd >= 0 && !job->told_to_stop)
		kill(job->pid, SIGTERM);
	job->told_to_stop = true;
}

static void note_end(struct tp_job *job)
{
	close(job->fd);
	job->fd = -1;
	while (waitpid(job->pid, &job->status, 0) < 0 && errno == EINTR)
		continue;
}

void tp_job_read(struct tp_job *job)
{
	ssize_t got = read(job->fd, (char *)&job->next + job->got, sizeof(job->next) - job->got);

	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0) {
		note_end(job);
		return;
	}
	job->got += (size_t)got;
	if (job->got < sizeof(job->next))
		return;
	job->got = 0;
	if (job->next.dying)
		memcpy(job->latest.report.token, job->next.report.token, TP_TOKEN_TEXT);
	else
		job->latest = job->next;
}

static void describe_end(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "crashed with signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "ended its process with code %d", WEXITSTATUS(status));
}

/* Its number is not known: the last report is older. */
void tp_job_add_crash(struct tp_job *job)
{
	struct tp_explore_report *report = &job->latest.report;

	report->failed++;
	report->first_failed = 0;
	report->complete = false;
	report->token_length = report->found_length = 0;
	describe_end(job->status, report->finding, sizeof(report->finding));
}
