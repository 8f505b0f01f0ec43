/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * validate - a VM is brought up to date: what lost its place gets one, tables are made, mappings
 * written, directories linked, in this order (V3).
 *
 * It goes on in rounds.  A round that lacks something (a place, a table, an object that somebody
 * holds) lets go of all it uses, gets that, and the next begins (R2 of resv, V8).
 */
#include <errno.h>

#include "core/error.h"
#include "core/mutant.h"
#include "gpu/amd/vm.h"

enum { TRIES = 4 }; /* of updates that resets cancel, or that hang */

/* What a round lacked, if it lacked something. */
struct lack {
	struct tp_amd_object *object; /* to be had in reach, with a reference */
	struct tp_resv *held;	      /* to be waited for; of @object */
	bool tables;
};

struct round {
	struct tp_amd_vm *vm;
	struct tp_amd_spares *spares;
	struct lack lack;
};

/* ---- places ---------------------------------------------------------------------------------- */

static struct tp_amd_vm_base *first_evicted(struct tp_amd_vm *vm)
{
	static const enum tp_amd_vm_state states[] = { TP_AMD_EVICTED, TP_AMD_EVICTED_USER };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(states); i++)
		if (!tp_list_empty(&vm->states[states[i]]))
			return tp_list_entry(vm->states[states[i]].next, struct tp_amd_vm_base,
					     link);
	return NULL;
}

/* With a reference, and the VM's reservation held. */
static int place(struct tp_bo *bo)
{
	int err;

	if (bo->kind == TP_AMD_KIND_OBJECT)
		tp_amd_object_settle(tp_amd_object_of(bo));
	err = tp_bo_populate(bo);
	if (err)
		return err;
	/* As the base's rebind, which is not called for what got its first memory. */
	bo->device->ops->rebind(bo);
	return 0;
}

/* All that is evicted is of the VM alone, and shares its reservation. */
static int place_one(struct tp_amd_vm *vm, bool *none)
{
	struct tp_amd_vm_base *base;
	struct tp_bo *bo = NULL;
	int err = tp_resv_hold(tp_amd_vm_resv(vm), TP_WAIT_FOREVER);

	if (err)
		return err;
	tp_mutex_lock(&vm->lock);
	base = first_evicted(vm);
	if (base)
		bo = tp_bo_get(base->bo);
	tp_mutex_unlock(&vm->lock);
	if (bo)
		err = place(bo);
	tp_resv_unhold(tp_amd_vm_resv(vm));
	if (bo)
		tp_bo_put(bo);
	*none = !bo;
	return err;
}

static bool is_any_evicted(struct tp_amd_vm *vm)
{
	bool any;

	tp_mutex_lock(&vm->lock);
	any = first_evicted(vm);
	tp_mutex_unlock(&vm->lock);
	return any;
}

static int place_all(struct tp_amd_vm *vm)
{
	bool none = !is_any_evicted(vm);
	int err = 0;

	while (!err && !none)
		err = place_one(vm, &none);
	return err;
}

/* ---- objects that are used while their mappings are written ---------------------------------- */

/* V1.  False: it is held, or has no memory in reach. */
static bool try_use(struct round *round, struct tp_amd_bo_va *bo_va)
{
	struct tp_bo *bo = bo_va->base.bo;

	bo_va->writing = true;
	if (!bo)
		return true;
	if (bo_va->base.shared && !TP_MUTANT(amd_writes_unused)) {
		bo_va->used = tp_resv_try_use(bo->resv);
		if (!bo_va->used)
			round->lack.held = bo->resv;
	}
	if (!round->lack.held && tp_bo_is_in_reach(bo)) {
		/* LO2: before anything translates to it again. */
		tp_amd_object_settle(tp_amd_object_of(bo));
		return true;
	}
	round->lack.object = tp_amd_object_of(tp_bo_get(bo));
	return false;
}

static bool use_list(struct round *round, struct tp_list *list)
{
	tp_list_for_each(base, list, struct tp_amd_vm_base, link) {
		if (!try_use(round, tp_container_of(base, struct tp_amd_bo_va, base)))
			return false;
	}
	return true;
}

static void unuse_list(struct tp_list *list, struct tp_fence *fence)
{
	tp_list_for_each(base, list, struct tp_amd_vm_base, link) {
		struct tp_amd_bo_va *bo_va = tp_container_of(base, struct tp_amd_bo_va, base);

		if (bo_va->used && fence)
			tp_resv_add(base->bo->resv, fence, true);
		if (bo_va->used)
			tp_resv_unuse(base->bo->resv);
		bo_va->used = bo_va->writing = false;
	}
}

