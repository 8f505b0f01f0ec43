/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amd_regs - registers and page tables of AMD's GFX9 (Vega10), as far as driver and model speak of
 * them.
 *
 * Registers are numbered by dwords, as AMD does; TP_AMD_OFFSET() makes bytes of the bus of them.
 * The two memory hubs have the same registers: the graphics hub's numbers are given, and those of
 * the other lie lower in its block (tp_amd_hub_reg()).
 * Sources: facts on D-vm; the public register lists of GC 9.0, MMHUB 1.0, SDMA 4.0, MP 9.0,
 * NBIO 6.1.
 */
#ifndef TP_GPU_AMD_REGS_H
#define TP_GPU_AMD_REGS_H

#include <tidepool/types.h>

#define TP_AMD_OFFSET(dword) (4u * (uint32_t)(dword))

enum { TP_AMD_VENDOR = 0x1002, TP_AMD_VEGA10 = 0x687f };

/* ---- what translates: 16 address spaces (VMIDs) on each of two hubs -------------------------- */

enum tp_amd_hub_id { TP_AMD_GFXHUB, TP_AMD_MMHUB, TP_AMD_NR_HUBS };

enum {
	TP_AMD_GFXHUB_BASE = 0x2000,
	TP_AMD_MMHUB_BASE = 0x1a000,
	TP_AMD_MMHUB_SHIFT = 0x1c0,	   /* how much lower; and of those that are shared by */
	TP_AMD_MMHUB_SHARED_SHIFT = 0x154, /* functions, from here on */
	TP_AMD_SHARED_FIRST = 0x964,

	TP_AMD_NR_VMIDS = 16, /* 0: the kernel's; 1 to 7: graphics; 8 to 15: compute */
	TP_AMD_FIRST_COMPUTE_VMID = 8,
	TP_AMD_NR_INV_ENGINES = 18,
	TP_AMD_CPU_INV_ENGINE = 17, /* the rings have the others */

	TP_AMD_CONTEXT0_CNTL = 0x880, /* + vmid */
	TP_AMD_INV_ENG0_SEM = 0x891,  /* + engine; and so on */
	TP_AMD_INV_ENG0_REQ = 0x8a3,
	TP_AMD_INV_ENG0_ACK = 0x8b5,
	TP_AMD_INV_ENG0_RANGE = 0x8c7,	  /* + 2 * engine: low, high */
	TP_AMD_CONTEXT0_PT_BASE = 0x8eb,  /* + 2 * vmid: low, high */
	TP_AMD_CONTEXT0_PT_START = 0x90b, /* + 2 * vmid, in pages: low, high */
	TP_AMD_CONTEXT0_PT_END = 0x92b,	  /* + 2 * vmid, in pages, inclusive: low, high */
	TP_AMD_FAULT_CNTL = 0x847,
	TP_AMD_FAULT_STATUS = 0x84b,
	TP_AMD_FAULT_ADDR = 0x84c, /* in pages: low, high */
	TP_AMD_FB_OFFSET = 0x96b,  /* where video memory begins physically, by 16 MiB */
	TP_AMD_FB_BASE = 0x980,	   /* where it begins for VMID 0, by 16 MiB */
	TP_AMD_FB_TOP = 0x981,	   /* its last 16 MiB */
};

/* The number of a hub's register. */
static inline uint32_t tp_amd_hub_reg(enum tp_amd_hub_id hub, uint32_t reg)
{
	if (hub == TP_AMD_GFXHUB)
		return TP_AMD_GFXHUB_BASE + reg;
	return TP_AMD_MMHUB_BASE + reg -
	       (reg < TP_AMD_SHARED_FIRST ? TP_AMD_MMHUB_SHIFT : TP_AMD_MMHUB_SHARED_SHIFT);
}

/* CONTEXTn_CNTL */
enum {
	TP_AMD_CNTL_ENABLE = 1 << 0,
	TP_AMD_CNTL_DEPTH_SHIFT = 1,	  /* levels of directories: 3, or 0 for a flat table */
	TP_AMD_CNTL_BLOCK_SIZE_SHIFT = 3, /* 4 bits: what a table of leaves spans, 2^n * 2 MiB */
};

