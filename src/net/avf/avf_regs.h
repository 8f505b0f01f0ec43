/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_regs - registers and descriptors of Intel's Adaptive Virtual Function (PCI 8086:1889), as the
 * driver writes them and the model reads them.
 *
 * Source: the public register names and layouts of the interface; bits as observed and as listed in
 * docs/avf.md.  Everything is little-endian, as the host is.
 */
#ifndef TP_NET_AVF_REGS_H
#define TP_NET_AVF_REGS_H

#include "core/sync.h"

enum {
	TP_AVF_VENDOR = 0x8086,
	TP_AVF_DEVICE = 0x1889,
	TP_AVF_REGS_SIZE = 0x10000,
	TP_AVF_MAX_QUEUES = 16,
	TP_AVF_MAX_VECTORS = 1 + TP_AVF_MAX_QUEUES, /* 0: admin queue and everything else */
	TP_AVF_NR_ITR = 3, /* indexes of throttling intervals; 3 is "none" */
};

/* ---- registers ------------------------------------------------------------------------------- */

#define TP_AVF_QTX_TAIL(q)	 (0x0000u + 4u * (q))
#define TP_AVF_QRX_TAIL(q)	 (0x2000u + 4u * (q))
#define TP_AVF_ITRN(itr, vector) (0x2800u + 64u * (itr) + 4u * ((vector)-1u)) /* vectors from 1 */
#define TP_AVF_DYN_CTLN(vector)	 (0x3800u + 4u * ((vector)-1u))
#define TP_AVF_ICR01		 0x4800u /* causes of vector 0; cleared by reading */
#define TP_AVF_ICR0_ENA1	 0x5000u
#define TP_AVF_DYN_CTL01	 0x5C00u
#define TP_AVF_ARQBAH		 0x6000u
#define TP_AVF_ATQH		 0x6400u
#define TP_AVF_ATQLEN		 0x6800u
#define TP_AVF_ARQBAL		 0x6C00u
#define TP_AVF_ARQT		 0x7000u
#define TP_AVF_ARQH		 0x7400u
#define TP_AVF_ATQBAH		 0x7800u
#define TP_AVF_ATQBAL		 0x7C00u
#define TP_AVF_ARQLEN		 0x8000u
#define TP_AVF_ATQT		 0x8400u
#define TP_AVF_RSTAT		 0x8800u	      /* state of a reset */
#define TP_AVF_HENA(i)		 (0xC400u + 4u * (i)) /* 2: packet types that are hashed */
#define TP_AVF_HKEY(i)		 (0xCC00u + 4u * (i)) /* 13: the hash key */
#define TP_AVF_HLUT(i)		 (0xD000u + 4u * (i)) /* 16: queue of a hash, four to a word */

enum {
	TP_AVF_HKEY_WORDS = 13,
	TP_AVF_HLUT_WORDS = 16,
	TP_AVF_HKEY_BYTES = 4 * TP_AVF_HKEY_WORDS,
	TP_AVF_HLUT_ENTRIES = 4 * TP_AVF_HLUT_WORDS,
};

enum { TP_AVF_ICR0_ADMINQ = 1 << 30 };

/* ATQLEN, ARQLEN */
#define TP_AVF_AQ_LEN_MASK 0x3FFu
#define TP_AVF_AQ_VFE	   (1u << 28) /* the function did something wrong */
#define TP_AVF_AQ_OVFL	   (1u << 29) /* a message found no descriptor (T18) */
#define TP_AVF_AQ_CRIT	   (1u << 30)
#define TP_AVF_AQ_ENABLE   (1u << 31)
#define TP_AVF_AQ_HEAD	   0x3FFu /* of a head register (T18) */

/* RSTAT */
enum tp_avf_rstat {
	TP_AVF_RESET_IN_PROGRESS = 0,
	TP_AVF_RESET_COMPLETED = 1,
	TP_AVF_VFACTIVE = 2,
};

/* DYN_CTL01, DYN_CTLN; a write sets the interval of its index too, so that 0 sets the first to 0 */
#define TP_AVF_INTENA	       (1u << 0) /* clears itself when the interrupt is raised */
#define TP_AVF_CLEARPBA	       (1u << 1)
#define TP_AVF_SWINT	       (1u << 2)
#define TP_AVF_ITR_INDX(i)     ((uint32_t)(i) << 3) /* of this write's interval; 3: none */
#define TP_AVF_ITR_NONE	       3u
#define TP_AVF_INTERVAL(ticks) ((uint32_t)(ticks) << 5) /* 12 bits, 2 us each */
#define TP_AVF_SW_ITR_ENA      (1u << 24)
#define TP_AVF_WB_ON_ITR       (1u << 30)
#define TP_AVF_INTENA_MSK      (1u << 31) /* leave INTENA as it is */
enum { TP_AVF_ITR_TICK_NS = 2000, TP_AVF_ITR_MAX_TICKS = 0xFFF };

