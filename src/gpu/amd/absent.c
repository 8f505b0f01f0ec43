/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * absent - what stands for address spaces until they are there.
 *
 * Each goes with the arrival of what it stands for, and the file with the last one.
 */
#include "gpu/amd/vm.h"

#define ABSENT __attribute__((weak))

ABSENT const struct tp_bo_ops tp_amd_bo_ops;

ABSENT struct tp_amd_mapping *tp_amd_mapping_first(tp_unused const struct tp_amd_mappings *mappings,
						   tp_unused uint64_t page)
{
	return NULL;
}

ABSENT struct tp_amd_mapping *tp_amd_mapping_next(tp_unused const struct tp_amd_mappings *mappings,
						  tp_unused const struct tp_amd_mapping *mapping)
{
	return NULL;
}

ABSENT uint64_t tp_amd_pt_root_address(tp_unused const struct tp_amd_vm *vm)
{
	return 0;
}

ABSENT uint64_t tp_amd_vm_generation(const struct tp_amd_vm *vm)
{
	return tp_amd_generation(vm->gpu) + tp_atomic_load(&vm->generations, TP_ACQUIRE);
}

ABSENT struct tp_amd_vm *tp_amd_vm_get(struct tp_amd_vm *vm)
{
	tp_atomic_add(&vm->refs, 1, TP_RELAXED);
	return vm;
}

ABSENT void tp_amd_vm_put(struct tp_amd_vm *vm)
{
	tp_atomic_sub(&vm->refs, 1, TP_ACQ_REL);
}

ABSENT void tp_amd_vm_use(tp_unused struct tp_amd_vm *vm)
{
}

ABSENT void tp_amd_object_put(tp_unused struct tp_amd_object *object)
{
}

ABSENT void tp_amd_vm_update_failed(tp_unused struct tp_amd_vm *vm)
{
}

ABSENT void tp_amd_bo_va_doubt(tp_unused struct tp_amd_bo_va *bo_va)
{
}
