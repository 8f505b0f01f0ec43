/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm_bind - ranges of an address space are bound to objects and unbound again.
 *
 * Whoever changes the list of an object's bindings holds the object, which is found in the address
 * space first: looked up under its lock, held without, looked up once more under both.
 *
 * Locking: objects held, then the lock of the address space.  The caches are asked to forget under
 * none.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/mutant.h"
#include "gpu/intel/internal.h"

static const uint64_t all = UINT64_C(1) << TP_INTEL_VA_BITS;

/* ---- bound ----------------------------------------------------------------------------------- */

static uint64_t end_of(const struct tp_intel_vma *vma)
{
	return vma->va + vma->size;
}

/* The lowest binding that has something of [@va, @end); NULL: none.  Under the lock. */
static struct tp_intel_vma *first_in(const struct tp_intel_vm *vm, uint64_t va, uint64_t end)
{
	tp_list_for_each(vma, &vm->vmas, struct tp_intel_vma, of_vm)
		if (end_of(vma) > va)
			return vma->va < end ? vma : NULL;
	return NULL;
}

/* From the end, for most come in the order of their addresses.  False: it overlaps another. */
static bool insert(struct tp_intel_vm *vm, struct tp_intel_vma *new)
{
	struct tp_list *before = &vm->vmas;

	tp_list_for_each_reverse(vma, &vm->vmas, struct tp_intel_vma, of_vm) {
		if (end_of(vma) <= new->va)
			break;
		if (vma->va < end_of(new))
			return false;
		before = &vma->of_vm;
	}
	tp_list_add_before(before, &new->of_vm);
	return true;
}

static struct tp_intel_vma *make_vma(struct tp_intel_vm *vm, struct tp_intel_object *object,
				     uint64_t offset, uint64_t va, uint64_t size)
{
	struct tp_intel_vma *vma = tp_zalloc(sizeof(*vma));

	if (!vma)
		return NULL;
	*vma = (struct tp_intel_vma){
		.vm = vm, .object = object, .va = va, .size = size, .offset = offset
	};
	tp_list_init(&vma->of_object);
	tp_list_init(&vma->of_vm);
	return vma;
}

/* -EAGAIN: spare tables are wanted. */
static int try_bind(struct tp_intel_vm *vm, struct tp_intel_vma *vma,
		    struct tp_intel_spares *spares)
{
	int err = 0;

	tp_mutex_lock(&vm->lock);
	if (!insert(vm, vma)) {
		err = TP_ERR(-EEXIST, "something is bound in %x bytes at %x", vma->size, vma->va);
	} else if (!tp_intel_tables_reserve(&vm->tables, vma->va, vma->size, spares)) {
		tp_list_remove(&vma->of_vm);
		err = -EAGAIN;
	} else {
		tp_bo_get(&vma->object->bo);
		tp_list_add_before(&vma->object->vmas, &vma->of_object);
	}
	tp_mutex_unlock(&vm->lock);
	return err;
}

static int bind_held(struct tp_intel_vm *vm, struct tp_intel_vma *vma)
{
	struct tp_intel_spares spares = { 0 };
	int err;

	while ((err = try_bind(vm, vma, &spares)) == -EAGAIN) {
		err = tp_intel_tables_stock(&vm->tables, &spares);
		if (err)
			break;
	}
	tp_intel_tables_unstock(&vm->tables, &spares);
	return err;
}

static int check_range(uint64_t va, uint64_t size, uint64_t limit)
{
	if (!size || (va | size) % TP_PAGE_SIZE || va >= limit || size > limit - va)
		return TP_ERR(-EINVAL, "%x bytes at %x", size, va);
	return 0;
}

int tp_intel_vm_bind(struct tp_intel_vm *vm, struct tp_intel_object *object, uint64_t offset,
		     uint64_t va, uint64_t size)
{
	struct tp_intel_vma *vma;
	int err = check_range(va, size, all);

	if (!err)
		err = check_range(offset, size, object->bo.size);
	if (!err && tp_intel_of_bo(&object->bo) != vm->gpu)
		err = TP_ERR_TEXT(-EINVAL, object->bo.name, "%s is of another GPU");
	if (err)
		return err;
	vma = make_vma(vm, object, offset, va, size);
	if (!vma)
		return TP_ERR(-ENOMEM, "binding");
	tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	err = bind_held(vm, vma);
	tp_resv_unhold(object->bo.resv);
	if (err)
		tp_free(vma);
	return err;
}

