/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine_tx - transmit: descriptors become frames on the wire.
 *
 * A batch of frames is gathered as pieces of the driver's memory, handed over, and only then are
 * the descriptors that ask for it written back: when the driver sees them done, its memory has been
 * read.  All of it happens in one burst, so what was looked up stays valid.
 *
 * Invariants
 *  X1  The head passes a descriptor when its frame is in one of the counts.  A frame whose end is
 *      not there yet stays, unless no descriptor is left to bring it.
 *  X2  Each descriptor is read once; what a driver changes afterwards changes nothing.
 *  X3  The tail may be anything; out of range it means that there is no work.
 *
 * Locking: an engine works under its lock.  The interrupt is raised after it was given back.
 */
#include "model/avf/engine.h"

static const uint8_t padding[TP_ETH_MIN];

#define CMD(bits) ((uint64_t)(bits) << TP_AVF_TXD_CMD_SHIFT)

/* A frame in one descriptor that asks for nothing: what may and what must be set. */
#define ALL_CMDS   CMD(0x3ff)
#define PLAIN_MASK (TP_AVF_TXD_DTYPE | (ALL_CMDS & ~CMD(TP_AVF_TXC_RS)))
#define PLAIN	   (TP_AVF_TXD_DATA | CMD(TP_AVF_TXC_EOP | TP_AVF_TXC_ICRC))

static uint32_t size_of(uint64_t qw1)
{
	return qw1 >> TP_AVF_TXD_BUFSZ_SHIFT & TP_AVF_MAX_TXD_BYTES;
}

/* ---- to the wire ----------------------------------------------------------------------------- */

static void add_counts(struct tp_avf_tx_batch *b)
{
	struct tp_avf_queue_counts *to = b->e->counts;

	to->tx_frames += b->counts.tx_frames;
	to->tx_sent += b->counts.tx_sent;
	to->tx_bytes += b->counts.tx_bytes;
	to->tx_drop_malformed += b->counts.tx_drop_malformed;
	to->tx_drop_fault += b->counts.tx_drop_fault;
	to->tx_drop_spoof += b->counts.tx_drop_spoof;
	to->tx_drop_link += b->counts.tx_drop_link;
	for (unsigned i = 0; i < TP_AVF_NR_CASTS; i++)
		b->e->casts[i] += b->casts[i];
}

/* The first bytes of a frame that waits: its destination. */
static enum tp_avf_cast cast_of(const struct tp_wire_frame *frame)
{
	uint8_t room[TP_PACKET_HEADERS];
	uint32_t have;

	return tp_avf_cast_of(tp_avf_mac_word(tp_packet_bytes(frame, room, &have)));
}

/* Late, so that the memory has been fetched by then. */
static void count_sent(struct tp_avf_tx_batch *b)
{
	uint64_t bytes = 0, groups = 0;

	for (unsigned i = 0; i < b->nr_frames; i++) {
		const struct tp_wire_frame *frame = &b->frames[i];

		bytes += frame->len;
		if (tp_unlikely(*(const uint8_t *)frame->pieces->data & 1)) {
			b->casts[cast_of(frame)]++;
			groups++;
		}
	}
	b->casts[TP_AVF_UNICAST] += b->nr_frames - groups;
	b->counts.tx_bytes += bytes;
	b->counts.tx_sent += b->nr_frames;
}

void tp_avf_tx_flush(struct tp_avf_tx_batch *b)
{
	if (b->nr_frames && b->e->wire) {
		count_sent(b);
		tp_wire_send(b->e->wire, b->e->wire_side, b->frames, b->nr_frames);
	} else {
		b->counts.tx_drop_link += b->nr_frames;
	}
	b->nr_frames = b->nr_pieces = b->nr_header_bytes = 0;
}

/* F2 */
static void write_back(struct tp_avf_tx_batch *b)
{
	for (unsigned i = 0; i < b->nr_done; i++)
		tp_atomic_store(b->done[i].qw1, b->done[i].value | TP_AVF_TXD_DONE, TP_RELEASE);
}

