/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * join - full segments of one stream that follow each other become one large frame, which the
 * device cuts again.
 *
 * What the device makes of it must be what lwIP would have sent: same headers but for number,
 * length and checksum.  So only data segments join, and one that is shorter, or pushes, is the
 * last.
 */
#include <string.h>

#include "core/byteorder.h"
#include "net/lwip/internal.h"

enum {
	ETH = 14,
	IPV4 = 20,
	IPV6 = 40,
	TCP = 20,
	PROTO_TCP = 6,
	FLAG_PSH = 8,
	FLAG_ACK = 16,
	LARGEST = 60000,
	SMALLEST_MSS = 256, /* devices do not cut to crumbs */
};

static const uint8_t *ip_of(const uint8_t *headers)
{
	return headers + ETH;
}

/* Headers without options, all in the first piece, and its length is what the IP header says. */
bool tp_lwip_segment(const struct pbuf *p, struct tp_lwip_segment *s)
{
	const uint8_t *h = p->payload, *tcp;

	if (p->next || p->len <= ETH + IPV6 + TCP)
		return false;
	s->ipv6 = tp_be16(h + 12) == 0x86dd;
	if (!s->ipv6 &&
	    (tp_be16(h + 12) != 0x0800 || h[ETH] != 0x45 || tp_be16(h + ETH + 6) & 0x3fff))
		return false;
	s->headers = h;
	s->l3_len = s->ipv6 ? IPV6 : IPV4;
	if (h[ETH + (s->ipv6 ? 6 : 9)] != PROTO_TCP)
		return false;
	tcp = h + ETH + s->l3_len;
	s->l4_len = tcp[12] >> 4 << 2;
	s->headers_len = ETH + s->l3_len + s->l4_len;
	if (s->l4_len < TCP || p->len <= s->headers_len || (tcp[13] & ~FLAG_PSH) != FLAG_ACK)
		return false;
	s->payload = p->len - s->headers_len;
	return ETH + (s->ipv6 ? IPV6 : 0) + tp_be16(ip_of(h) + (s->ipv6 ? 4 : 2)) == p->len;
}

void tp_lwip_can_grow(struct tp_netbuf *frame, const struct tp_lwip_segment *s)
{
	/* The headers stand in the first buffer. */
	if (frame->len < s->headers_len || s->payload < SMALLEST_MSS)
		return;
	frame->flags = TP_NB_TSO | TP_NB_CSUM_L4 | (s->ipv6 ? TP_NB_IPV6 : TP_NB_CSUM_IP);
	frame->mss = (uint16_t)s->payload;
	frame->l2_len = ETH;
	frame->l3_len = (uint16_t)s->l3_len;
	frame->l4_len = (uint8_t)s->l4_len;
}

/* The same addresses, kind of service, ports, acknowledgement, window and options. */
static bool same_stream(const uint8_t *a, const struct tp_lwip_segment *s)
{
	const uint8_t *b = s->headers, *tcp_a = a + ETH + s->l3_len, *tcp_b = b + ETH + s->l3_len;
	unsigned ttl_at = ETH + (s->ipv6 ? 6 : 8), addresses_at = ETH + (s->ipv6 ? 8 : 12);

	return !memcmp(a, b, ETH + 2) && !memcmp(a + ttl_at, b + ttl_at, 2) &&
	       !memcmp(a + addresses_at, b + addresses_at, s->ipv6 ? 32 : 8) &&
	       !memcmp(tcp_a, tcp_b, 4) && !memcmp(tcp_a + 8, tcp_b + 8, 5) &&
	       !memcmp(tcp_a + 14, tcp_b + 14, 2) &&
	       !memcmp(tcp_a + 18, tcp_b + 18, s->l4_len - 18);
}

static bool continues(const struct tp_netbuf *frame, const struct tp_lwip_segment *s)
{
	uint32_t payload = frame->frame_len - s->headers_len;
	const uint8_t *headers = tp_netbuf_data(frame);

	if (!(frame->flags & TP_NB_TSO) || !(frame->flags & TP_NB_IPV6) != !s->ipv6 ||
	    frame->l4_len != s->l4_len || s->payload > frame->mss || payload % frame->mss ||
	    frame->frame_len + s->payload > LARGEST)
		return false;
	return !(headers[ETH + s->l3_len + 13] & FLAG_PSH) && same_stream(headers, s) &&
	       tp_be32(headers + ETH + s->l3_len + 4) + payload ==
		       tp_be32(s->headers + ETH + s->l3_len + 4);
}

/* Room behind the last buffer's data, or in another one. */
static bool add_bytes(struct tp_netbuf *frame, const uint8_t *from, uint32_t len)
{
	struct tp_netbuf *last = frame, *extra;
	uint32_t room;

	while (last->next)
		last = last->next;
	room = tp_dma_pool_buf_size(last->buf.pool) - last->offset - last->len;
	if (len > room) {
		extra = tp_netbuf_alloc_frame(last->buf.pool, len - room);
		if (!extra)
			return false;
		memcpy((uint8_t *)tp_netbuf_data(last) + last->len, from, room);
		last->len = (uint16_t)(last->len + room);
		frame->frame_len += room;
		tp_netbuf_copy_in(extra, 0, from + room, len - room);
		tp_netbuf_hold(extra, "lwip");
		tp_netbuf_append(frame, extra);
		return true;
	}
	memcpy((uint8_t *)tp_netbuf_data(last) + last->len, from, len);
	last->len = (uint16_t)(last->len + len);
	frame->frame_len += len;
	return true;
}

bool tp_lwip_join(struct tp_netbuf *frame, const struct tp_lwip_segment *s)
{
	uint8_t *headers = tp_netbuf_data(frame);
	unsigned flags_at = ETH + s->l3_len + 13;

	if (!continues(frame, s) ||
	    frame->nr_bufs + 2 + s->payload / tp_dma_pool_buf_size(frame->buf.pool) >
		    TP_NETBUF_MAX_BUFS ||
	    !add_bytes(frame, s->headers + s->headers_len, s->payload))
		return false;
	headers[flags_at] |= s->headers[flags_at] & FLAG_PSH;
	tp_put_be16(headers + ETH + (s->ipv6 ? 4 : 2),
		    frame->frame_len - ETH - (s->ipv6 ? IPV6 : 0));
	return true;
}