static void unuse(struct tp_amd_vm *vm, struct tp_fence *fence)
{
	unuse_list(&vm->states[TP_AMD_INVALIDATED], fence);
	unuse_list(&vm->states[TP_AMD_MOVED], NULL);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void count_list(struct tp_amd_vm *vm, struct tp_list *list, struct tp_amd_spares *spares)
{
	tp_list_for_each(base, list, struct tp_amd_vm_base, link) {
		struct tp_amd_bo_va *bo_va = tp_container_of(base, struct tp_amd_bo_va, base);

		tp_list_for_each(mapping, &bo_va->mappings, struct tp_amd_mapping, link)
			if (!mapping->written)
				tp_amd_pt_count(vm, mapping, spares);
	}
}

static bool has_tables(struct round *round)
{
	struct tp_amd_vm *vm = round->vm;

	tp_amd_pt_count_begin(round->spares);
	count_list(vm, &vm->states[TP_AMD_MOVED], round->spares);
	count_list(vm, &vm->states[TP_AMD_INVALIDATED], round->spares);
	round->lack.tables = !tp_amd_spares_suffice(vm, round->spares);
	return !round->lack.tables;
}

static void write_list(struct tp_amd_update *update, struct tp_list *list,
		       struct tp_amd_spares *spares)
{
	tp_list_for_each(base, list, struct tp_amd_vm_base, link) {
		struct tp_amd_bo_va *bo_va = tp_container_of(base, struct tp_amd_bo_va, base);

		tp_list_for_each(mapping, &bo_va->mappings, struct tp_amd_mapping, link) {
			if (mapping->written)
				continue;
			tp_amd_update_map(update, mapping, spares);
			mapping->written = true;
		}
	}
}

static void say_written(struct tp_list *list)
{
	tp_list_for_each_safe(base, list, struct tp_amd_vm_base, link)
		tp_amd_state_written(base);
}

static void write_all(struct tp_amd_update *update, struct tp_amd_spares *spares)
{
	struct tp_amd_vm *vm = update->vm;

	tp_amd_update_rewrite(update);
	write_list(update, &vm->states[TP_AMD_MOVED], spares);
	write_list(update, &vm->states[TP_AMD_INVALIDATED], spares);
	tp_amd_update_directories(update);
}

static bool has_work(const struct tp_amd_vm *vm)
{
	return vm->in_state[TP_AMD_RELOCATED] || vm->in_state[TP_AMD_MOVED] ||
	       vm->in_state[TP_AMD_INVALIDATED];
}

static int update(struct round *round)
{
	struct tp_amd_vm *vm = round->vm;
	struct tp_amd_update update;
	int err;

	tp_amd_update_begin(&update, vm);
	write_all(&update, round->spares);
	err = tp_amd_update_end(&update);
	if (TP_MUTANT(amd_late_generation))
		vm->generation = tp_amd_vm_generation(vm);
	unuse(vm, update.last);
	say_written(&vm->states[TP_AMD_MOVED]);
	say_written(&vm->states[TP_AMD_INVALIDATED]);
	tp_amd_update_release(&update);
	return err;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void begin_generation(struct tp_amd_vm *vm)
{
	const uint64_t now = tp_amd_vm_generation(vm);

	if (vm->generation == now)
		return;
	if (vm->generation != ~UINT64_C(0)) {
		vm->stat.rebuilds++;
		tp_quiet_add(&vm->gpu->counts.rebuilds, 1);
	}
	vm->generation = now;
	if (!tp_amd_shadow_restore(vm))
		tp_amd_state_machine_reset(vm);
}

/* Under the lock, the VM's reservation used.  -EAGAIN: something lacks. */
static int go_round(struct round *round)
{
	struct tp_amd_vm *vm = round->vm;

	begin_generation(vm);
	if (first_evicted(vm))
		return -EAGAIN;
	if (!has_work(vm))
		return 0;
	tp_amd_pt_doubt_rewritten(vm);
	if (use_list(round, &vm->states[TP_AMD_MOVED]) &&
	    use_list(round, &vm->states[TP_AMD_INVALIDATED]) && has_tables(round))
		return update(round);
	unuse(vm, NULL);
	return -EAGAIN;
}

static int get_lacking(struct round *round)
{
	struct lack lack = round->lack;
	int err = 0;

	round->lack = (struct lack){ .object = NULL };
	if (lack.held)
		tp_resv_wait_unheld(lack.held);
	else if (lack.object)
		err = tp_amd_object_populate(lack.object);
	if (lack.object)
		tp_amd_object_put(lack.object);
	if (!err && lack.tables)
		err = tp_amd_pt_stock(round->vm, round->spares);
	return err ? err : place_all(round->vm);
}

/* *@fence: what it takes for all that was written to be seen. */
static int write_once(struct round *round, struct tp_fence **fence)
{
	struct tp_amd_vm *vm = round->vm;
	int err;

	do {
		tp_amd_wait_reset(vm->gpu);
		tp_amd_vm_use(vm);
		tp_mutex_lock(&vm->lock);
		err = go_round(round);
		*fence = tp_fence_get(vm->last_update);
		tp_mutex_unlock(&vm->lock);
		tp_resv_unuse(tp_amd_vm_resv(vm));
		if (err == -EAGAIN) {
			tp_fence_put(*fence);
			err = get_lacking(round);
			err = err ? err : -EAGAIN;
			*fence = NULL;
		}
	} while (err == -EAGAIN);
	return err;
}

static int await(struct tp_amd *gpu, struct tp_fence *fence)
{
	int err = fence ? tp_amd_wait_end(gpu, fence) : 0;

	tp_fence_put(fence);
	return err;
}

/* What a reset cancelled, or what hangs and is reset now. */
static bool can_be_done_again(struct tp_amd *gpu, int err)
{
	if (err == -ETIME)
		tp_amd_reset_hung_rings(gpu);
	return err == -ETIME || err == -ECANCELED;
}

int tp_amd_vm_validate(struct tp_amd_vm *vm)
{
	struct tp_amd_spares spares;
	struct round round = { .vm = vm, .spares = &spares };
	struct tp_fence *fence;
	unsigned tries = 0;
	int err;

	tp_amd_spares_init(&spares);
	do {
		err = write_once(&round, &fence);
		if (!err)
			err = await(vm->gpu, fence);
		else
			tp_fence_put(fence);
	} while (can_be_done_again(vm->gpu, err) && ++tries < TRIES);
	tp_amd_pt_unstock(vm, &spares);
	tp_amd_pt_bury(vm);
	return err;
}

bool tp_amd_vm_is_ready(struct tp_amd_vm *vm)
{
	tp_mutex_assert_held(&vm->lock);
	return vm->generation == tp_amd_vm_generation(vm) && !first_evicted(vm) && !has_work(vm);
}
