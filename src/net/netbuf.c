/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netbuf - frames made of a pool's buffers: taking, filling, chaining and giving them back. */
#include "net/netbuf.h"

#include <string.h>

#include "core/invariant.h"

/* Buffers that go from or to a pool in one call. */
enum { BATCH = 64 };

int tp_netbuf_pool_create(struct tp_dma_pool_config config, struct tp_dma_pool **pool)
{
	config.object_size = sizeof(struct tp_netbuf);
	return tp_dma_pool_create(&config, pool);
}

_Static_assert(offsetof(struct tp_netbuf, mss) == 64, "what a plain frame needs is one line");

/* ---- taking ---------------------------------------------------------------------------------- */

static struct tp_netbuf *netbuf_of(struct tp_dma_buf *buf)
{
	return tp_container_of(buf, struct tp_netbuf, buf);
}

/* Nothing of the buffer's last life is left but its memory, and what counts only with a flag. */
static struct tp_netbuf *make_empty(struct tp_dma_buf *buf)
{
	struct tp_netbuf *nb = netbuf_of(buf);

	tp_netbuf_set_origin(nb, 0, 0);
	nb->next = NULL;
	nb->offset = TP_NETBUF_HEADROOM;
	nb->len = 0;
	nb->frame_len = 0;
	nb->nr_bufs = 1;
	nb->flags = 0;
	nb->hash = 0;
	return nb;
}

unsigned tp_netbuf_alloc_bulk(struct tp_dma_pool *pool, struct tp_netbuf **frames, unsigned n)
{
	struct tp_dma_buf *bufs[BATCH];
	unsigned done = 0, want, got;

	do {
		want = TP_MIN(n - done, (unsigned)BATCH);
		got = tp_dma_pool_get(pool, bufs, want);
		for (unsigned i = 0; i < got; i++)
			frames[done + i] = make_empty(bufs[i]);
		done += got;
	} while (got == want && done < n);
	return done;
}

struct tp_netbuf *tp_netbuf_alloc(struct tp_dma_pool *pool)
{
	struct tp_dma_buf *buf;

	return tp_dma_pool_get(pool, &buf, 1) ? make_empty(buf) : NULL;
}

/* Only the first has headroom. */
static unsigned bufs_for(uint32_t len, unsigned size)
{
	uint32_t first = size - TP_NETBUF_HEADROOM;

	return len <= first ? 1 : 1 + (len - first + size - 1) / size;
}

/* Make one frame of @n buffers, as long as @len. */
static struct tp_netbuf *chain(struct tp_dma_buf **bufs, unsigned n, uint32_t len, unsigned size)
{
	struct tp_netbuf *frame = make_empty(bufs[0]), *nb = frame;
	uint32_t room = size - TP_NETBUF_HEADROOM, left = len;

	for (unsigned i = 1; i < n; i++) {
		nb->len = (uint16_t)room;
		left -= room;
		room = size;
		nb->next = make_empty(bufs[i]);
		nb = nb->next;
		nb->offset = 0;
	}
	nb->len = (uint16_t)left;
	frame->frame_len = len;
	frame->nr_bufs = (uint16_t)n;
	return frame;
}

struct tp_netbuf *tp_netbuf_alloc_frame(struct tp_dma_pool *pool, uint32_t len)
{
	unsigned size = tp_dma_pool_buf_size(pool), n, got;
	struct tp_dma_buf *bufs[TP_NETBUF_MAX_BUFS];

