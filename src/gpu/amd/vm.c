/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm - address spaces come and go; their generations; what they are. */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "gpu/amd/vm.h"

/* ---- generations ----------------------------------------------------------------------------- */

uint64_t tp_amd_vm_generation(const struct tp_amd_vm *vm)
{
	return tp_amd_generation(vm->gpu) | (uint32_t)tp_atomic_load(&vm->generations, TP_ACQUIRE);
}

void tp_amd_vm_update_failed(struct tp_amd_vm *vm)
{
	tp_atomic_add(&vm->generations, 1, TP_ACQ_REL);
}

void tp_amd_vm_use(struct tp_amd_vm *vm)
{
	while (!tp_resv_try_use(tp_amd_vm_resv(vm)))
		tp_resv_wait_unheld(tp_amd_vm_resv(vm));
}

/* ---- life ------------------------------------------------------------------------------------ */

static void init(struct tp_amd_vm *vm, struct tp_amd *gpu, const struct tp_amd_vm_config *config)
{
	const enum tp_amd_updates updates =
		config && config->updates_given ? config->updates : gpu->config.updates;

	vm->gpu = gpu;
	vm->number = tp_atomic_add(&gpu->vm_numbers, 1, TP_RELAXED) + 1;
	vm->backend = updates == TP_AMD_UPDATE_CPU ? &tp_amd_backend_cpu : &tp_amd_backend_sdma;
	tp_atomic_store(&vm->refs, 1, TP_RELAXED);
	tp_mutex_init(&vm->lock, TP_RANK_GPU_VM, 0);
	tp_list_init(&vm->link);
	tp_list_init(&vm->dead);
	for (unsigned i = 0; i < TP_AMD_NR_STATES; i++)
		tp_list_init(&vm->states[i]);
	vm->generation = ~UINT64_C(0); /* nothing is written yet */
}

static void list(struct tp_amd_vm *vm)
{
	struct tp_amd *gpu = vm->gpu;

	tp_spin_lock(&gpu->vms_lock);
	tp_list_add_before(&gpu->vms, &vm->link);
	tp_spin_unlock(&gpu->vms_lock);
	tp_atomic_add(&gpu->nr_vms, 1, TP_RELAXED);
}

static void unlist(struct tp_amd_vm *vm)
{
	struct tp_amd *gpu = vm->gpu;

	tp_spin_lock(&gpu->vms_lock);
	tp_list_remove(&vm->link);
	tp_spin_unlock(&gpu->vms_lock);
}

int tp_amd_vm_create(struct tp_amd *gpu, const struct tp_amd_vm_config *config,
		     struct tp_amd_vm **result)
{
	struct tp_amd_vm *vm = tp_zalloc_aligned(64, sizeof(*vm));
	int err;

	if (!vm)
		return TP_ERR(-ENOMEM, "no memory for an address space");
	init(vm, gpu, config);
	err = tp_amd_pt_root_create(vm);
	if (err) {
		tp_free(vm);
		return err;
	}
	list(vm);
	if (config && config->compute)
		err = tp_amd_vm_make_compute(vm);
	if (err)
		tp_amd_vm_put(vm);
	else
		*result = vm;
	return err;
}

struct tp_amd_vm *tp_amd_vm_get(struct tp_amd_vm *vm)
{
	tp_atomic_add(&vm->refs, 1, TP_RELAXED);
	return vm;
}

static struct tp_fence *last_update(struct tp_amd_vm *vm)
{
	struct tp_fence *fence;

	tp_mutex_lock(&vm->lock);
	fence = vm->last_update;
	vm->last_update = NULL;
	tp_mutex_unlock(&vm->lock);
	return fence;
}

/* Work had references, so none is left; what writes tables has none. */
static void finish(struct tp_amd_vm *vm)
{
	struct tp_fence *fence = last_update(vm);

	if (!fence)
		return;
	tp_amd_wait_end(vm->gpu, fence);
	tp_fence_put(fence);
}

