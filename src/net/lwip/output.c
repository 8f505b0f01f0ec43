/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output - lwIP's packets become frames and leave, in batches while others are received. */
#include <string.h>

#include "net/lwip/internal.h"

enum { BURST = 32 };

/* What the device does not take waits for its wake. */
static void flush(struct tp_lwip *lwip)
{
	struct tp_netdev *nd = lwip->config.nd;
	unsigned n = lwip->nr_pending, taken, wire[TP_LWIP_PENDING];
	uint64_t large = 0, on_wire = 0;

	tp_spin_assert_held(&lwip->lock);
	if (!n)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct tp_netbuf *frame = lwip->pending[i];

		/* One segment needs no cutting. */
		wire[i] = tp_netbuf_segments(frame);
		if (wire[i] == 1)
			frame->flags = 0;
	}
	taken = tp_netdev_xmit(nd, 0, lwip->pending, n, false);
	for (unsigned i = 0; i < taken; i++) {
		large += wire[i] > 1;
		on_wire += wire[i];
	}
	tp_quiet_add(&lwip->sent, taken);
	tp_quiet_add(&lwip->large, large);
	tp_quiet_add(&lwip->wire, on_wire);
	lwip->nr_pending -= taken;
	memmove(lwip->pending, lwip->pending + taken, lwip->nr_pending * sizeof(lwip->pending[0]));
}

void tp_lwip_flush(struct tp_lwip *lwip)
{
	tp_spin_lock(&lwip->lock);
	flush(lwip);
	tp_spin_unlock(&lwip->lock);
}

static struct tp_netbuf *frame_of(struct tp_lwip *lwip, const struct pbuf *p)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(lwip->config.nd->pool, p->tot_len);
	uint32_t at = 0;

	for (const struct pbuf *q = p; frame && q; q = q->next) {
		tp_netbuf_copy_in(frame, at, q->payload, q->len);
		at += q->len;
	}
	if (frame)
		tp_netbuf_hold(frame, "lwip");
	return frame;
}

/* Under lock.  False: it stands alone. */
static bool join_last(struct tp_lwip *lwip, const struct tp_lwip_segment *segment)
{
	if (!lwip->nr_pending || !tp_lwip_join(lwip->pending[lwip->nr_pending - 1], segment))
		return false;
	tp_quiet_add(&lwip->joined, 1);
	return true;
}

static err_t append(struct tp_lwip *lwip, struct pbuf *p, const struct tp_lwip_segment *segment)
{
	struct tp_netbuf *frame;

	if (lwip->nr_pending == TP_LWIP_PENDING) {
		tp_quiet_add(&lwip->refused, 1);
		return ERR_MEM;
	}
	frame = frame_of(lwip, p);
	if (!frame) {
		tp_quiet_add(&lwip->no_buffer, 1);
		return ERR_MEM;
	}
	if (segment)
		tp_lwip_can_grow(frame, segment);
	lwip->pending[lwip->nr_pending++] = frame;
	return ERR_OK;
}

err_t tp_lwip_output(struct netif *netif, struct pbuf *p)
{
	struct tp_lwip *lwip = netif->state;
	struct tp_lwip_segment segment;
	bool grows = !lwip->config.no_tso && tp_lwip_segment(p, &segment);
	err_t err = ERR_OK;

	tp_quiet_add(&lwip->to_send, 1);
	tp_spin_lock(&lwip->lock);
	if (!grows || !join_last(lwip, &segment))
		err = append(lwip, p, grows ? &segment : NULL);
	if (!lwip->batching || lwip->nr_pending >= BURST)
		flush(lwip);
	tp_spin_unlock(&lwip->lock);
	return err;
}
