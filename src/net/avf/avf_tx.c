/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_tx - send queues: frames become descriptors, and are freed when the device is done with them.
 *
 * Frames of one call form groups of which only the last descriptor is written back.  A group's
 * counters are summed up when it is made, so that completing it costs one look at one descriptor
 * and the return of its buffers.
 *
 * Invariants
 *  X1  A group is published (watch) after its descriptors and before the tail; whoever sees it sees
 *      all of it (T16).
 *  X2  A sender that stops says so, then looks once more for room; a poll says what it freed, then
 *      looks for a stopped sender; a full barrier on each side.  So one of them sees the other, and
 *      whoever takes @stopped back counts the restart, once (T11, T12).
 *  X3  What the device was not told of is rung for when the queue stops, refuses, or no more frames
 *      follow (T15).
 *  X4  A frame is either left to the caller untouched, or taken; one that was taken is in a group
 *      or in one drop counter (Q3).
 *
 * Locking: senders under send_lock, completion under poll_lock.  What is dropped is freed after
 * send_lock: an unmapped page may have to be waited for.
 */
#include "net/avf/avf_traffic.h"

enum {
	GROUP_FRAMES = 32,  /* at most, so that completions come steadily */
	SPARE = 5,	    /* descriptors left free beside a frame's: a cache line and a context */
	COMPLETE_MAX = 256, /* frames of one poll */
};

/* A call to xmit under way. */
struct send {
	struct tp_avf_tx_ring *ring;
	unsigned to_use; /* the next slot */
	unsigned unused; /* free descriptors, at least */
	uint32_t max_frame;
	struct tp_dma_pool *own_pool; /* its memory needs no mapping */
	/* the group that is being made */
	unsigned first, last; /* slots */
	uint64_t last_qw1;
	unsigned frames;
	uint32_t packets, bytes, mapped;
	/* frames that go nowhere, linked, and whether memory of theirs was mapped */
	struct tp_netbuf *doomed;
	bool unmapped;
};

/* ---- descriptors ----------------------------------------------------------------------------- */

static inline void put_desc(struct send *s, uint64_t qw0, uint64_t qw1)
{
	struct tp_avf_tx_desc *desc = &s->ring->desc[s->to_use];

	desc->addr = qw0;
	tp_atomic_store(&desc->qw1, qw1, TP_RELAXED);
	s->last = s->to_use;
	s->last_qw1 = qw1;
	s->to_use = tp_avf_next(s->to_use, s->ring->count);
	s->unused--;
}

static inline uint64_t data_qw1(uint64_t common, uint32_t len)
{
	return common | (uint64_t)len << TP_AVF_TXD_BUFSZ_SHIFT;
}

static void amend_last(struct send *s, uint64_t command)
{
	s->last_qw1 |= command << TP_AVF_TXD_CMD_SHIFT;
	tp_atomic_store(&s->ring->desc[s->last].qw1, s->last_qw1, TP_RELAXED);
}

/* X1 */
static void close_group(struct send *s)
{
	struct tp_avf_tx_group *group = &s->ring->groups[s->first];

	if (!s->frames)
		return;
	amend_last(s, TP_AVF_TXC_RS);
	group->packets = s->packets;
	group->bytes = s->bytes;
	group->mapped = s->mapped;
	tp_atomic_store(&group->watch, s->last + 1, TP_RELEASE);
	tp_atomic_store(&s->ring->next_to_use, s->to_use, TP_RELEASE);
	s->ring->doorbell_due = true;
	s->first = s->to_use;
	s->frames = 0;
	s->packets = s->bytes = s->mapped = 0;
}

static void frames_added(struct send *s, unsigned n, uint32_t packets, uint32_t bytes)
{
	s->packets += packets;
	s->bytes += bytes;
	s->frames += n;
	if (s->frames == GROUP_FRAMES)
		close_group(s);
}

/* X3 */
static void ring_doorbell(struct send *s)
{
	struct tp_avf_tx_ring *ring = s->ring;

	if (!ring->doorbell_due)
		return;
	ring->doorbell_due = false;
	tp_bus_write(ring->avf->bus, TP_AVF_QTX_TAIL(ring->index), s->to_use);
}

