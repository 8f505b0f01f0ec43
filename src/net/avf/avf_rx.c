/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_rx - receive queues: what the device wrote becomes frames for the user.
 *
 * Invariants
 *  V1  A descriptor is looked at only if it is posted, and its other words only after its DD (T16).
 *  V2  Nothing the device says is used before it was checked (A5): a length beyond the buffer, a
 *      frame that never ends, cost the frame, and a reset if no device in order says so.
 *  V3  Each frame is counted once, at its end: delivered, or as one drop (Q3).  A frame whose end
 *      has not come stays with the ring until it comes or the ring is emptied (T10).
 *  V4  A frame that cannot be built stays where it is, and the poll is asked for again (T7).
 *
 * Locking: poll_lock.
 * Fault sites: avf/rx-build, once per batch: building takes no memory here, but users of other
 * receive paths rely on V4.
 */
#include <string.h>

#include "core/fault.h"
#include "net/avf/avf_traffic.h"

enum {
	BATCH = 32,
	MIN_FRAME = 60, /* shorter ones are padded, as if they had been on a wire */
	ETH_BYTES = 14,
};

#define RXE_ANY                                                               \
	(TP_AVF_RXE_RXE | TP_AVF_RXE_IPE | TP_AVF_RXE_L4E | TP_AVF_RXE_EIPE | \
	 TP_AVF_RXE_OVERSIZE | TP_AVF_RXE_PPRS)

#define PTYPE_FLAGS(ptype, flags) [TP_AVF_PTYPE_##ptype] = (flags)

/* Which checksums the device has looked at and found right, if it says nothing else. */
static const uint16_t sums_of_ptype[256] = {
	PTYPE_FLAGS(IPV4_FRAG, TP_NB_CSUM_IP_OK),
	PTYPE_FLAGS(IPV4, TP_NB_CSUM_IP_OK),
	PTYPE_FLAGS(IPV4_UDP, TP_NB_CSUM_IP_OK | TP_NB_CSUM_L4),
	PTYPE_FLAGS(IPV4_TCP, TP_NB_CSUM_IP_OK | TP_NB_CSUM_L4),
	PTYPE_FLAGS(IPV4_SCTP, TP_NB_CSUM_IP_OK | TP_NB_CSUM_L4),
	PTYPE_FLAGS(IPV4_ICMP, TP_NB_CSUM_IP_OK),
	PTYPE_FLAGS(IPV6_UDP, TP_NB_CSUM_L4),
	PTYPE_FLAGS(IPV6_TCP, TP_NB_CSUM_L4),
	PTYPE_FLAGS(IPV6_SCTP, TP_NB_CSUM_L4),
};

/* A poll under way. */
struct poll {
	struct tp_avf_rx_ring *ring;
	const char *user;
	uint32_t longest; /* that a buffer of one frame holds */
	uint16_t queue, passed;
	struct tp_rq_onstack counted;
	/* frames to deliver */
	unsigned n;
	uint32_t bytes;
	struct tp_netbuf *frames[BATCH];
};

static inline struct tp_netbuf *netbuf_of(struct tp_dma_buf *buf)
{
	return tp_container_of(buf, struct tp_netbuf, buf);
}

static inline uint32_t length_of(uint64_t qw1)
{
	return (uint32_t)(qw1 >> TP_AVF_RXD_LEN_SHIFT & TP_AVF_RXD_LEN_MASK);
}

/* ---- what the device found ------------------------------------------------------------------- */

static uint16_t sums_found(uint64_t qw1, unsigned ptype)
{
	if (!(qw1 & TP_AVF_RXD_L3L4P))
		return 0;
	if (qw1 & (TP_AVF_RXE_IPE | TP_AVF_RXE_L4E | TP_AVF_RXE_EIPE))
		return TP_NB_CSUM_BAD;
	/* With extension headers the device may have taken something else for the payload. */
	if (qw1 & (TP_AVF_RXD_IPV6EXADD | TP_AVF_RXE_PPRS))
		return 0;
	return sums_of_ptype[ptype];
}

