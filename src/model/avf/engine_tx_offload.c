/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine_tx_offload - what a descriptor asks of the device: tags, checksums, segments.
 *
 * Headers that change are copied to the batch and changed there; everything else goes to the wire
 * from where it lies.
 *
 * A checksum that is to be filled in starts from what the driver left in its field: the sum of the
 * pseudo header, for TSO without the length.  A wrong one makes a wrong checksum, here as on real
 * hardware; only a frame whose seed was right is handed on as TP_WIRE_CSUM_GOOD.
 */
#include "model/avf/engine.h"

enum { TCP_HEADER = 20, UDP_HEADER = 8, SCTP_HEADER = 12, IPV4_HEADER = 20, IPV6_HEADER = 40 };
enum { ADDRESSES = 12, TAG_TYPE = 0x8100, SCTP_CRC_AT = 8 };

/* ---- what is asked --------------------------------------------------------------------------- */

#define KNOWN_CMDS                                                               \
	(TP_AVF_TXC_EOP | TP_AVF_TXC_RS | TP_AVF_TXC_ICRC | TP_AVF_TXC_IL2TAG1 | \
	 TP_AVF_TXC_IIPT_IPV4_CSUM | TP_AVF_TXC_L4T_UDP)
#define KNOWN_CONTEXT (TP_AVF_TXX_TSO | TP_AVF_TXX_IL2TAG2)
#define CMD_BITS      0x3FFull

static uint64_t cmd_of(uint64_t qw1)
{
	return qw1 >> TP_AVF_TXD_CMD_SHIFT & CMD_BITS;
}

static unsigned field(uint64_t qw1, unsigned shift, unsigned bits)
{
	return (unsigned)(qw1 >> shift & ((1ull << bits) - 1));
}

static void wish_tags(const struct tp_avf_tx_frame *f, struct tp_avf_tx_wish *wish)
{
	if (f->has_context && cmd_of(f->context[1]) & TP_AVF_TXX_IL2TAG2)
		wish->tags[wish->nr_tags++] = (uint16_t)(f->context[0] >> TP_AVF_TXX_L2TAG2_SHIFT);
	if (cmd_of(f->qw1) & TP_AVF_TXC_IL2TAG1)
		wish->tags[wish->nr_tags++] = (uint16_t)(f->qw1 >> TP_AVF_TXD_L2TAG1_SHIFT);
	wish->header_len = wish->nr_tags ? ADDRESSES : 0;
}

/* The IP header, whose kind has to be said before L4 can be asked for. */
static bool wish_l3(const struct tp_avf_tx_frame *f, struct tp_avf_tx_wish *wish)
{
	uint64_t kind = cmd_of(f->qw1) & TP_AVF_TXC_IIPT_IPV4_CSUM;
	unsigned len = 4 * field(f->qw1, TP_AVF_TXD_IPLEN_SHIFT, 7);

	if (!kind)
		return true;
	wish->l3_at = 2 * field(f->qw1, TP_AVF_TXD_MACLEN_SHIFT, 7);
	wish->l4_at = wish->l3_at + len;
	wish->ipv6 = kind == TP_AVF_TXC_IIPT_IPV6;
	wish->ipv4_csum = kind == TP_AVF_TXC_IIPT_IPV4_CSUM;
	if (wish->ipv4_csum)
		wish->header_len = wish->l4_at;
	return wish->l3_at >= TP_ETH_HEADER && wish->l3_at <= TP_AVF_MAX_MACLEN &&
	       wish->l4_at <= f->len && len >= (wish->ipv6 ? IPV6_HEADER : IPV4_HEADER);
}

static bool wish_l4(const struct tp_avf_tx_frame *f, struct tp_avf_tx_wish *wish)
{
	unsigned len = 4 * field(f->qw1, TP_AVF_TXD_L4LEN_SHIFT, 4), least;

	switch (cmd_of(f->qw1) & TP_AVF_TXC_L4T_UDP) {
	case TP_AVF_TXC_L4T_TCP:
		wish->proto = TP_IP_TCP;
		least = TCP_HEADER;
		break;
	case TP_AVF_TXC_L4T_UDP:
		wish->proto = TP_IP_UDP;
		least = UDP_HEADER;
		break;
	case TP_AVF_TXC_L4T_SCTP:
		wish->proto = TP_IP_SCTP;
		least = SCTP_HEADER;
		break;
	default:
		return true;
	}
	wish->header_len = wish->l4_at + len;
	return wish->l4_at && len >= least && wish->header_len <= f->len;
}

