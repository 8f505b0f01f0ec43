/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sdma - tables are written by jobs of the device's DMA engine.
 *
 * A job has room for MIN_DW dwords, and for the entries of scattered pages that are still to come,
 * so far as those fit; but for an update's first, which is made before anybody knows of any (T24).
 * Commands grow from its beginning, the entries that they copy from its end.  Of what is left,
 * COPY_DW and PAD_DW are kept for the command and for its padding.
 *
 * A table in system memory is not in reach of VMID 0: the CPU writes it, at once.  So such a table
 * is linked, or leads to others, only after the jobs before have ended (tp_amd_update_sync()).
 *
 * Fault sites: gpu/amd-update-job (as if there was no memory for a job).
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"
#include "gpu/amd/vm.h"

enum {
	MIN_DW = 256,
	SPARE_DW = 32, /* with less than that another job is begun */
	COPY_DW = TP_SDMA_COPY_DW,
	PAD_DW = 7,
};

/* Who is told when it ended: its VM, which waits for that before it goes. */
static void ended(struct tp_amd_job *job, int err)
{
	struct tp_amd_vm *vm = job->arg;

	if (err)
		tp_amd_vm_update_failed(vm);
	if (!TP_MUTANT(amd_update_counts_once))
		tp_atomic_add(&vm->tlb_seq, 1, TP_ACQ_REL);
}

static void push(struct tp_amd_update *update)
{
	struct tp_amd_vm *vm = update->vm;
	struct tp_amd_job *job = update->job;

	if (!job)
		return;
	update->job = NULL;
	job->ib.dwords = update->used_dw;
	job->generation = update->generation;
	job->ended = ended;
	job->arg = vm;
	tp_fence_put(update->last);
	update->last = tp_fence_get(job->fence);
	vm->stat.jobs++;
	tp_quiet_add(&vm->gpu->counts.jobs, 1);
	tp_mutex_lock(&vm->gpu->push_lock);
	tp_amd_job_depend_on(job, tp_amd_vm_resv(vm), false);
	tp_amd_job_push(job);
	tp_resv_add(tp_amd_vm_resv(vm), update->last, true);
	tp_mutex_unlock(&vm->gpu->push_lock);
}

/* False: there is none, and the update has failed. */
static bool begin(struct tp_amd_update *update, uint64_t scattered)
{
	const uint64_t wanted = MIN_DW + (update->last ? 2 * scattered : 0);
	const uint32_t dwords = (uint32_t)TP_MIN(wanted, (uint64_t)TP_AMD_JOB_MAX_DW);
	int err;

	if (update->err)
		return false;
	if (update->job)
		return true;
	err = TP_FAULT("gpu/amd-update-job")
		      ? -ENOMEM
		      : tp_amd_job_create(update->vm->gpu, TP_AMD_RING_SDMA0, dwords, &update->job);
	if (err) {
		update->job = NULL;
		update->err = err;
		return false;
	}
	update->used_dw = 0;
	update->left_dw = dwords;
	return true;
}

static bool have_room(struct tp_amd_update *update, uint64_t scattered)
{
	if (update->job && update->left_dw - update->used_dw < SPARE_DW)
		push(update);
	return begin(update, scattered);
}

static void put(struct tp_amd_update *update, uint32_t word)
{
	TP_INVARIANT(update->used_dw < update->left_dw);
	update->job->ib.words[update->used_dw++] = word;
}

static void put64(struct tp_amd_update *update, uint64_t value)
{
	put(update, (uint32_t)value);
	put(update, (uint32_t)(value >> 32));
}

static uint64_t address_of(const struct tp_amd_pt *pt, uint32_t index)
{
	return TP_AMD_VRAM_START + pt->bo.chunks[0].address + index * sizeof(uint64_t);
}

/* As amdgpu: a few by their values, more by a command that counts. */
static void set(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index, uint32_t n,
		uint64_t first, uint64_t step)
{
	enum { FEW = 3 };

	if (pt->bo.place != TP_BO_VRAM) {
		tp_amd_update_sync(update);
		if (!update->err)
			tp_amd_pt_set(pt, index, n, first, step);
		return;
	}
	if (!have_room(update, 0))
		return;
	if (n < FEW) {
		put(update, TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR));
		put64(update, address_of(pt, index));
		put(update, 2 * n - 1);
		for (uint32_t i = 0; i < n; i++)
			put64(update, first + i * step);
		return;
	}
	put(update, TP_SDMA_HEADER(TP_SDMA_PTEPDE, 0));
	put64(update, address_of(pt, index));
	put64(update, first & ~(uint64_t)TP_AMD_PTE_ADDRESS);
	put64(update, first & TP_AMD_PTE_ADDRESS);
	put64(update, step);
	put(update, n - 1);
}

_Static_assert(SPARE_DW >= COPY_DW + PAD_DW + 2, "there is always room for an entry");

/* So many of @n as fit, from the end of the job on. */
static uint32_t put_entries(struct tp_amd_update *update, uint32_t n,
			    const struct tp_bo_chunk *chunks, uint64_t flags)
{
	const uint32_t left = update->left_dw - update->used_dw - COPY_DW - PAD_DW;
	const uint32_t fits = TP_MIN(left / 2, n);

	update->left_dw -= 2 * fits;
	for (uint32_t i = 0; i < fits; i++) {
		const uint64_t entry = tp_amd_pte_of(chunks[i].address) + flags;

		memcpy(&update->job->ib.words[update->left_dw + 2 * i], &entry, sizeof(entry));
	}
	return fits;
}

static void put_copy(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index, uint32_t n)
{
	put(update, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
	put(update, n * (uint32_t)sizeof(uint64_t) - 1);
	put(update, 0);
	put64(update, update->job->ib.address + UINT64_C(4) * update->left_dw);
	put64(update, address_of(pt, index));
}

static void set_pages(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
		      uint32_t n, const struct tp_bo_chunk *chunks, uint64_t flags)
{
	if (pt->bo.place != TP_BO_VRAM) {
		tp_amd_update_sync(update);
		if (!update->err)
			tp_amd_backend_cpu.set_pages(update, pt, index, n, chunks, flags);
		return;
	}
	for (uint32_t fits; n; n -= fits, index += fits, chunks += fits) {
		if (!have_room(update, TP_MAX(update->to_come, (uint64_t)n)))
			return;
		fits = put_entries(update, n, chunks, flags);
		put_copy(update, pt, index, fits);
	}
}

static void commit(struct tp_amd_update *update)
{
	push(update);
	tp_amd_hdp_flush(update->vm->gpu);
}

/* What was written so far is. */
void tp_amd_update_sync(struct tp_amd_update *update)
{
	push(update);
	if (update->last && !update->err)
		update->err = tp_amd_wait_locked(update->vm->gpu, update->last);
}

const struct tp_amd_backend tp_amd_backend_sdma = {
	.set = set,
	.set_pages = set_pages,
	.commit = commit,
};
