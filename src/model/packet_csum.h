/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet_csum - the Internet checksum, piece by piece, alone or while copying.
 *
 * A sum is a 64-bit number whose 16-bit words, in host order, add up to the sum so far; carries
 * come round at the lower end.  Any two sums may be added with tp_csum_join().
 */
#ifndef TP_MODEL_PACKET_CSUM_H
#define TP_MODEL_PACKET_CSUM_H

#include <string.h>

#include "core/compiler.h"
#include "model/wire.h"

static inline uint64_t tp_csum_join(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum + (sum < a);
}

/* To 16 bits, not complemented; 0xffff: what was summed contained its own, right checksum. */
static inline uint16_t tp_csum_fold(uint64_t sum)
{
	uint32_t half;

	/* both halves added to each other, the carry of the lower into the upper */
	sum += sum >> 32 | sum << 32;
	half = (uint32_t)(sum >> 32);
	half += half >> 16 | half << 16;
	return (uint16_t)(half >> 16);
}

/* The sum of what follows an odd number of bytes. */
static inline uint64_t tp_csum_odd(uint64_t sum)
{
	return __builtin_bswap16(tp_csum_fold(sum));
}

/* What goes into the header, as it is in memory. */
static inline uint16_t tp_csum_finish(uint64_t sum)
{
	return (uint16_t)~tp_csum_fold(sum);
}

/* The same for UDP, where 0 says that there is no checksum. */
static inline uint16_t tp_csum_finish_udp(uint64_t sum)
{
	uint16_t csum = tp_csum_finish(sum);

	return csum ? csum : 0xffff;
}

/* Put the checksum of what was summed into its field of a header; @udp: as UDP has it. */
static inline void tp_csum_put(uint8_t *field, uint64_t sum, bool udp)
{
	uint16_t csum = udp ? tp_csum_finish_udp(sum) : tp_csum_finish(sum);

	memcpy(field, &csum, sizeof(csum));
}

/* @sum and the bytes at @data; an odd number of them only at the end. */
uint64_t tp_csum_add(uint64_t sum, const void *data, size_t len);
/* The same, copying them to @to. */
uint64_t tp_csum_copy(uint64_t sum, void *to, const void *from, size_t len);
/* @sum and [@from, @from + @len) of the pieces, which must be there. */
uint64_t tp_csum_pieces(uint64_t sum, const struct tp_wire_piece *pieces, size_t from, size_t len);

#endif