/* ---- room ------------------------------------------------------------------------------------ */

static void look_for_room(struct send *s)
{
	unsigned clean = tp_atomic_load(&s->ring->next_to_clean, TP_ACQUIRE);

	s->unused = tp_avf_ring_unused(s->ring->count, clean, s->to_use);
}

/* X2.  False: the queue is stopped, until a poll has made room. */
static tp_noinline bool stop_unless_room(struct send *s, unsigned need)
{
	struct tp_avf_tx_ring *ring = s->ring;

	look_for_room(s);
	if (s->unused >= need)
		return true;
	tp_stats_count(&ring->stats->xmit, stops, 1);
	tp_atomic_store(&ring->stopped, TP_MAX(need, ring->wake_at), TP_RELAXED);
	if (!TP_MUTANT(tx_stop_unfenced))
		tp_full_barrier(&ring->stopped);
	look_for_room(s);
	if (s->unused < need)
		return false;
	if (tp_atomic_exchange(&ring->stopped, 0, TP_ACQ_REL))
		tp_stats_count(&ring->stats->xmit, restarts, 1);
	return true;
}

static inline bool has_room(struct send *s, unsigned need)
{
	return tp_likely(s->unused >= need) || stop_unless_room(s, need);
}

/* Somebody tries a queue that is stopped: perhaps it need not be, any more. */
static bool try_restart(struct send *s, unsigned wanted)
{
	struct tp_avf_tx_ring *ring = s->ring;

	look_for_room(s);
	if (s->unused < wanted)
		return false;
	if (tp_atomic_exchange(&ring->stopped, 0, TP_ACQ_REL))
		tp_stats_count(&ring->stats->xmit, restarts, 1);
	return true;
}

/* ---- frames that need more than one descriptor ----------------------------------------------- */

enum fate { SENT, REFUSED, DROP_LENGTH, DROP_OFFLOAD, DROP_LINEARIZE, DROP_MAP };

static void doom(struct send *s, struct tp_netbuf *frame)
{
	frame->link = s->doomed;
	s->doomed = frame;
}

static void drop(struct send *s, struct tp_netbuf *frame, enum fate why)
{
	struct tp_sq_xmit_stats *stats = &s->ring->stats->xmit;
	unsigned n = tp_netbuf_segments(frame);

	switch (why) {
	case DROP_LENGTH:
		tp_stats_count(stats, drop_length, n);
		break;
	case DROP_OFFLOAD:
		tp_stats_count(stats, drop_offload, n);
		break;
	case DROP_LINEARIZE:
		tp_stats_count(stats, drop_linearize, n);
		break;
	default:
		tp_stats_count(stats, drop_map, n);
	}
	doom(s, frame);
}

static bool is_own(const struct send *s, const struct tp_netbuf *nb)
{
	return nb->buf.pool == s->own_pool ||
	       tp_dma_pool_domain(nb->buf.pool) == s->ring->avf->domain;
}

static unsigned count_descs(const struct tp_netbuf *frame)
{
	unsigned n = 0;

	for (const struct tp_netbuf *nb = frame; nb; nb = nb->next)
		n += nb->len ? tp_avf_tx_descs(nb->len) : 0;
	return n;
}

/* Undo the mappings in the slots from @from up to the one to use next. */
static unsigned unmap_slots(struct tp_avf_tx_ring *ring, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned slot = from; slot != to; slot = tp_avf_next(slot, ring->count)) {
		struct tp_avf_tx_map *map = &ring->maps[slot];

		if (!map->len)
			continue;
		tp_dma_unmap_nosync(ring->avf->domain, map->dma, map->len);
		map->len = 0;
		n++;
	}
	return n;
}

/* Where the device finds the buffer; foreign memory is mapped, and noted in the next slot. */
static bool address_of(struct send *s, const struct tp_netbuf *nb, tp_dma_addr *dma)
{
	struct tp_avf_tx_map *map = &s->ring->maps[s->to_use];

	if (tp_likely(is_own(s, nb))) {
		*dma = tp_netbuf_dma(nb);
		return true;
	}
	if (tp_dma_map(s->ring->avf->domain, tp_netbuf_data(nb), nb->len, TP_DMA_TO_DEVICE,
		       s->ring->holder, dma))
		return false;
	*map = (struct tp_avf_tx_map){ *dma, nb->len };
	s->mapped++;
	return true;
}

