/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_tlb_reset - an invalidation is not done in time, or meets a reset of the GT (traps 7 and 9).
 *
 * A reset begins for the driver before it does for the engine, which runs until then; after it the
 * bit of a request that was under way may read 1 or 0.
 *
 * Must hold: the engine uses the page only while it is there.  Whoever was told that an
 * invalidation was not done keeps the page until a reset, and loses nothing by it.
 */
#include <errno.h>

#include "scenarios/gpu_tlb_stub.h"

/* A request may get lost, once. */
static void *prepare(void)
{
	struct tp_tlb_stub *s = tp_tlb_stub_make(TP_INTEL_TLB_STARTED);

	s->may_stick = true;
	return s;
}

/* ---- a reset that nobody asked for ----------------------------------------------------------- */

static void start_reset(void *state)
{
	tp_sim_start("engine", tp_tlb_stub_run_on, state);
	tp_sim_start("release", tp_tlb_stub_release, state);
	tp_sim_start("reset", tp_tlb_stub_reset, state);
}

static void check_reset(void *state)
{
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(tp_tlb_stub_gt(state), &stats);
	TP_EXPECT(stats.requested == 1 && stats.full + stats.elided == 1 && !stats.timeouts);
}

/* ---- a reset after a timeout ----------------------------------------------------------------- */

/* The service: it resets if it was asked to. */
static void serve(struct tp_tlb_stub *s)
{
	if (tp_atomic_exchange(&tp_tlb_stub_gt(s)->wants_reset, 0, TP_ACQ_REL))
		tp_tlb_stub_reset(s);
}

/* It keeps the page, as a quarantine would, until an invalidation completes after a reset. */
static void release_in_the_end(void *arg)
{
	struct tp_tlb_stub *s = arg;
	struct tp_intel_tlb_note note;
	int err;

	tp_tlb_stub_cut(s, &note);
	err = tp_intel_tlb_forget(&s->gpu, &note);
	TP_EXPECT(!err || err == -ETIME);
	if (err) {
		serve(s);
		TP_SCENE_MUST(tp_intel_tlb_forget(&s->gpu, &note));
	}
	tp_tlb_stub_let_go(s);
}

/* Somebody else who has cut it too, and leaves it to the first if that was in vain. */
static void release_or_leave(void *arg)
{
	struct tp_tlb_stub *s = arg;
	struct tp_intel_tlb_note note;

	tp_tlb_stub_cut(s, &note);
	if (!tp_intel_tlb_forget(&s->gpu, &note))
		tp_tlb_stub_let_go(s);
}

static void start_timeout(void *state)
{
	tp_sim_start("engine", tp_tlb_stub_run_on, state);
	tp_sim_start("one", release_in_the_end, state);
	tp_sim_start("other", release_or_leave, state);
}

static void check_timeout(void *state)
{
	struct tp_tlb_stub *s = state;
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(tp_tlb_stub_gt(s), &stats);
	TP_EXPECT(stats.timeouts <= 2 && !stats.timeouts == s->may_stick);
}

TP_SCENE_PLAY(tlb_reset, "gpu/tlb-reset-vs-release",
	      "a reset has begun, but not where the engine runs", prepare, start_reset, check_reset)
TP_SCENE_PLAY(tlb_timeout, "gpu/tlb-timeout-vs-release",
	      "one page goes by an invalidation that timed out", prepare, start_timeout,
	      check_timeout)
