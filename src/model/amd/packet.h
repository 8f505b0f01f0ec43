/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* packet - what the files of rings and packets share; under the ring's lock, in its burst. */
#ifndef TP_MODEL_AMD_PACKET_H
#define TP_MODEL_AMD_PACKET_H

#include "model/amd/internal.h"

enum tp_ahw_step {
	TP_AHW_DONE,   /* a packet, or a part of a long one */
	TP_AHW_WAITS,  /* there is none, or it waits for memory to change, or for its next poll */
	TP_AHW_WISHES, /* it wants a register, which takes other locks */
	TP_AHW_BAD,    /* it makes no sense: the ring stands */
};

/* A register that a packet wants to write, or to compare. */
struct tp_ahw_wish {
	bool write;
	uint32_t reg, value;	  /* in dwords; what is written */
	unsigned function;	  /* TP_SDMA_COMPARE_* */
	uint32_t reference, mask; /* of a write: the bits that it has */
	bool flush;		  /* of the host data path: the first poll asks for it */
	uint32_t again;		  /* TP_SDMA_POLL_REGMEM's last dword */
	uint32_t dwords;	  /* of the packet */
	uint32_t resets;	  /* of the ring when it was looked at */
};

bool tp_ahw_compare(const struct tp_ahw_wish *wish, uint32_t value);

/* It was not what the packet waits for: whether that polls once more, or is over. */
enum tp_ahw_step tp_ahw_poll_failed(struct tp_ahw_ring *ring, uint32_t again, unsigned *vectors);

/* The next packet of the command stream, or else of the ring. */
enum tp_ahw_step tp_ahw_packet(struct tp_ahw_ring *ring, struct tp_ahw_wish *wish,
			       unsigned *vectors);

/* ---- the stream (ring.c) --------------------------------------------------------------------- */

/* Dwords that are there. */
uint32_t tp_ahw_stream_left(const struct tp_ahw_ring *ring);
/* Up to @n of them from the @first-th on, which are there, so far as they lie in one run of memory;
 * zeroes where nothing can be read.  How many. */
uint32_t tp_ahw_stream_peek(struct tp_ahw_ring *ring, uint32_t first, uint32_t n, uint32_t *words);
/* All of them. */
void tp_ahw_stream_read(struct tp_ahw_ring *ring, uint32_t first, uint32_t n, uint32_t *words);
void tp_ahw_stream_skip(struct tp_ahw_ring *ring, uint32_t n);

#endif
