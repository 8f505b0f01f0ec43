/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hub - a memory hub is told where things are, forgets what it remembers, and says what it could
 * not translate.
 *
 * Fault sites: gpu/amd-invalidate (as if the hub did not answer in time).
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/amd/vm.h"
#include "mm/machine.h"

static const uint64_t look_ns = TP_MICROSECONDS(20); /* before it is looked at with pauses */
static const uint64_t slice_ns = TP_MILLISECONDS(1); /* before it is looked whether a reset came */

static void write_hub(struct tp_amd_hub *hub, uint32_t reg, uint32_t value)
{
	tp_amd_write(hub->gpu, tp_amd_hub_reg(hub->id, reg), value);
}

static uint32_t read_hub(struct tp_amd_hub *hub, uint32_t reg)
{
	return tp_amd_read(hub->gpu, tp_amd_hub_reg(hub->id, reg));
}

static void write_pair(struct tp_amd_hub *hub, uint32_t reg, uint64_t value)
{
	write_hub(hub, reg, (uint32_t)value);
	write_hub(hub, reg + 1, (uint32_t)(value >> 32));
}

void tp_amd_hub_init(struct tp_amd_hub *hub, struct tp_amd *gpu, enum tp_amd_hub_id id)
{
	hub->gpu = gpu;
	hub->id = id;
	tp_mutex_init(&hub->lock, TP_RANK_GPU_TLB, id);
}

void tp_amd_hdp_flush(struct tp_amd *gpu)
{
	tp_amd_write(gpu, TP_AMD_HDP_FLUSH, 0);
}

/* ---- where things are ------------------------------------------------------------------------ */

/* What VMID 0 translates: video memory at its place, the GART by its flat table. */
static void enable_kernel(struct tp_amd_hub *hub)
{
	struct tp_amd *gpu = hub->gpu;
	uint64_t first = TP_AMD_GART_START >> TP_PAGE_SHIFT;

	write_hub(hub, TP_AMD_FB_BASE, (uint32_t)(TP_AMD_VRAM_START >> 24));
	write_hub(hub, TP_AMD_FB_TOP,
		  (uint32_t)((TP_AMD_VRAM_START + gpu->bus->memory_size - 1) >> 24));
	write_pair(hub, TP_AMD_CONTEXT0_PT_START, first);
	write_pair(hub, TP_AMD_CONTEXT0_PT_END, first + TP_AMD_GART_PAGES - 1);
	write_pair(hub, TP_AMD_CONTEXT0_PT_BASE,
		   tp_amd_pte_of(gpu->fb_physical + gpu->gart.table) | TP_AMD_PT_BASE_VALID);
	write_hub(hub, TP_AMD_CONTEXT0_CNTL, TP_AMD_CNTL_ENABLE);
}

/* The root of nobody; a job's ring writes the right one. */
static void enable_user(struct tp_amd_hub *hub, unsigned vmid)
{
	write_pair(hub, TP_AMD_CONTEXT0_PT_BASE + 2 * vmid, 0);
	write_pair(hub, TP_AMD_CONTEXT0_PT_START + 2 * vmid, 0);
	write_pair(hub, TP_AMD_CONTEXT0_PT_END + 2 * vmid, TP_AMD_VA_MASK >> TP_PAGE_SHIFT);
	write_hub(hub, TP_AMD_CONTEXT0_CNTL + vmid,
		  TP_AMD_CNTL_ENABLE | (TP_AMD_LEVELS - 1) << TP_AMD_CNTL_DEPTH_SHIFT);
}

