/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pt - tables come and go: spares, the tree of them, those that wait to be buried.
 *
 * Fault sites: gpu/amd-table (as if there was no memory for one).
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/amd/vm.h"

bool tp_amd_pt_is_placed(const struct tp_amd_pt *pt)
{
	return tp_bo_is_in_reach(&pt->bo) && pt->base.state != TP_AMD_EVICTED;
}

uint64_t tp_amd_pt_cleared(const struct tp_amd_pt *pt)
{
	return pt->level ? TP_AMD_PDE_CLEARED : TP_AMD_PTE_CLEARED;
}

uint64_t tp_amd_pt_first_page(const struct tp_amd_pt *pt)
{
	uint64_t page = 0;

	for (; pt->parent; pt = pt->parent)
		page += (uint64_t)pt->index << pt->parent->level * TP_AMD_PT_BITS;
	return page;
}

uint64_t tp_amd_pt_pages(const struct tp_amd_pt *pt)
{
	return UINT64_C(1) << (pt->level + 1) * TP_AMD_PT_BITS;
}

/* ---- making ---------------------------------------------------------------------------------- */

static int place(struct tp_amd_pt *pt)
{
	int err = tp_resv_hold(pt->bo.resv, TP_WAIT_FOREVER);

	if (err)
		return err;
	err = tp_bo_populate(&pt->bo);
	tp_resv_unhold(pt->bo.resv);
	return err;
}

static int init(struct tp_amd_pt *pt, struct tp_amd_vm *vm)
{
	int err = tp_bo_init(&pt->bo, &vm->gpu->bos, TP_PAGE_SIZE, TP_BO_VRAM, "page tables");

	if (err)
		return err;
	pt->bo.kind = TP_AMD_KIND_TABLE;
	pt->base.vm = vm;
	tp_list_init(&pt->link);
	if (vm->root)
		tp_bo_share(&pt->bo, tp_amd_vm_resv(vm));
	return 0;
}

static int create(struct tp_amd_vm *vm, bool directory, struct tp_amd_pt **result)
{
	struct tp_amd_pt *pt =
		TP_FAULT("gpu/amd-table") ? NULL : tp_zalloc_aligned(64, sizeof(*pt));
	int err = -ENOMEM;

	if (!pt)
		return TP_ERR(-ENOMEM, "no memory for a page table");
	if (directory)
		pt->children = tp_zalloc_array(TP_AMD_PTES, sizeof(struct tp_amd_pt *));
	if (!directory || pt->children)
		err = init(pt, vm);
	if (err) {
		tp_free(pt->children);
		tp_free(pt);
		return err;
	}
	err = tp_amd_shadow_create(pt);
	if (!err)
		err = place(pt);
	if (err)
		tp_bo_put(&pt->bo);
	else
		*result = pt;
	return err;
}

/* ---- spares ---------------------------------------------------------------------------------- */

void tp_amd_spares_init(struct tp_amd_spares *spares)
{
	*spares = (struct tp_amd_spares){ .nr = { 0 } };
	for (unsigned i = 0; i < TP_ARRAY_SIZE(spares->list); i++)
		tp_list_init(&spares->list[i]);
}

int tp_amd_pt_stock(struct tp_amd_vm *vm, struct tp_amd_spares *spares)
{
	int err = 0;

	for (unsigned kind = 0; kind < TP_AMD_SPARE_KINDS; kind++) {
		while (!err && spares->nr[kind] < spares->wanted[kind]) {
			struct tp_amd_pt *pt;

			err = create(vm, kind == TP_AMD_SPARE_DIRECTORY, &pt);
			if (err)
				break;
			tp_list_add_before(&spares->list[kind], &pt->link);
			spares->nr[kind]++;
		}
	}
	return err;
}

void tp_amd_pt_unstock(tp_unused struct tp_amd_vm *vm, struct tp_amd_spares *spares)
{
	for (unsigned kind = 0; kind < TP_AMD_SPARE_KINDS; kind++) {
		tp_list_for_each_safe(pt, &spares->list[kind], struct tp_amd_pt, link) {
			tp_list_remove(&pt->link);
			tp_bo_put(&pt->bo);
		}
		spares->nr[kind] = 0;
	}
}

/* With the reservation used they stay as they are.  What is out of reach by now is none. */
static uint32_t usable(struct tp_amd_vm *vm, struct tp_amd_spares *spares, unsigned kind)
{
	tp_list_for_each_safe(pt, &spares->list[kind], struct tp_amd_pt, link) {
		if (tp_bo_is_in_reach(&pt->bo))
			continue;
		tp_list_remove(&pt->link);
		tp_list_add_before(&vm->dead, &pt->link);
		spares->nr[kind]--;
	}
	return spares->nr[kind];
}

bool tp_amd_spares_suffice(struct tp_amd_vm *vm, struct tp_amd_spares *spares)
{
	bool enough = true;

	for (unsigned kind = 0; kind < TP_AMD_SPARE_KINDS; kind++)
		enough &= usable(vm, spares, kind) >= spares->wanted[kind];
	return enough;
}

/* ---- the tree; under the lock ---------------------------------------------------------------- */

static struct tp_amd_pt *take_spare(struct tp_amd_spares *spares, unsigned kind)
{
	struct tp_amd_pt *pt;

