/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_rx_fill - free receive descriptors get buffers.
 *
 * One slot stays free, so that a full ring and an empty one differ.  Buffers are posted by several,
 * as the device fetches descriptors by cache lines; where the pool has fewer, what it has is posted
 * all the same, counted, and tried again at the next poll, which is asked for (T5, T6).
 *
 * Locking: poll_lock, or nobody polls (A2).
 */
#include "net/avf/avf_traffic.h"

static void post(struct tp_avf_rx_ring *ring, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct tp_dma_buf *buf = ring->bufs[ring->next_to_use + i];
		struct tp_avf_rx_desc *desc = &ring->desc[ring->next_to_use + i];

		tp_dma_buf_hold(buf, ring->holder);
		desc->qw0 = buf->dma.v + TP_NETBUF_HEADROOM;
		tp_atomic_store(&desc->qw1, 0, TP_RELAXED);
	}
	ring->next_to_use += n;
	if (ring->next_to_use == ring->count)
		ring->next_to_use = 0;
}

static void bump_tail(struct tp_avf_rx_ring *ring)
{
	tp_bus_write(ring->avf->bus, TP_AVF_QRX_TAIL(ring->index), ring->next_to_use);
}

/* Post @n buffers; returns how many there were not. */
static unsigned post_all(struct tp_avf_rx_ring *ring, unsigned n)
{
	unsigned run, got;

	do {
		run = TP_MIN(n, ring->count - ring->next_to_use);
		got = tp_dma_pool_get(ring->pool->pool, &ring->bufs[ring->next_to_use], run);
		post(ring, got);
		n -= got;
	} while (n && got == run);
	return n;
}

bool tp_avf_rx_fill(struct tp_avf_queue *q)
{
	struct tp_avf_rx_ring *ring = &q->rx;
	unsigned unused = tp_avf_ring_unused(ring->count, ring->next_to_clean, ring->next_to_use);
	unsigned want = unused - unused % ring->fill_step, missing = 0;

	if (want) {
		missing = post_all(ring, want);
		/* A ring that stays empty must say so: the tail may be of before it was cleaned. */
		if (missing < want || ring->next_to_use == ring->next_to_clean)
			bump_tail(ring);
	}
	if (tp_unlikely(missing))
		tp_stats_count(ring->stats, alloc_page_fail, 1);
	tp_atomic_store(&ring->refill_failed, missing != 0, TP_RELAXED);
	return !missing;
}
