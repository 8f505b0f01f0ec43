/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_tx_offload - what a frame wishes of the device, as its descriptors say it.
 *
 * The device adds the sum of the payload to what stands in the checksum field, so that field begins
 * as the sum of the pseudo header: with the length of the payload, but for TSO, where the device
 * adds each segment's.  IP length and checksum of a TSO frame begin as zero.  The pseudo header is
 * summed up here, whatever the sender left in the field.
 */
#include <string.h>

#include "net/avf/avf_traffic.h"

enum {
	IPV4_MIN = 20,
	IPV4_LENGTH_AT = 2,
	IPV4_PROTOCOL_AT = 9,
	IPV4_CSUM_AT = 10,
	IPV4_ADDRESSES_AT = 12,
	IPV6_BYTES = 40,
	IPV6_LENGTH_AT = 4,
	IPV6_NEXT_AT = 6,
	IPV6_ADDRESSES_AT = 8,
	IPV4_ADDRESSES = 8, /* bytes of both */
	IPV6_ADDRESSES = 32,
	TCP = 6,
	TCP_MIN = 20,
	TCP_MAX = 60,
	TCP_CSUM_AT = 16,
	UDP = 17,
	UDP_BYTES = 8,
	UDP_CSUM_AT = 6,
	ETH_BYTES = 14,
};

static bool wants_l4(const struct tp_netbuf *frame)
{
	return frame->flags & (TP_NB_CSUM_L4 | TP_NB_TSO);
}

static bool wants_ip(const struct tp_netbuf *frame)
{
	return !(frame->flags & TP_NB_IPV6) && (frame->flags & (TP_NB_CSUM_IP | TP_NB_TSO));
}

static unsigned protocol_of(const struct tp_netbuf *frame)
{
	return frame->flags & TP_NB_UDP ? UDP : TCP;
}

/* ---- does it make sense? --------------------------------------------------------------------- */

static bool may(const struct tp_netbuf *frame, unsigned features)
{
	unsigned flags = frame->flags;

	return (!(flags & (TP_NB_CSUM_IP | TP_NB_CSUM_L4)) || (features & TP_NET_TX_CSUM)) &&
	       (!(flags & TP_NB_TSO) || (features & TP_NET_TSO)) &&
	       (!(flags & TP_NB_VLAN) || (features & TP_NET_TX_VLAN));
}

/* What the IP header says of itself agrees with what the sender said of it. */
static bool ip_agrees(const struct tp_netbuf *frame)
{
	uint8_t ip[IPV4_MIN];

	tp_netbuf_copy_out(frame, frame->l2_len, ip, sizeof(ip));
	if (frame->flags & TP_NB_IPV6)
		return ip[0] >> 4 == 6 && (!wants_l4(frame) || frame->l3_len > IPV6_BYTES ||
					   ip[IPV6_NEXT_AT] == protocol_of(frame));
	return ip[0] >> 4 == 4 && (ip[0] & 0xF) * 4 == frame->l3_len &&
	       (!wants_l4(frame) || ip[IPV4_PROTOCOL_AT] == protocol_of(frame));
}

static bool l3_fits(const struct tp_netbuf *frame)
{
	unsigned least = frame->flags & TP_NB_IPV6 ? IPV6_BYTES : IPV4_MIN;

	return frame->l2_len >= ETH_BYTES && frame->l2_len % 2 == 0 &&
	       frame->l2_len <= TP_AVF_MAX_MACLEN && frame->l3_len >= least &&
	       frame->l3_len % 4 == 0 && frame->l3_len <= TP_AVF_MAX_IPLEN &&
	       (uint32_t)frame->l2_len + frame->l3_len <= frame->frame_len;
}

static bool l4_fits(const struct tp_netbuf *frame)
{
	uint32_t headers = (uint32_t)frame->l2_len + frame->l3_len + frame->l4_len;

	if (headers > frame->frame_len)
		return false;
	if (frame->flags & TP_NB_UDP)
		return frame->l4_len == UDP_BYTES && !(frame->flags & TP_NB_TSO);
	return frame->l4_len >= TCP_MIN && frame->l4_len <= TCP_MAX && frame->l4_len % 4 == 0;
}

static bool tso_fits(const struct tp_netbuf *frame, uint32_t headers, uint32_t max_frame)
{
	return frame->mss >= TP_AVF_MIN_MSS && frame->mss <= TP_AVF_MAX_MSS &&
	       headers < frame->frame_len &&
	       TP_MIN((uint32_t)frame->mss, frame->frame_len - headers) + headers <= max_frame;
}

/* ---- as descriptors say it ------------------------------------------------------------------- */

static uint64_t ip_command(const struct tp_netbuf *frame)
{
	if (frame->flags & TP_NB_IPV6)
		return TP_AVF_TXC_IIPT_IPV6;
	return wants_ip(frame) ? TP_AVF_TXC_IIPT_IPV4_CSUM : TP_AVF_TXC_IIPT_IPV4;
}

