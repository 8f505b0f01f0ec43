/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_guc - two requests to the firmware follow each other in one slot, and the answer to the first
 * comes late, or not at all (C1).
 *
 * Must hold: whoever was told that a request is done finds that the firmware did that one.
 */
#include <errno.h>

#include "gpu/intel/guc_internal.h"
#include "scenarios/gpu_tlb_stub.h"

enum { REQUESTS = 2, SEQNO = 1, LEN = 3 /* words, with the header */ };

struct talk {
	struct tp_tlb_stub *stub;
	struct tp_intel_guc *guc;
	tp_atomic_u32 done[REQUESTS];
};

/* ---- the firmware ---------------------------------------------------------------------------- */

static tp_atomic_u32 *word(struct talk *t, unsigned index)
{
	return (tp_atomic_u32 *)t->guc->page.address + index;
}

static void answer(struct talk *t, uint32_t seqno)
{
	uint32_t tail = tp_atomic_load(word(t, TP_INTEL_GUC_G2H_TAIL), TP_RELAXED);

	tp_atomic_store(word(t, TP_INTEL_GUC_G2H + tail),
			TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_DONE, 1), TP_RELAXED);
	tp_atomic_store(word(t, TP_INTEL_GUC_G2H + tail + 1), seqno, TP_RELAXED);
	tp_atomic_store(word(t, TP_INTEL_GUC_G2H_TAIL), tail + 2, TP_RELEASE);
	tp_intel_guc_wake(t->guc);
}

/* Each message in its turn, when it is there. */
static void obey(struct talk *t, unsigned which)
{
	const uint32_t head = which * LEN;

	while (tp_atomic_load(word(t, TP_INTEL_GUC_H2G_TAIL), TP_ACQUIRE) == head)
		tp_cpu_relax();
	tp_atomic_store(word(t, TP_INTEL_GUC_H2G_HEAD), head + LEN, TP_RELEASE);
	tp_atomic_store(&t->done[which], 1, TP_RELEASE);
	answer(t, tp_atomic_load(word(t, TP_INTEL_GUC_H2G + head + SEQNO), TP_RELAXED));
}

static void run_firmware(void *arg)
{
	for (unsigned i = 0; i < REQUESTS; i++)
		obey(arg, i);
}

/* ---- the driver ------------------------------------------------------------------------------ */

static void *prepare(void)
{
	struct talk *t = tp_sim_alloc(sizeof(*t));
	struct tp_intel_guc *guc = tp_sim_alloc(sizeof(*guc));

	t->stub = tp_tlb_stub_make(TP_INTEL_TLB_STARTED);
	t->guc = guc;
	guc->gt = tp_tlb_stub_gt(t->stub);
	guc->page.address = tp_sim_alloc(TP_PAGE_SIZE);
	guc->ready = true;
	tp_spinlock_init(&guc->lock, TP_RANK_GPU_ENGINE, TP_GPU_MAX_ENGINES);
	tp_wait_queue_init(&guc->wq);
	return t;
}

static void ask(void *arg)
{
	const uint32_t all = TP_INTEL_GUC_TLB_ENGINES;
	struct talk *t = arg;

	for (unsigned i = 0; i < REQUESTS; i++) {
		int err = tp_intel_guc_ask(t->guc, &all, 1);

		TP_EXPECT(!err || err == -ETIME);
		if (!err)
			TP_EXPECT(tp_atomic_load(&t->done[i], TP_ACQUIRE));
	}
}

static void start(void *state)
{
	tp_sim_start("firmware", run_firmware, state);
	tp_sim_start("ask", ask, state);
}

static void check(void *state)
{
	struct talk *t = state;

	for (unsigned i = 0; i <= TP_INTEL_GUC_SLOTS; i++)
		TP_EXPECT(!t->guc->slots[i].seqno);
	TP_EXPECT(!t->guc->broken && t->guc->late <= 1);
}

TP_SCENARIO(guc_late, {
			      .name = "gpu/guc-late-answer",
			      .summary = "an answer comes when its slot is another's",
			      .prepare = prepare,
			      .start = start,
			      .check = check,
			      .timers = 1,
		      })
