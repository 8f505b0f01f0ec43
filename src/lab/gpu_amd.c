/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_amd - AMD's graphics as a kind of the lab's GPUs. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/amd/amd_sdma_regs.h"
#include "lab/gpu_dump.h"
#include "lab/lab_machine.h"

struct client {
	struct tp_lab_gpu *gpu;
	struct tp_amd_vm *vm;
	struct tp_amd_ctx *ctx;
};

static struct client *client_of(struct tp_lab_client *client)
{
	return (struct client *)(void *)client;
}

static struct tp_amd_object *object_of(struct tp_lab_object *object)
{
	return (struct tp_amd_object *)(void *)object;
}

/* ---- the device ------------------------------------------------------------------------------ */

static int create(struct tp_lab_gpu *gpu, const struct tp_lab_gpu_config *config)
{
	struct tp_amd_config driver = config->amd.driver;
	int err = tp_amd_model_create(&config->amd.model, &gpu->amd.model);

	if (err)
		return err;
	/* What holes lead to is forgotten by nobody when it goes. */
	gpu->harms_expected = driver.keep_holes;
	driver.name = gpu->name;
	driver.machine = gpu->lm->machine;
	driver.bus = tp_amd_model_bus(gpu->amd.model);
	err = tp_amd_create(&driver, &gpu->amd.driver);
	if (err)
		tp_amd_model_destroy(gpu->amd.model);
	return err;
}

static int destroy(struct tp_lab_gpu *gpu)
{
	int err = tp_amd_destroy(gpu->amd.driver);

	if (!err)
		tp_amd_model_destroy(gpu->amd.model);
	return err;
}

static uint64_t harms(struct tp_lab_gpu *gpu, struct tp_model_harm *to, size_t max)
{
	return tp_amd_model_harms(gpu->amd.model, to, max);
}

static int reset(struct tp_lab_gpu *gpu, enum tp_amd_reset_method method)
{
	return tp_amd_reset(gpu->amd.driver, method);
}

/* Of one hub: that of an engine, or of both. */
static void stick(struct tp_amd_model *model, const struct tp_lab_mishap_args *args)
{
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++)
		if (args->engine == ~0u ||
		    tp_amd_ring_hub((enum tp_amd_ring_id)args->engine) == hub)
			tp_amd_model_stick(model, (enum tp_amd_hub_id)hub, args->on);
}

static int mishap(struct tp_lab_gpu *gpu, enum tp_lab_mishap what,
		  const struct tp_lab_mishap_args *args)
{
	struct tp_amd_model *model = gpu->amd.model;

	switch (what) {
	case TP_LAB_HANG:
		tp_amd_model_hang(model, (enum tp_amd_ring_id)args->engine, args->through);
		return 0;
	case TP_LAB_STICK:
		stick(model, args);
		return 0;
	case TP_LAB_LOSE_INVALIDATIONS:
		tp_amd_model_lose_invalidations(model, args->skip, args->n);
		return 0;
	case TP_LAB_REFUSE_RESETS:
		tp_amd_model_refuse_resets(model, args->n);
		return 0;
	case TP_LAB_LOSE_VRAM:
		tp_amd_model_lose_as(model, args->loss);
		if (args->now)
			tp_amd_model_lose(model);
		return 0;
	case TP_LAB_HOST_FLR:
		tp_amd_model_host_flr(model);
		return 0;
	default:
		return TP_ERR_TEXT(-EOPNOTSUPP, gpu->name, "%s: that does not befall AMD's GPUs");
	}
}

/* ---- dumps ----------------------------------------------------------------------------------- */

static int sink(void *arg, const char *name, const void *data, size_t len)
{
	return tp_lab_dump_write(arg, name, data, len);
}