static uint16_t cast_found(uint64_t qw1)
{
	static const uint16_t cast[4] = { 0, TP_NB_MULTICAST, TP_NB_BROADCAST, 0 };

	return cast[qw1 >> TP_AVF_RXD_UMBCAST_SHIFT & 3];
}

static inline unsigned ptype_of(uint64_t qw1)
{
	return qw1 >> TP_AVF_RXD_PTYPE_SHIFT & 0xFF;
}

static inline uint16_t hash_found(uint64_t qw1)
{
	return (qw1 & TP_AVF_RXD_FLTSTAT_RSS) == TP_AVF_RXD_FLTSTAT_RSS ? TP_NB_HASH : 0;
}

/* Flags of findings that the features let pass. */
static uint16_t passed(unsigned features)
{
	unsigned flags = TP_NB_MULTICAST | TP_NB_BROADCAST | TP_NB_VLAN;

	if (features & TP_NET_RX_CSUM)
		flags |= TP_NB_CSUM_L4 | TP_NB_CSUM_BAD | TP_NB_CSUM_IP_OK;
	if (features & TP_NET_RX_HASH)
		flags |= TP_NB_HASH;
	return (uint16_t)flags;
}

static inline void pass_findings(const struct poll *p, struct tp_netbuf *nb, uint64_t qw0,
				 uint64_t qw1, uint16_t flags)
{
	nb->flags = flags & p->passed;
	nb->hash = (uint32_t)(qw0 >> 32);
	tp_netbuf_set_origin(nb, p->queue, ptype_of(qw1));
}

/* As a frame of one buffer. */
static inline void begin_frame(struct tp_netbuf *nb, uint32_t len)
{
	nb->next = NULL;
	nb->offset = TP_NETBUF_HEADROOM;
	nb->len = (uint16_t)len;
	nb->frame_len = len;
	nb->nr_bufs = 1;
}

/* ---- frames of several buffers, and those that something is wrong with ----------------------- */

static void forget_partial(struct tp_avf_rx_ring *ring)
{
	if (ring->partial)
		tp_netbuf_free(ring->partial);
	ring->partial = NULL;
}

/* What has come of the frame goes, and so will what is still to come. */
static void discard_frame(struct tp_avf_rx_ring *ring, struct tp_netbuf *nb)
{
	forget_partial(ring);
	tp_netbuf_free(nb);
	ring->discard = true;
}

static void append(struct tp_avf_rx_ring *ring, struct tp_netbuf *nb)
{
	struct tp_netbuf *frame = ring->partial;

	if (frame)
		tp_netbuf_append(frame, nb);
	else
		ring->partial = nb;
}

/* Add the buffer to what came before it, if it has anything. */
static void take_buffer(struct tp_avf_rx_ring *ring, struct tp_netbuf *nb, uint32_t len)
{
	uint32_t before = ring->partial ? ring->partial->frame_len : 0;
	unsigned bufs = ring->partial ? ring->partial->nr_bufs : 0;

	if (len > ring->buf_len)
		tp_avf_want_reset(ring->avf, TP_AVF_RESET_HUNG);
	if (len > ring->buf_len || before + len > ring->max_frame || bufs == TP_NETBUF_MAX_BUFS) {
		discard_frame(ring, nb);
		return;
	}
	if (!len || ring->discard) { /* T8: the end of a frame may be empty */
		tp_netbuf_free(nb);
		return;
	}
	begin_frame(nb, len);
	append(ring, nb);
}

/* False: it is too short to be a frame, or to be made one. */
static bool pad(struct tp_avf_rx_ring *ring, struct tp_netbuf *frame)
{
	struct tp_netbuf *last = frame;
	uint32_t more;

	if (frame->frame_len < ETH_BYTES)
		return false;
	if (frame->frame_len >= MIN_FRAME)
		return true;
	while (last->next)
		last = last->next;
	more = MIN_FRAME - frame->frame_len;
	if (last->len + more > ring->buf_len)
		return false;
	memset((char *)tp_netbuf_data(last) + last->len, 0, more);
	last->len = (uint16_t)(last->len + more);
	frame->frame_len += more;
	return true;
}

