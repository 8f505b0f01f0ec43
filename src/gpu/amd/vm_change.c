/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm_change - a range of an address space is cleared, or replaced.
 *
 * What goes is taken out of the tree and cleared in the tables in one step, after which nothing can
 * fail; what remains of a mapping at either side becomes one of its own, and is written before
 * (V5).
 *
 * What replaces something is written in that step, over what was there.  Nothing of it may fail or
 * be cancelled, so it is the CPU that writes, to tables that are up to date, after the last job
 * that wrote some has ended.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/amd/vm_map.h"

/* What is cleared, or replaced; and what it takes, made before anything is changed. */
struct clearing {
	struct tp_amd_vm *vm;
	uint64_t start, last;	    /* pages */
	struct tp_amd_fresh *fresh; /* what comes instead; mapping NULL: nothing */
	bool has_before, has_after;
	struct tp_amd_mapping *before, *after; /* what remains at either side, if there is some */
	struct tp_amd_spares spares;
	struct tp_amd_object *held; /* that somebody else has, with a reference */
	struct tp_fence *writing;   /* of a job that writes tables, with a reference */
	struct tp_list gone;	    /* mappings, by their link; and what is left of objects: */
	struct tp_list left;	    /* struct tp_amd_bo_va, by of_left; under the VM's lock */
};

/* What comes instead is written at once. */
static bool writes(const struct clearing *c)
{
	return c->fresh->mapping && !c->fresh->lazy;
}

static void unuse_range(struct clearing *c, struct tp_fence *fence)
{
	tp_amd_for_each_mapping(mapping, &c->vm->mappings, c->start, c->last)
	{
		struct tp_amd_bo_va *bo_va = mapping->bo_va;

		if (!bo_va->used)
			continue;
		if (fence)
			tp_resv_add(bo_va->base.bo->resv, fence, true);
		tp_resv_unuse(bo_va->base.bo->resv);
		bo_va->used = false;
	}
}

/* V1 */
static bool use_range(struct clearing *c)
{
	tp_amd_for_each_mapping(mapping, &c->vm->mappings, c->start, c->last)
	{
		struct tp_amd_bo_va *bo_va = mapping->bo_va;

		if (!bo_va->base.shared || bo_va->used)
			continue;
		bo_va->used = tp_resv_try_use(bo_va->base.bo->resv);
		if (bo_va->used)
			continue;
		c->held = tp_amd_object_of(tp_bo_get(bo_va->base.bo));
		unuse_range(c, NULL);
		return false;
	}
	return true;
}

/* The object of what comes instead.  False: it is held, or has no memory in reach. */
static bool use_fresh(struct clearing *c)
{
	struct tp_amd_object *object = c->fresh->object;

	if (!object)
		return true;
	if (!tp_amd_object_try_use(object, c->vm)) {
		c->held = tp_amd_object_of(tp_bo_get(&object->bo));
		return false;
	}
	if (c->fresh->lazy)
		return true;
	if (!tp_bo_is_in_reach(&object->bo)) {
		tp_amd_object_unuse(object, c->vm);
		return false;
	}
	tp_amd_object_settle(object);
	return true;
}

/* What is written over says what it should, and nobody else is about to write it. */
static bool is_up_to_date(struct clearing *c)
{
	struct tp_amd_vm *vm = c->vm;

	if (tp_amd_vm_is_being_written(vm)) {
		c->writing = tp_fence_get(vm->last_update);
		return false;
	}
	return tp_amd_vm_is_ready(vm); /* not if that job was cancelled */
}

static bool use_all(struct clearing *c)
{
	if ((writes(c) && !is_up_to_date(c)) || !use_fresh(c))
		return false;
	if (use_range(c))
		return true;
	tp_amd_object_unuse(c->fresh->object, c->vm);
	return false;
}

static struct tp_amd_mapping part_of(const struct tp_amd_mapping *whole, uint64_t start,
				     uint64_t last)
{
	struct tp_amd_mapping part = *whole;

	part.offset += start - whole->start;
	part.start = start;
	part.last = last;
	return part;
}

/* It is as it was, of smaller leaves.  Nothing of it translates if it is not written. */
static void count_remnant(struct clearing *c, const struct tp_amd_mapping *whole, uint64_t start,
			  uint64_t last)
{
	const struct tp_amd_mapping part = part_of(whole, start, last);

	if (part.written)
		tp_amd_pt_count(c->vm, &part, &c->spares);
}

