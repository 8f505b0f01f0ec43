/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet_hash - the Toeplitz hash of receive-side scaling, and the two CRCs that network ports
 * compute.
 */
#ifndef TP_MODEL_PACKET_HASH_H
#define TP_MODEL_PACKET_HASH_H

#include "model/wire.h"

enum {
	TP_TOEPLITZ_INPUT = 36, /* bytes: two IPv6 addresses and two ports */
	TP_TOEPLITZ_KEY = TP_TOEPLITZ_INPUT + 4,
};

/* What each value of each input byte adds to the hash, for one key. */
struct tp_toeplitz {
	uint32_t table[TP_TOEPLITZ_INPUT][256];
};

void tp_toeplitz_init(struct tp_toeplitz *toeplitz, const uint8_t key[TP_TOEPLITZ_KEY]);

/* Of @len bytes, at most TP_TOEPLITZ_INPUT - @at, that stand at byte @at of the input. */
static inline uint32_t tp_toeplitz_hash(const struct tp_toeplitz *toeplitz, unsigned at,
					const uint8_t *input, unsigned len)
{
	uint32_t hash = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < len; i++)
		hash ^= toeplitz->table[at + i][input[i]];
	return hash;
}

/*
 * CRCs are begun with ~0, taken over the bytes, and complemented; in memory they are
 * little-endian.
 */
uint32_t tp_crc32_add(uint32_t crc, const void *data, size_t len);  /* Ethernet's FCS */
uint32_t tp_crc32c_add(uint32_t crc, const void *data, size_t len); /* SCTP's */
/* Over [@from, @from + @len) of the pieces, which must be there. */
uint32_t tp_crc_pieces(uint32_t (*add)(uint32_t crc, const void *data, size_t len), uint32_t crc,
		       const struct tp_wire_piece *pieces, size_t from, size_t len);

#endif
