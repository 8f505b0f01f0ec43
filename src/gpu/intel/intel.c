/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel - take a GPU, and let it go.
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
#include "gpu/intel/guc.h"
#include "gpu/intel/internal.h"

/* ---- what is given and what is usual --------------------------------------------------------- */

static struct tp_intel_patience usual_patience(const struct tp_intel_patience *given)
{
	return (struct tp_intel_patience){
		.poll_ns = tp_or_usual(given->poll_ns, TP_MICROSECONDS(100)),
		.tlb_ns = tp_or_usual(given->tlb_ns, TP_MILLISECONDS(4)),
		.guc_ns = tp_or_usual(given->guc_ns, TP_SECONDS(2)),
		.reset_ns = tp_or_usual(given->reset_ns, TP_MILLISECONDS(500)),
		.awake_ns = tp_or_usual(given->awake_ns, TP_MILLISECONDS(50)),
		.delay_ns = tp_or_usual(given->delay_ns, TP_MILLISECONDS(1)),
		.idle_ns = tp_or_usual(given->idle_ns, TP_MILLISECONDS(20)),
		.hang_ns = tp_or_usual(given->hang_ns, TP_SECONDS(2)),
		.park_ns = tp_or_usual(given->park_ns, TP_MILLISECONDS(10)),
	};
}

static int check_config(const struct tp_intel_config *config)
{
	if (!tp_intel_platform(config->platform))
		return TP_ERR(-ENODEV, "no engines are known for platform %u", config->platform);
	return tp_gpu_check(config->name, config->bus);
}

static void init(struct tp_intel *gpu, const struct tp_intel_config *config)
{
	gpu->config = *config;
	gpu->config.patience = usual_patience(&config->patience);
	gpu->platform = tp_intel_platform(config->platform);
	gpu->bus = config->bus;
	snprintf(gpu->gpu.name, sizeof(gpu->gpu.name), "%s", config->name);
	gpu->config.name = gpu->gpu.name;
	gpu->gpu.machine = config->machine;
	gpu->gpu.ops = &tp_intel_gpu_ops;
	tp_spinlock_init(&gpu->ggtt_lock, TP_RANK_GPU_VRAM, 1);
	tp_mutex_init(&gpu->reset_lock, TP_RANK_GPU_RESET, 0);
	tp_mutex_init(&gpu->queue_lock, TP_RANK_GPU_QUEUE, 0);
	tp_intel_service_init(gpu);
}

/* ---- building -------------------------------------------------------------------------------- */

static int make_memory(struct tp_intel *gpu)
{
	gpu->bos = (struct tp_bo_device){
		.machine = gpu->config.machine,
		.bus = gpu->bus,
		.ops = &tp_intel_bo_ops,
		.owner.name = gpu->gpu.name,
		.node = gpu->config.node,
		.idle_ns = gpu->config.patience.idle_ns,
	};
	return tp_gpu_take_memory(&gpu->bos);
}

static int make_gts(struct tp_intel *gpu)
{
	gpu->bus->ops->reset(gpu->bus);
	for (unsigned i = 0; i < gpu->platform->nr_gts; i++) {
		tp_intel_gt_init(&gpu->gts[i], gpu, i);
		tp_intel_gt_get(&gpu->gts[i]); /* until all is built */
		gpu->nr_gts++;
	}
	if (tp_intel_read_fw(&gpu->gts[0].uncore, TP_INTEL_GDRST) == ~0u)
		return TP_ERR_TEXT(-EIO, gpu->bus->name, "%s does not answer");
	return 0;
}

static unsigned slot_pages(const struct tp_intel *gpu)
{
	return (unsigned)(tp_align_up(gpu->slots.size, TP_PAGE_SIZE) >> TP_PAGE_SHIFT);
}

static int make_slots(struct tp_intel *gpu, unsigned n)
{
	int err = tp_dma_alloc(gpu->bos.domain, (size_t)n * TP_INTEL_SLOT_BYTES, gpu->config.node,
			       "fences", &gpu->slots);

	if (err)
		return err;
	err = tp_intel_ggtt_insert(gpu, gpu->slots.dma, slot_pages(gpu), &gpu->slots_ggtt);
	if (err)
		tp_dma_free(&gpu->slots);
	return err;
}

static int make_engines(struct tp_intel *gpu)
{
	struct tp_intel_engine_id ids[TP_GPU_MAX_ENGINES];
	unsigned n = tp_intel_platform_engines(gpu->config.platform, gpu->config.gt3, ids);
	int err = make_slots(gpu, n);

	for (unsigned i = 0; !err && i < n; i++) {
		err = tp_intel_engine_init(&gpu->engines[i], gpu, i, &ids[i]);
		gpu->nr_engines += !err;
	}
	return err;
}