/*
 * T14: a frame on the wire comes from 8 buffers at most.  The header counts for every segment
 * with as many buffers as it lies in.
 */
static bool few_buffers(const struct tp_avf_tx_frame *f, const struct tp_avf_tx_wish *wish)
{
	unsigned buf = 0, header_bufs, used;
	uint32_t at = wish->header_len, segment = 0;

	while (at >= f->bufs[buf].len)
		at -= f->bufs[buf++].len;
	header_bufs = buf + !!at;
	used = header_bufs;
	for (; buf < f->nr_bufs; buf++, at = 0) {
		uint32_t left = f->bufs[buf].len - at;

		if (++used > TP_AVF_MAX_BUFS)
			return false;
		/* what remains of the buffer behind a full segment begins the next one */
		if (segment + left >= wish->mss) {
			segment = (segment + left) % wish->mss;
			used = header_bufs + !!segment;
		} else {
			segment += left;
		}
	}
	return true;
}

static bool wish_tso(const struct tp_avf_tx_frame *f, struct tp_avf_tx_wish *wish)
{
	wish->mss = field(f->context[1], TP_AVF_TXX_MSS_SHIFT, 14);
	wish->tso_len = field(f->context[1], TP_AVF_TXX_TSOLEN_SHIFT, 18);
	return (wish->proto == TP_IP_TCP || wish->proto == TP_IP_UDP) &&
	       (wish->ipv6 || wish->ipv4_csum) && wish->mss >= TP_AVF_MIN_MSS &&
	       wish->mss <= TP_AVF_MAX_MSS && wish->tso_len &&
	       wish->tso_len == f->len - wish->header_len &&
	       wish->header_len + TP_MIN(wish->mss, wish->tso_len) <= TP_AVF_MAX_WIRE &&
	       few_buffers(f, wish);
}

bool tp_avf_tx_wish_of(const struct tp_avf_tx_frame *f, struct tp_avf_tx_wish *wish)
{
	uint64_t context = f->has_context ? cmd_of(f->context[1]) : 0;

	*wish = (struct tp_avf_tx_wish){ .tso = context & TP_AVF_TXX_TSO };
	if (f->malformed || f->len < TP_AVF_MIN_FRAME || context & ~KNOWN_CONTEXT ||
	    cmd_of(f->qw1) & ~KNOWN_CMDS)
		return false;
	wish_tags(f, wish);
	if (!wish_l3(f, wish) || !wish_l4(f, wish))
		return false;
	if (wish->tso)
		return wish_tso(f, wish);
	return f->nr_bufs <= TP_AVF_MAX_BUFS && f->len <= TP_AVF_MAX_WIRE;
}

/* ---- headers --------------------------------------------------------------------------------- */

/* Copy the header, leaving room for tags before it; the cursor moves behind it. */
static bool read_header(struct tp_avf_tx_batch *b, const struct tp_avf_tx_wish *wish,
			struct tp_avf_tx_cursor *cursor, uint8_t *room)
{
	uint8_t *to = room + wish->nr_tags * TP_ETH_TAG;
	uint32_t left = wish->header_len;

	while (left) {
		uint32_t n = TP_MIN(left, cursor->buf->len - cursor->at);
		tp_dma_addr from = { cursor->buf->addr + cursor->at };

		if (!tp_iommu_read(b->ring.iommu, from, to, n))
			return false;
		to += n;
		left -= n;
		cursor->at += n;
		if (cursor->at == cursor->buf->len)
			*cursor = (struct tp_avf_tx_cursor){ cursor->buf + 1, 0 };
	}
	return true;
}

/* Move the addresses to the front and put the tags behind them. */
static void insert_tags(const struct tp_avf_tx_wish *wish, uint8_t *room)
{
	memmove(room, room + wish->nr_tags * TP_ETH_TAG, ADDRESSES);
	for (unsigned i = 0; i < wish->nr_tags; i++) {
		tp_put_be16(room + ADDRESSES + i * TP_ETH_TAG, TAG_TYPE);
		tp_put_be16(room + ADDRESSES + i * TP_ETH_TAG + 2, wish->tags[i]);
	}
}

