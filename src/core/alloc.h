/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* alloc - the process heap for metadata; zeroed, and every call can be made to fail (fault site
 * core/alloc). */
#ifndef TP_CORE_ALLOC_H
#define TP_CORE_ALLOC_H

#include "core/compiler.h"

/* NULL: out of memory.  Zeroed.  size 0 gives a pointer that may only be freed. */
void *tp_zalloc(size_t size);
void *tp_zalloc_array(size_t n, size_t size);
/* Aligned to @align (a power of two). */
void *tp_zalloc_aligned(size_t align, size_t size);
char *tp_strdup(const char *s);
void tp_free(void *p);

#endif
