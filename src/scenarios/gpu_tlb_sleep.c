/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_tlb_sleep - engines and forcewake domains fall asleep and wake up while a page is released
 * (traps 6 and 10).
 *
 * An engine remembers across its sleep, so whoever passes it by relies on its forgetting before it
 * runs again (L4).  A register that is written while its domain sleeps is not written at all, and
 * reads 0: as if the request were done (U1 of uncore).
 *
 * Must hold: the engine uses the page only while it is there.
 */
#include "scenarios/gpu_tlb_stub.h"

/* ---- the engine sleeps ----------------------------------------------------------------------- */

/* With the page in its cache. */
static void *prepare_asleep(void)
{
	struct tp_tlb_stub *s = tp_tlb_stub_make(TP_INTEL_TLB_STARTED);

	tp_tlb_stub_access(s);
	tp_tlb_stub_park(s);
	return s;
}

static void *prepare_awake(void)
{
	struct tp_tlb_stub *s = tp_tlb_stub_make(TP_INTEL_TLB_STARTED);

	tp_tlb_stub_access(s);
	return s;
}

static void wake_and_run(void *arg)
{
	tp_tlb_stub_unpark(arg);
	tp_tlb_stub_access(arg);
}

static void sleep_wake_and_run(void *arg)
{
	tp_tlb_stub_park(arg);
	wake_and_run(arg);
}

static void start_wake(void *state)
{
	tp_sim_start("engine", wake_and_run, state);
	tp_sim_start("release", tp_tlb_stub_release, state);
}

static void start_sleep(void *state)
{
	tp_sim_start("engine", sleep_wake_and_run, state);
	tp_sim_start("release", tp_tlb_stub_release, state);
}

static void check(void *state)
{
	struct tp_tlb_stub *s = state;
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(tp_tlb_stub_gt(s), &stats);
	TP_EXPECT(stats.requested == 1 && !stats.timeouts);
	TP_EXPECT(tp_atomic_load(&tp_tlb_stub_gt(s)->wakerefs, TP_RELAXED) == 1);
}

/* ---- the domain of the registers sleeps ------------------------------------------------------ */

enum { DELAY_NS = 1 };

static void *prepare_delayed(void)
{
	struct tp_tlb_stub *s = prepare_awake();
	struct tp_intel_uncore *uncore = &tp_tlb_stub_gt(s)->uncore;

	uncore->domains = TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_GT);
	uncore->sleeps_at_ns[TP_INTEL_DOMAIN_GT] = DELAY_NS;
	return s;
}

/* Both begin when the domain's delay is over. */
static void release_then(void *arg)
{
	tp_sim_sleep(DELAY_NS);
	tp_tlb_stub_release(arg);
}

static void look_then_who_may_sleep(void *arg)
{
	struct tp_tlb_stub *s = arg;

	tp_sim_sleep(DELAY_NS);
	tp_intel_forcewake_run(&tp_tlb_stub_gt(s)->uncore);
}

static void start_delayed(void *state)
{
	tp_sim_start("engine", tp_tlb_stub_run_on, state);
	tp_sim_start("release", release_then, state);
	tp_sim_start("service", look_then_who_may_sleep, state);
}

TP_SCENARIO(tlb_wake, {
			      .name = "gpu/tlb-wake-vs-release",
			      .summary = "an engine wakes up just as it is passed by",
			      .prepare = prepare_asleep,
			      .start = start_wake,
			      .check = check,
			      .memory = TP_MEMORY_C11,
		      })

TP_SCENARIO(tlb_sleep, {
			       .name = "gpu/tlb-sleep-vs-release",
			       .summary = "an engine falls asleep and wakes up meanwhile",
			       .prepare = prepare_awake,
			       .start = start_sleep,
			       .check = check,
			       .memory = TP_MEMORY_C11,
		       })

TP_SCENARIO(tlb_forcewake, {
				   .name = "gpu/tlb-forcewake-vs-release",
				   .summary = "a register falls asleep as it is written",
				   .prepare = prepare_delayed,
				   .start = start_delayed,
				   .check = check,
			   })