/* Its tables go with it, so they are left as they are; the object is held meanwhile. */
static void drop_bo_va(struct tp_amd_vm *vm, struct tp_amd_bo_va *bo_va)
{
	struct tp_amd_object *object = bo_va->object;

	if (object)
		tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_mutex_lock(&vm->lock);
	tp_list_for_each_safe(mapping, &bo_va->mappings, struct tp_amd_mapping, link) {
		tp_amd_bo_va_remove(mapping);
		tp_free(mapping);
	}
	tp_amd_bo_va_leave(bo_va);
	tp_mutex_unlock(&vm->lock);
	if (object) {
		tp_resv_unhold(object->bo.resv);
		tp_amd_object_put(object);
	}
	tp_free(bo_va);
}

static void unmap_all(struct tp_amd_vm *vm)
{
	const struct tp_amd_mapping *mapping;

	tp_amd_vm_forget_surely(vm);
	while ((mapping = tp_amd_mapping_first(&vm->mappings, 0)))
		drop_bo_va(vm, mapping->bo_va);
}

void tp_amd_vm_put(struct tp_amd_vm *vm)
{
	struct tp_amd *gpu = vm->gpu;

	if (tp_atomic_sub(&vm->refs, 1, TP_ACQ_REL) != 1)
		return;
	unlist(vm);
	finish(vm);
	unmap_all(vm);
	tp_amd_pt_fini(vm);
	tp_amd_vmid_give(vm);
	tp_free(vm);
	tp_atomic_sub(&gpu->nr_vms, 1, TP_RELEASE);
}

/* Nothing is mapped, and no job is left that would write over what the CPU does from now on. */
static bool may_become_compute(const struct tp_amd_vm *vm)
{
	return !vm->mappings.nr && !vm->compute && !tp_amd_vm_is_being_written(vm);
}

int tp_amd_vm_make_compute(struct tp_amd_vm *vm)
{
	int err = 0;

	tp_mutex_lock(&vm->lock);
	if (!may_become_compute(vm))
		err = TP_ERR(-EBUSY, "an address space in use does not become one for compute");
	if (!err)
		err = tp_amd_vmid_keep(vm);
	if (!err) {
		vm->compute = true;
		vm->backend = &tp_amd_backend_cpu;
	}
	tp_mutex_unlock(&vm->lock);
	return err;
}

/* ---- what it is ------------------------------------------------------------------------------ */

void tp_amd_vm_stat(struct tp_amd_vm *vm, struct tp_amd_vm_stat *stat)
{
	tp_mutex_lock(&vm->lock);
	*stat = vm->stat;
	stat->mappings = vm->mappings.nr;
	for (unsigned i = 0; i < TP_AMD_NR_STATES; i++)
		stat->states[i] = vm->in_state[i];
	tp_mutex_unlock(&vm->lock);
}

static uint64_t peek(const struct tp_amd_pt *pt, uint64_t page, uint64_t *size)
{
	for (;;) {
		const uint32_t index =
			(uint32_t)(page >> pt->level * TP_AMD_PT_BITS) & (TP_AMD_PTES - 1);

		if (!tp_amd_pt_is_placed(pt))
			return 0;
		if (!pt->level || !pt->children[index] || !pt->children[index]->linked) {
			*size = TP_PAGE_SIZE << pt->level * TP_AMD_PT_BITS;
			return tp_amd_pt_get(pt, index);
		}
		pt = pt->children[index];
	}
}

uint64_t tp_amd_vm_peek(struct tp_amd_vm *vm, uint64_t va, uint64_t *size)
{
	uint64_t entry;

	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	*size = 0;
	entry = peek(vm->root, (va & TP_AMD_VA_MASK) / TP_PAGE_SIZE, size);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
	return entry & (TP_AMD_PTE_VALID | TP_AMD_PTE_PRT) ? entry : 0;
}
