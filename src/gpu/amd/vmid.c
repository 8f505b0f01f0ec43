/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vmid - which address spaces have one of the few numbers that a hub knows them by.
 *
 * A number goes to another VM when all work that used it has ended, so that nobody uses what its
 * caches remember until the next one's first job has emptied them (H1).
 *
 * Fault sites: gpu/amd-vmid (as if all were in use, once).
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/amd/vm.h"

static bool is_idle(const struct tp_amd_vmid *vmid)
{
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		if (vmid->user[i] && !tp_fence_is_signaled(vmid->user[i]))
			return false;
	return true;
}

static void replace(struct tp_fence **place, struct tp_fence *fence)
{
	tp_fence_put(*place);
	*place = tp_fence_get(fence);
}

/* ---- a job's --------------------------------------------------------------------------------- */

/*
 * Its VM has one whose root is the same, or that nobody uses meanwhile: a root is not changed under
 * somebody who runs.
 */
static bool fits(const struct tp_amd_vmid *vmid, const struct tp_amd_job *job)
{
	return vmid->owner == job->vm->number && (vmid->root == job->root || is_idle(vmid));
}

static unsigned find_own(const struct tp_amd_hub *hub, const struct tp_amd_job *job)
{
	unsigned n = 1;

	while (n < TP_AMD_NR_VMIDS && !fits(&hub->vmids[n], job))
		n++;
	return n;
}

/* The one that was used longest ago. */
static unsigned find_idle(const struct tp_amd_hub *hub)
{
	unsigned best = TP_AMD_NR_VMIDS;

	for (unsigned n = 1; n < TP_AMD_FIRST_COMPUTE_VMID; n++) {
		const struct tp_amd_vmid *vmid = &hub->vmids[n];

		if (is_idle(vmid) &&
		    (best == TP_AMD_NR_VMIDS || vmid->used_ns < hub->vmids[best].used_ns))
			best = n;
	}
	return best;
}

/* A compute VM's own only; what it had before it became one is for jobs that have it. */
static unsigned find_kept(const struct tp_amd_hub *hub, const struct tp_amd_job *job, uint32_t kept)
{
	unsigned n = (unsigned)__builtin_ctz(kept);

	return fits(&hub->vmids[n], job) ? n : TP_AMD_NR_VMIDS;
}

static unsigned find(const struct tp_amd_hub *hub, const struct tp_amd_job *job)
{
	const uint32_t kept = tp_atomic_load(&job->vm->kept_vmids, TP_ACQUIRE);
	unsigned n;

	if (kept)
		return find_kept(hub, job, kept);
	n = find_own(hub, job);
	return n < TP_AMD_NR_VMIDS ? n : find_idle(hub);
}

/* An invalidation that stands in another ring may not have happened yet. */
static bool is_flush_awaited(const struct tp_amd_vmid *vmid, const struct tp_amd_ring *ring)
{
	return vmid->last && vmid->last->timeline != &ring->timeline &&
	       !tp_fence_is_signaled(vmid->last);
}

static uint64_t updates_of(const struct tp_amd_job *job)
{
	uint64_t now = tp_atomic_load(&job->vm->tlb_seq, TP_ACQUIRE);

	return TP_MAX(now, job->tlb_seq);
}

static bool has_to_flush(const struct tp_amd_vmid *vmid, const struct tp_amd_job *job,
			 uint32_t resets)
{
	return vmid->owner != job->vm->number || vmid->root != job->root ||
	       vmid->flushed_updates < updates_of(job) || vmid->resets != resets ||
	       is_flush_awaited(vmid, job->ring);
}

static void take(struct tp_amd_vmid *vmid, struct tp_amd_job *job, bool flush, uint32_t resets)
{
	vmid->owner = job->vm->number;
	vmid->root = job->root;
	vmid->used_ns = tp_clock_now();
	replace(&vmid->user[job->ring->id], job->fence);
	if (!flush)
		return;
	vmid->flushed_updates = updates_of(job);
	vmid->resets = resets;
	replace(&vmid->last, job->fence);
}

