/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm_map - mappings come and go.
 *
 * One that comes is noted, and written by whoever validates next: at once, most often.  What goes
 * is taken out of the tree and cleared in the tables in one step, after which nothing can fail;
 * what remains of a mapping at either side becomes one of its own, and is written before (V5).
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/amd/vm.h"

enum { ALL_FLAGS = 2 * TP_AMD_MAP_LAZY - 1 };

/* ---- what is asked for ----------------------------------------------------------------------- */

static bool is_in_a_half(uint64_t va, uint64_t size)
{
	const uint64_t last = va + (size - 1);

	if (last < va)
		return false;
	return last < TP_AMD_HOLE_START || va >= TP_AMD_HOLE_END;
}

static int check_range(uint64_t va, uint64_t size)
{
	if (!size || (va | size) % TP_PAGE_SIZE || !is_in_a_half(va, size))
		return TP_ERR(-EINVAL, "%x bytes at %x cannot be mapped", size, va);
	return 0;
}

static int check_object(const struct tp_amd_vm *vm, const struct tp_amd_object *object,
			uint64_t offset, uint64_t size)
{
	if (tp_amd_of_bo(&object->bo) != vm->gpu ||
	    (object->vm_number && object->vm_number != vm->number))
		return TP_ERR_TEXT(-EINVAL, object->bo.name,
				   "%s is of another GPU or address space");
	if (offset % TP_PAGE_SIZE || offset > object->bo.size || size > object->bo.size - offset)
		return TP_ERR_TEXT(-EINVAL, object->bo.name, "%s: %x bytes at %x", size, offset);
	return 0;
}

static int check(const struct tp_amd_vm *vm, const struct tp_amd_object *object, uint64_t offset,
		 uint64_t va, uint64_t size, unsigned flags)
{
	int err = check_range(va, size);

	if (!err && flags & ~(unsigned)ALL_FLAGS)
		err = TP_ERR(-EINVAL, "flags %x of a mapping", flags);
	if (!err && !object != !!(flags & TP_AMD_MAP_PRT))
		err = TP_ERR(-EINVAL, "a mapping has an object, or is PRT");
	if (!err && object)
		err = check_object(vm, object, offset, size);
	return err;
}

static uint64_t page_of(uint64_t va)
{
	return (va & TP_AMD_VA_MASK) / TP_PAGE_SIZE;
}

/* ---- objects in the VM ----------------------------------------------------------------------- */

static struct tp_amd_bo_va *find_bo_va(struct tp_amd_vm *vm, struct tp_amd_object *object)
{
	struct tp_amd_bo_va *found = NULL;

	tp_spin_lock(&object->vas_lock);
	tp_list_for_each(bo_va, &object->in_vms, struct tp_amd_bo_va, of_object)
		if (bo_va->base.vm == vm)
			found = bo_va;
	tp_spin_unlock(&object->vas_lock);
	return found;
}

static void join(struct tp_amd_vm *vm, struct tp_amd_object *object, struct tp_amd_bo_va *bo_va)
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

/* Without mappings; its object's reference is the caller's now. */
static void leave(struct tp_amd_bo_va *bo_va)
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

/* ---- in -------------------------------------------------------------------------------------- */

static void insert(struct tp_amd_vm *vm, struct tp_amd_mapping *mapping, struct tp_amd_bo_va *bo_va)
{
	mapping->bo_va = bo_va;
	tp_list_remove(&bo_va->of_left); /* it was about to leave */
	tp_list_add_before(&bo_va->mappings, &mapping->link);
	tp_amd_mapping_insert(&vm->mappings, mapping);
	tp_amd_state_behind(&bo_va->base);
	tp_quiet_add(&vm->gpu->counts.mappings, 1);
}

static void extract(struct tp_amd_vm *vm, struct tp_amd_mapping *mapping)
{
	tp_list_remove(&mapping->link);
	tp_amd_mapping_remove(&vm->mappings, mapping);
	tp_quiet_add(&vm->gpu->counts.mappings, -1);
}

static bool is_free(const struct tp_amd_vm *vm, uint64_t start, uint64_t last)
{
	const struct tp_amd_mapping *next = tp_amd_mapping_first(&vm->mappings, start);

	return !next || next->start > last;
}

/* With the object used.  *@bo_va: consumed if there was none yet. */
static int insert_new(struct tp_amd_vm *vm, struct tp_amd_object *object,
		      struct tp_amd_mapping *mapping, struct tp_amd_bo_va **spare)
{
	struct tp_amd_bo_va *bo_va = object ? find_bo_va(vm, object) : NULL;

	if (!is_free(vm, mapping->start, mapping->last))
		return TP_ERR(-EEXIST, "something is mapped at %x", mapping->start * TP_PAGE_SIZE);
	if (!bo_va) {
		bo_va = *spare;
		*spare = NULL;
		join(vm, object, bo_va);
	}
	insert(vm, mapping, bo_va);
	return 0;
}