/* ---- admin queue ----------------------------------------------------------------------------- */

/* Small in simulation, as pages are there; one queue pair's messages fit. */
#ifdef TP_SIM
enum { TP_AVF_AQ_LEN = 8, TP_AVF_AQ_BUF = 256 };
#else
enum {
	TP_AVF_AQ_LEN = 32,   /* descriptors of either ring */
	TP_AVF_AQ_BUF = 4096, /* bytes of a message's buffer */
};
#endif
enum { TP_AVF_AQ_DESC_BYTES = 32 };

struct tp_avf_aq_desc {
	uint16_t flags; /* TP_AVF_AQF_*; the device writes it last */
	uint16_t opcode;
	uint16_t datalen;
	uint16_t retval;
	uint32_t cookie_high; /* virtchnl operation */
	uint32_t cookie_low;  /* virtchnl status */
	uint32_t param0, param1;
	uint32_t addr_high, addr_low;
};

enum {
	TP_AVF_AQF_DD = 0x0001,
	TP_AVF_AQF_CMP = 0x0002,
	TP_AVF_AQF_ERR = 0x0004,
	TP_AVF_AQF_VFE = 0x0008,
	TP_AVF_AQF_LB = 0x0200, /* the buffer is larger than 512 bytes */
	TP_AVF_AQF_RD = 0x0400, /* the device reads the buffer */
	TP_AVF_AQF_BUF = 0x1000,
	TP_AVF_AQF_SI = 0x2000,
};

enum {
	TP_AVF_AQ_QUEUE_SHUTDOWN = 0x0003,
	TP_AVF_AQ_TO_PF = 0x0801,
	TP_AVF_AQ_TO_VF = 0x0802,
};

/* ---- transmit descriptors -------------------------------------------------------------------- */

struct tp_avf_tx_desc {
	uint64_t addr; /* of a context descriptor: tunnel 31:0, l2tag2 47:32 */
	tp_atomic_u64 qw1;
};

#define TP_AVF_TXD_DTYPE     0xFull
#define TP_AVF_TXD_DATA	     0x0ull
#define TP_AVF_TXD_CONTEXT   0x1ull
#define TP_AVF_TXD_DONE	     0xFull
#define TP_AVF_TXD_CMD_SHIFT 4
/* commands of a data descriptor */
#define TP_AVF_TXC_EOP		  0x001ull
#define TP_AVF_TXC_RS		  0x002ull
#define TP_AVF_TXC_ICRC		  0x004ull
#define TP_AVF_TXC_IL2TAG1	  0x008ull
#define TP_AVF_TXC_IIPT_IPV6	  0x020ull
#define TP_AVF_TXC_IIPT_IPV4	  0x040ull /* no header checksum */
#define TP_AVF_TXC_IIPT_IPV4_CSUM 0x060ull
#define TP_AVF_TXC_L4T_TCP	  0x100ull
#define TP_AVF_TXC_L4T_SCTP	  0x200ull
#define TP_AVF_TXC_L4T_UDP	  0x300ull
#define TP_AVF_TXD_MACLEN_SHIFT	  16 /* 7 bits, words of 2 bytes */
#define TP_AVF_TXD_IPLEN_SHIFT	  23 /* 7 bits, words of 4 bytes */
#define TP_AVF_TXD_L4LEN_SHIFT	  30 /* 4 bits, words of 4 bytes */
#define TP_AVF_TXD_BUFSZ_SHIFT	  34 /* 14 bits */
#define TP_AVF_TXD_L2TAG1_SHIFT	  48
/* commands and fields of a context descriptor */
#define TP_AVF_TXX_TSO		0x01ull
#define TP_AVF_TXX_IL2TAG2	0x04ull
#define TP_AVF_TXX_L2TAG2_SHIFT 32 /* in the first quad word */
#define TP_AVF_TXX_TSOLEN_SHIFT 30 /* 18 bits, payload bytes */
#define TP_AVF_TXX_MSS_SHIFT	50 /* 14 bits */

enum {
	TP_AVF_MAX_TXD_BYTES = 16383, /* of one data descriptor */
	TP_AVF_TXD_CHUNK = 12 * 1024, /* what larger buffers are cut into */
	TP_AVF_MAX_BUFS = 8,	      /* of one frame on the wire (T14) */
	TP_AVF_MIN_FRAME = 17,	      /* bytes */
	TP_AVF_MIN_MSS = 64,
	TP_AVF_MAX_MSS = 9668,
	TP_AVF_MAX_MACLEN = 126,
	TP_AVF_MAX_IPLEN = 508,
};

