/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guc - the firmware comes and goes, and requests to it wait in slots for their answers. */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "gpu/intel/guc_internal.h"

/* How often a waiter looks by itself. */
static const uint64_t look_ns = 50000;

/* ---- coming and going ------------------------------------------------------------------------ */

static void set_ready(struct tp_intel_guc *guc, bool ready)
{
	tp_spin_lock(&guc->lock);
	guc->ready = ready;
	guc->resets += !ready;
	tp_spin_unlock(&guc->lock);
	tp_wake_all(&guc->wq);
}

static int shake_hands(struct tp_intel_guc *guc)
{
	struct tp_intel_uncore *uncore = &guc->gt->uncore;
	int err = tp_intel_forcewake_get(uncore, ~0u);

	if (err)
		return err;
	/* Of this address of the global GTT it may remember rings of before. */
	tp_intel_write_fw(uncore, TP_INTEL_GEN12_GUC_TLB_INV, 1);
	tp_intel_write_fw(uncore, TP_INTEL_GUC_CT, guc->ggtt | TP_INTEL_GUC_CT_VALID);
	err = tp_intel_wait_register_fw(uncore, TP_INTEL_GUC_STATUS, TP_INTEL_GUC_READY,
					TP_INTEL_GUC_READY, uncore->patience->poll_ns,
					uncore->patience->reset_ns);
	tp_intel_forcewake_put(uncore, ~0u);
	return err ? TP_ERR(-EIO, "the firmware of GT %u is not ready", guc->gt->id) : 0;
}

void tp_intel_guc_reset_begin(struct tp_intel_guc *guc)
{
	set_ready(guc, false);
}

int tp_intel_guc_reset_end(struct tp_intel_guc *guc)
{
	int err;

	tp_spin_lock(&guc->lock);
	tp_intel_guc_ring_clear(guc);
	tp_spin_unlock(&guc->lock);
	err = shake_hands(guc);
	if (!err)
		set_ready(guc, true);
	return err;
}

/* The page with the rings, where the device finds it. */
static int make_page(struct tp_intel_guc *guc)
{
	struct tp_intel *gpu = guc->gt->gpu;
	int err = tp_dma_alloc(gpu->bos.domain, TP_PAGE_SIZE, gpu->config.node, "guc", &guc->page);

	if (err)
		return err;
	err = tp_intel_ggtt_insert(gpu, guc->page.dma, 1, &guc->ggtt);
	if (err)
		tp_dma_free(&guc->page);
	return err;
}

static void free_page(struct tp_intel_guc *guc)
{
	tp_intel_ggtt_remove(guc->gt->gpu, guc->ggtt, 1);
	tp_dma_free(&guc->page);
}

int tp_intel_guc_create(struct tp_intel_gt *gt, struct tp_intel_guc **guc)
{
	struct tp_intel_guc *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return TP_ERR(-ENOMEM, "no memory for the firmware's slots");
	new->gt = gt;
	tp_spinlock_init(&new->lock, TP_RANK_GPU_ENGINE, TP_GPU_MAX_ENGINES + gt->id);
	tp_wait_queue_init(&new->wq);
	err = make_page(new);
	if (err) {
		tp_free(new);
		return err;
	}
	err = tp_intel_guc_reset_end(new);
	if (err)
		tp_intel_guc_destroy(new);
	else
		*guc = new;
	return err;
}

void tp_intel_guc_destroy(struct tp_intel_guc *guc)
{
	tp_intel_write(&guc->gt->uncore, TP_INTEL_GUC_CT, 0);
	free_page(guc);
	tp_free(guc);
}

void tp_intel_guc_wake(struct tp_intel_guc *guc)
{
	tp_wake_all(&guc->wq);
}

/* ---- slots; under the lock ------------------------------------------------------------------- */

/* NULL: all are taken, and so is the serial one. */
static struct tp_intel_guc_slot *take_slot(struct tp_intel_guc *guc)
{
	unsigned first = TP_FAULT("gpu/guc-slot") ? TP_INTEL_GUC_SLOTS : 0;

	for (unsigned i = first; i <= TP_INTEL_GUC_SLOTS; i++) {
		if (!guc->slots[i].seqno)
			return &guc->slots[i];
	}
	return NULL;
}

/* Not given out for as long as anybody may still answer the one before (C1). */
static uint32_t next_seqno(struct tp_intel_guc *guc, const struct tp_intel_guc_slot *slot)
{
	const uint32_t most = UINT32_MAX >> TP_INTEL_GUC_SLOT_BITS;

	if (!TP_MUTANT(guc_slot_is_number))
		guc->count = guc->count % most + 1;
	else
		guc->count = 1;
	return guc->count << TP_INTEL_GUC_SLOT_BITS | (uint32_t)(slot - guc->slots);
}