/* Page by page; those of zeroes take no room. */
static int dump_memory(struct tp_lab_gpu *gpu, struct tp_lab_dump *dump)
{
	static const char zeroes[TP_PAGE_SIZE];
	struct tp_bus_device *bus = tp_amd_model_bus(gpu->amd.model);
	char page[TP_PAGE_SIZE];
	int err = 0;

	for (uint64_t at = 0; !err && at < bus->memory_size; at += sizeof(page)) {
		tp_bus_memory_read(bus, at, page, sizeof(page));
		if (memcmp(page, zeroes, sizeof(page)) != 0)
			err = tp_lab_dump_write(dump, "vram.img", page, sizeof(page));
		else
			err = tp_lab_dump_skip(dump, "vram.img", sizeof(page));
	}
	return err;
}

static int dump_access(struct tp_lab_dump *dump, const struct tp_amd_model_access *a)
{
	static const char *const rings[] = { "gfx", "sdma0", "sdma1" };

	return tp_lab_dump_line(dump, "accesses.txt",
				"%" PRIu64 " %s %u %c %#" PRIx64 " %" PRIu32 " %s %#" PRIx64
				" %s\n",
				a->time_ns, rings[a->ring], a->vmid, a->write ? 'w' : 'r', a->va,
				a->len, a->system ? "system" : "vram", a->address,
				a->fault	? "fault"
				: a->remembered ? "remembered"
						: "walked");
}

static int dump_accesses(struct tp_lab_gpu *gpu, struct tp_lab_dump *dump)
{
	enum { MOST = 4096 };
	struct tp_amd_model_access *accesses = tp_zalloc_array(MOST, sizeof(*accesses));
	int err = 0;
	size_t n;

	if (!accesses)
		return -ENOMEM;
	n = tp_amd_model_accesses(gpu->amd.model, accesses, MOST);
	for (size_t i = 0; !err && i < n; i++)
		err = dump_access(dump, &accesses[i]);
	tp_free(accesses);
	return err ? err : tp_lab_dump_write(dump, "accesses.txt", "", 0);
}

static int dump(struct tp_lab_gpu *gpu, struct tp_lab_dump *to)
{
	int err = tp_amd_dump(gpu->amd.driver,
			      &(struct tp_amd_dump_sink){ .write = sink, .arg = to });

	if (!err)
		err = dump_memory(gpu, to);
	return err ? err : dump_accesses(gpu, to);
}

/* ---- clients --------------------------------------------------------------------------------- */

