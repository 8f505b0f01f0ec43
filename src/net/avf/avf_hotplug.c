/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_hotplug - pages that lie in posted receive buffers are wanted back (T27).
 *
 * A pool gives up by itself what lies in it; what a frame's holder has comes back when he is done,
 * and is known by his name until then.  What the device holds comes back only if its queue is
 * disabled: then what was written is delivered, the rest exchanged, and the queue begins anew.
 * Other queues, and the pair's own sends, go on meanwhile.
 *
 * States of a receive queue and the function behind each arrow:
 *
 *	ENABLED --- disable_queues ---> DISABLED --- park: deliver, empty ---> PARKED
 *	PARKED --- config_rx_queue, unpark: fill, enable_queues ---> ENABLED
 *	any --- a message failed ---> a reset, which empties and fills all rings
 *
 * Locking: config_lock; poll_lock for what touches a ring.
 */
#include <errno.h>

#include "net/avf/avf_traffic.h"

void tp_avf_pool_leaving(void *arg)
{
	struct tp_avf *avf = arg;

	tp_atomic_store(&avf->refresh, 1, TP_RELEASE);
	tp_avf_wake_service(avf);
}

bool tp_avf_rx_posts_leaving(struct tp_avf_queue *q)
{
	const struct tp_avf_rx_ring *ring = &q->rx;
	bool leaving = false;

	tp_mutex_lock(&q->poll_lock);
	for (unsigned at = ring->next_to_clean; at != ring->next_to_use && !leaving;
	     at = tp_avf_next(at, ring->count))
		leaving = tp_dma_buf_leaving(ring->bufs[at]);
	tp_mutex_unlock(&q->poll_lock);
	return leaving;
}

void tp_avf_rx_park(struct tp_avf_queue *q)
{
	struct tp_avf_rx_ring *ring = &q->rx;
	bool again;

	tp_mutex_lock(&q->poll_lock);
	tp_avf_rx_deliver(ring, ring->count, &again);
	/* Leaving buffers do not come back out of the pool. */
	tp_avf_rx_empty(ring);
	ring->parked = !TP_MUTANT(refresh_unparked);
	tp_mutex_unlock(&q->poll_lock);
}

void tp_avf_rx_unpark(struct tp_avf_queue *q)
{
	tp_mutex_lock(&q->poll_lock);
	q->rx.parked = false;
	tp_avf_rx_fill(q);
	tp_mutex_unlock(&q->poll_lock);
	tp_avf_schedule(q);
}

/* What fails asks for a reset, which does all of this for all queues. */
static int exchange(struct tp_avf *avf, unsigned queue)
{
	struct tp_avf_queue *q = &avf->queues[queue];
	uint32_t bit = UINT32_C(1) << queue;
	int err = tp_avf_disable_queues(avf, bit, 0);

	if (err)
		return err;
	tp_avf_rx_park(q);
	err = tp_avf_config_rx_queue(avf, queue);
	if (err)
		return err;
	tp_avf_rx_unpark(q);
	return tp_avf_enable_queues(avf, bit, 0);
}

void tp_avf_refresh(struct tp_avf *avf)
{
	if (!tp_atomic_exchange(&avf->refresh, 0, TP_ACQ_REL))
		return;
	for (unsigned i = 0; i < avf->nd.config.queues; i++) {
		int err;

		if (!tp_atomic_load(&avf->running, TP_ACQUIRE))
			return; /* nothing is posted, or a reset is going to take it back */
		if (!tp_avf_rx_posts_leaving(&avf->queues[i]))
			continue;
		err = exchange(avf, i);
		if (err && err != -ECONNRESET) {
			tp_avf_want_reset(avf, TP_AVF_RESET_HUNG);
			return;
		}
	}
	if (TP_MUTANT(refresh_taken_late))
		tp_atomic_store(&avf->refresh, 0, TP_RELAXED);
}
