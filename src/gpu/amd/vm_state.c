/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm_state - the lists of a VM, and the function behind each arrow of vm.h. */
#include "gpu/amd/vm.h"

static void enter(struct tp_amd_vm_base *base, enum tp_amd_vm_state state)
{
	struct tp_amd_vm *vm = base->vm;
	struct tp_list *list = &vm->states[state];

	base->state = state;
	vm->in_state[state]++;
	/* Tables first: what else is brought back needs them. */
	tp_list_add_before(base->is_table ? list->next : list, &base->link);
}

static void leave(struct tp_amd_vm_base *base)
{
	base->vm->in_state[base->state]--;
	tp_list_remove(&base->link);
}

static void change(struct tp_amd_vm_base *base, enum tp_amd_vm_state state)
{
	tp_mutex_assert_held(&base->vm->lock);
	if (base->state == state)
		return;
	leave(base);
	enter(base, state);
}

/* What is to be written, or linked. */
static enum tp_amd_vm_state behind(const struct tp_amd_vm_base *base)
{
	if (base->is_table)
		return TP_AMD_RELOCATED;
	return base->shared ? TP_AMD_INVALIDATED : TP_AMD_MOVED;
}

void tp_amd_state_init(struct tp_amd_vm_base *base, struct tp_amd_vm *vm, struct tp_bo *bo,
		       bool is_table)
{
	tp_mutex_assert_held(&vm->lock);
	base->vm = vm;
	base->bo = bo;
	base->is_table = is_table;
	base->shared = bo && bo->resv != tp_amd_vm_resv(vm);
	tp_list_init(&base->link);
	enter(base, behind(base));
}

void tp_amd_state_fini(struct tp_amd_vm_base *base)
{
	leave(base);
}

void tp_amd_state_cut(struct tp_amd_vm_base *base)
{
	if (base->shared)
		change(base, TP_AMD_INVALIDATED);
	else if (!base->is_table && base->vm->compute)
		change(base, TP_AMD_EVICTED_USER);
	else
		change(base, TP_AMD_EVICTED);
}

void tp_amd_state_placed(struct tp_amd_vm_base *base)
{
	change(base, behind(base));
}

void tp_amd_state_behind(struct tp_amd_vm_base *base)
{
	if (base->state == TP_AMD_IDLE || base->state == TP_AMD_DONE)
		change(base, behind(base));
}

void tp_amd_state_written(struct tp_amd_vm_base *base)
{
	change(base, base->shared ? TP_AMD_DONE : TP_AMD_IDLE);
}

void tp_amd_state_linked(struct tp_amd_vm_base *base)
{
	change(base, TP_AMD_IDLE);
}

static void all_behind(struct tp_list *list)
{
	tp_list_for_each_safe(base, list, struct tp_amd_vm_base, link) {
		if (!base->is_table)
			tp_amd_bo_va_doubt(tp_container_of(base, struct tp_amd_bo_va, base));
	}
}

void tp_amd_state_machine_reset(struct tp_amd_vm *vm)
{
	tp_mutex_assert_held(&vm->lock);
	for (unsigned i = 0; i < TP_AMD_NR_STATES; i++)
		all_behind(&vm->states[i]);
	tp_amd_pt_doubt(vm);
}
