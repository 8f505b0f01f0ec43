/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_timeline - timelines whose device is the test.  Include after <cmocka.h>. */
#ifndef TESTS_UNIT_GPU_TIMELINE_H
#define TESTS_UNIT_GPU_TIMELINE_H

#include "gpu/fence.h"
#include "mm_machine.h"

struct test_timeline {
	struct tp_timeline timeline;
	tp_atomic_u32 slot;
};

static inline void begin_timeline(struct test_timeline *t, const char *name, uint32_t at)
{
	tp_atomic_store(&t->slot, at, TP_RELAXED);
	tp_timeline_init(&t->timeline, name, &t->slot);
	tp_atomic_store(&t->timeline.last, at, TP_RELAXED);
}

/* A request on it; the reference is the caller's. */
static inline struct tp_fence *request(struct test_timeline *t)
{
	struct tp_fence *fence = tp_fence_create();

	assert_non_null(fence);
	tp_fence_begin(fence, &t->timeline);
	return fence;
}

/* The device has done all up to @fence. */
static inline void finish(struct tp_fence *fence)
{
	tp_atomic_store(fence->timeline->slot, fence->seqno, TP_RELEASE);
	tp_timeline_wake(fence->timeline);
}

#endif