static void push(struct tp_avf_tx_batch *b, uint32_t len, unsigned flags)
{
	if (tp_unlikely(len < TP_ETH_MIN)) {
		b->pieces[b->nr_pieces++] =
			(struct tp_wire_piece){ padding, TP_ETH_MIN - (size_t)len };
		len = TP_ETH_MIN;
	}
	b->frames[b->nr_frames++] = (struct tp_wire_frame){ .pieces = b->pieces + b->first,
							    .nr_pieces = b->nr_pieces - b->first,
							    .len = len,
							    .flags = flags };
}

/* The frame that is being put together comes from an address that is not the function's. */
static bool is_spoof(struct tp_avf_tx_batch *b, uint32_t len)
{
	const struct tp_wire_frame frame = { .pieces = b->pieces + b->first,
					     .nr_pieces = b->nr_pieces - b->first,
					     .len = len };
	struct tp_avf_port *port = &b->m->port;
	uint8_t room[TP_PACKET_HEADERS];
	const uint8_t *bytes;
	uint32_t have;
	bool own;

	if (!b->m->config.spoof_check)
		return false;
	bytes = tp_packet_bytes(&frame, room, &have);
	tp_spin_lock(&port->lock);
	tp_avf_port_derive(port);
	own = tp_avf_port_has_mac(port, tp_avf_mac_word(bytes + 6));
	tp_spin_unlock(&port->lock);
	return !own;
}

void tp_avf_tx_push(struct tp_avf_tx_batch *b, uint32_t len, unsigned flags)
{
	if (tp_unlikely(is_spoof(b, len))) {
		tp_avf_tx_discard(b, &b->counts.tx_drop_spoof, 1);
		return;
	}
	b->counts.tx_frames++;
	push(b, len, flags);
}

void tp_avf_tx_discard(struct tp_avf_tx_batch *b, uint64_t *counter, unsigned n)
{
	b->counts.tx_frames += n;
	*counter += n;
	b->nr_pieces = b->first;
}

/* ---- from memory ----------------------------------------------------------------------------- */

/* Pieces that follow each other in memory are one. */
static void add_piece(struct tp_avf_tx_batch *b, const char *data, uint32_t len)
{
	struct tp_wire_piece *last = b->pieces + b->nr_pieces - 1;

	if (b->nr_pieces > b->first && (const char *)last->data + last->len == data)
		last->len += len;
	else
		b->pieces[b->nr_pieces++] = (struct tp_wire_piece){ data, len };
}

