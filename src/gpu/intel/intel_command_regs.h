/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel_command_regs - what engines execute: words of 32 bits in rings and batches.
 *
 * MI commands have their number in bits 28:23 and their length, less 2 words, in bits 7:0 (those of
 * one word have none).  Addresses are two words, low first; in rings they are of the global GTT
 * only where GGTT is set.
 */
#ifndef TP_GPU_INTEL_COMMAND_REGS_H
#define TP_GPU_INTEL_COMMAND_REGS_H

#define TP_INTEL_MI(op, words) ((uint32_t)(op) << 23 | ((words) > 1 ? (uint32_t)(words)-2 : 0))

#define TP_INTEL_MI_NOOP	   TP_INTEL_MI(0x00, 1)
#define TP_INTEL_MI_USER_INTERRUPT TP_INTEL_MI(0x02, 1)
#define TP_INTEL_MI_ARB_CHECK	   TP_INTEL_MI(0x05, 1)
#define TP_INTEL_MI_BATCH_END	   TP_INTEL_MI(0x0a, 1)
/* wait until the word at an address is >= a value (as a signed difference): value, lo, hi */
#define TP_INTEL_MI_SEMAPHORE_WAIT TP_INTEL_MI(0x1c, 4)
/* lo, hi, data */
#define TP_INTEL_MI_STORE_DWORD TP_INTEL_MI(0x20, 4)
/* register offset (from the engine's base), value */
#define TP_INTEL_MI_LOAD_REGISTER TP_INTEL_MI(0x22, 3)
/* finish all before; lo, hi, data: then store it, if STORE is set; TLB: forget translations */
#define TP_INTEL_MI_FLUSH	TP_INTEL_MI(0x26, 4)
#define TP_INTEL_MI_FLUSH_TLB	(1u << 18)
#define TP_INTEL_MI_FLUSH_STORE (1u << 14)
/* destination lo, hi, source lo, hi: one word */
#define TP_INTEL_MI_COPY_MEM TP_INTEL_MI(0x2e, 5)
/* lo, hi: continue there; in a batch without SECOND it never comes back */
#define TP_INTEL_MI_BATCH_START	 TP_INTEL_MI(0x31, 3)
#define TP_INTEL_MI_BATCH_SECOND (1u << 22)
/* end the batch if the word at an address is <= value: value, lo, hi */
#define TP_INTEL_MI_CONDITIONAL_END TP_INTEL_MI(0x36, 4)
/* of STORE_DWORD, SEMAPHORE_WAIT and FLUSH: the address is of the global GTT; rings only */
#define TP_INTEL_MI_GGTT (1u << 21)

/* Copies and fills of areas, on every engine here (ours; real ones know them on copy engines):
 * bytes (a multiple of 4), destination lo, hi, then source lo, hi or the word to fill with. */
#define TP_INTEL_MEM_COPY (0x2u << 29 | 0x5au << 22 | 4)
#define TP_INTEL_MEM_FILL (0x2u << 29 | 0x5bu << 22 | 3)
enum { TP_INTEL_MEM_COPY_WORDS = 6, TP_INTEL_MEM_FILL_WORDS = 5 };

#endif