/* INV_ENGn_REQ: VMIDs in the low 16 bits */
enum {
	TP_AMD_INV_TYPE_SHIFT = 16,
	TP_AMD_INV_LEGACY = 0,
	TP_AMD_INV_HEAVYWEIGHT = 2, /* accesses that are under way end before the answer */
	TP_AMD_INV_L2_PTES = 1 << 18,
	TP_AMD_INV_L2_PDE0 = 1 << 19,
	TP_AMD_INV_L2_PDE1 = 1 << 20,
	TP_AMD_INV_L2_PDE2 = 1 << 21,
	TP_AMD_INV_L1_PTES = 1 << 22,
	TP_AMD_INV_ALL = 0x7c0000,
	TP_AMD_INV_CLEAR_FAULT = 1 << 23, /* forget the fault's status as well */
};

/* PT_BASE: the root's physical address as entries have it, and */
#define TP_AMD_PT_BASE_VALID  (UINT64_C(1) << 0)
#define TP_AMD_PT_BASE_SYSTEM (UINT64_C(1) << 1)

/* FAULT_CNTL */
enum {
	TP_AMD_FAULT_CLEAR = 1 << 0,  /* forget what status and address say */
	TP_AMD_FAULT_UPDATE = 1 << 1, /* let them say what was last, not what was first */
};

/* FAULT_STATUS */
enum {
	TP_AMD_FAULT_MORE = 1 << 0,
	TP_AMD_FAULT_WALKER_SHIFT =
		1, /* 3 bits: where the walk ended before a leaf, TP_AMD_WALKER_* */
	/* 4 bits: there was no leaf; what it lacks: reads, writes, execution */
	TP_AMD_FAULT_INVALID = 1 << 4,
	TP_AMD_FAULT_READ = 1 << 5,
	TP_AMD_FAULT_WRITE = 1 << 6,
	TP_AMD_FAULT_MAPPING = 1 << 8, /* the walk did not end well, or memory refused it */
	TP_AMD_FAULT_CID_SHIFT = 9,    /* 9 bits: who, by numbers that are reads' and writes' */
	TP_AMD_FAULT_CID_MASK = 0x1ff << TP_AMD_FAULT_CID_SHIFT,
	TP_AMD_FAULT_RW = 1 << 18,    /* it was a write */
	TP_AMD_FAULT_VMID_SHIFT = 20, /* 4 bits */
	TP_AMD_FAULT_VF = 1 << 24,    /* of a virtual function */
};

enum {
	TP_AMD_WALKER_RANGE = 1,   /* beyond the context, or it has none */
	TP_AMD_WALKER_PDE0,	   /* a directory's entry led nowhere; and so on */
	TP_AMD_WALKER_FURTHER = 5, /* a leaf led further that has nothing below it */
	TP_AMD_WALKER_REFUSED = 6, /* memory refused it a table */
};

/* ---- page tables ----------------------------------------------------------------------------- */

/* Level 0 is the table of pages (PTB), 1 to 3 are directories (PDB0, PDB1, PDB2 the root). */
enum {
	TP_AMD_LEVELS = 4,
	TP_AMD_PT_BITS = TP_PAGE_SHIFT - 3,
	TP_AMD_PTES = 1 << TP_AMD_PT_BITS,
	TP_AMD_VA_BITS = TP_PAGE_SHIFT + TP_AMD_LEVELS * TP_AMD_PT_BITS, /* 48 */
};

/* Addresses between the two halves of 48 bits are nobody's; the device sees them without it. */
#define TP_AMD_VA_MASK	  ((UINT64_C(1) << TP_AMD_VA_BITS) - 1)
#define TP_AMD_HOLE_START (UINT64_C(1) << (TP_AMD_VA_BITS - 1))
#define TP_AMD_HOLE_END	  (~(TP_AMD_HOLE_START - 1))

static inline unsigned tp_amd_level_shift(unsigned level)
{
	return TP_PAGE_SHIFT + level * TP_AMD_PT_BITS;
}

