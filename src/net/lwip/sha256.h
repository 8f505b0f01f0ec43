/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sha256 - SHA-256 (FIPS 180-4), of bytes that come bit by bit. */
#ifndef TP_NET_LWIP_SHA256_H
#define TP_NET_LWIP_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct tp_sha256 {
	uint32_t h[8];
	uint64_t len;
	uint8_t block[64];
};

void tp_sha256_init(struct tp_sha256 *sha);
void tp_sha256_add(struct tp_sha256 *sha, const void *data, size_t len);
/* The end: 64 digits and a 0. */
void tp_sha256_text(struct tp_sha256 *sha, char text[65]);

#endif
