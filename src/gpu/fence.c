/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fence - timelines, and who waits for a point on one. */
#include "gpu/fence.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/invariant.h"

void tp_timeline_init(struct tp_timeline *timeline, const char *name, tp_atomic_u32 *slot)
{
	*timeline = (struct tp_timeline){ .name = name, .slot = slot };
	tp_wait_queue_init(&timeline->wq);
}

void tp_timeline_wake(struct tp_timeline *timeline)
{
	tp_wake_all(&timeline->wq);
}

void tp_timeline_force(struct tp_timeline *timeline, uint32_t seqno)
{
	uint32_t now = tp_atomic_load(timeline->slot, TP_ACQUIRE);

	/* The device may be moving it too, until it stands. */
	while ((int32_t)(seqno - now) > 0 &&
	       !tp_atomic_cas(timeline->slot, &now, seqno, TP_ACQ_REL))
		;
	tp_timeline_wake(timeline);
}

struct tp_fence *tp_fence_create(void)
{
	struct tp_fence *fence = tp_zalloc(sizeof(*fence));

	if (fence)
		tp_atomic_store(&fence->refs, 1, TP_RELAXED);
	return fence;
}

void tp_fence_begin(struct tp_fence *fence, struct tp_timeline *timeline)
{
	fence->timeline = timeline;
	fence->seqno = tp_atomic_load(&timeline->last, TP_RELAXED) + 1;
	tp_atomic_store(&timeline->last, fence->seqno, TP_RELEASE);
}

struct tp_fence *tp_fence_get(struct tp_fence *fence)
{
	if (fence)
		tp_atomic_add(&fence->refs, 1, TP_RELAXED);
	return fence;
}

void tp_fence_put(struct tp_fence *fence)
{
	if (fence && tp_atomic_sub(&fence->refs, 1, TP_ACQ_REL) == 1)
		tp_free(fence);
}

bool tp_fence_is_signaled(const struct tp_fence *fence)
{
	return (int32_t)(tp_atomic_load(fence->timeline->slot, TP_ACQUIRE) - fence->seqno) >= 0;
}

void tp_fence_fail(struct tp_fence *fence, int err)
{
	TP_INVARIANT(!tp_fence_is_signaled(fence));
	tp_atomic_store(&fence->error, (uint32_t)-err, TP_RELEASE);
}

int tp_fence_error(const struct tp_fence *fence)
{
	return -(int)tp_atomic_load(&fence->error, TP_ACQUIRE);
}

int tp_fence_wait(struct tp_fence *fence, uint64_t until_ns)
{
	struct tp_wait_queue *wq = &fence->timeline->wq;

	while (!tp_fence_is_signaled(fence)) {
		uint32_t ticket = tp_wait_prepare(wq);

		if (tp_fence_is_signaled(fence)) {
			tp_wait_abandon(wq);
			break;
		}
		if (!tp_wait_commit(wq, ticket, until_ns))
			return tp_fence_is_signaled(fence) ? 0 : -ETIME;
	}
	return 0;
}
