/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emit - what a job is in its ring.
 *
 * There: the root of its VM is loaded and the caches forget, if they have to (H1, H2); the command
 * stream runs; the fence's number is written; an interrupt.  Of a job that must not happen only the
 * last two.  Packets may go over the end of the ring.
 */
#include "core/mutant.h"
#include "gpu/amd/vm.h"

enum {
	FLUSH_DW = 4 * TP_SDMA_SRBM_DW + 2 * TP_SDMA_POLL_DW,
	END_DW = TP_SDMA_FENCE_DW + TP_SDMA_TRAP_DW,
	/* with what aligns the end of INDIRECT */
	MAX_DW = FLUSH_DW + TP_SDMA_IB_ALIGN_DW - 1 + TP_SDMA_INDIRECT_DW + END_DW,
	GAP_DW = TP_SDMA_IB_ALIGN_DW, /* a full ring must not look like an empty one */
};

_Static_assert(MAX_DW + GAP_DW <= TP_AMD_RING_DW, "a job has room in an empty ring");

bool tp_amd_ring_has_room(const struct tp_amd_ring *ring)
{
	return ring->wptr - ring->rptr + MAX_DW + GAP_DW <= TP_AMD_RING_DW;
}

/* ---- words ----------------------------------------------------------------------------------- */

void tp_amd_ring_put(struct tp_amd_ring *ring, uint32_t word)
{
	tp_atomic_u32 *words = ring->memory.address;

	tp_atomic_store(&words[ring->wptr % TP_AMD_RING_DW], word, TP_RELAXED);
	ring->wptr++;
}

void tp_amd_ring_put64(struct tp_amd_ring *ring, uint64_t value)
{
	tp_amd_ring_put(ring, (uint32_t)value);
	tp_amd_ring_put(ring, (uint32_t)(value >> 32));
}

static void write_register(struct tp_amd_ring *ring, uint32_t reg, uint32_t value)
{
	tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_SRBM_WRITE, 0) | 0xfu << 28);
	tp_amd_ring_put(ring, tp_amd_hub_reg(ring->hub->id, reg));
	tp_amd_ring_put(ring, value);
}

static void poll_register(struct tp_amd_ring *ring, uint32_t reg, uint32_t compare, uint32_t bits)
{
	enum { RETRIES = 0xfff, INTERVAL = 10 };

	tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_POLL_REGMEM, 0) | compare << 28);
	tp_amd_ring_put64(ring, (uint64_t)tp_amd_hub_reg(ring->hub->id, reg) * 4);
	tp_amd_ring_put(ring, bits);
	tp_amd_ring_put(ring, bits);
	tp_amd_ring_put(ring, (uint32_t)RETRIES << 16 | INTERVAL);
}

/* ---- parts ----------------------------------------------------------------------------------- */

/* H2: the graphics hub's request is read once, and requests to the other have its semaphore. */
static void invalidate(struct tp_amd_ring *ring, unsigned vmid)
{
	bool guarded = ring->hub->id == TP_AMD_MMHUB;
	unsigned engine = ring->inv_engine;

	if (guarded)
		poll_register(ring, TP_AMD_INV_ENG0_SEM + engine, TP_SDMA_COMPARE_EQUAL, 1);
	write_register(ring, TP_AMD_INV_ENG0_REQ + engine, 1u << vmid | TP_AMD_INV_ALL);
	if (!guarded)
		poll_register(ring, TP_AMD_INV_ENG0_REQ + engine, TP_SDMA_COMPARE_ALWAYS, 0);
	poll_register(ring, TP_AMD_INV_ENG0_ACK + engine, TP_SDMA_COMPARE_EQUAL, 1u << vmid);
	if (guarded)
		write_register(ring, TP_AMD_INV_ENG0_SEM + engine, 0);
}

static void load_root(struct tp_amd_ring *ring, unsigned vmid, uint64_t root)
{
	write_register(ring, TP_AMD_CONTEXT0_PT_BASE + 2 * vmid, (uint32_t)root);
	write_register(ring, TP_AMD_CONTEXT0_PT_BASE + 2 * vmid + 1, (uint32_t)(root >> 32));
}

static void run_stream(struct tp_amd_ring *ring, const struct tp_amd_job *job)
{
	while ((ring->wptr + TP_SDMA_INDIRECT_DW) % TP_SDMA_IB_ALIGN_DW)
		tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_NOP, 0));
	tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_INDIRECT, 0) | job->vmid << 16);
	tp_amd_ring_put64(ring, job->ib_address);
	tp_amd_ring_put(ring, job->ib_dwords);
	tp_amd_ring_put64(ring, 0);
}

static void end(struct tp_amd_ring *ring, const struct tp_amd_job *job)
{
	tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_FENCE, 0));
	tp_amd_ring_put64(ring, ring->slot_address);
	tp_amd_ring_put(ring, job->fence->seqno);
	tp_amd_ring_put(ring, TP_SDMA_HEADER(TP_SDMA_TRAP, 0));
	tp_amd_ring_put(ring, 0);
}

/* ---- a job ----------------------------------------------------------------------------------- */

void tp_amd_ring_emit(struct tp_amd_ring *ring, struct tp_amd_job *job, bool flush)
{
	tp_spin_assert_held(&ring->lock);
	if (flush) {
		load_root(ring, job->vmid, job->root);
		if (!TP_MUTANT(amd_root_unflushed))
			invalidate(ring, job->vmid);
	}
	if (!job->err && job->ib_dwords)
		run_stream(ring, job);
	end(ring, job);
	job->end = ring->wptr;
}
