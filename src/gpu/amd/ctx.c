/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctx - contexts: whose work it is, and what became of the device since they were made.
 *
 * Invariants
 *  CX1 A context that is guilty, or older than a loss of video memory, is good for nothing any
 *      more: its user has to learn that what it built is gone.  Any other one survives resets.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/amd/vm.h"

int tp_amd_ctx_create(struct tp_amd *gpu, struct tp_amd_vm *vm, struct tp_amd_ctx **result)
{
	struct tp_amd_ctx *ctx;

	if (vm->gpu != gpu)
		return TP_ERR_TEXT(-EINVAL, vm->gpu->gpu.name,
				   "a context with an address space of %s, which is another GPU");
	ctx = tp_zalloc(sizeof(*ctx));
	if (!ctx)
		return TP_ERR(-ENOMEM, "no memory for a context");
	tp_amd_wait_reset(gpu);
	ctx->gpu = gpu;
	ctx->vm = tp_amd_vm_get(vm);
	ctx->resets = tp_atomic_load(&gpu->resets, TP_ACQUIRE);
	ctx->vram_lost = tp_amd_vram_lost(gpu);
	tp_atomic_store(&ctx->refs, 1, TP_RELAXED);
	tp_atomic_add(&gpu->nr_ctxs, 1, TP_RELAXED);
	*result = ctx;
	return 0;
}

struct tp_amd_ctx *tp_amd_ctx_get(struct tp_amd_ctx *ctx)
{
	tp_atomic_add(&ctx->refs, 1, TP_RELAXED);
	return ctx;
}

void tp_amd_ctx_put(struct tp_amd_ctx *ctx)
{
	if (tp_atomic_sub(&ctx->refs, 1, TP_ACQ_REL) != 1)
		return;
	tp_amd_vm_put(ctx->vm);
	tp_atomic_sub(&ctx->gpu->nr_ctxs, 1, TP_RELAXED);
	tp_free(ctx);
}

void tp_amd_ctx_blame(struct tp_amd_ctx *ctx)
{
	tp_atomic_store(&ctx->guilty, 1, TP_RELEASE);
}

unsigned tp_amd_ctx_query(struct tp_amd_ctx *ctx)
{
	unsigned flags = 0;

	if (tp_atomic_load(&ctx->gpu->resets, TP_ACQUIRE) != ctx->resets)
		flags |= TP_AMD_CTX_RESET;
	if (tp_amd_vram_lost(ctx->gpu) != ctx->vram_lost)
		flags |= TP_AMD_CTX_VRAM_LOST;
	if (tp_atomic_load(&ctx->guilty, TP_ACQUIRE))
		flags |= TP_AMD_CTX_GUILTY;
	return flags;
}

int tp_amd_ctx_check(struct tp_amd_ctx *ctx)
{
	unsigned flags = tp_amd_ctx_query(ctx);

	if (flags & TP_AMD_CTX_GUILTY)
		return TP_ERR(-ECANCELED, "work of this context hung");
	if (flags & TP_AMD_CTX_VRAM_LOST)
		return TP_ERR(-ECANCELED, "video memory was lost since this context was made");
	return 0;
}
