/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * submit - work of a context becomes a job: its VM is up to date, its objects are used, and what
 * others do with them comes before.
 */
#include <errno.h>

#include "core/error.h"
#include "gpu/amd/vm.h"

static int check_use(const struct tp_amd *gpu, const struct tp_amd_use *use)
{
	const struct tp_bo *bo = &use->object->bo;

	if (bo->device == &gpu->bos)
		return 0;
	return TP_ERR_TEXT(-EINVAL, bo->name, "%s is of another GPU");
}

/* The packet that leads to it tells of less than TP_SDMA_IB_MAX dwords. */
static int check_stream(const struct tp_amd_work *work)
{
	if (work->ring < TP_AMD_NR_RINGS && work->dwords && work->dwords < TP_SDMA_IB_MAX &&
	    !(work->dwords % TP_SDMA_IB_ALIGN_DW) && !(work->ib % 32) &&
	    tp_amd_is_in_a_half(work->ib, UINT64_C(4) * work->dwords))
		return 0;
	return TP_ERR(-EINVAL, "%u dwords at %x for ring %u", work->dwords, work->ib,
		      (unsigned)work->ring);
}

static int check(struct tp_amd_ctx *ctx, const struct tp_amd_work *work)
{
	int err = tp_amd_ctx_check(ctx);

	if (!err)
		err = check_stream(work);
	for (unsigned i = 0; !err && i < work->nr_uses; i++)
		err = check_use(ctx->gpu, &work->uses[i]);
	if (!err && tp_amd_state(ctx->gpu) == TP_GPU_WEDGED)
		err = TP_ERR_TEXT(-EIO, ctx->gpu->gpu.name, "%s is wedged");
	return err;
}

/* ---- objects --------------------------------------------------------------------------------- */

/* What has the VM's reservation is used with that. */
static struct tp_resv *own_resv(const struct tp_amd_vm *vm, const struct tp_amd_use *use)
{
	struct tp_resv *resv = use->object->bo.resv;

	return resv == tp_amd_vm_resv(vm) ? NULL : resv;
}

static void unuse(struct tp_amd_vm *vm, const struct tp_amd_work *work, unsigned n)
{
	while (n--)
		if (own_resv(vm, &work->uses[n]))
			tp_resv_unuse(own_resv(vm, &work->uses[n]));
	tp_resv_unuse(tp_amd_vm_resv(vm));
}

/* All, or none: NULL, or what is to be waited for. */
static struct tp_resv *try_use(struct tp_amd_vm *vm, const struct tp_amd_work *work)
{
	tp_amd_vm_use(vm);
	for (unsigned i = 0; i < work->nr_uses; i++) {
		struct tp_resv *resv = own_resv(vm, &work->uses[i]);

		if (!resv || tp_resv_try_use(resv))
			continue;
		unuse(vm, work, i);
		return resv;
	}
	return NULL;
}

/* ---- the job --------------------------------------------------------------------------------- */

static void add_fences(struct tp_amd_vm *vm, const struct tp_amd_work *work, struct tp_fence *fence)
{
	tp_resv_add(tp_amd_vm_resv(vm), fence, false);
	for (unsigned i = 0; i < work->nr_uses; i++)
		if (own_resv(vm, &work->uses[i]))
			tp_resv_add(own_resv(vm, &work->uses[i]), fence, work->uses[i].write);
}

static void add_depends(struct tp_amd_vm *vm, const struct tp_amd_work *work,
			struct tp_amd_job *job)
{
	tp_amd_job_depend(job, vm->last_update);
	tp_amd_job_depend_on(job, tp_amd_vm_resv(vm), false);
	for (unsigned i = 0; i < work->nr_uses; i++)
		if (own_resv(vm, &work->uses[i]))
			tp_amd_job_depend_on(job, own_resv(vm, &work->uses[i]),
					     work->uses[i].write);
}

/* Under the VM's lock, which is up to date; the job may have ended when this returns. */
static void push(struct tp_amd_vm *vm, const struct tp_amd_work *work, struct tp_amd_job *job,
		 struct tp_fence *fence)
{
	job->generation = vm->generation;
	job->root = tp_amd_pt_root_address(vm);
	job->tlb_seq = tp_atomic_load(&vm->tlb_seq, TP_ACQUIRE);
	tp_mutex_lock(&vm->gpu->push_lock);
	add_depends(vm, work, job);
	tp_amd_job_push(job);
	add_fences(vm, work, fence);
	tp_mutex_unlock(&vm->gpu->push_lock);
}

/* Content that was lost is zeroes before anybody sees it. */
static void settle(const struct tp_amd_work *work)
{
	for (unsigned i = 0; i < work->nr_uses; i++)
		tp_amd_object_settle(work->uses[i].object);
}

/* False: something changed meanwhile.  A VM may be up to date again after a loss that its context
 * is older than (CX1); one that comes from here on is seen by who runs the job (J2). */
static bool try_push(struct tp_amd_vm *vm, const struct tp_amd_work *work, struct tp_amd_job *job,
		     struct tp_fence *fence)
{
	bool ready;

	tp_mutex_lock(&vm->lock);
	ready = tp_amd_vm_is_ready(vm) && !tp_amd_ctx_check(job->ctx);
	if (ready)
		push(vm, work, job, fence);
	tp_mutex_unlock(&vm->lock);
	return ready;
}

static int queue(struct tp_amd_ctx *ctx, const struct tp_amd_work *work, struct tp_amd_job *job,
		 struct tp_fence *fence)
{
	struct tp_amd_vm *vm = ctx->vm;
	bool pushed = false;

	while (!pushed) {
		struct tp_resv *held;
		int err = tp_amd_vm_validate(vm);

		if (!err)
			err = check(ctx, work);
		if (err)
			return err;
		held = try_use(vm, work);
		if (held) {
			tp_resv_wait_unheld(held);
			continue;
		}
		settle(work);
		pushed = try_push(vm, work, job, fence);
		unuse(vm, work, work->nr_uses);
	}
	return 0;
}

int tp_amd_submit(struct tp_amd_ctx *ctx, const struct tp_amd_work *work, struct tp_fence **out)
{
	struct tp_amd_job *job;
	struct tp_fence *fence;
	int err = check(ctx, work);

	if (err)
		return err;
	err = tp_amd_job_create(ctx->gpu, work->ring, 0, &job);
	if (err)
		return err;
	job->vm = tp_amd_vm_get(ctx->vm);
	job->ctx = tp_amd_ctx_get(ctx);
	job->ib_address = work->ib & TP_AMD_VA_MASK;
	job->ib_dwords = work->dwords;
	fence = tp_fence_get(job->fence);
	err = queue(ctx, work, job, fence);
	if (err)
		tp_amd_job_free(job);
	if (!err && out)
		*out = fence;
	else
		tp_fence_put(fence);
	return err;
}
