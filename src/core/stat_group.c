/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stat_group - reading counters of one moment. */
#include "core/stat_group.h"

#include "core/mutant.h"

void tp_stat_group_init(struct tp_stat_group *group)
{
	tp_seqcount_init(&group->seq);
}

void tp_stat_read(const struct tp_stat_group *group, const tp_atomic_u64 *counters,
		  uint64_t *values, size_t n)
{
	uint32_t seq;

	do {
		seq = tp_seqcount_read_begin(&group->seq);
		for (size_t i = 0; i < n; i++)
			values[i] = tp_stat_load(&counters[i]);
	} while (tp_seqcount_read_retry(&group->seq, seq) && !TP_MUTANT(stat_read_once));
}
