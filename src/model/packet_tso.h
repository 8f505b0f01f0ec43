/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet_tso - cutting a large TCP or UDP packet into segments.
 *
 * Headers are made here; what a segment carries stays where it is.  For segment i the caller sums
 * tp_tso_len(i) bytes of payload, has its header made, and sends both.
 */
#ifndef TP_MODEL_PACKET_TSO_H
#define TP_MODEL_PACKET_TSO_H

#include "model/packet.h"

enum { TP_TSO_MAX_HEADER = 126 + 508 + 60 }; /* bytes, as long as descriptors can say */

struct tp_tso {
	const uint8_t *header; /* Ethernet to L4, in one piece */
	unsigned header_len;
	unsigned l3_at, l4_at;
	bool ipv6, udp;
	unsigned mss;	      /* bytes of payload in all segments but the last; not 0 */
	uint32_t payload_len; /* not 0 */
	uint16_t csum_bias;   /* added to every L4 checksum: a wrong seed of a driver; else 0 */
};

static inline unsigned tp_tso_segments(const struct tp_tso *tso)
{
	return (tso->payload_len + tso->mss - 1) / tso->mss;
}

/* Payload bytes of segment @i. */
static inline uint32_t tp_tso_len(const struct tp_tso *tso, unsigned i)
{
	return TP_MIN(tso->mss, tso->payload_len - i * tso->mss);
}

/*
 * The headers are as the lengths say and belong together; otherwise they must not be cut.  Of the
 * L4 header only what header_len covers is looked at.
 */
bool tp_tso_valid(const struct tp_tso *tso);
/* Header of segment @i, complete; @payload_sum: of its payload, as tp_csum_add() has it. */
void tp_tso_header(const struct tp_tso *tso, unsigned i, uint64_t payload_sum, uint8_t *to);

#endif
