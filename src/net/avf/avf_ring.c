/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_ring - the rings of all queue pairs: made, filled, emptied and freed together.
 *
 * A receive ring has a pool of its own, so that its buffers fit the interface's frames.  Frames
 * that were handed out may outlive the ring; then the pool is retired, and freed when they are
 * back.
 *
 * Invariants
 *  R1  A ring is made, emptied and freed by one thread while nobody polls or sends (A2); who comes
 *      with an old queue number finds a count of 0.
 *  R2  Emptying a ring counts every frame in it as drop_reset and restarts its queue (T10, T11).
 *
 * Fault sites: core/alloc, dma/coherent, and those of the pools.
 */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/error.h"
#include "net/avf/avf_traffic.h"

enum {
	/* Buffers beside those posted, for frames on their way: as many again, and some. */
	RX_SPARE = 64,
	RX_STEP = 16, /* buffers that are posted at once */
	/*
	 * Descriptors that a frame takes, mostly: a sender stops when fewer are free and goes on
	 * when there are twice as many, or half of a ring that is small (T11, T13).
	 */
	TX_NEEDED = 23,
};

#define for_each_queue(avf, q) \
	for (struct tp_avf_queue *q = (avf)->queues; q < (avf)->queues + TP_AVF_MAX_QUEUES; q++)

/* The pairs in use. */
#define for_each_pair(avf, q)                                                                     \
	for (struct tp_avf_queue *q = (avf)->queues; q < (avf)->queues + (avf)->nd.config.queues; \
	     q++)

void tp_avf_queues_init(struct tp_avf *avf)
{
	unsigned i = 0;

	tp_list_init(&avf->retired);
	for_each_queue(avf, q)
	{
		tp_mutex_init(&q->poll_lock, TP_RANK_NET_POLL, i);
		tp_spinlock_init(&q->tx.send_lock, TP_RANK_NET_SEND, i);
		tp_wait_queue_init(&q->wake);
		q->rx.avf = q->tx.avf = avf;
		q->rx.index = q->tx.index = i;
		q->rx.stats = &avf->nd.rq_stats[i];
		q->tx.stats = &avf->nd.sq_stats[i];
		snprintf(q->rx.holder, sizeof(q->rx.holder), "rxq%u descriptor", i);
		snprintf(q->tx.holder, sizeof(q->tx.holder), "txq%u descriptor", i);
		i++;
	}
}

/* ---- send rings ------------------------------------------------------------------------------ */

static int alloc_tx(struct tp_avf *avf, struct tp_avf_tx_ring *ring)
{
	unsigned count = avf->nd.config.tx_ring;
	int err = tp_dma_alloc(avf->domain, count * sizeof(*ring->desc), avf->node, "avf send ring",
			       &ring->memory);

	if (err)
		return err;
	ring->desc = ring->memory.address;
	ring->groups = tp_zalloc_array(count, sizeof(*ring->groups));
	ring->frames = tp_zalloc_array(count, sizeof(struct tp_netbuf *));
	ring->maps = tp_zalloc_array(count, sizeof(*ring->maps));
	if (!ring->groups || !ring->frames || !ring->maps)
		return TP_ERR(-ENOMEM, "send ring %u: no memory for %u descriptors", ring->index,
			      count);
	ring->max_frame = tp_avf_max_frame(avf->nd.config.mtu);
	ring->stop_below = TX_NEEDED;
	ring->wake_at = TP_MIN(2u * TX_NEEDED, count / 2);
	ring->count = count;
	return 0;
}

static void forget_tx(struct tp_avf_tx_ring *ring)
{
	ring->count = 0;
	ring->desc = NULL;
	ring->memory = (struct tp_dma_coherent){ 0 };
	ring->groups = NULL;
	ring->frames = NULL;
	ring->maps = NULL;
}

static void free_tx(struct tp_avf_tx_ring *ring)
{
	tp_free(ring->groups);
	tp_free(ring->frames);
	tp_free(ring->maps);
	tp_dma_free(&ring->memory);
	forget_tx(ring);
}

/* What the device has done is done; the rest is lost. */
static void clean_tx(struct tp_avf_tx_ring *ring)
{
	while (tp_avf_tx_complete(ring))
		;
	tp_avf_tx_drop(ring);
	if (tp_atomic_exchange(&ring->stopped, 0, TP_RELAXED))
		tp_stats_count(&ring->stats->poll, restarts, 1);
	tp_atomic_store(&ring->next_to_use, 0, TP_RELAXED);
	tp_atomic_store(&ring->next_to_clean, 0, TP_RELAXED);
	ring->doorbell_due = false;
}

/* ---- receive rings --------------------------------------------------------------------------- */

