/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * naive_buddy - the textbook's buddy allocator under one mutex: what tidepool is measured against.
 *
 * It hands out numbers of pages only; no memory stands behind them.
 */
#ifndef TP_BENCH_NAIVE_BUDDY_H
#define TP_BENCH_NAIVE_BUDDY_H

#include <stdint.h>

enum { TP_NAIVE_MAX_ORDER = 10 };

struct tp_naive_buddy;

/* @pages is a multiple of 2^TP_NAIVE_MAX_ORDER.  NULL: no memory. */
struct tp_naive_buddy *tp_naive_create(uint32_t pages);
void tp_naive_destroy(struct tp_naive_buddy *buddy);

/* The first page, or UINT32_MAX. */
uint32_t tp_naive_alloc(struct tp_naive_buddy *buddy, unsigned order);
void tp_naive_free(struct tp_naive_buddy *buddy, uint32_t page, unsigned order);

/* Bytes it spends on each page. */
unsigned tp_naive_bytes_per_page(void);

#endif
