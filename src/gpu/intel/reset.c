/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reset - a GT is stopped, reset, and begins again with empty rings and caches; or does not, and
 * the whole GPU is wedged.
 *
 * Invariants
 *  RS1 Requests are cancelled, and their memory may go, after the hardware has said that the reset
 *      is over, or after the function was reset: nothing of before is executed then (T8).
 *
 * Fault sites: gpu/intel-reset (as if the hardware did not come back).
 */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "gpu/intel/guc.h"
#include "gpu/intel/internal.h"
#include "mm/machine.h"

enum { TRIES = 3, SPIN_NS = 100000 };

static bool is_awake(const struct tp_intel_engine *engine)
{
	return tp_atomic_load(&engine->awake, TP_ACQUIRE);
}

static void set_state(struct tp_intel_gt *gt, enum tp_gpu_state state)
{
	tp_atomic_store(&gt->state, state, TP_RELEASE);
}

void tp_intel_wait_reset(struct tp_intel *gpu)
{
	tp_mutex_lock(&gpu->reset_lock);
	tp_mutex_unlock(&gpu->reset_lock);
}

/* ---- steps of both --------------------------------------------------------------------------- */

/* K2: who fills a ring looks at the state under its lock. */
static void begin(struct tp_intel_gt *gt)
{
	tp_atomic_exchange(&gt->wants_reset, 0, TP_ACQ_REL);
	tp_atomic_add(&gt->resets, 1, TP_ACQ_REL);
	set_state(gt, TP_GPU_RESETTING);
	tp_intel_for_each_engine_of(engine, gt)
	{
		tp_spin_lock(&engine->lock);
		tp_spin_unlock(&engine->lock);
		tp_wake_all(&engine->room);
	}
	if (gt->guc)
		tp_intel_guc_reset_begin(gt->guc);
}

/* If one does not stop, what comes next does it. */
static void stop_engines(struct tp_intel_gt *gt)
{
	tp_intel_for_each_engine_of(engine, gt)
	{
		if (is_awake(engine))
			tp_intel_engine_stop(engine);
	}
}

static void end(struct tp_intel_gt *gt, enum tp_gpu_state state)
{
	tp_atomic_add(&gt->resets, 1, TP_ACQ_REL);
	set_state(gt, state);
}

static void cancel_all(struct tp_intel_gt *gt, const struct tp_intel_engine *guilty)
{
	tp_intel_for_each_engine_of(engine, gt) tp_intel_engine_cancel(engine, engine == guilty);
}

/* ---- a reset --------------------------------------------------------------------------------- */

static int reset_once(struct tp_intel_gt *gt)
{
	struct tp_intel_uncore *uncore = &gt->uncore;

	/* U2 of uncore: not between the writes of an invalidation. */
	tp_spin_lock(&uncore->lock);
	tp_intel_write_fw(uncore, TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL);
	tp_spin_unlock(&uncore->lock);
	return tp_intel_wait_register_fw(uncore, TP_INTEL_GDRST, TP_INTEL_GRDOM_FULL, 0, SPIN_NS,
					 uncore->patience->reset_ns);
}

static int reset_hardware(struct tp_intel_gt *gt)
{
	int err = -ETIME;

	if (TP_FAULT("gpu/intel-reset"))
		return TP_ERR(-EIO, "fault injected");
	for (unsigned i = 0; err && i < TRIES; i++)
		err = reset_once(gt);
	return err ? TP_ERR_TEXT(-EIO, gt->gpu->gpu.name, "%s: GT %u does not come out of reset",
				 gt->id)
		   : 0;
}

static void start_engines(struct tp_intel_gt *gt)
{
	tp_intel_for_each_engine_of(engine, gt)
	{
		tp_spin_lock(&engine->lock);
		if (is_awake(engine))
			tp_intel_engine_start(engine);
		tp_spin_unlock(&engine->lock);
	}
}

static int bring_back(struct tp_intel_gt *gt, const struct tp_intel_engine *guilty)
{
	tp_intel_gt_restore(gt);
	tp_intel_tlb_emptied(gt);
	cancel_all(gt, guilty);
	start_engines(gt);
	return gt->guc ? tp_intel_guc_reset_end(gt->guc) : 0;
}

/* ---- none comes back ------------------------------------------------------------------------- */

static void wedge(struct tp_intel *gpu, const struct tp_intel_engine *guilty)
{
	tp_intel_for_each_gt(gt, gpu)
	{
		if (tp_intel_gt_state(gt) == TP_GPU_RUNNING) {
			begin(gt);
			stop_engines(gt);
		}
	}
	/* Whatever did not stop stops now, and accesses no memory any more. */
	if (!TP_MUTANT(wedge_unstopped))
		gpu->bus->ops->reset(gpu->bus);
	tp_intel_for_each_gt(gt, gpu)
	{
		tp_intel_tlb_emptied(gt);
		end(gt, TP_GPU_WEDGED);
		cancel_all(gt, guilty);
	}
}

void tp_intel_wedge(struct tp_intel *gpu)
{
	tp_mutex_lock(&gpu->reset_lock);
	if (tp_intel_gt_state(&gpu->gts[0]) != TP_GPU_WEDGED)
		wedge(gpu, NULL);
	tp_mutex_unlock(&gpu->reset_lock);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int reset(struct tp_intel_gt *gt, const struct tp_intel_engine *guilty)
{
	struct tp_intel *gpu = gt->gpu;
	struct tp_trace_ring *trace = gpu->gpu.machine->trace;
	int err;

	tp_trace(trace, TP_TRACE_gpu_reset_begin, gpu->gpu.entry.index, gt->id, 0);
	tp_intel_gt_get(gt);
	begin(gt);
	if (!TP_MUTANT(wedge_unstopped))
		stop_engines(gt);
	err = reset_hardware(gt);
	if (!err)
		err = bring_back(gt, guilty);
	if (!err)
		end(gt, TP_GPU_RUNNING);
	else
		wedge(gpu, guilty);
	tp_intel_gt_put(gt);
	tp_quiet_add(err ? &gpu->resets_failed : &gpu->resets, 1);
	tp_trace(trace, TP_TRACE_gpu_reset_end, gpu->gpu.entry.index, gt->id, err ? EIO : 0);
	return err ? -EIO : 0;
}

int tp_intel_gt_reset(struct tp_intel_gt *gt, struct tp_intel_engine *guilty)
{
	int err = 0;

	tp_mutex_lock(&gt->gpu->reset_lock);
	if (tp_intel_gt_state(gt) == TP_GPU_WEDGED)
		err = TP_ERR_TEXT(-EIO, gt->gpu->gpu.name, "%s is wedged");
	else if (!guilty || tp_intel_engine_hangs(guilty)) /* nobody was faster */
		err = reset(gt, guilty);
	tp_mutex_unlock(&gt->gpu->reset_lock);
	tp_intel_kick(gt->gpu);
	return err;
}

int tp_intel_reset(struct tp_intel *gpu)
{
	int err = 0;

	tp_intel_for_each_gt(gt, gpu)
	{
		if (!err)
			err = tp_intel_gt_reset(gt, NULL);
	}
	tp_intel_tlb_recover(gpu);
	tp_intel_vms_bury(gpu);
	return err;
}
