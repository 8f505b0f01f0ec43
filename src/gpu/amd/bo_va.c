/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bo_va - objects enter and leave a VM. */
#include "gpu/amd/vm.h"

struct tp_amd_bo_va *tp_amd_bo_va_find(struct tp_amd_vm *vm, struct tp_amd_object *object)
{
	struct tp_amd_bo_va *found = NULL;

	tp_spin_lock(&object->vas_lock);
	tp_list_for_each(bo_va, &object->in_vms, struct tp_amd_bo_va, of_object)
		if (bo_va->base.vm == vm)
			found = bo_va;
	tp_spin_unlock(&object->vas_lock);
	return found;
}

void tp_amd_bo_va_join(struct tp_amd_bo_va *bo_va, struct tp_amd_vm *vm,
		       struct tp_amd_object *object)
{
	tp_list_init(&bo_va->mappings);
	tp_list_init(&bo_va->of_object);
	tp_list_init(&bo_va->of_left);
	bo_va->object = object;
	tp_amd_state_init(&bo_va->base, vm, object ? &object->bo : NULL, false);
	if (!object)
		return;
	tp_bo_get(&object->bo);
	tp_spin_lock(&object->vas_lock);
	tp_list_add_before(&object->in_vms, &bo_va->of_object);
	tp_spin_unlock(&object->vas_lock);
}

void tp_amd_bo_va_leave(struct tp_amd_bo_va *bo_va)
{
	struct tp_amd_object *object = bo_va->object;

	tp_amd_state_fini(&bo_va->base);
	if (!object)
		return;
	tp_spin_lock(&object->vas_lock);
	tp_list_remove(&bo_va->of_object);
	tp_spin_unlock(&object->vas_lock);
}

void tp_amd_bo_va_doubt(struct tp_amd_bo_va *bo_va)
{
	tp_list_for_each(mapping, &bo_va->mappings, struct tp_amd_mapping, link)
		mapping->written = false;
	tp_amd_state_behind(&bo_va->base);
}

/* ---- mappings -------------------------------------------------------------------------------- */

void tp_amd_bo_va_add(struct tp_amd_bo_va *bo_va, struct tp_amd_mapping *mapping)
{
	struct tp_amd_vm *vm = bo_va->base.vm;

	mapping->bo_va = bo_va;
	tp_list_remove(&bo_va->of_left); /* it was about to leave */
	tp_list_add_before(&bo_va->mappings, &mapping->link);
	tp_amd_mapping_insert(&vm->mappings, mapping);
	if (!mapping->written)
		tp_amd_state_behind(&bo_va->base);
	tp_quiet_add(&vm->gpu->counts.mappings, 1);
}

void tp_amd_bo_va_remove(struct tp_amd_mapping *mapping)
{
	struct tp_amd_vm *vm = mapping->bo_va->base.vm;

	tp_list_remove(&mapping->link);
	tp_amd_mapping_remove(&vm->mappings, mapping);
	tp_quiet_add(&vm->gpu->counts.mappings, -1);
}

/* ---- used with their VM ---------------------------------------------------------------------- */

static struct tp_resv *own_resv(const struct tp_amd_vm *vm, const struct tp_amd_object *object)
{
	return object && object->bo.resv != tp_amd_vm_resv(vm) ? object->bo.resv : NULL;
}

bool tp_amd_object_try_use(struct tp_amd_object *object, const struct tp_amd_vm *vm)
{
	struct tp_resv *own = own_resv(vm, object);

	return !own || tp_resv_try_use(own);
}

void tp_amd_object_unuse(struct tp_amd_object *object, const struct tp_amd_vm *vm)
{
	struct tp_resv *own = own_resv(vm, object);

	if (own)
		tp_resv_unuse(own);
}

void tp_amd_vm_use_with(struct tp_amd_vm *vm, struct tp_amd_object *object)
{
	for (;;) {
		tp_amd_vm_use(vm);
		if (tp_amd_object_try_use(object, vm))
			return;
		tp_resv_unuse(tp_amd_vm_resv(vm));
		tp_resv_wait_unheld(object->bo.resv);
	}
}

void tp_amd_vm_unuse_with(struct tp_amd_vm *vm, struct tp_amd_object *object)
{
	tp_amd_object_unuse(object, vm);
	tp_resv_unuse(tp_amd_vm_resv(vm));
}
