/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gem - objects as users have them: made, read and written by the CPU, advised about, let go. */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "gpu/intel/internal.h"

int tp_intel_object_create(struct tp_intel *gpu, uint64_t size, enum tp_bo_place place,
			   const char *name, struct tp_intel_object **object)
{
	struct tp_intel_object *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return TP_ERR(-ENOMEM, "buffer object");
	tp_list_init(&new->vmas);
	err = tp_bo_init(&new->bo, &gpu->bos, size, place, name);
	if (err) {
		tp_free(new);
		return err;
	}
	*object = new;
	return 0;
}

void tp_intel_object_put(struct tp_intel_object *object)
{
	tp_bo_put(&object->bo);
}

struct tp_bo *tp_intel_object_bo(struct tp_intel_object *object)
{
	return &object->bo;
}

/* ---- the CPU --------------------------------------------------------------------------------- */

/* Work that hangs is ended by a reset, so it takes no longer than finding that out twice. */
static uint64_t patience_ends(const struct tp_intel_object *object)
{
	const struct tp_intel_patience *patience = &tp_intel_of_bo(&object->bo)->config.patience;

	return tp_clock_after(2 * patience->hang_ns + patience->reset_ns);
}

/* Held, idle and with memory; or none of it. */
static int hold_for_cpu(struct tp_intel_object *object, uint64_t offset, size_t len)
{
	const uint64_t until_ns = patience_ends(object);
	struct tp_bo *bo = &object->bo;
	int err;

	if (offset > bo->size || len > bo->size - offset)
		return TP_ERR_TEXT(-EINVAL, bo->name, "%s: %u bytes at %x of %x", len, offset,
				   bo->size);
	err = tp_resv_hold(bo->resv, until_ns);
	if (err)
		return TP_ERR_TEXT(err, bo->name, "%s is held too long");
	err = tp_resv_wait_idle(bo->resv, until_ns);
	if (err)
		err = TP_ERR_TEXT(err, bo->name, "%s: work does not end");
	else
		err = tp_bo_populate(bo);
	if (err)
		tp_resv_unhold(bo->resv);
	return err;
}

static void let_go(struct tp_intel_object *object)
{
	tp_bo_touch(&object->bo);
	tp_resv_unhold(object->bo.resv);
}

int tp_intel_object_write(struct tp_intel_object *object, uint64_t offset, const void *from,
			  size_t len)
{
	int err = hold_for_cpu(object, offset, len);

	if (err)
		return err;
	tp_bo_write(&object->bo, offset, from, len);
	let_go(object);
	return 0;
}

int tp_intel_object_read(struct tp_intel_object *object, uint64_t offset, void *to, size_t len)
{
	int err = hold_for_cpu(object, offset, len);

	if (err)
		return err;
	tp_bo_read(&object->bo, offset, to, len);
	let_go(object);
	return 0;
}

bool tp_intel_object_madvise(struct tp_intel_object *object, bool purgeable)
{
	struct tp_bo *bo = &object->bo;
	bool is_there;

	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	bo->purgeable = purgeable;
	is_there = !bo->purged;
	if (!purgeable)
		bo->purged = false;
	tp_resv_unhold(bo->resv);
	return is_there;
}
