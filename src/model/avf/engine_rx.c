/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine_rx - receive: frames of the wire become data and descriptors in the driver's memory.
 *
 * Invariants
 *  R1  A frame is offered to one queue and then written, or in one of its drop counts.
 *  R2  Descriptors are written back in order, each after its data, and only when the whole frame
 *      is in memory: a frame that meets a fault leaves its descriptors as they were.
 *  R3  Nothing is written but buffers of descriptors between head and tail, at most the configured
 *      size of each, and those descriptors.
 *
 * Locking: an engine works under its lock.  The interrupt is raised after it was given back.
 */
#include "core/invariant.h"
#include "model/avf/engine.h"

/* What one burst does. */
struct burst {
	struct tp_avf_model *m;
	struct tp_avf_rx_engine *e;
	unsigned q, pending; /* descriptors that may be used */
	struct tp_avf_ring_view ring;
	struct tp_avf_queue_counts counts; /* to be added to the engine's */
};

enum { ADDRESSES = 12 };

/* A frame as it is to be in memory: without its tag, with its FCS. */
struct image {
	uint32_t len;
	unsigned nr;
	struct tp_wire_piece pieces[TP_WIRE_PIECES + 2];
	uint32_t fcs;
};

/* ---- descriptors ----------------------------------------------------------------------------- */

static inline struct tp_avf_rx_desc *desc_at(struct burst *b, unsigned i)
{
	i = i >= b->e->count ? i - b->e->count : i;
	return tp_avf_ring_at(&b->ring, i * sizeof(struct tp_avf_rx_desc));
}

/* F2 */
static inline void put(struct tp_avf_rx_desc *desc, uint64_t qw0, uint64_t qw1)
{
	desc->qw0 = qw0;
	desc->qw2 = desc->qw3 = 0;
	tp_atomic_store(&desc->qw1, qw1, TP_RELEASE);
}

/* R2; what a broken or malicious device would write goes through somebody's hands. */
static void write_back(struct burst *b, struct tp_avf_rx_desc *desc, uint64_t qw0, uint64_t qw1)
{
	uint64_t qw[4] = { qw0, qw1, 0, 0 };

	if (!b->m->tamper_rx) {
		put(desc, qw0, qw1);
		return;
	}
	b->m->tamper_rx(b->m->tamper_arg, b->q, qw);
	desc->qw2 = qw[2];
	desc->qw3 = qw[3];
	desc->qw0 = qw[0];
	tp_atomic_store(&desc->qw1, qw[1], TP_RELEASE);
}

static inline void advance(struct burst *b, unsigned n)
{
	b->e->head = b->e->head + n >= b->e->count ? b->e->head + n - b->e->count : b->e->head + n;
	b->pending -= n;
}

/* The first and the last quad word that say something of @meta's frame. */
static inline uint64_t last_qw0(const struct tp_avf_rx_meta *meta)
{
	return (uint64_t)meta->hash << 32 | (meta->strip ? (uint64_t)meta->tci << 16 : 0);
}

static inline uint64_t last_qw1(const struct tp_avf_rx_meta *meta, uint32_t len)
{
	return meta->qw1 | TP_AVF_RXD_DD | TP_AVF_RXD_EOP | (meta->strip ? TP_AVF_RXD_L2TAG1P : 0) |
	       (uint64_t)len << TP_AVF_RXD_LEN_SHIFT;
}

static inline uint64_t l4_error(uint64_t sum)
{
	return tp_csum_fold(sum) == 0xffff ? 0 : TP_AVF_RXE_L4E;
}

static void count_written(struct burst *b, const struct tp_wire_frame *frame)
{
	b->counts.rx_written++;
	b->counts.rx_bytes += frame->len;
}

/* ---- frames that need more than one copy ----------------------------------------------------- */

static void add_bytes(struct image *image, const struct tp_wire_frame *frame, size_t from,
		      size_t len)
{
	for (const struct tp_wire_piece *piece = frame->pieces; len; piece++) {
		size_t n = piece->len > from ? TP_MIN(piece->len - from, len) : 0;

		if (n)
			image->pieces[image->nr++] =
				(struct tp_wire_piece){ (const char *)piece->data + from, n };
		from -= TP_MIN(from, piece->len);
		len -= n;
	}
}

static void make_image(const struct burst *b, const struct tp_wire_frame *frame,
		       const struct tp_avf_rx_meta *meta, struct image *image)
{
	size_t behind = meta->strip ? ADDRESSES + TP_ETH_TAG : ADDRESSES;

	TP_INVARIANT(frame->nr_pieces <= TP_WIRE_PIECES);
	image->nr = 0;
	image->len = frame->len - (meta->strip ? TP_ETH_TAG : 0);
	add_bytes(image, frame, 0, ADDRESSES);
	add_bytes(image, frame, behind, frame->len - behind);
	if (b->e->crc_disable) {
		image->fcs = ~tp_crc_pieces(tp_crc32_add, ~0u, image->pieces, 0, image->len);
		image->pieces[image->nr++] = (struct tp_wire_piece){ &image->fcs, TP_AVF_FCS };
		image->len += TP_AVF_FCS;
	}
}