static void put_buffer(struct send *s, tp_dma_addr dma, uint32_t left, uint64_t common)
{
	while (left) {
		uint32_t len = tp_avf_tx_chunk(left);

		s->ring->frames[s->to_use] = NULL;
		put_desc(s, dma.v, data_qw1(common, len));
		dma.v += len;
		left -= len;
	}
}

static bool put_buffers(struct send *s, const struct tp_netbuf *frame, uint64_t common)
{
	for (const struct tp_netbuf *nb = frame; nb; nb = nb->next) {
		tp_dma_addr dma;

		if (!nb->len)
			continue;
		if (!address_of(s, nb, &dma))
			return false;
		put_buffer(s, dma, nb->len, common);
	}
	return true;
}

/* All of the frame, or nothing. */
static enum fate put_frame(struct send *s, struct tp_netbuf *frame,
			   const struct tp_avf_tx_wish *wish)
{
	const struct send before = *s;

	if (wish->context[1]) {
		s->ring->frames[s->to_use] = NULL;
		put_desc(s, wish->context[0], wish->context[1]);
	}
	if (!put_buffers(s, frame, wish->data)) {
		unmap_slots(s->ring, before.to_use, s->to_use);
		*s = before;
		s->unmapped = true;
		return DROP_MAP;
	}
	amend_last(s, TP_AVF_TXC_EOP);
	s->ring->frames[before.to_use] = frame;
	tp_netbuf_hold(frame, s->ring->holder);
	frames_added(s, 1, wish->packets, wish->bytes);
	return SENT;
}

/* @copy goes in the place of @frame, if it goes at all. */
static enum fate send_copy(struct send *s, struct tp_netbuf *frame, struct tp_netbuf *copy,
			   const struct tp_avf_tx_wish *wish)
{
	if (!copy)
		return DROP_LINEARIZE;
	if (!has_room(s, count_descs(copy) + SPARE)) {
		tp_netbuf_free(copy);
		return REFUSED;
	}
	tp_avf_tx_prepare(copy);
	put_frame(s, copy, wish); /* memory of our own: there is nothing to map */
	tp_stats_count(&s->ring->stats->xmit, linearized, 1);
	doom(s, frame);
	return SENT;
}

static enum fate put_odd(struct send *s, struct tp_netbuf *frame)
{
	struct tp_avf_tx_wish wish;
	unsigned need = count_descs(frame) + SPARE;

	if (frame->frame_len < TP_AVF_MIN_FRAME || frame->frame_len > TP_NETBUF_MAX_LEN ||
	    (!(frame->flags & TP_NB_TSO) && frame->frame_len > s->max_frame))
		return DROP_LENGTH;
	if (!tp_avf_tx_read_wish(frame, s->ring->features, s->max_frame, &wish))
		return DROP_OFFLOAD;
	if (need >= s->ring->count || !tp_avf_tx_fits(frame, wish.headers, wish.mss))
		return send_copy(s, frame, tp_avf_tx_linearize(frame, s->own_pool), &wish);
	if (!has_room(s, need))
		return REFUSED;
	tp_avf_tx_prepare(frame);
	return put_frame(s, frame, &wish);
}

/* ---- sending --------------------------------------------------------------------------------- */

/*
 * Frames of one buffer of ours that ask nothing, as many as come now, go into this group and are
 * room for; returns how many there were.  All that a frame costs is here.
 */