/* 0: the seed in the field is what it has to be for @l4_len. */
static uint16_t seed_error(const struct tp_avf_tx_wish *wish, const uint8_t *header,
			   uint32_t l4_len)
{
	const struct tp_packet packet = { .flags = wish->ipv6 ? TP_PACKET_IPV6 : TP_PACKET_IPV4,
					  .proto = wish->proto,
					  .l3_at = (uint16_t)wish->l3_at };
	uint16_t seed, wanted = tp_csum_fold(tp_packet_pseudo(&packet, header, l4_len));
	uint16_t error;

	memcpy(&seed, header + wish->l4_at + tp_packet_csum_at(wish->proto), sizeof(seed));
	error = tp_csum_fold((uint64_t)seed + (uint16_t)~wanted);
	return error == 0xffff ? 0 : error;
}

/* A receiver will find the headers where the driver said they are. */
static bool is_as_said(const struct tp_avf_tx_wish *wish, const uint8_t *header, unsigned shift,
		       uint32_t len)
{
	struct tp_packet packet;

	tp_packet_parse(&packet, header, wish->header_len + shift, len);
	return packet.l4_at == wish->l4_at + shift && packet.l4_end == len &&
	       packet.proto == wish->proto && !(packet.flags & TP_PACKET_ADDRESSES);
}

/* ---- a frame as a whole ---------------------------------------------------------------------- */

static void fill_sum(const struct tp_avf_tx_wish *wish, uint8_t *header,
		     const struct tp_wire_piece *rest, uint32_t rest_len)
{
	uint64_t sum = tp_csum_add(0, header + wish->l4_at, wish->header_len - wish->l4_at);

	tp_csum_put(header + wish->l4_at + tp_packet_csum_at(wish->proto),
		    tp_csum_pieces(sum, rest, 0, rest_len), wish->proto == TP_IP_UDP);
}

static void fill_crc(const struct tp_avf_tx_wish *wish, uint8_t *header,
		     const struct tp_wire_piece *rest, uint32_t rest_len)
{
	uint8_t *sctp = header + wish->l4_at;
	uint32_t crc;

	memset(sctp + SCTP_CRC_AT, 0, 4);
	crc = tp_crc32c_add(~0u, sctp, wish->header_len - wish->l4_at);
	crc = ~tp_crc_pieces(tp_crc32c_add, crc, rest, 0, rest_len);
	memcpy(sctp + SCTP_CRC_AT, &crc, sizeof(crc));
}

/* All checksums; returns what can be said about them. */
static unsigned fill(const struct tp_avf_tx_wish *wish, uint8_t *header,
		     const struct tp_wire_piece *rest, uint32_t len)
{
	bool good = (wish->ipv6 || wish->ipv4_csum) && is_as_said(wish, header, 0, len);
	uint32_t rest_len = len - wish->header_len;

	if (wish->ipv4_csum)
		tp_packet_fill_ip(header + wish->l3_at, wish->l4_at - wish->l3_at);
	if (wish->proto == TP_IP_SCTP) {
		fill_crc(wish, header, rest, rest_len);
	} else if (wish->proto) {
		good = good && !seed_error(wish, header, len - wish->l4_at);
		fill_sum(wish, header, rest, rest_len);
	}
	return good && wish->proto ? TP_WIRE_CSUM_GOOD : 0;
}

/* Without ICRC the frame should have brought its FCS; the ones of the model do not. */
static unsigned fcs_flag(const struct tp_avf_tx_frame *f)
{
	return cmd_of(f->qw1) & TP_AVF_TXC_ICRC ? 0 : TP_WIRE_FCS_BAD;
}

