/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report - the counters of a GPU as a table, for all who show them. */
#include <stddef.h>
#include <string.h>
#include <tidepool/gpu.h>

#include "core/compiler.h"

/* A name, and where its value lies. */
struct counter {
	const char *name;
	size_t offset;
};

static bool read_counter(const struct counter *table, size_t nr, unsigned i, const void *from,
			 struct tp_gpu_counter *counter)
{
	if (i >= nr)
		return false;
	counter->name = table[i].name;
	memcpy(&counter->value, (const char *)from + table[i].offset, sizeof(counter->value));
	return true;
}

bool tp_gpu_tlb_counter(const struct tp_gpu_tlb_stats *stats, unsigned i,
			struct tp_gpu_counter *counter)
{
	static const struct counter table[] = {
		{ "requested", offsetof(struct tp_gpu_tlb_stats, requested) },
		{ "elided", offsetof(struct tp_gpu_tlb_stats, elided) },
		{ "asleep", offsetof(struct tp_gpu_tlb_stats, asleep) },
		{ "full", offsetof(struct tp_gpu_tlb_stats, full) },
		{ "range", offsetof(struct tp_gpu_tlb_stats, range) },
		{ "timeouts", offsetof(struct tp_gpu_tlb_stats, timeouts) },
	};

	return read_counter(table, TP_ARRAY_SIZE(table), i, stats, counter);
}

bool tp_gpu_counter(const struct tp_gpu_stats *stats, unsigned i, struct tp_gpu_counter *counter)
{
	static const struct counter table[] = {
		{ "resets", offsetof(struct tp_gpu_stats, resets) },
		{ "resets_failed", offsetof(struct tp_gpu_stats, resets_failed) },
		{ "bytes_quarantined", offsetof(struct tp_gpu_stats, quarantines) },
		{ "bytes_released", offsetof(struct tp_gpu_stats, released) },
		{ "evictions", offsetof(struct tp_gpu_stats, evictions) },
		{ "shrunk", offsetof(struct tp_gpu_stats, shrunk) },
		{ "pages_moved", offsetof(struct tp_gpu_stats, moved) },
		{ "faults", offsetof(struct tp_gpu_stats, faults) },
		{ "swapped", offsetof(struct tp_gpu_stats, swapped) },
		{ "vram_losses", offsetof(struct tp_gpu_stats, vram_losses) },
		{ "canceled", offsetof(struct tp_gpu_stats, canceled) },
		{ "rebuilds", offsetof(struct tp_gpu_stats, rebuilds) },
		{ "table_entries", offsetof(struct tp_gpu_stats, table_entries) },
		{ "table_jobs", offsetof(struct tp_gpu_stats, table_jobs) },
	};

	return read_counter(table, TP_ARRAY_SIZE(table), i, stats, counter);
}
