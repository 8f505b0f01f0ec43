/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shards - reports of parts of searches, read from files and put in order. */
#ifndef TP_CLI_SHARDS_H
#define TP_CLI_SHARDS_H

#include <tidepool/explore.h>

#include "core/list.h"

/* What one shard reported. */
struct tp_shard {
	struct tp_list link;
	struct tp_explore_report report;
	char *replay;
	const char *file;
};

/* All there is of one search. */
struct tp_sharded_search {
	struct tp_list link;
	const char *scenario;
	struct tp_list shards; /* by number, each at most once, never empty */
	unsigned nr_shards;    /* so many are there */
	unsigned of;	       /* so many there should be */
};

struct tp_shards {
	struct tp_list searches; /* in order of appearance */
};

void tp_shards_init(struct tp_shards *shards);
void tp_shards_fini(struct tp_shards *shards);

/*
 * Add the reports in @file, which must stay; "-" is standard input.  0, or the exit code after a
 * message: it cannot be read, is no JSON, or what it has does not belong to what is there.
 */
int tp_shards_read(struct tp_shards *shards, const char *file);

static inline bool tp_sharded_search_is_whole(const struct tp_sharded_search *search)
{
	return search->nr_shards == search->of;
}

/* A message: which shards are not there. */
void tp_shards_print_missing(const struct tp_sharded_search *search);

#endif
