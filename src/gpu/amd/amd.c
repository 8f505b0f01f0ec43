/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amd - take a GPU, and let it go.
 *
 * Invariants
 *  I1  When the GPU is let go its function is reset first: nothing of ours is reached by it any
 *      more when its memory is freed.
 */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "gpu/amd/vm.h"

enum { VF_SLOWER = 8 }; /* a virtual function shares the device with others */

/* ---- what is given and what is usual --------------------------------------------------------- */

/* A device that loses its memory needs the longer for it the more it has: 10 s for 1 GiB. */
static uint64_t usual_reset_ns(uint64_t memory)
{
	return TP_MILLISECONDS(500) + memory / TP_MIB(1) * TP_MILLISECONDS(10);
}

static struct tp_amd_patience usual_patience(const struct tp_amd_patience *given, bool is_vf,
					     uint64_t memory)
{
	return (struct tp_amd_patience){
		.tlb_ns = tp_or_usual(given->tlb_ns, TP_MILLISECONDS(100)),
		.reset_ns = tp_or_usual(given->reset_ns, usual_reset_ns(memory)),
		.test_ns = tp_or_usual(given->test_ns, TP_SECONDS(1)) * (is_vf ? VF_SLOWER : 1),
		.idle_ns = tp_or_usual(given->idle_ns, TP_MILLISECONDS(20)),
		.hang_ns = tp_or_usual(given->hang_ns, TP_SECONDS(2)),
		.access_ns = tp_or_usual(given->access_ns, TP_SECONDS(1)),
	};
}

static int check_config(const struct tp_amd_config *config)
{
	const struct tp_bus_device *bus = config->bus;

	if (!bus->memory_size)
		return TP_ERR_TEXT(-EINVAL, bus->name, "%s has no memory for page tables");
	return tp_gpu_check(config->name, bus);
}

static void init_locks(struct tp_amd *gpu)
{
	tp_spinlock_init(&gpu->gart.lock, TP_RANK_GPU_VRAM, 1);
	tp_spinlock_init(&gpu->ib_pool.lock, TP_RANK_GPU_VRAM, 2);
	tp_spinlock_init(&gpu->vmid_lock, TP_RANK_GPU_UNCORE, 0);
	tp_spinlock_init(&gpu->dead_lock, TP_RANK_GPU_UNCORE, 1);
	tp_spinlock_init(&gpu->vms_lock, TP_RANK_GPU_TABLE, 0);
	tp_mutex_init(&gpu->push_lock, TP_RANK_GPU_QUEUE, 0);
	tp_wait_queue_init(&gpu->moved);
}

static void init(struct tp_amd *gpu, const struct tp_amd_config *config)
{
	gpu->config = *config;
	gpu->config.patience = usual_patience(&config->patience, config->virtual_function,
					      config->bus->memory_size);
	gpu->bus = config->bus;
	snprintf(gpu->gpu.name, sizeof(gpu->gpu.name), "%s", config->name);
	gpu->config.name = gpu->gpu.name;
	gpu->gpu.machine = config->machine;
	gpu->gpu.ops = &tp_amd_gpu_ops;
	init_locks(gpu);
	tp_list_init(&gpu->vms);
	tp_list_init(&gpu->dead_jobs);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		tp_amd_ring_prepare(gpu, (enum tp_amd_ring_id)i);
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++)
		tp_amd_hub_init(&gpu->hubs[i], gpu, (enum tp_amd_hub_id)i);
	tp_amd_reset_init(gpu);
	tp_amd_service_init(gpu);
}

/* ---- building -------------------------------------------------------------------------------- */

static int make_memory(struct tp_amd *gpu)
{
	gpu->bos = (struct tp_bo_device){
		.machine = gpu->config.machine,
		.bus = gpu->bus,
		.ops = &tp_amd_bo_ops,
		.owner.name = gpu->gpu.name,
		.node = gpu->config.node,
		.idle_ns = gpu->config.patience.idle_ns,
		.gtt_pages = gpu->config.gtt_pages,
	};
	return tp_gpu_take_memory(&gpu->bos);
}