/* By address, as tables are counted. */
static bool has_what_it_takes(struct clearing *c)
{
	const struct tp_amd_mapping *first = tp_amd_mapping_first(&c->vm->mappings, c->start);
	const struct tp_amd_mapping *last = tp_amd_mapping_first(&c->vm->mappings, c->last);

	c->has_before = first && first->start < c->start;
	c->has_after = last && last->start <= c->last && last->last > c->last;
	tp_amd_pt_count_begin(&c->spares);
	if (c->has_before)
		count_remnant(c, first, first->start, c->start - 1);
	if (writes(c)) {
		c->fresh->mapping->bo_va = tp_amd_fresh_bo_va(c->vm, c->fresh);
		tp_amd_pt_count(c->vm, c->fresh->mapping, &c->spares);
	}
	if (c->has_after)
		count_remnant(c, last, c->last + 1, last->last);
	return tp_amd_spares_suffice(c->vm, &c->spares) && (!c->has_before || c->before) &&
	       (!c->has_after || c->after);
}

static void keep_remnant(struct clearing *c, struct tp_amd_update *update,
			 struct tp_amd_mapping **spare, const struct tp_amd_mapping *whole,
			 uint64_t start, uint64_t last)
{
	struct tp_amd_mapping *part = *spare;

	*spare = NULL;
	*part = part_of(whole, start, last);
	if (part->written)
		tp_amd_update_map(update, part, &c->spares);
	tp_amd_bo_va_add(whole->bo_va, part);
}

static void remove_mapping(struct clearing *c, struct tp_amd_update *update,
			   struct tp_amd_mapping *mapping)
{
	tp_amd_bo_va_remove(mapping);
	if (mapping->start < c->start)
		keep_remnant(c, update, &c->before, mapping, mapping->start, c->start - 1);
	if (mapping->last > c->last)
		keep_remnant(c, update, &c->after, mapping, c->last + 1, mapping->last);
	tp_list_add_before(&c->gone, &mapping->link);
}

/*
 * All of the range are let go.  Those that have no mapping any more leave when caches forgot the
 * last one: who takes the object's memory away until then has to have that forgotten too (B1).
 */
static void let_go_objects(struct clearing *c, struct tp_fence *fence)
{
	tp_list_for_each(mapping, &c->gone, struct tp_amd_mapping, link) {
		struct tp_amd_bo_va *bo_va = mapping->bo_va;
		struct tp_resv *used = bo_va->used ? bo_va->base.bo->resv : NULL;

		bo_va->cut = true;
		if (tp_list_empty(&bo_va->mappings) && tp_list_empty(&bo_va->of_left))
			tp_list_add_before(&c->left, &bo_va->of_left);
		bo_va->used = false;
		if (used && fence)
			tp_resv_add(used, fence, true);
		if (used)
			tp_resv_unuse(used);
	}
}

static void cut_range(struct clearing *c)
{
	const struct tp_amd_mapping range = { .start = c->start, .last = c->last };

	tp_amd_cut_mapping(c->vm, &range);
}

static void take_out(struct clearing *c, struct tp_amd_update *update)
{
	struct tp_amd_mapping *mapping;

	while ((mapping = tp_amd_mapping_first(&c->vm->mappings, c->start)) &&
	       mapping->start <= c->last)
		remove_mapping(c, update, mapping);
}

/* Over what was there, so that no address translates to nothing meanwhile. */
static void write_fresh(struct clearing *c, struct tp_amd_update *update)
{
	struct tp_amd_mapping *mapping = c->fresh->mapping;

	update->backend = &tp_amd_backend_cpu;
	take_out(c, update);
	tp_amd_fresh_enter(c->vm, c->fresh);
	if (TP_MUTANT(amd_replaces_cleared))
		tp_amd_update_clear(update, c->start, c->last);
	tp_amd_update_map(update, mapping, &c->spares);
	mapping->written = true;
	tp_amd_state_written(&mapping->bo_va->base);
}

static void clear_all(struct clearing *c, struct tp_amd_update *update)
{
	take_out(c, update);
	if (c->fresh->mapping)
		tp_amd_fresh_enter(c->vm, c->fresh);
	tp_amd_update_clear(update, c->start, c->last);
}

static struct tp_fence *change(struct clearing *c)
{
	struct tp_amd_update update;
	struct tp_fence *fence;

	tp_amd_update_begin(&update, c->vm);
	if (writes(c))
		write_fresh(c, &update);
	else
		clear_all(c, &update);
	tp_amd_update_directories(&update);
	/* Errors: tables are written anew before anything of the VM begins to run, but some may
	 * be running. */
	if (tp_amd_update_end(&update))
		cut_range(c);
	let_go_objects(c, update.last);
	fence = tp_fence_get(update.last);
	tp_amd_update_release(&update);
	return fence;
}

/* -EAGAIN: something lacks, or an object is held. */
static int try_change(struct clearing *c, struct tp_fence **fence)
{
	struct tp_amd_vm *vm = c->vm;
	int err = -EAGAIN;

	*fence = NULL;
	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	if (!c->fresh->mapping && tp_amd_vm_is_free(vm, c->start, c->last)) {
		err = 0;
	} else if (use_all(c)) {
		if (has_what_it_takes(c)) {
			*fence = change(c);
			err = 0;
		} else {
			unuse_range(c, NULL);
		}
		tp_amd_object_unuse(c->fresh->object, vm);
	}
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
	return err;
}

