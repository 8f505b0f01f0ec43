/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stat_group - counters that belong together: whoever reads them sees all of an update or nothing,
 * on every processor (T3).
 *
 * Invariants
 *  C1  A group has one writer at a time; who may write is fixed by the group's user, and two
 *      writers need two groups (T2).
 *  C2  A reader never waits for anything but an update under way, and an update is a few stores.
 *
 * Locking: none; a sequence count per group.
 */
#ifndef TP_CORE_STAT_GROUP_H
#define TP_CORE_STAT_GROUP_H

#include "core/sync.h"

struct tp_stat_group {
	struct tp_seqcount seq;
};

void tp_stat_group_init(struct tp_stat_group *group);

static inline void tp_stat_begin(struct tp_stat_group *group)
{
	tp_seqcount_write_begin(&group->seq);
}

static inline void tp_stat_end(struct tp_stat_group *group)
{
	tp_seqcount_write_end(&group->seq);
}

/* Between begin and end; a plain load and store, for nobody else writes (C1). */
static inline void tp_stat_add(tp_quiet *counter, uint64_t value)
{
	tp_quiet_store(counter, tp_quiet_load(counter) + value);
}

/* Copy @n counters of one group, all of the same moment. */
void tp_stat_read(const struct tp_stat_group *group, const tp_quiet *counters, uint64_t *values,
		  size_t n);

#endif