static int client_open(struct tp_lab_gpu *gpu, struct tp_lab_client **result)
{
	struct client *client = tp_zalloc(sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->gpu = gpu;
	err = tp_amd_vm_create(gpu->amd.driver, NULL, &client->vm);
	if (err)
		goto free_client;
	err = tp_amd_ctx_create(gpu->amd.driver, client->vm, &client->ctx);
	if (err)
		goto put_vm;
	*result = (struct tp_lab_client *)(void *)client;
	return 0;
put_vm:
	tp_amd_vm_put(client->vm);
free_client:
	tp_free(client);
	return err;
}

static void client_close(struct tp_lab_client *it)
{
	tp_amd_ctx_put(client_of(it)->ctx);
	tp_amd_vm_put(client_of(it)->vm);
	tp_free(it);
}

/* Its address space is what it was; what video memory held is gone. */
static int client_renew(struct tp_lab_client *it)
{
	struct client *client = client_of(it);
	struct tp_amd_ctx *ctx;
	int err = tp_amd_ctx_create(client->gpu->amd.driver, client->vm, &ctx);

	if (err)
		return err;
	tp_amd_ctx_put(client->ctx);
	client->ctx = ctx;
	return 0;
}

static int object_create(struct tp_lab_client *it, uint64_t size, bool vram, const char *name,
			 struct tp_lab_object **object)
{
	return tp_amd_object_create(client_of(it)->gpu->amd.driver, size,
				    vram ? TP_BO_VRAM : TP_BO_SYSTEM, NULL, name,
				    (struct tp_amd_object **)(void *)object);
}

static int object_create_user(struct tp_lab_client *it, struct tp_mapping *mapping, uint64_t offset,
			      uint64_t size, const char *name, struct tp_lab_object **object)
{
	return tp_amd_object_create_user(client_of(it)->gpu->amd.driver, mapping, offset, size,
					 NULL, name, (struct tp_amd_object **)(void *)object);
}

static void object_put(struct tp_lab_object *object)
{
	tp_amd_object_put(object_of(object));
}

static int object_write(struct tp_lab_object *object, const void *from, size_t len)
{
	return tp_amd_object_write(object_of(object), 0, from, len);
}

static int object_read(struct tp_lab_object *object, uint64_t offset, void *to, size_t len)
{
	return tp_amd_object_read(object_of(object), offset, to, len);
}

static bool object_lost(struct tp_lab_object *object)
{
	return tp_amd_object_lost(object_of(object));
}

static int bind(struct tp_lab_client *it, struct tp_lab_object *object, uint64_t va, uint64_t size)
{
	return tp_amd_vm_map(client_of(it)->vm, object_of(object), 0, va, size,
			     TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE);
}

static int unbind(struct tp_lab_client *it, uint64_t va, uint64_t size)
{
	return tp_amd_vm_clear(client_of(it)->vm, va, size);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* A packet for each part that one can do. */
static void fill(struct tp_lab_commands *c, uint64_t va, uint32_t bytes, uint32_t word)
{
	for (uint32_t at = 0, n; at < bytes; at += n) {
		n = TP_MIN(bytes - at, (uint32_t)TP_SDMA_FILL_MAX);
		tp_lab_put(c, TP_SDMA_HEADER(TP_SDMA_CONST_FILL, 0) | 2u << 30);
		tp_lab_put_address(c, va + at);
		tp_lab_put(c, word);
		tp_lab_put(c, n - 1);
	}
}

static void copy(struct tp_lab_commands *c, uint64_t to, uint64_t from, uint32_t bytes)
{
	for (uint32_t at = 0, n; at < bytes; at += n) {
		n = TP_MIN(bytes - at, (uint32_t)TP_SDMA_COPY_MAX);
		tp_lab_put(c, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
		tp_lab_put(c, n - 1);
		tp_lab_put(c, 0);
		tp_lab_put_address(c, from + at);
		tp_lab_put_address(c, to + at);
	}
}

static int submit(struct tp_lab_client *it, unsigned engine, struct tp_lab_commands *c,
		  const struct tp_lab_use *uses, unsigned nr, struct tp_fence **fence)
{
	struct tp_amd_use amd_uses[TP_LAB_MAX_USES];
	struct tp_amd_work work = {
		.ring = (enum tp_amd_ring_id)engine, .ib = c->va, .uses = amd_uses, .nr_uses = nr
	};
	int err;

	for (unsigned i = 0; i < nr; i++)
		amd_uses[i] = (struct tp_amd_use){ object_of(uses[i].object), uses[i].write };
	while (c->nr % TP_SDMA_IB_ALIGN_DW)
		tp_lab_put(c, TP_SDMA_HEADER(TP_SDMA_NOP, 0));
	work.dwords = c->nr;
	err = object_write(uses[nr - 1].object, c->words, c->nr * sizeof(c->words[0]));
	return err ? err : tp_amd_submit(client_of(it)->ctx, &work, fence);
}

const struct tp_lab_gpu_kind tp_lab_gpu_amd = {
	.create = create,
	.destroy = destroy,
	.harms = harms,
	.reset = reset,
	.mishap = mishap,
	.dump = dump,
	.client_open = client_open,
	.client_close = client_close,
	.client_renew = client_renew,
	.object_create = object_create,
	.object_create_user = object_create_user,
	.object_put = object_put,
	.object_write = object_write,
	.object_read = object_read,
	.object_lost = object_lost,
	.bind = bind,
	.unbind = unbind,
	.fill = fill,
	.copy = copy,
	.submit = submit,
};