static void answer(struct tp_intel_guc *guc, uint32_t seqno)
{
	unsigned i = seqno % (1u << TP_INTEL_GUC_SLOT_BITS);

	if (i <= TP_INTEL_GUC_SLOTS && guc->slots[i].seqno == seqno && seqno)
		guc->slots[i].answered = true;
	else
		guc->late++;
}

static void receive(struct tp_intel_guc *guc)
{
	uint32_t op, seqno;
	bool news = false;

	while (tp_intel_guc_ring_receive(guc, &op, &seqno, 1)) {
		if (op == TP_INTEL_GUC_TLB_DONE)
			answer(guc, seqno);
		else
			guc->broken++;
		news = true;
	}
	if (news)
		tp_wake_all(&guc->wq);
}

/* ---- requests -------------------------------------------------------------------------------- */

struct ask {
	const uint32_t *words;
	unsigned n;
	struct tp_intel_guc_slot *slot; /* NULL: it is not sent yet */
	uint32_t resets;		/* when it was sent */
};

/* These two return -EAGAIN as long as that may change. */
static int send(struct tp_intel_guc *guc, struct ask *ask)
{
	struct tp_intel_guc_slot *slot;
	uint32_t message[8];

	if (!guc->ready)
		return TP_ERR(-ENOTCONN, "the firmware of GT %u is in reset", guc->gt->id);
	slot = take_slot(guc);
	if (!slot)
		return -EAGAIN;
	message[0] = next_seqno(guc, slot);
	for (unsigned i = 0; i < ask->n; i++)
		message[1 + i] = ask->words[i];
	if (!tp_intel_guc_ring_send(guc, TP_INTEL_GUC_TLB_INVALIDATE, message, ask->n + 1))
		return -EAGAIN;
	*slot = (struct tp_intel_guc_slot){ .seqno = message[0] };
	ask->slot = slot;
	ask->resets = guc->resets;
	return 0;
}

static int is_answered(struct tp_intel_guc *guc, struct ask *ask)
{
	if (ask->slot->answered)
		return 0;
	if (ask->resets != guc->resets)
		return TP_ERR(-ENOTCONN, "the firmware of GT %u was reset", guc->gt->id);
	return -EAGAIN;
}

/* Reading a register gives the device a chance to see the time. */
static int look(struct tp_intel_guc *guc, int (*step)(struct tp_intel_guc *, struct ask *),
		struct ask *ask)
{
	int err;

	tp_intel_read(&guc->gt->uncore, TP_INTEL_GUC_STATUS);
	tp_spin_lock(&guc->lock);
	receive(guc);
	err = step(guc, ask);
	tp_spin_unlock(&guc->lock);
	return err;
}

/* Until @step has come to an end; once more after the time is up. */
static int wait_for(struct tp_intel_guc *guc, int (*step)(struct tp_intel_guc *, struct ask *),
		    struct ask *ask)
{
	const uint64_t until = tp_clock_after(guc->gt->uncore.patience->guc_ns);

	for (;;) {
		uint32_t ticket = tp_wait_prepare(&guc->wq);
		bool is_late = tp_clock_now() >= until;
		int err = look(guc, step, ask);

		if (err == -EAGAIN && is_late)
			err = TP_ERR(-ETIME, "the firmware of GT %u does not answer", guc->gt->id);
		if (err != -EAGAIN) {
			tp_wait_abandon(&guc->wq);
			return err;
		}
		tp_wait_commit(&guc->wq, ticket, TP_MIN(until, tp_clock_after(look_ns)));
	}
}

static void free_slot(struct tp_intel_guc *guc, struct tp_intel_guc_slot *slot)
{
	tp_spin_lock(&guc->lock);
	*slot = (struct tp_intel_guc_slot){ .seqno = 0 };
	tp_spin_unlock(&guc->lock);
	tp_wake_all(&guc->wq);
}

int tp_intel_guc_ask(struct tp_intel_guc *guc, const uint32_t *words, unsigned n)
{
	struct ask ask = { .words = words, .n = n };
	int err = wait_for(guc, send, &ask);

	if (err)
		return err;
	tp_intel_write(&guc->gt->uncore, TP_INTEL_GUC_DOORBELL, 1);
	err = wait_for(guc, is_answered, &ask);
	free_slot(guc, ask.slot);
	return err;
}
