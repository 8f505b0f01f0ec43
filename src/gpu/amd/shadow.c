/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shadow - what drivers did before tables were rebuilt from mappings: each table has a copy in
 * system memory, written with every update and copied back when video memory was lost.  For tests,
 * and to measure what that costs and buys.
 *
 * Invariants
 *  SH1 A shadow says what its table will say when all that was pushed is done; it is written by the
 *      CPU, under the VM's lock, whatever writes the table.  Cancelled jobs do not matter to it.
 *  SH2 Tables are restored after the last update has ended, so that nothing older overtakes it.
 */
#include <errno.h>
#include <string.h>

#include "gpu/amd/vm.h"

static bool has_shadows(const struct tp_amd *gpu)
{
	return gpu->config.shadows;
}

int tp_amd_shadow_create(struct tp_amd_pt *pt)
{
	struct tp_amd *gpu = tp_amd_of_bo(&pt->bo);

	if (!has_shadows(gpu))
		return 0;
	return tp_dma_alloc(gpu->bos.domain, TP_PAGE_SIZE, gpu->config.node, "shadows",
			    &pt->shadow);
}

void tp_amd_shadow_free(struct tp_amd_pt *pt)
{
	tp_dma_free(&pt->shadow);
}

/* ---- written twice --------------------------------------------------------------------------- */

static uint64_t *entries_of(const struct tp_amd_pt *pt)
{
	return pt->shadow.address;
}

static void count(struct tp_amd_pt *pt, uint32_t n)
{
	struct tp_amd_vm *vm = pt->base.vm;

	vm->stat.shadow_entries += n;
	tp_quiet_add(&vm->gpu->counts.entries, n);
}

void tp_amd_shadow_set(struct tp_amd_pt *pt, uint32_t index, uint32_t n, uint64_t first,
		       uint64_t step)
{
	uint64_t *entries = entries_of(pt);

	if (!entries)
		return;
	for (uint32_t i = 0; i < n; i++)
		entries[index + i] = first + i * step;
	count(pt, n);
}

void tp_amd_shadow_set_pages(struct tp_amd_pt *pt, uint32_t index, uint32_t n,
			     const struct tp_bo_chunk *chunks, uint64_t flags)
{
	uint64_t *entries = entries_of(pt);

	if (!entries)
		return;
	for (uint32_t i = 0; i < n; i++)
		entries[index + i] = tp_amd_pte_of(chunks[i].address) + flags;
	count(pt, n);
}

/* ---- copied back ----------------------------------------------------------------------------- */

/* What is nowhere now is written anew when it has a place. */
static void restore(struct tp_amd_pt *pt)
{
	if (tp_amd_pt_is_placed(pt))
		tp_amd_pt_write(pt, 0, TP_AMD_PTES, entries_of(pt));
	else
		pt->rewrite = true;
	for (uint32_t i = 0; pt->children && pt->nr_children && i < TP_AMD_PTES; i++)
		if (pt->children[i])
			restore(pt->children[i]);
}

/* SH2 */
static int finish(struct tp_amd_vm *vm)
{
	int err = 0;

	if (vm->last_update)
		err = tp_amd_wait_locked(vm->gpu, vm->last_update);
	return err == -ETIME ? err : 0; /* whatever became of it */
}

bool tp_amd_shadow_restore(struct tp_amd_vm *vm)
{
	tp_mutex_assert_held(&vm->lock);
	if (!has_shadows(vm->gpu) || vm->root->rewrite || finish(vm))
		return false;
	restore(vm->root);
	tp_amd_hdp_flush(vm->gpu);
	tp_atomic_add(&vm->tlb_seq, 1, TP_ACQ_REL);
	return true;
}