	TP_INVARIANT(spares->nr[kind]); /* V8 */
	pt = tp_list_entry(spares->list[kind].next, struct tp_amd_pt, link);
	tp_list_remove(&pt->link);
	spares->nr[kind]--;
	return pt;
}

static void join(struct tp_amd_vm *vm, struct tp_amd_pt *pt)
{
	pt->in_tree = true;
	tp_amd_state_init(&pt->base, vm, &pt->bo, true);
	vm->stat.tables++;
	vm->stat.table_bytes += TP_PAGE_SIZE;
	vm->stat.shadow_bytes += pt->shadow.size;
	tp_quiet_add(&vm->gpu->counts.tables, 1);
}

struct tp_amd_pt *tp_amd_pt_add(struct tp_amd_pt *parent, uint32_t index,
				struct tp_amd_spares *spares)
{
	struct tp_amd_vm *vm = parent->base.vm;
	struct tp_amd_pt *pt =
		take_spare(spares, parent->level > 1 ? TP_AMD_SPARE_DIRECTORY : TP_AMD_SPARE_TABLE);

	pt->parent = parent;
	pt->index = (uint16_t)index;
	pt->level = parent->level - 1;
	parent->children[index] = pt;
	parent->nr_children++;
	join(vm, pt);
	return pt;
}

static void leave(struct tp_amd_pt *pt)
{
	struct tp_amd_vm *vm = pt->base.vm;

	tp_amd_state_fini(&pt->base);
	pt->in_tree = pt->linked = false;
	vm->stat.tables--;
	vm->stat.table_bytes -= TP_PAGE_SIZE;
	vm->stat.shadow_bytes -= pt->shadow.size;
	tp_quiet_add(&vm->gpu->counts.tables, -1);
	tp_list_add_before(&vm->dead, &pt->link);
}

/* With all below it. */
void tp_amd_pt_kill(struct tp_amd_pt *pt)
{
	for (uint32_t i = 0; pt->children && pt->nr_children && i < TP_AMD_PTES; i++)
		if (pt->children[i])
			tp_amd_pt_kill(pt->children[i]);
	if (pt->parent) {
		pt->parent->children[pt->index] = NULL;
		pt->parent->nr_children--;
	}
	leave(pt);
	pt->parent = NULL;
}

static void doubt(struct tp_amd_pt *pt)
{
	pt->rewrite = true;
	pt->linked = false;
	tp_amd_state_behind(&pt->base);
	for (uint32_t i = 0; pt->children && pt->nr_children && i < TP_AMD_PTES; i++)
		if (pt->children[i])
			doubt(pt->children[i]);
}

void tp_amd_pt_doubt(struct tp_amd_vm *vm)
{
	tp_mutex_assert_held(&vm->lock);
	doubt(vm->root);
}

/* ---- root and end ---------------------------------------------------------------------------- */

int tp_amd_pt_root_create(struct tp_amd_vm *vm)
{
	struct tp_amd_pt *root;
	int err = create(vm, true, &root);

	if (err)
		return err;
	root->level = TP_AMD_LEVELS - 1;
	vm->root = root;
	tp_resv_hold(root->bo.resv, TP_WAIT_FOREVER);
	tp_mutex_lock(&vm->lock);
	join(vm, root);
	root->rewrite = true;
	tp_mutex_unlock(&vm->lock);
	tp_resv_unhold(root->bo.resv);
	return 0;
}

/* What is dead, and returns the job after which nothing leads there, with a reference; or NULL. */
static struct tp_fence *take_dead(struct tp_amd_vm *vm, struct tp_list *dead)
{
	struct tp_fence *unlinked;

	tp_list_init(dead);
	tp_mutex_lock(&vm->lock);
	tp_list_for_each_safe(pt, &vm->dead, struct tp_amd_pt, link) {
		tp_list_remove(&pt->link);
		tp_list_add_before(dead, &pt->link);
	}
	unlinked = tp_fence_get(vm->last_update);
	tp_mutex_unlock(&vm->lock);
	return unlinked;
}

/* V7; one invalidation for all of them.  A reset that cancels the job forgets everything, and
 * nothing of the VM runs before all its tables were written anew. */
static void bury(struct tp_amd_vm *vm, struct tp_list *dead, struct tp_fence *unlinked)
{
	void (*put)(struct tp_bo * bo);

	if (unlinked)
		tp_amd_wait_end(vm->gpu, unlinked);
	put = tp_amd_vm_forget(vm) ? tp_bo_put : tp_bo_put_forgotten;
	tp_list_for_each_safe(pt, dead, struct tp_amd_pt, link) {
		tp_list_remove(&pt->link);
		put(&pt->bo);
	}
}

void tp_amd_pt_bury(struct tp_amd_vm *vm)
{
	struct tp_list dead;
	struct tp_fence *unlinked = take_dead(vm, &dead);

	if (!tp_list_empty(&dead))
		bury(vm, &dead, unlinked);
	tp_fence_put(unlinked);
}

/* The root is the last of the list: the others share its reservation. */
void tp_amd_pt_fini(struct tp_amd_vm *vm)
{
	if (!vm->root)
		return;
	tp_mutex_lock(&vm->lock);
	tp_amd_pt_kill(vm->root);
	tp_mutex_unlock(&vm->lock);
	tp_amd_pt_bury(vm);
}