static unsigned send_plain(struct send *s, struct tp_netbuf **frames, unsigned n)
{
	const uint64_t common = TP_AVF_TXD_DATA | (TP_AVF_TXC_EOP | TP_AVF_TXC_ICRC)
							  << TP_AVF_TXD_CMD_SHIFT;
	const struct tp_avf_tx_ring *ring = s->ring;
	struct tp_avf_tx_desc *const desc = ring->desc;
	const unsigned count = ring->count;
	unsigned at = s->to_use, i = 0;
	uint32_t bytes = 0;
	uint64_t qw1 = 0;

	n = TP_MIN(n, TP_MIN(s->unused - ring->stop_below + 1, GROUP_FRAMES - s->frames));
	for (; i < n; i++) {
		struct tp_netbuf *frame = frames[i];
		uint32_t len = frame->len;

		if (frame->nr_bufs != 1 || frame->flags || frame->buf.pool != s->own_pool ||
		    len - TP_AVF_MIN_FRAME > s->max_frame - TP_AVF_MIN_FRAME)
			break;
		qw1 = data_qw1(common, len);
		desc[at].addr = tp_netbuf_dma(frame).v;
		tp_atomic_store(&desc[at].qw1, qw1, TP_RELAXED);
		ring->frames[at] = frame;
		tp_dma_buf_hold(&frame->buf, ring->holder);
		bytes += len;
		s->last = at;
		at = tp_avf_next(at, count);
	}
	if (!i)
		return 0;
	s->last_qw1 = qw1;
	s->to_use = at;
	s->unused -= i;
	frames_added(s, i, i, bytes);
	return i;
}

static bool send_odd(struct send *s, struct tp_netbuf *frame)
{
	enum fate fate = put_odd(s, frame);

	if (fate > REFUSED)
		drop(s, frame, fate);
	return fate != REFUSED;
}

static unsigned send_frames(struct send *s, struct tp_netbuf **frames, unsigned n)
{
	unsigned stopped, plain, done = 0;

	stopped = tp_atomic_load(&s->ring->stopped, TP_RELAXED);
	if (tp_unlikely(stopped) && !try_restart(s, stopped))
		return 0;
	/* Before each frame, so that a queue that can take no frame is stopped early (T11). */
	while (done < n && has_room(s, s->ring->stop_below)) {
		plain = send_plain(s, frames + done, n - done);
		done += plain;
		if (tp_likely(plain))
			continue;
		if (!send_odd(s, frames[done]))
			break;
		done++;
	}
	return done;
}

static unsigned send_locked(struct send *s, struct tp_netbuf **frames, unsigned n, bool more)
{
	struct tp_avf_tx_ring *ring = s->ring;
	unsigned done;

	s->to_use = s->first = tp_atomic_load(&ring->next_to_use, TP_RELAXED);
	look_for_room(s);
	done = send_frames(s, frames, n);
	close_group(s);
	if (done < n)
		tp_stats_count(&ring->stats->xmit, busy, n - done);
	else if (s->unused < ring->stop_below && !tp_atomic_load(&ring->stopped, TP_RELAXED))
		stop_unless_room(s, ring->stop_below);
	if (!more || done < n || tp_atomic_load(&ring->stopped, TP_RELAXED))
		ring_doorbell(s);
	return done;
}

static void free_doomed(struct send *s)
{
	if (s->unmapped)
		tp_dma_sync(s->ring->avf->domain);
	while (s->doomed) {
		struct tp_netbuf *frame = s->doomed;

		s->doomed = frame->link;
		tp_netbuf_free(frame);
	}
}

unsigned tp_avf_xmit(struct tp_netdev *nd, unsigned queue, struct tp_netbuf **frames, unsigned n,
		     bool more)
{
	struct tp_avf_tx_ring *ring = &tp_avf_queue_of(nd, queue)->tx;
	struct send s = { .ring = ring, .own_pool = nd->pool };
	unsigned done = 0;

	tp_spin_lock(&ring->send_lock);
	if (tp_likely(tp_atomic_load(&ring->avf->running, TP_ACQUIRE) && ring->count)) {
		s.max_frame = ring->max_frame;
		done = send_locked(&s, frames, n, more);
	}
	tp_spin_unlock(&ring->send_lock);
	if (tp_unlikely(s.doomed))
		free_doomed(&s);
	return done;
}

/* ---- completion ------------------------------------------------------------------------------ */

static void free_slots(struct tp_avf_tx_ring *ring, unsigned first, unsigned last)
{
	if (last < first) {
		tp_netbuf_free_bulk(&ring->frames[first], ring->count - first);
		first = 0;
	}
	tp_netbuf_free_bulk(&ring->frames[first], last - first + 1);
}