void tp_amd_hub_enable(struct tp_amd_hub *hub)
{
	enable_kernel(hub);
	for (unsigned vmid = 1; vmid < TP_AMD_NR_VMIDS; vmid++)
		enable_user(hub, vmid);
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static uint32_t resets_of(const struct tp_amd *gpu)
{
	return tp_atomic_load(&gpu->resets, TP_ACQUIRE);
}

/* No longer than until a reset begins or ends: what was asked for is forgotten with it. */
static int wait_for(struct tp_amd_hub *hub, uint32_t reg, uint32_t mask)
{
	struct tp_amd *gpu = hub->gpu;
	const uint32_t at = TP_AMD_OFFSET(tp_amd_hub_reg(hub->id, reg + TP_AMD_CPU_INV_ENGINE));
	const uint32_t resets = resets_of(gpu);
	uint64_t until_ns = tp_clock_after(gpu->config.patience.tlb_ns);
	int err;

	do
		err = tp_bus_wait(gpu->bus, at, mask, mask, look_ns,
				  TP_MIN(gpu->config.patience.tlb_ns, slice_ns));
	while (err && resets_of(gpu) == resets && tp_clock_now() < until_ns);
	return err;
}

/* H2: written, and read once, so that the answer is to this one (T13). */
static int ask(struct tp_amd_hub *hub, uint32_t vmids, unsigned type)
{
	uint32_t reg = TP_AMD_INV_ENG0_REQ + TP_AMD_CPU_INV_ENGINE;

	write_hub(hub, reg, vmids | type << TP_AMD_INV_TYPE_SHIFT | TP_AMD_INV_ALL);
	if (hub->id == TP_AMD_GFXHUB)
		read_hub(hub, reg);
	return wait_for(hub, TP_AMD_INV_ENG0_ACK, vmids);
}

/* H2: reading 1 of the semaphore takes it. */
static int request(struct tp_amd_hub *hub, uint32_t vmids, unsigned type)
{
	bool guarded = hub->id == TP_AMD_MMHUB;
	int err = 0;

	if (TP_FAULT("gpu/amd-invalidate"))
		return -ETIME;
	if (guarded)
		err = wait_for(hub, TP_AMD_INV_ENG0_SEM, 1);
	if (!err)
		err = ask(hub, vmids, type);
	if (guarded)
		write_hub(hub, TP_AMD_INV_ENG0_SEM + TP_AMD_CPU_INV_ENGINE, 0);
	return err;
}

/* H3: what a reset begun or ended meanwhile forgets all, whatever the answer was. */
static bool is_overtaken(struct tp_amd *gpu, uint32_t before)
{
	if (before % 2 == 0 && resets_of(gpu) == before)
		return false;
	tp_amd_wait_reset(gpu);
	return true;
}

static void count(struct tp_amd_hub *hub, uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned i = us ? 64 - (unsigned)__builtin_clzll(us) : 0;

	tp_quiet_add(&hub->latency[TP_MIN(i, TP_GPU_LATENCIES - 1)], 1);
	tp_quiet_add(&hub->invalidations, 1);
}

static int request_alone(struct tp_amd_hub *hub, uint32_t vmids, unsigned type)
{
	uint64_t begun_ns = tp_clock_now();
	int err;

	tp_mutex_lock(&hub->lock);
	err = request(hub, vmids, type);
	tp_mutex_unlock(&hub->lock);
	if (!err)
		count(hub, tp_clock_now() - begun_ns);
	return err;
}

int tp_amd_hub_invalidate(struct tp_amd_hub *hub, uint32_t vmids, unsigned type)
{
	struct tp_amd *gpu = hub->gpu;
	struct tp_trace_ring *trace = gpu->gpu.machine->trace;
	const unsigned index = gpu->gpu.entry.index;
	uint32_t before = resets_of(gpu);
	int err = 0;

	/* Wedged: its engines stand, and use nothing that they remember (J4). */
	if (is_overtaken(gpu, before) || tp_amd_state(gpu) == TP_GPU_WEDGED)
		return 0;
	tp_trace(trace, TP_TRACE_tlb_invalidate_begin, index, hub->id, vmids);
	err = request_alone(hub, vmids, type);
	if (is_overtaken(gpu, before))
		err = 0;
	tp_trace(trace, TP_TRACE_tlb_invalidate_end, index, hub->id, -err);
	if (!err)
		return 0;
	tp_quiet_add(&hub->timeouts, 1);
	tp_amd_ask_reset(gpu);
	return TP_ERR_TEXT(err, gpu->gpu.name, "%s: hub %u does not forget", hub->id);
}

int tp_amd_hubs_invalidate(struct tp_amd *gpu, uint32_t vmids, unsigned type)
{
	int err = 0;

	tp_amd_for_each_hub(hub, gpu)
	{
		int failed = tp_amd_hub_invalidate(hub, vmids, type);

		err = err ? err : failed;
	}
	return err;
}

int tp_amd_vm_forget(struct tp_amd_vm *vm)
{
	unsigned type = vm->compute ? TP_AMD_INV_HEAVYWEIGHT : TP_AMD_INV_LEGACY;
	int err = 0;

	tp_amd_for_each_hub(hub, vm->gpu)
	{
		uint32_t vmids = tp_amd_vmids_of(hub, vm);
		int failed = vmids ? tp_amd_hub_invalidate(hub, vmids, type) : 0;

		err = err ? err : failed;
	}
	return err;
}

void tp_amd_vm_forget_surely(struct tp_amd_vm *vm)
{
	if (tp_amd_vm_forget(vm))
		tp_amd_reset_wanted(vm->gpu);
}

/* ---- what it could not translate ------------------------------------------------------------- */

void tp_amd_hub_take_fault(struct tp_amd_hub *hub)
{
	struct tp_amd *gpu = hub->gpu;
	uint32_t status = read_hub(hub, TP_AMD_FAULT_STATUS);
	uint64_t page;

	if (!status || status == ~0u)
		return;
	page = read_hub(hub, TP_AMD_FAULT_ADDR) | (uint64_t)read_hub(hub, TP_AMD_FAULT_ADDR + 1)
							  << 32;
	write_hub(hub, TP_AMD_FAULT_CNTL, read_hub(hub, TP_AMD_FAULT_CNTL) | 1);
	tp_quiet_add(&gpu->faults, 1);
	tp_trace(gpu->gpu.machine->trace, TP_TRACE_gpu_fault, gpu->gpu.entry.index, status, page);
}