static uint64_t checksum_bits(const struct tp_netbuf *frame)
{
	uint64_t bits = ip_command(frame) << TP_AVF_TXD_CMD_SHIFT |
			(uint64_t)(frame->l2_len / 2) << TP_AVF_TXD_MACLEN_SHIFT |
			(uint64_t)(frame->l3_len / 4) << TP_AVF_TXD_IPLEN_SHIFT;

	if (!wants_l4(frame))
		return bits;
	return bits | (uint64_t)(frame->l4_len / 4) << TP_AVF_TXD_L4LEN_SHIFT |
	       (frame->flags & TP_NB_UDP ? TP_AVF_TXC_L4T_UDP : TP_AVF_TXC_L4T_TCP)
		       << TP_AVF_TXD_CMD_SHIFT;
}

static void wish_tso(const struct tp_netbuf *frame, struct tp_avf_tx_wish *wish)
{
	wish->packets = tp_netbuf_segments(frame);
	wish->bytes += (wish->packets - 1) * wish->headers;
	wish->mss = frame->mss;
	wish->context[1] = TP_AVF_TXD_CONTEXT | TP_AVF_TXX_TSO << TP_AVF_TXD_CMD_SHIFT |
			   (uint64_t)(frame->frame_len - wish->headers) << TP_AVF_TXX_TSOLEN_SHIFT |
			   (uint64_t)frame->mss << TP_AVF_TXX_MSS_SHIFT;
}

bool tp_avf_tx_read_wish(const struct tp_netbuf *frame, unsigned features, uint32_t max_frame,
			 struct tp_avf_tx_wish *wish)
{
	*wish = (struct tp_avf_tx_wish){
		.data = TP_AVF_TXD_DATA | TP_AVF_TXC_ICRC << TP_AVF_TXD_CMD_SHIFT,
		.packets = 1,
		.bytes = frame->frame_len,
	};
	if (!may(frame, features))
		return false;
	if (frame->flags & TP_NB_VLAN)
		wish->data |= TP_AVF_TXC_IL2TAG1 << TP_AVF_TXD_CMD_SHIFT |
			      (uint64_t)frame->vlan_tci << TP_AVF_TXD_L2TAG1_SHIFT;
	if (!wants_l4(frame) && !wants_ip(frame))
		return true;
	if (!l3_fits(frame) || (wants_l4(frame) && !l4_fits(frame)) || !ip_agrees(frame))
		return false;
	wish->data |= checksum_bits(frame);
	if (!(frame->flags & TP_NB_TSO))
		return true;
	wish->headers = (uint32_t)frame->l2_len + frame->l3_len + frame->l4_len;
	if (!tso_fits(frame, wish->headers, max_frame))
		return false;
	wish_tso(frame, wish);
	return true;
}

/* ---- headers --------------------------------------------------------------------------------- */

/* Add big-endian words, as checksums do; @len is even. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, unsigned len)
{
	for (unsigned i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)sum;
}

static void put_word(struct tp_netbuf *frame, uint32_t at, uint16_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	tp_netbuf_copy_in(frame, at, bytes, sizeof(bytes));
}

static uint16_t pseudo_sum(const struct tp_netbuf *frame)
{
	bool is_v6 = frame->flags & TP_NB_IPV6;
	unsigned at = is_v6 ? IPV6_ADDRESSES_AT : IPV4_ADDRESSES_AT;
	unsigned len = is_v6 ? IPV6_ADDRESSES : IPV4_ADDRESSES;
	uint32_t sum = protocol_of(frame), l4;
	uint8_t addresses[IPV6_ADDRESSES];

	tp_netbuf_copy_out(frame, frame->l2_len + at, addresses, len);
	sum = add_words(sum, addresses, len);
	if (frame->flags & TP_NB_TSO)
		return folded(sum);
	l4 = frame->frame_len - frame->l2_len - frame->l3_len;
	return folded(sum + (l4 >> 16) + (l4 & 0xFFFF));
}

void tp_avf_tx_prepare(struct tp_netbuf *frame)
{
	uint32_t l3 = frame->l2_len, l4 = l3 + frame->l3_len;

	if (wants_l4(frame))
		put_word(frame, l4 + (frame->flags & TP_NB_UDP ? UDP_CSUM_AT : TCP_CSUM_AT),
			 pseudo_sum(frame));
	if (wants_ip(frame))
		put_word(frame, l3 + IPV4_CSUM_AT, 0);
	if (frame->flags & TP_NB_TSO)
		put_word(frame, l3 + (frame->flags & TP_NB_IPV6 ? IPV6_LENGTH_AT : IPV4_LENGTH_AT),
			 0);
}