#define TP_AMD_PTE_VALID       (UINT64_C(1) << 0)
#define TP_AMD_PTE_SYSTEM      (UINT64_C(1) << 1) /* an I/O address; otherwise of video memory */
#define TP_AMD_PTE_SNOOPED     (UINT64_C(1) << 2)
#define TP_AMD_PTE_TMZ	       (UINT64_C(1) << 3)
#define TP_AMD_PTE_EXECUTABLE  (UINT64_C(1) << 4)
#define TP_AMD_PTE_READABLE    (UINT64_C(1) << 5)
#define TP_AMD_PTE_WRITEABLE   (UINT64_C(1) << 6)
#define TP_AMD_PTE_FRAG_SHIFT  7 /* 5 bits: 2^n pages, by the virtual address, are one run */
#define TP_AMD_PTE_FRAG_MASK   (UINT64_C(31) << TP_AMD_PTE_FRAG_SHIFT)
#define TP_AMD_PTE_PRT	       (UINT64_C(1) << 51) /* not valid: reads 0, writes are dropped */
#define TP_AMD_PDE_PTE	       (UINT64_C(1) << 54) /* a directory's entry is a leaf */
#define TP_AMD_PTE_LOG	       (UINT64_C(1) << 55)
#define TP_AMD_PTE_FURTHER     (UINT64_C(1) << 56) /* translate-further: a leaf leads to leaves */
#define TP_AMD_PTE_MTYPE_SHIFT 57		   /* 2 bits */
#define TP_AMD_PDE_BFS_SHIFT   59		   /* 5 bits: leaves below span 2^n pages each */

enum tp_amd_mtype { TP_AMD_MTYPE_NC, TP_AMD_MTYPE_WC, TP_AMD_MTYPE_CC, TP_AMD_MTYPE_UC };

/*
 * Addresses in entries: bits 47 to 12.  Pages of the simulation are smaller than 4 KiB, so there
 * the number of the page stands in the same place; what steps from one page to the next steps by
 * TP_AMD_PTE_PAGE.
 */
#define TP_AMD_PTE_PAGE	   (UINT64_C(1) << 12)
#define TP_AMD_PTE_ADDRESS ((UINT64_C(1) << 48) - TP_AMD_PTE_PAGE)

static inline uint64_t tp_amd_pte_of(uint64_t address)
{
	return address / TP_PAGE_SIZE * TP_AMD_PTE_PAGE;
}

static inline uint64_t tp_amd_pte_address(uint64_t entry)
{
	return (entry & TP_AMD_PTE_ADDRESS) / TP_AMD_PTE_PAGE * TP_PAGE_SIZE;
}

/* What an entry is that says nothing: of a table, of a directory. */
#define TP_AMD_PTE_CLEARED TP_AMD_PTE_EXECUTABLE
#define TP_AMD_PDE_CLEARED TP_AMD_PDE_PTE

/* ---- VMID 0: video memory, and the GART ------------------------------------------------------ */

/* Its flat table, whose place context 0 says, is in video memory. */
#define TP_AMD_VRAM_START UINT64_C(0xf400000000) /* of all video memory, for VMID 0 */
#define TP_AMD_GART_START UINT64_C(0xff00000000)
enum {
#ifdef TP_SIM
	TP_AMD_GART_PAGES = 4 * TP_AMD_PTES,
#else
	TP_AMD_GART_PAGES = 256 * TP_AMD_PTES, /* 512 MiB */
#endif
	/* The first pages are windows through which the driver copies. */
	TP_AMD_WINDOW_PAGES = TP_AMD_PTES,
	TP_AMD_WINDOWS = 2,
};

/* ---- the host data path, in front of the window to video memory ------------------------------ */

enum {
	TP_AMD_NBIO_BASE = 0x0d20,
	TP_AMD_HDP_FLUSH = TP_AMD_NBIO_BASE + 0xf7,	 /* anything: what came before is seen */
	TP_AMD_CONFIG_MEMSIZE = TP_AMD_NBIO_BASE + 0xc3, /* MiB of video memory */
	/* The engines': a bit for each of them, which the answer has once its flush is over. */
	TP_AMD_HDP_REQUEST = TP_AMD_NBIO_BASE + 0x106,
	TP_AMD_HDP_DONE = TP_AMD_NBIO_BASE + 0x107,
	TP_AMD_HDP_SDMA0 = 1 << 10,
	TP_AMD_HDP_SDMA1 = 1 << 11,
};

/* ---- engines --------------------------------------------------------------------------------- */

/*
 * Three rings of the same packets (amd_sdma_regs.h): two DMA engines behind MMHUB, and one behind
 * GFXHUB in the place of the graphics and compute engines.
 */
enum tp_amd_ring_id { TP_AMD_RING_GFX, TP_AMD_RING_SDMA0, TP_AMD_RING_SDMA1, TP_AMD_NR_RINGS };

