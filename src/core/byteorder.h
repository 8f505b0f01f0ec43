/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* byteorder - numbers as packets have them: big-endian, at any address. */
#ifndef TP_CORE_BYTEORDER_H
#define TP_CORE_BYTEORDER_H

#include <string.h>

#include "core/compiler.h"

static inline uint16_t tp_be16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t tp_be32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

/* The lower 16 bits of @number. */
static inline void tp_put_be16(void *p, unsigned number)
{
	uint16_t v = __builtin_bswap16((uint16_t)number);

	memcpy(p, &v, sizeof(v));
}

static inline void tp_put_be32(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

#endif
