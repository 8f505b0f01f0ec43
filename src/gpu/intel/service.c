/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service - what has to be done now and then: requests are retired, engines parked, hung ones
 * reset, quarantined memory recovered, address spaces that nobody uses taken apart.
 *
 * The last is a thread's of its own, for it may wait for who waits for a request that hangs, and
 * that only the service ends.
 */
#include "core/clock.h"
#include "gpu/intel/internal.h"

enum {
	BUSY_NS = 1000000,	/* until another's round has ended */
	RECOVER_NS = 100000000, /* between tries to empty the quarantine, or to bury */
	LOOKS = 4,		/* at an engine, within its patience */
};

void tp_intel_kick(struct tp_intel *gpu)
{
	tp_gpu_worker_ask(&gpu->threads.service);
}

void tp_intel_ask_bury(struct tp_intel *gpu)
{
	if (tp_atomic_load(&gpu->dead_vms, TP_ACQUIRE))
		tp_gpu_worker_ask(&gpu->threads.burier);
}

/* ---- a round --------------------------------------------------------------------------------- */

/* Returns when to look at it again. */
static uint64_t serve_engine(struct tp_intel_engine *engine)
{
	const struct tp_intel_patience *patience = &engine->gt->gpu->config.patience;
	uint64_t now_ns = tp_clock_now(), since_ns;

	if (tp_intel_engine_retire(engine) && tp_intel_engine_hangs(engine))
		tp_intel_gt_reset(engine->gt, engine);
	since_ns = tp_intel_engine_park(engine, now_ns - TP_MIN(now_ns, patience->park_ns));
	if (since_ns)
		return since_ns + patience->park_ns;
	return tp_atomic_load(&engine->awake, TP_ACQUIRE) ? now_ns + patience->hang_ns / LOOKS
							  : UINT64_MAX;
}

static void clear_interrupts(struct tp_intel_gt *gt)
{
	uint32_t bits = tp_intel_read_fw(&gt->uncore, TP_INTEL_GT_IIR);

	if (bits)
		tp_intel_write_fw(&gt->uncore, TP_INTEL_GT_IIR, bits);
}

static uint64_t serve_gt(struct tp_intel_gt *gt)
{
	uint64_t next_ns = UINT64_MAX;

	if (tp_atomic_load(&gt->wants_reset, TP_ACQUIRE))
		tp_intel_gt_reset(gt, NULL);
	if (!tp_intel_gt_get_if_awake(gt))
		return next_ns;
	clear_interrupts(gt);
	tp_intel_for_each_engine_of(engine, gt)
	{
		uint64_t at_ns = serve_engine(engine);

		next_ns = TP_MIN(next_ns, at_ns);
	}
	next_ns = TP_MIN(next_ns, tp_intel_forcewake_run(&gt->uncore));
	tp_intel_gt_put(gt);
	return next_ns;
}

static bool recover(struct tp_intel *gpu)
{
	return tp_bo_quarantined(&gpu->bos) && tp_intel_tlb_recover(gpu);
}

static uint64_t serve_all(struct tp_intel *gpu)
{
	uint64_t next_ns = UINT64_MAX;

	tp_intel_for_each_gt(gt, gpu)
	{
		uint64_t at_ns = serve_gt(gt);

		next_ns = TP_MIN(next_ns, at_ns);
	}
	return recover(gpu) ? TP_MIN(next_ns, tp_clock_after(RECOVER_NS)) : next_ns;
}

/* Returns when to try again. */
static uint64_t bury(struct tp_intel *gpu)
{
	return tp_intel_vms_bury(gpu) ? tp_clock_after(RECOVER_NS) : TP_WAIT_FOREVER;
}

uint64_t tp_intel_service(struct tp_intel *gpu)
{
	uint64_t next_ns;

	if (tp_atomic_exchange(&gpu->in_service, 1, TP_ACQ_REL))
		return tp_clock_after(BUSY_NS);
	next_ns = serve_all(gpu);
	tp_atomic_store(&gpu->in_service, 0, TP_RELEASE);
	return gpu->config.service ? next_ns : TP_MIN(next_ns, bury(gpu));
}

/* ---- threads --------------------------------------------------------------------------------- */

static uint64_t round_of_service(void *arg)
{
	return tp_intel_service(arg);
}

static uint64_t round_of_burier(void *arg)
{
	return bury(arg);
}

void tp_intel_service_init(struct tp_intel *gpu)
{
	tp_gpu_worker_init(&gpu->threads.service, round_of_service, gpu);
	tp_gpu_worker_init(&gpu->threads.burier, round_of_burier, gpu);
}
