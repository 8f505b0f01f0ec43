/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_bindings - a part of a binding is unbound while its object is used, and loses its memory.
 *
 * Must hold: what was unbound does not translate; what is left translates to where the memory is,
 * or not at all (K4 of gpu/intel/internal.h); each binding is bound once.
 */
#include "gpu/intel/internal.h"
#include "scenarios/gpu_scene.h"

enum { PAGES = 3, HOLE = 1 /* the page that is unbound */, VA = 0x1000 };

struct bindings {
	struct tp_intel_scene scene;
	struct tp_intel_vm *vm;
	struct tp_intel_object *object;
};

/* It has memory, which nobody has used so far. */
static void *prepare(void)
{
	const struct tp_intel_model_config model = { .platform = TP_INTEL_BDW };
	const struct tp_intel_config driver = { .node = TP_NODE_NONE };
	struct bindings *b = tp_sim_alloc(sizeof(*b));

	tp_intel_scene_bare(&b->scene, model);
	TP_SCENE_MUST(tp_intel_scene_create(&b->scene, driver));
	TP_SCENE_MUST(tp_intel_vm_create(b->scene.gpu, &b->vm));
	TP_SCENE_MUST(tp_intel_object_create(b->scene.gpu, PAGES * TP_PAGE_SIZE, TP_BO_SYSTEM,
					     "object", &b->object));
	TP_SCENE_MUST(tp_intel_vm_bind(b->vm, b->object, 0, VA, PAGES * TP_PAGE_SIZE));
	tp_resv_hold(b->object->bo.resv, TP_WAIT_FOREVER);
	TP_SCENE_MUST(tp_bo_populate(&b->object->bo));
	tp_resv_unhold(b->object->bo.resv);
	return b;
}

static void use(void *arg)
{
	struct bindings *b = arg;
	struct tp_bo *bo = &b->object->bo;

	if (!tp_resv_try_use(bo->resv))
		return;
	if (bo->place != TP_BO_EMPTY)
		tp_intel_object_bind(b->object, b->vm);
	tp_resv_unuse(bo->resv);
}

static void unbind_part(void *arg)
{
	struct bindings *b = arg;

	TP_SCENE_MUST(tp_intel_vm_unbind(b->vm, VA + HOLE * TP_PAGE_SIZE, TP_PAGE_SIZE));
}

static void lose_memory(void *arg)
{
	struct bindings *b = arg;

	if (!tp_resv_try_hold(b->object->bo.resv))
		return;
	TP_EXPECT(!tp_bo_empty(&b->object->bo));
	tp_resv_unhold(b->object->bo.resv);
}

static void start_users(void *state)
{
	tp_sim_start("user", use, state);
	tp_sim_start("other", use, state);
}

static void start(void *state)
{
	tp_sim_start("user", use, state);
	tp_sim_start("unbind", unbind_part, state);
	tp_sim_start("taker", lose_memory, state);
}

/* ---- after ----------------------------------------------------------------------------------- */

static uint64_t expected_leaf(const struct bindings *b, const struct tp_intel_vma *vma)
{
	const struct tp_bo *bo = &b->object->bo;
	const struct tp_bo_chunk *chunk;

	if (!vma->bound)
		return b->vm->tables.scratch_pte;
	TP_EXPECT(bo->place == TP_BO_SYSTEM);
	chunk = tp_bo_chunk_at(bo, (uint32_t)(vma->offset / TP_PAGE_SIZE));
	return (chunk->address + vma->offset - chunk->page * TP_PAGE_SIZE) | TP_INTEL_PTE_PRESENT |
	       TP_INTEL_PTE_RW;
}

/* Returns how many bindings translate. */
static uint64_t check_bindings(struct bindings *b)
{
	uint64_t bound = 0;

	tp_list_for_each(vma, &b->object->vmas, struct tp_intel_vma, of_object) {
		TP_EXPECT(tp_intel_vm_peek(b->vm, vma->va) == expected_leaf(b, vma));
		bound += vma->bound;
	}
	return bound;
}

static void end(struct bindings *b)
{
	tp_intel_vm_put(b->vm);
	tp_intel_object_put(b->object);
	tp_intel_scene_end(&b->scene);
}

static void check(void *state)
{
	struct bindings *b = state;

	TP_EXPECT(check_bindings(b) == tp_atomic_load(&b->scene.gpu->nr_bound, TP_RELAXED));
	end(b);
}

static void check_hole(void *state)
{
	struct bindings *b = state;

	TP_EXPECT(tp_intel_vm_peek(b->vm, VA + HOLE * TP_PAGE_SIZE) == b->vm->tables.scratch_pte);
	check(state);
}

TP_SCENE_PLAY(bind_two, "gpu/bind-vs-bind", "two use one object, which is bound for the first time",
	      prepare, start_users, check)
TP_SCENE_PLAY(bind_unbind, "gpu/unbind-part-vs-use",
	      "a part of a binding goes, the object is used and emptied", prepare, start,
	      check_hole)