/* The VM's reservation, and the object's if that is another: both, waiting for neither with one. */
static void use_both(struct tp_amd_vm *vm, struct tp_amd_object *object)
{
	struct tp_resv *other =
		object && object->bo.resv != tp_amd_vm_resv(vm) ? object->bo.resv : NULL;

	for (;;) {
		tp_amd_vm_use(vm);
		if (!other || tp_resv_try_use(other))
			return;
		tp_resv_unuse(tp_amd_vm_resv(vm));
		tp_resv_wait_unheld(other);
	}
}

static void unuse_both(struct tp_amd_vm *vm, struct tp_amd_object *object)
{
	if (object && object->bo.resv != tp_amd_vm_resv(vm))
		tp_resv_unuse(object->bo.resv);
	tp_resv_unuse(tp_amd_vm_resv(vm));
}

static int note(struct tp_amd_vm *vm, struct tp_amd_object *object, struct tp_amd_mapping *mapping)
{
	struct tp_amd_bo_va *spare = tp_zalloc(sizeof(*spare));
	int err;

	if (!spare)
		return TP_ERR(-ENOMEM, "no memory for a mapping");
	use_both(vm, object);
	tp_mutex_lock(&vm->lock);
	err = insert_new(vm, object, mapping, &spare);
	tp_mutex_unlock(&vm->lock);
	unuse_both(vm, object);
	tp_free(spare);
	return err;
}

int tp_amd_vm_map(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t offset, uint64_t va,
		  uint64_t size, unsigned flags)
{
	struct tp_amd_mapping *mapping;
	int err = check(vm, object, offset, va, size, flags);

	if (err)
		return err;
	mapping = tp_zalloc(sizeof(*mapping));
	if (!mapping)
		return TP_ERR(-ENOMEM, "no memory for a mapping");
	mapping->start = page_of(va);
	mapping->last = mapping->start + size / TP_PAGE_SIZE - 1;
	mapping->offset = offset / TP_PAGE_SIZE;
	mapping->flags = flags & ~(unsigned)TP_AMD_MAP_LAZY;
	err = note(vm, object, mapping);
	if (err) {
		tp_free(mapping);
		return err;
	}
	if (flags & TP_AMD_MAP_LAZY)
		return 0;
	err = tp_amd_vm_validate(vm);
	if (err && err != -ECANCELED)
		tp_amd_vm_clear(vm, va, size);
	return err;
}

/* ---- out ------------------------------------------------------------------------------------- */

/* What is cleared, and what it takes, made before anything is changed. */
struct clearing {
	struct tp_amd_vm *vm;
	uint64_t start, last; /* pages */
	struct tp_amd_mapping *before, *after;
	struct tp_amd_spares spares;
	struct tp_resv *held; /* that somebody else has */
	struct tp_list gone;  /* mappings, by their link; and what is left of objects: */
	struct tp_list left;  /* struct tp_amd_bo_va, by of_left; under the VM's lock */
};

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
		c->held = bo_va->base.bo->resv;
		unuse_range(c, NULL);
		return false;
	}
	return true;
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

/* What of @mapping is beyond the range is as it was, of smaller leaves.  Nothing of it translates
 * if it is not written. */
static void count_remnants(struct clearing *c, const struct tp_amd_mapping *mapping)
{
	struct tp_amd_mapping part;

	if (!mapping->written)
		return;
	if (mapping->start < c->start) {
		part = part_of(mapping, mapping->start, c->start - 1);
		tp_amd_pt_count(c->vm, &part, &c->spares);
	}
	if (mapping->last > c->last) {
		part = part_of(mapping, c->last + 1, mapping->last);
		tp_amd_pt_count(c->vm, &part, &c->spares);
	}
}

static bool has_tables(struct clearing *c)
{
	tp_amd_pt_count_begin(&c->spares);
	tp_amd_for_each_mapping(mapping, &c->vm->mappings, c->start, c->last)
		count_remnants(c, mapping);
	return tp_amd_spares_suffice(c->vm, &c->spares);
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
	tp_list_add_before(&whole->bo_va->mappings, &part->link);
	tp_amd_mapping_insert(&c->vm->mappings, part);
	tp_quiet_add(&c->vm->gpu->counts.mappings, 1);
}

static void remove_mapping(struct clearing *c, struct tp_amd_update *update,
			   struct tp_amd_mapping *mapping)
{
	extract(c->vm, mapping);
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

static struct tp_fence *clear_locked(struct clearing *c)
{
	struct tp_amd_vm *vm = c->vm;
	struct tp_amd_update update;
	struct tp_amd_mapping *mapping;
	struct tp_fence *fence;