/* Write [@from, @from + @len) of the image. */
static bool write_part(struct burst *b, const struct image *image, uint32_t from, uint64_t to,
		       uint32_t len)
{
	for (const struct tp_wire_piece *piece = image->pieces; len; piece++) {
		uint32_t n = piece->len > from ? TP_MIN((uint32_t)piece->len - from, len) : 0;

		if (n && !tp_iommu_write(b->ring.iommu, (tp_dma_addr){ to },
					 (const char *)piece->data + from, n))
			return false;
		from -= TP_MIN(from, (uint32_t)piece->len);
		to += n;
		len -= n;
	}
	return true;
}

/* The data of a frame to as many buffers as it takes. */
static bool write_data(struct burst *b, const struct image *image)
{
	uint32_t size = b->e->buf_size;

	for (uint32_t at = 0, i = 0; at < image->len; at += size, i++) {
		struct tp_avf_rx_desc *desc = desc_at(b, b->e->head + i);

		if (!desc || !write_part(b, image, at, desc->qw0, TP_MIN(size, image->len - at)))
			return false;
	}
	return true;
}

static void write_descs(struct burst *b, const struct tp_avf_rx_meta *meta, uint32_t len)
{
	uint32_t size = b->e->buf_size;

	for (; len > size; len -= size) {
		write_back(b, desc_at(b, b->e->head), 0,
			   TP_AVF_RXD_DD | (uint64_t)size << TP_AVF_RXD_LEN_SHIFT);
		advance(b, 1);
	}
	write_back(b, desc_at(b, b->e->head), last_qw0(meta), last_qw1(meta, len));
	advance(b, 1);
}

/* A frame of any kind. */
static tp_noinline void deliver_any(struct burst *b, const struct tp_wire_frame *frame,
				    struct tp_avf_rx_meta meta)
{
	struct image image;

	if (frame->len + TP_AVF_FCS > b->e->max_frame) {
		b->counts.rx_drop_oversize++;
		return;
	}
	make_image(b, frame, &meta, &image);
	if (b->pending < (image.len + b->e->buf_size - 1) / b->e->buf_size) {
		b->counts.rx_drop_no_desc++;
		return;
	}
	if (!write_data(b, &image)) {
		b->counts.rx_drop_fault++;
		return;
	}
	if (meta.l4_len)
		meta.qw1 |= l4_error(
			tp_csum_pieces(meta.pseudo, frame->pieces, meta.l4_at, meta.l4_len));
	if (b->e->crc_disable)
		meta.qw1 |= TP_AVF_RXD_CRCP;
	write_descs(b, &meta, image.len);
	count_written(b, frame);
}

/* ---- the usual frame: one piece, one buffer, one page ---------------------------------------- */

/*
 * Copy a little without a call, in steps that may go beyond @len, up to @room; what is written too
 * much is written again, or the rest of the room is nobody's.
 */
static inline void copy_short(uint8_t *to, const uint8_t *from, uint32_t len, uint32_t room)
{
	enum { STEP = 16 };
	uint32_t at = 0;

	for (; at < len && at + STEP <= room; at += STEP)
		memcpy(to + at, from + at, STEP);
	if (at < len)
		memcpy(to + at, from + at, len - at);
}

/* A small frame in two parts of a length that is known here; they may overlap. */
static inline void copy_all(uint8_t *to, const uint8_t *from, uint32_t len)
{
	enum { PART = 64 };

	if (len < PART || len > 2 * PART) {
		memcpy(to, from, len);
		return;
	}
	memcpy(to, from, PART);
	if (len > PART)
		memcpy(to + len - PART, from + len - PART, PART);
}

/* Copy, and sum up what is to be checked on the way. */
static inline uint64_t copy(uint8_t *to, const uint8_t *from, uint32_t len,
			    const struct tp_avf_rx_meta *meta)
{
	uint32_t l4_end = meta->l4_at + meta->l4_len;
	uint64_t sum;

	if (!meta->l4_len) {
		copy_all(to, from, len);
		return 0;
	}
	copy_short(to, from, meta->l4_at, len);
	sum = tp_csum_copy(meta->pseudo, to + meta->l4_at, from + meta->l4_at, meta->l4_len);
	if (l4_end < len)
		memcpy(to + l4_end, from + l4_end, len - l4_end);
	return l4_error(sum);
}

