/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resv - users and the holder of a buffer object, and the fences that keep it busy. */
#include "gpu/resv.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/mutant.h"

void tp_resv_init(struct tp_resv *resv)
{
	memset(resv, 0, sizeof(*resv));
	tp_spinlock_init(&resv->lock, TP_RANK_GPU_RESV, 0);
	tp_wait_queue_init(&resv->wq);
}

void tp_resv_fini(struct tp_resv *resv)
{
	for (unsigned i = 0; i < TP_RESV_TIMELINES; i++) {
		TP_INVARIANT(!resv->fence[i] || tp_fence_is_signaled(resv->fence[i]));
		tp_fence_put(resv->fence[i]);
		tp_fence_put(resv->writer[i]);
	}
}

/* ---- to have it alone ------------------------------------------------------------------------ */

/* @waiting: whether the caller is one of those who are counted as waiting. */
static bool take(struct tp_resv *resv, bool waiting)
{
	bool got;

	tp_spin_lock(&resv->lock);
	got = !resv->held && (!resv->users || TP_MUTANT(resv_holds_used));
	if (got) {
		resv->held = true;
		resv->wanted -= waiting;
	}
	tp_spin_unlock(&resv->lock);
	return got;
}

bool tp_resv_try_hold(struct tp_resv *resv)
{
	return take(resv, false);
}

static int give_up(struct tp_resv *resv)
{
	tp_spin_lock(&resv->lock);
	resv->wanted--;
	tp_wake_all(&resv->wq);
	tp_spin_unlock(&resv->lock);
	return -ETIME;
}

int tp_resv_hold(struct tp_resv *resv, uint64_t until_ns)
{
	bool in_time = true;

	if (take(resv, false))
		return 0;
	tp_spin_lock(&resv->lock);
	resv->wanted++;
	tp_spin_unlock(&resv->lock);
	for (;;) {
		uint32_t ticket = tp_wait_prepare(&resv->wq);

		if (!in_time || take(resv, true))
			break;
		in_time = tp_wait_commit(&resv->wq, ticket, until_ns);
	}
	tp_wait_abandon(&resv->wq);
	return in_time || take(resv, true) ? 0 : give_up(resv);
}

/* The wake-up stands under the lock for R5. */
void tp_resv_unhold(struct tp_resv *resv)
{
	tp_spin_lock(&resv->lock);
	TP_INVARIANT(resv->held);
	resv->held = false;
	if (!TP_MUTANT(resv_unhold_silent))
		tp_wake_all(&resv->wq);
	tp_spin_unlock(&resv->lock);
}

/* ---- to use it ------------------------------------------------------------------------------- */

static bool is_taken(struct tp_resv *resv)
{
	bool taken;

	tp_spin_lock(&resv->lock);
	taken = resv->held || resv->wanted;
	tp_spin_unlock(&resv->lock);
	return taken;
}

bool tp_resv_try_use(struct tp_resv *resv)
{
	bool got;

	tp_spin_lock(&resv->lock);
	got = !resv->held && !resv->wanted;
	resv->users += got;
	tp_spin_unlock(&resv->lock);
	return got;
}

void tp_resv_unuse(struct tp_resv *resv)
{
	tp_spin_lock(&resv->lock);
	TP_INVARIANT(resv->users);
	if (!--resv->users && !TP_MUTANT(resv_unuse_silent))
		tp_wake_all(&resv->wq);
	tp_spin_unlock(&resv->lock);
}

void tp_resv_wait_unheld(struct tp_resv *resv)
{
	tp_wait_event(&resv->wq, !is_taken(resv));
}

/* ---- what the device does with it ------------------------------------------------------------ */

/* A slot is of a timeline as long as it has a fence of it that is not signalled. */
static unsigned slot_for(const struct tp_resv *resv, const struct tp_timeline *timeline)
{
	unsigned other = TP_RESV_TIMELINES;

	for (unsigned i = 0; i < TP_RESV_TIMELINES; i++) {
		if (resv->fence[i] && resv->fence[i]->timeline == timeline)
			return i;
		if (!resv->fence[i] || tp_fence_is_signaled(resv->fence[i]))
			other = i;
	}
	TP_INVARIANT(other < TP_RESV_TIMELINES);
	return other;
}

/* Let @fence stand in @place if it is later than what is there; returns whose reference is over. */
static struct tp_fence *replace(struct tp_fence **place, struct tp_fence *fence)
{
	struct tp_fence *before = *place;

	if (before && before->timeline == fence->timeline &&
	    (int32_t)(before->seqno - fence->seqno) >= 0)
		return NULL;
	*place = tp_fence_get(fence);
	return before;
}

void tp_resv_add(struct tp_resv *resv, struct tp_fence *fence, bool write)
{
	struct tp_fence *reader, *writer = NULL;
	unsigned i;

	tp_spin_lock(&resv->lock);
	TP_INVARIANT(resv->held || resv->users); /* R3 */
	i = slot_for(resv, fence->timeline);
	/* A slot's writer is of the same timeline, or of one that is through. */
	reader = replace(&resv->fence[i], fence);
	if (write)
		writer = replace(&resv->writer[i], fence);
	tp_spin_unlock(&resv->lock);
	tp_fence_put(reader);
	tp_fence_put(writer);
}

/* One that is not signalled, with a reference; NULL: there is none. */
static struct tp_fence *get_busy(struct tp_resv *resv)
{
	struct tp_fence *fence = NULL;

	tp_spin_lock(&resv->lock);
	for (unsigned i = 0; i < TP_RESV_TIMELINES && !fence; i++)
		if (resv->fence[i] && !tp_fence_is_signaled(resv->fence[i]))
			fence = tp_fence_get(resv->fence[i]);
	tp_spin_unlock(&resv->lock);
	return fence;
}

int tp_resv_wait_idle(struct tp_resv *resv, uint64_t until_ns)
{
	struct tp_fence *fence;
	int err = 0;

	while (!err && (fence = get_busy(resv))) {
		err = tp_fence_wait(fence, until_ns);
		tp_fence_put(fence);
	}
	return err ? TP_ERR(err, "work on an object has not ended") : 0;
}

const char *tp_resv_busy_with(struct tp_resv *resv)
{
	struct tp_fence *fence = get_busy(resv);
	const char *name = fence ? fence->timeline->name : NULL;

	tp_fence_put(fence);
	return name;
}

bool tp_resv_is_idle(struct tp_resv *resv)
{
	return !tp_resv_busy_with(resv);
}

unsigned tp_resv_depends(struct tp_resv *resv, bool write, struct tp_fence *fences[], unsigned max)
{
	struct tp_fence **of = write ? resv->fence : resv->writer;
	unsigned n = 0;

	tp_spin_lock(&resv->lock);
	for (unsigned i = 0; i < TP_RESV_TIMELINES; i++) {
		if (!of[i] || tp_fence_is_signaled(of[i]))
			continue;
		if (n < max)
			fences[n] = tp_fence_get(of[i]);
		n++;
	}
	tp_spin_unlock(&resv->lock);
	return n;
}
