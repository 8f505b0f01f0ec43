/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* heap - what core/alloc.c stands on: the process heap, or in simulation the explorer's arena. */
#ifndef TP_CORE_HEAP_H
#define TP_CORE_HEAP_H

#include "core/compiler.h"

/* Zeroed; NULL: no more.  @align: a power of two, or 0 for what the heap gives; size > 0. */
void *tp_heap_take(size_t align, size_t size);
void tp_heap_give(void *p);

#endif
