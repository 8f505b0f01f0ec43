/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* object - buffer objects, and what the base asks of them and of tables alike. */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/amd/vm.h"

/* ---- life ------------------------------------------------------------------------------------ */

int tp_amd_object_create(struct tp_amd *gpu, uint64_t size, enum tp_bo_place place,
			 struct tp_amd_vm *vm, const char *name, struct tp_amd_object **result)
{
	struct tp_amd_object *object;
	int err;

	if (place != TP_BO_SYSTEM && place != TP_BO_VRAM)
		return TP_ERR(-EINVAL, "an object cannot prefer place %u", (unsigned)place);
	if (vm && vm->gpu != gpu)
		return TP_ERR_TEXT(-EINVAL, name, "%s: an address space of another GPU");
	object = tp_zalloc_aligned(64, sizeof(*object));
	if (!object)
		return TP_ERR(-ENOMEM, "no memory for an object");
	tp_list_init(&object->in_vms);
	tp_spinlock_init(&object->vas_lock, TP_RANK_GPU_OBJECTS, 1);
	tp_atomic_store(&object->vram_lost, tp_amd_vram_lost(gpu), TP_RELAXED);
	err = tp_bo_init(&object->bo, &gpu->bos, size, place, name);
	if (err) {
		tp_free(object);
		return err;
	}
	object->bo.kind = TP_AMD_KIND_OBJECT;
	tp_atomic_add(&gpu->nr_objects, 1, TP_RELAXED);
	if (vm) {
		tp_bo_share(&object->bo, tp_amd_vm_resv(vm));
		object->vm_number = vm->number;
		object->root = vm->root;
		tp_bo_get(&vm->root->bo);
	}
	*result = object;
	return 0;
}

int tp_amd_object_create_user(struct tp_amd *gpu, struct tp_mapping *mapping, uint64_t offset,
			      uint64_t size, struct tp_amd_vm *vm, const char *name,
			      struct tp_amd_object **object)
{
	int err = tp_amd_object_create(gpu, size, TP_BO_SYSTEM, vm, name, object);

	if (err)
		return err;
	err = tp_bo_adopt(&(*object)->bo, mapping, offset);
	if (err)
		tp_amd_object_put(*object);
	return err;
}

void tp_amd_object_put(struct tp_amd_object *object)
{
	tp_bo_put(&object->bo);
}

struct tp_bo *tp_amd_object_bo(struct tp_amd_object *object)
{
	return &object->bo;
}

/* ---- by the CPU ------------------------------------------------------------------------------ */

/* Held, with memory that says what its content is. */
static int hold(struct tp_amd_object *object)
{
	int err = tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);

	if (err)
		return err;
	tp_amd_object_settle(object);
	err = tp_bo_populate(&object->bo);
	if (err)
		tp_resv_unhold(object->bo.resv);
	return err;
}

int tp_amd_object_populate(struct tp_amd_object *object)
{
	int err = hold(object);

	if (!err)
		tp_resv_unhold(object->bo.resv);
	return err;
}

static int hold_idle(struct tp_amd_object *object)
{
	int err = hold(object);

	if (err)
		return err;
	tp_amd_wait_idle(tp_amd_of_bo(&object->bo), object->bo.resv);
	tp_amd_object_settle(object);
	return 0;
}

static int check(const struct tp_amd_object *object, uint64_t offset, size_t len)
{
	if (offset <= object->bo.size && len <= object->bo.size - offset)
		return 0;
	return TP_ERR_TEXT(-EINVAL, object->bo.name, "%s: %x bytes at %x", len, offset);
}

int tp_amd_object_write(struct tp_amd_object *object, uint64_t offset, const void *from, size_t len)
{
	int err = check(object, offset, len);

	if (!err)
		err = hold_idle(object);
	if (err)
		return err;
	tp_bo_write(&object->bo, offset, from, len);
	if (len == object->bo.size)
		tp_atomic_store(&object->lost, 0, TP_RELEASE);
	tp_resv_unhold(object->bo.resv);
	return 0;
}

/* A loss that comes meanwhile is settled, and its zeroes are read. */
static void read_calm(struct tp_amd_object *object, uint64_t offset, void *to, size_t len)
{
	struct tp_amd *gpu = tp_amd_of_bo(&object->bo);
	uint32_t resets, losses;

	do {
		resets = tp_amd_wait_calm(gpu, &losses);
		tp_amd_object_settle(object);
		tp_bo_read(&object->bo, offset, to, len);
	} while (tp_amd_was_reset(gpu, resets));
}

int tp_amd_object_read(struct tp_amd_object *object, uint64_t offset, void *to, size_t len)
{
	int err = check(object, offset, len);

	if (!err)
		err = hold_idle(object);
	if (err)
		return err;
	read_calm(object, offset, to, len);
	tp_resv_unhold(object->bo.resv);
	return 0;
}

