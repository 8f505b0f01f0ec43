/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tlb - sequence numbers of invalidations, what may be skipped, and what a timeout leads to. */
#include "gpu/intel/tlb.h"

#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "gpu/intel/guc.h"
#include "gpu/intel/internal.h"
#include "mm/machine.h"

/* Numbers go by twos; what is noted of one is odd. */
enum { STEP = 2, TRIES = 3 };

static const uint64_t reset_poll_ns = 20000;

void tp_intel_tlb_init(struct tp_intel_gt *gt, enum tp_intel_tlb_rule rule)
{
	gt->tlb = (struct tp_intel_tlb){ .rule = rule };
	tp_mutex_init(&gt->tlb.lock, TP_RANK_GPU_TLB, gt->id);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* What ThreadSanitizer sees the barriers of a GT by. */
static void full_barrier(struct tp_intel_gt *gt)
{
	tp_full_barrier(&gt->tlb.started);
}

void tp_intel_tlb_note(struct tp_intel *gpu, struct tp_intel_tlb_note *note)
{
	tp_intel_for_each_gt(gt, gpu)
	{
		const struct tp_intel_tlb *tlb = &gt->tlb;

		if (!TP_MUTANT(tlb_note_unfenced))
			full_barrier(gt);
		note->seqno[gt->id] =
			tp_atomic_load(tlb->rule == TP_INTEL_TLB_STARTED ? &tlb->started
									 : &tlb->completed,
				       TP_RELAXED) |
			1;
	}
}

bool tp_intel_tlb_passed(const struct tp_intel_tlb *tlb, uint32_t seqno)
{
	uint32_t completed = tp_atomic_load(&tlb->completed, TP_ACQUIRE);

	if (!seqno)
		return true;
	/* The first one that completes may have begun before the note (T2). */
	if (tlb->rule == TP_INTEL_TLB_COMPLETED && !TP_MUTANT(tlb_one_completion))
		seqno++;
	if (TP_MUTANT(tlb_compared_whole))
		return completed > seqno;
	return (int32_t)(completed - seqno) > 0;
}

static uint32_t begin(struct tp_intel_gt *gt)
{
	uint32_t number = tp_atomic_add(&gt->tlb.started, STEP, TP_RELAXED) + STEP;

	if (!TP_MUTANT(tlb_begin_unfenced))
		full_barrier(gt);
	return number;
}

/* A reset, which takes no lock, may have done it meanwhile: the number moves forward only. */
static void complete(struct tp_intel_tlb *tlb, uint32_t number)
{
	uint32_t now = tp_atomic_load(&tlb->completed, TP_RELAXED);

	if (tlb->rule == TP_INTEL_TLB_COMPLETED) {
		tp_atomic_add(&tlb->completed, STEP, TP_ACQ_REL);
		return;
	}
	while ((int32_t)(number - now) > 0 &&
	       !tp_atomic_cas(&tlb->completed, &now, number, TP_ACQ_REL))
		;
}

/* ---- engines that sleep ---------------------------------------------------------------------- */

static uint32_t engine_bit(const struct tp_intel_engine *engine)
{
	return UINT32_C(1) << engine->index;
}

static uint32_t all_engines(struct tp_intel_gt *gt)
{
	uint32_t mask = 0;

	tp_intel_for_each_engine_of(engine, gt) mask |= engine_bit(engine);
	return mask;
}

static uint32_t awake_engines(struct tp_intel_gt *gt)
{
	uint32_t mask = 0;

	tp_intel_for_each_engine_of(engine, gt)
	{
		if (tp_atomic_load(&engine->awake, TP_ACQUIRE))
			mask |= engine_bit(engine);
	}
	return mask;
}

/* Which must forget now; the others will before they run (L4). */
static uint32_t engines_to_empty(struct tp_intel_gt *gt)
{
	uint32_t awake = awake_engines(gt);

	if (awake == all_engines(gt))
		return awake;
	tp_intel_for_each_engine_of(engine, gt)
	{
		if (!(awake & engine_bit(engine)) && !TP_MUTANT(tlb_skip_unsaid))
			tp_atomic_store(&engine->skipped, 1, TP_RELAXED);
	}
	if (!TP_MUTANT(tlb_skip_unfenced))
		full_barrier(gt);
	return awake | awake_engines(gt);
}

int tp_intel_tlb_unpark(struct tp_intel_engine *engine)
{
	int err = 0;

	if (!TP_MUTANT(tlb_unpark_unfenced))
		full_barrier(engine->gt);
	/* Whoever skips it from here on sees it awake. */
	if (tp_atomic_load(&engine->skipped, TP_RELAXED) &&
	    tp_atomic_exchange(&engine->skipped, 0, TP_ACQ_REL))
		err = tp_intel_tlb_invalidate_full(engine->gt);
	if (err)
		tp_atomic_store(&engine->skipped, 1, TP_RELEASE);
	return err;
}

void tp_intel_tlb_emptied(struct tp_intel_gt *gt)
{
	uint32_t number = begin(gt);

	tp_intel_for_each_engine_of(engine, gt) tp_atomic_exchange(&engine->skipped, 0, TP_ACQ_REL);
	complete(&gt->tlb, number);
}

/* ---- one request to the hardware ------------------------------------------------------------- */

/* A part of one address space; NULL stands for everything. */
struct range {
	uint64_t va, size;
	uint32_t asid;
};

static int request(struct tp_intel_gt *gt, uint32_t engines, const struct range *range)
{
	if (TP_FAULT("gpu/intel-invalidate"))
		return TP_ERR(-ETIME, "fault injected");
	if (!gt->guc)
		return tp_intel_invalidate_mmio(gt, engines);
	return range ? tp_intel_guc_invalidate_range(gt->guc, range->asid, range->va, range->size)
		     : tp_intel_guc_invalidate_full(gt->guc);
}

static uint32_t resets_of(const struct tp_intel_gt *gt)
{
	return tp_atomic_load(&gt->resets, TP_ACQUIRE);
}

/*
 * Whether a reset has emptied what a request did not, which was made when there had been @before
 * resets: one that began since has ended, or that which was under way (L5).
 */
static bool was_reset(struct tp_intel_gt *gt, uint32_t before)
{
	const uint32_t enough = (before + 2) & ~UINT32_C(1);
	const uint64_t until = tp_clock_after(gt->gpu->config.patience.reset_ns);

	for (;;) {
		uint32_t now = resets_of(gt);

		if ((int32_t)(now - enough) >= 0 || (TP_MUTANT(tlb_reset_counts) && now % 2))
			return true;
		if (now % 2 == 0 || tp_clock_now() >= until)
			return false;
		tp_sleep_ns(reset_poll_ns);
	}
}

/*
 * A reset that begins may make requests read as done long before it empties anything, or never: so
 * an answer counts only if none was under way.
 */
static bool is_answered(struct tp_intel_gt *gt, int err, uint32_t before)
{
	bool undisturbed = before % 2 == 0 && resets_of(gt) == before;

	return (!err && (undisturbed || TP_MUTANT(tlb_reset_unseen))) || was_reset(gt, before);
}

static void count_latency(struct tp_intel_tlb *tlb, uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned i = us ? 64 - (unsigned)__builtin_clzll(us) : 0;

	tp_quiet_add(&tlb->latency[TP_MIN(i, TP_GPU_LATENCIES - 1)], 1);
}

/* -ETIME: nobody may rely on it, and the GT asks to be reset (L3). */
static int empty(struct tp_intel_gt *gt, uint32_t engines, const struct range *range)
{
	struct tp_trace_ring *trace = gt->gpu->gpu.machine->trace;
	const unsigned index = gt->gpu->gpu.entry.index;
	const uint32_t before = resets_of(gt);
	const uint64_t start_ns = tp_clock_now();
	bool done;
	int err;

	tp_trace(trace, TP_TRACE_tlb_invalidate_begin, index, gt->id, engines);
	tp_intel_gt_get(gt);
	err = request(gt, engines, range);
	tp_intel_gt_put(gt);
	done = is_answered(gt, err, before);
	tp_trace(trace, TP_TRACE_tlb_invalidate_end, index, gt->id, done ? 0 : ETIME);
	if (done) {
		count_latency(&gt->tlb, tp_clock_now() - start_ns);
		return 0;
	}
	tp_quiet_add(&gt->tlb.timeouts, 1);
	tp_intel_gt_ask_reset(gt);
	return -ETIME;
}

/* ---- full invalidations ---------------------------------------------------------------------- */

/* Under the lock.  @slept: nothing was awake that could remember. */
static int empty_all(struct tp_intel_gt *gt, bool *slept)
{
	const uint32_t number = begin(gt), engines = engines_to_empty(gt);
	int err = 0;

	*slept = !engines;
	if (engines)
		err = empty(gt, engines, NULL);
	if (!err || TP_MUTANT(tlb_timeout_counts))
		complete(&gt->tlb, number);
	return err;
}

int tp_intel_tlb_invalidate_full(struct tp_intel_gt *gt)
{
	bool slept;
	int err;

	tp_mutex_lock(&gt->tlb.lock);
	err = empty_all(gt, &slept);
	tp_mutex_unlock(&gt->tlb.lock);
	return err;
}

/* ---- releases -------------------------------------------------------------------------------- */

static int forget_all(struct tp_intel_gt *gt, uint32_t seqno)
{
	struct tp_intel_tlb *tlb = &gt->tlb;
	bool slept = false, elided;
	int err = 0;

	tp_mutex_lock(&tlb->lock);
	elided = tp_intel_tlb_passed(tlb, seqno);
	if (!elided)
		err = empty_all(gt, &slept);
	tp_mutex_unlock(&tlb->lock);
	tp_quiet_add(elided ? &tlb->elided : slept ? &tlb->asleep : &tlb->full, 1);
	return err;
}

/* Without the lock: it moves no number. */
static int forget_range(struct tp_intel_gt *gt, const struct range *range)
{
	const uint32_t engines = engines_to_empty(gt);

	tp_quiet_add(engines ? &gt->tlb.range : &gt->tlb.asleep, 1);
	return engines ? empty(gt, engines, range) : 0;
}

static int forget_gt(struct tp_intel_gt *gt, uint32_t seqno, const struct range *range)
{
	if (tp_intel_tlb_passed(&gt->tlb, seqno)) {
		tp_quiet_add(&gt->tlb.elided, 1);
		return 0;
	}
	/* Its engines stand for good (T8). */
	if (tp_intel_gt_state(gt) == TP_GPU_WEDGED) {
		tp_quiet_add(&gt->tlb.asleep, 1);
		return 0;
	}
	return range && gt->guc ? forget_range(gt, range) : forget_all(gt, seqno);
}

static int forget(struct tp_intel *gpu, struct tp_intel_tlb_note *note, const struct range *range)
{
	int first = 0;

	tp_intel_for_each_gt(gt, gpu)
	{
		uint32_t *seqno = &note->seqno[gt->id];
		int err = *seqno ? forget_gt(gt, *seqno, range) : 0;

		if (!err)
			*seqno = 0;
		else if (!first)
			first = err;
	}
	return first;
}

int tp_intel_tlb_forget(struct tp_intel *gpu, struct tp_intel_tlb_note *note)
{
	return forget(gpu, note, NULL);
}

int tp_intel_tlb_forget_range(struct tp_intel *gpu, struct tp_intel_tlb_note *note, uint32_t asid,
			      uint64_t va, uint64_t size)
{
	const struct range range = { .va = va, .size = size, .asid = asid };

	return forget(gpu, note, &range);
}

/* ---- after a timeout ------------------------------------------------------------------------- */

/* Every engine answers, also those that sleep. */
static int verify_empty(struct tp_intel_gt *gt)
{
	int err;

	if (tp_intel_gt_state(gt) == TP_GPU_WEDGED)
		return 0;
	tp_mutex_lock(&gt->tlb.lock);
	err = empty(gt, all_engines(gt), NULL);
	tp_mutex_unlock(&gt->tlb.lock);
	return err;
}

static int verify_all(struct tp_intel *gpu)
{
	int err = 0;

	tp_intel_for_each_gt(gt, gpu)
	{
		if (!err)
			err = verify_empty(gt);
	}
	return err;
}

/* Resets that do not help are not repeated for ever. */
static int verify_or_wedge(struct tp_intel *gpu)
{
	int err = verify_all(gpu);

	tp_quiet_store(&gpu->unverified, err ? tp_quiet_load(&gpu->unverified) + 1 : 0);
	if (err && tp_quiet_load(&gpu->unverified) >= TRIES) {
		tp_intel_wedge(gpu);
		err = 0;
	}
	return err;
}

int tp_intel_tlb_recover(struct tp_intel *gpu)
{
	/* What is quarantined later failed to be forgotten later, perhaps after we look. */
	const uint64_t mark = tp_bo_quarantine_mark(&gpu->bos);
	int err;

	if (!tp_bo_quarantined(&gpu->bos))
		return 0;
	err = verify_or_wedge(gpu);
	if (!err)
		tp_trace(gpu->gpu.machine->trace, TP_TRACE_gpu_release, gpu->gpu.entry.index,
			 tp_bo_release_quarantine(&gpu->bos, mark), 0);
	return err;
}

void tp_intel_tlb_stats(struct tp_intel_gt *gt, struct tp_gpu_tlb_stats *stats)
{
	const struct tp_intel_tlb *tlb = &gt->tlb;

	*stats = (struct tp_gpu_tlb_stats){
		.elided = tp_quiet_load(&tlb->elided),
		.asleep = tp_quiet_load(&tlb->asleep),
		.full = tp_quiet_load(&tlb->full),
		.range = tp_quiet_load(&tlb->range),
		.timeouts = tp_quiet_load(&tlb->timeouts),
		.seqno = tp_atomic_load(&tlb->completed, TP_RELAXED),
	};
	stats->requested = stats->elided + stats->asleep + stats->full + stats->range;
	for (unsigned i = 0; i < TP_GPU_LATENCIES; i++)
		stats->latency[i] = tp_quiet_load(&tlb->latency[i]);
}
