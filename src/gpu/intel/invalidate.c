/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * invalidate - empty translation caches by registers: a request for each engine, then wait for all.
 *
 * Between two requests no reset begins (U2), so that either all were made before it or none of
 * them has come to an end by it.
 */
#include <errno.h>

#include "core/error.h"
#include "gpu/intel/internal.h"

static void request(struct tp_intel_uncore *uncore, const struct tp_intel_invalidation *how)
{
	if (how->multicast)
		tp_intel_write_multicast_fw(uncore, how->reg, how->request);
	else
		tp_intel_write_fw(uncore, how->reg, how->request);
}

static void request_all(struct tp_intel_gt *gt, uint32_t engines)
{
	struct tp_intel_uncore *uncore = &gt->uncore;

	tp_spin_lock(&uncore->lock);
	tp_intel_for_each_engine_of(engine, gt)
	{
		if (engines >> engine->index & 1 && engine->invalidation.reg)
			request(uncore, &engine->invalidation);
	}
	/* The unit that observes has a cache of its own, which nobody can wait for. */
	if (uncore->platform->oa_workaround)
		tp_intel_write_fw(uncore, TP_INTEL_GEN12_OA_TLB_INV, 1);
	tp_spin_unlock(&uncore->lock);
}

static int wait_one(struct tp_intel_gt *gt, const struct tp_intel_engine *engine)
{
	const struct tp_intel_patience *patience = gt->uncore.patience;
	const struct tp_intel_invalidation *how = &engine->invalidation;
	int err = 0;

	if (how->reg)
		err = tp_intel_wait_register_fw(&gt->uncore, how->reg, how->done, 0,
						patience->poll_ns, patience->tlb_ns);
	return err ? TP_ERR_TEXT(-ETIME, engine->name, "%s did not empty its translation cache")
		   : 0;
}

static int wait_all(struct tp_intel_gt *gt, uint32_t engines)
{
	int err = 0;

	tp_intel_for_each_engine_of(engine, gt)
	{
		if (!err && engines >> engine->index & 1)
			err = wait_one(gt, engine);
	}
	return err;
}

int tp_intel_invalidate_mmio(struct tp_intel_gt *gt, uint32_t engines)
{
	int err = tp_intel_forcewake_get(&gt->uncore, ~0u);

	if (err)
		return -ETIME;
	request_all(gt, engines);
	err = wait_all(gt, engines);
	/* Delayed: another one often follows, and not all platforms bear quick changes (T10). */
	tp_intel_forcewake_put_delayed(&gt->uncore, ~0u);
	return err;
}