	tp_amd_update_begin(&update, vm);
	while ((mapping = tp_amd_mapping_first(&vm->mappings, c->start)) &&
	       mapping->start <= c->last)
		remove_mapping(c, &update, mapping);
	tp_amd_update_clear(&update, c->start, c->last);
	tp_amd_update_directories(&update);
	/* Errors: tables are written anew before anything of the VM begins to run, but some may
	 * be running. */
	if (tp_amd_update_end(&update))
		cut_range(c);
	let_go_objects(c, update.last);
	fence = update.last ? tp_fence_get(update.last) : NULL;
	tp_amd_update_release(&update);
	return fence;
}

/* -EAGAIN: tables lack, or an object is held. */
static int try_clear(struct clearing *c, struct tp_fence **fence)
{
	struct tp_amd_vm *vm = c->vm;
	int err = -EAGAIN;

	*fence = NULL;
	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	if (is_free(vm, c->start, c->last)) {
		err = 0;
	} else if (use_range(c)) {
		if (has_tables(c)) {
			*fence = clear_locked(c);
			err = 0;
		} else {
			unuse_range(c, NULL);
		}
	}
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
	return err;
}

static int prepare(struct clearing *c)
{
	c->before = tp_zalloc(sizeof(*c->before));
	c->after = tp_zalloc(sizeof(*c->after));
	return c->before && c->after ? 0 : TP_ERR(-ENOMEM, "no memory for what remains mapped");
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
		leave(bo_va);
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
		use_both(c->vm, object);
		try_leave(c, bo_va);
		unuse_both(c->vm, object);
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

/* What does not forget in time does by a reset, which asks for nothing that its user may have. */
static void forget(struct tp_amd_vm *vm)
{
	if (tp_amd_vm_forget(vm))
		tp_amd_reset_wanted(vm->gpu);
}

static void forget_gone(struct clearing *c)
{
	if (TP_MUTANT(amd_leaves_unforgotten))
		leave_objects(c);
	forget(c->vm);
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

static int clear(struct clearing *c)
{
	struct tp_fence *fence;
	int err;

	while ((err = try_clear(c, &fence)) == -EAGAIN) {
		struct tp_resv *held = c->held;

		c->held = NULL;
		if (held)
			tp_resv_wait_unheld(held);
		else
			err = tp_amd_pt_stock(c->vm, &c->spares);
		if (err && err != -EAGAIN)
			return err;
	}
	if (fence)
		see_to_it(c, fence);
	tp_fence_put(fence);
	return err;
}

int tp_amd_vm_clear(struct tp_amd_vm *vm, uint64_t va, uint64_t size)
{
	struct clearing c = { .vm = vm,
			      .start = page_of(va),
			      .last = page_of(va) + (size / TP_PAGE_SIZE - 1) };
	int err = check_range(va, size);

	if (err)
		return err;
	tp_list_init(&c.gone);
	tp_list_init(&c.left);
	tp_amd_spares_init(&c.spares);
	err = prepare(&c);
	if (!err)
		err = clear(&c);
	if (!err && !tp_list_empty(&c.gone))
		forget_gone(&c);
	free_gone(&c);
	tp_free(c.before);
	tp_free(c.after);
	tp_amd_pt_unstock(vm, &c.spares);
	tp_amd_pt_bury(vm);
	return err;
}

static int size_of_mapping(struct tp_amd_vm *vm, const struct tp_amd_object *object, uint64_t va,
			   uint64_t *size)
{
	const struct tp_amd_mapping *mapping;
	int err = -ENOENT;

	tp_mutex_lock(&vm->lock);
	mapping = tp_amd_mapping_first(&vm->mappings, page_of(va));
	if (mapping && mapping->start == page_of(va) && mapping->bo_va->object == object) {
		*size = (mapping->last - mapping->start + 1) * TP_PAGE_SIZE;
		err = 0;
	}
	tp_mutex_unlock(&vm->lock);
	return err ? TP_ERR(err, "nothing of that object is mapped at %x", va) : 0;
}

int tp_amd_vm_unmap(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t va)
{
	uint64_t size = 0;
	int err = size_of_mapping(vm, object, va, &size);

	return err ? err : tp_amd_vm_clear(vm, va, size);
}

int tp_amd_vm_replace(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t offset,
		      uint64_t va, uint64_t size, unsigned flags)
{
	int err = check(vm, object, offset, va, size, flags);

	if (!err)
		err = tp_amd_vm_clear(vm, va, size);
	return err ? err : tp_amd_vm_map(vm, object, offset, va, size, flags);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Its tables go with it, so they are left as they are; the object is held meanwhile. */
static void drop_bo_va(struct tp_amd_vm *vm, struct tp_amd_bo_va *bo_va)
{
	struct tp_amd_object *object = bo_va->object;

	if (object)
		tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_mutex_lock(&vm->lock);
	tp_list_for_each_safe(mapping, &bo_va->mappings, struct tp_amd_mapping, link) {
		extract(vm, mapping);
		tp_free(mapping);
	}
	leave(bo_va);
	tp_mutex_unlock(&vm->lock);
	if (object) {
		tp_resv_unhold(object->bo.resv);
		tp_amd_object_put(object);
	}
	tp_free(bo_va);
}

void tp_amd_vm_unmap_all(struct tp_amd_vm *vm)
{
	const struct tp_amd_mapping *mapping;

	forget(vm);
	while ((mapping = tp_amd_mapping_first(&vm->mappings, 0)))
		drop_bo_va(vm, mapping->bo_va);
}