/* The first of those that are about to leave, and its object with a reference. */
static struct tp_amd_bo_va *first_left(struct clearing *c, struct tp_amd_object **object)
{
	struct tp_amd_bo_va *bo_va = NULL;

	tp_mutex_lock(&c->vm->lock);
	if (!tp_list_empty(&c->left)) {
		bo_va = tp_list_entry(c->left.next, struct tp_amd_bo_va, of_left);
		*object = bo_va->object;
		if (*object)
			tp_bo_get(&(*object)->bo);
	}
	tp_mutex_unlock(&c->vm->lock);
	return bo_va;
}

/* With its object used, unless it was mapped again, or left, meanwhile. */
static void try_leave(struct clearing *c, struct tp_amd_bo_va *bo_va)
{
	bool leaves;

	tp_mutex_lock(&c->vm->lock);
	leaves = c->left.next == &bo_va->of_left;
	if (leaves) {
		tp_list_remove(&bo_va->of_left);
		tp_amd_bo_va_leave(bo_va);
	}
	tp_mutex_unlock(&c->vm->lock);
	if (!leaves)
		return;
	if (bo_va->object)
		tp_amd_object_put(bo_va->object); /* not the last one: see first_left() */
	tp_free(bo_va);
}

static void leave_objects(struct clearing *c)
{
	struct tp_amd_object *object;
	struct tp_amd_bo_va *bo_va;

	while ((bo_va = first_left(c, &object))) {
		tp_amd_vm_use_with(c->vm, object);
		try_leave(c, bo_va);
		tp_amd_vm_unuse_with(c->vm, object);
		if (object)
			tp_amd_object_put(object);
	}
}

static void free_gone(struct clearing *c)
{
	tp_list_for_each_safe(mapping, &c->gone, struct tp_amd_mapping, link)
		tp_free(mapping);
	leave_objects(c);
}

static void forget_gone(struct clearing *c)
{
	if (TP_MUTANT(amd_leaves_unforgotten))
		leave_objects(c);
	tp_amd_vm_forget_surely(c->vm);
}

/* By the CPU, if jobs did not: those of a reset say nothing of what ran, or is running again. */
static void see_to_it(struct clearing *c, struct tp_fence *fence)
{
	struct tp_amd_vm *vm = c->vm;

	if (TP_MUTANT(amd_forgets_unwritten) || !tp_amd_wait_end(vm->gpu, fence))
		return;
	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	/* Otherwise all was written anew by now. */
	if (vm->generation != tp_amd_vm_generation(vm))
		cut_range(c);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
}

static int make_remnant(struct tp_amd_mapping **spare, bool wanted)
{
	if (wanted && !*spare)
		*spare = tp_zalloc(sizeof(**spare));
	return !wanted || *spare ? 0 : TP_ERR(-ENOMEM, "no memory for what remains mapped");
}

static int get_lacking(struct clearing *c)
{
	int err;

	if (c->held) {
		tp_resv_wait_unheld(c->held->bo.resv);
		tp_amd_object_put(c->held);
		c->held = NULL;
	}
	if (c->writing) {
		tp_amd_wait_end(c->vm->gpu, c->writing);
		tp_fence_put(c->writing);
		c->writing = NULL;
	}
	err = make_remnant(&c->before, c->has_before);
	if (!err)
		err = make_remnant(&c->after, c->has_after);
	return err ? err : tp_amd_pt_stock(c->vm, &c->spares);
}

/* What comes instead has memory, and what is to be written over says what it should. */
static int bring_up(struct clearing *c)
{
	int err = c->fresh->object ? tp_amd_object_populate(c->fresh->object) : 0;

	return err ? err : tp_amd_vm_validate(c->vm);
}

static int go_on_until_done(struct clearing *c)
{
	struct tp_fence *fence = NULL;
	int err;

	do {
		err = writes(c) ? bring_up(c) : 0;
		if (!err)
			err = try_change(c, &fence);
		if (err == -EAGAIN) {
			err = get_lacking(c);
			err = err ? err : -EAGAIN;
		}
	} while (err == -EAGAIN);
	if (fence)
		see_to_it(c, fence);
	tp_fence_put(fence);
	return err;
}

int tp_amd_vm_change(struct tp_amd_vm *vm, uint64_t start, uint64_t last,
		     struct tp_amd_fresh *fresh)
{
	struct clearing c = { .vm = vm, .start = start, .last = last, .fresh = fresh };
	int err;

	tp_list_init(&c.gone);
	tp_list_init(&c.left);
	tp_amd_spares_init(&c.spares);
	err = go_on_until_done(&c);
	if (!err && !tp_list_empty(&c.gone))
		forget_gone(&c);
	free_gone(&c);
	tp_free(c.before);
	tp_free(c.after);
	tp_amd_pt_unstock(vm, &c.spares);
	tp_amd_pt_bury(vm);
	return err;
}
