/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu - the GPUs of a machine by name, and what is asked of them. */
#include "gpu/gpu.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "mm/machine.h"

_Static_assert((int)TP_GPU_NAME == (int)TP_REGISTRY_NAME, "one name is as long as another");

int tp_gpu_register(struct tp_gpu *gpu)
{
	return tp_registry_add(&gpu->machine->gpus, &gpu->entry, gpu->name);
}

void tp_gpu_unregister(struct tp_gpu *gpu)
{
	tp_registry_remove(&gpu->machine->gpus, &gpu->entry);
}

bool tp_gpu_next(struct tp_machine *m, unsigned *index, char name[TP_GPU_NAME])
{
	return tp_registry_next(&m->gpus, index, name);
}

/* Until put it is not unregistered (G1). */
static struct tp_gpu *get(struct tp_machine *m, const char *name)
{
	struct tp_registry_entry *entry = tp_registry_get(&m->gpus, name);

	return entry ? tp_container_of(entry, struct tp_gpu, entry) : NULL;
}

static void put(struct tp_machine *m, struct tp_gpu *gpu)
{
	tp_registry_put(&m->gpus, &gpu->entry);
}

int tp_gpu_info(struct tp_machine *m, const char *name, struct tp_gpu_info *info)
{
	struct tp_gpu *gpu = get(m, name);

	if (!gpu)
		return -ENODEV;
	*info = (struct tp_gpu_info){ 0 };
	gpu->ops->info(gpu, info);
	memcpy(info->name, gpu->name, sizeof(info->name));
	info->index = gpu->entry.index;
	put(m, gpu);
	return 0;
}

int tp_gpu_stats(struct tp_machine *m, const char *name, struct tp_gpu_stats *stats)
{
	struct tp_gpu *gpu = get(m, name);

	if (!gpu)
		return -ENODEV;
	*stats = (struct tp_gpu_stats){ 0 };
	gpu->ops->stats(gpu, stats);
	put(m, gpu);
	return 0;
}

int tp_gpu_reset(struct tp_machine *m, const char *name)
{
	struct tp_gpu *gpu = get(m, name);
	int err;

	if (!gpu)
		return -ENODEV;
	err = gpu->ops->reset(gpu);
	put(m, gpu);
	return err;
}

const char *tp_gpu_state_name(enum tp_gpu_state state)
{
	static const char *const names[] = { "running", "resetting", "wedged" };

	return (unsigned)state < TP_ARRAY_SIZE(names) ? names[state] : "?";
}
