/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vma - a binding translates, or does not: what tables say of the chunks of its object. */
#include "core/alloc.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "gpu/intel/internal.h"

/* ---- leaves ---------------------------------------------------------------------------------- */

/* Where byte @offset of the object is. */
static uint64_t va_of(const struct tp_intel_vma *vma, uint64_t offset)
{
	return vma->va + (offset - vma->offset);
}

static uint64_t chunk_start(const struct tp_bo_chunk *chunk)
{
	return chunk->page * TP_PAGE_SIZE;
}

static uint64_t chunk_end(const struct tp_bo_chunk *chunk)
{
	return chunk_start(chunk) + (TP_PAGE_SIZE << chunk->order);
}

/* Whether its pages are leaves of @size, a power of two, where they are bound (P4). */
static bool fits(const struct tp_intel_vma *vma, const struct tp_bo_chunk *chunk, uint64_t size)
{
	return TP_PAGE_SIZE << chunk->order >= size &&
	       !((va_of(vma, chunk_start(chunk)) | chunk->address) & (size - 1));
}

/* The block at @va can be a table of 64 KiB pages, and cannot be one leaf. */
static bool wants_big(const struct tp_intel_vma *vma, uint64_t va)
{
	const uint64_t from = vma->offset + (va - vma->va), to = from + TP_INTEL_BLOCK;
	const struct tp_bo_chunk *chunk =
		tp_bo_chunk_at(&vma->object->bo, (uint32_t)(from / TP_PAGE_SIZE));

	if (fits(vma, chunk, TP_INTEL_BLOCK))
		return false;
	while (fits(vma, chunk, TP_INTEL_BIG_PAGE)) {
		if (chunk_end(chunk) >= to)
			return true;
		chunk++;
	}
	return false;
}

static void expect_big(const struct tp_intel_vma *vma)
{
	const uint64_t end = vma->va + vma->size;

	for (uint64_t va = tp_align_up(vma->va, TP_INTEL_BLOCK); va + TP_INTEL_BLOCK <= end;
	     va += TP_INTEL_BLOCK)
		if (wants_big(vma, va))
			tp_intel_tables_expect_big(&vma->vm->tables, va);
}

/* How many chunks in a row are single pages; at most @max, and what stays in the first cache. */
static size_t count_pages(const struct tp_bo_chunk *chunk, uint64_t max)
{
	size_t n = 0;

	max = TP_MIN(max, (uint64_t)TP_INTEL_PTES);
	while (n < max && !chunk[n].order)
		n++;
	return n;
}

static void set_leaves(const struct tp_intel_vma *vma)
{
	const struct tp_bo *bo = &vma->object->bo;
	const bool local = bo->place == TP_BO_VRAM;
	const uint64_t end = vma->offset + vma->size;
	const struct tp_bo_chunk *chunk =
		tp_bo_chunk_at(bo, (uint32_t)(vma->offset / TP_PAGE_SIZE));
	struct tp_intel_tables *tables = &vma->vm->tables;

	for (uint64_t at = vma->offset, next; at < end; at = next) {
		const size_t pages = count_pages(chunk, (end - at) / TP_PAGE_SIZE);

		if (pages) {
			tp_intel_tables_set_pages(tables, va_of(vma, at), chunk, pages, local);
			next = at + pages * TP_PAGE_SIZE;
			chunk += pages;
		} else {
			next = TP_MIN(end, chunk_end(chunk));
			tp_intel_tables_set(tables, va_of(vma, at),
					    chunk->address + (at - chunk_start(chunk)), next - at,
					    local);
			chunk++;
		}
	}
}

/* ---- bindings -------------------------------------------------------------------------------- */

static void bind_locked(struct tp_intel_vma *vma)
{
	TP_INVARIANT(vma->object->bo.place != TP_BO_EMPTY);
	if (tp_intel_tables_ask_big(&vma->vm->tables))
		expect_big(vma);
	set_leaves(vma);
	vma->bound = true;
	tp_atomic_count(&vma->vm->gpu->nr_bound, 1);
}

void tp_intel_vma_bind(struct tp_intel_vma *vma)
{
	struct tp_intel_vm *vm = vma->vm;
	const bool looked_early = TP_MUTANT(bind_looked_early) && !vma->bound;

	tp_mutex_lock(&vm->lock);
	if (!vma->bound || looked_early)
		bind_locked(vma);
	tp_mutex_unlock(&vm->lock);
}

void tp_intel_vma_cut(struct tp_intel_vma *vma)
{
	tp_mutex_assert_held(&vma->vm->lock);
	if (!vma->bound)
		return;
	tp_intel_tables_clear(&vma->vm->tables, vma->va, vma->size);
	vma->bound = false;
	tp_atomic_sub(&vma->vm->gpu->nr_bound, 1, TP_RELAXED);
}

void tp_intel_object_bind(struct tp_intel_object *object, struct tp_intel_vm *vm)
{
	tp_list_for_each(vma, &object->vmas, struct tp_intel_vma, of_object)
		if (vma->vm == vm)
			tp_intel_vma_bind(vma);
}

/* ---- what buffer objects ask for, with the object held --------------------------------------- */

static bool cut_for_object(struct tp_intel_vma *vma)
{
	struct tp_intel_vm *vm = vma->vm;
	bool was_bound;

	tp_mutex_lock(&vm->lock);
	was_bound = vma->bound;
	tp_intel_vma_cut(vma);
	tp_mutex_unlock(&vm->lock);
	return was_bound;
}

static void op_unbind(struct tp_bo *bo)
{
	struct tp_intel_object *object = tp_intel_object_of(bo);
	bool any = false;

	tp_list_for_each(vma, &object->vmas, struct tp_intel_vma, of_object)
		any |= cut_for_object(vma);
	if (any)
		tp_intel_tlb_note(tp_intel_of_bo(bo), &object->note);
}

static int op_forget(struct tp_bo *bo)
{
	return tp_intel_tlb_forget(tp_intel_of_bo(bo), &tp_intel_object_of(bo)->note);
}

static void op_destroy(struct tp_bo *bo)
{
	struct tp_intel_object *object = tp_intel_object_of(bo);

	TP_INVARIANT(tp_list_empty(&object->vmas));
	tp_free(object);
}

/* No rebind: what moves page by page is cut once, and costs one invalidation. */
const struct tp_bo_ops tp_intel_bo_ops = {
	.unbind = op_unbind,
	.forget = op_forget,
	.destroy = op_destroy,
};
