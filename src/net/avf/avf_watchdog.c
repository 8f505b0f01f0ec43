/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_watchdog - send queues that stand still.
 *
 * A queue that has frames with the device, and has completed none since the last look, may only
 * lack a write-back: the device is made to write back and interrupt.  If that does not help until
 * the look after, the function is reset.
 */
#include "net/avf/avf_internal.h"

/* Looks without progress. */
enum { FORCE_AT = 1, RESET_AT = 2 };

static int64_t completed(const struct tp_avf_tx_ring *ring)
{
	return (int64_t)(tp_atomic_load(&ring->stats->poll.packets, TP_RELAXED) & INT64_MAX);
}

/* Returns looks without progress, this one included. */
static unsigned look(struct tp_avf_queue *q)
{
	struct tp_avf_tx_ring *ring = &q->tx;
	int64_t now = completed(ring);

	if (!tp_avf_tx_pending(q)) {
		ring->seen_packets = -1;
		ring->stalled = 0;
	} else if (ring->seen_packets == now) {
		ring->stalled++;
	} else {
		ring->seen_packets = now;
		ring->stalled = 0;
	}
	return ring->stalled;
}

void tp_avf_detect_hung(struct tp_avf *avf)
{
	if (!tp_atomic_load(&avf->nd.carrier, TP_ACQUIRE))
		return;
	for (unsigned q = 0; q < avf->nd.config.queues; q++) {
		unsigned stalled = look(&avf->queues[q]);

		if (stalled == FORCE_AT)
			tp_avf_force_wb(avf, q);
		if (stalled >= RESET_AT)
			tp_avf_want_reset(avf, TP_AVF_RESET_HUNG);
	}
}
