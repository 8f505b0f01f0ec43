/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm_map - mappings come and go: what is asked for, and what comes.
 *
 * One that comes is noted, and written by whoever validates next: at once, most often.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/amd/vm_map.h"

enum { ALL_FLAGS = 2 * TP_AMD_MAP_LAZY - 1 };

/* ---- what is asked for ----------------------------------------------------------------------- */

bool tp_amd_is_in_a_half(uint64_t va, uint64_t size)
{
	const uint64_t last = va + (size - 1);

	if (last < va)
		return false;
	return last < TP_AMD_HOLE_START || va >= TP_AMD_HOLE_END;
}

static int check_range(uint64_t va, uint64_t size)
{
	if (!size || (va | size) % TP_PAGE_SIZE || !tp_amd_is_in_a_half(va, size))
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

/* ---- in -------------------------------------------------------------------------------------- */

bool tp_amd_vm_is_free(const struct tp_amd_vm *vm, uint64_t start, uint64_t last)
{
	const struct tp_amd_mapping *next = tp_amd_mapping_first(&vm->mappings, start);

	return !next || next->start > last;
}

static void free_fresh(const struct tp_amd_fresh *fresh)
{
	tp_free(fresh->mapping);
	tp_free(fresh->bo_va);
}

static int make_fresh(struct tp_amd_fresh *fresh, struct tp_amd_object *object, uint64_t offset,
		      uint64_t va, uint64_t size, unsigned flags)
{
	struct tp_amd_mapping *mapping = tp_zalloc(sizeof(*mapping));

	*fresh = (struct tp_amd_fresh){ .object = object,
					.mapping = mapping,
					.bo_va = tp_zalloc(sizeof(*fresh->bo_va)),
					.lazy = flags & TP_AMD_MAP_LAZY };
	if (!mapping || !fresh->bo_va) {
		free_fresh(fresh);
		return TP_ERR(-ENOMEM, "no memory for a mapping");
	}
	fresh->bo_va->base.bo = object ? &object->bo : NULL;
	mapping->start = page_of(va);
	mapping->last = mapping->start + size / TP_PAGE_SIZE - 1;
	mapping->offset = offset / TP_PAGE_SIZE;
	mapping->flags = flags & ~(unsigned)TP_AMD_MAP_LAZY;
	return 0;
}

struct tp_amd_bo_va *tp_amd_fresh_bo_va(struct tp_amd_vm *vm, const struct tp_amd_fresh *fresh)
{
	struct tp_amd_bo_va *bo_va = fresh->object ? tp_amd_bo_va_find(vm, fresh->object) : NULL;

	return bo_va ? bo_va : fresh->bo_va;
}

void tp_amd_fresh_enter(struct tp_amd_vm *vm, struct tp_amd_fresh *fresh)
{
	struct tp_amd_bo_va *bo_va = tp_amd_fresh_bo_va(vm, fresh);

	if (bo_va == fresh->bo_va) {
		tp_amd_bo_va_join(bo_va, vm, fresh->object);
		fresh->bo_va = NULL;
	}
	tp_amd_bo_va_add(bo_va, fresh->mapping);
	fresh->mapping = NULL;
}

static int note(struct tp_amd_vm *vm, struct tp_amd_fresh *fresh)
{
	const uint64_t start = fresh->mapping->start;
	int err = 0;

	tp_amd_vm_use_with(vm, fresh->object);
	tp_mutex_lock(&vm->lock);
	if (tp_amd_vm_is_free(vm, start, fresh->mapping->last))
		tp_amd_fresh_enter(vm, fresh);
	else
		err = TP_ERR(-EEXIST, "something is mapped at %x", start * TP_PAGE_SIZE);
	tp_mutex_unlock(&vm->lock);
	tp_amd_vm_unuse_with(vm, fresh->object);
	return err;
}

int tp_amd_vm_map(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t offset, uint64_t va,
		  uint64_t size, unsigned flags)
{
	struct tp_amd_fresh fresh;
	int err = check(vm, object, offset, va, size, flags);

	if (!err)
		err = make_fresh(&fresh, object, offset, va, size, flags);
	if (err)
		return err;
	err = note(vm, &fresh);
	free_fresh(&fresh);
	if (err || flags & TP_AMD_MAP_LAZY)
		return err;
	err = tp_amd_vm_validate(vm);
	if (err && err != -ECANCELED)
		tp_amd_vm_clear(vm, va, size);
	return err;
}

/* ---- out ------------------------------------------------------------------------------------- */

int tp_amd_vm_clear(struct tp_amd_vm *vm, uint64_t va, uint64_t size)
{
	struct tp_amd_fresh nothing = { 0 };
	int err = check_range(va, size);

	if (err)
		return err;
	return tp_amd_vm_change(vm, page_of(va), page_of(va) + (size / TP_PAGE_SIZE - 1), &nothing);
}

int tp_amd_vm_replace(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t offset,
		      uint64_t va, uint64_t size, unsigned flags)
{
	struct tp_amd_fresh fresh;
	int err = check(vm, object, offset, va, size, flags);

	if (!err)
		err = make_fresh(&fresh, object, offset, va, size, flags);
	if (err)
		return err;
	err = tp_amd_vm_change(vm, fresh.mapping->start, fresh.mapping->last, &fresh);
	free_fresh(&fresh);
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