/* The pool's buffers hold headroom and what the device may write, as far as a page goes. */
static unsigned size_rx(struct tp_avf_rx_ring *ring, unsigned mtu)
{
	unsigned want = mtu + TP_AVF_FRAME_EXTRA, size = TP_DMA_MIN_BUF;

	want = (unsigned)tp_align_up(want, TP_AVF_MIN_RXBUF);
	while (size < TP_PAGE_SIZE && size < want + TP_NETBUF_HEADROOM)
		size *= 2;
	ring->buf_len =
		TP_MIN(want, (size - TP_NETBUF_HEADROOM) / TP_AVF_MIN_RXBUF * TP_AVF_MIN_RXBUF);
	ring->max_frame = tp_avf_max_frame(mtu);
	return size;
}

static int alloc_pool(struct tp_avf *avf, struct tp_avf_rx_ring *ring, unsigned buf_size)
{
	char name[TP_NET_NAME + 16];
	struct tp_dma_pool_config config = {
		.domain = avf->domain,
		.name = name,
		.nr_bufs = 2 * avf->nd.config.rx_ring + RX_SPARE,
		.buf_size = buf_size,
		.node = avf->node,
		.leaving = tp_avf_pool_leaving,
		.arg = avf,
	};
	int err;

	snprintf(name, sizeof(name), "%s rxq%u", avf->nd.name, ring->index);
	ring->pool = tp_zalloc(sizeof(*ring->pool));
	if (!ring->pool)
		return TP_ERR(-ENOMEM, "receive ring %u: no memory for its pool", ring->index);
	tp_list_init(&ring->pool->link);
	err = tp_netbuf_pool_create(config, &ring->pool->pool);
	if (err) {
		tp_free(ring->pool);
		ring->pool = NULL;
	}
	return err;
}

static int alloc_rx(struct tp_avf *avf, struct tp_avf_rx_ring *ring)
{
	unsigned count = avf->nd.config.rx_ring;
	int err = tp_dma_alloc(avf->domain, count * sizeof(*ring->desc), avf->node,
			       "avf receive ring", &ring->memory);

	if (err)
		return err;
	ring->desc = ring->memory.address;
	ring->fill_step = RX_STEP;
	ring->bufs = tp_zalloc_array(count, sizeof(struct tp_dma_buf *));
	if (!ring->bufs)
		return TP_ERR(-ENOMEM, "receive ring %u: no memory for %u descriptors", ring->index,
			      count);
	err = alloc_pool(avf, ring, size_rx(ring, avf->nd.config.mtu));
	if (err)
		return err;
	ring->count = count;
	return 0;
}

/* Once a frame of it is still held, the pool waits for it among the retired. */
static void free_pool(struct tp_avf *avf, struct tp_avf_rx_pool *pool)
{
	if (!pool)
		return;
	tp_list_remove(&pool->link);
	if (tp_dma_pool_destroy(pool->pool))
		tp_list_add_before(&avf->retired, &pool->link);
	else
		tp_free(pool);
}

static void forget_rx(struct tp_avf_rx_ring *ring)
{
	ring->count = 0;
	ring->desc = NULL;
	ring->memory = (struct tp_dma_coherent){ 0 };
	ring->bufs = NULL;
	ring->pool = NULL;
}

static void free_rx(struct tp_avf *avf, struct tp_avf_rx_ring *ring)
{
	free_pool(avf, ring->pool);
	tp_free(ring->bufs);
	tp_dma_free(&ring->memory);
	forget_rx(ring);
}

static void clean_rx(struct tp_avf_rx_ring *ring)
{
	tp_avf_rx_empty(ring);
	ring->parked = false;
	tp_atomic_store(&ring->refill_failed, 0, TP_RELAXED);
}

/* ---- all of them ----------------------------------------------------------------------------- */

int tp_avf_rings_alloc(struct tp_avf *avf)
{
	int err = 0;

	for_each_pair(avf, q)
	{
		err = alloc_tx(avf, &q->tx);
		if (!err)
			err = alloc_rx(avf, &q->rx);
		if (err)
			break;
	}
	if (err)
		tp_avf_rings_free(avf);
	else
		tp_avf_apply_features(avf);
	return err;
}

void tp_avf_rings_fill(struct tp_avf *avf)
{
	for_each_pair(avf, q) tp_avf_rx_fill(q);
}

void tp_avf_rings_clean(struct tp_avf *avf)
{
	for_each_queue(avf, q)
	{
		if (q->tx.count)
			clean_tx(&q->tx);
		if (q->rx.count)
			clean_rx(&q->rx);
	}
}