void tp_avf_tx_whole(struct tp_avf_tx_batch *b, const struct tp_avf_tx_frame *f,
		     const struct tp_avf_tx_wish *wish)
{
	struct tp_avf_tx_cursor cursor = { f->bufs, 0 };
	unsigned tags = wish->nr_tags * TP_ETH_TAG, flags = fcs_flag(f);
	uint8_t *room = b->headers + b->nr_header_bytes;

	if (wish->header_len) {
		b->pieces[b->nr_pieces++] = (struct tp_wire_piece){ room, wish->header_len + tags };
		b->nr_header_bytes += wish->header_len + tags;
	}
	if (!read_header(b, wish, &cursor, room) ||
	    !tp_avf_tx_take(b, &cursor, f->len - wish->header_len)) {
		tp_avf_tx_discard(b, &b->counts.tx_drop_fault, 1);
		return;
	}
	if (wish->ipv4_csum || wish->proto)
		flags |= fill(wish, room + tags, b->pieces + b->first + 1, f->len);
	if (tags)
		insert_tags(wish, room);
	tp_avf_tx_push(b, f->len + tags, flags);
}

/* ---- segments -------------------------------------------------------------------------------- */

/* Add segment @i; false: its memory is not there. */
static bool add_segment(struct tp_avf_tx_batch *b, const struct tp_tso *tso,
			struct tp_avf_tx_cursor *cursor, unsigned i, unsigned flags)
{
	uint32_t len = tp_tso_len(tso, i);
	uint8_t *header;
	uint64_t sum;

	if (!tp_avf_tx_has_room(b))
		tp_avf_tx_flush(b);
	tp_avf_tx_begin(b);
	header = b->headers + b->nr_header_bytes;
	b->nr_header_bytes += tso->header_len;
	b->pieces[b->nr_pieces++] = (struct tp_wire_piece){ header, tso->header_len };
	if (!tp_avf_tx_take(b, cursor, len))
		return false;
	sum = tp_csum_pieces(0, b->pieces + b->first + 1, 0, len);
	tp_tso_header(tso, i, sum, header);
	tp_avf_tx_push(b, tso->header_len + len, flags);
	return true;
}

/* The header with its tags as the template of all segments. */
static struct tp_tso template_of(const struct tp_avf_tx_wish *wish, uint8_t *room)
{
	unsigned tags = wish->nr_tags * TP_ETH_TAG;
	struct tp_tso tso = {
		.header = room,
		.header_len = wish->header_len + tags,
		.l3_at = wish->l3_at + tags,
		.l4_at = wish->l4_at + tags,
		.ipv6 = wish->ipv6,
		.udp = wish->proto == TP_IP_UDP,
		.mss = wish->mss,
		.payload_len = wish->tso_len,
		.csum_bias = seed_error(wish, room + tags, 0),
	};

	if (tags)
		insert_tags(wish, room);
	return tso;
}

/* The first segment says whether a receiver will find what the driver said. */
static unsigned segment_flags(const struct tp_avf_tx_wish *wish, const struct tp_tso *tso)
{
	uint8_t header[TP_AVF_TX_HEADER];

	tp_tso_header(tso, 0, 0, header);
	return !tso->csum_bias && is_as_said(wish, header, wish->nr_tags * TP_ETH_TAG,
					     tso->header_len + tp_tso_len(tso, 0))
		       ? TP_WIRE_CSUM_GOOD
		       : 0;
}

void tp_avf_tx_segments(struct tp_avf_tx_batch *b, const struct tp_avf_tx_frame *f,
			const struct tp_avf_tx_wish *wish)
{
	unsigned n = (wish->tso_len + wish->mss - 1) / wish->mss, flags;
	struct tp_avf_tx_cursor cursor = { f->bufs, 0 };
	uint8_t room[TP_AVF_TX_HEADER];
	struct tp_tso tso;

	if (!read_header(b, wish, &cursor, room)) {
		tp_avf_tx_discard(b, &b->counts.tx_drop_fault, n);
		return;
	}
	tso = template_of(wish, room);
	if (!tp_tso_valid(&tso)) {
		tp_avf_tx_discard(b, &b->counts.tx_drop_malformed, 1);
		return;
	}
	flags = fcs_flag(f) | segment_flags(wish, &tso);
	for (unsigned i = 0; i < n; i++)
		if (!add_segment(b, &tso, &cursor, i, flags)) {
			tp_avf_tx_discard(b, &b->counts.tx_drop_fault, n - i);
			break;
		}
}