/* ---- unbound --------------------------------------------------------------------------------- */

static void let_go(struct tp_intel_object *object)
{
	tp_resv_unhold(object->bo.resv);
	tp_bo_put(&object->bo);
}

/*
 * The lowest binding that has something of [@va, @end), its object held and with one more
 * reference, the address space locked.  NULL: there is none, nothing is held.
 */
static struct tp_intel_vma *lock_first_in(struct tp_intel_vm *vm, uint64_t va, uint64_t end)
{
	struct tp_intel_object *held = NULL, *wanted;
	struct tp_intel_vma *vma;

	for (;;) {
		tp_mutex_lock(&vm->lock);
		vma = first_in(vm, va, end);
		if (vma && vma->object == held)
			return vma;
		wanted = vma ? vma->object : NULL;
		if (wanted)
			tp_bo_get(&wanted->bo);
		tp_mutex_unlock(&vm->lock);
		if (held)
			let_go(held);
		if (!wanted)
			return NULL;
		tp_resv_hold(wanted->bo.resv, TP_WAIT_FOREVER);
		held = wanted;
	}
}

/* One unbind: what it took before it began, so that nothing fails half way, and what it did. */
struct unbinding {
	struct tp_intel_vm *vm;
	uint64_t va, end;
	struct tp_intel_spares spares; /* for splits at both ends */
	struct tp_intel_vma *tail;     /* for what stays of a binding beyond a hole; NULL: used */
	struct tp_list *gone;	       /* bindings of which nothing stayed, with their objects */
	unsigned nr;		       /* bindings found */
	struct tp_intel_tlb_note note; /* for all that was cut */
	bool leave_caches;	       /* somebody else has them forget */
	int err;
};

/* The part of @vma from @va on is a binding of its own. */
static void split_vma(struct unbinding *u, struct tp_intel_vma *vma, uint64_t va)
{
	struct tp_intel_vma *tail = u->tail;

	u->tail = NULL;
	*tail = *vma;
	tp_bo_get(&tail->object->bo);
	tail->va = va;
	tail->size = end_of(vma) - va;
	tail->offset += va - vma->va;
	vma->size = va - vma->va;
	tp_list_add_before(vma->of_vm.next, &tail->of_vm);
	tp_list_add_before(&vma->object->vmas, &tail->of_object);
	if (vma->bound)
		tp_atomic_count(&u->vm->gpu->nr_bound, 1);
}

/* Nothing of [@va, @end), a part of @vma, is bound; what is beyond stays. */
static void take_part(struct unbinding *u, struct tp_intel_vma *vma, uint64_t va, uint64_t end)
{
	if (va > vma->va && end < end_of(vma))
		split_vma(u, vma, end);
	if (va > vma->va) {
		vma->size = va - vma->va;
	} else if (end < end_of(vma)) {
		vma->size = end_of(vma) - end;
		vma->offset += end - vma->va;
		vma->va = end;
	} else {
		tp_list_remove(&vma->of_object);
		tp_list_remove(&vma->of_vm);
		tp_list_add_before(u->gone, &vma->of_vm);
	}
}

/* Cut what of @vma lies in the range, its object held, under the lock.  True: it translated. */
static bool cut_part(struct unbinding *u, struct tp_intel_vma *vma)
{
	struct tp_intel_tables *tables = &u->vm->tables;
	const uint64_t va = TP_MAX(u->va, vma->va), end = TP_MIN(u->end, end_of(vma));
	const bool was_bound = vma->bound;

	if (was_bound) {
		if (va > vma->va)
			tp_intel_tables_split(tables, va, &u->spares);
		if (end < end_of(vma))
			tp_intel_tables_split(tables, end, &u->spares);
		if (va == vma->va && end == end_of(vma))
			tp_intel_vma_cut(vma);
		else
			tp_intel_tables_clear(tables, va, end - va);
	}
	tp_intel_tables_release(tables, va, end - va);
	take_part(u, vma, va, end);
	if (tp_intel_tables_have_stale(tables))
		tp_intel_tlb_note(u->vm->gpu, &u->vm->note);
	return was_bound;
}

static bool is_clean(const struct tp_intel_tlb_note *note)
{
	for (unsigned i = 0; i < TP_GPU_MAX_GTS; i++)
		if (note->seqno[i])
			return false;
	return true;
}

/*
 * The object held, which had translations cut: they were all there are to forget, and it need not
 * remember that if it is done at once.
 */
