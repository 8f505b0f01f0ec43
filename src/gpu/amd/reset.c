/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reset - the device is stopped, reset as little as helps, and begins again; or does not come back,
 * and is wedged.
 *
 *	SOFT (engines, caches) ---- did not help ----> MODE 1, up to three times ----> WEDGED
 *	FLR of a virtual function, up to three times -----------------------------------^
 *
 * Invariants
 *  RS1 Jobs end, and their memory may go, after the device has said that it was reset, or after the
 *      bus did it (T8): nothing of before is executed then.
 *  RS2 What comes back comes in this order: the GART's table (T20), the hubs' apertures and
 *      contexts, VMIDs; that memory was lost, and a new pattern that shows the next loss (T29); the
 *      end of jobs; rings, and a test of each.  If a test fails, a wider reset begins it all again.
 *  RS3 A reset allocates nothing, and waits for nothing that somebody may have who waits for its
 *      end: no reservation, no lock of a VM's.
 *  RS4 Video memory is lost if the reset is one that loses it, whatever seems to be left, or if the
 *      pattern is gone.  Who is told to lose it may have lost it without an answer: that counts
 *      too, once for all tries up to the one that helps, or to the end.
 *
 * Fault sites: gpu/amd-reset (as if the device did not come back, once per try), gpu/amd-ring-test
 * (as if a ring executed nothing).
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "gpu/amd/internal.h"
#include "mm/machine.h"

enum {
	TRIES = 3,
	LOCKED_HANGS = 4, /* it hangs, somebody sees that, and the reset */
};

static const uint64_t look_ns = TP_MICROSECONDS(100); /* before it is looked at with pauses */

/* The job that is to blame; nobody: NULL.  By number, for it may have ended, and whoever resets the
 * GPU may hold what it takes to give a last reference back (tp_amd_bury()). */
struct culprit {
	struct tp_amd_ring *ring;
	uint32_t seqno; /* its fence's */
};

void tp_amd_reset_init(struct tp_amd *gpu)
{
	tp_mutex_init(&gpu->copy_lock, TP_RANK_GPU_RESET, 0);
	tp_mutex_init(&gpu->reset_lock, TP_RANK_GPU_RESET, 1);
	tp_mutex_init(&gpu->lost_lock, TP_RANK_GPU_QUEUE, 1);
	tp_wait_queue_init(&gpu->resumed);
}

static bool is_under_way(const struct tp_amd *gpu)
{
	return tp_atomic_load(&gpu->resets, TP_ACQUIRE) & 1;
}

void tp_amd_wait_reset(struct tp_amd *gpu)
{
	tp_wait_event(&gpu->resumed, !is_under_way(gpu));
}

uint32_t tp_amd_wait_calm(struct tp_amd *gpu, uint32_t *losses)
{
	uint32_t resets;

	do {
		tp_amd_wait_reset(gpu);
		resets = tp_atomic_load(&gpu->resets, TP_ACQUIRE);
		*losses = tp_amd_vram_lost(gpu);
	} while (resets & 1 || tp_amd_was_reset(gpu, resets));
	return resets;
}

/* Whatever was read before is read before the number is. */
bool tp_amd_was_reset(struct tp_amd *gpu, uint32_t resets)
{
	return tp_atomic_add(&gpu->resets, 0, TP_ACQ_REL) != resets;
}

/* ---- who hangs ------------------------------------------------------------------------------- */

/* Under the ring's lock. */
static struct tp_amd_job *hung_job(struct tp_amd_ring *ring)
{
	struct tp_amd_job *job;

	if (tp_list_empty(&ring->running))
		return NULL;
	job = tp_list_entry(ring->running.next, struct tp_amd_job, link);
	if (!job->begun_ns || tp_fence_is_signaled(job->fence))
		return NULL;
	return tp_clock_now() - job->begun_ns >= ring->gpu->config.patience.hang_ns ? job : NULL;
}

bool tp_amd_ring_hangs(struct tp_amd_ring *ring)
{
	bool hangs;

	tp_spin_lock(&ring->lock);
	hangs = hung_job(ring);
	tp_spin_unlock(&ring->lock);
	return hangs;
}

