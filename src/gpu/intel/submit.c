/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * submit - a batch becomes a request: its objects are used, have memory and are bound, and what
 * others do with them is waited for, in the ring where that is possible.
 *
 * Objects are used all at once or not at all (R2 of resv): who meets one that is held, or has to
 * hold one to populate it, lets the others go and begins again.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/intel/internal.h"

/* ---- objects --------------------------------------------------------------------------------- */

static struct tp_bo *bo_of(const struct tp_intel_use *use)
{
	return tp_intel_object_bo(use->object);
}

static void unuse(const struct tp_intel_batch *batch, unsigned n)
{
	while (n--)
		tp_resv_unuse(bo_of(&batch->uses[n])->resv);
}

static int populate(struct tp_bo *bo)
{
	int err = tp_resv_hold(bo->resv, TP_WAIT_FOREVER);

	if (err)
		return err;
	err = tp_bo_populate(bo);
	tp_resv_unhold(bo->resv);
	return err;
}

/* All, or none and an error.  -EAGAIN: begin again. */
static int try_use(const struct tp_intel_batch *batch)
{
	for (unsigned i = 0; i < batch->nr_uses; i++) {
		struct tp_bo *bo = bo_of(&batch->uses[i]);
		bool is_free = tp_resv_try_use(bo->resv);
		int err = 0;

		if (is_free && bo->place != TP_BO_EMPTY)
			continue;
		unuse(batch, i + is_free);
		if (is_free)
			err = populate(bo);
		else
			tp_resv_wait_unheld(bo->resv);
		return err ? err : -EAGAIN;
	}
	return 0;
}

static int use(const struct tp_intel_batch *batch)
{
	int err;

	do
		err = try_use(batch);
	while (err == -EAGAIN);
	for (unsigned i = 0; !err && i < batch->nr_uses; i++) {
		tp_intel_object_bind(batch->uses[i].object, batch->vm);
		tp_bo_touch(bo_of(&batch->uses[i]));
	}
	return err;
}

/* ---- what has to happen before --------------------------------------------------------------- */

/* The engine of this GPU that a timeline belongs to; NULL: it is somebody else's. */
static struct tp_intel_engine *engine_of(struct tp_intel *gpu, const struct tp_timeline *timeline)
{
	tp_intel_for_each_engine(engine, gpu)
	{
		if (&engine->timeline == timeline)
			return engine;
	}
	return NULL;
}

static struct tp_intel_point *point_of(struct tp_intel_request *request,
				       const struct tp_timeline *timeline)
{
	for (unsigned i = 0; i < request->nr_depends; i++)
		if (request->depends[i].timeline == timeline)
			return &request->depends[i];
	return NULL;
}

/* False: it cannot be waited for in the ring. */
static bool depend(struct tp_intel_request *request, struct tp_intel_engine *on,
		   const struct tp_fence *fence)
{
	const struct tp_intel_engine *other = engine_of(on->gt->gpu, fence->timeline);
	struct tp_intel_point *point;

	/* Rings keep their order. */
	if (other == on || tp_fence_is_signaled(fence))
		return true;
	point = point_of(request, fence->timeline);
	if (!point && (!other || request->nr_depends == TP_INTEL_MAX_DEPENDS))
		return false;
	if (!point) {
		point = &request->depends[request->nr_depends++];
		*point = (struct tp_intel_point){ fence->timeline, other->slot_ggtt, fence->seqno };
	} else if ((int32_t)(fence->seqno - point->seqno) > 0) {
		point->seqno = fence->seqno;
	}
	return true;
}

/* One that cannot be waited for in the ring, with a reference; NULL: there is none. */
static struct tp_fence *depend_on_users(struct tp_intel_request *request,
					struct tp_intel_engine *engine,
					const struct tp_intel_use *use)
{
	struct tp_fence *fences[TP_RESV_TIMELINES], *first = NULL;
	unsigned n = tp_resv_depends(bo_of(use)->resv, use->write, fences, TP_RESV_TIMELINES);

	for (unsigned i = 0; i < n; i++)
		if (first || depend(request, engine, fences[i]))
			tp_fence_put(fences[i]);
		else
			first = fences[i];
	return first;
}

static struct tp_fence *depend_on_all(struct tp_intel_request *request,
				      struct tp_intel_engine *engine,
				      const struct tp_intel_batch *batch)
{
	struct tp_fence *fence = NULL;

	request->nr_depends = 0;
	for (unsigned i = 0; !fence && i < batch->nr_uses; i++)
		fence = depend_on_users(request, engine, &batch->uses[i]);
	return fence;
}

/* ---- the ring -------------------------------------------------------------------------------- */

enum outcome { QUEUED, NO_ROOM, IN_RESET, IS_WEDGED, MUST_WAIT };

static enum outcome emit(struct tp_intel_engine *engine, struct tp_intel_request *request)
{
	enum outcome outcome = IN_RESET;
	enum tp_gpu_state state;

	tp_spin_lock(&engine->lock);
	state = tp_intel_gt_state(engine->gt);
	if (state == TP_GPU_RUNNING || TP_MUTANT(queue_in_reset))
		outcome = tp_intel_request_emit(engine, request) ? QUEUED : NO_ROOM;
	else if (state == TP_GPU_WEDGED)
		outcome = IS_WEDGED;
	tp_spin_unlock(&engine->lock);
	return outcome;
}

