/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stat_group - counters that belong together: whoever reads them sees all of an update or nothing,
 * on every processor (T3).
 *
 * Invariants
 *  C1  A group has one writer at a time; who may write is fixed by the group's user, and two
 *      writers need two groups (T2).
 *  C2  A reader never waits for anything but an update under way, and an update is a few stores.
 *  C3  Counters are 64 bits wide everywhere and are words the explorer sees (no tp_quiet): whether
 *      two of them can be read apart is what it is asked.
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
static inline void tp_stat_add(tp_atomic_u64 *counter, uint64_t value)
{
	tp_atomic_store(counter, tp_atomic_load(counter, TP_RELAXED) + value, TP_RELAXED);
}

/* One counter of a group, for whoever needs no other of the same moment. */
static inline uint64_t tp_stat_load(const tp_atomic_u64 *counter)
{
	return tp_atomic_load(counter, TP_RELAXED);
}

/* Copy @n counters of one group, all of the same moment. */
void tp_stat_read(const struct tp_stat_group *group, const tp_atomic_u64 *counters,
		  uint64_t *values, size_t n);

#endif