/* ---- receive descriptors: the legacy layout of 32 bytes -------------------------------------- */

struct tp_avf_rx_desc {
	/* read by the device: address of the packet buffer; written: mirror, l2tag1 31:16, hash */
	uint64_t qw0;
	tp_atomic_u64 qw1; /* read: 0; written: status, errors, ptype, length */
	uint64_t qw2;	   /* written: extended status bit 0, l2tag2_1 63:48, l2tag2_2 */
	uint64_t qw3;
};

#define TP_AVF_RXD_DD		 (1ull << 0)
#define TP_AVF_RXD_EOP		 (1ull << 1)
#define TP_AVF_RXD_L2TAG1P	 (1ull << 2)
#define TP_AVF_RXD_L3L4P	 (1ull << 3)
#define TP_AVF_RXD_CRCP		 (1ull << 4)
#define TP_AVF_RXD_UMBCAST_SHIFT 9 /* 2 bits: unicast, multicast, broadcast, mirrored */
#define TP_AVF_RXD_FLTSTAT_RSS	 (3ull << 12)
#define TP_AVF_RXD_LPBK		 (1ull << 14)
#define TP_AVF_RXD_IPV6EXADD	 (1ull << 15)
/* errors; they mean something only with EOP */
#define TP_AVF_RXE_RXE	       (1ull << 19)
#define TP_AVF_RXE_IPE	       (1ull << 22)
#define TP_AVF_RXE_L4E	       (1ull << 23)
#define TP_AVF_RXE_EIPE	       (1ull << 24)
#define TP_AVF_RXE_OVERSIZE    (1ull << 25)
#define TP_AVF_RXE_PPRS	       (1ull << 26)
#define TP_AVF_RXD_PTYPE_SHIFT 30 /* 8 bits */
#define TP_AVF_RXD_LEN_SHIFT   38 /* 14 bits */
#define TP_AVF_RXD_LEN_MASK    0x3FFFull

/* Packet types. */
enum {
	TP_AVF_PTYPE_L2 = 1,
	TP_AVF_PTYPE_ARP = 11,
	TP_AVF_PTYPE_IPV4_FRAG = 22,
	TP_AVF_PTYPE_IPV4 = 23,
	TP_AVF_PTYPE_IPV4_UDP = 24,
	TP_AVF_PTYPE_IPV4_TCP = 26,
	TP_AVF_PTYPE_IPV4_SCTP = 27,
	TP_AVF_PTYPE_IPV4_ICMP = 28,
	TP_AVF_PTYPE_IPV6_FRAG = 88,
	TP_AVF_PTYPE_IPV6 = 89,
	TP_AVF_PTYPE_IPV6_UDP = 90,
	TP_AVF_PTYPE_IPV6_TCP = 92,
	TP_AVF_PTYPE_IPV6_SCTP = 93,
	TP_AVF_PTYPE_IPV6_ICMP = 94,
};

/* Bits of HENA, by packet type. */
#define TP_AVF_HENA_IPV4_UDP   (1ull << 31)
#define TP_AVF_HENA_IPV4_TCP   (1ull << 33)
#define TP_AVF_HENA_IPV4_SCTP  (1ull << 34)
#define TP_AVF_HENA_IPV4_OTHER (1ull << 35)
#define TP_AVF_HENA_IPV4_FRAG  (1ull << 36)
#define TP_AVF_HENA_IPV6_UDP   (1ull << 41)
#define TP_AVF_HENA_IPV6_TCP   (1ull << 43)
#define TP_AVF_HENA_IPV6_SCTP  (1ull << 44)
#define TP_AVF_HENA_IPV6_OTHER (1ull << 45)
#define TP_AVF_HENA_IPV6_FRAG  (1ull << 46)
#define TP_AVF_HENA_ALL                                                          \
	(TP_AVF_HENA_IPV4_UDP | TP_AVF_HENA_IPV4_TCP | TP_AVF_HENA_IPV4_SCTP |   \
	 TP_AVF_HENA_IPV4_OTHER | TP_AVF_HENA_IPV4_FRAG | TP_AVF_HENA_IPV6_UDP | \
	 TP_AVF_HENA_IPV6_TCP | TP_AVF_HENA_IPV6_SCTP | TP_AVF_HENA_IPV6_OTHER | \
	 TP_AVF_HENA_IPV6_FRAG)

enum {
	TP_AVF_RING_STEP = 32,
	TP_AVF_MIN_RXBUF = 128,
	TP_AVF_MAX_RXBUF = 16256,
	TP_AVF_MAX_RX_FRAME = 16382,
	TP_AVF_FCS = 4,
	TP_AVF_FRAME_EXTRA = 14 + 2 * 4 + TP_AVF_FCS, /* beside the MTU: header, two VLAN tags */
};

#endif
