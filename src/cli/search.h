/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* search - explore one scenario, in this process or in several. */
#ifndef TP_CLI_SEARCH_H
#define TP_CLI_SEARCH_H

#include <tidepool/explore.h>

#include "cli/progress.h"

enum { TP_MAX_JOBS = 1024 };

struct tp_search {
	const struct tp_scenario *scenario;
	/*
	 * Runs are those of the whole search; of random and pct each shard does its share.  The
	 * callback is not used.
	 */
	const struct tp_explore_options *options;
	unsigned jobs; /* at least 1; 1: this process */
	struct tp_status_line *status;
	size_t number, of; /* this is search @number (from 1) @of so many */
};

struct tp_search_result {
	struct tp_explore_report report;
	/* Where it was found: in shard @found_shard (from 0) of so many. */
	unsigned found_shard, found_nr_shards;
};

/*
 * Search until it is done, capped or interrupted.  This process must have one thread.  -EINVAL: an
 * option out of range.  -ENOMEM, -EAGAIN, -EMFILE: the system lacks something.
 */
int tp_search(const struct tp_search *search, struct tp_search_result *result);

/* ---- for the two ways of doing it ------------------------------------------------------------ */

/* What a search of that shard reports that has done nothing yet. */
void tp_search_report_init(const struct tp_search *search, unsigned shard, unsigned nr_shards,
			   struct tp_explore_report *report);
/* Search one shard here; @progress as in tp_explore_options. */
int tp_search_shard(const struct tp_search *search, unsigned shard, unsigned nr_shards,
		    bool (*progress)(const struct tp_explore_report *report, void *arg), void *arg,
		    struct tp_explore_report *report);
/* Search with search->jobs child processes. */
int tp_search_with_jobs(const struct tp_search *search, struct tp_search_result *result);
/* Say how far it is. */
void tp_search_show(const struct tp_search *search, uint64_t runs, uint64_t elapsed_ns);

#endif
