/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel_regs - registers, platforms and page tables of Intel's graphics (gen8 to Xe-LPG), as far as
 * driver and model speak of them.
 *
 * Offsets are in bytes; those of the media GT of its own (MTL) lie TP_INTEL_MEDIA_GT higher.
 * "Masked": the upper half of a value says which bits of the lower half are written.
 * Sources: facts on D-tlb; the public register lists of these platforms.
 */
#ifndef TP_GPU_INTEL_REGS_H
#define TP_GPU_INTEL_REGS_H

#include <tidepool/types.h>

enum tp_intel_platform {
	TP_INTEL_BDW,
	TP_INTEL_SKL,
	TP_INTEL_ICL,
	TP_INTEL_TGL,
	TP_INTEL_DG1,
	TP_INTEL_RKL,
	TP_INTEL_ADL_S,
	TP_INTEL_ADL_P,
	TP_INTEL_DG2,
	TP_INTEL_MTL,
	TP_INTEL_NR_PLATFORMS,
};

enum tp_intel_class {
	TP_INTEL_RENDER,
	TP_INTEL_VIDEO_DECODE,
	TP_INTEL_VIDEO_ENHANCE,
	TP_INTEL_COPY,
	TP_INTEL_OTHER,
	TP_INTEL_COMPUTE,
	TP_INTEL_NR_CLASSES,
};

enum { TP_INTEL_MEDIA_GT = 0x380000 };

#define TP_INTEL_MASKED(bits)	    ((uint32_t)(bits) << 16 | (uint32_t)(bits))
#define TP_INTEL_MASKED_CLEAR(bits) ((uint32_t)(bits) << 16)

/* ---- invalidation of translation caches: write a request bit, poll until it reads 0 ---------- */

enum {
	/* gen8 to gen11 */
	TP_INTEL_GEN8_RTCR = 0x4260,
	TP_INTEL_GEN8_M1TCR = 0x4264,
	TP_INTEL_GEN8_M2TCR = 0x4268,
	TP_INTEL_GEN8_BTCR = 0x426c,
	TP_INTEL_GEN8_VTCR = 0x4270,
	TP_INTEL_GEN8_GTCR = 0x4274, /* global GTT, for firmware */
	/* gen12; multicast from 12.55 on, but for the media GT */
	TP_INTEL_GEN12_GFX_TLB_INV = 0xced8,
	TP_INTEL_GEN12_VD_TLB_INV = 0xcedc,
	TP_INTEL_GEN12_VE_TLB_INV = 0xcee0,
	TP_INTEL_GEN12_BLT_TLB_INV = 0xcee4,
	TP_INTEL_GEN12_GUC_TLB_INV = 0xcee8,
	TP_INTEL_GEN12_OA_TLB_INV = 0xceec,	 /* Wa_2207587034 */
	TP_INTEL_GEN12_COMPCTX_TLB_INV = 0xcf04, /* of the media GT: the GSC, bit 1 */
};

/* ---- forcewake: masked requests, acknowledged in the bit of the same number ------------------ */

enum {
	TP_INTEL_FORCEWAKE_KERNEL = 1 << 0,
	TP_INTEL_FORCEWAKE_RENDER = 0xa278,
	TP_INTEL_FORCEWAKE_ACK_RENDER = 0x0d84,
	TP_INTEL_FORCEWAKE_GT = 0xa188,
	TP_INTEL_FORCEWAKE_ACK_GT = 0x130044,
	TP_INTEL_FORCEWAKE_MEDIA = 0xa270, /* gen9: all of the media engines */
	TP_INTEL_FORCEWAKE_ACK_MEDIA = 0x0d88,
};

#define TP_INTEL_FORCEWAKE_VDBOX(n)	(0xa540u + 4u * (n)) /* gen11 on, one for each instance */
#define TP_INTEL_FORCEWAKE_ACK_VDBOX(n) (0x0d50u + 4u * (n))
#define TP_INTEL_FORCEWAKE_VEBOX(n)	(0xa560u + 4u * (n))
#define TP_INTEL_FORCEWAKE_ACK_VEBOX(n) (0x0d70u + 4u * (n))

/*
 * Which domain a register is in.  An engine's: RENDER of render and compute engines, MEDIA or
 * VDBOX(n), VEBOX(n) of video engines, GT of copy engines and others.  Invalidation: GT; on the
 * media GT none.  BDW has RENDER for all of these.  All else is always awake.
 */

/* ---- GT: reset, interrupts, steering --------------------------------------------------------- */

enum {
	TP_INTEL_GDRST = 0x941c, /* bits written 1 read 1 until that reset is over */
	TP_INTEL_GRDOM_FULL = 1 << 0,
	TP_INTEL_GRDOM_RENDER = 1 << 1,
	TP_INTEL_GRDOM_BLT = 1 << 2,
	TP_INTEL_GRDOM_GUC = 1 << 3,
	TP_INTEL_GRDOM_OTHER = 1 << 4,
	/* bit 5 + n: VCSn (8), bit 13 + n: VECSn (4), bit 17 + n: CCSn (4) */
	TP_INTEL_GRDOM_MEDIA_SHIFT = 5,
	TP_INTEL_GRDOM_VEBOX_SHIFT = 13,
	TP_INTEL_GRDOM_COMPUTE_SHIFT = 17,

	/*
	 * Steering of the registers that exist several times (12.55 on, not on the media GT): with
	 * MULTICAST a write reaches all of them, else the one selected; a read is of the selected
	 * one, which with MULTICAST rolls up the state of all.
	 */
	TP_INTEL_MCR_SELECTOR = 0x0fdc, /* MTL: 0xfd0 */
	TP_INTEL_MTL_MCR_SELECTOR = 0x0fd0,
	TP_INTEL_MCR_GROUP_SHIFT = 8,
	TP_INTEL_MCR_MULTICAST = 1u << 31,