bool tp_avf_tx_take(struct tp_avf_tx_batch *b, struct tp_avf_tx_cursor *cursor, uint32_t len)
{
	while (len) {
		uint64_t addr = cursor->buf->addr + cursor->at;
		uint32_t n = tp_avf_in_page(addr, TP_MIN(len, cursor->buf->len - cursor->at));
		const char *data;

		if (!n) {
			cursor->buf++;
			cursor->at = 0;
			continue;
		}
		data = tp_iommu_at(b->ring.iommu, (tp_dma_addr){ addr }, TP_IOMMU_READ);
		if (!data)
			return false;
		add_piece(b, data, n);
		cursor->at += n;
		len -= n;
	}
	return true;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static inline struct tp_avf_tx_desc *desc_at(struct tp_avf_tx_batch *b, unsigned i)
{
	i = i >= b->e->count ? i - b->e->count : i;
	return tp_avf_ring_at(&b->ring, i * sizeof(struct tp_avf_tx_desc));
}

static void add_context(struct tp_avf_tx_frame *f, const struct tp_avf_tx_desc *desc, uint64_t qw1)
{
	f->malformed |= f->nr_descs > 1;
	f->has_context = true;
	f->context[0] = desc->addr;
	f->context[1] = qw1;
}

static void add_data(struct tp_avf_tx_frame *f, const struct tp_avf_tx_desc *desc, uint64_t qw1)
{
	if (!f->nr_bufs)
		f->qw1 = qw1;
	if (f->nr_bufs == TP_AVF_TX_BUFS || !size_of(qw1)) {
		f->malformed = true;
		return;
	}
	f->bufs[f->nr_bufs++] = (struct tp_avf_tx_mem){ desc->addr, size_of(qw1) };
	f->len += size_of(qw1);
}

/* One more descriptor; true: the frame ends here. */
static bool add_desc(struct tp_avf_tx_frame *f, struct tp_avf_tx_desc *desc)
{
	uint64_t qw1 = tp_atomic_load(&desc->qw1, TP_RELAXED);

	f->nr_descs++;
	switch (qw1 & TP_AVF_TXD_DTYPE) {
	case TP_AVF_TXD_CONTEXT:
		add_context(f, desc, qw1);
		return false;
	case TP_AVF_TXD_DATA:
		add_data(f, desc, qw1);
		if (qw1 & CMD(TP_AVF_TXC_EOP) && qw1 & CMD(TP_AVF_TXC_RS))
			f->done = (struct tp_avf_tx_done){ &desc->qw1, qw1 };
		return qw1 & CMD(TP_AVF_TXC_EOP);
	default:
		f->malformed = true;
		return true;
	}
}

/* X1.  False: it is not all there, or the ring is not. */
static bool collect(struct tp_avf_tx_batch *b, unsigned pending, struct tp_avf_tx_frame *f)
{
	f->malformed = f->has_context = false;
	f->qw1 = f->context[0] = f->context[1] = 0;
	f->nr_descs = f->nr_bufs = f->len = 0;
	f->done.qw1 = NULL;
	while (f->nr_descs < pending) {
		struct tp_avf_tx_desc *desc = desc_at(b, b->e->head + f->nr_descs);

		if (!desc)
			return false;
		if (add_desc(f, desc))
			return true;
	}
	f->malformed = true;
	return pending + 1 >= b->e->count;
}

static void send_frame(struct tp_avf_tx_batch *b, const struct tp_avf_tx_frame *f)
{
	struct tp_avf_tx_wish wish;

	tp_avf_tx_begin(b);
	if (!tp_avf_tx_wish_of(f, &wish))
		tp_avf_tx_discard(b, &b->counts.tx_drop_malformed, 1);
	else if (wish.tso)
		tp_avf_tx_segments(b, f, &wish);
	else
		tp_avf_tx_whole(b, f, &wish);
}

/* The frame at the head, if it is all there; returns how many descriptors it had. */
static tp_noinline unsigned take_any(struct tp_avf_tx_batch *b, unsigned pending)
{
	struct tp_avf_tx_frame f;

	if (!collect(b, pending, &f))
		return 0;
	send_frame(b, &f);
	if (f.done.qw1)
		b->done[b->nr_done++] = f.done;
	return f.nr_descs;
}

/* Descriptors from the head that lie one behind the other in memory, and fit the batch. */
static unsigned in_a_run(const struct tp_avf_tx_batch *b, unsigned pending)
{
	const struct tp_avf_tx_engine *e = b->e;
	unsigned most = TP_MIN(pending, e->count - e->head);

	most = TP_MIN(most, tp_avf_ring_run(&b->ring, e->head * sizeof(struct tp_avf_tx_desc),
					    sizeof(struct tp_avf_tx_desc)));
	most = TP_MIN(most, TP_AVF_BATCH - TP_MAX(b->nr_frames, b->nr_done));
	return TP_MIN(most, TP_AVF_BATCH_PIECES - b->nr_pieces);
}

/*
 * Frames of one descriptor that ask for nothing and lie in one page: all that they cost stands in
 * this loop.  Returns how many there are before something else comes.
 */
static unsigned take_plain(struct tp_avf_tx_batch *b, unsigned pending)
{
	struct tp_avf_tx_desc *desc = desc_at(b, b->e->head);
	struct tp_wire_frame *frame = b->frames + b->nr_frames;
	struct tp_wire_piece *piece = b->pieces + b->nr_pieces;
	struct tp_avf_tx_done *done = b->done + b->nr_done;
	struct tp_iommu *iommu = b->ring.iommu;
	unsigned n, most = desc ? in_a_run(b, pending) : 0;

	for (n = 0; n < most; n++, desc++) {
		uint64_t addr = desc->addr, qw1 = tp_atomic_load(&desc->qw1, TP_RELAXED);
		uint32_t len = size_of(qw1);
		const void *data;

		if (tp_unlikely((qw1 & PLAIN_MASK) != PLAIN || len < TP_ETH_MIN ||
				tp_avf_in_page(addr, len) < len))
			break;
		data = tp_iommu_at(iommu, (tp_dma_addr){ addr }, TP_IOMMU_READ);
		if (tp_likely(data)) {
			__builtin_prefetch(data);
			*piece = (struct tp_wire_piece){ data, len };
			*frame++ = (struct tp_wire_frame){ piece++, 1, len, 0 };
		}
		if (qw1 & CMD(TP_AVF_TXC_RS))
			*done++ = (struct tp_avf_tx_done){ &desc->qw1, qw1 };
	}
	b->counts.tx_frames += n;
	b->counts.tx_drop_fault += n - (unsigned)(frame - b->frames - b->nr_frames);
	b->nr_frames = (unsigned)(frame - b->frames);
	b->nr_pieces = (unsigned)(piece - b->pieces);
	b->nr_done = (unsigned)(done - b->done);
	return n;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static void begin_batch(struct tp_avf_tx_batch *b, struct tp_avf_model *m,
			struct tp_avf_tx_engine *e)
{
	b->m = m;
	b->e = e;
	tp_avf_ring_view_init(&b->ring, m->bus.iommu, e->ring);
	b->counts = (struct tp_avf_queue_counts){ 0 };
	memset(b->casts, 0, sizeof(b->casts));
	b->nr_frames = b->nr_pieces = b->nr_header_bytes = b->nr_done = b->first = 0;
}

/* As many frames as go into a batch; returns how many descriptors they had. */
static unsigned run_batch(struct tp_avf_tx_batch *b, unsigned pending)
{
	struct tp_avf_tx_engine *e = b->e;
	unsigned done = 0, n;

	while (done < pending && b->nr_done < TP_AVF_BATCH && tp_avf_tx_has_room(b)) {
		n = b->m->config.spoof_check ? 0 : take_plain(b, pending - done);
		n = n ? n : take_any(b, pending - done);
		if (!n)
			break;
		done += n;
		e->head = e->head + n >= e->count ? e->head + n - e->count : e->head + n;
	}
	tp_avf_tx_flush(b);
	write_back(b);
	add_counts(b);
	return done;
}

/* Under the lock; true: something was done.  @reported: descriptors were written back. */
static bool run(struct tp_avf_model *m, unsigned q, bool *reported)
{
	struct tp_avf_tx_engine *e = &m->tx[q];
	struct tp_avf_tx_batch b;
	unsigned pending, done;
	bool some = false;

	if (!e->enabled || e->hung || !m->bus.iommu)
		return false;
	do {
		pending = tp_avf_ring_pending(e->count, e->head,
					      tp_atomic_load(&e->tail, TP_ACQUIRE));
		if (!pending)
			break;
		begin_batch(&b, m, e);
		tp_iommu_enter(b.ring.iommu, 2 * q);
		done = run_batch(&b, pending);
		tp_iommu_leave(b.ring.iommu, 2 * q);
		*reported |= b.nr_done;
		some |= done;
		if (b.counts.tx_drop_malformed && m->config.mdd_reset)
			tp_atomic_store(&m->malicious, 1, TP_RELAXED);
	} while (done);
	return some;
}

static bool run_queue(struct tp_avf_model *m, unsigned q)
{
	struct tp_avf_tx_engine *e = &m->tx[q];
	unsigned vector, itr;
	bool some, reported = false;

	tp_spin_lock(&e->lock);
	some = run(m, q, &reported);
	vector = e->vector;
	itr = e->itr;
	tp_spin_unlock(&e->lock);
	if (reported)
		tp_avf_interrupt(m, vector, itr);
	return some;
}

/* Malicious driver detected: what the physical function makes of it. */
static void punish(struct tp_avf_model *m)
{
	if (tp_unlikely(m->config.mdd_reset) && tp_atomic_exchange(&m->malicious, 0, TP_RELAXED))
		tp_avf_model_pf_reset(m, true);
}

bool tp_avf_engines_run(struct tp_avf_model *m)
{
	bool some = false;

	for (unsigned q = 0; q < m->config.queues; q++)
		some |= run_queue(m, q);
	punish(m);
	return some;
}

void tp_avf_engine_doorbell(struct tp_avf_model *m, unsigned q, bool tx, uint32_t tail)
{
	tp_atomic_store(tx ? &m->tx[q].tail : &m->rx[q].tail, tail, TP_RELEASE);
	if (!tx || m->config.mode == TP_AVF_MANUAL)
		return;
	if (m->config.mode == TP_AVF_THREAD) {
		tp_avf_kick(m);
		return;
	}
	run_queue(m, q);
	punish(m);
}