/* The longest frame that is one; 0: none is. */
static uint32_t usual_len(const struct burst *b)
{
	const struct tp_avf_rx_engine *e = b->e;

	if (e->crc_disable || b->m->tamper_rx || e->max_frame < TP_AVF_FCS)
		return 0;
	return TP_MIN(e->buf_size, e->max_frame - TP_AVF_FCS);
}

/* Descriptors from the head that may be used and lie one behind the other in memory. */
static unsigned in_a_run(const struct burst *b)
{
	const struct tp_avf_rx_engine *e = b->e;
	unsigned most = TP_MIN(b->pending, e->count - e->head);

	return TP_MIN(most, tp_avf_ring_run(&b->ring, e->head * sizeof(struct tp_avf_rx_desc),
					    sizeof(struct tp_avf_rx_desc)));
}

/*
 * Usual frames from @i on: all that they cost stands in this loop.  Returns the first that is not
 * one, or has no descriptor in this run.
 */
static unsigned deliver_usual(struct burst *b, const struct tp_wire_frame *frames,
			      const struct tp_avf_rx_meta *metas, unsigned i)
{
	struct tp_avf_rx_desc *desc = b->pending ? desc_at(b, b->e->head) : NULL;
	unsigned n = 0, most = desc ? in_a_run(b) : 0;
	struct tp_iommu *iommu = b->ring.iommu;
	uint32_t limit = usual_len(b);
	uint64_t bytes = 0;

	for (; n < most && i < TP_AVF_BATCH; i = metas[i].next) {
		const struct tp_wire_frame *frame = &frames[i];
		const struct tp_avf_rx_meta *meta = &metas[i];
		uint64_t addr = desc->qw0, errors;
		uint32_t len = frame->len;
		void *to;

		if (tp_unlikely(frame->nr_pieces != 1 || len > limit || meta->strip ||
				tp_avf_in_page(addr, len) < len))
			break;
		to = tp_iommu_at(iommu, (tp_dma_addr){ addr }, TP_IOMMU_WRITE);
		if (tp_unlikely(!to)) {
			b->counts.rx_drop_fault++;
			continue;
		}
		errors = copy(to, frame->pieces->data, len, meta);
		put(desc++, last_qw0(meta), last_qw1(meta, len) | errors);
		bytes += len;
		n++;
	}
	advance(b, n);
	b->counts.rx_written += n;
	b->counts.rx_bytes += bytes;
	return i;
}

/* ---- the engine ------------------------------------------------------------------------------ */

static void add_counts(struct burst *b)
{
	struct tp_avf_queue_counts *to = b->e->counts;
	const struct tp_avf_queue_counts *n = &b->counts;

	to->rx_offered += n->rx_offered;
	to->rx_written += n->rx_written;
	to->rx_drop_disabled += n->rx_drop_disabled;
	to->rx_drop_no_desc += n->rx_drop_no_desc;
	to->rx_drop_fault += n->rx_drop_fault;
	to->rx_drop_oversize += n->rx_drop_oversize;
	to->rx_bytes += n->rx_bytes;
}

static void deliver(struct burst *b, const struct tp_wire_frame *frames,
		    const struct tp_avf_rx_meta *metas, unsigned first)
{
	struct tp_avf_rx_engine *e = b->e;
	struct tp_iommu *iommu = b->m->bus.iommu;

	if (tp_unlikely(!e->enabled || e->hung || !e->buf_size || !iommu)) {
		b->counts.rx_drop_disabled = b->counts.rx_offered;
		return;
	}
	b->pending = tp_avf_ring_pending(e->count, e->head, tp_atomic_load(&e->tail, TP_ACQUIRE));
	tp_avf_ring_view_init(&b->ring, iommu, e->ring);
	tp_iommu_enter(iommu, 2 * b->q + 1);
	for (unsigned i = first, next; i < TP_AVF_BATCH; i = next) {
		next = deliver_usual(b, frames, metas, i);
		if (next == i) {
			deliver_any(b, &frames[i], metas[i]);
			next = metas[i].next;
		}
	}
	tp_iommu_leave(iommu, 2 * b->q + 1);
}

void tp_avf_rx_write(struct tp_avf_model *m, unsigned q, const struct tp_wire_frame *frames,
		     const struct tp_avf_rx_meta *metas, struct tp_avf_rx_list list)
{
	struct tp_avf_rx_engine *e = &m->rx[q];
	struct burst b = { .m = m, .e = e, .q = q, .counts.rx_offered = list.nr };
	unsigned vector, itr;

	tp_spin_lock(&e->lock);
	deliver(&b, frames, metas, list.first);
	add_counts(&b);
	vector = e->vector;
	itr = e->itr;
	tp_spin_unlock(&e->lock);
	if (b.counts.rx_written)
		tp_avf_interrupt(m, vector, itr);
}
