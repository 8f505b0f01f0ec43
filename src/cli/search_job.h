/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * search_job - a child process that searches one shard.
 *
 * It writes the report as it is through a pipe, now and then and at the end.  If it ends without
 * its last one, it has crashed, and that is a finding; if it can, it says in which run.
 */
#ifndef TP_CLI_SEARCH_JOB_H
#define TP_CLI_SEARCH_JOB_H

#include <sys/types.h>

#include "cli/search.h"

struct tp_job_message {
	int err;
	bool last;
	bool dying; /* of the report only the token is there */
	struct tp_explore_report report;
};

struct tp_job {
	pid_t pid;
	int fd; /* -1: it has ended */
	unsigned shard;
	bool told_to_stop;
	size_t got; /* bytes of the next message */
	struct tp_job_message next, latest;
	int status; /* of its end */
};

/* -EAGAIN, -EMFILE, -ENFILE: no child can be had. */
int tp_job_start(struct tp_job *job, const struct tp_search *search, unsigned shard,
		 unsigned nr_shards);
/* It ends soon, with a report. */
void tp_job_stop(struct tp_job *job);
/* Read what there is to read, of which there is something. */
void tp_job_read(struct tp_job *job);

/* It did not live to send its last report. */
static inline bool tp_job_has_crashed(const struct tp_job *job)
{
	return job->fd < 0 && !job->latest.last;
}

/* Make the crash the finding of its report. */
void tp_job_add_crash(struct tp_job *job);

#endif
