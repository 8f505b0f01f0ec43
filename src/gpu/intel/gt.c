/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gt - a GT wakes and sleeps with who needs it; its interrupt wakes who waits for its engines. */
#include "core/invariant.h"
#include "core/mutant.h"
#include "gpu/intel/guc.h"
#include "gpu/intel/internal.h"

/* ---- power ----------------------------------------------------------------------------------- */

/* What does not survive the loss of power, or a reset. */
static void program(struct tp_intel_gt *gt)
{
	tp_intel_write_fw(&gt->uncore, TP_INTEL_GT_IIR, ~0u);
	tp_intel_write_fw(&gt->uncore, TP_INTEL_GT_IER, ~0u);
}

bool tp_intel_gt_get_if_awake(struct tp_intel_gt *gt)
{
	uint32_t refs = tp_atomic_load(&gt->wakerefs, TP_RELAXED);

	while (refs)
		if (tp_atomic_cas(&gt->wakerefs, &refs, refs + 1, TP_ACQ_REL))
			return true;
	return false;
}

void tp_intel_gt_get(struct tp_intel_gt *gt)
{
	if (tp_intel_gt_get_if_awake(gt))
		return;
	tp_spin_lock(&gt->uncore.lock);
	if (!tp_atomic_load(&gt->wakerefs, TP_ACQUIRE)) {
		tp_bus_power_get(gt->gpu->bus);
		program(gt);
	}
	tp_atomic_add(&gt->wakerefs, 1, TP_ACQ_REL);
	tp_spin_unlock(&gt->uncore.lock);
}

void tp_intel_gt_put(struct tp_intel_gt *gt)
{
	uint32_t refs = tp_atomic_load(&gt->wakerefs, TP_RELAXED);

	while (refs > 1)
		if (tp_atomic_cas(&gt->wakerefs, &refs, refs - 1, TP_ACQ_REL))
			return;
	tp_spin_lock(&gt->uncore.lock);
	if (tp_atomic_sub(&gt->wakerefs, 1, TP_ACQ_REL) == 1) {
		tp_intel_forcewake_sleep_fw(&gt->uncore);
		tp_bus_power_put(gt->gpu->bus);
	}
	tp_spin_unlock(&gt->uncore.lock);
}

void tp_intel_gt_restore(struct tp_intel_gt *gt)
{
	tp_intel_forcewake_restore(&gt->uncore);
	program(gt);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/* Which engine it was is not asked: that would be a register. */
static void gt_irq(void *arg)
{
	struct tp_intel_gt *gt = arg;

	tp_intel_for_each_engine_of(engine, gt)
	{
		tp_timeline_wake(&engine->timeline);
		if (!TP_MUTANT(room_unwoken))
			tp_wake_all(&engine->room);
	}
	if (gt->guc)
		tp_intel_guc_wake(gt->guc);
	tp_intel_kick(gt->gpu);
}

int tp_intel_gt_listen(struct tp_intel_gt *gt)
{
	int err = tp_bus_irq_request(gt->gpu->bus, gt->id, gt_irq, gt);

	gt->listens = !err;
	return err;
}

void tp_intel_gt_ignore(struct tp_intel_gt *gt)
{
	if (gt->listens)
		tp_bus_irq_free(gt->gpu->bus, gt->id);
	gt->listens = false;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

void tp_intel_gt_init(struct tp_intel_gt *gt, struct tp_intel *gpu, unsigned id)
{
	const struct tp_intel_config *config = &gpu->config;

	gt->gpu = gpu;
	gt->id = id;
	tp_intel_uncore_init(&gt->uncore, gpu->bus, id, config->platform, config->gt3,
			     &config->patience);
	tp_intel_tlb_init(gt, config->rule);
	tp_atomic_store(&gt->state, TP_GPU_RUNNING, TP_RELEASE);
}

void tp_intel_gt_fini(struct tp_intel_gt *gt)
{
	TP_INVARIANT(!tp_atomic_load(&gt->wakerefs, TP_ACQUIRE));
}

void tp_intel_gt_ask_reset(struct tp_intel_gt *gt)
{
	tp_atomic_exchange(&gt->wants_reset, 1, TP_ACQ_REL);
	tp_intel_kick(gt->gpu);
}
