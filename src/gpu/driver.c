/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driver - how a GPU's memory, name and threads are taken and given back. */
#include "gpu/driver.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"

int tp_gpu_check(const char *name, const struct tp_bus_device *bus)
{
	if (!name[0] || !memchr(name, 0, TP_GPU_NAME))
		return TP_ERR(-EINVAL, "a GPU needs a name of up to %u letters", TP_GPU_NAME - 1);
	if (bus->iommu)
		return TP_ERR_TEXT(-EBUSY, bus->name, "%s has a driver");
	return 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static int take_local_memory(struct tp_bo_device *bos)
{
	int err = 0;

	bos->bus->iommu = tp_dma_iommu(bos->domain);
	if (bos->bus->memory_size)
		err = tp_vram_create(bos->bus, &bos->vram);
	return err;
}

static void let_device_go(struct tp_bo_device *bos)
{
	tp_vram_destroy(bos->vram);
	bos->bus->iommu = NULL;
	tp_dma_domain_destroy(bos->domain);
	bos->domain = NULL;
}

int tp_gpu_take_memory(struct tp_bo_device *bos)
{
	int err = tp_dma_domain_create(bos->machine, bos->bus->name, &bos->domain);

	if (err)
		return err;
	err = take_local_memory(bos);
	if (!err)
		err = tp_bo_device_init(bos);
	if (err)
		let_device_go(bos);
	return err;
}

void tp_gpu_give_memory_back(struct tp_bo_device *bos)
{
	if (!bos->domain)
		return;
	tp_bo_device_fini(bos);
	let_device_go(bos);
}

/* ---- threads --------------------------------------------------------------------------------- */

int tp_gpu_threads_start(struct tp_gpu_threads *threads, const char *name)
{
	int err = tp_gpu_worker_start(&threads->burier, "gpu-bury");

	if (!err)
		err = tp_gpu_worker_start(&threads->service, name);
	if (err)
		tp_gpu_threads_stop(threads);
	return err;
}

/* The first may be waiting for what the second does. */
void tp_gpu_threads_stop(struct tp_gpu_threads *threads)
{
	tp_gpu_worker_stop(&threads->burier);
	tp_gpu_worker_stop(&threads->service);
}

/* ---- being seen ------------------------------------------------------------------------------ */

/* Threads begin when the GPU has its number, which they trace. */
int tp_gpu_show(struct tp_gpu *gpu, struct tp_bo_device *bos, struct tp_gpu_threads *threads)
{
	int err = tp_gpu_register(gpu);

	if (err)
		return err;
	bos->gpu = gpu->entry.index;
	if (threads)
		err = tp_gpu_threads_start(threads, gpu->name);
	if (err)
		tp_gpu_unregister(gpu);
	return err;
}
