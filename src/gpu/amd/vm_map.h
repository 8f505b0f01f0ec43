/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_map - what mappings that come (vm_map.c) and ranges that change (vm_change.c) share. */
#ifndef TP_GPU_AMD_VM_MAP_H
#define TP_GPU_AMD_VM_MAP_H

#include "gpu/amd/vm.h"

/* A mapping that is to be, of @object, which may be NULL; and what it takes. */
struct tp_amd_fresh {
	struct tp_amd_object *object;
	struct tp_amd_mapping *mapping; /* NULL: there is none */
	struct tp_amd_bo_va *bo_va;	/* if the object has none yet */
	bool lazy;			/* it is noted, and written by who validates */
};

/* With the object used, as long as it is. */
struct tp_amd_bo_va *tp_amd_fresh_bo_va(struct tp_amd_vm *vm, const struct tp_amd_fresh *fresh);
/* The same, and nothing else is mapped there; what it takes is consumed. */
void tp_amd_fresh_enter(struct tp_amd_vm *vm, struct tp_amd_fresh *fresh);
/* Under the lock: nothing is mapped at [@start, @last]. */
bool tp_amd_vm_is_free(const struct tp_amd_vm *vm, uint64_t start, uint64_t last);

/*
 * What is mapped at [@start, @last] goes, and nothing knows it when this returns; @fresh, which has
 * none or one for just that range, comes instead.  -ENOMEM, -ENOSPC, -ECANCELED: nothing has
 * changed.
 */
int tp_amd_vm_change(struct tp_amd_vm *vm, uint64_t start, uint64_t last,
		     struct tp_amd_fresh *fresh);

#endif