static void forget_held(struct unbinding *u, struct tp_intel_object *object, bool all_of_it)
{
	struct tp_intel *gpu = u->vm->gpu;

	if (all_of_it)
		u->err = tp_intel_tlb_forget_range(gpu, &object->note, u->vm->asid, u->va,
						   u->end - u->va);
	else
		u->err = tp_intel_tlb_forget(gpu, &object->note);
}

/* Unbind the lowest that is left in the range.  False: there was none. */
static bool unbind_next(struct unbinding *u)
{
	struct tp_intel_vm *vm = u->vm;
	struct tp_intel_vma *vma = lock_first_in(vm, u->va, u->end);
	struct tp_intel_object *object;
	bool was_clean, to_forget, is_only;

	if (!vma)
		return false;
	object = vma->object;
	was_clean = is_clean(&object->note);
	if (TP_MUTANT(tlb_note_early))
		tp_intel_tlb_note(vm->gpu, &object->note);
	/* What was cut before, for the object's sake, may not be forgotten yet. */
	to_forget = cut_part(u, vma) || !was_clean;
	if (to_forget && !TP_MUTANT(tlb_note_early))
		tp_intel_tlb_note(vm->gpu, &object->note);
	is_only = !u->leave_caches && !u->nr++ && !first_in(vm, u->va, u->end);
	was_clean &= !tp_intel_tables_have_stale(&vm->tables);
	tp_mutex_unlock(&vm->lock);
	if (to_forget && is_only)
		forget_held(u, object, was_clean);
	else if (to_forget)
		u->note = object->note;
	let_go(object);
	return !is_only;
}

/* Have the caches forget tables that are not needed any more, and free them (P3). */
static int free_stale(struct tp_intel_vm *vm)
{
	struct tp_intel_tlb_note note;
	struct tp_intel_table *stale;
	int err;

	tp_mutex_lock(&vm->lock);
	stale = tp_intel_tables_take_stale(&vm->tables);
	note = vm->note;
	tp_mutex_unlock(&vm->lock);
	if (!stale)
		return 0;
	err = tp_intel_tlb_forget(vm->gpu, &note);
	if (!err) {
		tp_intel_tables_free(&vm->tables, stale);
		return 0;
	}
	tp_mutex_lock(&vm->lock);
	tp_intel_tables_return_stale(&vm->tables, stale);
	tp_mutex_unlock(&vm->lock);
	return err;
}

static int begin(struct unbinding *u)
{
	int err;

	tp_intel_tables_want_split(&u->vm->tables, u->va, &u->spares);
	tp_intel_tables_want_split(&u->vm->tables, u->end, &u->spares);
	err = tp_intel_tables_stock(&u->vm->tables, &u->spares);
	if (err)
		return err;
	u->tail = make_vma(u->vm, NULL, 0, 0, 0);
	return u->tail ? 0 : TP_ERR(-ENOMEM, "binding");
}

static void finish(struct unbinding *u)
{
	tp_intel_vmas_free(u->gone);
	tp_intel_tables_unstock(&u->vm->tables, &u->spares);
	tp_free(u->tail);
}

static int unbind_range(struct unbinding *u)
{
	int err;

	while (unbind_next(u))
		;
	if (!u->nr)
		return TP_ERR(-ENOENT, "nothing is bound in %x bytes at %x", u->end - u->va, u->va);
	err = tp_intel_tlb_forget(u->vm->gpu, &u->note);
	u->err = u->err ? u->err : err;
	err = free_stale(u->vm);
	return u->err ? u->err : err;
}

int tp_intel_vm_unbind(struct tp_intel_vm *vm, uint64_t va, uint64_t size)
{
	struct tp_list gone;
	struct unbinding u = { .vm = vm, .va = va, .end = va + size, .gone = &gone };
	int err = check_range(va, size, all);

	if (err)
		return err;
	tp_list_init(&gone);
	err = begin(&u);
	if (!err)
		err = unbind_range(&u);
	finish(&u);
	return err;
}

void tp_intel_vm_unbind_all(struct tp_intel_vm *vm, struct tp_list *gone)
{
	struct unbinding u = { .vm = vm, .end = all, .gone = gone, .leave_caches = true };

	while (unbind_next(&u))
		;
}

void tp_intel_vmas_free(struct tp_list *gone)
{
	tp_list_for_each_safe(vma, gone, struct tp_intel_vma, of_vm) {
		tp_intel_object_put(vma->object);
		tp_free(vma);
	}
}
