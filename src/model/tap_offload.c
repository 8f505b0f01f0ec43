/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tap_offload - finish and cut what the host hands over, so that the wire carries whole frames. */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "model/packet_tso.h"
#include "model/tap_offload.h"

enum { BATCH = 32, CSUM = 2, TCP_MIN = 20 };

/* The checksum's field holds the sum of the pseudo header. */
int tp_tap_finish(const struct virtio_net_hdr *head, uint8_t *data, uint32_t len, bool *good)
{
	uint32_t start = head->csum_start, at = start + head->csum_offset;
	bool udp = head->csum_offset == tp_packet_csum_at(TP_IP_UDP);

	*good = head->flags & (VIRTIO_NET_HDR_F_DATA_VALID | VIRTIO_NET_HDR_F_NEEDS_CSUM);
	if (!(head->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (at + CSUM > len)
		return TP_ERR(-EINVAL, "TAP: a checksum at byte %u of a frame of %u", at, len);
	tp_csum_put(data + at, tp_csum_add(0, data + start, len - start), udp);
	return 0;
}

/* ---- segments -------------------------------------------------------------------------------- */

static int describe(const struct virtio_net_hdr *head, const uint8_t *data, uint32_t len,
		    struct tp_tso *tso)
{
	unsigned kind = head->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;
	unsigned flag = kind == VIRTIO_NET_HDR_GSO_TCPV4   ? TP_PACKET_IPV4
			: kind == VIRTIO_NET_HDR_GSO_TCPV6 ? TP_PACKET_IPV6
							   : 0;
	struct tp_packet packet;
	uint32_t header_len;

	tp_packet_parse(&packet, data, TP_MIN(len, (uint32_t)TP_PACKET_HEADERS), len);
	if (!(packet.flags & flag) || packet.proto != TP_IP_TCP || !packet.l4_at ||
	    (uint32_t)packet.l4_at + TCP_MIN > len)
		return TP_ERR(-EINVAL, "TAP: a frame of %u bytes that cannot be cut", len);
	header_len = packet.l4_at + (data[packet.l4_at + 12] >> 4) * 4u;
	if (header_len >= len || header_len > TP_TSO_MAX_HEADER)
		return TP_ERR(-EINVAL, "TAP: a frame of %u bytes with headers of %u", len,
			      header_len);
	*tso = (struct tp_tso){ .header = data,
				.header_len = header_len,
				.l3_at = packet.l3_at,
				.l4_at = packet.l4_at,
				.ipv6 = kind == VIRTIO_NET_HDR_GSO_TCPV6,
				.mss = head->gso_size,
				.payload_len = len - header_len };
	return tp_tso_valid(tso) ? 0 : TP_ERR(-EINVAL, "TAP: a frame whose headers disagree");
}

struct segment {
	struct tp_wire_piece pieces[3];
	uint8_t header[TP_TSO_MAX_HEADER];
};

static const uint8_t padding[TP_ETH_MIN];

static void make_segment(const struct tp_tso *tso, unsigned i, struct segment *segment,
			 struct tp_wire_frame *frame)
{
	const uint8_t *payload = tso->header + tso->header_len + i * (size_t)tso->mss;
	uint32_t len = tp_tso_len(tso, i), whole = tso->header_len + len;

	tp_tso_header(tso, i, tp_csum_add(0, payload, len), segment->header);
	segment->pieces[0] = (struct tp_wire_piece){ segment->header, tso->header_len };
	segment->pieces[1] = (struct tp_wire_piece){ payload, len };
	segment->pieces[2] = (struct tp_wire_piece){ padding, TP_ETH_MIN - TP_MIN(whole, 60u) };
	*frame = (struct tp_wire_frame){ .pieces = segment->pieces,
					 .nr_pieces = whole < TP_ETH_MIN ? 3 : 2,
					 .len = TP_MAX(whole, (uint32_t)TP_ETH_MIN),
					 .flags = TP_WIRE_CSUM_GOOD };
}

int tp_tap_cut(const struct virtio_net_hdr *head, uint8_t *data, uint32_t len, struct tp_wire *wire,
	       unsigned side)
{
	struct tp_wire_frame frames[BATCH];
	struct segment segments[BATCH];
	unsigned n, done = 0;
	struct tp_tso tso;
	int err = describe(head, data, len, &tso);

	if (err)
		return err;
	for (unsigned total = tp_tso_segments(&tso); done < total; done += n) {
		n = TP_MIN(total - done, (unsigned)BATCH);
		for (unsigned i = 0; i < n; i++)
			make_segment(&tso, done + i, &segments[i], &frames[i]);
		tp_wire_send(wire, side, frames, n);
	}
	return (int)done;
}