bool tp_amd_vmid_get(struct tp_amd_job *job, unsigned *vmid, bool *flush)
{
	struct tp_amd_hub *hub = job->ring->hub;
	struct tp_amd *gpu = hub->gpu;
	uint32_t resets = tp_atomic_load(&gpu->resets, TP_ACQUIRE);
	unsigned n;

	tp_spin_assert_held(&job->ring->lock);
	if (TP_FAULT("gpu/amd-vmid"))
		return false;
	tp_spin_lock(&gpu->vmid_lock);
	n = find(hub, job);
	if (n < TP_AMD_NR_VMIDS) {
		*vmid = n;
		*flush = has_to_flush(&hub->vmids[n], job, resets);
		take(&hub->vmids[n], job, *flush, resets);
	}
	tp_spin_unlock(&gpu->vmid_lock);
	return n < TP_AMD_NR_VMIDS;
}

uint32_t tp_amd_vmids_of(struct tp_amd_hub *hub, const struct tp_amd_vm *vm)
{
	uint32_t vmids = 0;

	tp_spin_lock(&hub->gpu->vmid_lock);
	for (unsigned n = 1; n < TP_AMD_NR_VMIDS; n++)
		vmids |= (uint32_t)(hub->vmids[n].owner == vm->number) << n;
	tp_spin_unlock(&hub->gpu->vmid_lock);
	return vmids;
}

/* ---- a compute VM's -------------------------------------------------------------------------- */

static unsigned find_free(const struct tp_amd *gpu)
{
	unsigned n = TP_AMD_FIRST_COMPUTE_VMID;

	while (n < TP_AMD_NR_VMIDS &&
	       (gpu->hubs[TP_AMD_GFXHUB].vmids[n].kept || gpu->hubs[TP_AMD_MMHUB].vmids[n].kept))
		n++;
	return n;
}

/* Whatever it was told before was told for somebody else. */
static void keep(struct tp_amd *gpu, unsigned n, uint64_t owner)
{
	tp_amd_for_each_hub(hub, gpu)
	{
		struct tp_amd_vmid *vmid = &hub->vmids[n];

		TP_INVARIANT(is_idle(vmid));
		vmid->kept = owner;
		vmid->owner = owner;
		vmid->root = 0;
	}
}

int tp_amd_vmid_keep(struct tp_amd_vm *vm)
{
	struct tp_amd *gpu = vm->gpu;
	unsigned n;

	tp_spin_lock(&gpu->vmid_lock);
	n = find_free(gpu);
	if (n < TP_AMD_NR_VMIDS) {
		keep(gpu, n, vm->number);
		tp_atomic_store(&vm->kept_vmids, 1u << n, TP_RELEASE);
	}
	tp_spin_unlock(&gpu->vmid_lock);
	return n < TP_AMD_NR_VMIDS
		       ? 0
		       : TP_ERR_TEXT(-EBUSY, gpu->gpu.name, "%s: all compute VMIDs are taken");
}

void tp_amd_vmid_give(struct tp_amd_vm *vm)
{
	struct tp_amd *gpu = vm->gpu;
	uint32_t kept = tp_atomic_exchange(&vm->kept_vmids, 0, TP_ACQ_REL);

	if (!kept)
		return;
	tp_spin_lock(&gpu->vmid_lock);
	keep(gpu, (unsigned)__builtin_ctz(kept), 0);
	tp_spin_unlock(&gpu->vmid_lock);
}

/* ---- resets, and the end --------------------------------------------------------------------- */

static void reset(struct tp_amd_vmid *vmid)
{
	if (!vmid->kept)
		vmid->owner = 0;
	vmid->root = vmid->used_ns = 0;
	replace(&vmid->last, NULL);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		replace(&vmid->user[i], NULL);
}

void tp_amd_vmids_reset(struct tp_amd *gpu)
{
	tp_spin_lock(&gpu->vmid_lock);
	tp_amd_for_each_hub(hub, gpu)
	{
		for (unsigned n = 0; n < TP_AMD_NR_VMIDS; n++)
			reset(&hub->vmids[n]);
	}
	tp_spin_unlock(&gpu->vmid_lock);
}
