/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service - what has to be done now and then: jobs go to the device and are retired, who hangs is
 * reset, faults are noted, quarantined memory is recovered.
 *
 * References that jobs had are given back by a thread of its own, for the last of a VM may wait for
 * a job that hangs, and that only the service ends.
 */
#include "core/clock.h"
#include "gpu/amd/internal.h"

enum {
	BUSY_NS = 1000000,	/* until another's round has ended */
	RECOVER_NS = 100000000, /* between tries to empty the quarantine */
	LOOKS = 4,		/* at a running job, within its patience */
};

void tp_amd_kick(struct tp_amd *gpu)
{
	if (gpu->config.service)
		tp_gpu_worker_ask(&gpu->threads.service);
}

void tp_amd_ask_reset(struct tp_amd *gpu)
{
	tp_atomic_exchange(&gpu->wants_reset, 1, TP_ACQ_REL);
	tp_amd_kick(gpu);
}

/* ---- a round --------------------------------------------------------------------------------- */

/* When to look at it again. */
static uint64_t next_look(struct tp_amd_ring *ring)
{
	return tp_amd_ring_is_idle(ring)
		       ? TP_WAIT_FOREVER
		       : tp_clock_after(ring->gpu->config.patience.hang_ns / LOOKS);
}

int tp_amd_recover(struct tp_amd *gpu)
{
	uint64_t mark = tp_bo_quarantine_mark(&gpu->bos);
	int err;

	if (!tp_bo_quarantined(&gpu->bos))
		return 0;
	err = tp_amd_hubs_invalidate(gpu, (1u << TP_AMD_NR_VMIDS) - 1, TP_AMD_INV_HEAVYWEIGHT);
	if (!err)
		tp_bo_release_quarantine(&gpu->bos, mark);
	return err;
}

static void serve_host(struct tp_amd *gpu)
{
	if (tp_amd_sriov_take(gpu))
		tp_amd_ask_reset(gpu);
	if (tp_atomic_load(&gpu->wants_reset, TP_ACQUIRE))
		tp_amd_reset_wanted(gpu);
}

static uint64_t serve_all(struct tp_amd *gpu)
{
	uint64_t next_ns = TP_WAIT_FOREVER;

	serve_host(gpu);
	tp_amd_for_each_hub(hub, gpu) tp_amd_hub_take_fault(hub);
	tp_amd_run(gpu);
	tp_amd_reset_hung_rings(gpu);
	tp_amd_for_each_ring(ring, gpu)
	{
		uint64_t at_ns = next_look(ring);

		next_ns = TP_MIN(next_ns, at_ns);
	}
	return tp_amd_recover(gpu) ? TP_MIN(next_ns, tp_clock_after(RECOVER_NS)) : next_ns;
}

uint64_t tp_amd_service(struct tp_amd *gpu)
{
	uint64_t next_ns;

	if (tp_atomic_exchange(&gpu->in_service, 1, TP_ACQ_REL))
		return tp_clock_after(BUSY_NS);
	next_ns = serve_all(gpu);
	tp_atomic_store(&gpu->in_service, 0, TP_RELEASE);
	if (!gpu->config.service)
		tp_amd_bury(gpu);
	return next_ns;
}

/* ---- threads --------------------------------------------------------------------------------- */

static uint64_t serve(void *arg)
{
	return tp_amd_service(arg);
}

static uint64_t bury(void *arg)
{
	tp_amd_bury(arg);
	return TP_WAIT_FOREVER;
}

void tp_amd_service_init(struct tp_amd *gpu)
{
	tp_gpu_worker_init(&gpu->threads.service, serve, gpu);
	tp_gpu_worker_init(&gpu->threads.burier, bury, gpu);
}