/* The group at @first, which ends at @last, is over; returns where the next begins. */
static unsigned end_group(struct tp_avf_tx_ring *ring, unsigned first, unsigned last)
{
	struct tp_avf_tx_group *group = &ring->groups[first];
	unsigned next = tp_avf_next(last, ring->count);

	if (tp_unlikely(group->mapped)) {
		unmap_slots(ring, first, next);
		tp_dma_sync(ring->avf->domain);
	}
	free_slots(ring, first, last);
	tp_atomic_store(&group->watch, 0, TP_RELAXED);
	tp_atomic_store(&ring->next_to_clean, next, TP_RELEASE);
	return next;
}

static void add_group(struct tp_sq_onstack *counted, const struct tp_avf_tx_group *group)
{
	counted->packets += group->packets;
	counted->bytes += group->bytes;
}

static bool is_done(const struct tp_avf_tx_ring *ring, unsigned slot)
{
	uint64_t qw1 = tp_atomic_load(&ring->desc[slot].qw1, TP_ACQUIRE);

	return (qw1 & TP_AVF_TXD_DTYPE) == TP_AVF_TXD_DONE;
}

bool tp_avf_tx_complete(struct tp_avf_tx_ring *ring)
{
	unsigned at = tp_atomic_load(&ring->next_to_clean, TP_RELAXED);
	struct tp_sq_onstack counted = { 0 };
	uint32_t watch;

	while (counted.packets < COMPLETE_MAX &&
	       (watch = tp_atomic_load(&ring->groups[at].watch, TP_ACQUIRE)) &&
	       is_done(ring, watch - 1)) {
		add_group(&counted, &ring->groups[at]);
		at = end_group(ring, at, watch - 1);
	}
	tp_sq_stats_add(ring->stats, &counted);
	return counted.packets;
}

void tp_avf_tx_drop(struct tp_avf_tx_ring *ring)
{
	unsigned at = tp_atomic_load(&ring->next_to_clean, TP_RELAXED);
	uint32_t watch, lost = 0;

	while ((watch = tp_atomic_load(&ring->groups[at].watch, TP_RELAXED))) {
		lost += ring->groups[at].packets;
		at = end_group(ring, at, watch - 1);
	}
	if (lost)
		tp_stats_count(&ring->stats->poll, drop_reset, lost);
}

/* X2 */
static void wake_sender(struct tp_avf_tx_ring *ring)
{
	const struct tp_netdev_user *user = &ring->avf->nd.user;
	unsigned clean = tp_atomic_load(&ring->next_to_clean, TP_RELAXED);
	uint32_t wanted;

	if (!TP_MUTANT(tx_wake_unfenced))
		tp_full_barrier(&ring->stopped);
	wanted = tp_atomic_load(&ring->stopped, TP_RELAXED);
	if (tp_likely(!wanted) ||
	    tp_avf_ring_unused(ring->count, clean, tp_atomic_load(&ring->next_to_use, TP_ACQUIRE)) <
		    wanted ||
	    !tp_atomic_cas(&ring->stopped, &wanted, 0, TP_ACQ_REL))
		return;
	tp_stats_count(&ring->stats->poll, restarts, 1);
	if (user->wake)
		user->wake(user->arg, ring->index);
}

bool tp_avf_tx_clean(struct tp_avf_queue *q)
{
	if (!tp_avf_tx_complete(&q->tx))
		return true;
	wake_sender(&q->tx);
	return !tp_avf_tx_waiting(&q->tx);
}

bool tp_avf_tx_waiting(const struct tp_avf_tx_ring *ring)
{
	unsigned at = tp_atomic_load(&ring->next_to_clean, TP_RELAXED);
	uint32_t watch = tp_atomic_load(&ring->groups[at].watch, TP_ACQUIRE);

	return watch && is_done(ring, watch - 1);
}

bool tp_avf_tx_pending(struct tp_avf_queue *q)
{
	return q->tx.count && tp_atomic_load(&q->tx.next_to_clean, TP_RELAXED) !=
				      tp_atomic_load(&q->tx.next_to_use, TP_RELAXED);
}