static void noted(void *arg)
{
	tp_amd_kick(arg);
}

/* What is said there is looked at by the service. */
static int listen(struct tp_amd *gpu)
{
	static const unsigned vectors[] = { TP_AMD_VECTOR_FAULT, TP_AMD_VECTOR_MAILBOX };
	int err = 0;

	for (unsigned i = 0; !err && i < TP_ARRAY_SIZE(vectors); i++) {
		err = tp_bus_irq_request(gpu->bus, vectors[i], noted, gpu);
		if (!err)
			gpu->listens |= 1u << vectors[i];
	}
	return err;
}

static void ignore(struct tp_amd *gpu)
{
	for (unsigned i = 0; i < TP_AMD_NR_VECTORS; i++)
		if (gpu->listens >> i & 1)
			tp_bus_irq_free(gpu->bus, i);
	gpu->listens = 0;
}

/* As a virtual function it is ours alone from here until it runs. */
static int take_device(struct tp_amd *gpu)
{
	int err = 0;

	tp_bus_power_get(gpu->bus);
	gpu->has_power = true;
	gpu->bus->ops->reset(gpu->bus);
	if (gpu->config.virtual_function)
		err = tp_amd_sriov_access(gpu, true);
	if (err)
		return err;
	if (tp_amd_read(gpu, TP_AMD_CONFIG_MEMSIZE) == ~0u)
		return TP_ERR_TEXT(-EIO, gpu->bus->name, "%s does not answer");
	gpu->fb_physical =
		(uint64_t)tp_amd_read(gpu, tp_amd_hub_reg(TP_AMD_GFXHUB, TP_AMD_FB_OFFSET)) << 24;
	return 0;
}

static int make_slots(struct tp_amd *gpu)
{
	int err = tp_dma_alloc(gpu->bos.domain, TP_AMD_NR_RINGS * TP_AMD_SLOT_BYTES,
			       gpu->config.node, "fences", &gpu->slots);

	return err ? err : tp_amd_gart_insert(gpu, gpu->slots.dma, 1, &gpu->slots_address);
}

static int make_rings(struct tp_amd *gpu)
{
	int err = make_slots(gpu);

	if (!err)
		err = tp_amd_ib_init(gpu);
	for (unsigned i = 0; !err && i < TP_AMD_NR_RINGS; i++)
		err = tp_amd_ring_init(gpu, (enum tp_amd_ring_id)i);
	return err;
}

/* The order of a reset (A1): the GART, which has everything by now, the hubs, the rings. */
static int start_device(struct tp_amd *gpu)
{
	int err = tp_amd_marker_init(gpu);

	gpu->has_marker = !err;
	if (err)
		return err;
	tp_amd_for_each_hub(hub, gpu) tp_amd_hub_enable(hub);
	tp_amd_for_each_ring(ring, gpu) tp_amd_ring_start(ring);
	return gpu->config.virtual_function ? tp_amd_sriov_access(gpu, false) : 0;
}

static int build(struct tp_amd *gpu)
{
	int err = make_memory(gpu);

	if (!err)
		err = listen(gpu);
	if (!err)
		err = take_device(gpu);
	if (!err)
		err = tp_amd_gart_init(gpu);
	if (!err)
		err = make_rings(gpu);
	return err ? err : start_device(gpu);
}

/* ---- letting go ------------------------------------------------------------------------------ */

/* I1; what caches would not forget goes now. */
static void stop_for_good(struct tp_amd *gpu)
{
	gpu->bus->ops->reset(gpu->bus);
	tp_atomic_store(&gpu->state, TP_GPU_WEDGED, TP_RELEASE);
	tp_amd_run(gpu);
	tp_amd_bury(gpu);
	tp_amd_vmids_reset(gpu);
	tp_bo_release_quarantine(&gpu->bos, tp_bo_quarantine_mark(&gpu->bos));
}

