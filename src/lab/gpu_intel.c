/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_intel - Intel's graphics as a kind of the lab's GPUs. */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/platform.h"
#include "lab/gpu.h"
#include "lab/lab_machine.h"

struct client {
	struct tp_lab_gpu *gpu;
	struct tp_intel_vm *vm;
	unsigned nr_engines;
	struct tp_intel_engine_id engines[TP_GPU_MAX_ENGINES];
};

static struct client *client_of(struct tp_lab_client *client)
{
	return (struct client *)(void *)client;
}

static struct tp_intel_object *object_of(struct tp_lab_object *object)
{
	return (struct tp_intel_object *)(void *)object;
}

/* ---- the device ------------------------------------------------------------------------------ */

static int create(struct tp_lab_gpu *gpu, const struct tp_lab_gpu_config *config)
{
	int err = tp_intel_model_create(&config->intel.model, &gpu->intel.model);

	if (err)
		return err;
	gpu->intel.config = config->intel.driver;
	gpu->intel.config.name = gpu->name;
	gpu->intel.config.machine = gpu->lm->machine;
	gpu->intel.config.bus = tp_intel_model_bus(gpu->intel.model);
	err = tp_intel_create(&gpu->intel.config, &gpu->intel.driver);
	if (err)
		tp_intel_model_destroy(gpu->intel.model);
	return err;
}

static int destroy(struct tp_lab_gpu *gpu)
{
	int err = tp_intel_destroy(gpu->intel.driver);

	if (!err)
		tp_intel_model_destroy(gpu->intel.model);
	return err;
}

static uint64_t harms(struct tp_lab_gpu *gpu, struct tp_model_harm *to, size_t max)
{
	return tp_intel_model_harms(gpu->intel.model, to, max);
}

static int reset(struct tp_lab_gpu *gpu, enum tp_amd_reset_method method)
{
	if (method != TP_AMD_RESET_AUTO)
		return TP_ERR_TEXT(-EOPNOTSUPP, gpu->name, "%s has no such reset");
	return tp_intel_reset(gpu->intel.driver);
}

static int mishap(struct tp_lab_gpu *gpu, enum tp_lab_mishap what,
		  const struct tp_lab_mishap_args *args)
{
	struct tp_intel_model *model = gpu->intel.model;

	switch (what) {
	case TP_LAB_HANG:
		tp_intel_model_hang(model, args->engine);
		return 0;
	case TP_LAB_STICK:
		tp_intel_model_stick(model, args->engine, args->on);
		return 0;
	case TP_LAB_LOSE_INVALIDATIONS:
		tp_intel_model_lose_invalidations(model, args->skip, args->n);
		return 0;
	case TP_LAB_REFUSE_RESETS:
		tp_intel_model_refuse_resets(model, args->n);
		return 0;
	case TP_LAB_MUTE:
		tp_intel_model_mute_firmware(model, args->n);
		return 0;
	default:
		return TP_ERR_TEXT(-EOPNOTSUPP, gpu->name, "%s: that does not befall Intel's GPUs");
	}
}

/* ---- clients --------------------------------------------------------------------------------- */

static int client_open(struct tp_lab_gpu *gpu, struct tp_lab_client **result)
{
	const struct tp_intel_config *config = &gpu->intel.config;
	struct client *client = tp_zalloc(sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->gpu = gpu;
	client->nr_engines =
		tp_intel_platform_engines(config->platform, config->gt3, client->engines);
	err = tp_intel_vm_create(gpu->intel.driver, &client->vm);
	if (err)
		tp_free(client);
	else
		*result = (struct tp_lab_client *)(void *)client;
	return err;
}

static void client_close(struct tp_lab_client *it)
{
	tp_intel_vm_put(client_of(it)->vm);
	tp_free(it);
}

static int object_create(struct tp_lab_client *it, uint64_t size, bool vram, const char *name,
			 struct tp_lab_object **object)
{
	return tp_intel_object_create(client_of(it)->gpu->intel.driver, size,
				      vram ? TP_BO_VRAM : TP_BO_SYSTEM, name,
				      (struct tp_intel_object **)(void *)object);
}

static void object_put(struct tp_lab_object *object)
{
	tp_intel_object_put(object_of(object));
}

static int object_write(struct tp_lab_object *object, const void *from, size_t len)
{
	return tp_intel_object_write(object_of(object), 0, from, len);
}

static int object_read(struct tp_lab_object *object, uint64_t offset, void *to, size_t len)
{
	return tp_intel_object_read(object_of(object), offset, to, len);
}

static int bind(struct tp_lab_client *it, struct tp_lab_object *object, uint64_t va, uint64_t size)
{
	return tp_intel_vm_bind(client_of(it)->vm, object_of(object), 0, va, size);
}

static int unbind(struct tp_lab_client *it, uint64_t va, uint64_t size)
{
	return tp_intel_vm_unbind(client_of(it)->vm, va, size);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void fill(struct tp_lab_commands *c, uint64_t va, uint32_t bytes, uint32_t word)
{
	tp_lab_put(c, TP_INTEL_MEM_FILL);
	tp_lab_put(c, bytes);
	tp_lab_put_address(c, va);
	tp_lab_put(c, word);
}

/* A word has a command of its own, which is a single load and a single store. */
static void copy(struct tp_lab_commands *c, uint64_t to, uint64_t from, uint32_t bytes)
{
	if (bytes == sizeof(uint32_t)) {
		tp_lab_put(c, TP_INTEL_MI_COPY_MEM);
	} else {
		tp_lab_put(c, TP_INTEL_MEM_COPY);
		tp_lab_put(c, bytes);
	}
	tp_lab_put_address(c, to);
	tp_lab_put_address(c, from);
}

static int submit(struct tp_lab_client *it, unsigned engine, struct tp_lab_commands *c,
		  const struct tp_lab_use *uses, unsigned nr, struct tp_fence **fence)
{
	struct client *client = client_of(it);
	const struct tp_intel_engine_id *e = &client->engines[engine];
	struct tp_intel_use intel_uses[TP_LAB_MAX_USES];
	const struct tp_intel_batch batch = { .vm = client->vm,
					      .class = e->class,
					      .instance = e->instance,
					      .start = c->va,
					      .uses = intel_uses,
					      .nr_uses = nr };
	int err;

	for (unsigned i = 0; i < nr; i++)
		intel_uses[i] = (struct tp_intel_use){ object_of(uses[i].object), uses[i].write };
	tp_lab_put(c, TP_INTEL_MI_BATCH_END);
	err = object_write(uses[nr - 1].object, c->words, c->nr * sizeof(c->words[0]));
	return err ? err : tp_intel_submit(client->gpu->intel.driver, &batch, fence);
}

const struct tp_lab_gpu_kind tp_lab_gpu_intel = {
	.create = create,
	.destroy = destroy,
	.harms = harms,
	.reset = reset,
	.mishap = mishap,
	.client_open = client_open,
	.client_close = client_close,
	.object_create = object_create,
	.object_put = object_put,
	.object_write = object_write,
	.object_read = object_read,
	.bind = bind,
	.unbind = unbind,
	.fill = fill,
	.copy = copy,
	.submit = submit,
};
