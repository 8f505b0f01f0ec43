/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* internal - what the parts of the stack share: the device in lwIP, and the way out. */
#ifndef TP_NET_LWIP_INTERNAL_H
#define TP_NET_LWIP_INTERNAL_H

#include <lwip/netif.h>
#include <lwip/tcpip.h>

#include "net/lwip/stack.h"

enum { TP_LWIP_PENDING = 256 };

struct tp_lwip {
	struct tp_lwip_config config;
	struct netif netif;
	uint8_t mac[6]; /* of the device, when it joined; and its MTU, bytes */
	uint16_t mtu;
	bool batching; /* under the core lock: frames are received, those to send are gathered */
	tp_atomic_u64 held;
	struct tp_wait_queue returned; /* held became 0 */
	tp_quiet given, copied, dropped, to_send, sent, refused, no_buffer, joined, large, wire;
	struct tp_spinlock lock;
	struct tp_netbuf *pending[TP_LWIP_PENDING]; /* under lock */
	unsigned nr_pending;
};

/* lwIP's link output. */
err_t tp_lwip_output(struct netif *netif, struct pbuf *p);
/* Offer what is pending to the device. */
void tp_lwip_flush(struct tp_lwip *lwip);

/* ---- joining segments ------------------------------------------------------------------------ */

/* What matters of a TCP segment; false: it cannot be part of a larger frame. */
struct tp_lwip_segment {
	const uint8_t *headers;
	unsigned l3_len, l4_len, headers_len; /* bytes */
	uint32_t payload;
	bool ipv6;
};

bool tp_lwip_segment(const struct pbuf *p, struct tp_lwip_segment *segment);
/* Make a frame just copied from @segment one that others may join. */
void tp_lwip_can_grow(struct tp_netbuf *frame, const struct tp_lwip_segment *segment);
/* Append @segment to @frame if it continues it; false: it does not, or there is no room. */
bool tp_lwip_join(struct tp_netbuf *frame, const struct tp_lwip_segment *segment);

#endif
