/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job - from its making to its end.
 *
 * A job has references that whoever retires it may not be the last to give back, since that takes
 * an address space apart: who does is tp_amd_bury().
 *
 * Fault sites: gpu/amd-ib (as if no room for a command stream was given back in time).
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/amd/vm.h"

/* ---- making ---------------------------------------------------------------------------------- */

/* Until something has ended, or was let go.  -ENOMEM: not in time. */
static int wait_for_end(struct tp_amd *gpu, uint32_t ticket, uint64_t until_ns)
{
	if (tp_amd_run(gpu)) {
		tp_wait_abandon(&gpu->moved);
		return 0;
	}
	if (tp_wait_commit(&gpu->moved, ticket, until_ns))
		return 0;
	return TP_ERR_TEXT(-ENOMEM, gpu->gpu.name, "%s: no room for a command stream");
}

/* Who has what there is gives it back without waiting for any, so that it may be waited for whether
 * their jobs run yet or not. */
static int get_room(struct tp_amd *gpu, uint32_t dwords, struct tp_amd_ib *ib)
{
	uint64_t until_ns = tp_clock_after(2 * gpu->config.patience.hang_ns);
	int err = TP_FAULT("gpu/amd-ib") ? TP_ERR(-ENOMEM, "fault injected") : 0;

	while (!err && !tp_amd_ib_get(gpu, dwords, ib)) {
		uint32_t ticket = tp_wait_prepare(&gpu->moved);

		if (tp_amd_ib_get(gpu, dwords, ib)) {
			tp_wait_abandon(&gpu->moved);
			break;
		}
		err = tp_amd_state(gpu) == TP_GPU_RUNNING ? 0 : -ECANCELED;
		if (err)
			tp_wait_abandon(&gpu->moved);
		else
			err = wait_for_end(gpu, ticket, until_ns);
	}
	return err;
}

int tp_amd_job_create(struct tp_amd *gpu, enum tp_amd_ring_id ring, uint32_t dwords,
		      struct tp_amd_job **result)
{
	struct tp_amd_job *job = tp_zalloc(sizeof(*job));
	int err = job ? 0 : TP_ERR(-ENOMEM, "no memory for a job");

	if (err)
		return err;
	job->ring = &gpu->rings[ring];
	job->generation = tp_amd_generation(gpu);
	job->fence = tp_fence_create();
	if (!job->fence)
		err = TP_ERR(-ENOMEM, "no memory for a fence");
	if (!err && dwords)
		err = get_room(gpu, dwords, &job->ib);
	if (err)
		tp_amd_job_free(job);
	else
		*result = job;
	return err;
}

/* ---- what it waits for ----------------------------------------------------------------------- */

static void replace(struct tp_fence **place, struct tp_fence *fence)
{
	tp_fence_put(*place);
	*place = tp_fence_get(fence);
}

/* The later one of a ring stands for those before it (J1). */
void tp_amd_job_depend(struct tp_amd_job *job, struct tp_fence *fence)
{
	unsigned i = 0;

	if (!fence || fence->timeline == &job->ring->timeline || tp_amd_fence_is_over(fence))
		return;
	while (i < job->nr_depends && job->depends[i]->timeline != fence->timeline)
		i++;
	TP_INVARIANT(i < TP_AMD_MAX_DEPENDS);
	if (i == job->nr_depends)
		job->depends[job->nr_depends++] = tp_fence_get(fence);
	else if ((int32_t)(fence->seqno - job->depends[i]->seqno) > 0)
		replace(&job->depends[i], fence);
}

void tp_amd_job_depend_on(struct tp_amd_job *job, struct tp_resv *resv, bool write)
{
	struct tp_fence *fences[TP_RESV_TIMELINES];
	unsigned n = tp_resv_depends(resv, write, fences, TP_RESV_TIMELINES);

	for (unsigned i = 0; i < n; i++) {
		tp_amd_job_depend(job, fences[i]);
		tp_fence_put(fences[i]);
	}
}

bool tp_amd_job_is_ready(const struct tp_amd_job *job)
{
	for (unsigned i = 0; i < job->nr_depends; i++)
		if (!tp_amd_fence_is_over(job->depends[i]))
			return false;
	return true;
}

/* ---- its way to the device ------------------------------------------------------------------- */

void tp_amd_job_push(struct tp_amd_job *job)
{
	if (job->ib.words) {
		tp_amd_ib_pad(&job->ib);
		job->ib_address = job->ib.address;
		job->ib_dwords = job->ib.dwords;
	}
	tp_amd_ring_queue(job->ring, job);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void free_parts(struct tp_amd_job *job)
{
	for (unsigned i = 0; i < job->nr_depends; i++)
		tp_fence_put(job->depends[i]);
	tp_amd_ib_put_back(job->ring->gpu, &job->ib);
	job->nr_depends = 0;
}

void tp_amd_job_free(struct tp_amd_job *job)
{
	const bool had_room = job->ib.words;

	free_parts(job);
	if (had_room)
		tp_wake_all(&job->ring->gpu->moved);
	tp_fence_put(job->fence);
	if (job->ctx)
		tp_amd_ctx_put(job->ctx);
	if (job->vm)
		tp_amd_vm_put(job->vm);
	tp_free(job);
}

void tp_amd_job_end(struct tp_amd_job *job)
{
	struct tp_amd *gpu = job->ring->gpu;

	if (job->ended)
		job->ended(job, tp_fence_error(job->fence));
	free_parts(job);
	if (!job->vm && !job->ctx) {
		tp_amd_job_free(job);
		return;
	}
	tp_spin_lock(&gpu->dead_lock);
	tp_list_add_before(&gpu->dead_jobs, &job->link);
	tp_spin_unlock(&gpu->dead_lock);
	if (gpu->config.service)
		tp_gpu_worker_ask(&gpu->threads.burier);
}

static struct tp_amd_job *take_dead(struct tp_amd *gpu)
{
	struct tp_amd_job *job = NULL;

	tp_spin_lock(&gpu->dead_lock);
	if (!tp_list_empty(&gpu->dead_jobs)) {
		job = tp_list_entry(gpu->dead_jobs.next, struct tp_amd_job, link);
		tp_list_remove(&job->link);
	}
	tp_spin_unlock(&gpu->dead_lock);
	return job;
}

void tp_amd_bury(struct tp_amd *gpu)
{
	struct tp_amd_job *job;

	while ((job = take_dead(gpu)))
		tp_amd_job_free(job);
}
