/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adistance - Linux's arithmetic of abstract distance, in its order, as a tier's number depends on
 * where it rounds:
 *
 *	576 * latency / DRAM latency * DRAM bandwidth / bandwidth
 *
 * from left to right in integers.  With DRAM of 10 ns and 10240 MiB/s, memory of 40 ns and
 * 2048 MiB/s is at 11520, tier 90; memory of 120 ns and 1024 MiB/s at 69120, tier 540.
 */
#include "core/invariant.h"
#include "numa/adistance.h"

struct tp_figures tp_figures_even(unsigned latency_ns, unsigned bandwidth_mbps)
{
	return (struct tp_figures){ 2 * (uint64_t)latency_ns, 2 * (uint64_t)bandwidth_mbps };
}

struct tp_figures tp_figures_of_access(const struct tp_access *access)
{
	return (struct tp_figures){
		.latency_ns = (uint64_t)access->read_latency_ns + access->write_latency_ns,
		.bandwidth_mbps =
			(uint64_t)access->read_bandwidth_mbps + access->write_bandwidth_mbps,
	};
}

uint32_t tp_adistance(struct tp_figures memory, struct tp_figures dram)
{
	uint64_t distance;

	TP_INVARIANT(tp_figures_known(dram));
	if (!tp_figures_known(memory))
		return TP_ADISTANCE_DRAM;
	distance = TP_ADISTANCE_DRAM * memory.latency_ns / dram.latency_ns;
	/* Only figures millions of times apart get there: as far as can be. */
	if (__builtin_mul_overflow(distance, dram.bandwidth_mbps, &distance))
		return UINT32_MAX;
	distance /= memory.bandwidth_mbps;
	return distance < UINT32_MAX ? (uint32_t)distance : UINT32_MAX;
}
