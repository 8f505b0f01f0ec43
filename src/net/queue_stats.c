/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* queue_stats - adding to a queue's counters, and their report; all of it made from the tables. */
#include "net/queue_stats.h"

#include <stdio.h>
#include <string.h>

#include "core/invariant.h"
#include "core/mutant.h"

struct counter {
	const char *name, *meaning;
};

#define COUNTER(name, what) { #name, what },

static const struct counter rq_counters[TP_RQ_EXPORTS] = { TP_RQ_STATS(COUNTER) };
static const struct counter sq_counters[TP_SQ_EXPORTS] = { TP_SQ_STATS(COUNTER, COUNTER, COUNTER) };

/* What one poll writes and what one sender writes must not share a cache line. */
_Static_assert(offsetof(struct tp_sq_stats, xmit) % 64 == 0, "poll and senders share a line");

/* ---- counting -------------------------------------------------------------------------------- */

void tp_rq_stats_init(struct tp_rq_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	tp_stat_group_init(&stats->group);
}

void tp_sq_stats_init(struct tp_sq_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	tp_stat_group_init(&stats->poll.group);
	tp_stat_group_init(&stats->xmit.group);
}

static void add_rare(struct tp_rq_stats *stats, const struct tp_rq_onstack *counted)
{
	tp_stat_add(&stats->fragments, counted->fragments);
	tp_stat_add(&stats->drop_error, counted->drop_error);
	tp_stat_add(&stats->drop_length, counted->drop_length);
}

void tp_rq_stats_add(struct tp_rq_stats *stats, const struct tp_rq_onstack *counted)
{
	uint32_t rare = counted->fragments | counted->drop_error | counted->drop_length;

	if (!(counted->packets | rare))
		return;
	if (!TP_MUTANT(rq_unannounced))
		tp_stat_begin(&stats->group);
	tp_stat_add(&stats->packets, counted->packets);
	tp_stat_add(&stats->bytes, counted->bytes);
	if (tp_unlikely(rare))
		add_rare(stats, counted);
	if (!TP_MUTANT(rq_unannounced))
		tp_stat_end(&stats->group);
}

void tp_sq_stats_add(struct tp_sq_stats *stats, const struct tp_sq_onstack *counted)
{
	struct tp_stat_group *group = &stats->poll.group;

	if (!counted->packets)
		return;
	if (TP_MUTANT(sq_one_group))
		group = &stats->xmit.group;
	tp_stat_begin(group);
	tp_stat_add(&stats->poll.packets, counted->packets);
	tp_stat_add(&stats->poll.bytes, counted->bytes);
	tp_stat_end(group);
}

/* ---- reading --------------------------------------------------------------------------------- */

void tp_rq_stats_read(const struct tp_rq_stats *stats, struct tp_rq_values *values)
{
	tp_stat_read(&stats->group, stats->all, values->all, TP_RQ_EXPORTS);
}

/* As struct tp_sq_poll_stats and tp_sq_xmit_stats have their counters. */
struct poll_values {
	union {
		struct {
			TP_SQ_POLL_STATS(TP_STAT_VALUE)
		};
		uint64_t all[TP_NR_SQ_POLL_STATS];
	};
};

struct xmit_values {
	union {
		struct {
			TP_SQ_XMIT_STATS(TP_STAT_VALUE)
		};
		uint64_t all[TP_NR_SQ_XMIT_STATS];
	};
};

void tp_sq_stats_read(const struct tp_sq_stats *stats, struct tp_sq_values *values)
{
	struct poll_values poll;
	struct xmit_values xmit;

	tp_stat_read(&stats->poll.group, stats->poll.all, poll.all, TP_NR_SQ_POLL_STATS);
	tp_stat_read(&stats->xmit.group, stats->xmit.all, xmit.all, TP_NR_SQ_XMIT_STATS);
	if (TP_MUTANT(sq_read_late))
		tp_stat_read(&stats->poll.group, stats->poll.all, poll.all, TP_NR_SQ_POLL_STATS);
#define FROM_POLL(name, what) values->name = poll.name;
#define FROM_XMIT(name, what) values->name = xmit.name;
#define FROM_BOTH(name, what) values->name = poll.name + xmit.name;
	TP_SQ_STATS(FROM_POLL, FROM_XMIT, FROM_BOTH)
#undef FROM_POLL
#undef FROM_XMIT
#undef FROM_BOTH
}

/* By name, so that a drop which comes to a table cannot be forgotten here. */
static uint64_t sum_of_drops(const struct counter *counters, const uint64_t *values, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		if (!strncmp(counters[i].name, "drop_", strlen("drop_")))
			sum += values[i];
	return sum;
}

uint64_t tp_rq_drops(const struct tp_rq_values *values)
{
	return sum_of_drops(rq_counters, values->all, TP_RQ_EXPORTS);
}

uint64_t tp_sq_drops(const struct tp_sq_values *values)
{
	return sum_of_drops(sq_counters, values->all, TP_SQ_EXPORTS);
}

/* ---- export ---------------------------------------------------------------------------------- */

static struct tp_stat_name *put_names(struct tp_stat_name *names, const char *kind, unsigned queue,
				      const struct counter *counters, unsigned n)
{
	for (unsigned i = 0; i < n; i++, names++)
		snprintf(names->text, sizeof(names->text), "%s%u_%s", kind, queue,
			 counters[i].name);
	return names;
}

struct tp_stat_name *tp_rq_stat_names(struct tp_stat_name *names, unsigned queue)
{
	return put_names(names, "rq", queue, rq_counters, TP_RQ_EXPORTS);
}

struct tp_stat_name *tp_sq_stat_names(struct tp_stat_name *names, unsigned queue)
{
	return put_names(names, "sq", queue, sq_counters, TP_SQ_EXPORTS);
}

uint64_t *tp_rq_stat_values(uint64_t *values, const struct tp_rq_stats *stats)
{
	struct tp_rq_values read;

	tp_rq_stats_read(stats, &read);
	memcpy(values, read.all, sizeof(read.all));
	return values + TP_RQ_EXPORTS;
}

uint64_t *tp_sq_stat_values(uint64_t *values, const struct tp_sq_stats *stats)
{
	struct tp_sq_values read;

	tp_sq_stats_read(stats, &read);
	memcpy(values, read.all, sizeof(read.all));
	return values + TP_SQ_EXPORTS;
}

static const struct counter *counter_at(const struct counter *counters, unsigned n, unsigned i)
{
	TP_INVARIANT(i < n);
	return &counters[i];
}

const char *tp_rq_stat_name(unsigned i)
{
	return counter_at(rq_counters, TP_RQ_EXPORTS, i)->name;
}

const char *tp_rq_stat_meaning(unsigned i)
{
	return counter_at(rq_counters, TP_RQ_EXPORTS, i)->meaning;
}

const char *tp_sq_stat_name(unsigned i)
{
	return counter_at(sq_counters, TP_SQ_EXPORTS, i)->name;
}

const char *tp_sq_stat_meaning(unsigned i)
{
	return counter_at(sq_counters, TP_SQ_EXPORTS, i)->meaning;
}