/*
 * K6, R3.  A request that is queued belongs to its engine, and may have ended; @fence is a
 * reference of the caller's.  MUST_WAIT: for *@before.
 */
static enum outcome try_queue(struct tp_intel_engine *engine, struct tp_intel_request *request,
			      const struct tp_intel_batch *batch, struct tp_fence *fence,
			      struct tp_fence **before)
{
	enum outcome outcome = MUST_WAIT;
	struct tp_intel *gpu = engine->gt->gpu;

	tp_mutex_lock(&gpu->queue_lock);
	*before = depend_on_all(request, engine, batch);
	if (!*before)
		outcome = emit(engine, request);
	for (unsigned i = 0; outcome == QUEUED && i < batch->nr_uses; i++)
		tp_resv_add(bo_of(&batch->uses[i])->resv, fence, batch->uses[i].write);
	tp_mutex_unlock(&gpu->queue_lock);
	return outcome;
}

static bool is_room_likely(struct tp_intel_engine *engine)
{
	bool likely;

	tp_spin_lock(&engine->lock);
	likely = tp_list_empty(&engine->requests) ||
		 tp_fence_is_signaled(
			 tp_list_entry(engine->requests.next, struct tp_intel_request, link)
				 ->fence) ||
		 tp_intel_gt_state(engine->gt) != TP_GPU_RUNNING;
	tp_spin_unlock(&engine->lock);
	return likely;
}

static void wait_for_room(struct tp_intel_engine *engine)
{
	tp_wait_event(&engine->room, is_room_likely(engine));
	tp_intel_engine_retire(engine);
}

static int queue(struct tp_intel_engine *engine, struct tp_intel_request *request,
		 const struct tp_intel_batch *batch, struct tp_fence *fence)
{
	struct tp_fence *before;

	for (;;)
		switch (try_queue(engine, request, batch, fence, &before)) {
		case QUEUED:
			return 0;
		case NO_ROOM:
			wait_for_room(engine);
			break;
		case IN_RESET:
			tp_intel_wait_reset(engine->gt->gpu);
			break;
		case MUST_WAIT:
			tp_fence_wait(before, TP_WAIT_FOREVER);
			tp_fence_put(before);
			break;
		default:
			return TP_ERR_TEXT(-EIO, engine->name, "%s: the GPU is wedged");
		}
}

/* An engine that did not forget in time runs after a reset. */
static int unpark(struct tp_intel_engine *engine)
{
	int err = tp_intel_engine_unpark(engine);

	if (err != -ETIME)
		return err;
	err = tp_intel_gt_reset(engine->gt, NULL);
	return err ? err : tp_intel_engine_unpark(engine);
}

static int run(struct tp_intel_engine *engine, struct tp_intel_request *request,
	       const struct tp_intel_batch *batch, struct tp_fence *fence)
{
	int err = unpark(engine);

	if (err)
		return err;
	err = queue(engine, request, batch, fence);
	tp_intel_engine_let_park(engine);
	return err;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static struct tp_intel_engine *find_engine(struct tp_intel *gpu, const struct tp_intel_batch *batch)
{
	tp_intel_for_each_engine(engine, gpu)
	{
		if (engine->id.class == batch->class && engine->id.instance == batch->instance)
			return engine;
	}
	return NULL;
}

static struct tp_intel_request *make_request(const struct tp_intel_batch *batch)
{
	struct tp_intel_request *request = tp_zalloc(sizeof(*request));

	if (!request)
		return NULL;
	request->fence = tp_fence_create();
	if (!request->fence) {
		tp_free(request);
		return NULL;
	}
	request->vm = tp_intel_vm_get(batch->vm);
	request->batch = batch->start;
	return request;
}

static int check(const struct tp_intel *gpu, const struct tp_intel_batch *batch)
{
	if (batch->vm->gpu != gpu)
		return TP_ERR_TEXT(-EINVAL, gpu->gpu.name, "%s: an address space of another GPU");
	for (unsigned i = 0; i < batch->nr_uses; i++) {
		const struct tp_bo *bo = bo_of(&batch->uses[i]);

		if (tp_intel_of_bo(bo) != gpu)
			return TP_ERR_TEXT(-EINVAL, bo->name, "%s is of another GPU");
	}
	return 0;
}

int tp_intel_submit(struct tp_intel *gpu, const struct tp_intel_batch *batch, struct tp_fence **out)
{
	struct tp_intel_engine *engine = find_engine(gpu, batch);
	struct tp_intel_request *request;
	struct tp_fence *fence;
	int err = check(gpu, batch);

	if (err)
		return err;
	if (!engine)
		return TP_ERR(-ENODEV, "no engine of class %u with number %u", batch->class,
			      batch->instance);
	request = make_request(batch);
	if (!request)
		return TP_ERR(-ENOMEM, "no memory for a request");
	fence = tp_fence_get(request->fence);
	err = use(batch);
	if (!err) {
		err = run(engine, request, batch, fence);
		unuse(batch, batch->nr_uses);
	}
	if (err)
		tp_intel_request_free(request);
	if (!err && out)
		*out = fence;
	else
		tp_fence_put(fence);
	return err;
}