/* ---- where it is ----------------------------------------------------------------------------- */

int tp_amd_object_pin(struct tp_amd_object *object)
{
	int err = hold(object);

	if (err)
		return err;
	tp_bo_pin(&object->bo);
	tp_resv_unhold(object->bo.resv);
	return 0;
}

void tp_amd_object_unpin(struct tp_amd_object *object)
{
	tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_bo_unpin(&object->bo);
	tp_resv_unhold(object->bo.resv);
}

static int move(struct tp_amd_object *object, int (*how)(struct tp_bo *bo))
{
	int err;

	if (!tp_resv_try_hold(object->bo.resv))
		return TP_ERR_TEXT(-EBUSY, object->bo.name, "%s is in use"); /* T23 */
	tp_amd_object_settle(object);
	err = how(&object->bo);
	tp_resv_unhold(object->bo.resv);
	return err;
}

int tp_amd_object_evict(struct tp_amd_object *object)
{
	return move(object, tp_bo_evict);
}

int tp_amd_object_swap_out(struct tp_amd_object *object)
{
	return move(object, tp_bo_swap_out);
}

/* ---- what the base asks, with the reservation held ------------------------------------------- */

static void cut_in_vm(struct tp_amd_bo_va *bo_va)
{
	struct tp_amd_vm *vm = bo_va->base.vm;

	tp_mutex_lock(&vm->lock);
	tp_list_for_each(mapping, &bo_va->mappings, struct tp_amd_mapping, link) {
		if (!mapping->written)
			continue;
		tp_amd_cut_mapping(vm, mapping);
		mapping->written = false;
		bo_va->cut = true;
	}
	tp_amd_state_cut(&bo_va->base);
	tp_mutex_unlock(&vm->lock);
}

static void unbind_table(struct tp_amd_pt *pt)
{
	if (!pt->in_tree)
		return;
	tp_mutex_lock(&pt->base.vm->lock);
	tp_amd_cut_table(pt);
	tp_amd_state_cut(&pt->base);
	tp_mutex_unlock(&pt->base.vm->lock);
}

static void op_unbind(struct tp_bo *bo)
{
	if (bo->kind == TP_AMD_KIND_TABLE) {
		unbind_table(tp_amd_pt_of(bo));
		return;
	}
	tp_list_for_each(bo_va, &tp_amd_object_of(bo)->in_vms, struct tp_amd_bo_va, of_object)
		cut_in_vm(bo_va);
}

static int op_forget(struct tp_bo *bo)
{
	int err = 0;

	if (bo->kind == TP_AMD_KIND_TABLE)
		return tp_amd_vm_forget(tp_amd_pt_of(bo)->base.vm);
	tp_list_for_each(bo_va, &tp_amd_object_of(bo)->in_vms, struct tp_amd_bo_va, of_object) {
		if (!bo_va->cut || err)
			continue;
		err = tp_amd_vm_forget(bo_va->base.vm);
		bo_va->cut = err;
	}
	return err;
}

static void placed(struct tp_amd_vm_base *base)
{
	tp_mutex_lock(&base->vm->lock);
	if (base->state == TP_AMD_EVICTED || base->state == TP_AMD_EVICTED_USER)
		tp_amd_state_placed(base);
	tp_mutex_unlock(&base->vm->lock);
}

/* What is cut is written when its VM is used next: many moves cost one. */
static void op_rebind(struct tp_bo *bo)
{
	if (bo->kind == TP_AMD_KIND_TABLE) {
		if (tp_amd_pt_of(bo)->in_tree)
			placed(&tp_amd_pt_of(bo)->base);
		return;
	}
	tp_list_for_each(bo_va, &tp_amd_object_of(bo)->in_vms, struct tp_amd_bo_va, of_object)
		placed(&bo_va->base);
}

static void op_destroy(struct tp_bo *bo)
{
	struct tp_amd_object *object = tp_amd_object_of(bo);
	struct tp_amd_pt *root;

	if (bo->kind == TP_AMD_KIND_TABLE) {
		tp_amd_shadow_free(tp_amd_pt_of(bo));
		tp_free(tp_amd_pt_of(bo)->children);
		tp_free(tp_amd_pt_of(bo));
		return;
	}
	TP_INVARIANT(tp_list_empty(&object->in_vms));
	tp_atomic_sub(&tp_amd_of_bo(bo)->nr_objects, 1, TP_RELAXED);
	root = object->root;
	tp_free(object);
	if (root)
		tp_bo_put(&root->bo);
}

const struct tp_bo_ops tp_amd_bo_ops = {
	.unbind = op_unbind,
	.forget = op_forget,
	.rebind = op_rebind,
	.copy = tp_amd_copy,
	.destroy = op_destroy,
};