static bool find_culprit(struct tp_amd_ring *ring, struct culprit *culprit)
{
	struct tp_amd_job *job;

	tp_spin_lock(&ring->lock);
	job = hung_job(ring);
	if (job)
		*culprit = (struct culprit){ ring, job->fence->seqno };
	tp_spin_unlock(&ring->lock);
	return job;
}

/* ---- the end of what ran --------------------------------------------------------------------- */

/* J4: who runs a ring looks at the state under its lock. */
static void begin(struct tp_amd *gpu)
{
	tp_atomic_exchange(&gpu->wants_reset, 0, TP_ACQ_REL);
	tp_atomic_add(&gpu->resets, 1, TP_ACQ_REL);
	tp_atomic_store(&gpu->state, TP_GPU_RESETTING, TP_RELEASE);
	tp_amd_for_each_ring(ring, gpu)
	{
		tp_spin_lock(&ring->lock);
		tp_spin_unlock(&ring->lock);
	}
}

static void end(struct tp_amd *gpu, enum tp_gpu_state state)
{
	tp_atomic_store(&gpu->state, state, TP_RELEASE);
	tp_atomic_add(&gpu->resets, 1, TP_ACQ_REL);
	tp_wake_all(&gpu->resumed);
}

/* If one does not stop, the reset stops it. */
static void halt_rings(struct tp_amd *gpu)
{
	tp_amd_for_each_ring(ring, gpu)
	{
		tp_amd_write(gpu, tp_amd_ring_reg(ring->id, TP_AMD_SDMA_F32_CNTL), 1);
		tp_amd_write(gpu, tp_amd_ring_reg(ring->id, TP_AMD_SDMA_RB_CNTL), 0);
	}
}

/* It may have ended by itself at the last moment; then nobody is to blame. */
static void blame(const struct culprit *culprit)
{
	struct tp_amd_ring *ring = culprit->ring;

	tp_spin_lock(&ring->lock);
	tp_list_for_each(job, &ring->running, struct tp_amd_job, link)
		if (job->fence->seqno == culprit->seqno && job->ctx &&
		    !tp_fence_is_signaled(job->fence))
			tp_amd_ctx_blame(job->ctx);
	tp_spin_unlock(&ring->lock);
}

/* RS1 */
static void end_jobs(struct tp_amd *gpu, const struct culprit *culprit)
{
	if (culprit->ring)
		blame(culprit);
	tp_amd_for_each_ring(ring, gpu)
		tp_amd_ring_force(ring, ring == culprit->ring ? &culprit->seqno : NULL);
}

/* ---- the device ------------------------------------------------------------------------------ */

static int wait_for(struct tp_amd *gpu, uint32_t reg, uint32_t mask, uint32_t value)
{
	return tp_bus_wait(gpu->bus, TP_AMD_OFFSET(reg), mask, value, look_ns,
			   gpu->config.patience.reset_ns);
}

static int reset_soft(struct tp_amd *gpu)
{
	tp_amd_write(gpu, TP_AMD_SOFT_RESET, 1);
	return wait_for(gpu, TP_AMD_SOFT_RESET, 1, 0);
}

static int reset_mode1(struct tp_amd *gpu)
{
	tp_amd_write(gpu, TP_AMD_PSP_COMMAND, TP_AMD_PSP_MODE1_RESET);
	return wait_for(gpu, TP_AMD_PSP_ANSWER, TP_AMD_PSP_DONE, TP_AMD_PSP_DONE);
}

static int reset_function(struct tp_amd *gpu, bool *loses)
{
	uint32_t features = 0;
	int err = tp_amd_sriov_flr(gpu, &features);

	*loses = features & TP_AMD_FEATURE_FLR_LOSES_VRAM;
	return err;
}