enum {
	TP_AMD_SDMA0_BASE = 0x1260,
	TP_AMD_SDMA1_BASE = 0x1460,
	TP_AMD_GFX_RING_BASE = 0x3000, /* of this device only */

	TP_AMD_SDMA_STATUS = 0x25,   /* bit 0: idle */
	TP_AMD_SDMA_F32_CNTL = 0x2a, /* bit 0: halted */
	TP_AMD_SDMA_RB_CNTL = 0x80,  /* TP_AMD_RB_* */
	TP_AMD_SDMA_RB_BASE = 0x81,  /* low, high: address >> 8, of VMID 0 */
	TP_AMD_SDMA_RB_RPTR = 0x83,  /* low, high: bytes */
	TP_AMD_SDMA_RB_WPTR = 0x85,  /* low, high: bytes; writing the low one starts it */
};

/* RB_CNTL */
enum {
	TP_AMD_RB_ENABLE = 1 << 0,
	TP_AMD_RB_SIZE_SHIFT = 1,  /* 5 bits: log2 of its dwords */
	TP_AMD_RB_VMID_SHIFT = 24, /* 4 bits */
};

static inline enum tp_amd_hub_id tp_amd_ring_hub(enum tp_amd_ring_id ring)
{
	return ring == TP_AMD_RING_GFX ? TP_AMD_GFXHUB : TP_AMD_MMHUB;
}

static inline uint32_t tp_amd_ring_reg(enum tp_amd_ring_id ring, uint32_t reg)
{
	static const uint32_t base[] = { TP_AMD_GFX_RING_BASE, TP_AMD_SDMA0_BASE,
					 TP_AMD_SDMA1_BASE };

	return base[ring] + reg;
}

/*
 * Interrupts: a vector for each ring's traps, one for faults of hubs, one for the mailbox, and one
 * for polls that gave up.
 */
enum {
	TP_AMD_VECTOR_RING = 0, /* + tp_amd_ring_id */
	TP_AMD_VECTOR_FAULT = TP_AMD_NR_RINGS,
	TP_AMD_VECTOR_MAILBOX,
	TP_AMD_VECTOR_POLL,
	TP_AMD_NR_VECTORS,
};

/* ---- resets ---------------------------------------------------------------------------------- */

enum {
	/* Engines only; reads back until it is over.  Hubs lose what their caches hold. */
	TP_AMD_SOFT_RESET = 0x2000 + 0x08,
	/* The security processor: a command, then bit 31 of the answer; loses video memory. */
	TP_AMD_PSP_COMMAND = 0x16000 + 0x80,
	TP_AMD_PSP_ANSWER = 0x16000 + 0x61,
	TP_AMD_PSP_MODE1_RESET = 0x70000,
};

#define TP_AMD_PSP_DONE (UINT32_C(1) << 31)

/* ---- SR-IOV: a virtual function asks the host's driver by a mailbox -------------------------- */

enum {
	TP_AMD_MAILBOX_OUT = TP_AMD_NBIO_BASE + 0x136, /* + 4 dwords of a message */
	TP_AMD_MAILBOX_IN = TP_AMD_NBIO_BASE + 0x13a,
	TP_AMD_MAILBOX_CNTL = TP_AMD_NBIO_BASE + 0x13e,
	TP_AMD_MAILBOX_OUT_VALID = 1 << 0, /* set by us; OUT_ACK set by the host */
	TP_AMD_MAILBOX_OUT_ACK = 1 << 1,
	TP_AMD_MAILBOX_IN_VALID = 1 << 8, /* set by the host; IN_ACK set by us */
	TP_AMD_MAILBOX_IN_ACK = 1 << 9,

	/* out */
	TP_AMD_REQ_INIT_ACCESS = 1,
	TP_AMD_REL_INIT_ACCESS = 2,
	TP_AMD_REQ_FINI_ACCESS = 3,
	TP_AMD_REL_FINI_ACCESS = 4,
	TP_AMD_REQ_RESET_ACCESS = 5,
	/* in */
	TP_AMD_EVENT_READY = 1, /* the second dword: features of the host's driver */
	TP_AMD_EVENT_FLR = 2,	/* a function-level reset is about to happen */
	TP_AMD_EVENT_FLR_DONE = 3,

	TP_AMD_FEATURE_FLR_LOSES_VRAM = 1 << 2,
};

#endif