static int make_gt_firmware(struct tp_intel_gt *gt)
{
	int err = 0;

	if (gt->gpu->platform->guc_invalidates && !gt->gpu->config.no_guc)
		err = tp_intel_guc_create(gt, &gt->guc);
	return err ? err : tp_intel_gt_listen(gt);
}

static int build(struct tp_intel *gpu)
{
	int err = make_memory(gpu);

	if (!err)
		err = make_gts(gpu);
	if (!err)
		err = make_engines(gpu);
	for (unsigned i = 0; !err && i < gpu->nr_gts; i++)
		err = make_gt_firmware(&gpu->gts[i]);
	return err;
}

/* ---- letting go ------------------------------------------------------------------------------ */

/* I1; what caches would not forget goes now. */
static void stop_for_good(struct tp_intel *gpu)
{
	gpu->bus->ops->reset(gpu->bus);
	tp_intel_for_each_gt(gt, gpu) tp_atomic_store(&gt->state, TP_GPU_WEDGED, TP_RELEASE);
	tp_intel_vms_bury(gpu);
	tp_bo_release_quarantine(&gpu->bos, tp_bo_quarantine_mark(&gpu->bos));
}

static void unmake_gts(struct tp_intel *gpu)
{
	tp_intel_for_each_gt(gt, gpu)
	{
		tp_intel_gt_ignore(gt);
		if (gt->guc)
			tp_intel_guc_destroy(gt->guc);
		gt->guc = NULL;
	}
	if (gpu->nr_gts)
		stop_for_good(gpu);
	tp_intel_for_each_engine(engine, gpu) tp_intel_engine_fini(engine);
	if (gpu->slots.address)
		tp_intel_ggtt_remove(gpu, gpu->slots_ggtt, slot_pages(gpu));
	tp_dma_free(&gpu->slots);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(gpu->ggtt_used); i++)
		TP_INVARIANT(!gpu->ggtt_used[i]);
	tp_intel_for_each_gt(gt, gpu)
	{
		tp_intel_gt_put(gt);
		tp_intel_gt_fini(gt);
	}
}

/* What was made of it, also if creating it failed half-way.  All GTs are kept awake for this. */
static void release(struct tp_intel *gpu)
{
	tp_gpu_threads_stop(&gpu->threads);
	unmake_gts(gpu);
	tp_gpu_give_memory_back(&gpu->bos);
	tp_free(gpu);
}

int tp_intel_create(const struct tp_intel_config *config, struct tp_intel **out)
{
	struct tp_intel *gpu;
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
	if (err) {
		release(gpu);
		return err;
	}
	tp_intel_for_each_gt(gt, gpu) tp_intel_gt_put(gt);
	*out = gpu;
	return 0;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static bool has_work(struct tp_intel *gpu)
{
	bool has = false;

	tp_intel_for_each_engine(engine, gpu) has |= tp_intel_engine_retire(engine);
	return has;
}

/* What does not end by itself in time is ended by a reset. */
static void end_work(struct tp_intel *gpu)
{
	uint64_t until_ns = tp_clock_after(gpu->config.patience.hang_ns);

	while (has_work(gpu) && tp_clock_now() < until_ns)
		tp_sleep_ns(TP_MICROSECONDS(100));
	if (has_work(gpu))
		tp_intel_reset(gpu);
	tp_intel_tlb_recover(gpu);
	tp_intel_vms_bury(gpu);
}

/* -EBUSY, and the service goes on. */
static int check_unused(struct tp_intel *gpu)
{
	unsigned vms = tp_atomic_load(&gpu->nr_vms, TP_ACQUIRE);
	uint64_t objects = tp_bo_device_objects(&gpu->bos);
	int err = 0;

	if (!vms && !objects)
		return 0;
	if (gpu->config.service)
		err = tp_gpu_threads_start(&gpu->threads, gpu->gpu.name);
	if (err)
		return err;
	return TP_ERR_TEXT(-EBUSY, gpu->gpu.name, "%s: %u address spaces and %u objects", vms,
			   objects);
}

int tp_intel_destroy(struct tp_intel *gpu)
{
	int err;

	tp_gpu_threads_stop(&gpu->threads); /* it may have references in its hands */
	end_work(gpu);
	err = check_unused(gpu);
	if (err)
		return err;
	tp_gpu_unregister(&gpu->gpu);
	tp_intel_for_each_gt(gt, gpu) tp_intel_gt_get(gt);
	release(gpu);
	return 0;
}
