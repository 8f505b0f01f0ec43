/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ring - a ring of packets, and the command stream that one of them led to.
 *
 * What is read of either is a *stream*: dwords from where the ring or the command stream is, as far
 * as there are any.  A packet that wants a register is looked at in one burst and done after it;
 * if the ring was reset in between, it was nothing.
 */
#include "model/amd/packet.h"

enum { IDLE = 1, HALT = 1 };

/* ---- registers; under the ring's lock -------------------------------------------------------- */

/* 64-bit registers begin at odd numbers. */
static uint64_t *find(struct tp_ahw_ring *ring, uint32_t reg, unsigned *shift)
{
	static const uint32_t first[] = { TP_AMD_SDMA_RB_BASE, TP_AMD_SDMA_RB_RPTR };
	uint64_t *const values[] = { &ring->rb_base, &ring->rptr };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(first); i++) {
		if (reg - first[i] > 1)
			continue;
		*shift = (reg - first[i]) * 32;
		return values[i];
	}
	return NULL;
}

uint32_t tp_ahw_ring_read(struct tp_ahw_ring *ring, uint32_t reg)
{
	unsigned shift;
	const uint64_t *value = find(ring, reg, &shift);

	if (value)
		return (uint32_t)(*value >> shift);
	switch (reg) {
	case TP_AMD_SDMA_RB_WPTR:
		return (uint32_t)tp_atomic_load(&ring->wptr, TP_RELAXED);
	case TP_AMD_SDMA_RB_WPTR + 1:
		return (uint32_t)(tp_atomic_load(&ring->wptr, TP_RELAXED) >> 32);
	case TP_AMD_SDMA_STATUS:
		return tp_ahw_ring_is_busy(ring) ? 0 : IDLE;
	case TP_AMD_SDMA_F32_CNTL:
		return ring->f32_cntl;
	case TP_AMD_SDMA_RB_CNTL:
		return ring->rb_cntl;
	default:
		return 0;
	}
}

/* Whose addresses the ring's own packets have. */
static unsigned vmid_of(const struct tp_ahw_ring *ring)
{
	return ring->rb_cntl >> TP_AMD_RB_VMID_SHIFT & (TP_AMD_NR_VMIDS - 1);
}

/* Places in the ring are those of dwords. */
static uint64_t with_half(uint64_t wide, uint32_t value, unsigned shift)
{
	return (wide & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)value << shift;
}

bool tp_ahw_ring_moves_end(struct tp_ahw_ring *ring, uint32_t reg, uint32_t value)
{
	const uint64_t before = tp_atomic_load(&ring->wptr, TP_RELAXED);
	const uint32_t half = reg - TP_AMD_SDMA_RB_WPTR;

	if (half > 1)
		return false;
	tp_atomic_store(&ring->wptr, with_half(before, value, half * 32) & ~UINT64_C(3),
			TP_RELEASE);
	return true;
}

void tp_ahw_ring_write(struct tp_ahw_ring *ring, uint32_t reg, uint32_t value)
{
	unsigned shift;
	uint64_t *wide = find(ring, reg, &shift);

	if (wide)
		*wide = with_half(*wide, value, shift);
	if (wide == &ring->rptr)
		*wide &= ~UINT64_C(3);
	if (reg == TP_AMD_SDMA_F32_CNTL)
		ring->f32_cntl = value;
	else if (reg == TP_AMD_SDMA_RB_CNTL)
		ring->rb_cntl = value;
	if (!ring->ib_left)
		ring->vmid = vmid_of(ring);
}

void tp_ahw_ring_reset(struct tp_ahw_ring *ring)
{
	ring->f32_cntl = HALT;
	ring->rb_cntl = 0;
	ring->rb_base = ring->rptr = ring->end = 0;
	tp_atomic_store(&ring->wptr, 0, TP_RELAXED);
	ring->bad = false;
	ring->ib = ring->done = ring->poll_ns = 0;
	ring->polls = 0;
	ring->ib_left = 0;
	ring->vmid = 0;
	ring->resets++;
}

static bool may_run(const struct tp_ahw_ring *ring)
{
	return !ring->hung && !ring->bad && ring->rb_cntl & TP_AMD_RB_ENABLE &&
	       !(ring->f32_cntl & HALT);
}

bool tp_ahw_ring_is_busy(const struct tp_ahw_ring *ring)
{
	return may_run(ring) &&
	       (ring->ib_left || ring->rptr != tp_atomic_load(&ring->wptr, TP_ACQUIRE));
}

/* ---- the stream ------------------------------------------------------------------------------ */

uint32_t tp_ahw_stream_left(const struct tp_ahw_ring *ring)
{
	const uint64_t left = ring->ib_left ? ring->ib_left : (ring->end - ring->rptr) / 4;

	return (uint32_t)TP_MIN(left, (uint64_t)UINT32_MAX);
}