	TP_INTEL_GFX_FLSH_CNTL = 0x101008, /* write 1: global GTT entries written before are seen */

	/* Interrupts: bit n for the n-th engine of the GT; cleared by writing 1.  One vector per
	 * GT, raised at each interrupt that IER lets through, whether its bit was set or not. */
	TP_INTEL_GT_IIR = 0x44308,
	TP_INTEL_GT_IER = 0x4430c,
	TP_INTEL_GT_IIR_GUC = 1u << 31,
};

/* ---- engines: a ring in the global GTT ------------------------------------------------------- */

/*
 * Engines are counted by GT, then render, copy, video decode, video enhance, compute, other, then
 * by instance.  Where their registers begin, without the GT's offset:
 */
enum {
	TP_INTEL_RENDER_RING = 0x2000,
	TP_INTEL_COPY_RING = 0x22000,
	TP_INTEL_GEN8_VCS0_RING = 0x12000,
	TP_INTEL_GEN8_VCS1_RING = 0x1c000,
	TP_INTEL_GEN8_VECS0_RING = 0x1a000,
	/* gen11 on */
	TP_INTEL_GEN11_VCS0_RING = 0x1c0000,
	TP_INTEL_GEN11_VCS2_RING = 0x1d0000,
	TP_INTEL_GEN11_VECS0_RING = 0x1c8000,
	TP_INTEL_GEN11_VECS1_RING = 0x1d8000,
	TP_INTEL_CCS0_RING = 0x1a000,
	TP_INTEL_CCS1_RING = 0x1c000,
	TP_INTEL_CCS2_RING = 0x1e000,
	TP_INTEL_CCS3_RING = 0x26000,
	TP_INTEL_GSC_RING = 0x11a000,
	TP_INTEL_RING_SPAN = 0x1000, /* that an engine's registers take, at most */
};

enum {
	TP_INTEL_RING_TAIL = 0x30, /* bytes */
	TP_INTEL_RING_HEAD = 0x34,
	TP_INTEL_RING_START = 0x38, /* address in the global GTT */
	TP_INTEL_RING_CTL = 0x3c,   /* (pages - 1) << page shift | VALID */
	TP_INTEL_RING_VALID = 1 << 0,
	TP_INTEL_RING_ACTHD = 0x74,   /* where it executes; a hung engine's does not move */
	TP_INTEL_RING_MI_MODE = 0x9c, /* masked */
	TP_INTEL_RING_STOP = 1 << 8,
	TP_INTEL_RING_IDLE = 1 << 9, /* read only */
	TP_INTEL_RING_PDP0_LO =
		0x270, /* root of the page tables in use: address | TP_INTEL_PTE_LM */
	TP_INTEL_RING_PDP0_HI = 0x274,
	TP_INTEL_RING_ASID = 0x278, /* of the address space, for invalidations of one (ours) */
	/* the first refused access, or command that is none: address of its virtual page, low 32
	 * bits, | VALID; write 0 */
	TP_INTEL_RING_FAULT = 0x110,
};

/* ---- page tables ----------------------------------------------------------------------------- */

/*
 * Four levels of TP_INTEL_PTES entries, each table a page; level 0 holds PTEs, level 3 is the root.
 * In simulation pages are small, and flags lie below them.
 */
enum {
	TP_INTEL_LEVELS = 4,
	TP_INTEL_PT_BITS = TP_PAGE_SHIFT - 3,
	TP_INTEL_PTES = 1 << TP_INTEL_PT_BITS,
	TP_INTEL_VA_BITS = TP_PAGE_SHIFT + TP_INTEL_LEVELS * TP_INTEL_PT_BITS,
	TP_INTEL_BIG_PAGES = 16, /* pages of a 64 KiB one */
};

#define TP_INTEL_PTE_PRESENT (UINT64_C(1) << 0)
#define TP_INTEL_PTE_RW	     (UINT64_C(1) << 1)
/* gen12.5 on: a PDE's table consists of TP_INTEL_PTES / 16 entries of 64 KiB each (compact) */
#define TP_INTEL_PDE_64K (UINT64_C(1) << 6)
/* at level 1 (or in simulation only there): a leaf of 2 MiB */
#define TP_INTEL_PDE_PS_2M (UINT64_C(1) << 7)
#ifdef TP_SIM
#define TP_INTEL_PTE_PS64 (UINT64_C(1) << 3)
#define TP_INTEL_PDE_IPS  (UINT64_C(1) << 4)
#define TP_INTEL_PTE_LM	  (UINT64_C(1) << 5)
#else
/* gen12.5 on: this PTE and its 15 neighbours, naturally aligned, are one page of 64 KiB */
#define TP_INTEL_PTE_PS64 (UINT64_C(1) << 8)
/* gen9 to gen11, in a PDE: the PTEs of its table are pages of 64 KiB; every 16th is read */
#define TP_INTEL_PDE_IPS  (UINT64_C(1) << 11)
/* gen12 on, where there is any: the address is one of the device's own memory */
#define TP_INTEL_PTE_LM	  (UINT64_C(1) << 11)
#endif
#define TP_INTEL_PTE_ADDRESS ((UINT64_C(1) << 48) - TP_PAGE_SIZE)

/* The global GTT: a flat table of such entries in the register window, 8 bytes each. */
enum { TP_INTEL_GSM = 0x800000, TP_INTEL_GGTT_ENTRIES = 1 << (TP_PAGE_SHIFT - 2) };

#endif