/* *@loses: what it does to video memory. */
static int reset_hardware(struct tp_amd *gpu, enum tp_amd_reset_method method, bool *loses)
{
	*loses = method == TP_AMD_RESET_MODE1;
	if (TP_FAULT("gpu/amd-reset"))
		return TP_ERR(-EIO, "fault injected");
	if (gpu->config.virtual_function)
		return reset_function(gpu, loses);
	return *loses ? reset_mode1(gpu) : reset_soft(gpu);
}

/* RS4 */
static void count_loss(struct tp_amd *gpu)
{
	tp_atomic_add(&gpu->vram_lost, 1, TP_ACQ_REL);
}

/* RS2, before a ring moves. */
static void restore(struct tp_amd *gpu, bool loses)
{
	bool lost = loses || tp_amd_marker_is_gone(gpu);

	tp_amd_gart_restore(gpu);
	tp_amd_for_each_hub(hub, gpu) tp_amd_hub_enable(hub);
	tp_amd_vmids_reset(gpu);
	if (lost) {
		count_loss(gpu);
		tp_amd_marker_write(gpu);
	}
}

static int test_ring(struct tp_amd_ring *ring)
{
	if (TP_FAULT("gpu/amd-ring-test"))
		return TP_ERR(-ETIME, "fault injected");
	return tp_amd_ring_test(ring);
}

static int start_rings(struct tp_amd *gpu)
{
	int err = 0;

	tp_amd_for_each_ring(ring, gpu) tp_amd_ring_start(ring);
	tp_amd_for_each_ring(ring, gpu)
	{
		if (!err)
			err = test_ring(ring);
	}
	return err;
}

