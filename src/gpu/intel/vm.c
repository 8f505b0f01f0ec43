/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm - address spaces come and go.
 *
 * One that nobody uses is taken apart: everything in it is unbound, the caches forget it, its
 * tables are freed, and only then its objects are let go, which finds nothing left to forget.  What
 * cannot be done at once waits in gpu->dead_vms.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/intel/internal.h"

/* ---- numbers of address spaces --------------------------------------------------------------- */

static bool try_take_asid(tp_atomic_u32 *word, unsigned *bit)
{
	uint32_t used = tp_atomic_load(word, TP_ACQUIRE);

	while (~used) {
		*bit = (unsigned)__builtin_ctz(~used);
		if (tp_atomic_cas(word, &used, used | UINT32_C(1) << *bit, TP_ACQ_REL))
			return true;
	}
	return false;
}

static int take_asid(struct tp_intel *gpu, uint32_t *asid)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(gpu->asids); i++) {
		unsigned bit;

		if (try_take_asid(&gpu->asids[i], &bit)) {
			*asid = 32 * i + bit + 1;
			return 0;
		}
	}
	return TP_ERR(-ENOSPC, "%u address spaces", TP_INTEL_MAX_VMS);
}

static void give_asid(struct tp_intel *gpu, uint32_t asid)
{
	tp_atomic_and(&gpu->asids[(asid - 1) / 32], ~(UINT32_C(1) << (asid - 1) % 32), TP_ACQ_REL);
}

/* ---- made ------------------------------------------------------------------------------------ */

static int init_vm(struct tp_intel_vm *vm, struct tp_intel *gpu)
{
	int err;

	vm->gpu = gpu;
	tp_atomic_store(&vm->refs, 1, TP_RELAXED);
	tp_mutex_init(&vm->lock, TP_RANK_GPU_VM, 0);
	tp_list_init(&vm->vmas);
	err = take_asid(gpu, &vm->asid);
	if (err)
		return err;
	err = tp_intel_tables_init(&vm->tables, gpu->bos.domain, gpu->bus,
				   gpu->platform->local_memory ? gpu->bos.vram : NULL,
				   gpu->platform, gpu->config.node);
	if (err)
		give_asid(gpu, vm->asid);
	return err;
}

int tp_intel_vm_create(struct tp_intel *gpu, struct tp_intel_vm **vm)
{
	struct tp_intel_vm *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return TP_ERR(-ENOMEM, "address space");
	err = init_vm(new, gpu);
	if (err) {
		tp_free(new);
		return err;
	}
	tp_atomic_add(&gpu->nr_vms, 1, TP_RELAXED);
	*vm = new;
	return 0;
}

struct tp_intel_vm *tp_intel_vm_get(struct tp_intel_vm *vm)
{
	tp_atomic_add(&vm->refs, 1, TP_RELAXED);
	return vm;
}

/* ---- taken apart ----------------------------------------------------------------------------- */

static void free_vm(struct tp_intel_vm *vm)
{
	tp_intel_tables_fini(&vm->tables);
	give_asid(vm->gpu, vm->asid);
	tp_free(vm);
}

static void leave_to_bury(struct tp_intel_vm *vm)
{
	void *first = tp_atomic_load(&vm->gpu->dead_vms, TP_RELAXED);

	do
		vm->next = first;
	while (!tp_atomic_cas(&vm->gpu->dead_vms, &first, vm, TP_ACQ_REL));
}

/* False: caches may remember its tables. */
static bool take_apart(struct tp_intel_vm *vm)
{
	struct tp_list gone;
	bool forgotten;

	tp_list_init(&gone);
	tp_intel_vm_unbind_all(vm, &gone);
	tp_intel_tlb_note(vm->gpu, &vm->note);
	forgotten = !tp_intel_tlb_forget(vm->gpu, &vm->note);
	tp_intel_vmas_free(&gone);
	if (forgotten)
		free_vm(vm);
	return forgotten;
}

static bool is_last_put(struct tp_intel_vm *vm)
{
	if (tp_atomic_sub(&vm->refs, 1, TP_ACQ_REL) > 1)
		return false;
	TP_INVARIANT(tp_atomic_sub(&vm->gpu->nr_vms, 1, TP_ACQ_REL) > 0);
	return true;
}

void tp_intel_vm_put(struct tp_intel_vm *vm)
{
	if (is_last_put(vm) && !take_apart(vm))
		leave_to_bury(vm);
}

void tp_intel_vm_drop(struct tp_intel_vm *vm)
{
	if (is_last_put(vm))
		leave_to_bury(vm);
}

unsigned tp_intel_vms_bury(struct tp_intel *gpu)
{
	struct tp_intel_vm *vm = tp_atomic_exchange(&gpu->dead_vms, NULL, TP_ACQ_REL), *next;
	unsigned left = 0;

	for (; vm; vm = next) {
		next = vm->next;
		if (!take_apart(vm)) {
			leave_to_bury(vm);
			left++;
		}
	}
	return left;
}

/* ---- leaves behind everybody's back ---------------------------------------------------------- */

void tp_intel_vm_poke(struct tp_intel_vm *vm, uint64_t va, uint64_t pte)
{
	tp_mutex_lock(&vm->lock);
	tp_intel_tables_poke(&vm->tables, va, pte);
	tp_mutex_unlock(&vm->lock);
}

uint64_t tp_intel_vm_peek(struct tp_intel_vm *vm, uint64_t va)
{
	uint64_t pte;

	tp_mutex_lock(&vm->lock);
	pte = tp_intel_tables_peek(&vm->tables, va, NULL);
	tp_mutex_unlock(&vm->lock);
	return pte;
}
