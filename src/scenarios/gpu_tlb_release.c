/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_tlb_release - a page is unbound, forgotten and given back while the engine runs and others
 * invalidate too (traps 1, 2 and 3).
 *
 * By the rule STARTED one invalidation that begins after the note is enough.  What proves it is
 * that memory is as C11 has it here: both barriers that the rule names must be there.
 *
 * Must hold: the engine uses the page only while it is there.
 */
#include "scenarios/gpu_tlb_stub.h"

static void *prepare(void)
{
	return tp_tlb_stub_make(TP_INTEL_TLB_STARTED);
}

static void *prepare_completed(void)
{
	return tp_tlb_stub_make(TP_INTEL_TLB_COMPLETED);
}

/* The next number is the last before 0. */
static void *prepare_wrap(void)
{
	struct tp_tlb_stub *s = tp_tlb_stub_make(TP_INTEL_TLB_STARTED);

	tp_tlb_stub_set_numbers(s, UINT32_MAX - 1);
	return s;
}

static void start(void *state)
{
	tp_sim_start("engine", tp_tlb_stub_run, state);
	tp_sim_start("release", tp_tlb_stub_release, state);
	tp_sim_start("other", tp_tlb_stub_invalidate, state);
}

static void check(void *state)
{
	struct tp_tlb_stub *s = state;
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(tp_tlb_stub_gt(s), &stats);
	TP_EXPECT(stats.requested == 1 && stats.full + stats.elided == 1 && !stats.timeouts);
	TP_EXPECT(!s->pending);
}

TP_SCENARIO(tlb_release,
	    {
		    .name = "gpu/tlb-release-vs-invalidation",
		    .summary = "a page is given back by an invalidation that began too early",
		    .prepare = prepare,
		    .start = start,
		    .check = check,
		    .memory = TP_MEMORY_C11,
	    })

TP_SCENARIO(tlb_release_completed,
	    {
		    .name = "gpu/tlb-release-by-two",
		    .summary = "by the rule that counts what completed: the first one is too early",
		    .prepare = prepare_completed,
		    .start = start,
		    .check = check,
		    .memory = TP_MEMORY_C11,
	    })

TP_SCENARIO(tlb_release_wrap, {
				      .name = "gpu/tlb-release-wraps",
				      .summary = "numbers of invalidations wrap meanwhile",
				      .prepare = prepare_wrap,
				      .start = start,
				      .check = check,
			      })
