/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_tx_linearize - frames in too many buffers for the device, and copies of them in fewer.
 *
 * A packet on the wire may come from TP_AVF_MAX_BUFS descriptors (T14).  For a plain frame these
 * are all of its descriptors.  Each segment of a TSO frame takes those of the headers, anew, and
 * those its payload lies in; one that holds both counts twice, as the device fetches it twice.
 */
#include "core/invariant.h"
#include "net/avf/avf_traffic.h"

/* A walk along the descriptors of a frame. */
struct walk {
	const struct tp_netbuf *nb;
	uint32_t left;	/* of this buffer's bytes, those of later descriptors */
	uint32_t piece; /* bytes of this descriptor that are still ahead */
};

static void next_piece(struct walk *w)
{
	while (!w->left) {
		w->nb = w->nb->next;
		TP_INVARIANT(w->nb);
		w->left = w->nb->len;
	}
	w->piece = tp_avf_tx_chunk(w->left);
	w->left -= w->piece;
}

/* Go on by @len bytes, which are there; returns how many descriptors they lie in. */
static unsigned pieces_of(struct walk *w, uint32_t len)
{
	unsigned n = 0;

	while (len) {
		uint32_t step;

		if (!w->piece)
			next_piece(w);
		step = TP_MIN(len, w->piece);
		w->piece -= step;
		len -= step;
		n++;
	}
	return n;
}

static bool segments_fit(const struct tp_netbuf *frame, uint32_t headers, uint32_t mss)
{
	struct walk w = { frame, frame->len, 0 };
	unsigned of_headers = pieces_of(&w, headers);

	for (uint32_t left = frame->frame_len - headers, step; left; left -= step) {
		step = TP_MIN(left, mss);
		if (of_headers + pieces_of(&w, step) > TP_AVF_MAX_BUFS)
			return false;
	}
	return true;
}

bool tp_avf_tx_fits(const struct tp_netbuf *frame, uint32_t headers, uint32_t mss)
{
	struct walk w = { frame, frame->len, 0 };

	if (mss)
		return segments_fit(frame, headers, mss);
	return pieces_of(&w, frame->frame_len) <= TP_AVF_MAX_BUFS;
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void copy_wishes(struct tp_netbuf *to, const struct tp_netbuf *from)
{
	to->flags = from->flags;
	to->mss = from->mss;
	to->vlan_tci = from->vlan_tci;
	to->l2_len = from->l2_len;
	to->l3_len = from->l3_len;
	to->l4_len = from->l4_len;
}

static void copy_content(struct tp_netbuf *to, const struct tp_netbuf *from)
{
	uint32_t at = 0;

	for (; from; from = from->next) {
		tp_netbuf_copy_in(to, at, tp_netbuf_data(from), from->len);
		at += from->len;
	}
}

struct tp_netbuf *tp_avf_tx_linearize(const struct tp_netbuf *frame, struct tp_dma_pool *pool)
{
	struct tp_netbuf *copy = tp_netbuf_alloc_frame(pool, frame->frame_len);
	uint32_t headers = (uint32_t)frame->l2_len + frame->l3_len + frame->l4_len;

	if (!copy)
		return NULL;
	copy_wishes(copy, frame);
	copy_content(copy, frame);
	if (tp_avf_tx_fits(copy, headers, frame->flags & TP_NB_TSO ? frame->mss : 0))
		return copy;
	tp_netbuf_free(copy);
	return NULL;
}