	if (len > TP_NETBUF_MAX_LEN)
		return NULL;
	n = bufs_for(len, size);
	if (n > TP_NETBUF_MAX_BUFS)
		return NULL;
	got = tp_dma_pool_get(pool, bufs, n);
	if (got == n)
		return chain(bufs, n, len, size);
	if (got)
		tp_dma_pool_put(pool, bufs, got);
	return NULL;
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* Buffers of one pool that go back to it together. */
struct batch {
	struct tp_dma_pool *pool;
	unsigned n;
	struct tp_dma_buf *bufs[BATCH];
};

static void flush(struct batch *batch)
{
	if (batch->n)
		tp_dma_pool_put(batch->pool, batch->bufs, batch->n);
	batch->n = 0;
}

static void add_buffer(struct batch *batch, struct tp_dma_buf *buf)
{
	if (buf->pool != batch->pool || batch->n == BATCH) {
		flush(batch);
		batch->pool = buf->pool;
	}
	batch->bufs[batch->n++] = buf;
}

static void add_frame(struct batch *batch, struct tp_netbuf *frame)
{
	for (struct tp_netbuf *nb = frame, *next; nb; nb = next) {
		next = nb->next;
		add_buffer(batch, &nb->buf);
	}
}

/* Frames of one buffer that follow each other and go to the same pool; returns how many. */
static unsigned add_plain(struct batch *batch, struct tp_netbuf **frames, unsigned n)
{
	struct tp_dma_buf **const bufs = &batch->bufs[batch->n];
	unsigned i = 0;

	n = TP_MIN(n, BATCH - batch->n);
	for (; i < n && frames[i] && !frames[i]->next && frames[i]->buf.pool == batch->pool; i++)
		bufs[i] = &frames[i]->buf;
	batch->n += i;
	return i;
}

void tp_netbuf_free_bulk(struct tp_netbuf **frames, unsigned n)
{
	struct batch batch;

	batch.pool = NULL;
	batch.n = 0;
	for (unsigned i = 0; i < n; i++) {
		i += add_plain(&batch, frames + i, n - i);
		if (i < n)
			add_frame(&batch, frames[i]);
	}
	flush(&batch);
}

void tp_netbuf_free(struct tp_netbuf *frame)
{
	tp_netbuf_free_bulk(&frame, 1);
}

/* ---- content --------------------------------------------------------------------------------- */

/* A walk over the bytes of a frame, piece by piece. */
struct cursor {
	const struct tp_netbuf *nb;
	uint32_t at;   /* in this buffer's data */
	uint32_t left; /* to go */
};

static struct cursor cursor_at(const struct tp_netbuf *frame, uint32_t at, uint32_t len)
{
	struct cursor c = { frame, at, len };

	TP_INVARIANT(len <= frame->frame_len && at <= frame->frame_len - len);
	while (c.left && c.at >= c.nb->len) {
		c.at -= c.nb->len;
		c.nb = c.nb->next;
		TP_INVARIANT(c.nb);
	}
	return c;
}

/* The next piece of memory; its length in @len, 0 at the end. */
static void *next_piece(struct cursor *c, uint32_t *len)
{
	void *piece;

	while (c->left && c->at == c->nb->len) {
		c->nb = c->nb->next;
		c->at = 0;
		TP_INVARIANT(c->nb);
	}
	*len = TP_MIN(c->left, c->nb->len - c->at);
	piece = (char *)tp_netbuf_data(c->nb) + c->at;
	c->at += *len;
	c->left -= *len;
	return piece;
}

void tp_netbuf_copy_out(const struct tp_netbuf *frame, uint32_t at, void *to, uint32_t len)
{
	struct cursor c = cursor_at(frame, at, len);
	char *out = to;

	while (c.left) {
		uint32_t n;
		const void *piece = next_piece(&c, &n);

		memcpy(out, piece, n);
		out += n;
	}
}

void tp_netbuf_copy_in(struct tp_netbuf *frame, uint32_t at, const void *from, uint32_t len)
{
	struct cursor c = cursor_at(frame, at, len);
	const char *in = from;

	while (c.left) {
		uint32_t n;
		void *piece = next_piece(&c, &n);

		memcpy(piece, in, n);
		in += n;
	}
}

void tp_netbuf_append(struct tp_netbuf *frame, struct tp_netbuf *extra)
{
	struct tp_netbuf *last = frame;

	while (last->next)
		last = last->next;
	last->next = extra;
	frame->frame_len += extra->frame_len;
	frame->nr_bufs = (uint16_t)(frame->nr_bufs + extra->nr_bufs);
}

void tp_netbuf_hold(struct tp_netbuf *frame, const char *holder)
{
	for (struct tp_netbuf *nb = frame; nb; nb = nb->next)
		tp_dma_buf_hold(&nb->buf, holder);
}

unsigned tp_netbuf_segments(const struct tp_netbuf *frame)
{
	uint32_t headers = (uint32_t)frame->l2_len + frame->l3_len + frame->l4_len;

	if (!(frame->flags & TP_NB_TSO) || !frame->mss || frame->frame_len <= headers)
		return 1;
	return (frame->frame_len - headers + frame->mss - 1) / frame->mss;
}