static void pass_odd_findings(const struct poll *p, struct tp_netbuf *frame, uint64_t qw0,
			      uint64_t qw1)
{
	unsigned flags = sums_found(qw1, ptype_of(qw1)) | cast_found(qw1) | hash_found(qw1);

	if (qw1 & TP_AVF_RXD_L2TAG1P) {
		flags |= TP_NB_VLAN;
		frame->vlan_tci = (uint16_t)(qw0 >> 16);
	}
	pass_findings(p, frame, qw0, qw1, (uint16_t)flags);
}

static void end_frame(struct poll *p, uint64_t qw0, uint64_t qw1)
{
	struct tp_avf_rx_ring *ring = p->ring;
	struct tp_netbuf *frame = ring->partial;

	ring->partial = NULL;
	if (qw1 & (TP_AVF_RXE_RXE | TP_AVF_RXE_OVERSIZE)) {
		p->counted.drop_error++;
	} else if (ring->discard || !frame || !pad(ring, frame)) {
		p->counted.drop_length++;
	} else {
		pass_odd_findings(p, frame, qw0, qw1);
		tp_netbuf_hold(frame, p->user);
		p->frames[p->n++] = frame;
		p->bytes += frame->frame_len;
		frame = NULL;
	}
	ring->discard = false;
	tp_netbuf_free(frame);
}

/* ---- the ring -------------------------------------------------------------------------------- */

/* V1 */
static inline bool is_written(const struct tp_avf_rx_desc *desc, uint64_t *qw1)
{
	*qw1 = tp_atomic_load(&desc->qw1, TP_ACQUIRE);
	return *qw1 & TP_AVF_RXD_DD;
}

/*
 * Frames in one buffer each, of a usual length, of which there is nothing unusual to say, until
 * something else comes; returns how many there were.  All that a frame costs is here.
 */
static unsigned take_usual(struct poll *p, unsigned max)
{
	const uint64_t look = TP_AVF_RXD_DD | TP_AVF_RXD_EOP | TP_AVF_RXD_L2TAG1P |
			      TP_AVF_RXD_IPV6EXADD | UINT64_C(3) << TP_AVF_RXD_UMBCAST_SHIFT |
			      RXE_ANY;
	const struct tp_avf_rx_ring *ring = p->ring;
	const struct tp_avf_rx_desc *desc = ring->desc;
	struct tp_dma_buf **const bufs = ring->bufs;
	struct tp_netbuf **const frames = &p->frames[p->n];
	const unsigned count = ring->count, end = ring->next_to_use;
	unsigned at = ring->next_to_clean, n = 0;
	uint32_t bytes = 0;

	for (; n < max && at != end; n++, at = tp_avf_next(at, count)) {
		uint64_t qw1 = tp_atomic_load(&desc[at].qw1, TP_ACQUIRE); /* V1 */
		uint32_t len = length_of(qw1);
		struct tp_netbuf *nb = netbuf_of(bufs[at]);

		if ((qw1 & look) != (TP_AVF_RXD_DD | TP_AVF_RXD_EOP) ||
		    len - MIN_FRAME > p->longest - MIN_FRAME)
			break;
		begin_frame(nb, len);
		pass_findings(p, nb, desc[at].qw0, qw1,
			      (qw1 & TP_AVF_RXD_L3L4P ? sums_of_ptype[ptype_of(qw1)] : 0) |
				      hash_found(qw1));
		tp_dma_buf_hold(&nb->buf, p->user);
		frames[n] = nb;
		bytes += len;
	}
	p->ring->next_to_clean = at;
	p->n += n;
	p->bytes += bytes;
	return n;
}

/* Any descriptor, if there is one. */
static bool take_odd(struct poll *p)
{
	struct tp_avf_rx_ring *ring = p->ring;
	unsigned at = ring->next_to_clean;
	uint64_t qw1;

	if (at == ring->next_to_use || !is_written(&ring->desc[at], &qw1))
		return false;
	take_buffer(ring, netbuf_of(ring->bufs[at]), length_of(qw1));
	if (qw1 & TP_AVF_RXD_EOP)
		end_frame(p, ring->desc[at].qw0, qw1);
	else
		p->counted.fragments++;
	ring->next_to_clean = tp_avf_next(at, ring->count);
	return true;
}