int tp_avf_pools_fini(struct tp_avf *avf)
{
	tp_list_for_each_safe(pool, &avf->retired, struct tp_avf_rx_pool, link) {
		int err = tp_dma_pool_destroy(pool->pool);

		if (err)
			return err;
		tp_list_remove(&pool->link);
		tp_free(pool);
	}
	return 0;
}

/* Also what a failed tp_avf_rings_alloc() began.  What was held before may be back. */
void tp_avf_rings_free(struct tp_avf *avf)
{
	tp_avf_rings_clean(avf);
	for_each_queue(avf, q)
	{
		free_tx(&q->tx);
		free_rx(avf, &q->rx);
	}
	tp_avf_pools_fini(avf);
}

/* ---- put aside ------------------------------------------------------------------------------- */

/* Of each ring only what move_tx() and move_rx() say. */
struct tp_avf_rings {
	struct tp_avf_tx_ring tx[TP_AVF_MAX_QUEUES];
	struct tp_avf_rx_ring rx[TP_AVF_MAX_QUEUES];
};

static void move_tx(struct tp_avf_tx_ring *to, struct tp_avf_tx_ring *from)
{
	to->count = from->count;
	to->desc = from->desc;
	to->memory = from->memory;
	to->groups = from->groups;
	to->frames = from->frames;
	to->maps = from->maps;
	to->max_frame = from->max_frame;
	to->stop_below = from->stop_below;
	to->wake_at = from->wake_at;
	forget_tx(from);
}

static void move_rx(struct tp_avf_rx_ring *to, struct tp_avf_rx_ring *from)
{
	to->count = from->count;
	to->desc = from->desc;
	to->memory = from->memory;
	to->bufs = from->bufs;
	to->pool = from->pool;
	to->fill_step = from->fill_step;
	to->buf_len = from->buf_len;
	to->max_frame = from->max_frame;
	forget_rx(from);
}

struct tp_avf_rings *tp_avf_rings_aside_new(void)
{
	struct tp_avf_rings *aside = tp_zalloc_aligned(64, sizeof(*aside));

	if (!aside)
		TP_ERR(-ENOMEM, "no place to put the rings aside");
	return aside;
}

void tp_avf_rings_set_aside(struct tp_avf *avf, struct tp_avf_rings *aside)
{
	for (unsigned i = 0; i < TP_AVF_MAX_QUEUES; i++) {
		move_tx(&aside->tx[i], &avf->queues[i].tx);
		move_rx(&aside->rx[i], &avf->queues[i].rx);
	}
}

void tp_avf_rings_put_back(struct tp_avf *avf, struct tp_avf_rings *aside)
{
	for (unsigned i = 0; i < TP_AVF_MAX_QUEUES; i++) {
		move_tx(&avf->queues[i].tx, &aside->tx[i]);
		move_rx(&avf->queues[i].rx, &aside->rx[i]);
	}
	tp_free(aside);
}

void tp_avf_rings_forget(struct tp_avf *avf, struct tp_avf_rings *aside)
{
	for (unsigned i = 0; i < TP_AVF_MAX_QUEUES; i++) {
		free_tx(&aside->tx[i]);
		free_rx(avf, &aside->rx[i]);
	}
	tp_free(aside);
}

/* ---- who is inside --------------------------------------------------------------------------- */

void tp_avf_apply_features(struct tp_avf *avf)
{
	for_each_queue(avf, q)
	{
		tp_mutex_lock(&q->poll_lock);
		tp_spin_lock(&q->tx.send_lock);
		q->rx.features = q->tx.features = avf->nd.config.features;
		tp_spin_unlock(&q->tx.send_lock);
		tp_mutex_unlock(&q->poll_lock);
	}
}

static void wait_for_those_inside(struct tp_avf *avf)
{
	for_each_queue(avf, q)
	{
		tp_mutex_lock(&q->poll_lock);
		tp_spin_lock(&q->tx.send_lock);
		tp_spin_unlock(&q->tx.send_lock);
		tp_mutex_unlock(&q->poll_lock);
	}
}

void tp_avf_quiesce(struct tp_avf *avf)
{
	if (TP_MUTANT(quiesce_late))
		wait_for_those_inside(avf);
	tp_atomic_store(&avf->running, 0, TP_RELEASE);
	if (!TP_MUTANT(quiesce_late) && !TP_MUTANT(quiesce_unwaited))
		wait_for_those_inside(avf);
}

void tp_avf_unquiesce(struct tp_avf *avf)
{
	const struct tp_netdev_user *user = &avf->nd.user;

	tp_atomic_store(&avf->running, 1, TP_RELEASE);
	for_each_pair(avf, q)
	{
		if (!TP_MUTANT(unquiesce_silent))
			tp_avf_schedule(q);
		if (user->wake)
			user->wake(user->arg, q->tx.index);
	}
}