/* Where dword @i of it is, and how many follow in a row. */
static uint64_t place_of(const struct tp_ahw_ring *ring, uint32_t i, uint64_t *len)
{
	const uint64_t bytes = UINT64_C(4) << (ring->rb_cntl >> TP_AMD_RB_SIZE_SHIFT & 31);
	uint64_t at;

	if (ring->ib_left) {
		*len = (uint64_t)(ring->ib_left - i) * 4;
		return ring->ib + (uint64_t)i * 4;
	}
	at = (ring->rptr + (uint64_t)i * 4) % bytes;
	*len = bytes - at;
	return (ring->rb_base << 8) + at;
}

uint32_t tp_ahw_stream_peek(struct tp_ahw_ring *ring, uint32_t first, uint32_t n, uint32_t *words)
{
	const tp_atomic_u32 *host;
	uint64_t len, va = place_of(ring, first, &len);
	bool prt;

	len = TP_MIN(len, (uint64_t)n * 4);
	host = tp_ahw_translate(ring, va, &len, false, &prt);
	for (uint64_t i = 0; i < len / 4; i++)
		words[i] = host ? tp_atomic_load(&host[i], TP_ACQUIRE) : 0;
	return (uint32_t)(len / 4);
}

void tp_ahw_stream_read(struct tp_ahw_ring *ring, uint32_t first, uint32_t n, uint32_t *words)
{
	for (uint32_t i = 0; i < n;)
		i += tp_ahw_stream_peek(ring, first + i, n - i, words + i);
}

/* The command stream's end leads back to the ring, and to its VMID. */
void tp_ahw_stream_skip(struct tp_ahw_ring *ring, uint32_t n)
{
	ring->done = ring->poll_ns = 0;
	ring->polls = 0;
	if (!ring->ib_left) {
		ring->rptr += (uint64_t)n * 4;
		return;
	}
	ring->ib += (uint64_t)n * 4;
	ring->ib_left -= n;
	if (!ring->ib_left)
		ring->vmid = vmid_of(ring);
}

/* ---- executing ------------------------------------------------------------------------------- */

static void burst_begin(struct tp_ahw_ring *ring)
{
	struct tp_amd_model *m = ring->model;

	ring->reached[false].host = ring->reached[true].host = NULL;
	if (m->bus.iommu)
		tp_iommu_enter(m->bus.iommu, ring->id);
	if (m->bus.local)
		tp_iommu_enter(m->bus.local, ring->id);
}

static void burst_end(struct tp_ahw_ring *ring)
{
	struct tp_amd_model *m = ring->model;

	if (m->bus.local)
		tp_iommu_leave(m->bus.local, ring->id);
	if (m->bus.iommu)
		tp_iommu_leave(m->bus.iommu, ring->id);
}

/* As many as go without a register; *@n counts them. */
static enum tp_ahw_step burst(struct tp_ahw_ring *ring, unsigned packets, unsigned *n,
			      struct tp_ahw_wish *wish, unsigned *vectors)
{
	enum tp_ahw_step step = TP_AHW_WAITS;

	tp_spin_lock(&ring->lock);
	if (may_run(ring)) {
		ring->end = tp_atomic_load(&ring->wptr, TP_ACQUIRE);
		burst_begin(ring);
		for (step = TP_AHW_DONE; step == TP_AHW_DONE && *n < packets; (*n)++)
			step = tp_ahw_packet(ring, wish, vectors);
		*n -= step != TP_AHW_DONE;
		burst_end(ring);
	}
	if (ring->faulted)
		*vectors |= 1u << TP_AMD_VECTOR_FAULT;
	ring->faulted = false;
	wish->resets = ring->resets;
	tp_spin_unlock(&ring->lock);
	return step;
}

/* Without the lock.  Whether a register is what the packet wants it to be, or was made so. */
static bool is_granted(struct tp_ahw_ring *ring, const struct tp_ahw_wish *wish)
{
	if (wish->write)
		tp_ahw_ring_writes_register(ring, wish->resets, wish->reg, wish->value, wish->mask);
	if (wish->flush)
		tp_ahw_ring_writes_register(ring, wish->resets, TP_AMD_HDP_REQUEST, wish->reference,
					    UINT32_MAX);
	return wish->write || tp_ahw_compare(wish, tp_ahw_ring_reads_register(ring, wish->reg));
}

/* False: the packet waits. */
static bool grant(struct tp_ahw_ring *ring, const struct tp_ahw_wish *wish, unsigned *vectors)
{
	const bool granted = is_granted(ring, wish);
	bool done = true;

	tp_spin_lock(&ring->lock);
	if (ring->resets != wish->resets)
		; /* it was nothing */
	else if (granted)
		tp_ahw_stream_skip(ring, wish->dwords);
	else
		done = tp_ahw_poll_failed(ring, wish->again, vectors) == TP_AHW_DONE;
	ring->stat.packets += done && ring->resets == wish->resets;
	tp_spin_unlock(&ring->lock);
	return done;
}

unsigned tp_ahw_ring_run(struct tp_ahw_ring *ring, unsigned packets, unsigned *vectors)
{
	struct tp_ahw_wish wish;
	unsigned n = 0;

	while (n < packets && burst(ring, packets, &n, &wish, vectors) == TP_AHW_WISHES) {
		if (!grant(ring, &wish, vectors))
			break;
		n++;
	}
	return n;
}