/* Up to @max descriptors; returns how many there were. */
static unsigned take_batch(struct poll *p, unsigned max)
{
	unsigned done = 0;

	do {
		if (tp_likely(!p->ring->partial && !p->ring->discard))
			done += take_usual(p, max - done);
	} while (done < max && take_odd(p) && ++done < max);
	return done;
}

/* V4 */
static bool build_fails(struct tp_avf_rx_ring *ring)
{
	if (!tp_avf_rx_waiting(ring) || !TP_FAULT("avf/rx-build"))
		return false;
	tp_stats_count(ring->stats, build_skb_fail, 1);
	return true;
}

/* Hand over what was taken. */
static void deliver(struct poll *p)
{
	const struct tp_netdev_user *user = &p->ring->avf->nd.user;

	p->counted.packets += p->n;
	p->counted.bytes += p->bytes;
	if (p->n)
		user->receive(user->arg, p->queue, p->frames, p->n);
	p->n = p->bytes = 0;
}

static void begin_poll(struct poll *p, struct tp_avf_rx_ring *ring)
{
	p->ring = ring;
	p->user = ring->avf->nd.user.name;
	p->longest = TP_MIN(ring->buf_len, ring->max_frame);
	p->queue = (uint16_t)ring->index;
	p->passed = passed(ring->features);
	p->counted = (struct tp_rq_onstack){ 0 };
	p->n = p->bytes = 0;
}

unsigned tp_avf_rx_deliver(struct tp_avf_rx_ring *ring, unsigned budget, bool *again)
{
	unsigned done = 0, got, max;
	struct poll p;

	begin_poll(&p, ring);
	do {
		*again = build_fails(ring);
		if (tp_unlikely(*again))
			break;
		max = TP_MIN(budget - done, (unsigned)BATCH);
		got = take_batch(&p, max);
		deliver(&p);
		done += got;
	} while (got == max && done < budget);
	tp_rq_stats_add(ring->stats, &p.counted);
	return done;
}

unsigned tp_avf_rx_clean(struct tp_avf_queue *q, unsigned budget)
{
	struct tp_avf_rx_ring *ring = &q->rx;
	unsigned done;
	bool again;

	if (tp_unlikely(ring->parked))
		return 0;
	done = tp_avf_rx_deliver(ring, budget, &again);
	if (tp_unlikely(!tp_avf_rx_fill(q) || again))
		return budget;
	return done;
}

bool tp_avf_rx_waiting(const struct tp_avf_rx_ring *ring)
{
	uint64_t qw1;

	return ring->next_to_clean != ring->next_to_use && !ring->parked &&
	       is_written(&ring->desc[ring->next_to_clean], &qw1);
}

/* ---- emptying -------------------------------------------------------------------------------- */

/* Frames that the device wrote, or began to write, and nobody has taken. */
static uint32_t undelivered(const struct tp_avf_rx_ring *ring)
{
	bool open = ring->partial || ring->discard;
	uint32_t n = 0;
	uint64_t qw1;

	for (unsigned at = ring->next_to_clean;
	     at != ring->next_to_use && is_written(&ring->desc[at], &qw1);
	     at = tp_avf_next(at, ring->count)) {
		open = !(qw1 & TP_AVF_RXD_EOP);
		n += !open;
	}
	return n + open;
}

void tp_avf_rx_empty(struct tp_avf_rx_ring *ring)
{
	uint32_t lost = undelivered(ring);

	if (lost)
		tp_stats_count(ring->stats, drop_reset, lost);
	forget_partial(ring);
	ring->discard = false;
	while (ring->next_to_clean != ring->next_to_use) {
		unsigned at = ring->next_to_clean;
		unsigned end = ring->next_to_use > at ? ring->next_to_use : ring->count;

		tp_dma_pool_put(ring->pool->pool, &ring->bufs[at], end - at);
		ring->next_to_clean = end == ring->count ? 0 : end;
	}
	ring->next_to_use = ring->next_to_clean = 0;
}