/* *@lost: a try before lost video memory, and nobody was told; or this one did. */
static int try(struct tp_amd *gpu, enum tp_amd_reset_method method, const struct culprit *culprit,
	       bool *lost)
{
	bool loses;
	int err;

	if (!TP_MUTANT(amd_wedge_unstopped))
		halt_rings(gpu);
	err = reset_hardware(gpu, method, &loses);
	*lost |= loses;
	if (err)
		return err;
	restore(gpu, *lost);
	*lost = false;
	end_jobs(gpu, culprit);
	err = start_rings(gpu);
	if (gpu->config.virtual_function)
		tp_amd_sriov_access(gpu, false);
	return err;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* T8: whatever did not stop stops now, and accesses no memory any more. */
static void wedge(struct tp_amd *gpu, const struct culprit *culprit, bool lost)
{
	if (!TP_MUTANT(amd_wedge_unstopped))
		gpu->bus->ops->reset(gpu->bus);
	if (lost)
		count_loss(gpu);
	end_jobs(gpu, culprit);
}

static int reset_until_it_helps(struct tp_amd *gpu, enum tp_amd_reset_method method,
				const struct culprit *culprit, bool *lost)
{
	unsigned tries = 0;

	if (method != TP_AMD_RESET_MODE1 && !gpu->config.virtual_function &&
	    !try(gpu, TP_AMD_RESET_SOFT, culprit, lost))
		return 0;
	while (try(gpu, TP_AMD_RESET_MODE1, culprit, lost))
		if (++tries == TRIES)
			return TP_ERR_TEXT(-EIO, gpu->gpu.name, "%s does not come out of reset");
	return 0;
}

/* Nothing is remembered by any cache: what was kept back before may go (B1 of bo). */
static void release(struct tp_amd *gpu, uint64_t mark)
{
	if (tp_bo_quarantined(&gpu->bos))
		tp_trace(gpu->gpu.machine->trace, TP_TRACE_gpu_release, gpu->gpu.entry.index,
			 tp_bo_release_quarantine(&gpu->bos, mark), 0);
}

static int reset(struct tp_amd *gpu, enum tp_amd_reset_method method, const struct culprit *culprit)
{
	struct tp_trace_ring *trace = gpu->gpu.machine->trace;
	const uint64_t mark = tp_bo_quarantine_mark(&gpu->bos);
	bool lost = false;
	int err;

	tp_trace(trace, TP_TRACE_gpu_reset_begin, gpu->gpu.entry.index, 0, 0);
	begin(gpu);
	err = reset_until_it_helps(gpu, method, culprit, &lost);
	if (err)
		wedge(gpu, culprit, lost);
	end(gpu, err ? TP_GPU_WEDGED : TP_GPU_RUNNING);
	tp_quiet_add(err ? &gpu->resets_failed : &gpu->resets_ok, 1);
	tp_trace(trace, TP_TRACE_gpu_reset_end, gpu->gpu.entry.index, 0, -err);
	release(gpu, mark);
	return err;
}

/* Those that wait go on, or end. */
static void go_on(struct tp_amd *gpu)
{
	tp_amd_run(gpu);
	tp_amd_kick(gpu);
}

/* Wedged for good: what was asked for is answered by that, or it would be served for ever. */
static int reset_locked(struct tp_amd *gpu, enum tp_amd_reset_method method,
			const struct culprit *culprit)
{
	if (tp_amd_state(gpu) == TP_GPU_WEDGED) {
		tp_atomic_exchange(&gpu->wants_reset, 0, TP_ACQ_REL);
		return TP_ERR_TEXT(-EIO, gpu->gpu.name, "%s is wedged");
	}
	return reset(gpu, method, culprit);
}

int tp_amd_reset(struct tp_amd *gpu, enum tp_amd_reset_method method)
{
	int err;

	tp_mutex_lock(&gpu->reset_lock);
	err = reset_locked(gpu, method, &(struct culprit){ 0 });
	tp_mutex_unlock(&gpu->reset_lock);
	go_on(gpu);
	return err;
}

int tp_amd_reset_hung(struct tp_amd_ring *ring)
{
	struct tp_amd *gpu = ring->gpu;
	struct culprit culprit = { 0 };
	int err = 0;

	tp_mutex_lock(&gpu->reset_lock);
	if (find_culprit(ring, &culprit))
		err = reset_locked(gpu, TP_AMD_RESET_AUTO, &culprit);
	tp_mutex_unlock(&gpu->reset_lock);
	go_on(gpu);
	return err;
}

void tp_amd_reset_hung_rings(struct tp_amd *gpu)
{
	tp_amd_for_each_ring(ring, gpu)
	{
		if (tp_amd_ring_hangs(ring))
			tp_amd_reset_hung(ring);
	}
}

/* ---- the end of work ------------------------------------------------------------------------- */

static int wait_hangs(struct tp_amd *gpu, struct tp_fence *fence, unsigned n)
{
	return tp_amd_wait(gpu, fence, tp_clock_after(n * gpu->config.patience.hang_ns));
}

int tp_amd_wait_end(struct tp_amd *gpu, struct tp_fence *fence)
{
	while (!tp_amd_fence_is_over(fence)) {
		wait_hangs(gpu, fence, 1);
		tp_amd_reset_hung_rings(gpu);
	}
	return tp_fence_error(fence);
}

void tp_amd_wait_idle(struct tp_amd *gpu, struct tp_resv *resv)
{
	struct tp_fence *fences[TP_RESV_TIMELINES];
	unsigned n = tp_resv_depends(resv, true, fences, TP_RESV_TIMELINES);

	for (unsigned i = 0; i < n; i++) {
		tp_amd_wait_end(gpu, fences[i]);
		tp_fence_put(fences[i]);
	}
}

int tp_amd_wait_locked(struct tp_amd *gpu, struct tp_fence *fence)
{
	return wait_hangs(gpu, fence, LOCKED_HANGS);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

int tp_amd_reset_wanted(struct tp_amd *gpu)
{
	int err = 0;

	tp_mutex_lock(&gpu->reset_lock);
	if (tp_atomic_load(&gpu->wants_reset, TP_ACQUIRE))
		err = reset_locked(gpu, TP_AMD_RESET_AUTO, &(struct culprit){ 0 });
	tp_mutex_unlock(&gpu->reset_lock);
	go_on(gpu);
	return err;
}

uint32_t tp_amd_vram_lost(struct tp_amd *gpu)
{
	return tp_atomic_load(&gpu->vram_lost, TP_ACQUIRE);
}
