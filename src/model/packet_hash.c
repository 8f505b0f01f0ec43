/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* packet_hash - Toeplitz by tables of bytes, CRCs by tables of half bytes: CRCs are rare here. */
#include "model/packet.h"

/* The hash is the sum of 32-bit windows of the key, one per input bit that is set. */
static uint32_t window(const uint8_t *key, unsigned bit)
{
	uint64_t five = (uint64_t)tp_be32(key + bit / 8) << 8;

	if (bit % 8)
		five |= key[bit / 8 + 4];
	return (uint32_t)(five >> (8 - bit % 8));
}

void tp_toeplitz_init(struct tp_toeplitz *toeplitz, const uint8_t key[TP_TOEPLITZ_KEY])
{
	for (unsigned at = 0; at < TP_TOEPLITZ_INPUT; at++) {
		uint32_t *table = toeplitz->table[at];

		table[0] = 0;
		for (unsigned i = 0; i < 8; i++) {
			uint32_t adds = window(key, 8 * at + 7 - i);

			/* all values below 1 << i are there */
			for (unsigned v = 0; v < 1u << i; v++)
				table[(1u << i) | v] = table[v] ^ adds;
		}
	}
}

/* ---- CRCs ------------------------------------------------------------------------------------ */

/* What the lowest half byte of the register does to it; bits reflected. */
static const uint32_t ethernet[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
	0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
	0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};
static const uint32_t castagnoli[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc_add(const uint32_t table[16], uint32_t crc, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		crc = table[crc & 15] ^ crc >> 4;
		crc = table[crc & 15] ^ crc >> 4;
	}
	return crc;
}

uint32_t tp_crc32_add(uint32_t crc, const void *data, size_t len)
{
	return crc_add(ethernet, crc, data, len);
}

uint32_t tp_crc32c_add(uint32_t crc, const void *data, size_t len)
{
	return crc_add(castagnoli, crc, data, len);
}

uint32_t tp_crc_pieces(uint32_t (*add)(uint32_t crc, const void *data, size_t len), uint32_t crc,
		       const struct tp_wire_piece *pieces, size_t from, size_t len)
{
	for (; len; pieces++) {
		size_t n = pieces->len > from ? TP_MIN(pieces->len - from, len) : 0;

		crc = add(crc, (const char *)pieces->data + from, n);
		from -= TP_MIN(from, pieces->len);
		len -= n;
	}
	return crc;
}
