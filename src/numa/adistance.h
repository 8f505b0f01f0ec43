/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* adistance - abstract distance: how far memory is, in one number, and which tier that makes. */
#ifndef TP_NUMA_ADISTANCE_H
#define TP_NUMA_ADISTANCE_H

#include <tidepool/numa.h>

enum {
	TP_TIER_SHIFT = 7,
	/* In the middle of tier 4, so that DRAM a little faster or slower is still DRAM. */
	TP_ADISTANCE_DRAM = (4 << TP_TIER_SHIFT) + (1 << TP_TIER_SHIFT) / 2,
};

/* Read and write figures added up, as the arithmetic takes them.  A 0 in it: unknown. */
struct tp_figures {
	uint64_t latency_ns, bandwidth_mbps;
};

/* What DRAM is taken for while nobody has stated its figures. */
#define TP_FIGURES_DRAM ((struct tp_figures){ 2 * 10, 2 * 10240 })

static inline bool tp_figures_known(struct tp_figures figures)
{
	return figures.latency_ns && figures.bandwidth_mbps;
}

/* Memory that reads and writes alike. */
struct tp_figures tp_figures_even(unsigned latency_ns, unsigned bandwidth_mbps);
struct tp_figures tp_figures_of_access(const struct tp_access *access);

/* TP_ADISTANCE_DRAM if @memory is unknown; @dram must be known. */
uint32_t tp_adistance(struct tp_figures memory, struct tp_figures dram);

#endif
