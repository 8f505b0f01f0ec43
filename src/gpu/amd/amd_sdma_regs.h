/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amd_sdma_regs - the packets of SDMA 4.0 that driver and model know.
 *
 * A packet begins with its header: operation in bits 7:0, its kind in 15:8.  Addresses are two
 * dwords, low first.  Sources: facts on D-vm; the public lists of packets of SDMA 4.0, and what
 * public drivers and simulators say of them.
 */
#ifndef TP_GPU_AMD_SDMA_REGS_H
#define TP_GPU_AMD_SDMA_REGS_H

#include <stdint.h>

enum {
	TP_SDMA_NOP = 0,	 /* 29:16: dwords that follow */
	TP_SDMA_COPY = 1,	 /* [bytes - 1 (22 bits), 0, from, to] */
	TP_SDMA_WRITE = 2,	 /* [to, dwords - 1 (20 bits), data...] */
	TP_SDMA_INDIRECT = 4,	 /* 19:16: VMID; [base (of 32 bytes), dwords, 0, 0]; ends at a
				 * multiple of 8 dwords */
	TP_SDMA_FENCE = 5,	 /* [to, data]: 32 bits */
	TP_SDMA_TRAP = 6,	 /* [context]: interrupt */
	TP_SDMA_POLL_REGMEM = 8, /* 31: memory; 30:28: how to compare; 26: flush the host data path;
				  * [address, or register * 4 and 0, or those of its answer and its
				  * request; reference; mask; retries << 16 | cycles between two] */
	TP_SDMA_CONST_FILL = 11, /* 31:30: log2 of the unit's bytes; [to, data, bytes - 1] */
	TP_SDMA_PTEPDE = 12, /* [to, flags, first, step (64 bits), entries - 1 (19 bits)]: writes
				 * first + i * step | flags */
	TP_SDMA_SRBM_WRITE = 14, /* 31:28: bytes; [register, value] */

	TP_SDMA_KIND_LINEAR = 0,
	TP_SDMA_COMPARE_ALWAYS = 0,
	TP_SDMA_COMPARE_EQUAL = 3,
	TP_SDMA_COMPARE_GREATER_EQUAL = 5,
	TP_SDMA_POLL_FOR_EVER = 0xfff, /* as many retries */
	TP_SDMA_POLL_HDP_FLUSH = 1 << 26,

	/* dwords of a whole packet */
	TP_SDMA_COPY_DW = 7,
	TP_SDMA_WRITE_DW = 4, /* and the data */
	TP_SDMA_INDIRECT_DW = 6,
	TP_SDMA_FENCE_DW = 4,
	TP_SDMA_TRAP_DW = 2,
	TP_SDMA_POLL_DW = 6,
	TP_SDMA_FILL_DW = 5,
	TP_SDMA_PTEPDE_DW = 10,
	TP_SDMA_SRBM_DW = 3,

	TP_SDMA_COPY_MAX = 1 << 22,   /* bytes */
	TP_SDMA_FILL_MAX = 1 << 22,   /* bytes */
	TP_SDMA_WRITE_MAX = 1 << 20,  /* dwords */
	TP_SDMA_PTEPDE_MAX = 1 << 19, /* entries */
	TP_SDMA_IB_MAX = 1 << 20,     /* dwords, less one */
	TP_SDMA_IB_ALIGN_DW = 8,
};

#define TP_SDMA_HEADER(op, kind) ((uint32_t)(op) | (uint32_t)(kind) << 8)

#endif