static void unmake_rings(struct tp_amd *gpu)
{
	if (gpu->has_marker)
		tp_amd_marker_fini(gpu);
	tp_amd_for_each_ring(ring, gpu) tp_amd_ring_fini(ring);
	tp_amd_ib_fini(gpu);
	if (gpu->slots_address)
		tp_amd_gart_remove(gpu, gpu->slots_address, 1);
	tp_dma_free(&gpu->slots);
	tp_amd_gart_fini(gpu);
}

/* What was made of it, also if creating it failed half-way. */
static void release(struct tp_amd *gpu)
{
	tp_gpu_threads_stop(&gpu->threads);
	ignore(gpu);
	if (gpu->has_power)
		stop_for_good(gpu);
	unmake_rings(gpu);
	if (gpu->has_power)
		tp_bus_power_put(gpu->bus);
	tp_gpu_give_memory_back(&gpu->bos);
	tp_free(gpu);
}

int tp_amd_create(const struct tp_amd_config *config, struct tp_amd **out)
{
	struct tp_amd *gpu;
	int err = check_config(config);

	if (err)
		return err;
	gpu = tp_zalloc_aligned(64, sizeof(*gpu));
	if (!gpu)
		return TP_ERR_TEXT(-ENOMEM, config->name, "%s: no memory for a driver");
	init(gpu, config);
	err = build(gpu);
	if (!err)
		err = tp_gpu_show(&gpu->gpu, &gpu->bos, config->service ? &gpu->threads : NULL);
	if (err)
		release(gpu);
	else
		*out = gpu;
	return err;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static bool has_work(struct tp_amd *gpu)
{
	tp_amd_run(gpu);
	tp_amd_for_each_ring(ring, gpu)
	{
		if (!tp_amd_ring_is_idle(ring))
			return true;
	}
	return false;
}

static void wait_for_work(struct tp_amd *gpu)
{
	uint64_t until_ns = tp_clock_after(gpu->config.patience.hang_ns);

	while (has_work(gpu) && tp_clock_now() < until_ns)
		tp_sleep_ns(TP_MICROSECONDS(100));
}

/* What does not end by itself in time is ended by a reset; what waited for that goes on then, and
 * may not end either. */
static void end_work(struct tp_amd *gpu)
{
	while (has_work(gpu)) {
		wait_for_work(gpu);
		if (has_work(gpu))
			tp_amd_reset(gpu, TP_AMD_RESET_AUTO);
	}
	tp_amd_bury(gpu);
	tp_amd_recover(gpu);
}

/* -EBUSY, and the service goes on. */
static int check_unused(struct tp_amd *gpu)
{
	unsigned vms = tp_atomic_load(&gpu->nr_vms, TP_ACQUIRE);
	unsigned ctxs = tp_atomic_load(&gpu->nr_ctxs, TP_ACQUIRE);
	unsigned objects = tp_atomic_load(&gpu->nr_objects, TP_ACQUIRE);
	int err = 0;

	if (!vms && !ctxs && !tp_bo_device_objects(&gpu->bos))
		return 0;
	if (gpu->config.service)
		err = tp_gpu_threads_start(&gpu->threads, gpu->gpu.name);
	if (err)
		return err;
	return TP_ERR_TEXT(-EBUSY, gpu->gpu.name,
			   "%s: %u address spaces, %u contexts and %u objects", vms, ctxs, objects);
}

int tp_amd_destroy(struct tp_amd *gpu)
{
	int err;

	tp_gpu_threads_stop(&gpu->threads); /* it may have references in its hands */
	end_work(gpu);
	err = check_unused(gpu);
	if (err)
		return err;
	tp_gpu_unregister(&gpu->gpu);
	release(gpu);
	return 0;
}
