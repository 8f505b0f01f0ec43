/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel_guc_regs - messages between driver and the GT's firmware (GuC), as far as invalidations of
 * translation caches need them.
 *
 * Two rings of words in memory, one each way, with a descriptor of head and tail in words before
 * them: the sender moves the tail, the receiver the head.  A message is a header, length in words
 * after it (bits 7:0) and what it is (bits 31:16), and then its words.
 */
#ifndef TP_GPU_INTEL_GUC_REGS_H
#define TP_GPU_INTEL_GUC_REGS_H

#include <tidepool/types.h>

enum {
	/* Registers.  The firmware runs while STATUS reads READY. */
	TP_INTEL_GUC_STATUS = 0xc000,
	TP_INTEL_GUC_READY = 1 << 0,
	/* address in the global GTT of the page with both rings, | VALID; writing it resets them */
	TP_INTEL_GUC_CT = 0xc180,
	TP_INTEL_GUC_CT_VALID = 1 << 0,
	TP_INTEL_GUC_DOORBELL = 0x1901f0, /* write 1: look at the ring to the firmware */

	/* The page, in words. */
	TP_INTEL_GUC_H2G_HEAD = 0,
	TP_INTEL_GUC_H2G_TAIL = 1,
	TP_INTEL_GUC_G2H_HEAD = 2,
	TP_INTEL_GUC_G2H_TAIL = 3,
	TP_INTEL_GUC_H2G = 4, /* the ring to the firmware begins here */
	TP_INTEL_GUC_RING_WORDS = (TP_PAGE_SIZE / 4 - 4) / 2,
	TP_INTEL_GUC_G2H = TP_INTEL_GUC_H2G + TP_INTEL_GUC_RING_WORDS,

	/* Messages. */
	TP_INTEL_GUC_TLB_INVALIDATE =
		0x7000,			/* seqno, type | mode << 8 | FLUSH, [asid, va, size] */
	TP_INTEL_GUC_TLB_DONE = 0x7001, /* seqno */

	TP_INTEL_GUC_TLB_ENGINES = 0, /* everything of all engines */
	TP_INTEL_GUC_TLB_RANGE = 1,   /* asid, va lo, va hi, log2 of the size in pages */
	TP_INTEL_GUC_TLB_SELF = 3,    /* the firmware's own, of the global GTT */
	TP_INTEL_GUC_TLB_HEAVY = 0,   /* accesses under way are observed before it is done */
	TP_INTEL_GUC_TLB_LITE = 1,    /* for tables whose translations did not change */
	TP_INTEL_GUC_TLB_MODE_SHIFT = 8,
};

#define TP_INTEL_GUC_TLB_FLUSH	   (1u << 31)
#define TP_INTEL_GUC_HEADER(op, n) ((uint32_t)(op) << 16 | (uint32_t)(n))

#endif
