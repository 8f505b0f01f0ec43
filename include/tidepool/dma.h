/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dma - what a device may reach: addresses of its own, and the record of what it reached for in
 * vain.
 */
#ifndef TIDEPOOL_DMA_H
#define TIDEPOOL_DMA_H

#include <tidepool/types.h>

/* An address as a device knows it (IOVA).  A struct, so that nothing else passes for one. */
typedef struct {
	uint64_t v;
} tp_dma_addr;

enum { TP_DMA_OWNER_TEXT = 48 };

/* One access that was refused, or a page that went offline while it was mapped. */
struct tp_dma_fault {
	uint64_t time_ns; /* on the library's monotonic clock */
	tp_dma_addr address;
	bool write;  /* it would have written; false of a page that went offline */
	bool mapped; /* the page is mapped, but not for this */
	char owner[TP_DMA_OWNER_TEXT]; /* whose it is, or was last; "": nobody's ever */
};

#endif
